"""Which blocks does a person's page have from the first day? Addresses, timeline, attributes, consents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from profiles import person_tabs, reachability, timeline
from profiles.forms import AttributeForm, ConsentForm
from profiles.models import AttributeDef, Consent, Import, Profile, Topic
from profiles.person_tabs import Block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profiles.person_tabs import Asked
    from profiles.reachability import Reach

LEDGER_SHOWN = 50


@dataclass(frozen=True)
class Shown:
    """An attribute as the page shows it."""

    key: str
    value: Any
    kind: str
    at: datetime
    source: str

    @property
    def text(self) -> str:
        if isinstance(self.value, bool):
            return _("yes") if self.value else _("no")
        if isinstance(self.value, list):
            return ", ".join(str(part) for part in self.value)
        return str(self.value)


def register() -> None:
    """Put the blocks on the page; called once, when the app is ready."""
    person_tabs.register_block(Block("reaches", "top", 10, "profiles/_reaches.html", tell_reaches))
    person_tabs.register_block(Block("timeline", "main", 50, "profiles/_timeline.html", tell_timeline))
    person_tabs.register_block(Block("attributes", "side", 10, "profiles/_attributes.html", tell_attributes))
    person_tabs.register_block(Block("consents", "side", 20, "profiles/_consents.html", tell_consents))


def tell_reaches(asked: Asked) -> dict[str, Any]:
    return {"reaches": reaches_of(asked.person)}


def tell_timeline(asked: Asked) -> dict[str, Any]:
    """Return the slice of the timeline that the address asks for by `show` and `before`."""
    kind = asked.request.GET.get("show", "")
    try:
        before = datetime.fromisoformat(asked.request.GET.get("before", ""))
    except ValueError:
        before = None
    if before is not None and before.tzinfo is None:
        before = None
    return {
        "slice": timeline.read(profile_ids=asked.profile_ids, kind=kind, before=before),
        "timeline_kinds": timeline.kinds(),
        "show": kind,
        "is_continuation": before is not None,
    }


def tell_attributes(asked: Asked) -> dict[str, Any]:
    person = asked.person
    kinds = dict(AttributeDef.objects.values_list("key", "type"))
    names = _import_names(person)
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
        held = person.__dict__["_reaches"] = reachability.of(person.contact_points.order_by("pk"))
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


def source_in_words(source: str, names: dict[str, str]) -> str:
    """Return who said so; `names` are the names of imports by their source."""
    if source in names:
        return names[source]
    kind, _mark, name = source.partition(":")
    return {"staff": name, "api": _("API key %(name)s") % {"name": name}, "import": _("an import")}.get(kind, source)


def _import_names(person: Profile) -> dict[str, str]:
    sources = {source for _at, source in person.attribute_facts.values()}
    ids = [int(source.removeprefix("import:")) for source in sources if source.removeprefix("import:").isdigit()]
    found = Import.objects.filter(pk__in=ids).values_list("pk", "name") if ids else ()
    return {f"import:{pk}": name for pk, name in found}


def _attributes(person: Profile, kinds: dict[str, str], names: dict[str, str]) -> list[Shown]:
    shown = []
    for key, value in sorted(person.attributes.items()):
        at, source = person.attribute_facts.get(key, [person.created_at.isoformat(), ""])
        shown.append(Shown(key, value, kinds.get(key, "string"), datetime.fromisoformat(at), source_in_words(source, names)))
    return shown


def _ledger(profile_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the newest words of the ledger. Two queries."""
    topics = dict(Topic.objects.values_list("key", "name"))
    rows = Consent.objects.filter(profile__in=profile_ids).order_by("-at", "-pk")[:LEDGER_SHOWN]
    return [
        {
            "row": row,
            "topic": topics.get(row.topic, row.topic),
            "how": timeline.method_in_words(row.method),
            "proof": row.proof.items(),
        }
        for row in rows
    ]
