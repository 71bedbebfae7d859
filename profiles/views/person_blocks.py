"""Which blocks does a person's page have from the first day? Addresses, timeline, attributes, consents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from omni.roles import Right, may
from profiles.forms.people import AttributeForm, ConsentForm, NoteForm
from profiles.models import AttributeChange, AttributeDef, Consent, Profile, Topic
from profiles.person import attribute_story, ledger, notes, reachability, timeline
from profiles.person import tabs as person_tabs
from profiles.person.tabs import Block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profiles.person.reachability import Reach
    from profiles.person.tabs import Asked

LEDGER_SHOWN = 6  # the tab has them all
FORMER_SHOWN = 200


@dataclass(frozen=True)
class Shown:
    """An attribute as the page shows it."""

    key: str
    value: Any
    kind: str
    at: datetime
    source: str

    former: list[tuple[str, datetime]]  # (value, until when), newest first

    @property
    def text(self) -> str:
        return attribute_story.in_words(self.value)


def register() -> None:
    """Put the blocks on the page; called once, when the app is ready."""
    person_tabs.register_block(Block("reaches", "top", 10, "profiles/_reaches.html", tell_reaches))
    person_tabs.register_block(Block("timeline", "main", 50, "profiles/_timeline.html", tell_timeline))
    person_tabs.register_block(Block("attributes", "side", 10, "profiles/_attributes.html", tell_attributes))
    person_tabs.register_block(Block("notes", "side", 15, "profiles/_notes.html", tell_notes))
    person_tabs.register_block(Block("consents", "side", 20, "profiles/_consents.html", tell_consents))


def tell_reaches(asked: Asked) -> dict[str, Any]:
    return {"reaches": reaches_of(asked.person)}


def tell_timeline(asked: Asked) -> dict[str, Any]:
    """Return the slice of the timeline that the address asks for by `show` and `before`, or by `upto` of one entry."""
    query = asked.request.GET
    kind, before, upto = query.get("show", ""), _moment(query.get("before", "")), _instant(query.get("upto", ""))
    return {
        "slice": timeline.read(profile_ids=asked.profile_ids, kind=kind, before=before or upto),
        "timeline_kinds": timeline.kinds(),
        "show": kind,
        "upto": None if before or upto is None else upto,
        "is_continuation": before is not None,
        "may_export": may(asked.request.user, Right.EXPORT),
    }


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _instant(text: str) -> datetime | None:
    """Return the moment just after the entry of this anchor, so that the entry itself is shown."""
    try:
        return datetime.fromtimestamp(float(text), UTC) + timedelta(microseconds=2)
    except (ValueError, OverflowError, OSError):
        return None


def tell_notes(asked: Asked) -> dict[str, Any]:
    """Return the notes. One query."""
    return {
        "notes": notes.of(asked.profile_ids)[: notes.SHOWN],
        "note_form": asked.forms.get("notes") or NoteForm(),
        "viewer": asked.request.user,
    }


def tell_attributes(asked: Asked) -> dict[str, Any]:
    person = asked.person
    kinds = dict(AttributeDef.objects.values_list("key", "type"))
    names = attribute_story.import_names({source for _at, source in person.attribute_facts.values()})
    return {
        "attributes": _attributes(person, kinds, names),
        "attribute_form": asked.forms.get("attributes") or AttributeForm(),
        "attribute_keys": sorted(kinds),
    }


def tell_consents(asked: Asked) -> dict[str, Any]:
    subjects = consent_subjects(reaches_of(asked.person))
    fresh = ConsentForm(subjects=subjects, initial={"status": Consent.Status.WITHDRAWN}) if subjects else None
    return {"consent_form": asked.forms.get("consents") or fresh, "ledger": _ledger(asked.profile_ids)}


def reaches_of(person: Profile) -> list[Reach]:
    """Return how each address of the person stands. Loaded once per page, however many blocks ask."""
    held: list[Reach] | None = person.__dict__.get("_reaches")
    if held is None:
        held = person.__dict__["_reaches"] = reachability.of(person.contact_points.order_by("pk"), now=timezone.now())
    return held


def consent_subjects(reaches: Sequence[Reach]) -> list[tuple[str, str]]:
    found = []
    for reach in reaches:
        point = reach.point
        found.append((f"{point.kind}|{point.address}|", _("%(address)s: everything") % {"address": point.address}))
        for about in reach.topics:
            label = _("%(address)s: about %(topic)s") % {"address": point.address, "topic": about.topic.name}
            found.append((f"{point.kind}|{point.address}|{about.topic.key}", label))
    return found


def _attributes(person: Profile, kinds: dict[str, str], names: dict[str, str]) -> list[Shown]:
    """Return what is known, each with its former values, newest first. One query."""
    former: dict[str, list[tuple[str, datetime]]] = {}
    for row in AttributeChange.objects.filter(profile=person).order_by("-at", "-pk")[:FORMER_SHOWN]:
        former.setdefault(row.key, []).append((attribute_story.in_words(row.before), row.at))
    shown = []
    for key, value in sorted(person.attributes.items()):
        at, source = person.attribute_facts.get(key, [person.created_at.isoformat(), ""])
        shown.append(
            Shown(
                key,
                value,
                kinds.get(key, "string"),
                datetime.fromisoformat(at),
                attribute_story.source_in_words(source, names),
                former.get(key, []),
            )
        )
    return shown


def _ledger(profile_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the newest words of the ledger. Two queries."""
    topics = dict(Topic.objects.values_list("key", "name"))
    rows = ledger.of_person(profile_ids).order_by(*ledger.ORDER)[:LEDGER_SHOWN]
    return [
        {
            "row": row,
            "topic": topics.get(row.topic, row.topic),
            "how": timeline.method_in_words(row.method),
            "look": timeline.LOOKS[row.status],
            "proof": ledger.proof_in_words(row.proof),
        }
        for row in rows
    ]
