from __future__ import annotations

from datetime import timedelta

from campaigns.delivery import outbox
from campaigns.models import Delivery, Enrolment, Work
from campaigns.tests.delivery.office import Office, address_of
from profiles.models import ContactPoint, Profile, RecipientGate


def test_an_order_is_written_once_however_often_it_comes(post: Office):
    people = post.people(3)
    post.order(people)
    orders = [post.order_of(enrolment) for enrolment in Enrolment.objects.all()]

    assert outbox.enqueue(orders=orders, now=post.now + timedelta(hours=1)) == 0

    assert Delivery.objects.count() == Work.objects.count() == 3
    assert set(RecipientGate.objects.values_list("address", flat=True)) >= {address_of(person) for person in people}


def test_a_whole_audience_is_one_statement(post: Office, django_assert_num_queries):
    people = post.people(200)
    enrolments = Enrolment.objects.bulk_create(
        Enrolment(
            campaign=post.campaign,
            version_id=post.step.version_id,
            profile_id=person.pk,
            entry_key="x",
            step=post.step,
            entered_at=post.now,
        )
        for person in people
    )

    with django_assert_num_queries(1):
        assert outbox.enqueue(orders=[post.order_of(enrolment) for enrolment in enrolments], now=post.now) == 200


def test_it_writes_to_the_newest_address_that_did_not_bounce(post: Office):
    [person] = post.people(1)
    for days, name, bounced in ((1, "new", None), (2, "newest-but-gone", post.now), (-1, "old", None)):
        ContactPoint.objects.create(
            profile=person,
            kind="email",
            address=f"{name}@example.com",
            created_at=post.now + timedelta(days=days),
            bounced_at=bounced,
        )

    [one] = post.order([person])

    assert one.address == "new@example.com"


def test_it_finds_the_address_of_the_surviving_profile(post: Office):
    origin, root = post.people(2)
    ContactPoint.objects.filter(profile=origin).delete()
    Profile.objects.filter(pk=origin.pk).update(merged_into=root)

    [one] = post.order([origin])

    assert (one.profile_id, one.address) == (origin.pk, address_of(root))


def test_it_says_which_visits_have_ended(post: Office):
    nobody, somebody = post.people(2)
    ContactPoint.objects.filter(profile=nobody).delete()
    post.order([nobody, somebody])
    visits = {enrolment.pk: 1 for enrolment in Enrolment.objects.all()}

    ended = outbox.ended(step_id=post.step.pk, visits=visits)

    assert ended == {Enrolment.objects.get(profile_id=nobody.pk).pk: "suppressed"}
    assert outbox.ended(step_id=post.step.pk, visits=dict.fromkeys(visits, 2)) == {}


def test_what_is_being_handed_over_is_not_cancelled(post: Office):
    post.order(post.people(2))
    begun = Work.objects.first()
    Work.objects.filter(pk=begun.pk).update(state="in_doubt")

    outbox.cancel(enrolment_ids=list(Enrolment.objects.values_list("pk", flat=True)), reason="journey_stopped", now=post.now)

    assert Work.objects.get().pk == begun.pk
    assert list(Delivery.objects.order_by("pk").values_list("state", flat=True)) == ["open", "cancelled"]
