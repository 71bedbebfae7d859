"""On what does the story run? A database of its own, the product's own processes, and one person who is in charge."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

TOPIC = "news"
BASE = Path(__file__).resolve().parent.parent.parent
SUBJECTS = {"A": "We have not seen you for a while", "B": "Ten records you do not have yet", "last": "One more word"}
BODY = """<mjml><mj-body><mj-section><mj-column>
  <mj-text>Dear customer {{ person.customer }},</mj-text>
  <mj-text>since {{ person.first_order }} you bought {{ person.cds }} records from us. These are new.</mj-text>
  <mj-button href="https://records.example.com/new?from={{ person.customer }}">Listen to them</mj-button>
  <mj-text>{{ company.postal_address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text>
</mj-column></mj-section></mj-body></mjml>"""


@dataclass(frozen=True)
class Keys:
    api: str
    write: str


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def furnish(*, smtp_port: int) -> Keys:
    """Make what a person would make by hand before the story begins: company, account, sender, templates, keys."""
    from campaigns.models import ProviderAccount, Sender, Template
    from omni.models import ApiKey, Company, User
    from omni.roles import Right
    from profiles.models import Source, Topic

    owner = User.objects.create_superuser("story@example.com", None, name="Story")
    Company.objects.update_or_create(id=1, defaults={"name": "CD Now", "postal_address": "1 Record Road, London"})
    Topic.objects.create(key=TOPIC, name="News", is_default=True)
    settings = {"host": "127.0.0.1", "port": smtp_port, "security": "none", "username": "", "password": ""}
    account = ProviderAccount.objects.create(name="Story", provider="smtp", channel="email", settings=settings, is_default=True)
    Sender.objects.create(name="CD Now", email="news@records.example.com", account=account, is_default=True)
    for name, subject in SUBJECTS.items():
        Template.objects.create(name=name, subject=subject, preheader="New records", markup="mjml", body=BODY)
    _key, api = ApiKey.issue(name="story", scopes=[str(right) for right in Right], by=owner)
    _source, write = Source.issue(name="Shop", kind=Source.Kind.SERVER)
    return Keys(api, write)


@contextmanager
def running(*, database: str, port: int) -> Iterator[None]:
    """Run the web server, and all recurring work through the dispatcher, until the story ends."""
    from django.core.management import call_command

    call_command("collectstatic", verbosity=0, interactive=False)
    environment = {**os.environ, **_database(database)}
    environment |= {"PORT": str(port), "BASE_URL": f"http://127.0.0.1:{port}", "LOG_LEVEL": "WARNING"}
    # Nobody rings the bell: the dispatcher finds all work in the tables.
    environment["BROKER_URL"] = "memory://localhost"
    web = [sys.executable, "-m", "gunicorn", "omni.wsgi", "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    web += ["--worker-class", "gthread", "--threads", "4", "--workers", "2", "--log-level", "warning"]
    commands = [web, [sys.executable, str(BASE / "manage.py"), "dispatcher"]]
    processes = [subprocess.Popen(command, cwd=BASE, env=environment) for command in commands]
    try:
        _wait_for(port, processes[0])
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                process.kill()


def _database(name: str) -> dict[str, str]:
    given = os.environ.get("DATABASE_URL", "")
    if not given:
        return {"DATABASE_NAME": name}
    return {"DATABASE_URL": urlunsplit(urlsplit(given)._replace(path=f"/{name}"))}


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _attempt in range(600):
        if process.poll() is not None:
            raise SystemExit("The web server did not start.")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("The web server does not answer.")
