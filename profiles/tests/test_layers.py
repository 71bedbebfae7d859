"""Layers fold to the same whatever the order, and one that is lifted out leaves no trace."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from profiles.identity import layers
from profiles.identity.layers import Layer, Step
from tests.house import NOW

facts = st.tuples(
    st.integers(0, 3).map(lambda n: (NOW + timedelta(minutes=n)).isoformat()), st.sampled_from(["shop", "staff"])
).map(list)
# None is a value that was taken away.
entries = st.dictionaries(st.sampled_from(["city", "plan", "size"]), st.tuples(facts, st.sampled_from([1, "1", True, None])))


@st.composite
def layers_(draw: Any) -> Layer:
    found = draw(entries)
    return Layer({k: value for k, (_, value) in found.items() if value is not None}, {k: fact for k, (fact, _) in found.items()})


def together(*parts: Layer) -> Layer:
    whole = Layer()
    for part in parts:
        layers.fold(whole, copy.deepcopy(part))
    return whole


@given(layers_(), layers_())
def test_merging_is_commutative(a: Layer, b: Layer) -> None:
    assert together(a, b) == together(b, a)


@given(layers_(), layers_(), layers_())
def test_merging_is_associative(a: Layer, b: Layer, c: Layer) -> None:
    assert together(together(a, b), c) == together(a, together(b, c))


@given(layers_(), layers_())
def test_merging_twice_is_merging_once(a: Layer, b: Layer) -> None:
    assert together(a, b, b) == together(a, b)


@given(layers_(), st.lists(layers_(), min_size=1, max_size=4), st.data())
def test_any_of_them_can_be_lifted_out_again(root: Layer, origins: list[Layer], data: st.DataObject) -> None:
    steps, shown = [], copy.deepcopy(root)
    for origin in origins:
        steps.append(Step(copy.deepcopy(shown), origin, True))
        layers.fold(shown, copy.deepcopy(origin))
    gone = data.draw(st.sets(st.integers(0, len(origins) - 1)))

    left = layers.without(shown, [Step(s.before, s.came, n not in gone) for n, s in enumerate(steps)])

    assert left == together(root, *(origin for n, origin in enumerate(origins) if n not in gone))
