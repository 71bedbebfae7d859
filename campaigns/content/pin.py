"""How is a step of a published version tied to words that never change?"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from campaigns.content.compile import compile_template
from campaigns.models import Content, Link, Sender, Step, Template


def pin(*, step: Step | None, variant: str, share: int, template: Template, sender: Sender, now: datetime) -> Content:
    """Compile the template and keep the result for this variant of this step; raises CompileError. Two inserts."""
    compiled = compile_template(template)
    with transaction.atomic():
        content = Content.objects.create(
            step=step,
            variant=variant,
            share=share,
            template=template,
            sender=sender,
            subject=compiled.subject,
            preheader=compiled.preheader,
            html=compiled.html,
            text=compiled.text,
            hash=compiled.hash,
            created_at=now,
        )
        Link.objects.bulk_create(
            Link(content=content, position=position, url=link.url, label=link.label)
            for position, link in enumerate(compiled.links)
        )
    return content
