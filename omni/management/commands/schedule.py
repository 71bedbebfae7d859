"""Write the table of recurring work into the visible schedule."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from omni import schedule


class Command(BaseCommand):
    help = "Write the table of recurring work into the schedule of beat; rows that an owner changed stay as they are."

    def handle(self, *args: Any, **options: Any) -> None:
        made, removed = schedule.sync()
        self.stdout.write(f"{made} added, {removed} removed")
