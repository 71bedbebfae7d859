"""Where are the pages about people and data?"""

from __future__ import annotations

from django.urls import URLPattern

app_name = "profiles"
urlpatterns: list[URLPattern] = []
