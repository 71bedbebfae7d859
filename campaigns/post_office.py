"""Who carries our letters, in whose name, and how many at most? Every change is written into the audit."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from campaigns.delivery import outbox
from campaigns.models import Policy, ProviderAccount, Sender
from omni import audit

if TYPE_CHECKING:
    from omni.models import User

KILL_SWITCH = "kill_switch"


@transaction.atomic
def save_account(*, account: ProviderAccount, by: User, now: datetime) -> ProviderAccount:
    """Write an account; the first of its channel becomes the default. A changed account is tried again at once."""
    is_new = account.pk is None
    if is_new and not ProviderAccount.objects.filter(channel=account.channel, is_default=True).exists():
        account.is_default = True
    account.failures, account.resting_until, account.trouble = 0, None, ""
    account.save()
    action = "provider.create" if is_new else "provider.edit"
    audit.record(actor=by, action=action, obj=account, after={"name": account.name, "provider": account.provider}, now=now)
    outbox.wake(waiting="throttled", now=now)
    return account


@transaction.atomic
def make_default_account(*, account: ProviderAccount, by: User, now: datetime) -> None:
    ProviderAccount.objects.filter(channel=account.channel, is_default=True).update(is_default=False)
    ProviderAccount.objects.filter(pk=account.pk).update(is_default=True)
    audit.record(actor=by, action="provider.make_default", obj=account, now=now)


@transaction.atomic
def pause_account(*, account: ProviderAccount, by: User, now: datetime) -> None:
    """Send nothing through this account until it is resumed; what is due waits."""
    if ProviderAccount.objects.filter(pk=account.pk, paused_at=None).update(paused_at=now):
        audit.record(actor=by, action="provider.pause", obj=account, now=now)


@transaction.atomic
def resume_account(*, account: ProviderAccount, by: User, now: datetime) -> None:
    """Send through this account again, also when it was resting because it could not be reached."""
    ProviderAccount.objects.filter(pk=account.pk).update(paused_at=None, failures=0, resting_until=None, trouble="")
    audit.record(actor=by, action="provider.resume", obj=account, now=now)
    outbox.wake(waiting="channel_paused", now=now)
    outbox.wake(waiting="throttled", now=now)


@transaction.atomic
def save_sender(*, sender: Sender, by: User, now: datetime) -> Sender:
    """Write a sender; the first one becomes the default."""
    is_new = sender.pk is None
    if is_new and not Sender.objects.filter(is_default=True).exists():
        sender.is_default = True
    sender.save()
    facts = {"name": sender.name, "email": sender.email, "reply_to": sender.reply_to, "account": str(sender.account)}
    audit.record(actor=by, action="sender.create" if is_new else "sender.edit", obj=sender, after=facts, now=now)
    return sender


@transaction.atomic
def make_default_sender(*, sender: Sender, by: User, now: datetime) -> None:
    Sender.objects.filter(is_default=True).update(is_default=False)
    Sender.objects.filter(pk=sender.pk).update(is_default=True)
    audit.record(actor=by, action="sender.make_default", obj=sender, now=now)


@transaction.atomic
def save_policy(*, policy: Policy, before: dict[str, Any], by: User, now: datetime) -> None:
    """Write the caps and quiet hours; `before` holds the fields that changed, as they were. What waits is looked at again."""
    policy.save(update_fields=list(before))
    after = {name: getattr(policy, name) for name in before}
    audit.record(actor=by, action="policy.edit", obj=policy, before=before, after=after, now=now)
    for waiting in ("postponed_cap", "postponed_quiet_hours"):
        outbox.wake(waiting=waiting, now=now)


@transaction.atomic
def stop_everything(*, by: User, now: datetime) -> bool:
    """Turn the kill switch: when this has committed, no message is permitted any more. False when it was on already."""
    Policy.load()
    if not Policy.objects.filter(stopped_at=None).update(stopped_at=now, stopped_by=str(by)[:160]):
        return False
    audit.record(actor=by, action="policy.stop", obj=Policy.load(), now=now)
    return True


@transaction.atomic
def go_on(*, by: User, now: datetime) -> bool:
    """Turn the kill switch back; what waits is due at once. False when it was not on."""
    if not Policy.objects.filter(stopped_at__isnull=False).update(stopped_at=None, stopped_by=""):
        return False
    audit.record(actor=by, action="policy.go_on", obj=Policy.load(), now=now)
    outbox.wake(waiting=KILL_SWITCH, now=now)
    return True


@transaction.atomic
def delete(*, row: Sender | ProviderAccount, action: str, by: User, now: datetime) -> None:
    """Remove a sender or an account that nothing refers to; raises ProtectedError when something does."""
    audit.record(actor=by, action=action, obj=row, now=now)
    row.delete()
