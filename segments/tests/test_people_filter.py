"""The list of people narrowed to a segment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from omni.models import User
from profiles import identity
from segments.models import Membership, Segment

pytestmark = pytest.mark.django_db


def test_the_list_of_people_is_narrowed_to_who_is_inside_now(
    client_of: Callable[[User], Client], marketer: User, now: datetime
) -> None:
    claims = [identity.Claim((("email", f"{name}@shop.test"),), "test", now) for name in ("ann", "bob", "cid")]
    ann, bob, _cid = identity.resolve(claims=claims, now=now)
    segment = Segment.objects.create(name="Bobs", definition={"all": []}, created_by=marketer)
    Membership.objects.create(segment=segment, profile_id=ann, from_at=now, until_at=now)
    Membership.objects.create(segment=segment, profile_id=bob, from_at=now)

    page = client_of(marketer).get(f"/people/?segment={segment.pk}")

    assert [line.person.pk for line in page.context["lines"]] == [bob]
    assert "Segment: Bobs" in page.content.decode()
