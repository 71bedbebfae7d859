"""How are the next rows read while the database works on these? By a thread that is one chunk ahead, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.utils import translation

from profiles.imports.mapping import Plan
from profiles.imports.reading import Record
from profiles.imports.rows import Fault, Reader, Row

MOST_CHARACTERS = 8_000_000  # a chunk of long rows is cut earlier, so that memory stays the same for any file


@dataclass
class Chunk:
    """Rows to be loaded together: what was read, and the rows among it that can or cannot be used."""

    records: list[Record] = field(default_factory=list)
    usable: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


@contextmanager
def chunks(records: Iterator[Record], plan: Plan, *, most_rows: int) -> Iterator[Iterator[Chunk]]:
    """Give the rows in chunks; the thread has left the file when the block is over. Faults are told in the caller's language."""
    reader, language = Reader(plan), translation.get_language()

    def take() -> Chunk:
        with translation.override(language):
            return _take(records, reader, most_rows)

    def all_of_them() -> Iterator[Chunk]:
        coming = pool.submit(take)
        while (chunk := coming.result()).records:
            coming = pool.submit(take)
            yield chunk

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="import") as pool:
        yield all_of_them()


def _take(records: Iterator[Record], reader: Reader, most_rows: int) -> Chunk:
    chunk, characters = Chunk(), 0
    for record in records:
        chunk.records.append(record)
        found = reader.read(record)
        if isinstance(found, Fault):
            chunk.faults.append(found)
        else:
            chunk.usable.append(found)
        characters += sum(map(len, record.cells))
        if len(chunk.records) >= most_rows or characters >= MOST_CHARACTERS:
            break
    return chunk
