"""How do letters get into the local mailbox? By SMTP, on this machine only."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from omni import mailbox

WRITERS = 8
LARGEST_LETTER_BYTES = 32 * 1024 * 1024


class Handler:
    """Keep every letter before answering; the disk is waited for outside the event loop."""

    def __init__(self) -> None:
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="mailbox")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  (aiosmtpd's name)
        content = envelope.original_content or b""
        try:
            await asyncio.get_running_loop().run_in_executor(self._writers, self._store, content, envelope)
        except OSError as error:
            return f"452 4.3.1 The letter could not be written: {error.strerror}"
        return "250 2.0.0 Kept"

    @staticmethod
    def _store(content: bytes, envelope: Envelope) -> None:
        mailbox.store(content, sender=envelope.mail_from or "", recipients=[str(to) for to in envelope.rcpt_tos])


class Catcher(Controller):
    """An SMTP server in a thread; `start()` returns when it accepts, `stop()` when it is gone."""

    def __init__(self, *, host: str, port: int) -> None:
        mailbox.prepare()
        super().__init__(Handler(), hostname=host, port=port, data_size_limit=LARGEST_LETTER_BYTES, ident="Omni mailbox")
