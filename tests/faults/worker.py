"""One process that sends, reaps or advances until it is killed. Importing it sets Django up, so that forks start at once."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omni.settings")
os.environ.setdefault("LOG_LEVEL", "CRITICAL")

import django

django.setup()

from campaigns.delivery import claims, failpoints, permits, settle  # noqa: E402

# A minute in production; a test does not wait that long. Still longer than the sink ever takes to answer.
LEASE = timedelta(seconds=4)
BATCH = 20


def be(role: str, database: str, folder: str, failpoint: str = "") -> None:
    """Do the work of `role` ("send" or "reap") in that database for ever; with a failpoint die there."""
    from django.conf import settings
    from django.db import InterfaceError, OperationalError, connection

    settings.VAR = Path(folder)
    connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = database
    claims.LEASE = permits.PERMIT_LEASE = settle.DOUBT_LEASE = LEASE
    failpoints._name, _, count = failpoint.partition(":")
    failpoints._left = int(count or 1)
    while True:
        try:
            _round(role)
        except (InterfaceError, OperationalError):
            connection.close()
        time.sleep(0.05)


def _round(role: str) -> None:
    from campaigns import delivery
    from campaigns.delivery.clock import database_clock

    clock = database_clock()
    if role == "send":
        delivery.drain(lane="email", clock=clock, seconds=5, most=BATCH)
    else:
        delivery.reap(now=clock())
        delivery.tell(now=clock())
        time.sleep(0.3)
