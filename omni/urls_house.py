"""Where are health, the local mailbox, the audit record and the state of background work?"""

from __future__ import annotations

from django.urls import path

from omni.views import audit, background, health, mailbox

urlpatterns = [
    path("healthz", health.alive, name="health-alive"),
    path("readyz", health.ready, name="health-ready"),
    path("mailbox/", mailbox.letter_list, name="mailbox"),
    path("mailbox/<str:name>/", mailbox.letter_detail, name="mailbox-letter"),
    path("mailbox/<str:name>/html/", mailbox.letter_html, name="mailbox-html"),
    path("mailbox/<str:name>/raw/", mailbox.letter_raw, name="mailbox-raw"),
    path("settings/audit/", audit.entry_list, name="audit-list"),
    path("settings/audit/check/", audit.chain_check, name="audit-check"),
    path("settings/background/", background.overview, name="background"),
    path("settings/background/feed/<int:pk>/retry/", background.entry_retry, name="background-retry"),
]
