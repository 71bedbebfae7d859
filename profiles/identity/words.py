"""Why did two become one, or not? In sentences for people."""

from __future__ import annotations

from django.utils.translation import gettext as _

from profiles.identity import by_hand
from profiles.identity.plan import Refused
from profiles.models import Merge, Refusal
from profiles.models.profile import type_in_words


def of_merge(merge: Merge, *, source: str = "") -> str:
    """Return the rule and its evidence; `source` is where it came from, in words."""
    keys = merge.evidence.get("keys", [])
    if merge.rule == by_hand.SUGGESTION:
        return _("%(who)s found that a suggested pair is one person.") % {"who": who(merge.merged_by)}
    if merge.rule == by_hand.BY_HAND:
        return _("%(who)s joined them by hand.") % {"who": who(merge.merged_by)}
    if len(keys) == 2:
        said = {
            "first": type_in_words(keys[0][0]),
            "first_value": keys[0][1],
            "second": type_in_words(keys[1][0]),
            "second_value": keys[1][1],
            "source": source,
        }
        if source:
            return _("%(source)s named %(first)s “%(first_value)s” and %(second)s “%(second_value)s” in one breath.") % said
        return _("%(first)s “%(first_value)s” and %(second)s “%(second_value)s” came in one breath.") % said
    return merge.reason


def of_refusal(refusal: Refusal) -> str:
    """Return why an identifier did not join."""
    words = {
        Refused.OTHER_USER_ID: _("It belongs to somebody with another user id. Only a person may join two user ids."),
        Refused.SHARED_DEVICE: _("It is a device or browser of two people who are known by names of their own: it is shared."),
        Refused.KEPT_APART: _("Somebody here said that these are two people."),
        Refused.TOO_MANY: _("There would be more of this kind than one person has by the limits."),
        Refused.TOO_MANY_IN_ALL: _("There would be more identifiers than one person can have."),
        Refused.TOO_MANY_MERGES: _("Too many profiles were merged into this person already."),
    }
    return words.get(Refused(refusal.rule), refusal.rule) if refusal.rule in set(Refused) else refusal.rule


def of_obstacle(code: str) -> str:
    """Return why these two cannot be merged even by a person."""
    words = {
        "same_person": _("These are one person already."),
        "too_many_identifiers": _("Together they would have more identifiers than one person can have."),
        "too_many_merges": _("Too many profiles were merged into them already."),
        "two_user_ids": _("They have different user ids. Confirm that they are one person all the same."),
        "erased": _("It belonged to somebody whose data was erased, and may not come back by itself."),
        "not_two_people": _("Choose another person."),
    }
    return words.get(code, code)


def who(by: str) -> str:
    kind, _mark, name = by.partition(":")
    if kind == "api":
        return _("The API key %(name)s") % {"name": name}
    return name or by or _("Somebody")
