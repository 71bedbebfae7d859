"""Which people does Ctrl+K find, and what does Home ask a new installation for?"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from omni import home
from omni import search as palette
from omni.roles import Right, may
from profiles import search
from profiles.models import ContactPoint, Import, Profile

if TYPE_CHECKING:
    from datetime import datetime

    from omni.models import User

FEWEST_LETTERS = 2
FAILED_SHOWN = timedelta(days=7)


def register() -> None:
    """Tell the palette and Home; called once, when the app is ready."""
    palette.register("people", _("People"), find_people)
    home.register_step(
        home.Step(
            "people",
            10,
            _("Bring your people in"),
            _("A CSV file from your shop, till or old tool. You see what would happen before anything does."),
            "profiles:import-list",
            has_people,
            _("Import people"),
        )
    )
    home.register_running(running_imports)
    home.register_alerts(failed_imports)


def find_people(query: str, user: User, limit: int) -> list[palette.Hit]:
    """Return people with words that begin so. Two queries; none for a query too short to mean anybody."""
    if len(query) < FEWEST_LETTERS or not may(user, Right.VIEW):
        return []
    people = list(Profile.objects.surviving().filter(search.matching(query)).order_by("-pk")[:limit])
    addresses: dict[int, str] = {}
    points = ContactPoint.objects.filter(profile__in=[person.pk for person in people]).order_by("kind", "pk")
    for profile_id, address in points.values_list("profile_id", "address"):
        addresses.setdefault(profile_id, address)
    return [
        palette.Hit(
            title=person.name or addresses.get(person.pk) or str(person),
            url=person.get_absolute_url(),
            icon="user",
            subtitle=addresses.get(person.pk, ""),
        )
        for person in people
    ]


def has_people(user: User, now: datetime) -> bool:
    return Profile.objects.exists()


def running_imports(user: User, now: datetime) -> list[home.Running]:
    """Return the imports that are under way. One query."""
    under_way = Import.objects.filter(state__in=[Import.State.QUEUED, Import.State.RUNNING]).order_by("pk")
    return [
        home.Running(
            title=one.name,
            url=one.get_absolute_url(),
            sentence=_("People are being imported from a file."),
            icon="file-import",
            figures=[
                home.Figure(_("Rows read"), one.rows_done),
                home.Figure(_("New"), one.rows_created),
                home.Figure(_("Not imported"), one.rows_rejected),
            ],
        )
        for one in under_way.defer("header", "mapping")[:5]
    ]


def failed_imports(user: User, now: datetime) -> list[home.Alert]:
    """Return the imports that an error stopped within the last days. One query."""
    if not may(user, Right.EDIT_PEOPLE):
        return []
    failed = Import.objects.filter(state=Import.State.FAILED, created_at__gte=now - FAILED_SHOWN).order_by("-pk")[:5]
    return [
        home.Alert(
            gettext("The import “%(name)s” was stopped by an error") % {"name": one.name},
            gettext("What was read stays; it can go on from there."),
            reverse("profiles:import-detail", args=[one.pk]),
            action=gettext("Look at it"),
        )
        for one in failed
    ]
