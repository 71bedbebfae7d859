"""Why was somebody not sent a message, why does one wait, why did a journey end early? Reason codes in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

SENTENCES: dict[str, str | _StrPromise] = {
    # Experiment
    "control_campaign": _("In the control group of this campaign"),
    # Person
    "person_erased": _("The person was erased"),
    "person_merged": _("Merged into another person"),
    "merged_duplicate": _("Already in the campaign under another profile"),
    "test_profile_excluded": _("A test profile"),
    # Still valid
    "left_audience": _("No longer in the audience"),
    "exit_goal": _("Reached the goal before"),
    "exit_event": _("Did what ends the journey"),
    "journey_stopped": _("The campaign was stopped"),
    "campaign_stopped": _("The campaign was stopped"),
    "campaign_paused": _("The campaign is paused"),
    "kill_switch": _("All sending is stopped"),
    "finished": _("Came to the end of the journey"),
    "step_failed": _("A step of the journey failed"),
    "unknown_step": _("A step of the journey is of a kind that is not installed"),
    # Address
    "no_address": _("No address for this channel"),
    "undeliverable": _("The address cannot receive mail"),
    "hard_bounced": _("The address does not exist"),
    "soft_bounce_limit": _("Bounced too often"),
    "complained": _("Reported an earlier message as spam"),
    "suppressed_manual": _("Blocked by staff"),
    "suppressed_domain": _("The domain is blocked"),
    # Consent
    "restricted_processing": _("The person's data may not be used now"),
    "channel_not_permitted": _("Opted out of this channel"),
    "topic_unsubscribed": _("Unsubscribed from the topic"),
    "never_asked": _("Never opted in"),
    "double_opt_in_pending": _("Has yet to confirm the sign-up"),
    "snoozed": _("Wished a pause"),
    # Pressure
    "frequency_cap": _("Had enough messages already"),
    "quiet_hours_dropped": _("Quiet hours until the message was too old"),
    "duplicate_message": _("Got the same message already"),
    "duplicate_address": _("Another person with this address got it"),
    # Content
    "variable_missing": _("Something the text needs is not known about the person"),
    "template_error": _("The text could not be made for the person"),
    "empty_content": _("The message was empty"),
    "too_long": _("The message was too long"),
    # Sender and provider
    "channel_not_configured": _("Nobody is set up to carry such messages"),
    "channel_paused": _("The provider is paused"),
    "invalid_sender": _("The sender is not valid"),
    "provider_rejected": _("Refused by the provider"),
    "provider_suppressed": _("On the provider's own block list"),
    "retries_exhausted": _("Every try failed until it was too late"),
    "expired_in_queue": _("Waited until it was too old"),
    "ambiguous_unknown": _("Handed over, but the provider's answer got lost"),
    "guard_stopped": _("Stopped by a safety guard"),
    # Waiting
    "postponed_quiet_hours": _("Waits for the end of quiet hours"),
    "postponed_cap": _("Waits because of the frequency cap"),
    "throttled": _("Waits until the provider can be reached again"),
    "retrying": _("Will be tried again: the provider did not take it yet"),
}


def sentence(code: str) -> str:
    """Return the reason in words; a code without words is shown readably as it is."""
    if not code:
        return gettext("No reason recorded")
    known = SENTENCES.get(code)
    return str(known) if known is not None else code.replace("_", " ").capitalize()
