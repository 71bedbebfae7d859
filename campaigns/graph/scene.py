"""What does a step see of its journey?"""

from __future__ import annotations

from campaigns.graph.shape import Graph, earlier
from campaigns.steps.base import Earlier, Scene
from campaigns.steps.library import Library


def scene(graph: Graph, key: str, library: Library | None = None) -> Scene:
    """Return where the step stands; `key` may also be a place where a step is about to be put behind."""
    passed = [Earlier(each, graph["steps"][each]["kind"], graph["steps"][each]["params"]) for each in earlier(graph, key)]
    return Scene(key, passed, library or Library())
