"""Where are the API's schema and its documentation?"""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
