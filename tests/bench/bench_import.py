"""How fast is a CSV file of 100,000 people imported, beside a bare COPY of the same rows?

python -m tests.bench.bench_import [rows]
"""

from __future__ import annotations

import csv
import io
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
    with database.own("import"), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "people.csv"
        with file.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(HEADER)
            writer.writerows(people(rows))
        bare = bare_copy(file)
        first, second = import_twice(file, Path(folder))
    size = f"{rows:,} rows"
    report.write(
        "import",
        [
            Row(f"import {size}, all new", "s", first, bare, "COPY of the same file", GOAL_SECONDS * rows / ROWS),
            Row(f"import {size}, all known", "s", second, bare, "COPY of the same file", GOAL_SECONDS * rows / ROWS),
            Row("peak memory of the import", "MB", report.peak_mb(), None, "", 400),
        ],
    )


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


def import_twice(file: Path, folder: Path) -> tuple[float, float]:
    """Return the seconds for an empty database and for the same people again, each from the upload to the end."""
    from django.test import override_settings

    with override_settings(MEDIA_ROOT=folder / "files"):
        return import_once(file), import_once(file)


def import_once(file: Path) -> float:
    from django.core.files.base import File
    from django.utils import timezone

    from profiles import imports
    from profiles.imports import mapping

    begun = time.perf_counter()
    with file.open("rb") as rows:
        new = imports.upload(file=File(io.BytesIO(rows.read()), file.name), name=file.name, by=None)
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
