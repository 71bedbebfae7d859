"""Where is the API of campaigns?"""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
