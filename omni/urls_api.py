"""Where are the API's schema and its documentation?"""

from __future__ import annotations

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from omni.views import reference

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", reference.reference, name="api-docs"),
]
