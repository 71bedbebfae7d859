"""Which pages belong to no app: home, search, set-up, settings?"""

from __future__ import annotations

from django.urls import path

from omni.views import entrance, keys, own, shell, team

urlpatterns = [
    path("", shell.home, name="home"),
    path("search/", shell.search, name="search"),
    path("theme/", shell.theme, name="theme"),
    path("setup/", entrance.setup, name="setup"),
    path("settings/", shell.settings_index, name="settings"),
    path("settings/profile/", own.profile, name="settings-profile"),
    path("settings/company/", own.company, name="company"),
    path("settings/team/", team.team, name="team"),
    path("settings/team/invite/", team.invite, name="team-member-invite"),
    path("settings/team/<int:pk>/role/", team.role_edit, name="team-member-role"),
    path("settings/team/<int:pk>/link/", team.link_renew, name="team-member-link"),
    path("settings/team/<int:pk>/deactivate/", team.deactivate, name="team-member-deactivate"),
    path("settings/team/<int:pk>/reactivate/", team.reactivate, name="team-member-reactivate"),
    path("settings/keys/", keys.keys, name="keys"),
    path("settings/keys/new/", keys.key_create, name="key-create"),
    path("settings/keys/<int:pk>/revoke/", keys.key_revoke, name="key-revoke"),
]
