"""Is this process alive, and can it serve? For supervisors and load balancers; tells no secrets and asks for none."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

logger = logging.getLogger(__name__)


@never_cache
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as the process can answer at all."""
    return JsonResponse({"status": "alive"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database answers and knows all migrations, else 503 with what is missing."""
    missing = _what_is_missing()
    return JsonResponse({"status": "not ready" if missing else "ready", "missing": missing}, status=503 if missing else 200)


def _what_is_missing() -> list[str]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        _all_migrations_applied()
    except DatabaseError:
        logger.warning("not ready: the database does not answer")
        return ["database"]
    except MigrationsPendingError:
        return ["migrations"]
    return []


class MigrationsPendingError(Exception):
    """The database is older than the code."""


@cache
def _all_migrations_applied() -> None:
    # Once applied they stay applied while this code runs; an exception is not remembered.
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise MigrationsPendingError
