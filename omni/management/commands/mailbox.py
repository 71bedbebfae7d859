"""Run the local mailbox: an SMTP server that keeps every letter and delivers none."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from omni.mailbox_server import Catcher


class Command(BaseCommand):
    help = "Keep every letter sent to MAILBOX_HOST:MAILBOX_PORT in VAR/mailbox and deliver none."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        address = f"{settings.MAILBOX_HOST}:{settings.MAILBOX_PORT}"
        catcher = Catcher(host=settings.MAILBOX_HOST, port=settings.MAILBOX_PORT)
        try:
            catcher.start()
        except OSError as error:
            raise CommandError(f"The mailbox cannot listen on {address}: {error}") from error
        self.stdout.write(f"keeps letters sent to {address}")
        stop.wait()
        catcher.stop()
