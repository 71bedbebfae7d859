"""Is anything lost or doubled when the processes of a whole installation die, each at any moment?

    python -m tests.faults.installation [--provider keyed|smtp] [--letters 2000] [--kills 60] [--seed 1]

What `make up` runs sends to a server that answers slowly: broker, workers, senders, beat, dispatcher. The driver kills
them with -9, children included, one at a time and all of them at once now and then, and starts them again. Leases are
those of production, so the last rows take a minute. Exits with 1 and the seed when a promise was broken.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tests.bench import database
from tests.faults import rig

NEVER_KILLED = ("web", "mailbox")  # neither has a part in sending
ANSWER_MS = 120
PATIENCE_SECONDS = 600
LIST = """
import json, django
django.setup()
from omni import processes
print(json.dumps({process.name: process.command for process in processes.all_processes(host="127.0.0.1", port=0)}))
"""
ALL_AT_ONCE = 0.1  # share of the kills that fell everybody together


class Crew:
    """The processes of an installation, each at the head of a group of its own."""

    def __init__(self, *, name: str, folder: str) -> None:
        from django.conf import settings

        self.environment = {
            **os.environ,
            "DATABASE_URL": _url(name),
            "VAR": folder,
            "SECRET_KEY": settings.SECRET_KEY,
            "SALT_KEY": settings.SALT_KEY,
            "LOG_LEVEL": "CRITICAL",
            "WORKERS": "1",
            "SENDERS": "2",
        }
        for owned in ("DATABASE_NAME", "BROKER_URL"):
            self.environment.pop(owned, None)
        self.commands = self._commands()
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def _commands(self) -> dict[str, list[str]]:
        """Ask the product in the installation's own environment: sockets live below its VAR."""
        environment = {**self.environment, "DJANGO_SETTINGS_MODULE": "omni.settings"}
        answer = json.loads(subprocess.check_output([sys.executable, "-c", LIST], env=environment, text=True))
        return {name: command for name, command in answer.items() if name not in NEVER_KILLED}

    def start(self, *names: str) -> None:
        for name in names or self.commands:
            self.running[name] = subprocess.Popen(
                self.commands[name],
                env=self.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def kill(self, *names: str) -> None:
        for name in names or list(self.running):
            process = self.running[name]
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                process.kill()
            process.wait()


def main(plan: rig.Plan) -> int:
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, database.own(f"installation_{os.getpid()}") as name:
        log = Path(folder) / "sink.log"
        with rig.sink(log, answer_ms=ANSWER_MS) as port:
            office = rig.furnish(plan, port, folder, delay_ms=ANSWER_MS)
            kills = _torment(plan, Crew(name=name, folder=folder))
        broken = rig.judge(plan, office, log, kills)
    took = time.monotonic() - started
    words = f"{len(broken)} promises broken" if broken else "every promise held"
    print(f"installation, {plan.provider}: {plan.letters} letters, {kills} kills, seed {plan.seed}, {took:.0f} s: {words}")
    for line in broken[:20]:
        print("  BROKEN:", line)
    return 1 if broken else 0


def _torment(plan: rig.Plan, crew: Crew) -> int:
    """Kill and start again as planned, then wait until the queue is empty; return how many processes were killed."""
    chance = random.Random(plan.seed)
    kills = 0
    crew.start()
    deadline = time.monotonic() + PATIENCE_SECONDS + plan.kills * 3
    try:
        while time.monotonic() < deadline and (kills < plan.kills or not rig.is_done()):
            time.sleep(chance.uniform(0.3, 4.0))
            if kills < plan.kills and not rig.is_done():
                victims = list(crew.commands) if chance.random() < ALL_AT_ONCE else [chance.choice(list(crew.commands))]
                crew.kill(*victims)
                kills += len(victims)
                crew.start(*victims)
            elif rig.is_done():
                break
    finally:
        crew.kill()
    return kills


def _url(name: str) -> str:
    """Return the address of the database that other processes can use."""
    from omni import embedded

    given = os.environ.get("DATABASE_URL", "")
    if given:
        return urlunsplit(urlsplit(given)._replace(path=f"/{name}"))
    return f"postgres://postgres@/{embedded.socket_dir('pg')}/{name}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--provider", choices=["keyed", "smtp"], default="smtp")
    parser.add_argument("--letters", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    raise SystemExit(main(rig.Plan(asked.provider, asked.letters, asked.kills, asked.seed, use_failpoints=False)))
