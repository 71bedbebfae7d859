"""What are the segments and topics called that conditions name by their keys?

Inside `loaded()` every name costs nothing after the first: lists that describe many definitions wrap themselves in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property

from profiles.models import Topic
from segments.models import Segment


class _Names:
    @cached_property
    def segments(self) -> dict[int, str]:
        return dict(Segment.objects.in_use().values_list("pk", "name"))

    @cached_property
    def topics(self) -> dict[str, str]:
        return dict(Topic.objects.values_list("key", "name"))


_loaded: ContextVar[_Names | None] = ContextVar("segments_names", default=None)


@contextmanager
def loaded() -> Iterator[None]:
    """Load all names at once when the first is asked for: two queries at most for everything inside."""
    token = _loaded.set(_loaded.get() or _Names())
    try:
        yield
    finally:
        _loaded.reset(token)


def segment(pk: int) -> str | None:
    """Return the name of a segment in use; None when it is not there (any more)."""
    if names := _loaded.get():
        return names.segments.get(pk)
    found: str | None = Segment.objects.in_use().filter(pk=pk).values_list("name", flat=True).first()
    return found


def topic(key: str) -> str | None:
    if names := _loaded.get():
        return names.topics.get(key)
    return Topic.objects.filter(key=key).values_list("name", flat=True).first()
