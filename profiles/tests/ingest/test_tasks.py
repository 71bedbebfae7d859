"""Do the recurring tasks do their work, and is doing it twice harmless?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from profiles import tasks
from profiles.models import Event, IngestRaw, SeenMessage

from .conftest import Sender, track


def test_draining_empties_the_inbox(sender: Sender) -> None:
    for number in range(3):
        sender.post({"batch": [track(messageId=str(number))]})

    tasks.drain_inbox()
    tasks.drain_inbox()

    assert Event.objects.count() == 3
    assert not IngestRaw.objects.exists()


@pytest.mark.django_db
def test_keeping_house_forgets_old_messages_only(sender: Sender, django_assert_max_num_queries: Any) -> None:
    now = timezone.now()
    SeenMessage.objects.create(source_id=1, key="0" * 32, seen_at=now - timedelta(days=31))
    SeenMessage.objects.create(source_id=1, key="1" * 32, seen_at=now - timedelta(days=29))

    tasks.keep_house()
    with django_assert_max_num_queries(12):
        tasks.keep_house()

    assert SeenMessage.objects.get().key.hex == "1" * 32
