"""Is anything lost or doubled when senders die at any moment?

    python -m tests.faults.rig [--provider keyed|keyless|smtp] [--letters 2000] [--kills 60] [--seed 1] [--failpoints]

Senders and a reaper run against PostgreSQL and a server that logs before it answers; the driver kills them with -9 and
starts others. `--failpoints` lets them die at each named point between the phases instead, one after the other. Exits
with 1 and the seed when a promise was broken.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench import database

if TYPE_CHECKING:
    from campaigns.tests.delivery.office import Office
    from tests.faults.audit import Evidence

SENDERS = 3
LOST_PERCENT = 2
BUSY_PERCENT = 3
PATIENCE_SECONDS = 240


@dataclass
class Plan:
    provider: str
    letters: int
    kills: int
    seed: int
    use_failpoints: bool


def main(plan: Plan) -> int:
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, database.own(f"faults_{os.getpid()}") as name:
        log = Path(folder) / "sink.log"
        with sink(log) as port:
            office = furnish(plan, port, folder)
            kills = _torment(plan, name, folder)
        broken = judge(plan, office, log, kills)
    took = time.monotonic() - started
    print(f"{plan.provider}: {plan.letters} letters, {kills} kills, seed {plan.seed}, {took:.0f} s: {_states(broken)}")
    for line in broken[:20]:
        print("  BROKEN:", line)
    return 1 if broken else 0


def _states(broken: list[str]) -> str:
    return f"{len(broken)} promises broken" if broken else "every promise held"


@contextmanager
def sink(log: Path, *, answer_ms: int = 0) -> Iterator[int]:
    """Run a mail server that writes down what it takes, and answers after so many milliseconds; yields its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log.touch()
    command = [sys.executable, "-m", "tests.faults.sink", str(port), str(log), str(LOST_PERCENT), str(BUSY_PERCENT)]
    command.append(str(answer_ms))
    process = subprocess.Popen(command)
    try:
        while socket.socket().connect_ex(("127.0.0.1", port)):
            time.sleep(0.05)
        yield port
    finally:
        process.kill()
        process.wait()


def furnish(plan: Plan, port: int, folder: str, *, delay_ms: int = 0) -> Office:
    from django.conf import settings
    from django.utils import timezone

    from campaigns.models import ProviderAccount
    from campaigns.tests.delivery.office import open_office

    settings.VAR = Path(folder)
    office = open_office(timezone.now())
    if plan.provider == "smtp":
        kind, values = "smtp", {"host": "127.0.0.1", "port": port, "security": "none"}
    else:
        kind = "sandbox"
        values = {"mailbox": "faults", "keyed": plan.provider == "keyed", "lost_percent": LOST_PERCENT, "seed": str(plan.seed)}
        values["delay_ms"] = delay_ms
    ProviderAccount.objects.update(provider=kind, settings=values)
    office.account.refresh_from_db()
    office.enter(office.people(plan.letters))
    office.put_into_outbox(most=plan.letters)
    return office


def _torment(plan: Plan, name: str, folder: str) -> int:
    """Run the senders, kill them as planned, let the survivors finish; return how many were killed."""
    fork = multiprocessing.get_context("forkserver")
    fork.set_forkserver_preload(["tests.faults.worker"])
    chance = random.Random(plan.seed)
    crew: dict[str, Any] = {}
    points = _points(plan)

    def hire(place: str) -> None:
        from tests.faults import worker

        point = points.pop(0) if points and place != "reaper" else ""
        role = "reap" if place == "reaper" else "send"
        crew[place] = fork.Process(target=worker.be, args=(role, name, folder, point), daemon=True)
        crew[place].start()

    for place in [*(f"sender {number}" for number in range(SENDERS)), "reaper"]:
        hire(place)
    kills = 0
    deadline = time.monotonic() + PATIENCE_SECONDS + plan.kills * 2
    try:
        while not is_done() and time.monotonic() < deadline:
            time.sleep(chance.uniform(0.02, 0.35))
            for place, process in list(crew.items()):
                if not process.is_alive():  # died at a failpoint
                    kills += 1
                    hire(place)
            if kills < plan.kills and not plan.use_failpoints:
                victim = chance.choice(list(crew))
                os.kill(crew[victim].pid, signal.SIGKILL)
                crew[victim].join()
                kills += 1
                hire(victim)
    finally:
        for process in crew.values():
            process.kill()
            process.join()
    return kills


def _points(plan: Plan) -> list[str]:
    from campaigns.delivery import failpoints

    if not plan.use_failpoints:
        return []
    chance = random.Random(plan.seed)
    return [f"{point}:{chance.randint(1, 9)}" for point in failpoints.POINTS for _ in range(3)]


def is_done() -> bool:
    from campaigns.models import Work

    return not Work.objects.exists()


def judge(plan: Plan, office: Office, log: Path, kills: int) -> list[str]:
    from tests.faults import audit

    evidence = _sink_evidence(log) if plan.provider == "smtp" else _sandbox_evidence(office)
    return audit.faults(office=office, letters=plan.letters, evidence=evidence, kills=kills, is_keyed=plan.provider == "keyed")


def _sink_evidence(log: Path) -> Evidence:
    from tests.faults.audit import Evidence

    facts = [line.split() for line in log.read_text().splitlines()]
    return Evidence(
        taken=[(fact[1], fact[3]) for fact in facts if fact[0] == "taken"],
        asked={fact[1] for fact in facts if fact[0] == "rcpt"},
        lost={fact[1] for fact in facts if fact[0] == "lost"},
    )


def _sandbox_evidence(office: Office) -> Evidence:
    from campaigns.providers import sandbox
    from campaigns.providers.chance import falls
    from tests.faults.audit import Evidence

    taken = [(key, digest) for key, _, digest in sandbox.taken(office.account.settings)]
    lost = {key for key, _ in taken if falls(LOST_PERCENT, office.account.settings["seed"], "lost", key)}
    return Evidence(taken=taken, asked=None, lost=lost)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--provider", choices=["keyed", "keyless", "smtp"], default="smtp")
    parser.add_argument("--letters", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--failpoints", action="store_true")
    asked = parser.parse_args()
    raise SystemExit(main(Plan(asked.provider, asked.letters, asked.kills, asked.seed, asked.failpoints)))
