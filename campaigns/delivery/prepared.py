"""How is a statement that runs for every single message planned only once?

Django's cursors put values into the text, so that the server parses and plans each time; for the statement that settles a
message that costs more than running it. Here the server keeps the plan for as long as the connection lives.
"""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import connection

PREPARE_AFTER = 2  # of one connection; a poolers in front must know prepared statements, as PgBouncer does since 1.21


def fetch_one(sql: str, values: dict[str, Any]) -> tuple[Any, ...]:
    """Run the statement on Django's connection, in its transaction, and return the one row it gives.

    All values need a cast or an unmistakable place in the statement: nothing is put into its text.
    """
    connection.ensure_connection()
    raw = connection.connection
    raw.prepare_threshold = PREPARE_AFTER
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        row = cursor.execute(sql.encode(), values).fetchone()
    if row is None:
        raise LookupError("the statement gave no row")
    return tuple(row)
