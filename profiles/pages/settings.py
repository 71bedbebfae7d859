"""Which pages of people and their permissions stand in the index of Settings and of Data?"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from omni import settings_pages
from omni.roles import Right
from profiles import data_pages


def register() -> None:
    settings_pages.register(
        settings_pages.Page(
            "profiles:topic-list",
            _("Topics"),
            "tags",
            _("What people can subscribe to, and the sign-up pages."),
            Right.VIEW,
            settings_pages.Group.SENDING,
        )
    )
    settings_pages.register(
        settings_pages.Page(
            "profiles:identity-rules",
            _("Who is who"),
            "fingerprint",
            _("How many e-mails, phones and browsers one person may have, and values that name nobody."),
            Right.ADMINISTER,
            settings_pages.Group.COMPANY,
        )
    )
    data_pages.register(
        data_pages.Page(
            "profiles:request-list",
            _("Requests about own data"),
            "user-shield",
            _("Who asked for a copy of their data or for its erasure."),
        )
    )
    data_pages.register(
        data_pages.Page(
            "profiles:erasure-list",
            _("Erased people"),
            "user-x",
            _("Certificates of erasures, and what may come back."),
        )
    )
    data_pages.register(
        data_pages.Page(
            "profiles:lookup-card",
            _("Look somebody up"),
            "search",
            _("For shop staff: one person by an exact phone, e-mail, card or scanned code."),
            Right.LOOK_UP,
        )
    )
