"""What do people see of sources and of calls that could not be used?"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.urls import reverse

from omni import home
from omni.models import AuditEntry, User
from profiles.ingest import deadletters, visitors
from profiles.ingest.spec import Drop
from profiles.models import DeadLetter, EventDef, IngestRaw, Source
from profiles.pages import data as data_home

from .conftest import Sender, track

pytestmark = pytest.mark.usefixtures("clock")


def test_a_new_key_is_shown_once_and_works(owner: User, client_of: Any, drain: Any) -> None:
    client = client_of(owner)
    made = client.post(reverse("profiles:source-create"), {"name": "Web shop", "kind": "server"})
    key = re.search(r"wk_[\w-]{30,}", made.content.decode())
    assert key is not None
    source = Source.objects.get()

    assert Sender(source, key.group()).post(track(), "/v1/track").status_code == 200
    drain()

    listed = client.get(reverse("profiles:source-list")).content.decode()
    assert "Web shop" in listed
    assert "Receiving" in listed
    assert key.group() not in listed
    assert key.group() not in client.get(reverse("profiles:source-detail", args=[source.pk])).content.decode()
    assert AuditEntry.objects.get().action == "source.create"


def test_a_revoked_key_is_refused_at_once(
    owner: User, client_of: Any, sender: Sender, django_capture_on_commit_callbacks: Any
) -> None:
    assert sender.post(track(), "/v1/track").status_code == 200

    with django_capture_on_commit_callbacks(execute=True):
        client_of(owner).post(reverse("profiles:source-revoke", args=[sender.source.pk]))

    assert sender.post(track(), "/v1/track").status_code == 401
    assert "revoked source" in client_of(owner).get(reverse("profiles:source-list")).content.decode()


@pytest.mark.parametrize("name", ["profiles:source-create", "profiles:source-revoke"])
def test_only_who_administers_makes_and_revokes_keys(marketer: User, client_of: Any, sender: Sender, name: str) -> None:
    args = [sender.source.pk] if name.endswith("revoke") else []

    assert client_of(marketer).post(reverse(name, args=args), {"name": "X", "kind": "server"}).status_code == 403
    assert client_of(marketer).get(reverse("profiles:source-list")).status_code == 200


def test_a_source_without_a_name_is_not_made(owner: User, client_of: Any) -> None:
    answer = client_of(owner).post(reverse("profiles:source-create"), {"name": "", "kind": "server"})

    assert answer.status_code == 422
    assert not Source.objects.exists()


def test_a_letter_says_why_and_can_be_processed_again(
    marketer: User, client_of: Any, sender: Sender, drain: Any, nudges: list[str], now: datetime
) -> None:
    reserved = EventDef.objects.create(name="Bought", is_internal=True, first_seen_at=now)
    sender.post({"batch": [track("Bought", properties={"note": "<script>"})]})
    sender.post({"batch": [{"type": "purge"}]})
    drain()
    client = client_of(marketer)

    listed = client.get(reverse("profiles:dead-letter-list")).content.decode()
    letter = DeadLetter.objects.get(reason="reserved_name")
    shown = client.get(reverse("profiles:dead-letter-detail", args=[letter.pk])).content.decode()
    assert "The name of the event is reserved" in listed
    assert "The type of the call is unknown" in listed
    assert "Send yours under another one." in shown
    assert "&lt;script&gt;" in shown
    assert "<script>&quot;" not in shown

    EventDef.objects.filter(pk=reserved.pk).update(is_internal=False)
    answer = client.post(reverse("profiles:dead-letter-replay-all"), {"reason": "reserved_name"}, follow=True)
    assert IngestRaw.objects.count() == 1
    assert "1 call is being processed again." in answer.content.decode()
    drain()
    assert DeadLetter.objects.filter(replayed_at=None).count() == 1


def test_the_way_back_after_a_replay_stays_in_the_house(marketer: User, client_of: Any, sender: Sender) -> None:
    answer = client_of(marketer).post(reverse("profiles:dead-letter-replay-all"), {"next": "https://evil.test/"})

    assert answer["Location"] == reverse("profiles:dead-letter-list")


def test_letters_of_one_source_are_listed_and_replayed_alone(
    marketer: User, client_of: Any, sender: Sender, drain: Any, now: datetime
) -> None:
    other = Sender(*Source.issue(name="Kiosk"))
    for each in (sender, other):
        each.post({"batch": [{"type": "purge"}]})
    drain()
    client = client_of(marketer)
    url = reverse("profiles:dead-letter-list")

    listed = client.get(url, {"source": other.source.pk})
    assert [letter.source_id for letter in listed.context["page"].items] == [other.source.pk]
    assert not client.get(url, {"source": "x"}).context["page"].items
    client.post(reverse("profiles:dead-letter-replay-all"), {"source": other.source.pk})
    assert DeadLetter.objects.get(replayed_at=None).source_id == sender.source.pk


def test_every_reason_has_words_and_a_remedy() -> None:
    kept = set(Drop) - {Drop.DUPLICATE}

    assert kept == set(deadletters.REASONS) == set(deadletters.REMEDIES)


def test_letters_are_for_those_who_may_see_people(analyst: User, client_of: Any) -> None:
    assert client_of(analyst).get(reverse("profiles:dead-letter-list")).status_code == 403


def test_long_lists_cost_no_more_than_short_ones(
    owner: User, client_of: Any, sender: Sender, now: datetime, django_assert_max_num_queries: Any
) -> None:
    client = client_of(owner)
    for number in range(20):
        Source.issue(name=f"Source {number}")
    deadletters.keep([deadletters.Letter(sender.source.pk, now, Drop.UNKNOWN_TYPE, {"type": number}) for number in range(120)])
    client.get(reverse("profiles:source-list"))

    with django_assert_max_num_queries(9):
        client.get(reverse("profiles:source-list"))
    with django_assert_max_num_queries(8):
        first = client.get(reverse("profiles:dead-letter-list"))
    page = first.context["page"]
    second = client.get(reverse("profiles:dead-letter-list"), {"after": page.next_cursor})
    assert len(page.items) == 50
    assert {letter.pk for letter in page.items}.isdisjoint(letter.pk for letter in second.context["page"].items)


def test_home_tells_when_data_arrives_and_when_it_does_not(
    owner: User, sender: Sender, drain: Callable[..., int], now: datetime
) -> None:
    step = next(step for step, _done in home.checklist(owner, now) if step.key == "data")
    assert not step.is_done(owner, now)

    sender.post({"batch": [track(), {"type": "purge"}]})
    drain()

    assert step.is_done(owner, now)
    assert [alert.url for alert in data_home.alerts(owner, now)] == [reverse("profiles:dead-letter-list")]


def test_the_index_of_data_shows_what_one_may_open(owner: User, analyst: User, client_of: Any) -> None:
    url = reverse("profiles:data")

    assert reverse("profiles:dead-letter-list") in client_of(owner).get(url).content.decode()
    seen = client_of(analyst).get(url).content.decode()
    assert reverse("profiles:source-list") in seen
    assert reverse("profiles:dead-letter-list") not in seen
    assert 'aria-current="page"' in seen


def test_the_palette_finds_the_pages_of_data(owner: User, client_of: Any) -> None:
    assert reverse("profiles:dead-letter-list") in client_of(owner).get("/search/?q=another try").content.decode()


def test_a_website_is_limited_to_its_pages_and_learns_to_sign(owner: User, marketer: User, client_of: Any) -> None:
    site, _key = Source.issue(name="Site", kind="browser")
    url = reverse("profiles:source-edit", args=[site.pk])
    client = client_of(owner)

    assert client.post(url, {"name": "Site", "origins": "not an address:"}).status_code == 422
    client.post(url, {"name": "Shop", "origins": "shop.example.com\nhttp://Localhost:3000/cart"})

    site.refresh_from_db()
    assert (site.name, site.origins) == ("Shop", ["https://shop.example.com", "http://localhost:3000"])
    detail = reverse("profiles:source-detail", args=[site.pk])
    assert visitors.secret_of(site.pk) in client.get(detail).content.decode()
    assert visitors.secret_of(site.pk) not in client_of(marketer).get(detail).content.decode()
    assert AuditEntry.objects.get().action == "source.change"
