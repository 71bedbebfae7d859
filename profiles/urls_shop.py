"""Where are the pages about what is sold?"""

from __future__ import annotations

from django.urls import path

from profiles.views import catalog, feeds, orders

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
]
