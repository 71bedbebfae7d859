"""Start or stop the embedded PostgreSQL by itself."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from omni import embedded


class Command(BaseCommand):
    help = "Start or stop the embedded PostgreSQL, or say whether it runs (exit code 1 when it does not)."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["start", "stop", "status"])

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if not embedded.uses_embedded_database():
            self.stdout.write("DATABASE_URL names an external server.")
        elif action == "start":
            self._start()
        elif action == "stop":
            self._stop()
        elif not embedded.postgres_is_running():
            self.stdout.write("PostgreSQL is not running.")
            sys.exit(1)
        else:
            self.stdout.write("PostgreSQL is running.")

    def _start(self) -> None:
        try:
            embedded.start_postgres()
        except embedded.EmbeddedError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("PostgreSQL is running.")

    def _stop(self) -> None:
        if others := embedded.wait_for_sessions_to_end():
            self.stdout.write(f"PostgreSQL stays up: {others} other sessions use it.")
            return
        embedded.stop_postgres()
        self.stdout.write("PostgreSQL is stopped.")
