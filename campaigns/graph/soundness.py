"""Is this journey sound, and if not, what is wrong where?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.graph.scene import scene
from campaigns.graph.shape import VERSION, Graph, walk
from campaigns.steps import STEPS
from campaigns.steps.library import Library

MOST_STEPS = 200


@dataclass(frozen=True)
class Fault:
    """What is wrong: at which step ('' for the journey), where in the JSON, in words."""

    step: str
    path: str
    text: str


def faults(graph: Graph, library: Library | None = None) -> list[Fault]:
    """Return everything that keeps the journey from being published, in the order of the flow; [] when it is sound."""
    found = shape_faults(graph)
    if found:
        return found
    library = library or Library()
    reached = list(walk(graph))
    found = [*_loose(graph, reached), *_joined(graph)]
    for key in reached:
        step = graph["steps"][key]
        kind = STEPS[step["kind"]]
        path = f"/steps/{key}/params"
        found += [Fault(key, path, text) for text in kind.faults(step["params"], scene(graph, key, library))]
    entry = graph["steps"][graph["entry"]]
    if not entry["next"]:
        path = f"/steps/{graph['entry']}/next"
        found.append(Fault(graph["entry"], path, _("Nothing happens after the entry yet. Add a step.")))
    return found


def shape_faults(graph: Any) -> list[Fault]:
    """Return what is wrong with the JSON itself. Everything else may rely on a graph without such faults."""
    if not isinstance(graph, dict) or not isinstance(graph.get("steps"), dict):
        return [Fault("", "/", _("A journey is an object with “entry” and “steps”."))]
    steps = graph["steps"]
    if graph.get("version") != VERSION:
        return [Fault("", "/version", _("The version of the graph must be 1."))]
    if len(steps) > MOST_STEPS:
        return [Fault("", "/steps", ngettext("At most %(n)s step.", "At most %(n)s steps.", MOST_STEPS) % {"n": MOST_STEPS})]
    found = [fault for key, step in steps.items() for fault in _step_shape(steps, key, step)]
    if found:
        return found
    entry = graph.get("entry")
    if entry not in steps:
        return [Fault("", "/entry", _("The entry names no step."))]
    return _entries(steps, str(entry))


def _step_shape(steps: dict[str, Any], key: Any, step: Any) -> list[Fault]:
    path = f"/steps/{key}"
    if not isinstance(key, str) or not 0 < len(key) <= 40 or not key.replace("_", "").replace("-", "").isalnum():
        return [Fault("", path, _("A key has 1 to 40 letters, digits, “_” and “-”."))]
    if not isinstance(step, dict) or not isinstance(step.get("params"), dict) or not isinstance(step.get("next"), dict):
        return [Fault(key, path, _("A step is an object with “kind”, “params” and “next”."))]
    kind = step.get("kind")
    if not isinstance(kind, str) or kind not in STEPS:
        return [Fault(key, f"{path}/kind", _("There is no kind of step “%(kind)s”.") % {"kind": kind})]
    ports = {port.key for port in STEPS[kind].exits(step["params"])}
    found = []
    for port, following in step["next"].items():
        if port not in ports:
            found.append(Fault(key, f"{path}/next/{port}", _("This step has no exit “%(port)s”.") % {"port": port}))
        if not isinstance(following, str) or following not in steps:
            found.append(Fault(key, f"{path}/next/{port}", _("The step “%(key)s” is not there.") % {"key": following}))
    return found


def _entries(steps: dict[str, Any], entry: str) -> list[Fault]:
    if steps[entry]["kind"] != "entry":
        return [Fault(entry, "/entry", _("A journey begins with an entry."))]
    return [
        Fault(key, f"/steps/{key}/kind", _("A journey has one entry, at its beginning."))
        for key, step in steps.items()
        if step["kind"] == "entry" and key != entry
    ]


def _joined(graph: Graph) -> list[Fault]:
    ways_in = Counter(child for step in graph["steps"].values() for child in step["next"].values())
    text = _("Several ways lead to this step; it must have one.")
    looped = _("The journey leads back to its entry.")
    return [
        Fault(key, f"/steps/{key}", looped if key == graph["entry"] else text)
        for key, ways in ways_in.items()
        if ways > 1 or key == graph["entry"]
    ]


def _loose(graph: Graph, reached: list[str]) -> list[Fault]:
    text = _("Nobody can reach this step.")
    return [Fault(key, f"/steps/{key}", text) for key in graph["steps"] if key not in set(reached)]
