"""How is a journey edited? Every operation takes a graph and returns a new one, never a broken one.

The flow is kept: what followed a place before the edit still follows it afterwards.
"""

from __future__ import annotations

import copy
import secrets
from typing import Any

from django.utils.translation import gettext as _

from campaigns.graph.shape import Graph, Spot, StepJson, ports, spot, subtree


class EditError(ValueError):
    """This edit would break the journey; the message says why."""


def new_key(graph: Graph, kind: str) -> str:
    """Return a key for a new step. Keys are never used twice, also not over versions, as numbers are kept by them."""
    while (key := f"{kind}_{secrets.token_hex(3)}") in graph["steps"]:
        pass
    return key


def insert(graph: Graph, *, at: Spot, key: str, kind: str, params: dict[str, Any] | None = None) -> Graph:
    """Put a new step on an edge; what followed hangs on its first exit."""
    new = copy.deepcopy(graph)
    step: StepJson = {"kind": kind, "params": params or {}, "next": {}}
    _hang(new, at, key, step)
    return new


def remove(graph: Graph, *, key: str, keep: str = "") -> Graph:
    """Take a step out. What follows its exit `keep` (its only one when it has one) moves up; its other ways go with it."""
    new = copy.deepcopy(graph)
    at = _movable(new, key)
    following = new["steps"][key]["next"]
    kept = following.get(keep or _first_used_port(new["steps"][key]), "")
    gone = {key, *(inner for child in following.values() if child != kept for inner in subtree(new, child))}
    _link(new, at, kept)
    for each in gone:
        del new["steps"][each]
    return new


def replace(graph: Graph, *, key: str, params: dict[str, Any]) -> Graph:
    """Give a step other params. Ways from exits that are no longer there are cut with all that follows them."""
    if key not in graph["steps"]:
        raise EditError(_("This step is not there any more."))
    new = copy.deepcopy(graph)
    step = new["steps"][key]
    step["params"] = params
    exits = ports(step)
    for port in [port for port in step["next"] if port not in exits]:
        for inner in subtree(new, step["next"].pop(port)):
            del new["steps"][inner]
    return new


def move_up(graph: Graph, *, key: str) -> Graph:
    """Swap a step with the one before it."""
    at = _movable(graph, key)
    above = spot(graph, at.after)
    if above is None:
        raise EditError(_("Nothing comes before the entry."))
    if not ports(graph["steps"][key]):
        raise EditError(_("Nothing can come after this step."))
    port = _first_port(graph["steps"][key])
    new = copy.deepcopy(graph)
    below = new["steps"][key]["next"].pop(port, "")
    _link(new, at, below)
    _link(new, above, key)
    new["steps"][key]["next"][port] = at.after
    return new


def move_down(graph: Graph, *, key: str) -> Graph:
    """Swap a step with the one after its first exit that leads on."""
    _movable(graph, key)
    below = graph["steps"][key]["next"].get(_first_used_port(graph["steps"][key]))
    if not below:
        raise EditError(_("Nothing comes after this step."))
    return move_up(graph, key=below)


def move(graph: Graph, *, key: str, to: Spot) -> Graph:
    """Lift one step out (its ways close behind it) and put it on another edge."""
    step = graph["steps"].get(key)
    if step is None or to.after == key:
        raise EditError(_("The step cannot be put there."))
    if len(step["next"]) > 1:
        raise EditError(_("A step where ways part cannot be lifted out; move it up or down."))
    lifted = remove(graph, key=key)
    return insert(lifted, at=to, key=key, kind=step["kind"], params=step["params"])


def duplicate(graph: Graph, *, key: str, as_key: str) -> Graph:
    """Put a copy of a step right behind it."""
    _movable(graph, key)
    step = graph["steps"][key]
    if not ports(step):
        raise EditError(_("Nothing can come after this step."))
    params = copy.deepcopy(step["params"])
    return insert(graph, at=Spot(key, _first_port(step)), key=as_key, kind=step["kind"], params=params)


def _hang(graph: Graph, at: Spot, key: str, step: StepJson) -> None:
    before = graph["steps"].get(at.after)
    if before is None or at.port not in ports(before):
        raise EditError(_("The place for the step is not there any more."))
    if key in graph["steps"]:
        raise EditError(_("A step with this key is there already."))
    follower = before["next"].get(at.port)
    graph["steps"][key] = step
    if follower:
        port = _first_port(step)
        if not port:
            raise EditError(_("An end can only stand where nothing follows."))
        step["next"] = {port: follower}
    before["next"][at.port] = key


def _movable(graph: Graph, key: str) -> Spot:
    at = spot(graph, key)
    if at is None:
        raise EditError(_("This step stays where it is."))
    if not _first_port(graph["steps"][at.after]):
        raise EditError(_("This step stays where it is."))
    return at


def _link(graph: Graph, at: Spot, key: str) -> None:
    following = graph["steps"][at.after]["next"]
    if key:
        following[at.port] = key
    else:
        following.pop(at.port, None)


def _first_port(step: StepJson) -> str:
    return next(iter(ports(step)), "")


def _first_used_port(step: StepJson) -> str:
    exits = ports(step)
    return next((port for port in exits if step["next"].get(port)), exits[0] if exits else "")
