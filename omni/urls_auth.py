"""How does one sign in?"""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("allauth.account.urls")),
    path("sessions/", include("allauth.usersessions.urls")),
]
