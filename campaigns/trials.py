"""How does a letter of a template get to one's own mailbox, without counting anywhere?"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns import channels, content, context, providers
from campaigns.channels import wording
from campaigns.channels.base import RenderError
from campaigns.content.preview import PREFERENCES_SAMPLE, UNSUBSCRIBE_SAMPLE
from campaigns.models import Content, Delivery, Sender, Template, TrialSend
from campaigns.providers.base import DeliveryError
from omni.models import Company

if TYPE_CHECKING:
    from campaigns.channels.base import Message
    from omni.models import User
    from profiles.models import Profile


def send(
    *, template: Template, sender: Sender, address: str, profile: Profile | None, by: User | None, now: datetime
) -> TrialSend:
    """Send the template as it is now, filled in for this person, to this address; return what became of it.

    Links lead where they lead and nothing is counted. Talks to the provider, so it may take as long as that does.
    """
    trial = TrialSend.objects.create(
        template=template,
        sender=sender,
        address=address,
        profile_id=profile.pk if profile else None,
        key=uuid.uuid4(),
        at=now,
        by=by,
        result="unknown",
    )
    try:
        message, trial.subject = _compose(trial, template, sender, profile)
        trial.result, trial.detail = _hand_over(message, sender)
    except (content.CompileError, wording.WordingError, RenderError, DeliveryError) as error:
        trial.result, trial.detail = "failed", str(getattr(error, "detail", error))[:500]
    trial.save()
    return trial


def _compose(trial: TrialSend, template: Template, sender: Sender, profile: Profile | None) -> tuple[Message, str]:
    compiled = content.compile_template(template)
    known = context.build(
        attributes=profile.attributes if profile else {},
        address=trial.address,
        company=Company.load(),
        campaign_name=template.name,
        now=trial.at,
    )
    known["unsubscribe_url"] = f"{settings.BASE_URL}{UNSUBSCRIBE_SAMPLE}"
    known["preferences_url"] = f"{settings.BASE_URL}{PREFERENCES_SAMPLE}"
    known["omni"] = {
        "at": trial.at.isoformat(),
        "from": [sender.name, sender.email],
        "reply_to": sender.reply_to,
        "links": [wording.fill(wording.parse(link.url), known) for link in compiled.links],
        "pixel": None,
        "trap": None,
    }
    pinned = Content(subject=compiled.subject, html=compiled.html, text=compiled.text, hash=compiled.hash)
    delivery = Delivery(pk=0, key=trial.key, address=trial.address, channel=template.channel)
    message = channels.registry[template.channel].compose(pinned, delivery, known)
    return message, wording.fill(wording.parse(compiled.subject), known)


def _hand_over(message: Message, sender: Sender) -> tuple[str, str]:
    account = sender.account
    provider = providers.registry.find(account.provider)
    if provider is None:
        return "failed", _("There is no such provider any more.")
    for receipt in provider.send([message], account.settings, lambda _message: True):
        if receipt.error is None:
            return "sent", receipt.provider_ref[:500]
        return ("failed" if receipt.error.certain else "unknown"), receipt.error.detail[:500]
    return "failed", _("The provider gave no answer.")
