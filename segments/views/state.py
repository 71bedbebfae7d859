"""How fresh is a segment, as a badge and in words?"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from segments.models import Segment


@dataclass(frozen=True)
class State:
    """The arguments of the badge tag."""

    label: str
    tone: str
    icon: str


def of(segment: Segment) -> State:
    if segment.archived_at:
        return State(_("Archived"), "neutral", "archive")
    if segment.refresh_error:
        return State(_("Not fresh"), "danger", "alert-triangle")
    if segment.refreshed_at is None:
        return State(_("Filling"), "info", "hourglass")
    if segment.stale_since:
        return State(_("Refilling"), "info", "refresh")
    return State(_("Live"), "success", "activity")


def sentence(segment: Segment) -> str:
    """Say what the segment is right now."""
    if segment.archived_at:
        return _("It is no longer kept fresh; who was in it stays on record.")
    if segment.refresh_error:
        return _("The latest refresh failed, so these are the people of the one before. It is tried again every minute.")
    if segment.refreshed_at is None:
        return _("Being filled for the first time.")
    if segment.stale_since:
        return _("The conditions were changed; it is being refilled.")
    return _("People enter and leave within seconds of what they do.")
