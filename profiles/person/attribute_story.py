"""How did a person's attributes come to be what they are? Two sources of the timeline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.models import AttributeChange, Import, Profile
from profiles.person import timeline
from profiles.person.timeline import Entry

LONGEST_VALUE = 80


def register() -> None:
    """Tell the timeline; called once, when the app is ready."""
    for fetch in (fetch_changes, fetch_values):
        timeline.register("profile", gettext_lazy("Profile"), "user-edit", fetch)


def fetch_changes(profile_ids: Sequence[int], before: datetime | None, limit: int) -> list[Entry]:
    """Return when a value gave way to another, both of them. Three queries at most."""
    rows = AttributeChange.objects.filter(profile_id__in=list(profile_ids))
    found = timeline.newest(rows, "at", before=before, limit=limit)
    names = import_names({row.source for row in found} | {row.before_source for row in found})
    return [_change(row, names) for row in found]


def fetch_values(profile_ids: Sequence[int], before: datetime | None, limit: int) -> list[Entry]:
    """Return when attributes got the values they have now, where no change tells it; those of one moment and source are one.

    Three queries at most.
    """
    person = Profile.objects.filter(pk__in=list(profile_ids), merged_into=None).only("attributes", "attribute_facts").first()
    facts = person.attribute_facts if person else {}
    moments = {key: datetime.fromisoformat(at) for key, (at, _source) in facts.items()}
    told = set(
        AttributeChange.objects.filter(profile_id__in=list(profile_ids), at__in=set(moments.values())).values_list("key", "at")
    )
    entries: dict[tuple[datetime, str], list[tuple[str, Any]]] = {}
    for key, (_at, source) in facts.items():
        if (key, moments[key]) not in told and (before is None or moments[key] < before):
            value = person.attributes.get(key) if person else None
            entries.setdefault((moments[key], source), []).append((key, in_words(value)))
    names = import_names({source for _at, source in entries})
    newest_first = sorted(entries.items(), key=lambda item: item[0][0], reverse=True)
    return [_values(at, source_in_words(source, names), values) for (at, source), values in newest_first]


def in_words(value: Any) -> str:
    if value is None:
        return _("taken away")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def source_in_words(source: str, names: dict[str, str]) -> str:
    """Return who said so; `names` are the names of imports by their source."""
    if source in names:
        return names[source]
    kind, _mark, name = source.partition(":")
    words = {
        "staff": name,
        "api": _("API key %(name)s") % {"name": name},
        "import": _("an import"),
        "action": _("a change of many people"),
    }
    return words.get(kind, source)


def import_names(sources: set[str]) -> dict[str, str]:
    """Return the names of the imports among these sources. One query, or none."""
    ids = [int(source.removeprefix("import:")) for source in sources if source.removeprefix("import:").isdigit()]
    found = Import.objects.filter(pk__in=ids).values_list("pk", "name") if ids else ()
    return {f"import:{pk}": name for pk, name in found}


def _change(row: AttributeChange, names: dict[str, str]) -> Entry:
    before, after = in_words(row.before), in_words(row.after)
    since = date_format(row.before_at, "j M Y, H:i") if row.before_at else ""
    said = source_in_words(row.before_source, names)
    details = [
        (_("Before"), before),
        (_("After"), after),
        (_("Source"), source_in_words(row.source, names)),
        (_("The value before was said"), " · ".join(part for part in (since, said) if part)),
    ]
    sentence = f"{_short(before)} → {_short(after)}"
    return Entry(row.at, "profile", "arrows-exchange", row.key, sentence, [(name, value) for name, value in details if value])


def _values(at: datetime, source: str, values: list[tuple[str, Any]]) -> Entry:
    ordered = sorted(values, key=lambda pair: pair[0])
    details = [*ordered, *([(_("Source"), source)] if source else [])]
    title = _("Attributes set")
    return Entry(at, "profile", "user-edit", title, ", ".join(key for key, _value in ordered)[:200], details)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
