"""How can a paid verifier be tried without paying? One that makes its answers up, the same for the same seed and address.

It fails as real ones do: some addresses time out or ask to come again, some domains accept everything, credits end.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from django import forms
from django.conf import settings as django_settings
from django.utils.translation import gettext_lazy as _

from profiles.hygiene.verifiers.base import Answer, Report, Settings, Verifier, VerifierError

_PARTS = 1_000


class SandboxForm(forms.Form):
    seed = forms.SlugField(label=_("Seed"), max_length=40, initial="1", help_text=_("The same seed gives the same answers."))
    credits = forms.IntegerField(
        label=_("Credits"), min_value=0, max_value=10_000_000, initial=10_000, help_text=_("After so many checks it refuses.")
    )
    rejected_percent = forms.IntegerField(label=_("No such mailbox, %"), min_value=0, max_value=100, initial=6)
    accept_all_percent = forms.IntegerField(label=_("Domains that accept everything, %"), min_value=0, max_value=100, initial=8)
    full_percent = forms.IntegerField(label=_("Full mailboxes, %"), min_value=0, max_value=100, initial=1)
    silent_percent = forms.IntegerField(label=_("No answer in time, %"), min_value=0, max_value=100, initial=3)
    is_down = forms.BooleanField(label=_("Cannot be reached"), required=False)


class Sandbox(Verifier):
    key = "sandbox"
    label = _("Sandbox (asks nobody, costs nothing)")
    SettingsForm = SandboxForm

    def verify(self, addresses: Sequence[str], settings: Settings) -> Report:
        if settings.get("is_down"):
            raise VerifierError("the sandbox is set to be out of reach", permanent=False)
        allowed = _take(settings, len(addresses))
        answers = {address: _answer(address, settings) for address in addresses[:allowed]}
        return Report(answers, billed=sum(answer.is_final for answer in answers.values()), has_ended=allowed < len(addresses))


def used(settings: Settings) -> int:
    """Return how many credits of this seed are gone."""
    with closing(_open()) as file:
        row = file.execute("SELECT used FROM credits WHERE seed = ?", [_seed(settings)]).fetchone()
        return int(row[0]) if row else 0


def _answer(address: str, settings: Settings) -> Answer:
    seed, domain = _seed(settings), address.rpartition("@")[2]
    if _falls(settings.get("silent_percent", 3), seed, "silent", address):
        return Answer.GREYLISTED if _falls(50, seed, "grey", address) else Answer.TIMEOUT
    if _falls(settings.get("accept_all_percent", 8), seed, "all", domain):
        return Answer.ACCEPT_ALL
    if _falls(settings.get("rejected_percent", 6), seed, "rejected", address):
        return Answer.REJECTED
    return Answer.FULL if _falls(settings.get("full_percent", 1), seed, "full", address) else Answer.ACCEPTED


def _falls(percent: float, *parts: str) -> bool:
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return int.from_bytes(digest[:4], "big") % (100 * _PARTS) < percent * _PARTS


def _seed(settings: Settings) -> str:
    return str(settings.get("seed") or "1")


def _take(settings: Settings, wanted: int) -> int:
    """Use up credits; return for how many addresses they sufficed."""
    most = int(settings.get("credits", 10_000))
    with closing(_open()) as file, file:
        file.execute("BEGIN IMMEDIATE")
        file.execute("INSERT OR IGNORE INTO credits (seed, used) VALUES (?, 0)", [_seed(settings)])
        before = file.execute("SELECT used FROM credits WHERE seed = ?", [_seed(settings)]).fetchone()[0]
        allowed: int = max(0, min(wanted, most - int(before)))
        file.execute("UPDATE credits SET used = used + ? WHERE seed = ?", [allowed, _seed(settings)])
    return allowed


def _open() -> sqlite3.Connection:
    folder = Path(django_settings.VAR) / "sandbox"
    folder.mkdir(parents=True, exist_ok=True)
    file = sqlite3.connect(folder / "verifier.sqlite3", timeout=30, isolation_level=None)
    file.execute("PRAGMA journal_mode=WAL")
    file.execute("CREATE TABLE IF NOT EXISTS credits (seed TEXT PRIMARY KEY, used INTEGER NOT NULL)")
    return file
