"""Who may say in a browser that they are somebody we know?

The key of a website can be read by every visitor, so a visitor can claim any user id. Unless the source trusts its
visitors, such a claim counts when it is signed by the company's own server, when the visitor already is that person, or
when nobody is known by these identifiers yet. Else the call stays with the visitor's anonymous id, without what it claims.

The signature is HMAC-SHA256 of the user id (without one: of the e-mail) in hexadecimal, under the source's identity
secret, in `context.userHash`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from django.conf import settings
from django.db.models import Q

from profiles.identity import Key
from profiles.ingest.spec import Call
from profiles.models import Identifier, Source

ANONYMOUS = str(Identifier.Type.ANONYMOUS_ID)
SIGNED = (str(Identifier.Type.USER_ID), str(Identifier.Type.EMAIL))


def secret_of(source_id: int) -> str:
    """Return the secret with which the company's server signs user ids for this source. Derived, so nothing is stored."""
    return _derive(settings.SECRET_KEY, source_id)


def strict_sources(source_ids: Sequence[int]) -> set[int]:
    """Return those of these sources whose calls need proof. One query."""
    strict = Source.objects.filter(pk__in=source_ids, kind=Source.Kind.BROWSER, trusts_visitors=False)
    return set(strict.values_list("pk", flat=True))


def unproven(calls: Sequence[Call]) -> list[Call]:
    """Return those of these calls, all of strict sources and in order of arrival, that claim too much. One query."""
    claims = [call for call in calls if _claimed(call) and not _is_signed(call)]
    if not claims:
        return []
    owners = _owners({key for call in claims for key in call.identifiers})
    doubtful = []
    for call in claims:
        people = {owners[key] for key in call.identifiers if key in owners}
        claimed = {owners[key] for key in _claimed(call) if key in owners}
        if claimed and len(people | ({None} if _visitor(call) not in owners else set())) > 1:
            doubtful.append(call)
            continue
        # Nobody was known by these yet: from here on they are this visitor's, also within the batch.
        whose = next(iter(people), _visitor(call) or call.identifiers[0])
        owners.update(dict.fromkeys(call.identifiers, whose))
    return doubtful


def _claimed(call: Call) -> list[Key]:
    return [key for key in call.identifiers if key[0] != ANONYMOUS]


def _visitor(call: Call) -> Key | None:
    return next((key for key in call.identifiers if key[0] == ANONYMOUS), None)


def _is_signed(call: Call) -> bool:
    context = call.raw.get("context")
    given = context.get("userHash") if isinstance(context, dict) else None
    if not isinstance(given, str) or not given.isascii():
        return False
    value = next((value for kind in SIGNED for key, value in call.identifiers if key == kind), "")
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    wanted = [sign(_derive(str(key), call.origin.source_id), value) for key in keys]
    return bool(value) and any(hmac.compare_digest(given.lower(), each) for each in wanted)


def sign(secret: str, value: str) -> str:
    return hmac.new(secret.encode(), value.encode(), hashlib.sha256).hexdigest()


def _derive(key: str, source_id: int) -> str:
    return hmac.new(key.encode(), f"visitors of source {source_id}".encode(), hashlib.sha256).hexdigest()


def _owners(keys: set[Key]) -> dict[Key, object]:
    by_type: dict[str, list[str]] = {}
    for kind, value in keys:
        by_type.setdefault(kind, []).append(value)
    wanted = Q()
    for kind, values in by_type.items():
        wanted |= Q(type=kind, value__in=values)
    rows = Identifier.objects.filter(wanted).values_list("type", "value", "profile_id")
    return {(kind, value): profile_id for kind, value, profile_id in rows}
