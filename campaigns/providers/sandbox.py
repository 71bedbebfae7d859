"""How can everything be tried without writing to anyone? A provider that takes letters and keeps them in a file.

It behaves as its settings say, decided by the hash of seed and key: refusals, bounces, lost answers, delays. What it took
is in its file before it answers, so that an auditor can compare.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from django import forms
from django.conf import settings as django_settings
from django.utils.translation import gettext as text
from django.utils.translation import gettext_lazy as _

from campaigns.providers.base import Begin, DeliveryError, Provider, Receipt, Settings
from campaigns.providers.chance import falls

if TYPE_CHECKING:
    from campaigns.channels.base import Message

_TABLE = """
CREATE TABLE IF NOT EXISTS taken (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, address TEXT NOT NULL, hash TEXT NOT NULL, letter BLOB, at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS taken_key ON taken (key);
"""


class SandboxForm(forms.Form):
    mailbox = forms.SlugField(label=_("Mailbox"), max_length=40, initial="sandbox", help_text=_("The file that letters go to."))
    keyed = forms.BooleanField(
        label=_("Refuses a letter it already has"), required=False, initial=True, help_text=_("As providers with keys do.")
    )
    bounce_percent = forms.IntegerField(label=_("Unknown mailboxes, %"), min_value=0, max_value=100, initial=0)
    busy_percent = forms.IntegerField(label=_("“Try again later”, %"), min_value=0, max_value=100, initial=0)
    lost_percent = forms.IntegerField(label=_("Answers that get lost, %"), min_value=0, max_value=100, initial=0)
    delay_ms = forms.IntegerField(label=_("Delay of each answer, ms"), min_value=0, max_value=10_000, initial=0)
    seed = forms.CharField(label=_("Seed"), max_length=40, initial="1")


class Sandbox(Provider):
    key = "sandbox"
    label = _("Sandbox (sends nothing)")
    channel = "email"
    keyed = True
    SettingsForm = SandboxForm

    def is_keyed(self, settings: Settings) -> bool:
        return bool(settings.get("keyed", True))

    def send(self, messages: Iterable[Message], settings: Settings, begin: Begin) -> Iterator[Receipt]:
        with closing(_open(settings)) as file:
            for message in messages:
                refusal = _refusal(message, settings)
                if refusal is not None:
                    yield Receipt(message.delivery_id, refusal)
                elif begin(message):
                    yield _take(file, message, settings, is_keyed=self.is_keyed(settings))

    def check(self, settings: Settings) -> None:
        try:
            _open(settings).close()
        except (sqlite3.Error, OSError) as error:
            raise DeliveryError(str(error), permanent=True) from error


def taken(settings: Settings) -> list[tuple[str, str, str]]:
    """Return (key, address, hash) of everything a sandbox took, oldest first."""
    with closing(_open(settings)) as file:
        return list(file.execute("SELECT key, address, hash FROM taken ORDER BY id"))


def _open(settings: Settings) -> sqlite3.Connection:
    folder = Path(django_settings.VAR) / "sandbox"
    folder.mkdir(parents=True, exist_ok=True)
    name = Path(str(settings.get("mailbox") or "sandbox")).name
    file = sqlite3.connect(folder / f"{name}.sqlite3", timeout=30, isolation_level=None)
    # Safe against a killed process, which is what is tried here; not against a power cut.
    file.execute("PRAGMA journal_mode=WAL")
    file.execute("PRAGMA synchronous=OFF")
    file.executescript(_TABLE)
    return file


def _refusal(message: Message, settings: Settings) -> DeliveryError | None:
    seed = settings.get("seed", "1")
    if falls(settings.get("bounce_percent", 0), seed, "bounce", message.address):
        return DeliveryError("550 5.1.1 no such mailbox", permanent=True, reason="hard_bounced")
    # Another minute, another answer: a busy server is not busy for ever.
    if falls(settings.get("busy_percent", 0), seed, "busy", message.key, int(time.time() // 5)):
        return DeliveryError("450 4.2.1 try again later", permanent=False)
    return None


def _take(file: sqlite3.Connection, message: Message, settings: Settings, *, is_keyed: bool) -> Receipt:
    row = (message.key, message.address, message.body_hash, getattr(message.payload, "data", None), time.time())
    with file:
        file.execute("BEGIN IMMEDIATE")
        known = file.execute("SELECT id, hash FROM taken WHERE key = ? LIMIT 1", [message.key]).fetchone() if is_keyed else None
        if known is None:
            reference = file.execute("INSERT INTO taken (key, address, hash, letter, at) VALUES (?, ?, ?, ?, ?)", row).lastrowid
        file.execute("COMMIT")
    if delay := settings.get("delay_ms", 0):
        time.sleep(delay / 1000)
    if known is not None:
        if known[1] != message.body_hash:
            return Receipt(message.delivery_id, DeliveryError(text("The key is known with another letter."), permanent=True))
        reference = known[0]
    if known is None and falls(settings.get("lost_percent", 0), settings.get("seed", "1"), "lost", message.key):
        return Receipt(message.delivery_id, DeliveryError(text("The answer got lost."), permanent=False, certain=False))
    return Receipt(message.delivery_id, provider_ref=f"sandbox-{reference}")
