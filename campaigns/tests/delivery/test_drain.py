from __future__ import annotations

from datetime import timedelta

from campaigns import delivery
from campaigns.models import Attempt, Delivery, Enrolment, Work
from campaigns.providers import sandbox
from campaigns.tests.delivery.office import Office, address_of, standing_clock
from profiles.models import Event, Suppression


def drain(post: Office, now=None) -> int:
    return delivery.drain(lane="email", clock=standing_clock(now or post.now))


def test_it_sends_everyone_who_may_be_sent_to_once(post: Office):
    people = post.people(5)
    post.order(people)

    drain(post)
    drain(post)

    taken = sandbox.taken(post.account.settings)
    assert sorted(address for _, address, _ in taken) == sorted(address_of(person) for person in people)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    assert not Work.objects.exists()


def test_it_wakes_the_journey_and_tells_the_timeline(post: Office):
    [one] = post.order(post.people(1))

    drain(post)

    assert Enrolment.objects.get().due_at == post.now
    event = Event.objects.get(name__name="Message sent")
    assert event.profile_id == one.profile_id
    assert event.properties["campaign"] == "Autumn"
    assert event.properties["step"] == "letter"
    assert Attempt.objects.get().result == "sent"


def test_it_keeps_what_the_letter_was_made_from_and_nothing_more(post: Office):
    [one] = post.order(post.people(1, attributes={"secret": "diary"}))

    drain(post)

    one.refresh_from_db()
    assert one.context["person"] == {"first_name": "P0", "number": 0}
    assert "diary" not in str(one.context)
    assert one.body_hash == sandbox.taken(post.account.settings)[0][2]


def test_it_tries_a_busy_server_again_later_and_frees_the_cap_meanwhile(post: Office):
    post.account.settings |= {"busy_percent": 100}
    post.account.save()
    [one] = post.order(post.people(1))

    drain(post)

    one.refresh_from_db()
    work = Work.objects.get()
    assert (one.state, one.waiting, one.gate_at) == ("open", "retrying", None)
    assert work.due_at > post.now
    assert work.attempts == 1
    assert Attempt.objects.get().result == "retry"


def test_it_gives_up_when_the_next_try_would_be_too_late(post: Office):
    post.account.settings |= {"busy_percent": 100}
    post.account.save()
    [one] = post.order(post.people(1), hours=0)
    Delivery.objects.update(expires_at=post.now + timedelta(milliseconds=50))

    drain(post)

    one.refresh_from_db()
    assert (one.state, one.reason) == ("failed", "retries_exhausted")


def test_it_suppresses_an_address_that_does_not_exist(post: Office):
    post.account.settings |= {"bounce_percent": 100}
    post.account.save()
    [one] = post.order(post.people(1))

    drain(post)

    one.refresh_from_db()
    assert (one.state, one.reason) == ("failed", "hard_bounced")
    assert one.bounced_at == post.now
    assert Suppression.objects.get().address == one.address
    assert Event.objects.filter(name__name="Message bounced").count() == 1


def test_it_asks_a_keyed_provider_again_when_an_answer_got_lost(post: Office):
    post.account.settings |= {"lost_percent": 100}
    post.account.save()
    [one] = post.order(post.people(1))

    drain(post)
    drain(post, post.now + timedelta(hours=1))

    one.refresh_from_db()
    assert one.state == "sent"
    assert len(sandbox.taken(post.account.settings)) == 1


def test_it_never_asks_a_keyless_provider_again(post: Office):
    post.account.settings |= {"lost_percent": 100, "keyed": False}
    post.account.save()
    [one] = post.order(post.people(1))

    drain(post)
    drain(post, post.now + timedelta(hours=1))

    one.refresh_from_db()
    assert (one.state, one.reason) == ("unknown", "ambiguous_unknown")
    assert one.gate_at is not None
    assert len(sandbox.taken(post.account.settings)) == 1


def test_it_lets_an_account_rest_that_cannot_be_reached(post: Office):
    post.account.provider = "smtp"
    post.account.settings = {"host": "127.0.0.1", "port": 9, "security": "none"}
    post.account.save()
    post.order(post.people(3))

    drain(post)

    post.account.refresh_from_db()
    assert post.account.failures == 1
    assert post.account.resting_until > post.now
    assert "127.0.0.1:9" in post.account.trouble
    assert list(Work.objects.values_list("state", flat=True)) == ["ready"] * 3
    assert not Delivery.objects.exclude(state="open").exists()


def test_it_fails_one_letter_that_cannot_be_made_and_sends_its_neighbours(post: Office):
    people = post.people(3)
    people[1].attributes["first_name"] = "Eve\r\nBcc: all@example.com"
    people[1].save()
    post.order(people)

    drain(post)

    states = dict(Delivery.objects.values_list("profile_id", "state"))
    assert [states[person.pk] for person in people] == ["sent", "failed", "sent"]
    assert Delivery.objects.get(state="failed").reason == "template_error"


def test_it_takes_a_fixed_number_of_queries_for_a_batch(post: Office, django_assert_max_num_queries):
    post.order(post.people(50))

    with django_assert_max_num_queries(65):
        drain(post)
