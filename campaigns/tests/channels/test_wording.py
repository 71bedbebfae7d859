"""Words that want out: every attack ends quickly with an error or with nothing."""

from __future__ import annotations

import time

import pytest

from campaigns.channels import wording

ATTACKS = [
    "{{ ''.__class__.__mro__ }}",
    "{{ person.__class__.__init__.__globals__ }}",
    "{{ settings.SECRET_KEY }}{{ env }}{{ request }}",
    "{% include 'x' %}",
    "{% render 'x' %}",
    "{% layout 'x' %}",
    "{{ 'x' | safe }}",
    "{{ 'x' | attr: '__class__' }}",
    "{% assign a = (1..30000000) | join: ',' %}{{ a }}",
    "{% assign a = (1..30000000) %}{{ a | size }}",
    "{% assign a = 'x' %}{% for i in (1..60) %}{% assign a = a | append: a %}{% endfor %}{{ a }}",
    "{% assign a = 9 %}{% for i in (1..60) %}{% assign a = a | times: a %}{% endfor %}{{ a }}",
    "{% for i in (1..9999) %}{% for j in (1..9999) %}{% for k in (1..9999) %}x{% endfor %}{% endfor %}{% endfor %}",
    "{% for i in (1..9999) %}" + "x" * 10_000 + "{% endfor %}",
    "{{ 'x'" + " | replace: '', 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy'" * 12 + " }}",
    "{% capture a %}" * 60 + "x" + "{% endcapture %}" * 60,
    "{% if 1 %}" * 500 + "{% endif %}" * 500,
    "{{ a" + "[a" * 3000 + "]" * 3000 + " }}",
    "{{ 'now' | date: '%1000000000Y' }}",
    "{{ person | json }}{{ person.delete }}{{ person.save() }}",
    "{% tablerow i in (1..9999999) %}x{% endtablerow %}",
]


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_attacks_end_quickly_and_show_nothing(attack: str):
    started = time.monotonic()

    try:
        out = wording.fill(wording.parse(attack, html=True), {"person": {"first_name": "Anna"}})
    except wording.WordingError:
        out = ""

    assert time.monotonic() - started < 3
    assert len(out) <= wording.MOST_OUTPUT_BYTES
    assert "__" not in out
    assert "SECRET" not in out


def test_a_missing_name_is_nothing_and_has_a_default():
    words = wording.parse("{{ person.name.deep }}|{{ x | default: 'friend' }}|{{ person.first_name | upcase }}")

    assert wording.fill(words, {"person": {"first_name": "anna"}}) == "|friend|ANNA"


def test_now_is_the_moment_that_is_given():
    words = wording.parse("{{ 'now' | date: '%d.%m.%Y %H:%M' }} {{ now | date: '%Y' }} {{ today }}")

    assert wording.fill(words, {"now": "2026-03-04T12:30:00+01:00", "today": "2026-03-04"}) == "04.03.2026 12:30 2026 2026-03-04"


def test_a_fault_names_its_line():
    for source, line in (("one\ntwo\n{{ x | nofilter }}", 3), ("one\ntwo {% for %}\n", 2), ("{{ x | safe }}", 1)):
        with pytest.raises(wording.WordingError) as caught:
            wording.parse(source)

        assert caught.value.line == line


def test_it_knows_what_words_read():
    reads = "{{ person.city }}{{ person['last name'] }}"
    words = wording.parse(reads + "{% assign z = 1 %}{{ z }}{% for i in person.items %}{{ i.name }}{% endfor %}")

    assert wording.names(words) == {("person", "city"), ("person", "items"), ("person", "last name")}
