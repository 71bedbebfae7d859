"""Where does a bench work? In a database of its own, made with the current migrations and dropped at the end.

Call `own` before anything else of Django is imported:

    from tests.bench import database
    with database.own("import"):
        from profiles import imports
        ...
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omni.settings")
os.environ.setdefault("LOG_LEVEL", "WARNING")


@contextmanager
def own(name: str) -> Iterator[str]:
    """Make the database omni_bench_<name>, migrated and empty; drop it at the end, also after an error."""
    import django

    from omni import embedded

    if embedded.uses_embedded_database():
        embedded.start_postgres()
    django.setup()

    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    mine = f"omni_bench_{name}"
    _recreate(mine)
    connection.close()
    connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = mine
    try:
        call_command("migrate", verbosity=0)
        yield mine
    finally:
        connection.close()
        _drop(mine)


def _recreate(name: str) -> None:
    _drop(name)
    with _maintenance() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')


def _drop(name: str) -> None:
    with _maintenance() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def _maintenance() -> Iterator[object]:
    import psycopg
    from django.db import connection

    settings = {**connection.get_connection_params(), "dbname": "postgres"}
    settings.pop("cursor_factory", None)
    settings.pop("context", None)
    with psycopg.connect(**settings, autocommit=True) as session, session.cursor() as cursor:
        yield cursor
