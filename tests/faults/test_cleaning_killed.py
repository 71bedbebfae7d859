"""A cleaning whose workers are killed again and again ends as if nobody had been killed, and within its budget."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from profiles.hygiene import budget, cleaning
from profiles.hygiene.verifiers import sandbox
from profiles.models import AddressCheck, Cleaning, HygienePolicy

ADDRESSES = 600
KILLS = 3
PATIENCE_SECONDS = 120

# Each worker's clock runs ahead of the one before, past the lease of the dead.
WORKER = """
import sys
from datetime import timedelta
from pathlib import Path
import django
django.setup()
from django.conf import settings
from django.utils import timezone
from profiles.hygiene import checking, cleaning
from profiles.tests.hygiene.names import Names
settings.VAR = Path(sys.argv[2])
checking.BATCH = 20
clock = lambda: timezone.now() + timedelta(minutes=3 * int(sys.argv[1]))
cleaning.run(clock=clock, until=clock() + timedelta(hours=1), resolver=Names())
"""


def _start(number: int, folder: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "DATABASE_NAME": str(connection.settings_dict["NAME"]),
        "DJANGO_SETTINGS_MODULE": "omni.settings",
    }
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(number), str(folder)], env=environment, cwd=django_settings.BASE_DIR
    )


@pytest.mark.faults
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_killed_cleaning_ends_as_if_nobody_was_killed(tmp_path: Path, settings: Any) -> None:
    settings.VAR = tmp_path
    chance = random.Random(7)
    policy = HygienePolicy(pk=1, verifier="sandbox", budget_minor=ADDRESSES * 2, cost_minor=1)
    policy.verifier_settings = {"seed": "k", "silent_percent": 0, "accept_all_percent": 0, "credits": 100_000}
    policy.save()
    run = cleaning.from_list(texts=[f"p{n}@shop{n % 9}.test" for n in range(ADDRESSES)], name="L", by=None, now=timezone.now())
    run.start(uses_verifier=True)

    for number in range(KILLS):
        worker = _start(number, tmp_path)
        aim = Cleaning.objects.get(pk=run.pk).done + chance.randrange(1, ADDRESSES // KILLS // 2)
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until and worker.poll() is None and Cleaning.objects.get(pk=run.pk).done < aim:
            time.sleep(0.005)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert 0 < Cleaning.objects.get(pk=run.pk).done < ADDRESSES
    _start(KILLS, tmp_path).wait(timeout=PATIENCE_SECONDS)

    run.refresh_from_db()
    assert (run.state, run.done, run.halt) == ("done", ADDRESSES, "")
    assert not run.addresses.filter(is_done=False).exists()
    assert set(AddressCheck.objects.values_list("state", flat=True)) == {"deliverable", "risky", "undeliverable"}
    assert not AddressCheck.objects.filter(answer="").exists()
    # What a dead worker asked may have to be asked again, at most a batch for each; nothing is spent that is not in the books.
    assert sandbox.used(policy.verifier_settings) <= ADDRESSES + KILLS * 20
    assert budget.committed_minor(now=timezone.now()) >= sandbox.used(policy.verifier_settings)
