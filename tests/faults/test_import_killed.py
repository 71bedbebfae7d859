"""An import whose workers are killed again and again ends as if nobody had been killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from io import BytesIO

import pytest
from django.conf import settings
from django.core.files.base import File
from django.db import connection
from django.utils import timezone

from profiles import imports
from profiles.imports import mapping
from profiles.models import Consent, Identifier, Import, ImportedPerson, Profile

ROWS = 2_500
NOBODIES = len(range(0, ROWS, 40))  # rows without an address, refused
KILLS = 5
PEOPLE = 1_000  # rows repeat people, so that a chunk done twice would show in the counts
PATIENCE_SECONDS = 120

# Each worker's clock runs ahead of the one before, past the lease of the dead.
WORKER = """
import sys
from datetime import timedelta
import django
django.setup()
from django.test import override_settings
from django.utils import timezone
from profiles import imports
from profiles.imports import running
running.CHUNK_ROWS = 50
clock = lambda: timezone.now() + timedelta(minutes=2 * int(sys.argv[1]))
with override_settings(MEDIA_ROOT=sys.argv[2]):
    imports.run(clock=clock, until=clock() + timedelta(hours=1))
"""


def _start(number: int) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "DATABASE_NAME": str(connection.settings_dict["NAME"]),
        "DJANGO_SETTINGS_MODULE": "omni.settings",
    }
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(number), str(settings.MEDIA_ROOT)], env=environment, cwd=settings.BASE_DIR
    )


def _wait_for(pk: int, rows: int, worker: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and worker.poll() is None:
        if Import.objects.get(pk=pk).rows_done >= rows:
            return
        time.sleep(0.005)


@pytest.mark.faults
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_killed_import_ends_as_if_nobody_was_killed() -> None:
    chance = random.Random(7)
    rows = "".join(f"p{chance.randrange(PEOPLE)}@shop.test,{number}\n" if number % 40 else "nobody,0\n" for number in range(ROWS))
    data = f"email,number\n{rows}".encode()
    new = imports.upload(file=File(BytesIO(data), "people.csv"), name="people.csv", by=None)
    consent = {"status": "granted", "channels": ["email"], "source": "Form"}
    plan = mapping.build(header=new.header, mapping=new.mapping, consent=consent)
    imports.start(an_import=new, plan=plan, now=timezone.now())

    for number in range(KILLS):
        worker = _start(number)
        done = Import.objects.get(pk=new.pk).rows_done
        _wait_for(new.pk, done + chance.randrange(1, ROWS // KILLS), worker)
        time.sleep(chance.random() * 0.05)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert 0 < Import.objects.get(pk=new.pk).rows_done < ROWS
    _start(KILLS).wait(timeout=PATIENCE_SECONDS)

    new.refresh_from_db()
    expected = {line.split(",")[0]: int(line.split(",")[1]) for line in rows.splitlines() if not line.startswith("nobody")}
    assert (new.state, new.rows_done, new.rows_total, new.rows_rejected) == ("done", ROWS, ROWS, NOBODIES)
    assert (new.rows_created, new.rows_created + new.rows_updated + new.rows_unchanged) == (len(expected), ROWS - NOBODIES)
    assert new.faults.count() == new.rows_rejected
    assert Profile.objects.count() == ImportedPerson.objects.count() == len(expected)
    values = Identifier.objects.values_list("value", "profile__attributes__number")
    assert dict(values) == expected
    assert Consent.objects.values("address").distinct().count() == len(expected)
