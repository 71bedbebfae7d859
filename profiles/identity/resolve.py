"""Which profile do these identifiers mean? Reads, locks and writes around the pure plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from zlib import crc32

from django.db import connection, transaction

from profiles import bulk, changes, search, tombstones
from profiles.identity import merge, rules
from profiles.identity.plan import Claim, Group, Key, No, Plan, Standing, distinct_keys, root_of, without_erased
from profiles.models import Identifier, Profile

MOST_TRIES = 5
QUEUES = 256  # identifiers of one queue wait for each other
LOCK_SPACE = 0x1D  # the first number of our advisory locks
SEEN_PRECISION = timedelta(days=1)
REFUSED_PRECISION = timedelta(hours=1)

# Identifier types that are also addresses one can be reached at.
CONTACT_TYPES = (Identifier.Type.EMAIL, Identifier.Type.PHONE)


class ContentionError(Exception):
    """Others kept changing the same people; doing the transaction again helps."""

    permanent = False


class ErasedError(Exception):
    """Some claims are about people who were erased: their places, and the identifiers that say so."""

    permanent = True

    def __init__(self, places: dict[int, list[Key]]) -> None:
        super().__init__(f"{len(places)} claims are about people who were erased")
        self.places = places


class _OutdatedError(Exception):
    """What the plan was made from has changed meanwhile."""


@dataclass(frozen=True)
class Newcomer:
    """A person about to be made: the id, since when, the identifiers, and which of the claims (by index) mean them."""

    id: int
    since: datetime
    identifiers: tuple[Key, ...]
    claims: tuple[int, ...]


class Onlooker(Protocol):
    """A caller that writes new people whole, instead of bare and then once more. Both may be called again on a new try."""

    def found(self, owners: Mapping[Key, int]) -> None:
        """Hear which identifiers existed before, and whose they are."""

    def make(self, newcomers: Sequence[Newcomer]) -> None:
        """Insert the profiles, with the words they are found by."""


def resolve(
    *, claims: Sequence[Claim], now: datetime, refreshes_search: bool = True, onlooker: Onlooker | None = None
) -> list[int]:
    """Return the id of the surviving profile each claim means, making and merging profiles on the way.

    1. Load the owners of all identifiers, and what those owners have (3 queries; the first alone when all is known).
    2. Decide in memory (see `plan`).
    3. Queue up for the identifiers to be made, lock the people in id order, and look again whether the facts still hold;
       else start over.
    4. Write new people, merges, identifiers and contact points; refresh the search; publish `profile_changed`.

    Costs a fixed number of statements per batch. Call it in the transaction of the facts that brought the claims. Claims
    must carry at least one identifier; earlier claims go first. Raises ContentionError after MOST_TRIES, and ErasedError
    when claims are about people who were erased (see `resolve_living`). Without `refreshes_search` the caller refreshes
    the search itself, for those who are new or got identifiers. An `onlooker` writes the new people itself.
    """
    if not claims:
        return []
    claims = _without_blocked(claims)
    keys = distinct_keys(claims)
    for _ in range(MOST_TRIES):
        try:
            with transaction.atomic():
                return _resolve(claims, keys, now, refreshes_search, onlooker)
        except _OutdatedError:
            continue
    raise ContentionError(f"{len(keys)} identifiers kept changing")


def resolve_living(*, claims: Sequence[Claim], now: datetime, refreshes_search: bool = True) -> list[int | None]:
    """Resolve as `resolve` does; the place of a claim about somebody who was erased holds None, and that is counted."""
    found: list[int | None] = [None] * len(claims)
    left = list(enumerate(claims))
    while left:
        try:
            ids = resolve(claims=[claim for _, claim in left], now=now, refreshes_search=refreshes_search)
        except ErasedError as error:
            times = Counter(key for keys in error.places.values() for key in keys)
            tombstones.count_refusals(times, now=now)
            left = [one for place, one in enumerate(left) if place not in error.places]
            continue
        for (place, _), profile_id in zip(left, ids, strict=True):
            found[place] = profile_id
        break
    return found


def origins_of(profile_id: int) -> list[int]:
    """Return the profiles that were merged into this one; their events are this person's."""
    return list(Profile.objects.filter(merged_into=profile_id).order_by("pk").values_list("pk", flat=True))


def _resolve(
    claims: Sequence[Claim], keys: list[Key], now: datetime, refreshes_search: bool, onlooker: Onlooker | None
) -> list[int]:
    found = _owners(keys)
    owners = {key: owner for key, (_, owner) in found.items()}
    if onlooker is not None:
        onlooker.found(owners)
    # After the owners: whoever is erased in between is then seen as buried, not as a new person.
    claims = _of_the_living(claims, owners)
    if _is_settled(claims, owners):
        _touch(claims, found)
        return [owners[claim.identifiers[0]] for claim in claims]
    if _queue_up([key for key in keys if key not in owners]):
        found = _owners(keys)
        owners = {key: owner for key, (_, owner) in found.items()}
        if onlooker is not None:
            onlooker.found(owners)
    standings = _standings(sorted(set(owners.values())))
    if standings.keys() != set(owners.values()):
        raise _OutdatedError  # one of them was merged away or erased since
    plan = Plan(owners=owners, standings=standings, rules=rules.current())
    plan.take(claims)
    groups = plan.groups
    known = {group.id for group in groups if group.id is not None}
    _lock(groups, owners)
    _make(plan, groups, now, onlooker)
    merge.carry_out([join for group in groups for join in group.absorbed], now=now)
    _add_identifiers(groups)
    _note(plan.refused)
    _touch(claims, found)
    changed = [group.id for group in groups if group.id is not None]
    if refreshes_search:
        search.refresh(sorted(known))  # new people were made with their words
    gone = [join.origin for group in groups for join in group.absorbed]
    changes.profile_changed(profile_ids=[*changed, *gone], attributes=[changes.ANYTHING], now=now)
    return [root_of(group).id or 0 for group in plan.of]


def _queue_up(unknown: Sequence[Key]) -> bool:
    """Let one transaction at a time make an identifier, before it holds any person; say whether there was anything to make.

    Two that make the same would wait at its index entry while one holds people whom the other needs. The order everywhere:
    identifiers to be made (advisory locks, by number), people by id, the rest.
    """
    numbers = sorted({crc32(f"{kind} {value}".encode()) % QUEUES for kind, value in unknown})
    if not numbers:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, number) FROM unnest(%s::int[]) AS wanted (number)",
            [LOCK_SPACE, bulk.numbers(numbers)],
        )
    return True


def _of_the_living(claims: Sequence[Claim], owners: dict[Key, int]) -> Sequence[Claim]:
    """Return the claims without identifiers of erased people; raise ErasedError for those about nobody else. One query."""
    buried = tombstones.among([key for key in distinct_keys(claims) if key not in owners])
    if not buried:
        return claims
    living, erased = [], {}
    for place, claim in enumerate(claims):
        rest = without_erased(claim, buried, owners)
        if rest is None:
            erased[place] = [key for key in claim.identifiers if key in buried]
        else:
            living.append(rest)
    if erased:
        raise ErasedError(erased)
    return living


def _owners(keys: list[Key]) -> dict[Key, tuple[int, int]]:
    """Return {key: (identifier id, profile id)} of the identifiers that exist. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.type, i.value, i.id, i.profile_id FROM unnest(%s::text[], %s::text[]) AS wanted (type, value)"
            " JOIN profiles_identifier i ON i.type = wanted.type AND i.value = wanted.value",
            [bulk.texts(key[0] for key in keys), bulk.texts(key[1] for key in keys)],
        )
        return {(kind, value): (pk, profile_id) for kind, value, pk, profile_id in cursor.fetchall()}


def _is_settled(claims: Sequence[Claim], owners: dict[Key, int]) -> bool:
    return all(len({owners.get(key) for key in claim.identifiers}) == 1 for claim in claims) and len(owners) == len(
        {key for claim in claims for key in claim.identifiers}
    )


def _standings(profile_ids: list[int]) -> dict[int, Standing]:
    """Return what these profiles have, for the rules. Two queries; none for nobody."""
    if not profile_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id, i.type, array_agg(i.first_seen_at),"
            " (SELECT count(*) FROM profiles_merge m WHERE m.root_id = p.id AND m.reversed_at IS NULL)"
            " FROM unnest(%s::bigint[]) AS p (id) JOIN profiles_identifier i ON i.profile_id = p.id GROUP BY p.id, i.type",
            [bulk.numbers(profile_ids)],
        )
        rows: dict[int, list[Any]] = {}
        for pk, *rest in cursor.fetchall():
            rows.setdefault(pk, []).append(rest)
    apart = _kept_apart(profile_ids)
    return {
        pk: Standing(
            seen={kind: moments for kind, moments, _ in kinds},
            merges=kinds[0][2],
            apart=frozenset(apart.get(pk, ())),
        )
        for pk, kinds in rows.items()
    }


def _kept_apart(profile_ids: list[int]) -> dict[int, set[int]]:
    """Return {survivor: survivors that a person said are somebody else}, counting what was said about their origins."""
    found: dict[int, set[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH members AS (SELECT id FROM unnest(%(ids)s::bigint[]) AS given (id)"
            " UNION SELECT id FROM profiles_profile WHERE merged_into_id = ANY(%(ids)s))"
            " SELECT coalesce(a.merged_into_id, a.id), coalesce(b.merged_into_id, b.id) FROM profiles_keptapart kept"
            " JOIN profiles_profile a ON a.id = kept.one_id JOIN profiles_profile b ON b.id = kept.other_id"
            " WHERE kept.one_id IN (SELECT id FROM members) OR kept.other_id IN (SELECT id FROM members)",
            {"ids": profile_ids},
        )
        for one, other in cursor.fetchall():
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
    return found


def _without_blocked(claims: Sequence[Claim]) -> Sequence[Claim]:
    """Leave out values that name nobody. A claim of nothing else is the door's to refuse (see `normalize`)."""
    known = rules.current()
    if not known.blocked:
        return claims
    found = []
    for claim in claims:
        kept = tuple(key for key in claim.identifiers if not known.blocks(*key))
        found.append(replace(claim, identifiers=kept) if kept else claim)
    return found


def _lock(groups: list[Group], owners: dict[Key, int]) -> None:
    """Lock everybody who is meant, in id order; raise when one was merged away or lost an identifier meanwhile.

    Those who do not change are locked as well: what the callers write about them next must find no other order of locks.
    """
    ids = sorted({*owners.values(), *(pk for group in groups if group.id for pk in group.ids)})
    if not ids:
        return
    rows = Profile.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    if [pk for pk, merged in rows.values_list("pk", "merged_into_id") if merged is None] != ids:
        raise _OutdatedError
    concerned = set(ids)
    keys = sorted(key for key, owner in owners.items() if owner in concerned)
    if {key: owner for key, (_, owner) in _owners(keys).items()} != {key: owners[key] for key in keys}:
        raise _OutdatedError


def _make(plan: Plan, groups: list[Group], now: datetime, onlooker: Onlooker | None) -> None:
    new = [group for group in groups if group.id is None]
    if not new:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('profiles_profile', 'id')) FROM generate_series(1, %s)", [len(new)])
        for group, (pk,) in zip(new, cursor.fetchall(), strict=True):
            group.id = pk
        if onlooker is not None:
            onlooker.make(_newcomers(plan, new, now))
            return
        # One statement with three arrays: the ORM would write out ten values a person.
        cursor.execute(
            "INSERT INTO profiles_profile (id, created_at, updated_at, attributes, attribute_facts, version, is_test, search)"
            " SELECT id, since, %s, '{}', '{}', 1, false, array_to_tsvector(string_to_array(words, ' '))"
            " FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[]) AS new (id, since, words)",
            [
                now,
                bulk.numbers(group.id or 0 for group in new),
                bulk.moments(min(group.since or now, now) for group in new),
                bulk.texts(search.words_of_all(group.added) for group in new),
            ],
        )


def _newcomers(plan: Plan, new: list[Group], now: datetime) -> list[Newcomer]:
    whose: dict[int, list[int]] = {}
    for index, group in enumerate(plan.of):
        whose.setdefault(root_of(group).id or 0, []).append(index)
    return [
        Newcomer(group.id, min(group.since or now, now), tuple(group.added), tuple(whose[group.id]))
        for group in new
        if group.id is not None
    ]


def _add_identifiers(groups: list[Group]) -> None:
    # Sorted, so that two batches that add the same identifiers wait for each other instead of dying in a deadlock.
    rows = sorted((key, group.id, claim) for group in groups for key, claim in group.added.items())
    if not rows:
        return
    with connection.cursor() as cursor:
        # One statement for both tables: an address is an identifier and a contact point at once.
        cursor.execute(
            "WITH added AS ("
            "  INSERT INTO profiles_identifier (type, value, profile_id, source, first_seen_at, latest_seen_at)"
            "  SELECT type, value, profile_id, source, at, at"
            "  FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::timestamptz[])"
            "  AS new (type, value, profile_id, source, at) ON CONFLICT (type, value) DO NOTHING"
            "  RETURNING type, value, profile_id, first_seen_at"
            "), points AS ("
            "  INSERT INTO profiles_contactpoint (kind, address, profile_id, created_at)"
            "  SELECT type, value, profile_id, first_seen_at FROM added WHERE type = ANY(%s::text[])"
            "  ON CONFLICT (kind, address) DO UPDATE SET profile_id = excluded.profile_id"
            ") SELECT count(*) FROM added",
            [
                bulk.texts(key[0] for key, _, _ in rows),
                bulk.texts(key[1] for key, _, _ in rows),
                bulk.numbers(pk or 0 for _, pk, _ in rows),
                bulk.texts(claim.source[:80] for _, _, claim in rows),
                bulk.moments(claim.at for _, _, claim in rows),
                bulk.texts(CONTACT_TYPES),
            ],
        )
        if cursor.fetchone() != (len(rows),):
            raise _OutdatedError  # somebody else made one of them first; their owner is seen on the next try


def _note(refused: Sequence[No]) -> None:
    """Write down what the rules left out. One statement; the same refusal again at most once an hour."""
    rows = {}
    for no in refused:
        person, owner = root_of(no.person), root_of(no.owner) if no.owner else None
        if person is not owner:
            rows[(person.id, *no.key, no.rule.value)] = (owner.id if owner else None, no.claim.source[:80], no.claim.at)
    if not rows:
        return
    ordered = sorted(rows.items())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO profiles_refusal AS held (profile_id, type, value, rule, owner_id, source, first_at, latest_at)"
            " SELECT profile_id, type, value, rule, owner_id, source, at, at FROM unnest(%s::bigint[], %s::text[], %s::text[],"
            " %s::text[], %s::bigint[], %s::text[], %s::timestamptz[])"
            " AS new (profile_id, type, value, rule, owner_id, source, at)"
            " ON CONFLICT (profile_id, type, value, rule) DO UPDATE SET latest_at = excluded.latest_at,"
            " owner_id = excluded.owner_id WHERE held.latest_at < excluded.latest_at - make_interval(secs => %s)",
            [
                *(list(column) for column in zip(*((*key, *value) for key, value in ordered), strict=True)),
                REFUSED_PRECISION.total_seconds(),
            ],
        )


def _touch(claims: Sequence[Claim], found: dict[Key, tuple[int, int]]) -> None:
    """Move `latest_seen_at` of known identifiers on, at most once a day each; rows that others hold are left to them."""
    latest: dict[int, datetime] = {}
    for claim in claims:
        for key in claim.identifiers:
            if key in found:
                pk = found[key][0]
                latest[pk] = max(latest.get(pk, claim.at), claim.at)
    if not latest:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE profiles_identifier i SET latest_seen_at = seen.at FROM"
            " (SELECT held.id, wanted.at"
            " FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS wanted (id, before, at)"
            " JOIN profiles_identifier held ON held.id = wanted.id AND held.latest_seen_at < wanted.before"
            " FOR UPDATE OF held SKIP LOCKED) AS seen WHERE i.id = seen.id",
            [
                bulk.numbers(latest),
                bulk.moments(at - SEEN_PRECISION for at in latest.values()),
                bulk.moments(latest.values()),
            ],
        )
