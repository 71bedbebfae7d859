"""Which tracking calls are accepted?"""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
