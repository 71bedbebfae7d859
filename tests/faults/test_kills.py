"""Senders die at any moment, and nothing is lost or doubled. `make faults` does it with 2,000 letters and 60 kills each."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = [pytest.mark.faults, pytest.mark.slow]


def run(*options: str) -> None:
    done = subprocess.run([sys.executable, "-m", "tests.faults.rig", *options], capture_output=True, text=True, timeout=420)

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_nothing_is_lost_or_doubled_when_senders_of_a_keyed_provider_are_killed():
    run("--provider", "keyed", "--letters", "120", "--kills", "8", "--seed", "7")


def test_nothing_is_lost_or_doubled_whatever_point_senders_by_smtp_die_at():
    run("--provider", "smtp", "--letters", "120", "--failpoints", "--seed", "3")
