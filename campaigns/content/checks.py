"""What is wrong with this template, and what could be better?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from campaigns.channels import wording
from campaigns.channels.email import CLIPPED_AT_BYTES
from campaigns.content.compile import UNSUBSCRIBE, Compiled, CompileError, compile_template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from campaigns.models import Template

LONG_SUBJECT_CHARS = 70
_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_INSECURE = re.compile(r"""\b(?:src|href)=["']http://""", re.IGNORECASE)


@dataclass(frozen=True)
class Check:
    """One finding. A fault keeps the template from being sent; otherwise it is advice. `line` is a line of `where`."""

    text: str
    is_fault: bool
    where: str = "body"  # "subject", "preheader" or "body"
    line: int | None = None

    def __str__(self) -> str:
        return _("Line %(line)s: %(text)s") % {"line": self.line, "text": self.text} if self.line else self.text


def checks(template: Template) -> list[Check]:
    """Return all findings about the template, faults first. Pure."""
    found = [*_wording(template), *_subject(template)]
    if not any(check.is_fault and check.where == "body" for check in found):
        found += _body(template)
    return sorted(found, key=lambda check: not check.is_fault)


def faults(template: Template) -> list[str]:
    """Return what keeps the template from being sent, in words; [] when it can be sent. Pure."""
    return [str(check) for check in checks(template) if check.is_fault]


def _wording(template: Template) -> Iterator[Check]:
    for where in ("subject", "preheader", "body"):
        try:
            wording.parse(getattr(template, where))
        except wording.WordingError as error:
            yield Check(error.message[:1].upper() + error.message[1:], True, where, error.line)


def _subject(template: Template) -> Iterator[Check]:
    if not template.subject.strip():
        yield Check(_("The subject is missing."), True, "subject")
    elif len(template.subject) > LONG_SUBJECT_CHARS and "{" not in template.subject:
        yield Check(_("The subject is long: phones show about 40 characters."), False, "subject")
    if not template.preheader.strip():
        yield Check(_("There is no preheader: mail programs will show the first words of the body."), False, "preheader")


def _body(template: Template) -> Iterator[Check]:
    if not template.body.strip():
        yield Check(_("The body is empty."), True)
        return
    try:
        compiled = compile_template(template)
        wording.parse(compiled.html, html=True)
    except CompileError as error:
        yield Check(str(error), True)
        return
    except wording.WordingError as error:
        yield Check(error.message, True)
        return
    yield from _letter(compiled)


def _letter(compiled: Compiled) -> Iterator[Check]:
    if UNSUBSCRIBE not in compiled.html:
        yield Check(_("There is no link to unsubscribe. Put {{ unsubscribe_url }} into a link."), True)
    size = len(compiled.html.encode())
    if size > CLIPPED_AT_BYTES:
        yield Check(_("The letter has %(size)s KB; Gmail cuts off what is beyond 100 KB.") % {"size": size // 1024}, True)
    for place in compiled.links:
        if place.url.lower().startswith("http://"):
            yield Check(_("A link is not https: %(url)s") % {"url": place.url[:80]}, False)
    if any("alt=" not in image.lower() for image in _IMAGE.findall(compiled.html)):
        yield Check(_("An image has no alternative text."), False)
    if _INSECURE.search(compiled.html) and not any(link.url.startswith("http://") for link in compiled.links):
        yield Check(_("An image is not https; many mail programs will not show it."), False)
    if "company.postal_address" not in compiled.html:
        yield Check(_("The postal address is missing; many laws ask for it. Use {{ company.postal_address }}."), False)
    if not compiled.links:
        yield Check(_("There is no link to follow."), False)
