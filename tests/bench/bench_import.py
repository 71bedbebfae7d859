"""How fast is a CSV file of 100,000 people imported, beside a bare COPY of the same rows?

There are two yardsticks: the file as text into a plain table, and the resulting rows (people, identifiers, addresses,
consents, and what else an import writes) into the same tables with their indexes and foreign keys.

python -m tests.bench.bench_import [rows]
"""

from __future__ import annotations

import csv
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from tests.bench import database, report
from tests.bench.report import Row

ROWS = 100_000
SEED = 20260304
GOAL_SECONDS = 30.0
MOST_TIMES = 5  # as slow as a bare COPY of the resulting rows
TABLES = (
    "profiles_savedmapping",
    "profiles_import",
    "profiles_profile",
    "profiles_identifier",
    "profiles_contactpoint",
    "profiles_consent",
    "profiles_consentstate",
    "profiles_importedperson",
    "profiles_importfault",
    "omni_feedentry",
)
HEADER = ("email", "phone", "first name", "last name", "country", "city", "birthday", "orders", "vip", "interests")
COUNTRIES = {"Bulgaria": ("Sofia", "Varna", "Ruse"), "Poland": ("Kraków", "Gdańsk", "Łódź"), "Germany": ("Köln", "Berlin")}
FIRST = ("Anna", "Boris", "Clara", "Dimitar", "Елена", "Farid", "Grete", "Hugo", "Ирина", "Jan")
LAST = ("Ivanova", "Петров", "Kowalska", "Novák", "Schmidt", "Silva", "Rossi", "Nguyen", "Larsen", "O'Hara")


def people(rows: int) -> Iterator[tuple[str, ...]]:
    """Yield people with a fixed seed; one in fifty rows has a fault, one in a hundred repeats an earlier person."""
    chance = random.Random(SEED)
    for number in range(rows):
        who = chance.randrange(number) if number and chance.random() < 0.01 else number
        country = chance.choice(list(COUNTRIES))
        yield (
            "not an address" if chance.random() < 0.02 else f"person{who}@shop{who % 97}.example.com",
            f"+35988{who % 10_000_000:07d}" if who % 3 == 0 else "",
            chance.choice(FIRST),
            chance.choice(LAST),
            country,
            chance.choice(COUNTRIES[country]),
            f"{chance.randint(1, 28):02d}.{chance.randint(1, 12):02d}.{chance.randint(1950, 2005)}",
            str(chance.randint(0, 60)),
            chance.choice(("yes", "no")),
            chance.choice(("boots; coats", "hats", "")),
        )


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "people.csv"
        with file.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(HEADER)
            writer.writerows(people(rows))
        with database.own("import"):
            bare = bare_copy(file)
            first = import_once(file, folder)
            peak = report.peak_mb()
            take_out(folder)
            second = import_once(file, folder)
        with database.own("import_bare"):
            same = put_in(folder)
    size, goal = f"{rows:,} rows", GOAL_SECONDS * rows / ROWS
    report.write(
        "import",
        [
            Row(f"import {size}, all new", "s", first, bare, "COPY of the same file", goal),
            Row(f"import {size}, all new", "s", first, same, "COPY of the resulting rows", MOST_TIMES * same),
            Row(f"import {size}, all known", "s", second, bare, "COPY of the same file", goal),
            Row(f"peak memory of the import of {size}", "MB", peak, None, "", 400),
        ],
    )


def take_out(folder: Path) -> None:
    """Keep what the import wrote, table by table."""
    from django.db import connection

    with connection.cursor() as cursor:
        for table in TABLES:
            with cursor.copy(f"COPY {table} TO STDOUT") as copy, (folder / table).open("wb") as out:
                for piece in copy:
                    out.write(piece)


def put_in(folder: Path) -> float:
    """Return how long PostgreSQL needs to take these rows into the same tables, in one transaction."""
    from django.db import connection, transaction

    begun = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        for table in TABLES:
            with cursor.copy(f"COPY {table} FROM STDIN") as copy, (folder / table).open("rb") as rows:
                while piece := rows.read(1 << 20):
                    copy.write(piece)
    return time.perf_counter() - begun


def bare_copy(file: Path) -> float:
    """Return how long PostgreSQL needs to take the rows as text into a plain, logged table."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE bare ({', '.join(f'column{n} text' for n in range(len(HEADER)))})")
        begun = time.perf_counter()
        with cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER true)") as copy, file.open("rb") as rows:
            while piece := rows.read(1 << 20):
                copy.write(piece)
        seconds = time.perf_counter() - begun
        cursor.execute("DROP TABLE bare")
    return seconds


def import_once(file: Path, folder: Path) -> float:
    """Return the seconds from the upload to the end."""
    from django.core.files.base import File
    from django.test import override_settings
    from django.utils import timezone

    from profiles import imports
    from profiles.imports import mapping

    begun = time.perf_counter()
    with override_settings(MEDIA_ROOT=folder / "files"):
        with file.open("rb") as rows:
            new = imports.upload(file=File(rows, file.name), name=file.name, by=None)
        given = {"status": "granted", "channels": ["email"], "source": "Till", "date": "2026-01-31"}
        plan = mapping.build(header=new.header, mapping=new.mapping, consent=given)
        assert imports.start(an_import=new, plan=plan, now=timezone.now())
        until = timezone.now() + timedelta(hours=1)
        while imports.run(clock=timezone.now, until=until):
            pass
    seconds = time.perf_counter() - begun
    new.refresh_from_db()
    assert new.state == "done", new.error
    assert new.rows_done == new.rows_created + new.rows_updated + new.rows_unchanged + new.rows_rejected
    print(
        f"  {new.rows_created:,} new, {new.rows_updated:,} updated, {new.rows_unchanged:,} unchanged,"
        f" {new.rows_rejected:,} refused"
    )
    return seconds


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
