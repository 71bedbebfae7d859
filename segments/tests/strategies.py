"""Which worlds and definitions does chance draw?"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from segments.tests.world import EVENTS, NOW, Did, Person, World

# Awkward on purpose: other types than the comparison expects, dates that are none, edges of windows, LIKE's own signs.
VALUES = st.sampled_from(
    [
        "Poland", "poland", "Bul%garia", "10", "-2.5", " 7 ", "1e5", "x_y", "", None, True, False, "true", 0, 3, 10, 2.5,
        ["Boots", "Hats"], [], {"a": 1}, "2026-03-01", "2026-02-30", "2026-03-15T12:00:00+00:00", "2026-03-14T23:30:00-02:00",
        "2026-13-45T99", "1990-05-01", "2026-03-20", "2026-03-12T12:00:00+00:00",
    ]
)  # fmt: skip
KEYS = st.sampled_from(["country", "age", "born", "tags"])
TEXTS = st.sampled_from(["Poland", "pol", "%", "_", "10", "Boots", "true", "2026"])
NUMBERS = st.sampled_from([0, 3, 2.5, 10, -2.5, 7])
DATES = st.sampled_from(["2026-03-01", "2026-03-14", "2026-03-15", "1990-05-01", "2026-03-20"])
DAYS = st.sampled_from([1, 3, 5, 0.5, 30])
TAKES: dict[str, st.SearchStrategy[Any]] = {
    "nothing": st.none(),
    "text": TEXTS,
    "texts": st.lists(TEXTS, min_size=1, max_size=3, unique=True),
    "number": NUMBERS,
    "numbers": st.tuples(NUMBERS, NUMBERS).map(sorted).map(list),
    "date": DATES,
    "dates": st.tuples(DATES, DATES).map(sorted).map(list),
    "days": DAYS,
}
EMAILS = st.sampled_from(["a@x.test", "b@x.test", "c@x.test", "d@x.test"])
STATUS = st.sampled_from(["granted", "withdrawn"])


def comparisons(*, with_clock: bool) -> st.SearchStrategy[dict[str, Any]]:
    from segments.operators import OPERATORS

    wanted = [operator for operator in OPERATORS.values() if with_clock or operator.takes != "days"]
    return st.sampled_from(wanted).flatmap(
        lambda operator: st.fixed_dictionaries({"operator": st.just(operator.key), "value": TAKES[operator.takes]})
    )


attributes = st.builds(
    lambda key, comparison: {"kind": "attribute", "params": {"attribute": key, **comparison}}, KEYS, comparisons(with_clock=True)
)
windows = st.one_of(
    st.just({"kind": "ever"}),
    st.builds(
        lambda kind, amount, unit: {"kind": kind, "amount": amount, "unit": unit},
        st.sampled_from(["last", "earlier"]),
        st.sampled_from([1, 3, 12]),
        st.sampled_from(["days", "hours"]),
    ),
    st.builds(lambda dates: {"kind": "between", "dates": dates}, TAKES["dates"]),
)
filters = st.lists(
    st.builds(
        lambda name, comparison: {"property": name, **comparison},
        st.sampled_from(["category", "price", "value"]),
        comparisons(with_clock=False),
    ),
    max_size=2,
)
measures = st.one_of(
    st.fixed_dictionaries({"measure": st.sampled_from(["did", "did_not"])}),
    st.builds(
        lambda measure, comparison, amounts: {
            "measure": measure,
            "comparison": comparison,
            "amount": amounts[0],
            **({"amount_to": amounts[1]} if comparison == "between" else {}),
        },
        st.sampled_from(["count", "sum"]),
        st.sampled_from(["at_least", "at_most", "exactly", "between"]),
        st.tuples(st.integers(0, 4), st.integers(0, 4)).map(sorted),
    ),
)
events = st.builds(
    lambda name, measure, window, where: {
        "kind": "event",
        "params": {"event": name, **measure, "window": window, "where": where},
    },
    st.sampled_from([*EVENTS, "Never Seen"]),
    measures,
    windows,
    filters,
)
reachable = st.builds(
    lambda relation, topic: {"kind": "reachable", "params": {"relation": relation, "channel": "email", "topic": topic}},
    st.sampled_from(["may", "may_not"]),
    st.sampled_from(["", "news"]),
)
consents = st.builds(
    lambda status, topic: {"kind": "consent", "params": {"status": status, "channel": "email", "topic": topic}},
    st.sampled_from(["granted", "withdrawn", "unknown"]),
    st.sampled_from(["", "news"]),
)
leaves = st.one_of(attributes, events, reachable, consents)
nodes = st.recursive(
    leaves,
    lambda inner: st.builds(
        lambda match, items: {"match": match, "items": items},
        st.sampled_from(["all", "any", "none"]),
        st.lists(inner, min_size=1, max_size=4),
    ),
    max_leaves=6,
)
definitions = nodes.map(lambda node: {"version": 1, "root": node if "items" in node else {"match": "all", "items": [node]}})


@st.composite
def worlds(draw: st.DrawFn) -> World:
    count = draw(st.integers(3, 7))
    people = [Person(attributes=draw(st.dictionaries(KEYS, VALUES, max_size=3))) for _each in range(count)]
    # Only the first stay roots for sure, so that one step always reaches the survivor.
    for person in people[2:]:
        person.into = draw(st.sampled_from([None, None, 0, 1]))
    for person, email in zip(people, draw(st.lists(EMAILS, max_size=4, unique=True))):
        person.email = email
    return World(
        people=people,
        events=draw(st.lists(happenings(count), max_size=14)),
        permission=draw(st.dictionaries(EMAILS, STATUS, max_size=4)),
        about_news=draw(st.dictionaries(EMAILS, STATUS, max_size=4)),
        suppressed=set(draw(st.lists(EMAILS, max_size=2, unique=True))),
    )


def happenings(count: int) -> st.SearchStrategy[Did]:
    return st.builds(
        Did,
        person=st.integers(0, count - 1),
        name=st.sampled_from(EVENTS),
        # On the edges of the windows, and one minute beside them; a few are ahead of the clock.
        at=st.builds(
            lambda hours, minutes: NOW - timedelta(hours=hours, minutes=minutes),
            st.sampled_from([0, 12, 24, 72, 24 * 14, -6]),
            st.sampled_from([-1, 0, 1]),
        ),
        value=st.sampled_from([None, Decimal("1.5"), Decimal(2), Decimal(-1)]),
        properties=st.dictionaries(st.sampled_from(["category", "price"]), VALUES, max_size=2),
    )
