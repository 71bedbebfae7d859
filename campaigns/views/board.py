"""What does the canvas show? The journey as lanes of cards, with faults and numbers, ready to be drawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from campaigns import graph
from campaigns.reports.facts import End
from campaigns.reports.steps import StepNumbers
from campaigns.steps import STEPS
from campaigns.steps.base import Note, Step
from campaigns.steps.library import Library

if TYPE_CHECKING:
    from campaigns.graph import Fault, Graph


@dataclass(frozen=True)
class VariantLine:
    """One variant on a card: its words, its share, and what came of it (None before anything was sent)."""

    note: Note
    sent: int | None = None
    opened: int | None = None

    @property
    def share_opened(self) -> float | None:
        return (self.opened or 0) / self.sent if self.sent else None


@dataclass(frozen=True)
class Edge:
    """The line behind a card, or at the head of a fork: where the "+" puts a step."""

    after: str
    port: str
    is_open: bool  # its palette is shown now

    @property
    def place(self) -> str:
        return f"{self.after}:{self.port}"


@dataclass(frozen=True)
class Fork:
    port: str
    label: str
    edge: Edge
    lane: Lane
    passed: int | None


@dataclass(frozen=True)
class Card:
    key: str
    kind: Step
    sentence: str
    variants: Sequence[VariantLine]
    faults: Sequence[Fault]
    numbers: StepNumbers | None
    is_selected: bool
    mark: str  # "added" or "changed" against what runs; '' otherwise
    entered: int | None  # on the entry: how many came in
    edge: Edge | None  # the line to the next card; None where ways part or the journey ends
    forks: Sequence[Fork] = ()


@dataclass(frozen=True)
class Lane:
    """Cards one below the other; an empty lane ends at once."""

    cards: Sequence[Card] = ()

    @property
    def is_closed(self) -> bool:
        """Whether the last card ends the journey by itself."""
        return bool(self.cards) and not self.cards[-1].edge and not self.cards[-1].forks


@dataclass(frozen=True)
class Board:
    """Everything that is needed to draw one graph."""

    shown: Graph
    library: Library
    faults: Sequence[Fault] = ()
    numbers: Mapping[str, StepNumbers] = field(default_factory=dict)
    running: Graph | None = None  # what runs, to mark what differs
    selected: str = ""
    adding: str = ""  # place of the open palette, "key:port"
    entered: int | None = None  # how many came in; None before the launch

    def lane(self, key: str | None = None) -> Lane:
        """Return the journey from `key` on (None: from its entry)."""
        cards = []
        following: str | None = key or self.shown["entry"]
        by_step = self._by_step()
        while following:
            card = self._card(following, by_step)
            cards.append(card)
            following = self.shown["steps"][following]["next"].get(card.edge.port) if card.edge else None
        return Lane(cards)

    def _by_step(self) -> Mapping[str, Sequence[Fault]]:
        found: dict[str, list[Fault]] = defaultdict(list)
        for fault in self.faults:
            found[fault.step].append(fault)
        return found

    def _card(self, key: str, faults: Mapping[str, Sequence[Fault]]) -> Card:
        step = self.shown["steps"][key]
        kind, params = STEPS[step["kind"]], step["params"]
        scene = graph.scene(self.shown, key, self.library)
        numbers = self.numbers.get(key)
        exits = kind.exits(params)
        edges = [Edge(key, port.key, self.adding == f"{key}:{port.key}") for port in exits]
        return Card(
            key=key,
            kind=kind,
            sentence=kind.describe(params, scene),
            variants=[_variant(note, numbers) for note in kind.notes(params, scene)],
            faults=faults.get(key, ()),
            numbers=numbers,
            is_selected=key == self.selected,
            mark=self._mark(key),
            entered=self.entered if key == self.shown["entry"] else None,
            edge=edges[0] if len(exits) == 1 else None,
            forks=[self._fork(edge, str(port.label), step["next"].get(port.key), numbers) for edge, port in zip(edges, exits)]
            if len(exits) > 1
            else (),
        )

    def _fork(self, edge: Edge, label: str, following: str | None, numbers: StepNumbers | None) -> Fork:
        lane = self.lane(following) if following else Lane()
        return Fork(edge.port, label, edge, lane, numbers.ports.get(edge.port, 0) if numbers else None)

    def _mark(self, key: str) -> str:
        if self.running is None:
            return ""
        before, now = self.running["steps"].get(key), self.shown["steps"][key]
        if before is None:
            return "added"
        return "" if (before["kind"], before["params"]) == (now["kind"], now["params"]) else "changed"


def _variant(note: Note, numbers: StepNumbers | None) -> VariantLine:
    if numbers is None or not note.mark:
        return VariantLine(note)
    sent = numbers.of_variant(note.mark, End.SENT)
    return VariantLine(note, sent.people, sent.opened)
