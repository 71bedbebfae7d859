"""What do the house's own rooms add to Settings and to the palette?"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from omni import celery, heartbeats, home, navigation, search, settings_pages
from omni.roles import Right, may
from omni.search import Hit
from omni.settings_pages import Group, Page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.utils.functional import _StrPromise

    from omni.models import User

FREQUENT_SECONDS = 60
STANDS_STILL_AFTER = timedelta(minutes=2)

PAGES = (
    Page("company", _("Company"), "building", _("Name, time zone, currency, postal address."), Right.ADMINISTER, Group.COMPANY),
    Page("team", _("Team"), "users-group", _("Who works here and what each may do."), Right.ADMINISTER, Group.COMPANY),
    Page(
        "settings-profile",
        _("Your profile"),
        "user-circle",
        _("Your name, language, theme, password."),
        Right.VIEW,
        Group.COMPANY,
    ),
    Page("keys", _("API keys"), "key", _("Programs that act for you."), Right.ADMINISTER, Group.DEVELOPERS),
    Page("api-docs", _("API reference"), "book", _("Every call, with a sample to copy."), Right.VIEW, Group.DEVELOPERS),
)

# (label, icon, url name, right, further words it is found by); an action whose page is not mounted is left out.
ACTIONS: tuple[tuple[_StrPromise, str, str, Right, _StrPromise], ...] = (
    (_("New campaign"), "plus", "campaigns:campaign-create", Right.EDIT_CAMPAIGNS, _("make journey create")),
    (_("New segment"), "filter-plus", "segments:segment-create", Right.EDIT_SEGMENTS, _("make audience create")),
    (_("Import people"), "file-import", "profiles:import-create", Right.EDIT_PEOPLE, _("upload csv contacts")),
    (_("New template"), "template", "campaigns:template-create", Right.EDIT_CAMPAIGNS, _("letter e-mail create")),
    (_("Invite a colleague"), "user-plus", "team-member-invite", Right.ADMINISTER, _("team member add")),
    (_("New API key"), "key", "key-create", Right.ADMINISTER, _("token integration")),
    (_("Change password"), "password", "account_change_password", Right.VIEW, _("security")),
)


def register() -> None:
    """Called once from OmniConfig.ready; the palette shows actions and pages before what the apps add."""
    for page in PAGES:
        settings_pages.register(page)
    search.register("actions", _("Do"), find_actions)
    search.register("pages", _("Go to"), find_pages)
    home.register_alerts(find_alerts)


def find_alerts(user: User, now: datetime) -> list[home.Alert]:
    """Say when the background work stands still. One query."""
    late = [work.task for work in celery.RECURRING if work.every_seconds <= FREQUENT_SECONDS]
    ages = heartbeats.ages(now=now)
    silent = [task for task in late if ages.get(heartbeats.tick(task), STANDS_STILL_AFTER) >= STANDS_STILL_AFTER]
    if not silent:
        return []
    is_all = len(silent) == len(late)
    return [
        home.Alert(
            _("The background work stands still") if is_all else _("A part of the background work stands still"),
            _("Events are not processed and messages are not sent until it runs again; nothing is lost."),
            reverse("background"),
            "danger",
            _("See what runs"),
        )
    ]


def find_actions(query: str, user: User, limit: int) -> list[Hit]:
    return search.matching(list(_actions(user)), query, limit)


def find_pages(query: str, user: User, limit: int) -> list[Hit]:
    hits = [Hit(place.label, place.url, place.icon) for place in navigation.for_user(user, path="")]
    for _group, pages in settings_pages.for_user(user):
        hits += [Hit(page.label, page.url, page.icon, _("Settings"), keywords=page.description) for page in pages]
    return search.matching(hits, query, limit)


def _actions(user: User) -> Iterator[Hit]:
    for label, icon, url_name, right, words in ACTIONS:
        if not may(user, right):
            continue
        try:
            yield Hit(label, reverse(url_name), icon, keywords=words)
        except NoReverseMatch:
            continue
