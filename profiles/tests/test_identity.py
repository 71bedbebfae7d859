"""Which profile do identifiers mean; when do two become one, also when many ask at once?"""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import phonenumbers
import pytest
from django.db import connection, connections, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from omni import feed
from omni.models import FeedEntry
from profiles import attributes, identity
from profiles.identity import Claim, Key, normalize
from profiles.identity.plan import Plan
from profiles.identity.rules import DEFAULTS
from profiles.models import ContactPoint, Identifier, Merge, Profile
from tests.house import NOW

USER, EMAIL, PHONE, VISITOR = "user_id", "email", "phone", "anonymous_id"


def claim(*identifiers: Key, at: datetime = NOW) -> Claim:
    return Claim(identifiers, "test", at)


def resolve(*claims: Claim) -> list[int]:
    return identity.resolve(claims=claims, now=NOW)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (EMAIL, " Anna.B@Example.COM ", "anna.b@example.com"),
        (EMAIL, "anna@пример.рф", "anna@xn--e1afmkfd.xn--p1ai"),
        (EMAIL, "anna@shop.test", "anna@shop.test"),
        (EMAIL, "no mail", None),
        (EMAIL, "a@b", None),
        (EMAIL, "null@example.com", None),
        (EMAIL, "test@test.com", None),
        (EMAIL, "a@example.com\r\nBcc: b@example.com", None),
        (PHONE, "+359 (88) 123-45-67", "+359881234567"),
        (PHONE, "00359881234567", "+359881234567"),
        (PHONE, "0881234567", None),
        (PHONE, "+79777777777", None),
        (PHONE, "+0", None),
        (USER, 12, "12"),
        (USER, 12.0, "12"),
        (USER, " 0042 ", "0042"),
        (USER, "Case", "Case"),
        (USER, "0", None),
        (USER, "00000000-0000-0000-0000-000000000000", None),
        (USER, "-1", None),
        (USER, "NULL", None),
        (USER, "undefined", None),
        (USER, "", None),
        (USER, None, None),
        (USER, True, None),
        (USER, {"id": 1}, None),
        (USER, "a\x00b", None),
        (USER, "x" * 256, None),
        (VISITOR, "anonymous", None),
    ],
)
def test_it_knows_one_spelling(kind: str, value: object, expected: str | None) -> None:
    assert normalize(kind, value) == expected


def test_numbers_written_plainly_are_read_as_the_parser_reads_them() -> None:
    chance = random.Random(20260304)
    for _ in range(3_000):
        country = chance.choice(list(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
        text = f"+{country}" + "".join(chance.choice("0123456789") for _ in range(chance.randint(3, 12)))

        # A space in between keeps it from being taken for plain.
        assert normalize(PHONE, text) == normalize(PHONE, f"{text[:-2]} {text[-2:]}"), text


def test_phones_without_a_country_are_read_by_the_region() -> None:
    assert normalize(PHONE, "0881234567", region="BG") == "+359881234567"
    assert normalize(PHONE, "8 (912) 345-67-80", region="RU") == "+79123456780"


@settings(max_examples=300)
@given(
    st.sampled_from([USER, EMAIL, PHONE, VISITOR]),
    st.text() | st.emails() | st.integers() | st.floats() | st.from_regex(r"\+[0-9 ()-]{5,20}"),
)
def test_normalizing_twice_changes_nothing(kind: str, value: object) -> None:
    once = normalize(kind, value)

    assert once is None or normalize(kind, once) == once


@pytest.mark.django_db
def test_the_same_identifiers_mean_the_same_person() -> None:
    first = resolve(claim((USER, "1")), claim((USER, "2")), claim((USER, "1")))
    again = resolve(claim((USER, "2")), claim((USER, "1")))

    assert first[0] == first[2] != first[1]
    assert again == [first[1], first[0]]


@pytest.mark.django_db
def test_addresses_become_contact_points() -> None:
    [anna] = resolve(claim((USER, "1"), (EMAIL, "anna@example.com"), (PHONE, "+359881234567")))

    assert set(ContactPoint.objects.values_list("profile", "kind", "address")) == {
        (anna, "email", "anna@example.com"),
        (anna, "phone", "+359881234567"),
    }


@pytest.mark.django_db
def test_a_visitor_becomes_known_and_the_known_profile_stays() -> None:
    [visitor] = resolve(claim((VISITOR, "a")))
    [known] = resolve(claim((USER, "1"), (EMAIL, "anna@example.com")))
    attributes.apply(
        changes=[
            attributes.Change(visitor, {"city": "Varna", "plan": "free"}, NOW, "test"),
            attributes.Change(known, {"plan": "pro"}, NOW - timedelta(days=1), "test"),
        ],
        now=NOW,
    )

    [together] = resolve(claim((USER, "1"), (VISITOR, "a")))

    assert together == known
    assert identity.origins_of(known) == [visitor]
    person = Profile.objects.get(pk=known)
    assert person.attributes == {"city": "Varna", "plan": "free"}
    assert resolve(claim((VISITOR, "a"))) == [known]
    merge = Merge.objects.get()
    assert (merge.root_id, merge.origin_id) == (known, visitor)
    assert merge.snapshot["origin"]["attributes"] == {"city": "Varna", "plan": "free"}
    assert merge.snapshot["root"]["attributes"] == {"plan": "pro"}
    assert len(merge.snapshot["root"]["identifiers"]) == 2


@pytest.mark.django_db
def test_chains_of_merges_are_one_step_deep() -> None:
    a, b, c = (resolve(claim((VISITOR, name)))[0] for name in "abc")
    resolve(claim((EMAIL, "x@example.com"), (VISITOR, "b"), (VISITOR, "c")))

    [root] = resolve(claim((EMAIL, "x@example.com"), (VISITOR, "a")))

    assert {profile.merged_into_id for profile in Profile.objects.filter(pk__in={a, b, c} - {root})} == {root}
    assert Identifier.objects.exclude(profile=root).count() == 0


@pytest.mark.django_db
def test_two_user_ids_are_never_joined() -> None:
    one, other = resolve(claim((USER, "1"), (VISITOR, "shared")), claim((USER, "2"), (EMAIL, "b@example.com")))

    assert resolve(claim((USER, "2"), (VISITOR, "shared"))) == [other]
    assert resolve(claim((USER, "1"), (EMAIL, "b@example.com"))) == [one]
    assert not Merge.objects.exists()
    assert resolve(claim((VISITOR, "shared"))) == [one]
    assert resolve(claim((EMAIL, "b@example.com"))) == [other]


@pytest.mark.django_db
def test_a_new_user_id_with_a_known_address_of_another_is_a_new_person() -> None:
    [one] = resolve(claim((USER, "1"), (EMAIL, "family@example.com")))

    [other] = resolve(claim((USER, "2"), (EMAIL, "family@example.com")))

    assert other != one
    assert ContactPoint.objects.get().profile_id == one


@pytest.mark.django_db
def test_what_is_over_the_limit_is_left_out() -> None:
    most = DEFAULTS[EMAIL].most
    people = {resolve(claim((USER, "1"), (EMAIL, f"a{number}@example.com")))[0] for number in range(most + 3)}

    assert len(people) == 1
    assert Identifier.objects.filter(type=EMAIL).count() == most


@pytest.mark.django_db
def test_it_tells_downstream_who_is_new_and_who_went(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "_consumers", {})
    feed.register(name="ear", kinds=["profile_changed"], handle=lambda entries, now: None)

    one, other = resolve(claim((VISITOR, "a")), claim((USER, "1")))
    resolve(claim((USER, "1"), (VISITOR, "a")))
    resolve(claim((USER, "1"), (VISITOR, "a")))

    told = [(entry.names, sorted(entry.profile_ids)) for entry in FeedEntry.objects.order_by("pk")]
    assert told == [(["*"], sorted([one, other]))] * 2


@pytest.mark.django_db
def test_a_batch_costs_the_same_number_of_queries_whatever_its_size(
    django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    def batch(first: int, count: int) -> list[Claim]:
        return [claim((USER, str(n)), (EMAIL, f"p{n}@example.com"), (VISITOR, f"v{n}")) for n in range(first, first + count)]

    resolve(
        *(claim((VISITOR, f"v{n}")) for n in range(0, 600, 2)), *(claim((EMAIL, f"p{n}@example.com")) for n in range(0, 600, 3))
    )
    with django_assert_max_num_queries(28):
        resolve(*batch(0, 10))
    with django_assert_max_num_queries(28):
        resolve(*batch(10, 590))
    with django_assert_num_queries(4):
        resolve(*batch(0, 600))

    assert Profile.objects.surviving().count() == 600


names = st.sampled_from(
    [(USER, "1"), (USER, "2"), (EMAIL, "a@x.de"), (EMAIL, "b@x.de"), (PHONE, "+1"), (VISITOR, "v"), (VISITOR, "w")]
)
claims_of = st.lists(st.lists(names, min_size=1, max_size=3, unique=True).map(lambda keys: claim(*keys)), min_size=1, max_size=8)


@settings(max_examples=300)
@given(claims_of)
def test_the_rules_hold_whatever_is_claimed(claims: list[Claim]) -> None:
    plan = Plan(owners={}, standings={})
    plan.take(claims)

    owned = list(itertools.chain.from_iterable(group.added for group in plan.groups))
    assert len(owned) == len(set(owned))
    for group in plan.groups:
        assert len({value for kind, value in group.added if kind == USER}) <= 1
        assert all(sum(kind == each for each, _ in group.added) <= limit.most for kind, limit in DEFAULTS.items())
    for each in claims:
        assert any(key in owned for key in each.identifiers)


@settings(max_examples=100)
@given(
    st.lists(
        st.lists(
            st.sampled_from([(EMAIL, "a@x.de"), (VISITOR, "v"), (VISITOR, "w"), (PHONE, "+1")]),
            min_size=1,
            max_size=3,
            unique=True,
        ),
        max_size=6,
    ),
    st.randoms(),
)
def test_without_conflicts_the_order_of_claims_does_not_matter(sets: list[list[Key]], chance: Any) -> None:
    def people(order: Sequence[list[Key]]) -> set[frozenset[Key]]:
        plan = Plan(owners={}, standings={})
        plan.take([claim(*keys) for keys in order])
        return {frozenset(group.added) for group in plan.groups}

    shuffled = list(sets)
    chance.shuffle(shuffled)

    assert people(sets) == people(shuffled)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_agree_on_who_is_who() -> None:
    """Eight threads claim overlapping identifiers of twenty people in different orders, each batch in its own transaction."""
    everyone = [
        [
            claim((USER, f"u{n}"), (EMAIL, f"p{n}@example.com")),
            claim((VISITOR, f"v{n}")),
            claim((VISITOR, f"v{n}"), (EMAIL, f"p{n}@example.com")),
        ]
        for n in range(20)
    ]
    faults: list[BaseException] = []
    start = threading.Barrier(8)

    def work(seed: int) -> None:
        try:
            start.wait()
            for offset in range(20):
                person = everyone[(offset * (2 * seed + 1) + seed) % 20]
                part = [person[(seed + offset) % 3], everyone[(seed + 7 * offset) % 20][offset % 3]]
                for _ in range(8):
                    try:
                        with transaction.atomic():
                            identity.resolve(claims=part, now=NOW)
                        break
                    except (identity.ContentionError, connection.Database.OperationalError, Exception) as error:
                        if "deadlock" not in str(error) and not isinstance(error, identity.ContentionError):
                            raise
                else:
                    raise AssertionError("never got through")
        except BaseException as error:
            faults.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    resolve(*(each for person in everyone for each in person))

    assert not faults
    assert Profile.objects.surviving().count() == 20
    assert Identifier.objects.count() == 60
    assert not Identifier.objects.filter(profile__merged_into__isnull=False).exists()
    assert not Profile.objects.filter(merged_into__merged_into__isnull=False).exists()
    assert ContactPoint.objects.count() == 20
    for n in range(20):
        assert (
            Identifier.objects.filter(value__in=[f"u{n}", f"p{n}@example.com", f"v{n}"]).values("profile").distinct().count() == 1
        )
