"""How does a draft change, and how does it become a version that runs?

Drafts are kept with what they were before, for undo and redo. A version never changes: publishing again makes the next
one, which new entries take; whoever is inside stays on theirs.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from campaigns import goals, graph, planning
from campaigns.delivery import outbox
from campaigns.models import Campaign, Step, Version
from campaigns.steps import STEPS
from campaigns.steps.library import Library
from omni import audit
from profiles.models import Topic

if TYPE_CHECKING:
    from campaigns.graph import Fault, Graph
    from omni.models import User

UNDO_DEPTH = 50
SETTINGS = ("name", "topic", "control_percent", "goal_event", "goal_days")


class NotSoundError(Exception):
    """The draft cannot be published; `faults` say where and why."""

    permanent = True

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(fault.text for fault in faults))
        self.faults = list(faults)


class NotPossibleError(Exception):
    """The campaign is in no state for this; the message says why."""

    permanent = True


def create(*, name: str, draft: Graph, by: User | None, now: datetime, **settings: Any) -> Campaign:
    """Make a campaign as a draft, on the default topic unless another is given."""
    settings.setdefault("topic", Topic.objects.filter(is_default=True, archived_at=None).order_by("position", "pk").first())
    with transaction.atomic():
        campaign = Campaign.objects.create(name=name, draft=draft, created_by=by, **settings)
        audit.record(actor=by, action="campaign.create", obj=campaign, after={"name": name}, now=now)
    return campaign


def duplicate(*, campaign: Campaign, by: User | None, now: datetime) -> Campaign:
    """Make a draft that is like the draft of this campaign. It has a salt of its own, so its groups are dealt anew."""
    kept = {name: getattr(campaign, name) for name in SETTINGS if name != "name"}
    name = (_("%(name)s (copy)") % {"name": campaign.name})[:160]
    return create(name=name, draft=copy.deepcopy(campaign.draft), by=by, now=now, **kept)


def edit(*, campaign: Campaign, change: Callable[[Graph], Graph]) -> Campaign:
    """Change the draft and remember what it was; nothing is written when nothing changes. Raises graph.EditError."""
    with transaction.atomic():
        locked = _lock_draft(campaign)
        draft = change(locked.draft)
        if draft != locked.draft:
            locked.undo = [*locked.undo, locked.draft][-UNDO_DEPTH:]
            locked.draft, locked.redo = draft, []
            locked.save(update_fields=["draft", "undo", "redo", "draft_saved_at"])
    return locked


def undo(*, campaign: Campaign) -> Campaign:
    """Take the latest change of the draft back; nothing happens when there is none."""
    with transaction.atomic():
        locked = _lock_draft(campaign)
        if locked.undo:
            locked.redo = [*locked.redo, locked.draft]
            locked.draft = locked.undo[-1]
            locked.undo = locked.undo[:-1]
            locked.save(update_fields=["draft", "undo", "redo", "draft_saved_at"])
    return locked


def redo(*, campaign: Campaign) -> Campaign:
    """Make the change again that was taken back last."""
    with transaction.atomic():
        locked = _lock_draft(campaign)
        if locked.redo:
            locked.undo = [*locked.undo, locked.draft][-UNDO_DEPTH:]
            locked.draft = locked.redo[-1]
            locked.redo = locked.redo[:-1]
            locked.save(update_fields=["draft", "undo", "redo", "draft_saved_at"])
    return locked


def configure(*, campaign: Campaign, by: User | None, now: datetime, **settings: Any) -> Campaign:
    """Change name, topic, control group or goal. A new goal is counted for all who have entered, also in the past."""
    with transaction.atomic():
        locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
        before = {name: getattr(locked, name) for name in settings}
        changed = {name: value for name, value in settings.items() if before[name] != value}
        if not changed:
            return locked
        for name, value in changed.items():
            setattr(locked, name, value)
        locked.save(update_fields=list(changed))
        if {"goal_event", "goal_days"} & set(changed) and locked.state != Campaign.State.DRAFT:
            goals.recount(campaign=locked, now=now)
        told = {name: str(value) for name, value in changed.items()}
        audit.record(
            actor=by,
            action="campaign.configure",
            obj=locked,
            before={name: str(before[name]) for name in changed},
            after=told,
            now=now,
        )
    return locked


def faults(campaign: Campaign, library: Library | None = None) -> list[Fault]:
    """Return what keeps the draft from being published; [] when it may go."""
    return graph.faults(campaign.draft, library)


def publish(*, campaign: Campaign, by: User | None, now: datetime) -> Version:
    """Freeze the draft as the next version and let it run; raises NotSoundError or NotPossibleError.

    1. Lock the campaign; refuse an ended one, an unsound draft, and a draft that runs already.
    2. Write the version and its steps, and pin what they say.
    3. Make it the current version; a draft becomes live, a paused campaign stays paused.
    4. Plan its next start and take planned starts of earlier versions back.
    """
    library = Library(now=now)
    with transaction.atomic():
        locked = Campaign.objects.select_for_update(of=("self",)).select_related("current_version").get(pk=campaign.pk)
        _refuse(locked, library)
        version = _freeze(locked, library, by, now)
        locked.current_version = version
        if locked.state == Campaign.State.DRAFT:
            locked.state, locked.live_at = Campaign.State.LIVE, now
        locked.save(update_fields=["current_version", "state", "live_at"])
        planning.plan(campaign=locked, version=version, now=now)
        audit.record(actor=by, action="campaign.publish", obj=locked, after={"version": version.number}, now=now)
    return version


def resume(*, campaign: Campaign, by: User | None, now: datetime) -> bool:
    """Let a paused campaign run again, and its held messages go out; False when it was not paused."""
    with transaction.atomic():
        if not campaign.resume(by=by, now=now):
            return False
        outbox.wake(waiting="campaign_paused", campaign_id=campaign.pk, now=now)
    return True


def has_changes(campaign: Campaign) -> bool:
    """Tell whether the draft differs from what runs. Reads `current_version`."""
    return campaign.current_version is None or campaign.current_version.graph != campaign.draft


def restore(*, campaign: Campaign, version: Version) -> Campaign:
    """Put the graph of an earlier version back on the canvas; it runs when it is published."""
    return edit(campaign=campaign, change=lambda _draft: copy.deepcopy(version.graph))


def _lock_draft(campaign: Campaign) -> Campaign:
    locked = Campaign.objects.select_for_update(of=("self",)).select_related("current_version").get(pk=campaign.pk)
    if locked.has_ended:
        raise NotPossibleError(_("This campaign is over. Duplicate it to go on from here."))
    return locked


def _refuse(campaign: Campaign, library: Library) -> None:
    if campaign.has_ended:
        raise NotPossibleError(_("This campaign is over. Duplicate it to go on from here."))
    if not has_changes(campaign):
        raise NotPossibleError(_("This is what runs already: nothing has changed."))
    if found := faults(campaign, library):
        raise NotSoundError(found)


def _freeze(campaign: Campaign, library: Library, by: User | None, now: datetime) -> Version:
    newest = campaign.versions.aggregate(newest=Max("number"))["newest"] or 0
    draft: Graph = campaign.draft
    version = Version.objects.create(campaign=campaign, number=newest + 1, graph=draft, published_at=now, published_by=by)
    rows = [
        Step(version=version, key=key, position=position, **_columns(draft, key))
        for position, key in enumerate(graph.walk(draft))
    ]
    for row in Step.objects.bulk_create(rows):
        STEPS[row.kind].pin(row.params, row, graph.scene(draft, row.key, library), now)
    return version


def _columns(draft: Graph, key: str) -> dict[str, Any]:
    step = draft["steps"][key]
    return {"kind": step["kind"], "params": step["params"], "next": step["next"]}
