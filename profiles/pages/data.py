"""Where do sources and calls that could not be used appear outside their own pages: below Data, in Ctrl+K and on Home?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from omni import home, search
from omni.roles import Right, may
from profiles import data_pages, sources
from profiles.ingest import inbox
from profiles.models import DeadLetter, IngestRaw

if TYPE_CHECKING:
    from omni.models import User

LATE_AFTER = timedelta(minutes=5)


def register() -> None:
    data_pages.register(
        data_pages.Page(
            "profiles:source-list",
            gettext_lazy("Sources"),
            "plug-connected",
            gettext_lazy("Sites, apps and servers that tell us what people do, and their keys."),
        )
    )
    data_pages.register(
        data_pages.Page(
            "profiles:recent-call-list",
            gettext_lazy("Live debugger"),
            "activity",
            gettext_lazy("The latest calls of each source as they arrive, and what became of them."),
            Right.EDIT_PEOPLE,
        )
    )
    data_pages.register(
        data_pages.Page(
            "profiles:dead-letter-list",
            gettext_lazy("Calls that could not be used"),
            "inbox",
            gettext_lazy("What arrived and made no sense, why, and another try."),
            Right.EDIT_PEOPLE,
        )
    )
    search.register("data", gettext_lazy("Data"), data_pages.find)
    home.register_step(
        home.Step(
            "data",
            15,
            gettext_lazy("Let your site tell what people do"),
            gettext_lazy("Connect your shop, app or server, so that orders and visits arrive by themselves."),
            "profiles:source-list",
            is_data_arriving,
            gettext_lazy("Connect a source"),
        )
    )
    home.register_alerts(alerts)


def is_data_arriving(user: User, now: datetime) -> bool:
    return sources.anything_arrived()


def alerts(user: User, now: datetime) -> Sequence[home.Alert]:
    """Say what of the data is late or unusable. Two queries."""
    found = []
    if IngestRaw.objects.filter(received_at__lt=now - LATE_AFTER).exists():
        found.append(
            home.Alert(
                _("Data is waiting to be processed"),
                _("Calls that arrived more than five minutes ago are not processed yet. Are the workers running?"),
                reverse("profiles:source-list"),
                "danger" if inbox.is_full() else "warning",
                _("See the sources"),
            )
        )
    letters = DeadLetter.objects.filter(replayed_at=None, received_at__gte=now - timedelta(days=1)).count()
    if letters and may(user, Right.EDIT_PEOPLE):
        found.append(
            home.Alert(
                ngettext("%(n)s call could not be used today", "%(n)s calls could not be used today", letters) % {"n": letters},
                _("They are kept with the reason, and can be processed again once it is gone."),
                reverse("profiles:dead-letter-list"),
                "warning",
                _("See why"),
            )
        )
    return found
