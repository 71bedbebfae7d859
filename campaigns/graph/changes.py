"""What is different between two journeys?"""

from __future__ import annotations

from dataclasses import dataclass

from campaigns.graph.shape import Graph, parents


@dataclass(frozen=True)
class Changes:
    """Keys of steps by what happened to them, in the order of the graphs."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]  # other params or another kind
    moved: tuple[str, ...]  # hangs somewhere else

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.moved)


def changes(before: Graph, after: Graph) -> Changes:
    """Return what an edit did. A step after a new or removed one counts as moved only when both its sides changed."""
    old, new = before["steps"], after["steps"]
    was, now = parents(before), parents(after)
    both = [key for key in new if key in old]
    return Changes(
        added=tuple(key for key in new if key not in old),
        removed=tuple(key for key in old if key not in new),
        changed=tuple(key for key in both if (old[key]["kind"], old[key]["params"]) != (new[key]["kind"], new[key]["params"])),
        moved=tuple(
            key
            for key in both
            if was.get(key) != now.get(key) and not _is_beside(was.get(key), new) and not _is_beside(now.get(key), old)
        ),
    )


def _is_beside(spot: object, steps: object) -> bool:
    """Tell whether the neighbor above is missing in the other graph: then the step only closed up."""
    after = getattr(spot, "after", None)
    return after is not None and after not in steps  # type: ignore[operator]
