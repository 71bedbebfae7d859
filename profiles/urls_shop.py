"""Where are the pages about what is sold, and about what events and attributes mean?"""

from __future__ import annotations

from django.urls import path

from profiles.views import catalog, definitions, feeds, orders

urlpatterns = [
    path("data/catalog/", catalog.product_list, name="product-list"),
    path("data/catalog/export.csv", catalog.product_export, name="product-export"),
    path("data/catalog/import/", feeds.product_import, name="product-import"),
    path("data/catalog/<int:pk>/", catalog.product_detail, name="product-detail"),
    path("data/catalog/<int:pk>/archive/", catalog.product_archive, name="product-archive"),
    path("data/catalog/<int:pk>/restore/", catalog.product_restore, name="product-restore"),
    path("data/orders/", orders.order_list, name="order-list"),
    path("data/orders/export.csv", orders.order_export, name="order-export"),
    path("data/orders/<int:pk>/", orders.order_detail, name="order-detail"),
    path("data/events/", definitions.event_list, name="eventdef-list"),
    path("data/events/<int:pk>/", definitions.event_detail, name="eventdef-detail"),
    path("data/attributes/", definitions.attribute_list, name="attributedef-list"),
    path("data/attributes/<int:pk>/", definitions.attribute_detail, name="attributedef-detail"),
    path("data/quality/", definitions.quality_list, name="quality-list"),
]
