"""What does another system send to the address of a webhook, and how is it kept, mapped and processed again?"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from django.db import connection, transaction
from django.utils.translation import gettext as _

from profiles.ingest import envelope, inbox, mapping
from profiles.ingest.envelope import RefusedError
from profiles.models import HookPayload, IngestRaw, Source

KEPT_PER_SOURCE = 20
PATH = "hook"
FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 1_000


def accept(*, source_id: int, body: bytes, encoding: str, content_type: str, now: datetime) -> None:
    """Keep the payload as it came, among the latest and in the inbox. Raises RefusedError for what is no JSON."""
    plain = envelope.inflate(body, encoding=encoding)
    if content_type.split(";")[0].strip().lower() == FORM:
        plain = _as_json(plain)
    if not isinstance(envelope.parse(plain), dict | list):
        raise RefusedError(400, "not_an_object", _("The body must be a JSON object or a list of them."))
    with transaction.atomic():
        inbox.accept(source_id=source_id, path=PATH, headers={}, body=plain, now=now)
        HookPayload.objects.create(source_id=source_id, received_at=now, body=plain)
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM profiles_hookpayload WHERE source_id = %s AND id <= (SELECT id FROM profiles_hookpayload"
                " WHERE source_id = %s ORDER BY id DESC OFFSET %s LIMIT 1)",
                [source_id, source_id, KEPT_PER_SOURCE],
            )


def save(source: Source, *, new: mapping.HookMapping) -> None:
    """Store what payloads of this source mean from now on. A new version, so replayed payloads are new calls."""
    with transaction.atomic():
        held = Source.objects.select_for_update().get(pk=source.pk)
        if held.mapping != mapping.dump(new):
            held.mapping, held.mapping_version = mapping.dump(new), held.mapping_version + 1
            held.save(update_fields=["mapping", "mapping_version"])
        source.mapping, source.mapping_version = held.mapping, held.mapping_version


def replay(source: Source, *, now: datetime) -> int:
    """Put the latest payloads into the inbox again, with their time of arrival; return how many."""
    payloads = list(HookPayload.objects.filter(source=source).order_by("pk"))
    IngestRaw.objects.bulk_create(
        IngestRaw(source=source, received_at=each.received_at, path=PATH, body=each.body, due_at=now) for each in payloads
    )
    return len(payloads)


def latest(source: Source) -> list[HookPayload]:
    return list(HookPayload.objects.filter(source=source).order_by("-pk"))


def read(payload: HookPayload) -> Any:
    """Return the payload as a value; of a list its first item, which stands for the others."""
    value = json.loads(bytes(payload.body))
    return value[0] if isinstance(value, list) and value else value


def _as_json(plain: bytes) -> bytes:
    try:
        return json.dumps(dict(parse_qsl(plain.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS))).encode()
    except ValueError:
        raise RefusedError(400, "not_a_form", _("The form could not be read.")) from None
