"""Where are the pages of list cleaning and blocked addresses? Part of profiles.urls."""

from __future__ import annotations

from django.urls import path

from profiles.views import cleaning, cleaning_policy, cleaning_results, suppressions

urlpatterns = [
    path("people/cleaning/", cleaning.cleaning_list, name="cleaning-list"),
    path("people/cleaning/new/", cleaning.cleaning_create, name="cleaning-create"),
    path("people/cleaning/new/list/", cleaning.cleaning_create_list, name="cleaning-create-list"),
    path("people/cleaning/<int:pk>/", cleaning.cleaning_detail, name="cleaning-detail"),
    path("people/cleaning/<int:pk>/start/", cleaning.cleaning_start, name="cleaning-start"),
    path("people/cleaning/<int:pk>/pause/", cleaning.cleaning_pause, name="cleaning-pause"),
    path("people/cleaning/<int:pk>/resume/", cleaning.cleaning_resume, name="cleaning-resume"),
    path("people/cleaning/<int:pk>/cancel/", cleaning.cleaning_cancel, name="cleaning-cancel"),
    path("people/cleaning/<int:pk>/again/", cleaning.cleaning_again, name="cleaning-again"),
    path("people/cleaning/<int:pk>/discard/", cleaning.cleaning_discard, name="cleaning-discard"),
    path("people/cleaning/<int:pk>/addresses/", cleaning_results.cleaning_addresses, name="cleaning-addresses"),
    path("people/cleaning/<int:pk>/result.csv", cleaning_results.cleaning_export, name="cleaning-export"),
    path("people/cleaning/<int:pk>/exclude/", cleaning_results.cleaning_exclude, name="cleaning-exclude"),
    path("people/cleaning/<int:pk>/include/", cleaning_results.cleaning_include, name="cleaning-include"),
    path("people/cleaning/<int:pk>/misspelt/", cleaning_results.cleaning_typos, name="cleaning-typos"),
    path("people/cleaning/<int:pk>/misspelt/accept/", cleaning_results.cleaning_accept, name="cleaning-accept"),
    path("people/cleaning/<int:pk>/misspelt/undo/", cleaning_results.cleaning_accept_undo, name="cleaning-accept-undo"),
    path("people/cleaning/<int:pk>/misspelt/refuse/", cleaning_results.cleaning_refuse, name="cleaning-refuse"),
    path("people/cleaning/<int:pk>/misspelt/refuse/undo/", cleaning_results.cleaning_refuse_undo, name="cleaning-refuse-undo"),
    path("settings/blocked/", suppressions.suppression_list, name="suppression-list"),
    path("settings/blocked/new/", suppressions.suppression_create, name="suppression-create"),
    path("settings/blocked/blocked.csv", suppressions.suppression_export, name="suppression-export"),
    path("settings/blocked/<int:pk>/lift/", suppressions.suppression_release, name="suppression-release"),
    path("settings/address-checks/", cleaning_policy.cleaning_policy, name="cleaning-policy"),
]
