"""How will this template look for this person?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from campaigns import context
from campaigns.channels import wording
from campaigns.content.compile import Compiled, compile_template
from omni.models import Company

if TYPE_CHECKING:
    from campaigns.models import Template
    from profiles.models import Profile

UNSUBSCRIBE_SAMPLE = "/u/sample"
PREFERENCES_SAMPLE = "/p/sample"


@dataclass(frozen=True)
class Preview:
    """A filled-in letter; links lead where they lead, nothing is counted."""

    subject: str
    preheader: str
    html: str
    text: str


def render_preview(template: Template, profile: Profile | None, *, now: datetime, address: str = "") -> Preview:
    """Fill the template in for this person, or for nobody in particular; raises CompileError or WordingError."""
    compiled = compile_template(template)
    known = context.build(
        attributes=profile.attributes if profile else {},
        address=address,
        company=Company.load(),
        campaign_name=template.name,
        now=now,
    )
    known["unsubscribe_url"] = UNSUBSCRIBE_SAMPLE
    known["preferences_url"] = PREFERENCES_SAMPLE
    return fill(compiled, known)


def fill(compiled: Compiled, known: dict[str, Any]) -> Preview:
    """Fill compiled words in with untracked links; raises WordingError."""
    links = [wording.fill(wording.parse(link.url), known) for link in compiled.links]
    whole = {**known, "omni": {"links": links, "pixel": None}}
    return Preview(
        subject=wording.fill(wording.parse(compiled.subject), whole),
        preheader=wording.fill(wording.parse(compiled.preheader), whole),
        html=wording.fill(wording.parse(compiled.html, html=True), whole),
        text=wording.fill(wording.parse(compiled.text), whole),
    )
