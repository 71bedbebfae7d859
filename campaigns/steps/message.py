"""Tell people something: one message in up to five variants, each to its share of the people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns import content
from campaigns.delivery import outbox
from campaigns.experiments import assignment
from campaigns.models import Policy
from campaigns.steps.base import Go, Note, Outcome, Params, Scene, Step, Wait
from campaigns.steps.forms import StepForm

if TYPE_CHECKING:
    from campaigns.models import Enrolment, Sender
    from campaigns.models import Step as StepRow

LETTERS = "ABCDE"


@dataclass(frozen=True)
class Variant:
    """One wording: its letter, the template it says (None: not chosen yet), its weight among the others."""

    name: str
    template: int | None
    share: int


def variants(params: Params) -> list[Variant]:
    """Return the variants of a message's params; what is not understood is left out."""
    return [
        Variant(row["name"], row.get("template"), row.get("share") or 0)
        for row in params.get("variants") or ()
        if isinstance(row, dict) and row.get("name") in list(LETTERS) and isinstance(row.get("share") or 0, int)
    ]


def title(params: Params, scene: Scene) -> str:
    """Return what a message is called in a sentence: “Welcome”, or "one of 2 letters"."""
    rows = variants(params)
    if len(rows) > 1:
        return ngettext("one of %(n)s letter", "one of %(n)s letters", len(rows)) % {"n": len(rows)}
    name = scene.library.template_name(rows[0].template) if rows else ""
    return _("“%(template)s”") % {"template": name} if name else _("a letter")


class MessageForm(StepForm):
    """The variants are rows of their own: `variant` (letter), `template` and `share` come as often as there are rows."""

    sender = forms.TypedChoiceField(label=gettext_lazy("From"), coerce=int, empty_value=None)

    def shape(self) -> None:
        library = self.scene.library
        default = _default_sender(self.scene)
        first = _("%(sender)s (default)") % {"sender": default} if default else _("Choose a sender")
        choices = [("", first), *((pk, str(row)) for pk, row in library.senders.items())]
        self.fields["sender"].choices = choices  # type: ignore[attr-defined]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The variants as they stand, typed or stored, each with its share of the whole in percent."""
        shown = self._typed() if self.is_bound else variants(self.params)
        total = sum(row.share for row in shown) or 1
        return [
            {"name": row.name, "template": row.template, "share": row.share, "percent": round(100 * row.share / total)}
            for row in shown
        ]

    @property
    def next_letter(self) -> str:
        """The letter a further variant would have; '' when there are as many as may be."""
        taken = {row["name"] for row in self.rows}
        return next((letter for letter in LETTERS if letter not in taken), "")

    def clean(self) -> None:
        if any(row.share < 0 or row.share > 100 for row in self._typed()):
            raise forms.ValidationError(_("A share is a number from 0 to 100."))

    def to_params(self) -> Params:
        rows = self._typed()
        removed = self.data.get("remove")
        if removed and len(rows) > 1:
            rows = [row for row in rows if row.name != removed]
        added = self.data.get("add")
        # By its letter: a browser may send the button that was pressed last once more.
        if added in list(LETTERS) and added not in {row.name for row in rows}:
            rows.append(Variant(added, None, rows[-1].share if rows else 100))
        return {
            "channel": self.params.get("channel") or "email",
            "sender": self.cleaned_data.get("sender"),
            "variants": [{"name": row.name, "template": row.template, "share": row.share} for row in rows],
        }

    def _typed(self) -> list[Variant]:
        names, templates, shares = (self._list(name) for name in ("variant", "template", "share"))
        return [
            Variant(name, int(template) if template.isdigit() else None, int(share) if share.lstrip("-").isdigit() else 0)
            for name, template, share in zip(names, templates, shares, strict=False)
            if name in LETTERS
        ]

    def _list(self, name: str) -> list[str]:
        getlist = getattr(self.data, "getlist", None)
        return list(getlist(name)) if getlist else list(self.data.get(name) or ())


class Message(Step):
    key = "message"
    label = gettext_lazy("E-mail")
    hint = gettext_lazy("One letter, or up to five wordings against each other.")
    icon = "mail"
    group = "tell"
    Form = MessageForm
    form_template = "campaigns/steps/_message.html"

    def fresh(self, scene: Scene) -> Params:
        return {"channel": "email", "sender": None, "variants": [{"name": "A", "template": None, "share": 100}]}

    def faults(self, params: Params, scene: Scene) -> list[str]:
        rows = variants(params)
        if not rows:
            return [_("Choose a template.")]
        found = [fault for row in rows for fault in _variant_faults(row, scene, alone=len(rows) == 1)]
        if sum(row.share for row in rows) <= 0:
            found.append(_("Give at least one variant a share above 0."))
        if len({row.name for row in rows}) < len(rows):
            found.append(_("Two variants have the same letter."))
        return found + _sender_faults(params, scene)

    def pin(self, params: Params, step: StepRow, scene: Scene, now: datetime) -> None:
        sender = scene.library.senders.get(params.get("sender") or 0) or _default_sender(scene)
        for row in variants(params):
            template = scene.library.templates.get(row.template or 0)
            if template is not None and sender is not None and row.share > 0:
                content.pin(step=step, variant=row.name, share=row.share, template=template, sender=sender, now=now)

    def run(self, batch: Sequence[Enrolment], step: StepRow, now: datetime) -> Mapping[int, Outcome]:
        visits = {enrolment.pk: enrolment.visit for enrolment in batch}
        ended = outbox.ended(step_id=step.pk, visits=visits)
        new = [enrolment for enrolment in batch if enrolment.pk not in ended]
        if new:
            # For a visit that was run before this writes nothing: the ledger has its row.
            outbox.enqueue(orders=_orders(new, step, now), now=now)
            ended |= outbox.ended(step_id=step.pk, visits={enrolment.pk: enrolment.visit for enrolment in new})
        return {pk: Go("next") if pk in ended else Wait(None) for pk in visits}

    def describe(self, params: Params, scene: Scene) -> str:
        return _("Send %(message)s") % {"message": title(params, scene)}

    def notes(self, params: Params, scene: Scene) -> Sequence[Note]:
        rows = variants(params)
        if len(rows) < 2:
            return ()
        total = sum(row.share for row in rows) or 1
        return [
            Note(row.name, scene.library.template_name(row.template) or _("no template yet"), round(100 * row.share / total))
            for row in rows
        ]


def _orders(batch: Sequence[Enrolment], step: StepRow, now: datetime) -> list[outbox.Order]:
    pinned = {row.variant: row for row in step.contents.all()}
    shares = [(name, pinned[name].share) for name in sorted(pinned)]
    expires_at = now + timedelta(hours=Policy.load().message_ttl_hours)
    orders = []
    for enrolment in batch:
        salt = assignment.variant_salt(enrolment.campaign.salt, step.key)
        variant = assignment.variant(salt, enrolment.profile_id, shares)
        orders.append(
            outbox.Order(
                enrolment_id=enrolment.pk,
                campaign_id=enrolment.campaign_id,
                step_id=step.pk,
                visit=enrolment.visit,
                profile_id=enrolment.profile_id,
                channel=step.params.get("channel") or "email",
                content_id=pinned[variant].pk,
                variant=variant,
                expires_at=expires_at,
            )
        )
    return orders


def _variant_faults(row: Variant, scene: Scene, *, alone: bool) -> list[str]:
    template = scene.library.templates.get(row.template or 0)
    if template is None:
        return [_("Choose a template.") if alone else _("Choose a template for variant %(letter)s.") % {"letter": row.name}]
    found = scene.library.template_faults(template)
    return [_("“%(template)s”: %(fault)s") % {"template": template.name, "fault": fault} for fault in found]


def _default_sender(scene: Scene) -> Sender | None:
    return next((row for row in scene.library.senders.values() if row.is_default), None)


def _sender_faults(params: Params, scene: Scene) -> list[str]:
    senders = scene.library.senders
    if params.get("sender"):
        return [] if params["sender"] in senders else [_("The sender is not there any more. Choose another one.")]
    if _default_sender(scene):
        return []
    return [_("Choose a sender.")] if senders else [_("Add a sender in the settings first.")]
