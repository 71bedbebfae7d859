from __future__ import annotations

import pytest

from campaigns import content, context
from campaigns.content.preview import fill
from campaigns.models import Template
from omni.models import Company

MJML = """<mjml><mj-body>
{% if person.vip %}
<mj-section><mj-column>
  <mj-text>Dear {{ person.first_name | default: "<friend>" }} &amp; co{% if a < 5 %}, five{% endif %}</mj-text>
  <mj-button href="https://shop.example/?a=1&amp;b={{ person.id }}">Go now</mj-button>
</mj-column></mj-section>
{% endif %}
<mj-section><mj-column>
  <mj-table>{% for order in person.orders %}<tr><td>{{ order.name }}</td></tr>{% endfor %}</mj-table>
  <mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a> <a href="mailto:a@b.c">Write</a></mj-text>
</mj-column></mj-section>
</mj-body></mjml>"""


def template(body: str = MJML, **fields: str) -> Template:
    markup = "mjml" if "<mjml" in body else "html"
    return Template(**({"name": "x", "subject": "Hi", "preheader": "Look", "markup": markup, "body": body} | fields))


def shown(made: content.Compiled, now, **attributes) -> content.Preview:
    known = context.build(attributes=attributes, address="a@b.c", company=Company(name="Co"), campaign_name="C", now=now)
    return fill(made, known | {"unsubscribe_url": "https://omni.example/u/x"})


def test_liquid_comes_through_mjml_as_it_was_written(now):
    made = content.compile_template(template())

    vip = shown(made, now, vip=True, first_name="Anna", id=7, orders=[{"name": "Boots"}, {"name": "Hat"}])
    assert "Dear Anna &amp; co" in vip.html
    assert vip.html.index("Boots") < vip.html.index("Hat")
    other = shown(made, now)
    assert "Dear" not in other.html
    assert "liq0" not in made.html + made.text


def test_links_are_found_and_the_way_out_is_not_counted():
    made = content.compile_template(template())

    assert made.links == [content.TrackedLink("https://shop.example/?a=1&b={{ person.id }}", "Go now")]
    assert made.html.count("omni.links[0]") == 1
    assert '<a href="{{ unsubscribe_url }}">' in made.html
    assert 'href="mailto:a@b.c"' in made.html


def test_a_link_that_a_loop_makes_is_not_counted():
    made = content.compile_template(
        template('<p>{% for o in person.orders %}<a href="{{ o.url }}">x</a>{% endfor %}<a href="{{ person.shop }}">y</a></p>')
    )

    assert [link.url for link in made.links] == ["{{ person.shop }}"]


def test_the_text_part_says_the_same_in_order(now):
    made = content.compile_template(template())

    text = shown(made, now, vip=True, first_name="Anna", id=7, orders=[{"name": "Boots"}]).text
    lines = [line for line in text.splitlines() if line]
    assert lines == [
        "Dear Anna & co",
        "Go now (https://shop.example/?a=1&b=7)",
        "Boots",
        "Unsubscribe (https://omni.example/u/x) Write (mailto:a@b.c)",
    ]


def test_liquid_inside_tables_and_attributes_of_plain_html_stays_in_its_place(now):
    body = (
        "<table>{% for i in (1..2) %}<tr class='{% if i == 1 %}first{% endif %}' data-n={{ i }}>"
        "<td>{{ i }}</td></tr>{% endfor %}</table>"
        "{% raw %}{{ not liquid }}{% endraw %}"
    )

    html = shown(content.compile_template(template(body)), now).html

    assert html.index("<tr") < html.index(">1<") < html.index(">2<") < html.index("</table>")
    assert (html.count("first"), html.count('data-n="1"'), html.count('data-n="2"')) == (1, 1, 1)
    assert "{{ not liquid }}" in html


def test_styles_move_into_the_elements_and_nothing_is_fetched():
    body = (
        '<html><head><link rel="stylesheet" href="http://127.0.0.1:9/x.css"><style>p { color: red }'
        "@media (max-width: 9px) { p { color: blue } }</style></head><body><p>x</p></body></html>"
    )

    html = content.compile_template(template(body)).html

    assert '<p style="color: red' in html
    assert "@media" in html


def test_preheader_pixel_and_trap_are_there_only_when_sent(now):
    made = content.compile_template(template())

    assert "Look" in shown(made, now).html
    assert "omni.pixel" in made.html
    assert "<img" not in shown(made, now).html


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"subject": ""}, "subject is missing"),
        ({"body": ""}, "body is empty"),
        ({"body": "<p>x</p>"}, "unsubscribe"),
        ({"body": "<mjml><mj-body><mj-section></mj-body></mjml>"}, "MJML"),
        ({"body": "<p>{{ x | nofilter }}</p>"}, "nofilter"),
        ({"body": "<p>\n{% for %}</p>"}, "Line 2"),
        ({"body": "<p>\n<b {% if a < 5 %}id='x'{% endif %}>x</b></p>"}, "inside the value of an attribute"),
        ({"subject": "{{ x"}, "}}"),
        ({"body": f"<p>{'long ' * 30_000}<a href='{{{{ unsubscribe_url }}}}'>x</a></p>"}, "100 KB"),
    ],
)
def test_faults_are_found_before_anything_is_sent(fields: dict[str, str], words: str):
    found = content.faults(template(**fields))

    assert any(words in fault for fault in found), found


def test_a_sound_template_has_no_fault():
    assert content.faults(template()) == []


def test_the_hash_is_that_of_the_words():
    assert content.compile_template(template()).hash == content.compile_template(template()).hash
    assert content.compile_template(template()).hash != content.compile_template(template(subject="Ho")).hash


def test_only_what_is_read_is_kept_of_a_person(now):
    whole = context.build(
        attributes={"city": "Ruse", "secret": "x", "nested": {"a": 1, "b": 2}}, address="a@b.c", company=Company(name="Co"),
        campaign_name="C", now=now,
    )  # fmt: skip

    kept = context.only(whole, {("person", "city"), ("nested", "a"), ("company", "name")})

    assert kept["person"] == {"city": "Ruse"}
    assert kept["nested"] == {"a": 1}
    assert "secret" not in str(kept)
    assert context.only(whole, {("person",)})["person"]["secret"] == "x"
