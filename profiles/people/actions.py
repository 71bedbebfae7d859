"""How is one thing done to many people, so that it survives a crash and can be taken back?

The people are written down when the action is made: their number is exact and stays. A worker takes them chunk by chunk,
each chunk in one transaction with its progress and the values before. Taking back gives these values back, unless somebody
changed them since.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from omni import audit
from profiles import attributes, changes
from profiles.models import PeopleAction, PeopleActionRow, Profile

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from omni.models import User

CHUNK = 1_000
TAGS = "tags"
IS_TEST = "is_test"
KEPT_FOR = timedelta(days=30)
State = PeopleAction.State

# Of the value before and the parameters, the value after; None takes it away.
Rule = Callable[[Any, dict[str, Any]], Any]


def _add_tag(before: Any, params: dict[str, Any]) -> Any:
    tags = before if isinstance(before, list) else []
    return tags if params["tag"] in tags else [*tags, params["tag"]]


def _remove_tag(before: Any, params: dict[str, Any]) -> Any:
    if not isinstance(before, list) or params["tag"] not in before:
        return before
    return [tag for tag in before if tag != params["tag"]] or None


KINDS: dict[str, tuple[Any, Rule]] = {
    "attribute": (gettext_lazy("Set an attribute"), lambda before, params: params["value"]),
    "tag_add": (gettext_lazy("Add a tag"), _add_tag),
    "tag_remove": (gettext_lazy("Remove a tag"), _remove_tag),
    "test_on": (gettext_lazy("Mark as test people"), lambda before, params: True),
    "test_off": (gettext_lazy("Mark as real people"), lambda before, params: False),
}


def in_words(action: PeopleAction) -> str:
    """Return what the action does, as a sentence without the people."""
    params = action.params
    if "tag" in params:
        text = _("Add the tag “%(tag)s”") if action.kind == "tag_add" else _("Remove the tag “%(tag)s”")
        return text % {"tag": params["tag"]}
    if "key" in params:
        return _("Set “%(key)s” to “%(value)s”") % {"key": params["key"], "value": params["value"]}
    return str(KINDS[action.kind][0])


def start(*, kind: str, params: dict[str, Any], people: QuerySet[Profile], by: User, now: datetime) -> PeopleAction:
    """Write down what is to be done to whom. Raises KeyError for a kind that is not there. One INSERT ... SELECT."""
    KINDS[kind]
    with transaction.atomic():
        action = PeopleAction.objects.create(kind=kind, params=params, people_total=0, created_by=by, created_at=now)
        sql, values = people.order_by().values("pk").query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO profiles_peopleactionrow (action_id, profile_id, is_waiting)"  # noqa: S608  (Django's own SQL)
                f" SELECT %s, asked.id, true FROM ({sql}) AS asked (id) ORDER BY asked.id",
                [action.pk, *values],
            )
            action.people_total = cursor.rowcount
        action.save(update_fields=["people_total"])
        told = {"kind": kind, "people": action.people_total, **({"key": params["key"]} if "key" in params else {})}
        audit.record(actor=by, action="people.change", obj=action, after=told, now=now)
    return action


def undo(*, action: PeopleAction, by: User, now: datetime) -> bool:
    """Begin to take an action back; return whether it was one that is done."""
    with transaction.atomic():
        turned = PeopleAction.objects.filter(pk=action.pk, state=State.DONE)
        if not turned.update(state=State.UNDOING, people_done=0, finished_at=None):
            return False
        PeopleActionRow.objects.filter(action=action, before__isnull=False).update(is_waiting=True)
        audit.record(actor=by, action="people.change_undo", obj=action, now=now)
        return True


def run(*, now: datetime) -> bool:
    """Do one chunk of the oldest action that is under way; False when there is none that nobody works on."""
    with transaction.atomic():
        under_way = PeopleAction.objects.filter(state__in=[State.RUNNING, State.UNDOING]).order_by("pk")
        action = under_way.select_for_update(skip_locked=True).first()
        if action is None:
            return False
        rows = list(action.rows.filter(is_waiting=True).order_by("pk")[:CHUNK])
        if not rows:
            state = State.DONE if action.state == State.RUNNING else State.UNDONE
            PeopleAction.objects.filter(pk=action.pk).update(state=state, finished_at=now)
            return True
        work = _take_back if action.state == State.UNDOING else _carry_out
        changed = work(action, rows, now)
        PeopleActionRow.objects.filter(pk__in=[row.pk for row in rows]).update(is_waiting=False)
        counts: dict[str, Any] = {"people_done": F("people_done") + len(rows)}
        if action.state == State.RUNNING:
            counts["people_changed"] = F("people_changed") + changed
        PeopleAction.objects.filter(pk=action.pk).update(**counts)
        return True


def forget(*, now: datetime) -> int:
    """Throw away actions that are too old to be taken back; return how many."""
    return PeopleAction.objects.filter(finished_at__lt=now - KEPT_FOR).delete()[0]


def _key(action: PeopleAction) -> str:
    return str(action.params.get("key", TAGS))


def _people(rows: Sequence[PeopleActionRow]) -> dict[int, Profile]:
    """Return the locked people of these rows that were not merged away meanwhile."""
    ids = [row.profile_id for row in rows]
    found = Profile.objects.filter(pk__in=ids, merged_into=None).order_by("pk").select_for_update(no_key=True)
    return {person.pk: person for person in found.only("attributes", "attribute_facts", "is_test")}


def _carry_out(action: PeopleAction, rows: Sequence[PeopleActionRow], now: datetime) -> int:
    people = _people(rows)
    if action.kind in ("test_on", "test_off"):
        wanted = action.kind == "test_on"
        turned = [row for row in rows if row.profile_id in people and people[row.profile_id].is_test != wanted]
        for row in turned:
            row.before = [True, not wanted]
        PeopleActionRow.objects.bulk_update(turned, ["before"])
        _mark([row.profile_id for row in turned], is_test=wanted, now=now)
        return len(turned)
    key, rule = _key(action), KINDS[action.kind][1]
    wanted_values: dict[int, Any] = {}
    for row in rows:
        person = people.get(row.profile_id)
        before = person.attributes.get(key) if person else None
        after = rule(before, action.params)
        if person is not None and (after != before or type(after) is not type(before)):
            row.before = [key in person.attributes, before]
            wanted_values[person.pk] = after
    PeopleActionRow.objects.bulk_update([row for row in rows if row.before is not None], ["before"])
    _set(key, wanted_values, f"action:{action.pk}", now)
    return len(wanted_values)


def _take_back(action: PeopleAction, rows: Sequence[PeopleActionRow], now: datetime) -> int:
    people = _people(rows)
    if action.kind in ("test_on", "test_off"):
        wanted = action.kind != "test_on"
        _mark([pk for pk, person in people.items() if person.is_test != wanted], is_test=wanted, now=now)
        return len(people)
    key, source = _key(action), f"action:{action.pk}"
    values: dict[int, Any] = {}
    for row in rows:
        person = people.get(row.profile_id)
        if person is not None and person.attribute_facts.get(key, ["", ""])[1] == source:
            values[person.pk] = row.before[1] if row.before and row.before[0] else None
    _set(key, values, f"{source} undone", now)
    return len(values)


def _set(key: str, values: dict[int, Any], source: str, now: datetime) -> None:
    attributes.apply(changes=[attributes.Change(pk, {key: value}, now, source) for pk, value in values.items()], now=now)


def _mark(ids: Sequence[int], *, is_test: bool, now: datetime) -> None:
    if ids:
        Profile.objects.filter(pk__in=ids).update(is_test=is_test, updated_at=now, version=F("version") + 1)
        changes.profile_changed(profile_ids=ids, attributes=[IS_TEST], now=now)
