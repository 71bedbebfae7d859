"""Where is the API of addresses, list cleaning and blocked addresses? Part of profiles.api.urls."""

from __future__ import annotations

from django.urls import path

from profiles.api import hygiene

urlpatterns = [
    path("address-checks", hygiene.AddressChecksView.as_view(), name="api-address-checks"),
    path("cleanings", hygiene.CleaningsView.as_view(), name="api-cleanings"),
    path("cleanings/<int:pk>", hygiene.CleaningView.as_view(), name="api-cleaning"),
    path("cleanings/<int:pk>/addresses", hygiene.CleaningAddressesView.as_view(), name="api-cleaning-addresses"),
    path("cleanings/<int:pk>/cancel", hygiene.CleaningCancelView.as_view(), name="api-cleaning-cancel"),
    path("suppressions", hygiene.SuppressionsView.as_view(), name="api-suppressions"),
    path("suppressions/lift", hygiene.SuppressionsLiftView.as_view(), name="api-suppressions-lift"),
]
