"""Which pages belong to no app: home, search, settings, health?"""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
