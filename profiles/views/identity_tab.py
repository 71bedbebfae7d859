"""What does the Identity tab of a person show? Every identifier, every merge in words, and what the rules refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from profiles.forms.people import NewIdentifierForm
from profiles.identity import words
from profiles.models import Identifier, Import, KeptApart, Merge, Profile, Refusal
from profiles.person import tabs as person_tabs
from profiles.person.attribute_story import source_in_words
from profiles.person.tabs import Tab

if TYPE_CHECKING:
    from profiles.person.tabs import Asked

REFUSALS_SHOWN = 50
MERGES_SHOWN = 100


@dataclass(frozen=True)
class Known:
    """An identifier as the tab shows it; `origin` is the profile it came with, None when it was the person's from the start."""

    row: Identifier
    source: str
    origin: int | None


@dataclass(frozen=True)
class Told:
    """A merge in words. `first` is the merge to undo before this one."""

    merge: Merge
    why: str
    first: Merge | None
    by: str
    reversed_by: str


@dataclass(frozen=True)
class Refused:
    row: Refusal
    label: str
    why: str
    source: str


def register() -> None:
    person_tabs.register_tab(Tab("identity", _("Identity"), "profiles/_identity.html", tell, order=20))


def tell(asked: Asked) -> dict[str, Any]:
    """Six queries, whatever there is."""
    identifiers = list(asked.person.identifiers.order_by("pk"))
    merges = list(
        Merge.objects.filter(Q(root__in=asked.profile_ids) | Q(origin__in=asked.profile_ids))
        .select_related("root", "origin")
        .order_by("-pk")[:MERGES_SHOWN]
    )
    refusals = list(
        Refusal.objects.filter(Q(profile__in=asked.profile_ids) | Q(owner__in=asked.profile_ids))
        .select_related("profile", "owner")
        .order_by("-latest_at", "-pk")[:REFUSALS_SHOWN]
    )
    sources = [item.source for item in identifiers] + [row.source for row in refusals]
    names = import_names([*sources, *(merge.evidence.get("source", "") for merge in merges)])
    return {
        "identifiers": _known(identifiers, merges, names),
        "merges": _told(merges, names),
        "refusals": [_refused(row, names) for row in refusals],
        "apart": _apart(asked),
        "identifier_form": asked.forms.get("identity") or NewIdentifierForm(),
    }


def import_names(sources: Iterable[str]) -> dict[str, str]:
    """Return the names of imports by the source they are written as. One query at most."""
    ids = {int(each.removeprefix("import:")) for each in sources if each.startswith("import:") and each[7:].isdigit()}
    found = Import.objects.filter(pk__in=ids).values_list("pk", "name") if ids else ()
    return {f"import:{pk}": name for pk, name in found}


def _known(identifiers: list[Identifier], merges: list[Merge], names: dict[str, str]) -> list[Known]:
    came: dict[int, int] = {}
    for merge in merges:  # newest first, so that the first merge of an identifier has the last word
        if merge.reversed_at is None:
            came |= dict.fromkeys(merge.snapshot["origin"]["identifiers"], merge.origin_id)
    return [Known(item, source_in_words(item.source, names), came.get(item.pk)) for item in identifiers]


def _told(merges: list[Merge], names: dict[str, str]) -> list[Told]:
    gone_into = {merge.origin_id: merge for merge in merges if merge.reversed_at is None}
    found = []
    for merge in merges:
        source = source_in_words(merge.evidence.get("source", ""), names)
        first = gone_into.get(merge.root_id) if merge.reversed_at is None else None
        found.append(
            Told(merge, words.of_merge(merge, source=source), first, words.who(merge.merged_by), words.who(merge.reversed_by))
        )
    return found


def _refused(row: Refusal, names: dict[str, str]) -> Refused:
    label = Identifier(type=row.type).label
    return Refused(row, label, words.of_refusal(row), source_in_words(row.source, names))


def _apart(asked: Asked) -> list[tuple[Profile, KeptApart, str]]:
    """Return who a person said is somebody else, each once."""
    rows = KeptApart.objects.filter(Q(one__in=asked.profile_ids) | Q(other__in=asked.profile_ids))
    everybody = set(asked.profile_ids)
    return [
        (kept.other if kept.one_id in everybody else kept.one, kept, words.who(kept.by))
        for kept in rows.select_related("one", "other").order_by("-at", "-pk")[:REFUSALS_SHOWN]
    ]
