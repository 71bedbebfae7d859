"""How are a marketer's words filled in for one person, without trusting the words?

Liquid over plain dictionaries: no attribute of a Python object can be reached, no file or other template loaded, no clock
read, and every way to make something huge out of something small is bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from liquid import BoundTemplate, Environment, RenderContext
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import LiquidError, ResourceLimitError
from liquid.filter import with_context

MOST_OUTPUT_BYTES = 512 * 1024
MOST_LOOPS = 10_000
MOST_DIGITS = 30
FORBIDDEN_TAGS = ("include", "render")  # there is nothing to load, and saying so early is kinder
# `safe` would switch escaping off for what a person typed into a form.
FORBIDDEN_FILTERS = ("safe", "base64_decode", "base64_url_safe_decode")


class WordingError(Exception):
    """These words cannot be used. `line` counts from 1; None when the place is not known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class _Words(Environment):
    loop_iteration_limit = MOST_LOOPS
    output_stream_limit = MOST_OUTPUT_BYTES
    local_namespace_limit = MOST_OUTPUT_BYTES
    context_depth_limit = 30
    block_nesting_limit = 30

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        for name in FORBIDDEN_TAGS:
            del self.tags[name]
        for name in FORBIDDEN_FILTERS:
            self.filters.pop(name, None)
        self.filters["date"] = _at_a_given_time(self.filters["date"])
        self.filters = {name: _bounded(name, function) for name, function in self.filters.items()}


def _at_a_given_time(date: Callable[..., Any]) -> Callable[..., Any]:
    # "now" must be the moment of the first rendering, or a retry would say something else.
    @with_context
    @wraps(date)
    def dated(value: Any, *args: Any, context: RenderContext, **kwargs: Any) -> Any:
        return date(context.globals.get("now", "") if value in ("now", "today") else value, *args, **kwargs)

    return dated


def _bounded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def guarded(value: Any, *args: Any, **kwargs: Any) -> Any:
        if _could_explode(name, value, args):
            raise ResourceLimitError(f"the result of '{name}' would be too large", token=None)
        result = function(value, *args, **kwargs)
        if isinstance(result, str) and len(result) > MOST_OUTPUT_BYTES:
            raise ResourceLimitError(f"the result of '{name}' is too large", token=None)
        if isinstance(result, int) and abs(result) >= 10**MOST_DIGITS:
            raise ResourceLimitError(f"the result of '{name}' is too large", token=None)
        return result

    return guarded


def _could_explode(name: str, value: Any, args: tuple[Any, ...]) -> bool:
    if name.startswith("replace") and len(args) > 1:
        return (len(str(value)) + 1) * (len(str(args[1])) + 1) > 16 * MOST_OUTPUT_BYTES
    if name == "join" and isinstance(value, list | tuple | str):
        return len(value) * (len(str(args[0])) if args else 1) > MOST_OUTPUT_BYTES
    return False


_make_range = RangeLiteral._make_range


def _make_bounded_range(self: RangeLiteral, start: Any, stop: Any) -> range:
    numbers = _make_range(self, start, stop)
    if numbers.stop - numbers.start > MOST_LOOPS:
        raise ResourceLimitError("the range is too large", token=self.token)
    return numbers


# The engine's limits count loops, not `(1..30000000) | join`, and it has no hook for ranges.
RangeLiteral._make_range = _make_bounded_range  # type: ignore[method-assign]

_escaping = _Words(autoescape=True)
_plain = _Words()


def parse(source: str, *, html: bool = False) -> BoundTemplate:
    """Read Liquid; with `html` every value is escaped where it is put in. Raises WordingError with the line."""
    environment = _escaping if html else _plain
    try:
        words = environment.from_string(source)
        used = words.analyze().filters
    except (LiquidError, RecursionError) as error:
        raise _as_wording_error(error) from error
    # The engine itself would find a filter that does not exist only for the first person it is used for.
    for name, spans in used.items():
        if name not in environment.filters:
            line = source.count("\n", 0, spans[0].index) + 1
            raise WordingError(f"unknown filter '{name}'", line)
    return words


def fill(words: BoundTemplate, context: dict[str, Any]) -> str:
    """Return the words filled in with the plain values of `context`; raises WordingError. A name that is missing is ''."""
    try:
        return words.render(**context)
    except (LiquidError, RecursionError, ValueError, OverflowError, TypeError, MemoryError) as error:
        raise _as_wording_error(error) from error


def names(words: BoundTemplate) -> set[tuple[str, ...]]:
    """Return the paths the words read from the context, such as ("person", "city"), without what they assign themselves."""
    return {
        tuple(part for part in variable.segments if isinstance(part, str))
        for variables in words.analyze().globals.values()
        for variable in variables
    }


def _as_wording_error(error: Exception) -> WordingError:
    if isinstance(error, LiquidError):
        place = error.context()
        return WordingError(str(error.message or "this is no valid Liquid"), place[0] if place else None)
    return WordingError(str(error)[:200] or type(error).__name__)
