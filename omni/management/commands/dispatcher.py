"""Run the third waker: recurring work without beat and without the broker."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from omni import dispatch


class Command(BaseCommand):
    help = "Run what is overdue from the table of recurring work, in this process, without beat and the broker."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        dispatch.serve(stop)
