"""Which people are asked for? What the address of a list says, as conditions and as words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from profiles import search
from profiles.models import Identifier, Import, ImportedPerson, Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.db.models import QuerySet
    from django.http import QueryDict
    from django.utils.functional import _StrPromise

SORTS: dict[str, tuple[str | _StrPromise, tuple[str, ...]]] = {
    "newest": (gettext_lazy("Newest first"), ("-created_at", "-id")),
    "active": (gettext_lazy("Latest activity"), ("-active_at", "-id")),
    "name": (gettext_lazy("Name"), ("sort_name", "id")),
}
ATTRIBUTE_MARK = ":"
MOST_ATTRIBUTES = 10
MOST_PICKED = 1_000
ANY = gettext_lazy("any")
YES_NO = [("1", gettext_lazy("has one")), ("0", gettext_lazy("has none"))]
CONSENTS = [
    ("email:granted", gettext_lazy("E-mail: opted in")),
    ("email:withdrawn", gettext_lazy("E-mail: opted out")),
    ("email:", gettext_lazy("E-mail: never asked")),
    ("phone:granted", gettext_lazy("Phone: opted in")),
    ("phone:withdrawn", gettext_lazy("Phone: opted out")),
    ("phone:", gettext_lazy("Phone: never asked")),
]
KNOWN_BY = [
    ("user_id", gettext_lazy("a user id")),
    ("email", gettext_lazy("an e-mail address")),
    ("phone", gettext_lazy("a phone number")),
    ("anonymous", gettext_lazy("a browser or device only")),
]
_DAY = forms.DateInput(attrs={"type": "date"})


@dataclass(frozen=True)
class Extra:
    """A filter that another app adds. `choices` are (value, label), asked when the form is shown; `narrow` keeps people."""

    key: str
    label: str | _StrPromise
    choices: Callable[[], Iterable[tuple[str, str]]]
    narrow: Callable[[Any, str], Any]


_extras: dict[str, Extra] = {}


def register(extra: Extra) -> None:
    """Add a filter to the list of people, its export and the API; called from AppConfig.ready."""
    _extras[extra.key] = extra


class PersonFilter(django_filters.FilterSet):
    """The filters of the list of people, of its export and of the API."""

    q = django_filters.CharFilter(label=gettext_lazy("Name, e-mail, phone or id"), method="found_by")
    email = django_filters.ChoiceFilter(label=gettext_lazy("E-mail"), choices=YES_NO, method="with_address", empty_label=ANY)
    phone = django_filters.ChoiceFilter(label=gettext_lazy("Phone"), choices=YES_NO, method="with_address", empty_label=ANY)
    consent = django_filters.ChoiceFilter(label=gettext_lazy("Consent"), choices=CONSENTS, method="with_consent", empty_label=ANY)
    created_since = django_filters.DateFilter(
        label=gettext_lazy("Known since"), field_name="created_at", lookup_expr="date__gte", widget=_DAY
    )
    seen_since = django_filters.DateFilter(
        label=gettext_lazy("Seen since"), field_name="latest_seen_at", lookup_expr="date__gte", widget=_DAY
    )
    not_seen_since = django_filters.DateFilter(label=gettext_lazy("Not seen since"), method="away_since", widget=_DAY)
    known_by = django_filters.ChoiceFilter(
        label=gettext_lazy("Known by"), choices=KNOWN_BY, method="with_identifier", empty_label=ANY
    )
    outcome = django_filters.ChoiceFilter(
        label=gettext_lazy("Outcome of the import"), choices=ImportedPerson.Outcome.choices, method="untouched"
    )

    class Meta:
        model = Profile
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for key, extra in _extras.items():
            added = django_filters.ChoiceFilter(
                field_name=key, label=extra.label, choices=extra.choices, method=_narrow, empty_label=ANY
            )
            added.parent, added.model = self, Profile
            self.filters[key] = added

    def away_since(self, people: QuerySet[Profile], name: str, value: date) -> QuerySet[Profile]:
        at = timezone.make_aware(datetime.combine(value, time.min))
        return people.filter(Q(latest_seen_at__lt=at) | Q(latest_seen_at=None))

    def with_identifier(self, people: QuerySet[Profile], name: str, value: str) -> QuerySet[Profile]:
        own = Identifier.objects.filter(profile=OuterRef("pk"))
        if value == "anonymous":
            return people.exclude(Exists(own.exclude(type=Identifier.Type.ANONYMOUS_ID)))
        return people.filter(Exists(own.filter(type=value)))

    def found_by(self, people: QuerySet[Profile], name: str, value: str) -> QuerySet[Profile]:
        return people.filter(search.matching(value))

    def with_address(self, people: Any, name: str, value: str) -> Any:
        return people.reachable_by(name, has=value == "1")

    def with_consent(self, people: Any, name: str, value: str) -> Any:
        channel, _mark, status = value.partition(":")
        return people.with_consent(channel, status)

    def untouched(self, people: QuerySet[Profile], name: str, value: str) -> QuerySet[Profile]:
        return people  # read together with `import`, which is no name for an attribute of a class

    def filter_queryset(self, queryset: Any) -> Any:
        people = super().filter_queryset(queryset)
        if ids := ids_of(self.data):
            people = people.filter(pk__in=ids)
        for key, text in attribute_pairs(self.data):
            people = people.with_attribute(key, text)
        if (import_id := _integer(self.data.get("import"))) is not None:
            rows = ImportedPerson.objects.filter(of=import_id)
            if outcome := self.form.cleaned_data.get("outcome"):
                rows = rows.filter(outcome=outcome)
            people = people.filter(pk__in=rows.values("profile_id"))
        return people


def _narrow(people: Any, name: str, value: str) -> Any:
    return _extras[name].narrow(people, value)


@dataclass(frozen=True)
class Chip:
    """A filter that is on, in words, and the address of the list without it."""

    label: str
    url: str


def attribute_pairs(data: Any) -> list[tuple[str, str]]:
    """Return the (key, text) of every `is=key:text` in the address."""
    given = data.getlist("is") if hasattr(data, "getlist") else data.get("is", [])
    pairs = [text.partition(ATTRIBUTE_MARK) for text in given[:MOST_ATTRIBUTES]]
    return [(key, text) for key, mark, text in pairs if key and mark]


def ids_of(data: Any) -> list[int]:
    """Return the people picked by hand: every `id` of the address."""
    given = data.getlist("id") if hasattr(data, "getlist") else []
    return [number for text in given[:MOST_PICKED] if (number := _integer(text)) is not None]


def sort_of(data: Any) -> str:
    return data.get("sort") if data.get("sort") in SORTS else "newest"


def chips(query: QueryDict) -> list[Chip]:
    """Return the filters that are on. One query when people of an import are asked for."""
    said = []
    if picked := len(ids_of(query)):
        label = ngettext("%(count)s person picked", "%(count)s people picked", picked) % {"count": picked}
        said.append(Chip(label, _without(query, "id")))
    for key, text in attribute_pairs(query):
        said.append(Chip(f"{key}: {text}", _without(query, "is", f"{key}{ATTRIBUTE_MARK}{text}")))
    for name, label in _simple_words(query):
        said.append(Chip(label, _without(query, name)))
    if (import_id := _integer(query.get("import"))) is not None:
        file = Import.objects.filter(pk=import_id).values_list("name", flat=True).first() or import_id
        outcome = dict(ImportedPerson.Outcome.choices).get(query.get("outcome", ""))
        label = _("Import: %(file)s") % {"file": file}
        said.append(Chip(f"{label} ({outcome})" if outcome else label, _without(query, "import", drop=("outcome",))))
    return said


def _simple_words(query: QueryDict) -> list[tuple[str, str]]:
    form = PersonFilter(query, queryset=Profile.objects.none()).form
    data = form.cleaned_data if form.is_valid() else {}
    words = []
    if data.get("q"):
        words.append(("q", _("Search: %(text)s") % {"text": data["q"]}))
    for name in ("email", "phone"):
        if data.get(name):
            words.append((name, f"{form.fields[name].label}: {dict(YES_NO)[data[name]]}"))
    if data.get("consent"):
        words.append(("consent", str(dict(CONSENTS)[data["consent"]])))
    if data.get("known_by"):
        words.append(("known_by", f"{form.fields['known_by'].label} {dict(KNOWN_BY)[data['known_by']]}"))
    for key, extra in _extras.items():
        if data.get(key):
            words.append((key, f"{extra.label}: {dict(extra.choices()).get(data[key], data[key])}"))
    for name in ("created_since", "seen_since", "not_seen_since"):
        if data.get(name):
            words.append((name, f"{form.fields[name].label} {date_format(data[name], 'j M Y')}"))
    return words


def _without(query: QueryDict, name: str, value: str | None = None, drop: tuple[str, ...] = ()) -> str:
    rest = query.copy()
    kept = [other for other in rest.getlist(name) if other != value] if value is not None else []
    rest.setlist(name, kept)
    for other in (*drop, "after", "before"):
        rest.pop(other, None)
    return f"?{rest.urlencode()}"


def _integer(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() and len(text) < 18 else None
