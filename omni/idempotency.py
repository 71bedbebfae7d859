"""Was this very call answered before? Then it gets the answer of then, and nothing happens twice.

The record of a call and everything the call changes are one transaction: after a crash there is either both or neither, so
the caller may ask again with the same key at any time. A second call with the same key waits for the first one at the unique
index; when that takes too long it is told so. Only answers of success are kept: a refused call changed nothing, and its key
may be used again, for instance with a mended body.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse

from omni.models import IdempotentCall

KEPT_FOR = timedelta(hours=24)
LONGEST_KEY = 255
HEADERS_KEPT = ("Content-Type", "Location")
REPLAYED = "Idempotency-Replayed"

_CLAIM = """
INSERT INTO omni_idempotentcall AS held (caller, key, fingerprint, status, headers, body, at)
VALUES (%(caller)s, %(key)s, %(fingerprint)s, 0, '{}', '', %(now)s)
ON CONFLICT (caller, key) DO UPDATE
SET fingerprint = excluded.fingerprint, status = 0, headers = '{}', body = '', at = excluded.at
WHERE held.at < %(expired)s
RETURNING id
"""


class BusyError(Exception):
    """The first call with this key is still being answered; trying again later helps."""

    permanent = False


@dataclass(frozen=True)
class Claim:
    """The right to answer a call (`earlier` is None), or the answer it got before."""

    pk: int
    earlier: IdempotentCall | None = None


@contextmanager
def claimed(*, caller: str, key: str, fingerprint: str, now: datetime) -> Iterator[Claim]:
    """Open the transaction of a call and claim its key in it. Raises BusyError.

    The caller of this function marks the transaction for rollback (`transaction.set_rollback`) when the call is refused.
    """
    with transaction.atomic():
        asked: dict[str, Any] = {"caller": caller, "key": key, "fingerprint": fingerprint, "now": now, "expired": now - KEPT_FOR}
        with connection.cursor() as cursor:
            try:
                cursor.execute(_CLAIM, asked)
            except OperationalError as error:  # lock_timeout
                raise BusyError from error
            row = cursor.fetchone()
        if row:
            yield Claim(row[0])
        else:
            yield Claim(0, IdempotentCall.objects.get(caller=caller, key=key))


def keep(claim: Claim, response: HttpResponse) -> None:
    """Write down the answer, in the transaction of the call. One statement."""
    headers = {name: response[name] for name in HEADERS_KEPT if name in response}
    IdempotentCall.objects.filter(pk=claim.pk).update(status=response.status_code, headers=headers, body=response.content)


def replay(call: IdempotentCall) -> HttpResponse:
    """Return the answer as it was, marked as a repetition."""
    response = HttpResponse(bytes(call.body), status=call.status)
    for name, value in call.headers.items():
        response[name] = value
    response[REPLAYED] = "true"
    return response


def fingerprint(request: HttpRequest) -> str:
    """Return what tells two calls apart: method, address and body. Raises what reading the body raises."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if (request.content_type or "").startswith("multipart/"):
        for name, values in sorted(request.POST.lists()):
            digest.update(repr((name, values)).encode())
        for name, file in sorted(request.FILES.items()):
            digest.update(repr((name, getattr(file, "name", ""))).encode())
            for chunk in file.chunks():  # type: ignore[union-attr]
                digest.update(chunk)
            file.seek(0)  # type: ignore[union-attr]
    else:
        digest.update(request.body)
    return digest.hexdigest()


def forget(*, now: datetime) -> int:
    """Delete what is older than it is kept for; return how many."""
    return IdempotentCall.objects.filter(at__lt=now - KEPT_FOR).delete()[0]
