"""How do letters get to a mail server by SMTP?

One connection serves batch after batch. A server without a key for messages cannot be asked twice (RFC 1047): the doubt is
committed after the recipient was accepted and just before DATA, so that only the gap until the last answer is unclear.
"""

from __future__ import annotations

import re
import smtplib
import ssl
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as text
from django.utils.translation import gettext_lazy as _

from campaigns.providers.base import Begin, DeliveryError, Provider, Receipt, Settings
from campaigns.providers.smtp_connection import Connection, pool

if TYPE_CHECKING:
    from campaigns.channels.base import Message

# Enhanced codes that say "there is no such mailbox", which suppresses the address at once.
NO_SUCH_MAILBOX = re.compile(r"\b5\.1\.(?:1|2|10)\b")
_OLD_WORDS = re.compile(r"user unknown|no such user|unknown user|mailbox not found|does not exist", re.IGNORECASE)
SENDER_REFUSED = re.compile(r"\b5\.(?:1\.[78]|7\.1)\b")
QUEUE_ID = re.compile(r"queued as ([\w-]+)", re.IGNORECASE)


class SmtpForm(forms.Form):
    host = forms.CharField(label=_("Server"), max_length=255)
    port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535, initial=587)
    security = forms.ChoiceField(
        label=_("Encryption"),
        choices=[("starttls", _("STARTTLS (port 587)")), ("tls", _("TLS (port 465)")), ("none", _("None (local server)"))],
        initial="starttls",
    )
    username = forms.CharField(label=_("User name"), max_length=255, required=False)
    password = forms.CharField(
        label=_("Password"),
        max_length=255,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if (
            cleaned.get("username")
            and cleaned.get("security") == "none"
            and cleaned.get("host") not in ("localhost", "127.0.0.1")
        ):
            self.add_error("security", text("A password must not travel without encryption."))
        return cleaned


class Smtp(Provider):
    key = "smtp"
    label = _("SMTP server")
    channel = "email"
    keyed = False
    SettingsForm = SmtpForm
    secret_fields = frozenset({"password"})

    def send(self, messages: Iterable[Message], settings: Settings, begin: Begin) -> Iterator[Receipt]:
        with pool.borrow(settings) as line:
            for message in messages:
                receipt = _hand_over(line, message, begin)
                if receipt is not None:
                    yield receipt

    def check(self, settings: Settings) -> None:
        """Connect, greet, encrypt and sign in; raises DeliveryError with what the server said."""
        Connection(settings).open().close()


def _hand_over(line: Connection, message: Message, begin: Begin) -> Receipt | None:
    letter = message.payload
    try:
        refused = _envelope(line, letter.sender, letter.recipient)
    except (smtplib.SMTPException, OSError):
        # Nothing was handed over. Once more over a new connection: servers close the ones that were idle.
        line.reopen()
        try:
            refused = _envelope(line, letter.sender, letter.recipient)
        except (smtplib.SMTPException, OSError) as again:
            raise line.lost(again) from again
    if refused is not None:
        line.reset()
        return Receipt(message.delivery_id, refused)
    if not begin(message):
        line.reset()
        return None
    try:
        return _data(line, message)
    except (smtplib.SMTPException, OSError, ssl.SSLError) as error:
        line.drop()
        detail = text("The connection broke before the server answered: %(error)s") % {"error": error}
        return Receipt(message.delivery_id, DeliveryError(detail, permanent=False, certain=False))


def _envelope(line: Connection, sender: str, recipient: str) -> DeliveryError | None:
    """Name sender and recipient, in one go where the server allows; return why not, None when both are welcome."""
    for code, words in line.ask_all(f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>"):
        if code == 421:
            raise smtplib.SMTPServerDisconnected(words)
        if code >= 300:
            return _refusal(code, words)
    return None


def _data(line: Connection, message: Message) -> Receipt:
    deadline = time.monotonic() + line.TIMEOUT_SECONDS
    code, words = line.ask_all("DATA")[0]
    if code != 354:
        # The body was not sent, so it certainly was not taken.
        if code == 421:
            line.drop()
        else:
            line.reset()
        return Receipt(message.delivery_id, _refusal(code, words))
    code, words = line.send_body(message.payload.data, deadline)
    if 200 <= code < 300:
        found = QUEUE_ID.search(words)
        return Receipt(message.delivery_id, provider_ref=found.group(1) if found else words[:255])
    return Receipt(message.delivery_id, _refusal(code, words))


def _refusal(code: int, words: str) -> DeliveryError:
    """Return what an answer means: 4xx may be tried again, 5xx not; "no such mailbox" also suppresses the address."""
    detail = f"{code} {words}"
    if code < 500:
        return DeliveryError(detail, permanent=False)
    if NO_SUCH_MAILBOX.search(words) or (code in (550, 551, 553) and _OLD_WORDS.search(words)):
        return DeliveryError(detail, permanent=True, reason="hard_bounced")
    if SENDER_REFUSED.search(words) and "sender" in words.lower():
        return DeliveryError(detail, permanent=True, reason="invalid_sender")
    return DeliveryError(detail, permanent=True)
