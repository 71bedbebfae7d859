"""What happened with a person, newest first? A registry of sources; every app tells its own part.

An app registers from AppConfig.ready, without knowing the page:

    timeline.register("segment", _("Segments"), "filter", fetch_memberships)

    def fetch_memberships(profile_ids, before, limit) -> list[Entry]:
        rows = Membership.objects.filter(profile_id__in=profile_ids)
        return [Entry(row.from_at, "segment", "filter", _("Entered a segment"), row.segment.name)
                for row in timeline.newest(rows.select_related("segment"), "from_at", before=before, limit=limit)]

`fetch(profile_ids, before, limit)` returns the newest entries before the moment `before` (None: of all), at least `limit` of
them when there are so many, and never cuts between entries of the same moment: `newest` does that. `profile_ids` are the
person and the origins merged into it. A fixed number of queries. Several sources may share a kind.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.identity import words
from profiles.models import Consent, ContactPoint, Event, Merge

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.utils.functional import _StrPromise

logger = logging.getLogger(__name__)

PAGE_ENTRIES = 30
EXPORTED_AT_ONCE = 500
MOST_OF_ONE_MOMENT = 500
ORDER_EVENTS = ("Order Completed", "Order Updated", "Order Refunded", "Order Cancelled")


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `sentence` is a second line, `details` are (name, value) pairs that open below,
    `tone` is success, warning, danger or info, `href` where the title leads.
    """

    at: datetime
    kind: str
    icon: str
    title: str | _StrPromise
    sentence: str | _StrPromise = ""
    details: Sequence[tuple[str, Any]] = field(default_factory=tuple)
    tone: str = ""
    href: str = ""

    @property
    def anchor(self) -> str:
        """The name of the entry within the page, and the `upto` of its permanent address."""
        return f"{self.at.timestamp():.6f}"


Fetch = Callable[[Sequence[int], datetime | None, int], list[Entry]]


@dataclass(frozen=True)
class Kind:
    key: str
    label: str | _StrPromise
    icon: str


@dataclass(frozen=True)
class Day:
    date: date
    entries: list[Entry]


@dataclass(frozen=True)
class Slice:
    """A page of the timeline by days of the viewer's zone; `older` is the cursor of the next one, None at the end."""

    days: list[Day]
    older: str | None


_kinds: dict[str, Kind] = {}
_sources: list[tuple[str, Fetch]] = []


def register(kind: str, label: str | _StrPromise, icon: str, fetch: Fetch, *, instead_of: Fetch | None = None) -> None:
    """Add a source; the kind becomes a filter of the timeline. Registering the same function again changes nothing.

    `instead_of` names a source that this one tells better.
    """
    _kinds.setdefault(kind, Kind(kind, label, icon))
    _sources[:] = [source for source in _sources if source[1] is not instead_of]
    if (kind, fetch) not in _sources:
        _sources.append((kind, fetch))


def kinds() -> list[Kind]:
    return list(_kinds.values())


def read(*, profile_ids: Sequence[int], kind: str = "", before: datetime | None = None, limit: int = PAGE_ENTRIES) -> Slice:
    """Return the newest entries before `before`, of one kind or of all. A source that fails is logged and left out."""
    found: list[Entry] = []
    is_cut = False
    for key, fetch in _sources:
        if kind and key != kind:
            continue
        try:
            told = fetch(profile_ids, before, limit + 1)
        except Exception:  # one broken source must not take the page down
            logger.exception("timeline source %s failed", key)
            continue
        found += told
        is_cut |= len(told) > limit
    found.sort(key=lambda entry: entry.at, reverse=True)
    shown = found[:limit]
    if len(found) > limit:
        # Entries of one moment stay together, else the cursor would step over the rest of them.
        shown += [entry for entry in found[limit:] if entry.at == shown[-1].at]
    return Slice(_by_day(shown), shown[-1].at.isoformat() if is_cut or len(found) > len(shown) else None)


def rows(*, profile_ids: Sequence[int], kind: str = "") -> Iterator[list[str]]:
    """Yield the whole timeline as cells: time, kind, title, sentence, details. Slice by slice, newest first."""
    labels = {known.key: str(known.label) for known in kinds()}
    before: datetime | None = None
    while True:
        part = read(profile_ids=profile_ids, kind=kind, before=before, limit=EXPORTED_AT_ONCE)
        for entry in (entry for day in part.days for entry in day.entries):
            details = "; ".join(f"{name}: {value}" for name, value in entry.details)
            at = timezone.localtime(entry.at).isoformat(timespec="seconds")
            yield [at, labels.get(entry.kind, entry.kind), str(entry.title), str(entry.sentence), details]
        if part.older is None:
            return
        before = datetime.fromisoformat(part.older)


def newest(rows: QuerySet[Any], column: str, *, before: datetime | None, limit: int) -> list[Any]:
    """Return the newest `limit` rows before the moment, and the rest of the last one's moment. At most two queries."""
    if before is not None:
        rows = rows.filter(**{f"{column}__lt": before})
    found = list(rows.order_by(f"-{column}")[:limit])
    if len(found) < limit:
        return found
    last = getattr(found[-1], column)
    of_last = list(rows.filter(**{column: last})[:MOST_OF_ONE_MOMENT])
    return [row for row in found if getattr(row, column) != last] + of_last


def _by_day(entries: Sequence[Entry]) -> list[Day]:
    days: list[Day] = []
    for entry in entries:
        day = timezone.localtime(entry.at).date()
        if not days or days[-1].date != day:
            days.append(Day(day, []))
        days[-1].entries.append(entry)
    return days


def fetch_events(profile_ids: Sequence[int], before: datetime | None, limit: int) -> list[Entry]:
    """What the person did: events of the sites and shops."""
    return _events(profile_ids, before, limit, kind="event", icon="bolt", is_internal=False)


def fetch_outcomes(profile_ids: Sequence[int], before: datetime | None, limit: int) -> list[Entry]:
    """What became of messages: the events that Omni records itself."""
    return _events(profile_ids, before, limit, kind="message", icon="mail", is_internal=True)


def _events(
    profile_ids: Sequence[int], before: datetime | None, limit: int, *, kind: str, icon: str, is_internal: bool
) -> list[Entry]:
    rows = Event.objects.filter(profile_id__in=list(profile_ids), name__is_internal=is_internal).select_related("name", "source")
    # What became an order is told as one, with its lines and what became of it.
    rows = rows.exclude(name__name__in=ORDER_EVENTS, properties__has_key="order_id")
    return [
        Entry(row.time, kind, icon, str(row.name), _summary(row), _details(row))
        for row in newest(rows, "time", before=before, limit=limit)
    ]


def _summary(event: Event) -> str:
    plain = [f"{key}: {value}" for key, value in event.properties.items() if isinstance(value, str | int | float)]
    return " · ".join(part if len(part) <= 60 else f"{part[:59]}…" for part in plain[:3])


def _details(event: Event) -> list[tuple[str, Any]]:
    details = list(event.properties.items())
    if event.value is not None:
        details.insert(0, (_("Value"), f"{event.value.normalize():f}"))
    details.append((_("Source"), str(event.source) if event.source else _("Omni itself")))
    return details


LOOKS: dict[str, tuple[str, str]] = {
    Consent.Status.GRANTED: ("shield-check", "success"),
    Consent.Status.WITHDRAWN: ("shield-off", "warning"),
    Consent.Status.PENDING: ("hourglass", "neutral"),
}


def fetch_consents(profile_ids: Sequence[int], before: datetime | None, limit: int) -> list[Entry]:
    rows = words_about(profile_ids)
    return [_consent_entry(row) for row in newest(rows, "at", before=before, limit=limit)]


def _consent_entry(row: Consent) -> Entry:
    icon, tone = LOOKS[row.status]
    about = f"{row.address} · {row.topic}" if row.topic else row.address
    details = [(_("How"), method_in_words(row.method)), (_("Source"), row.source), *row.proof.items()]
    return Entry(
        row.at,
        "consent",
        icon,
        row.get_status_display(),
        about,
        [(name, value) for name, value in details if value],
        tone,
    )


def method_in_words(method: str) -> str:
    words = {
        "import": _("by a file"),
        "api": _("by a program"),
        "sync": _("by a program"),
        "staff": _("by staff"),
        "one_click": _("by the unsubscribe button of the mailbox"),
        "preference_page": _("on the preference page"),
        "link": _("by a link in a letter"),
        "form": _("on the sign-up page"),
        "double_opt_in": _("confirmed by a link in a letter"),
    }
    return words.get(method, method)


def words_about(profile_ids: Sequence[int]) -> QuerySet[Consent]:
    """Return the words of the ledger about these profiles, and about the addresses they have now, whoever had them then."""
    ids = list(profile_ids)
    addresses = ContactPoint.objects.filter(profile_id__in=ids).values("address")
    return Consent.objects.filter(Q(profile_id__in=ids) | Q(address__in=addresses))


def fetch_merges(profile_ids: Sequence[int], before: datetime | None, limit: int) -> list[Entry]:
    rows = Merge.objects.filter(Q(root_id__in=list(profile_ids)) | Q(origin_id__in=list(profile_ids)))
    undone = rows.filter(reversed_at__isnull=False)
    return [
        *(
            Entry(row.merged_at, "profile", "git-merge", _("Two profiles became one"), words.of_merge(row), _profiles(row))
            for row in newest(rows, "merged_at", before=before, limit=limit)
        ),
        *(
            Entry(
                row.reversed_at or row.merged_at,
                "profile",
                "arrows-split",
                _("The merge was undone"),
                _("By %(who)s") % {"who": words.who(row.reversed_by)},
                _profiles(row),
            )
            for row in newest(undone, "reversed_at", before=before, limit=limit)
        ),
    ]


def _profiles(merge: Merge) -> list[tuple[str, Any]]:
    return [(_("Merged profile"), merge.origin_id), (_("Into profile"), merge.root_id)]


register("event", gettext_lazy("Events"), "bolt", fetch_events)
register("message", gettext_lazy("Messages"), "mail", fetch_outcomes)
register("consent", gettext_lazy("Consents"), "shield-check", fetch_consents)
register("profile", gettext_lazy("Profile"), "user-edit", fetch_merges)
