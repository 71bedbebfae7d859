"""Where do list cleaning and blocked addresses appear outside their own pages: in Settings and on Home?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from omni import home, settings_pages
from omni.roles import Right
from profiles.hygiene import audiences
from profiles.models import Cleaning

if TYPE_CHECKING:
    from datetime import datetime

    from omni.models import User


def register() -> None:
    audiences.register_own()
    settings_pages.register(
        settings_pages.Page(
            "profiles:suppression-list",
            gettext_lazy("Blocked addresses"),
            "ban",
            gettext_lazy("Addresses and domains that nothing is sent to, why, and since when."),
            Right.VIEW,
            settings_pages.Group.SENDING,
        )
    )
    settings_pages.register(
        settings_pages.Page(
            "profiles:cleaning-policy",
            gettext_lazy("Address checks"),
            "mail-check",
            gettext_lazy("How long a check is believed, which bounces block, and who may be asked for how much."),
            Right.ADMINISTER,
            settings_pages.Group.SENDING,
        )
    )
    home.register_running(running)


def running(user: User, now: datetime) -> list[home.Running]:
    """Return the runs that are under way. One query."""
    under_way = Cleaning.objects.filter(state__in=[Cleaning.State.QUEUED, Cleaning.State.RUNNING]).order_by("pk")
    return [
        home.Running(
            title=one.name,
            url=one.get_absolute_url(),
            sentence=_("Addresses are being checked."),
            icon="mail-check",
            figures=[home.Figure(_("Checked"), one.done), home.Figure(_("All"), one.total)],
        )
        for one in under_way[:5]
    ]
