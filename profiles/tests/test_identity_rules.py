"""Limits with windows, blocked values, shared devices: what joins nobody, and says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from omni.models import AuditEntry, User
from profiles import identity
from profiles.identity import Key, normalize
from profiles.models import BlockedValue, Identifier, Merge, Profile, Refusal

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]


def see(now: datetime, *keys: Key) -> int:
    (pk,) = identity.resolve(claims=[identity.Claim(keys, "Shop", now)], now=now)
    return pk


@pytest.mark.parametrize("kind", ["user_id", "email", "phone"])
def test_a_shop_tablet_with_forty_customers_merges_nobody(kind: str, now: datetime) -> None:
    values = {"user_id": "{}", "email": "c{}@shop.test", "phone": "+3598812345{}"}
    customers = [see(now, (kind, values[kind].format(n))) for n in range(10, 50)]

    used = [see(now + timedelta(minutes=n), (kind, values[kind].format(n + 10)), ("anonymous_id", "tablet")) for n in range(40)]

    assert used == customers
    assert not Merge.objects.exists()
    assert Identifier.objects.get(value="tablet").profile_id == customers[0]
    assert Refusal.objects.count() == 39
    assert set(Refusal.objects.values_list("rule", flat=True)) == {"other_user_id" if kind == "user_id" else "shared_device"}


def test_a_limit_counts_within_its_window(now: datetime) -> None:
    ann = see(now, ("user_id", "1"))
    for n in range(7):
        see(now, ("user_id", "1"), ("anonymous_id", f"a{n}"))
    assert Identifier.objects.filter(profile=ann, type="anonymous_id").count() == 5
    assert Refusal.objects.filter(profile=ann, rule="too_many").count() == 2

    see(now + timedelta(days=8), ("user_id", "1"), ("anonymous_id", "later"))

    assert Identifier.objects.get(value="later").profile_id == ann


def test_what_is_demoted_lets_the_rest_match(now: datetime) -> None:
    ann = see(now, ("user_id", "1"), ("email", "family@shop.test"))

    ben = see(now, ("user_id", "2"), ("email", "family@shop.test"), ("phone", "+359881234567"))

    assert ben != ann
    assert set(Identifier.objects.filter(profile=ben).values_list("type", flat=True)) == {"user_id", "phone"}
    refusal = Refusal.objects.get()
    assert (refusal.profile_id, refusal.owner_id, refusal.rule) == (ben, ann, "other_user_id")


def test_the_same_refusal_is_one_line(now: datetime) -> None:
    see(now, ("user_id", "1"), ("anonymous_id", "t"))
    for hour in range(3):
        see(now + timedelta(hours=2 * hour), ("user_id", "2"), ("anonymous_id", "t"))

    refusal = Refusal.objects.get()
    assert refusal.latest_at - refusal.first_at == timedelta(hours=4)


def test_a_blocked_value_names_nobody(client_of: ClientOf, owner: User, now: datetime) -> None:
    client = client_of(owner)
    see(now, ("user_id", "1"), ("phone", "+359881234567"))

    client.post("/settings/identity/blocked/", {"type": "phone", "value": "+359 88 123 45 67", "note": "our shop"})

    assert BlockedValue.objects.get().value == "+359881234567"
    two = see(now, ("user_id", "2"), ("phone", "+359881234567"))
    assert not Merge.objects.exists()
    assert normalize("phone", "+359881234567") is None
    assert not Refusal.objects.filter(profile=two).exists()
    assert AuditEntry.objects.filter(action="identity.block").count() == 1
    assert "our shop" in client.get("/settings/identity/").content.decode()

    client.post(f"/settings/identity/blocked/{BlockedValue.objects.get().pk}/delete/")
    assert normalize("phone", "+359881234567") == "+359881234567"


def test_a_limit_is_changed_in_settings(client_of: ClientOf, owner: User, marketer: User, now: datetime) -> None:
    assert client_of(marketer).get("/settings/identity/").status_code == 403
    client = client_of(owner)
    wrong = client.post("/settings/identity/limits/email/", {"email-most": "9", "email-window_days": "", "email-ever": "2"})
    assert wrong.status_code == 422

    client.post("/settings/identity/limits/email/", {"email-most": "1", "email-window_days": "30", "email-ever": ""})

    see(now, ("user_id", "1"), ("email", "a@shop.test"))
    see(now, ("user_id", "1"), ("email", "b@shop.test"))
    assert Identifier.objects.filter(type="email").count() == 1
    assert Profile.objects.count() == 1
    entry = AuditEntry.objects.get(action="identity.limit")
    assert (entry.before, entry.after) == (
        {"most": 5, "window_days": 365, "ever": None},
        {"most": 1, "window_days": 30, "ever": None},
    )


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("telegram", "@AnnLee", "@annlee"),
        ("telegram", "https://t.me/AnnLee", "@annlee"),
        ("telegram", 123456789, "123456789"),
        ("telegram", "a b", None),
        ("linkedin", "https://www.linkedin.com/in/Ann-Lee/?trk=x", "linkedin.com/in/ann-lee"),
        ("linkedin", "de.linkedin.com/in/ann-lee/en", "linkedin.com/in/ann-lee"),
        ("linkedin", "in/ann-lee", "linkedin.com/in/ann-lee"),
        ("linkedin", "https://example.com/in/ann", None),
        ("device_id", "00000000-0000-0000-0000-000000000000", None),
        ("loyalty_card", " 0042 ", "0042"),
    ],
)
def test_new_kinds_have_one_spelling(kind: str, value: object, expected: str | None) -> None:
    assert normalize(kind, value) == expected
    assert expected is None or normalize(kind, expected) == expected
