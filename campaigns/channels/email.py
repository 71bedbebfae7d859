"""How does a letter come into being?

The parts that are the same for all letters of a content (boundaries, part headers, parsed words) are prepared once; per
person only the words are filled in, encoded and joined. The standard library's message classes do the same about fifty
times slower.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns.channels import headers, wording
from campaigns.channels.base import Channel, Message, RenderError
from campaigns.models import Template

if TYPE_CHECKING:
    from liquid import BoundTemplate

    from campaigns.models import Content, Delivery

# Gmail cuts what is longer and hides the unsubscribe link with it.
CLIPPED_AT_BYTES = 102_400
PREPARED_CONTENTS = 256


@dataclass(frozen=True)
class Letter:
    """What providers of e-mail understand: the envelope and the bytes (CRLF line ends, not dot-stuffed)."""

    sender: str
    recipient: str
    data: bytes


@dataclass(frozen=True)
class _Prepared:
    subject: BoundTemplate
    html: BoundTemplate
    text: BoundTemplate
    opening: bytes  # from MIME-Version to the first body
    between: bytes
    closing: bytes


class EmailContentForm(forms.Form):
    """What one writes for a letter."""

    subject = forms.CharField(label=_("Subject"), max_length=400)
    preheader = forms.CharField(
        label=_("Preheader"), max_length=400, required=False, help_text=_("Shown beside the subject in the list of letters.")
    )
    markup = forms.ChoiceField(label=_("Markup"), choices=Template.Markup.choices)
    body = forms.CharField(label=_("Body"), widget=forms.Textarea, strip=False)


class Email(Channel):
    key = "email"
    label = _("E-mail")
    icon = "mail"
    mode = "send"
    address_kind = "email"
    ContentForm = EmailContentForm
    limits: ClassVar[dict[str, int]] = {"bytes": CLIPPED_AT_BYTES}
    reached_by = "opened"

    def compose(self, content: Content, delivery: Delivery, context: dict[str, Any]) -> Message:
        """Make the letter. `context["omni"]` says what is not the marketer's (see campaigns.delivery.render.wrap):
        at, from, reply_to, list_id, feedback_id, links, pixel; `context["unsubscribe_url"]` goes into the headers too.
        """
        prepared = _prepare(content)
        try:
            subject = wording.fill(prepared.subject, context).strip()
            html = wording.fill(prepared.html, context)
            text = wording.fill(prepared.text, context)
        except wording.WordingError as error:
            raise RenderError("template_error", error.message) from error
        if not subject or not html.strip():
            raise RenderError("empty_content", str(_("The subject or the body came out empty.")))
        try:
            head, recipient = _head(delivery, subject, context)
        except headers.HeaderError as error:
            raise RenderError(error.reason, str(error)) from error
        data = b"".join(
            (head, prepared.opening, headers.base64_lines(text), prepared.between, headers.base64_lines(html), prepared.closing)
        )
        letter = Letter(sender=context["omni"]["from"][1], recipient=recipient, data=data)
        return Message(
            delivery_id=delivery.pk,
            key=str(delivery.key),
            address=delivery.address,
            payload=letter,
            body_hash=hashlib.sha256(data).hexdigest(),
        )


def _head(delivery: Delivery, subject: str, context: dict[str, Any]) -> tuple[bytes, str]:
    """Return the header lines of one letter, and the address as it goes on the envelope; raises HeaderError."""
    omni = context["omni"]
    name, address = omni["from"]
    recipient = headers.mailbox(delivery.address)
    lines = [
        b"From: " + headers.named_mailbox(name, address),
        b"To: " + recipient.encode("ascii"),
        b"Subject: " + headers.words(subject),
        b"Date: " + headers.date(datetime.fromisoformat(omni["at"])),
        b"Message-ID: <" + f"{delivery.key}@{headers.domain(address)}".encode("ascii") + b">",
    ]
    if omni.get("reply_to"):
        lines.append(b"Reply-To: " + headers.mailbox(omni["reply_to"]).encode("ascii"))
    if url := context.get("unsubscribe_url"):
        lines.append(b"List-Unsubscribe: <" + headers.token(url) + b">")
        lines.append(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    if omni.get("list_id"):
        lines.append(b"List-Id: <" + headers.token(omni["list_id"]) + b">")
    if omni.get("feedback_id"):
        lines.append(b"Feedback-ID: " + headers.token(omni["feedback_id"]))
    lines.append(b"X-Delivery-ID: " + str(delivery.key).encode("ascii"))
    return b"\r\n".join(lines) + b"\r\n", recipient


def _prepare(content: Content) -> _Prepared:
    try:
        return _prepared(content.hash, content.subject, content.html, content.text)
    except wording.WordingError as error:
        raise RenderError("template_error", error.message) from error


@lru_cache(maxsize=PREPARED_CONTENTS)
def _prepared(content_hash: str, subject: str, html: str, text: str) -> _Prepared:
    # The boundary is a hash, so that a retry has the same; base64 lines cannot contain it.
    boundary = b"=_" + hashlib.sha256(f"{content_hash}{html}".encode()).hexdigest()[:32].encode("ascii")
    return _Prepared(
        subject=wording.parse(subject),
        html=wording.parse(html, html=True),
        text=wording.parse(text),
        opening=b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="%s"\r\n\r\n--%s\r\n%s'
        % (boundary, boundary, _part(b"text/plain")),
        between=b"--%s\r\n%s" % (boundary, _part(b"text/html")),
        closing=b"--%s--\r\n" % boundary,
    )


def _part(mime: bytes) -> bytes:
    return b"Content-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" % mime
