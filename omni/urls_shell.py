"""Which pages belong to no app: home, search, settings?"""

from __future__ import annotations

from django.urls import path

from omni.views import shell

urlpatterns = [
    path("", shell.home, name="home"),
    path("search/", shell.search, name="search"),
    path("theme/", shell.theme, name="theme"),
    path("settings/", shell.settings_index, name="settings"),
    path("settings/profile/", shell.settings_index, name="settings-profile"),
]
