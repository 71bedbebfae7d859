"""Make the demo company: `manage.py demo [--people 5000] [--seed 1]`."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from campaigns import demo
from campaigns.demo import goods, team
from omni import env


class Command(BaseCommand):
    help = "Fill an empty installation with an invented company: people, 90 days of events, segments, campaigns with results."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--people", type=int, default=env.read.int("DEMO_PEOPLE", default=5000))
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["people"] < 100:
            raise CommandError("A company of fewer than 100 people has nothing to show.")
        started = time.monotonic()

        def say(what: str) -> None:
            self.stdout.write(f"  {time.monotonic() - started:5.1f} s  {what} ...")

        try:
            made = demo.build(people=options["people"], seed=options["seed"], now=timezone.now(), say=say)
        except demo.NotEmptyError as error:
            raise CommandError("There are people or campaigns here already. The demo company needs an empty database.") from error
        seconds = time.monotonic() - started
        self.stdout.write(
            f"{goods.COMPANY}: {made.people} people, {made.events} events, {made.letters} letters, in {seconds:.0f} s.\n"
            f"Sign in at {settings.BASE_URL} as {team.OWNER} (owner) with the password {team.PASSWORD}\n"
            f"Colleagues with the same password: {', '.join(email for email, _name, _role in team.COLLEAGUES)}"
        )
