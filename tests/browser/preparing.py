"""The first half of the story: what a stranger sets up, brings in, describes and writes before anything is sent."""

from __future__ import annotations

import csv
import email
import email.policy
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.telling import Story, reload_until

EVENT, SEGMENT, CAMPAIGN = "Order Completed", "Bulgarian buyers", "Winter boots"
PEOPLE, BUYERS = 60, 30
NAMES = ("Иван", "Мария", "Георги", "Елена", "Петър", "Анна")


def set_up(story: Story) -> None:
    page = story.page
    page.goto("/")
    story.looks()
    page.get_by_label("Company").fill("Boots & Sons")
    page.get_by_label("Your name").fill("Olga Owner")
    page.get_by_label("Your e-mail").fill("olga@shop.test")
    page.get_by_label("Password").fill("correct horse battery staple")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("region", name="Getting started")).to_contain_text("0 of 7 done")
    story.looks()


def import_people(story: Story) -> None:
    """A file as shops have them: Windows-1251, semicolons, blanks, a line break in a name, one person twice, two bad rows."""
    page = story.page
    page.get_by_role("link", name="Import people").click()
    story.looks()
    file = {"name": "customers.csv", "mimeType": "text/csv", "buffer": _file()}
    page.get_by_label("Drop a CSV, XLSX").set_input_files(file)
    expect(page.get_by_label("Encoding")).to_have_value("cp1251")
    expect(page.get_by_label("Columns are divided by")).to_have_value(";")
    page.get_by_role("group", name="Клиент №").get_by_label("Becomes").select_option(label="User id")
    page.get_by_role("group", name="Похарчено").get_by_role("combobox", name="Attribute").fill("spent")
    start = page.get_by_role("button", name="Start the import")
    expect(start).to_be_disabled()
    page.get_by_label("Yes, they agreed").check()
    page.get_by_label("Where the consent comes from").fill("Form at the till, Sofia")
    page.get_by_label("On which day").fill("2026-01-15")
    expect(page.get_by_role("region", name="What would happen")).to_contain_text(re.compile(rf"New people\s*{PEOPLE}"))
    expect(start).to_be_enabled()
    story.looks()
    start.click()

    expect(page.get_by_text("61 rows became people. 2 rows were not imported.")).to_be_visible()
    story.looks()
    with page.expect_download() as download:
        page.get_by_role("link", name="All of them as CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    assert [(row["Клиент №"], row["Column"]) for row in rows] == [("0900", "Имейл"), ("0901", "Рожден ден")]
    page.get_by_role("link", name="Show these people").click()
    expect(page.get_by_text(f"{PEOPLE} people")).to_be_visible()
    story.looks()


def _file() -> bytes:
    rows = []
    for number in range(PEOPLE):
        address = f" Person{number}@Shop.Test " if number % 9 == 0 else f"person{number}@shop.test"
        name = 'Георги "Гошо"; Иванов\nст.' if number == 2 else f"{NAMES[number % 6]} {number}"
        country = "България" if number < 40 else "Полша"
        line = [
            _user(number),
            "" if number == 7 else address,
            name,
            country,
            f"{number % 28 + 1:02}.03.1990",
            f"{number * 10},50",
        ]
        rows.append(line)
    rows.insert(10, ["0900", "няма имейл", "Без поща", "България", "01.01.1980", "1,00"])
    rows.insert(20, ["0901", "late@shop.test", "Без рожден ден", "България", "31.02.1990", "1,00"])
    rows.append([_user(3), "person3@shop.test", "Елена Нова", "България", "04.03.1990", "99,90"])
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(["Клиент №", "Имейл", "Име", "Държава", "Рожден ден", "Похарчено"])
    writer.writerows(rows)
    return out.getvalue().encode("cp1251")


def _user(number: int) -> str:
    return f"{number + 1:04}"


def connect_a_source(story: Story) -> None:
    page = story.page
    story.goes_to("Data")
    story.looks()
    page.get_by_role("main").get_by_role("link", name="Sources").click()
    page.get_by_role("link", name="Connect the first source").click()
    page.get_by_label("Name").fill("Web shop")
    page.get_by_role("button", name="Make the key").click()
    story.write_key = page.get_by_label("Write key").inner_text().strip()
    story.looks()
    # Thirty buyers of this month in Bulgaria, six of an earlier one, and ten elsewhere.
    orders = {number: number % 29 for number in range(BUYERS)}
    orders |= dict.fromkeys(range(BUYERS, 36), 45) | dict.fromkeys(range(40, 50), 3)
    tell(story, orders)
    page.get_by_role("link", name="I have copied it").click()
    reload_until(page, page.get_by_text(f"{len(orders)} calls were used in the last 24 hours."))
    story.looks()


def tell(story: Story, orders: dict[int, int]) -> None:
    """Send orders by Segment's own library: who, and how many days ago."""
    from segment.analytics.client import Client

    faults: list[Any] = []
    client = Client(story.write_key, host=story.house.address, on_error=lambda *fault: faults.append(fault))
    for number, days in orders.items():
        facts = {"total": 49.9 + number, "currency": "BGN", "category": "Boots"}
        client.track(_user(number), EVENT, facts, timestamp=datetime.now(UTC) - timedelta(days=days))
    client.shutdown()
    assert faults == []


def see_what_arrived(story: Story) -> None:
    page = story.page
    story.goes_to("People")
    page.get_by_role("main").get_by_role("searchbox").fill("person11@shop.test")
    expect(page.get_by_role("group", name="People", exact=True).get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name="Анна 11").click()
    expect(page.get_by_role("heading", name="Анна 11")).to_be_visible()
    timeline = page.get_by_role("main")
    expect(timeline).to_contain_text(EVENT)
    expect(timeline).to_contain_text("total: 60.9")
    expect(timeline).to_contain_text("Form at the till, Sofia")
    story.looks()


def build_a_segment(story: Story) -> None:
    page = story.page
    story.goes_to("Segments")
    story.looks()
    page.get_by_role("link", name="Make the first segment").click()
    count = page.get_by_role("complementary", name="Who matches")
    page.get_by_role("button", name="Condition", exact=True).click()
    first, second = (page.get_by_role("group", name=f"Condition {number}", exact=True) for number in (1, 2))
    first.get_by_label("Attribute", exact=True).select_option("country")
    first.get_by_label("Value").fill("България")
    first.get_by_label("Value").press("Enter")
    expect(count).to_contain_text(re.compile(r"^\s*40\s*people"))
    page.get_by_role("button", name="Something they did").click()
    second.get_by_label("Event", exact=True).select_option(EVENT)
    expect(count).to_contain_text(re.compile(r"^\s*36\s*people"))
    second.get_by_label("How often").select_option(label="at least")
    expect(second.get_by_label("Amount")).to_have_value("1")
    second.get_by_label("When").select_option(label="in the last")
    expect(second.get_by_label("How long")).to_have_value("30")
    expect(count).to_contain_text(re.compile(rf"^\s*{BUYERS}\s*people"))
    sentence = f"People whose country is България and who did “{EVENT}” at least 1 time in the last 30 days."
    expect(page.get_by_text(sentence)).to_be_visible()
    story.looks()
    page.get_by_label("Name").fill(SEGMENT)
    page.get_by_role("button", name="Save segment").click()

    expect(page.get_by_role("heading", name=SEGMENT)).to_be_visible()
    reload_until(page, page.get_by_role("group", name="People in this segment").get_by_role("link", name="Анна 11"))
    expect(page.get_by_role("complementary")).to_contain_text(re.compile(rf"{BUYERS}\s*people"))
    story.looks()


def say_who_writes(story: Story) -> None:
    page = story.page
    story.goes_to("Settings")
    page.get_by_role("main").get_by_role("link", name="Senders").click()
    page.get_by_role("link", name="Connect a mail server").click()
    page.get_by_role("link", name="SMTP server").click()
    page.get_by_label("Name", exact=True).fill("Our server")
    page.get_by_label("Server", exact=True).fill("127.0.0.1")
    page.get_by_label("Port").fill("1")
    page.get_by_label("Encryption").select_option(label="None (local server)")
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_text("It does not work yet")).to_be_visible()
    story.looks()
    page.get_by_label("Port").fill(str(story.house.mailbox_port))
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_text("It works")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="Our server")).to_contain_text("Ready")
    story.looks()
    story.goes_to("Settings")
    page.get_by_role("main").get_by_role("link", name="Senders").click()
    page.get_by_role("link", name="Add a sender").first.click()
    page.get_by_label("Name", exact=True).fill("Boots & Sons")
    page.get_by_label("Address", exact=True).fill("news@shop.test")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="news@shop.test")).to_be_visible()
    story.looks()


def write_letters(story: Story) -> None:
    page = story.page
    _take_from_the_gallery(page, "Newsletter", "Letter A")
    page.get_by_label("Subject").fill("{{ person.first_name }}, new boots")
    body = page.get_by_label("Body")
    body.fill(body.input_value().replace("One story worth telling", "Winter is coming"))
    letter = page.frame_locator("iframe")
    expect(letter.get_by_text("Winter is coming")).to_be_visible()
    page.get_by_role("button", name="As nobody in particular").click()
    page.get_by_role("searchbox", name="Find a person").fill("person11")
    page.get_by_role("button", name="Анна 11").click()
    expect(letter.get_by_text("Hello Анна 11")).to_be_visible()
    expect(page.get_by_text("Анна 11, new boots")).to_be_visible()
    story.looks()
    trial = page.get_by_role("region", name="Send to yourself")
    trial.get_by_role("button", name="Send").click()
    expect(trial.get_by_text("Sent", exact=True)).to_be_visible()
    story.looks()
    (file,) = (story.house.mailbox / "new").iterdir()
    kept = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert (kept["To"], kept["Subject"]) == ("olga@shop.test", "Анна 11, new boots")
    page.get_by_role("main").get_by_role("button", name="More").click()
    page.get_by_role("button", name="Duplicate").click()
    expect(page.get_by_label("Name", exact=True)).not_to_have_value("Letter A")
    page.get_by_label("Name", exact=True).fill("Letter B")
    page.get_by_label("Subject").fill("Ten pairs you do not have yet")
    expect(page.get_by_text("Ten pairs you do not have yet")).to_be_visible()
    _take_from_the_gallery(page, "Win back", "Reminder")
    expect(page.get_by_text("Nothing to complain about.")).to_be_visible()


def _take_from_the_gallery(page: Page, starter: str, name: str) -> None:
    page.goto("/templates/new/")
    page.get_by_role("group", name="Letter to begin with").get_by_text(starter, exact=True).click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Open in the editor").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def draw_the_campaign(story: Story) -> None:
    page = story.page
    story.goes_to("Campaigns")
    page.get_by_role("link", name="Make the first campaign").click()
    page.get_by_role("radio", name="From scratch").check()
    page.get_by_label("Name", exact=True).fill(CAMPAIGN)
    story.looks()
    page.get_by_role("button", name="Open the canvas").click()
    journey, inspector = page.get_by_label("Journey", exact=True), page.get_by_role("complementary", name="Inspector")
    with _kept(page):
        inspector.get_by_role("combobox", name="Goal").select_option(EVENT)
    journey.get_by_role("link", name="Entry").click()
    with _kept(page):
        inspector.get_by_role("combobox", name="Segment").select_option(label=SEGMENT)
    add = journey.get_by_role("link", name="Add a step here")
    _add(inspector, add.first, "E-mail")
    with _kept(page):
        inspector.get_by_label("Template of variant A").select_option(label="Letter A")
    inspector.get_by_role("button", name="Add a variant").click()
    with _kept(page):
        inspector.get_by_label("Template of variant B").select_option(label="Letter B")
    expect(inspector.get_by_label(re.compile("^Template of variant"))).to_have_count(2)
    story.looks()
    _add(inspector, add.last, "Wait")
    with _kept(page):
        inspector.get_by_label("How long").fill("3")
        inspector.get_by_label("How long").press("Tab")
    _add(inspector, add.last, "Branch")
    expect(inspector.get_by_label("They opened a message")).to_be_checked()
    _add(inspector, _way(journey, "No"), "E-mail")
    with _kept(page):
        inspector.get_by_label("Template of variant A").select_option(label="Reminder")
    _add(inspector, _way(journey, "Yes"), "End")
    expect(page.get_by_text("Nothing stands in the way of publishing")).to_be_visible()
    story.looks()


def _add(inspector: Locator, place: Locator, kind: str) -> None:
    place.click()
    inspector.get_by_role("button", name=re.compile(f"^{kind} ")).click()
    expect(inspector.get_by_role("heading", name=kind, exact=True)).to_be_visible()


def _way(journey: Locator, word: str) -> Locator:
    ways = journey.get_by_role("listitem").filter(has_text=re.compile(rf"^\s*{word}\s+The journey ends"))
    return ways.get_by_role("link", name="Add a step here")


@contextmanager
def _kept(page: Page) -> Iterator[None]:
    """Wait until the answer to a change of the draft is on the page."""
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.ok):
        yield
    page.wait_for_load_state("networkidle")
