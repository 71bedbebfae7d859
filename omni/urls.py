"""Where is everything mounted?"""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("omni.urls_shell")),
    path("", include("omni.urls_house")),
    path("accounts/", include("omni.urls_auth")),
    path("", include("profiles.urls")),
    path("", include("segments.urls")),
    path("", include("campaigns.urls")),
    path("", include("campaigns.urls_public")),
    path("v1/", include("profiles.urls_ingest")),
    path("api/v1/", include("profiles.api.urls")),
    path("api/v1/", include("segments.api.urls")),
    path("api/v1/", include("campaigns.api.urls")),
    path("api/", include("omni.urls_api")),
    path("admin/", admin.site.urls),
]
