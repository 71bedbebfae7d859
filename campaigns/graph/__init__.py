"""What does a journey look like, is it sound, and how is it edited? Pure functions over JSON."""

from __future__ import annotations

from campaigns.graph.changes import Changes, changes
from campaigns.graph.edit import (
    EditError,
    duplicate,
    insert,
    move,
    move_down,
    move_up,
    new_key,
    remove,
    replace,
)
from campaigns.graph.scene import scene
from campaigns.graph.shape import Graph, Spot, StepJson, blank, children, earlier, parents, ports, spot, subtree, walk
from campaigns.graph.soundness import Fault, faults, shape_faults

__all__ = [
    "Changes",
    "EditError",
    "Fault",
    "Graph",
    "Spot",
    "StepJson",
    "blank",
    "changes",
    "children",
    "duplicate",
    "earlier",
    "faults",
    "insert",
    "move",
    "move_down",
    "move_up",
    "new_key",
    "parents",
    "ports",
    "remove",
    "replace",
    "scene",
    "shape_faults",
    "spot",
    "subtree",
    "walk",
]
