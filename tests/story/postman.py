"""Which letters did the mail server of the story take? An SMTP server that keeps every letter as a file."""

from __future__ import annotations

import email
import email.policy
import threading
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


class Postman:
    """Listens on a port of this machine; `letters()` are those taken so far, oldest first."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._files: list[Path] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=port)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        with self._lock:
            file = self._folder / f"{len(self._files):06d}.eml"
            file.write_bytes(envelope.content)
            self._files.append(file)
        return "250 OK"

    def __enter__(self) -> Postman:
        self._controller.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._controller.stop()

    def letters(self, start: int = 0) -> list[EmailMessage]:
        with self._lock:
            files = self._files[start:]
        return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
