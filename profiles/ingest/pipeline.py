"""What happens to calls once they are read? `STEPS`, in this order, for a whole batch at a time.

Each step is one small function over the batch; it may take calls out with a reason of `Drop`. Every fact is loaded and
written with a fixed number of statements per batch. All of it happens in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from omni.models import Company
from profiles import attributes, bulk, changes, identity, schema
from profiles.commerce import events
from profiles.ingest import facts, store, tally, visitors
from profiles.ingest.spec import Call, Drop
from profiles.models import EventDef, Source
from profiles.models.event import new_event_id


@dataclass
class Batch:
    """Calls on their way through the steps, in the order of arrival."""

    calls: list[Call]
    now: datetime
    refused: list[tuple[Call, Drop]] = field(default_factory=list)
    repeated: list[Call] = field(default_factory=list)
    defs: dict[str, EventDef] = field(default_factory=dict)

    @property
    def events(self) -> list[Call]:
        return [call for call in self.calls if call.name]

    def refuse(self, reasons: dict[int, Drop]) -> None:
        """Take the calls at these places out."""
        self.refused += [(self.calls[place], reason) for place, reason in reasons.items()]
        self.calls = [call for place, call in enumerate(self.calls) if place not in reasons]


def run(*, calls: Sequence[Call], now: datetime) -> Batch:
    """Take these calls through all steps; return what became of them. Raises what the database raises."""
    batch = Batch(list(calls), now)
    for step in STEPS:
        if batch.calls:
            step(batch)
    return batch


def name_events(batch: Batch) -> None:
    """Find or make the definitions of the events; outsiders may not speak in the name of Omni itself."""
    names = {call.name for call in batch.events}
    batch.defs = schema.event_defs(names=names, now=batch.now) if names else {}
    reasons = {}
    for place, call in enumerate(batch.calls):
        if call.name and call.name not in batch.defs:
            reasons[place] = Drop.TOO_MANY_NAMES
        elif call.name and batch.defs[call.name].is_internal:
            reasons[place] = Drop.RESERVED_NAME
    batch.refuse(reasons)


def skip_repeated(batch: Batch) -> None:
    """Keep the first call with each message id, of this batch and of the 30 days before."""
    first: dict[tuple[int, str], Call] = {}
    for call in batch.calls:
        first.setdefault((call.origin.source_id, call.key), call)
    # Sorted: two workers with the same messages wait for each other, and the later one sees them as repeated.
    keys = sorted(first)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO profiles_seenmessage (source_id, key, seen_at)"
            " SELECT source_id, key, %s FROM unnest(%s::bigint[], %s::uuid[]) AS new (source_id, key)"
            " ON CONFLICT DO NOTHING RETURNING source_id, replace(key::text, '-', '')",
            [batch.now, [source_id for source_id, _ in keys], [key for _, key in keys]],
        )
        fresh = {id(first[row]) for row in cursor.fetchall()}
    batch.repeated += [call for call in batch.calls if id(call) not in fresh]
    batch.calls = [call for call in batch.calls if id(call) in fresh]


def doubt_visitors(batch: Batch) -> None:
    """Leave unproven claims of visitors with their anonymous ids; refuse those that have none."""
    strict = visitors.strict_sources(sorted({call.origin.source_id for call in batch.calls}))
    doubtful = visitors.unproven([call for call in batch.calls if call.origin.source_id in strict]) if strict else []
    for call in doubtful:
        call.identifiers = tuple(key for key in call.identifiers if key[0] == visitors.ANONYMOUS)
        call.traits, call.created_at, call.is_doubted = {}, None, True
    batch.refuse({place: Drop.UNPROVEN for place, call in enumerate(batch.calls) if not call.identifiers})


def find_people(batch: Batch) -> None:
    """Say whose each call is, making and joining people on the way."""
    names = _source_names(batch)
    earliest: dict[tuple[identity.Key, ...], Call] = {}
    for call in batch.calls:
        held = earliest.setdefault(call.identifiers, call)
        if call.time < held.time:
            earliest[call.identifiers] = call
    claims = [identity.Claim(identifiers, names[call.origin.source_id], call.time) for identifiers, call in earliest.items()]
    whose = dict(zip(earliest, identity.resolve_living(claims=claims, now=batch.now), strict=True))
    batch.refuse({place: Drop.ERASED for place, call in enumerate(batch.calls) if whose[call.identifiers] is None})
    for call in batch.calls:
        call.profile_id = whose[call.identifiers] or 0


def hold_people(batch: Batch) -> None:
    """Lock everybody the batch is about, in id order and before anything is written about them.

    The steps below write about different ones of them: two batches would else meet in different orders.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM profiles_profile WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE",
            [bulk.numbers(sorted({call.profile_id for call in batch.calls}))],
        )


def write_attributes(batch: Batch) -> None:
    """Fold the traits into the people, and move back when they became known where the sender knows better."""
    names = _source_names(batch)
    attributes.apply(
        changes=[
            attributes.Change(call.profile_id, call.traits, call.time, names[call.origin.source_id])
            for call in batch.calls
            if call.traits
        ],
        now=batch.now,
    )
    made = {call.profile_id: call.created_at for call in batch.calls if call.created_at}
    if made:
        _move_back(made)


def write_events(batch: Batch) -> None:
    """Append the events, and remember their properties and who was seen when."""
    events = batch.events
    if not events:
        return
    store.copy(
        [
            store.Row(
                call.time,
                new_event_id(),
                call.profile_id,
                batch.defs[call.name].pk,
                call.value,
                call.properties,
                call.origin.source_id,
                call.origin.received_at,
            )
            for call in events
        ]
    )
    types = {name: schema.types_of(call.properties for call in group) for name, group in _by_name(events).items()}
    schema.learn_events(defs={name: batch.defs[name] for name in types}, types=types, now=batch.now)
    latest: dict[int, datetime] = {}
    for call in events:
        latest[call.profile_id] = max(latest.get(call.profile_id, call.time), call.time)
    facts.see(latest=latest)


def keep_shop(batch: Batch) -> None:
    """Keep catalog and orders in step with the e-commerce events of the batch."""
    said = [call for call in batch.events if events.is_about_commerce(call.name)]
    if not said:
        return
    servers = set(
        Source.objects.filter(pk__in={call.origin.source_id for call in said})
        .exclude(kind=Source.Kind.BROWSER)
        .values_list("pk", flat=True)
    )
    happenings = [
        events.Happening(
            call.name, call.profile_id, call.time, call.properties, call.origin.source_id, call.origin.source_id in servers
        )
        for call in said
    ]
    events.record(happenings=happenings, default_currency=_currency(), now=batch.now)


def tell(batch: Batch) -> None:
    """Let downstream know whose events of which names were recorded."""
    for name, group in _by_name(batch.events).items():
        changes.event_recorded(profile_ids=[call.profile_id for call in group], events=[name], now=batch.now)


def count_events(batch: Batch) -> None:
    """Add the events to the day's numbers, last: workers wait for each other at these rows."""
    tally.add_events(calls=batch.events, name_ids={name: found.pk for name, found in batch.defs.items()}, now=batch.now)


STEPS: tuple[Callable[[Batch], None], ...] = (
    name_events,
    skip_repeated,
    doubt_visitors,
    find_people,
    hold_people,
    write_attributes,
    write_events,
    keep_shop,
    tell,
    count_events,
)


def _source_names(batch: Batch) -> dict[int, str]:
    ids = {call.origin.source_id for call in batch.calls}
    return dict(Source.objects.filter(pk__in=ids).values_list("pk", "name"))


def _currency() -> str:
    """Return the currency of amounts that name none."""
    return Company.objects.values_list("currency", flat=True).first() or "EUR"


def _by_name(events: Sequence[Call]) -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = {}
    for call in events:
        found.setdefault(call.name, []).append(call)
    return found


def _move_back(made: dict[int, datetime]) -> None:
    ids = sorted(made)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE profiles_profile p SET created_at = made.at FROM unnest(%s::bigint[], %s::timestamptz[]) AS made (id, at)"
            " WHERE p.id = made.id AND p.created_at > made.at",
            [ids, [made[pk] for pk in ids]],
        )
