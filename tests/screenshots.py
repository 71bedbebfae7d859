"""What does every page look like, in both themes, on a desktop and on a phone, and does axe find anything?

    python -m tests.screenshots                     everything, into var/screenshots/
    python -m tests.screenshots --only segment      pages whose name holds the word
    python -m tests.screenshots --theme dark --size phone

Pages are found by walking the URLs: those without arguments, and those of one object, for which OBJECTS names the
model. Uses the database DATABASE_NAME (default omni_screenshots, filled by `manage.py demo` when it is empty).
Exits with 1 when axe or the console complains.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omni.settings")
os.environ.setdefault("DATABASE_NAME", "omni_screenshots")
os.environ.setdefault("LOG_LEVEL", "CRITICAL")

from tests.browser.conftest import CANDIDATES, FLAGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from omni.models import User

# The first part of a URL name ("segment" of "segments:segment-edit") and the model whose newest row it shows; with a
# column behind a colon the newest row of each of its values.
OBJECTS = {
    "action": "profiles.PeopleAction:state",
    "attribute": "profiles.Profile",
    "attributedef": "profiles.AttributeDef",
    "campaign": "campaigns.Campaign:state",
    "cleaning": "profiles.Cleaning:state",
    "consent": "profiles.Profile",
    "dead": "profiles.DeadLetter",
    "eventdef": "profiles.EventDef",
    "import": "profiles.Import:state",
    "merge": "profiles.Profile",
    "order": "profiles.Order:status",
    "person": "profiles.Profile",
    "product": "profiles.Product",
    "provider": "campaigns.ProviderAccount",
    "delivery": "campaigns.Delivery:state",
    "recent": "profiles.RecentCall:state",
    "report": "campaigns.Campaign:state",
    "sender": "campaigns.Sender",
    "segment": "segments.Segment",
    "source": "profiles.Source:kind",
    "template": "campaigns.Template",
    "topic": "profiles.Topic",
}
# Pages that no walk finds: (name, path, signed in?).
FURTHER = (
    ("api-docs", "/api/docs/", True),
    ("missing", "/no-such-page/", True),
    ("password-change", "/accounts/password/change/", True),
    ("sign-in", "/accounts/login/", False),
    ("sign-up", "/accounts/signup/", False),
)
SKIPPED = re.compile(r"^(api-schema|search|account_|health-|setup|admin|first-password)")
SIZES = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
THEMES = ("light", "dark")
TALLEST = 6000


@dataclass(frozen=True)
class Shot:
    name: str
    path: str
    is_signed_in: bool = True


def main() -> int:
    arguments = _arguments()
    owner = _prepare()
    with _plain_names():
        return _shoot(owner, arguments)


def _shoot(owner: User, arguments: argparse.Namespace) -> int:
    shots = [shot for shot in _shots(owner) if arguments.only in shot.name]
    from playwright.sync_api import sync_playwright

    with _server() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=FLAGS)
        faults = sum(
            _take(browser, address, owner, shots, theme=theme, size=size, folder=arguments.out)
            for theme in arguments.theme
            for size in arguments.size
        )
        browser.close()
    print(f"{len(shots)} pages, {faults} complaints, in {arguments.out}")
    return 1 if faults else 0


def _arguments() -> argparse.Namespace:
    from django.conf import settings

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--only", default="", help="take pages whose name holds this word")
    parser.add_argument("--theme", nargs="*", choices=THEMES, default=list(THEMES))
    parser.add_argument("--size", nargs="*", choices=SIZES, default=list(SIZES))
    parser.add_argument("--out", default=str(settings.VAR / "screenshots"))
    return parser.parse_args()


def _prepare() -> User:
    """Return an owner of a database that is up, migrated and not empty."""
    from omni import embedded

    if embedded.uses_embedded_database():
        embedded.start_postgres()
    import django
    from django.core.management import call_command, get_commands

    django.setup()
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop runs in this thread
    logging.disable(logging.WARNING)  # axe asks for imported style sheets at addresses of its own
    warnings.simplefilter("ignore")
    call_command("migrate", verbosity=0)
    from django.apps import apps

    from omni.models import User

    if "demo" in get_commands() and not apps.get_model("profiles.Profile").objects.exists():
        call_command("demo")
    owner = User.objects.filter(role=User.Role.OWNER, is_active=True).order_by("pk").first()
    return owner or User.objects.create_superuser("owner@example.com", name="Olga Owner")


@contextmanager
def _plain_names() -> Iterator[None]:
    """Static files under their own names: nothing was collected for this server."""
    from django.conf import settings
    from django.test.utils import override_settings

    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}, ALLOWED_HOSTS=["*"]):
        yield


def _shots(owner: User) -> list[Shot]:
    """Return every address that answers an owner's GET with a whole page."""
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    client.force_login(owner, backend="allauth.account.auth_backends.AuthenticationBackend")
    found = [Shot(name, path) for name, path in _addresses() if _is_page(client, path)]
    return found + [Shot(*further) for further in FURTHER] + list(_tabs_and_readers())


def _tabs_and_readers() -> Iterator[Shot]:
    """Pages whose address holds a key or a signed token: tabs of a person, and what readers of letters see."""
    from campaigns.models import Delivery
    from campaigns.tracking import links
    from profiles.models import Profile, Topic
    from profiles.person import tabs as person_tabs

    person = Profile.objects.filter(merged_into=None).order_by("-pk").first()
    if person:
        yield from (Shot(f"person-tab-{tab.key}", f"/people/{person.pk}/tab/{tab.key}/") for tab in person_tabs.tabs())
    letter = Delivery.objects.exclude(address="").order_by("-pk").first()
    if letter:
        place = links.Place(letter.pk)
        yield Shot("preferences", f"/p/{links.sign(kind=links.Kind.PREFERENCES, place=place)}", False)
        yield Shot("unsubscribe", f"/u/{links.sign(kind=links.Kind.UNSUBSCRIBE, place=place)}", False)
    for key in Topic.objects.filter(has_form=True, archived_at=None).values_list("key", flat=True)[:1]:
        yield Shot("topic-sign-up", f"/s/{key}", False)


def _addresses() -> Iterator[tuple[str, str]]:
    from django.urls import get_resolver

    for name, pattern in _walk(get_resolver(), "", ""):
        short = name.rpartition(":")[2]
        if SKIPPED.match(short) or pattern.startswith(("api/", "v1/", "t/", "admin/", "beacon")):
            continue
        if "<" not in pattern:
            yield name.replace(":", "-"), f"/{pattern}"
        elif re.findall("<[^>]+>", pattern) == ["<int:pk>"]:
            for value, pk in _newest(OBJECTS.get(short.split("-")[0], "")):
                yield f"{name.replace(':', '-')}{value}", "/" + pattern.replace("<int:pk>", str(pk))


def _walk(resolver: Any, prefix: str, space: str) -> Iterator[tuple[str, str]]:
    for entry in resolver.url_patterns:
        if hasattr(entry, "url_patterns"):
            inner = f"{entry.namespace}:" if entry.namespace else ""
            yield from _walk(entry, prefix + str(entry.pattern), space + inner)
        elif entry.name:
            yield space + entry.name, prefix + str(entry.pattern)


def _newest(label: str) -> list[tuple[str, int]]:
    """Return the ending of the name and the key of each row to show."""
    from django.apps import apps

    name, _, column = label.partition(":")
    try:
        rows = apps.get_model(name).objects.order_by("-pk") if name else None
    except LookupError:
        return []
    if rows is None or not rows.exists():
        return []
    if not column:
        return [("", rows.values_list("pk", flat=True)[0])]
    values = sorted(set(rows.values_list(column, flat=True)))
    return [(f"-{value}", rows.filter(**{column: value}).values_list("pk", flat=True)[0]) for value in values]


def _is_page(client: Any, path: str) -> bool:
    try:
        response = client.get(path)
    except Exception as error:  # a page that breaks is shown as such by its own tests; the others are still wanted
        print(f"broken {path}: {type(error).__name__}: {error}", file=sys.stderr)
        return False
    if response.status_code != 200 or response.streaming or b"<html" not in response.content[:3000]:
        return False
    # A letter in its cage is no page of ours, and axe never returns from a document without scripts.
    return "sandbox" not in response.get("Content-Security-Policy", "")


@contextmanager
def _server() -> Iterator[str]:
    """Serve in a thread, on a free port; give the address."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.test.testcases import LiveServerThread

    thread = LiveServerThread("127.0.0.1", StaticFilesHandler)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    try:
        yield f"http://127.0.0.1:{thread.port}"
    finally:
        thread.terminate()


def _chromium() -> str:
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CANDIDATES)), None)
    return found or sys.exit("No Chromium: install Debian's package `chromium` or name one by the variable CHROMIUM.")


def _take(browser: Browser, address: str, owner: User, shots: list[Shot], *, theme: str, size: str, folder: str) -> int:
    """Take all shots in one theme and size; return the number of complaints, each printed."""
    faults = 0
    contexts = {is_in: _context(browser, address, owner if is_in else None, theme, size) for is_in in (True, False)}
    for shot in shots:
        page = contexts[shot.is_signed_in].new_page()
        told: list[str] = []
        page.on("console", lambda message, told=told: message.type == "error" and told.append(f"console: {message.text}"))
        page.on("pageerror", lambda error, told=told: told.append(f"script: {error}"))
        page.goto(address + shot.path)
        page.wait_for_timeout(250)
        _grow(page, SIZES[size])
        page.screenshot(path=f"{folder}/{shot.name}-{theme}-{size}.png")
        told = [line for line in told if "404 (Not Found)" not in line or shot.name != "missing"]
        for line in [*told, *_axe(page), *_overflow(page)]:
            print(f"{shot.name} {theme} {size}: {line}")
            faults += 1
        page.close()
    for context in contexts.values():
        context.close()
    return faults


def _context(browser: Browser, address: str, user: User | None, theme: str, size: str) -> BrowserContext:
    from django.conf import settings
    from django.test import Client

    options: Any = {"viewport": SIZES[size], "color_scheme": theme, "has_touch": size == "phone", "timezone_id": "UTC"}
    context = browser.new_context(**options)
    if user is not None:
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        value = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": address}])
    return context


def _grow(page: Page, size: dict[str, int]) -> None:
    """Make the window as high as the page: a full-page picture would show fixed bars in its middle."""
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], min(height, TALLEST))})


def _axe(page: Page) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    return [
        f"{fault['id']} ({fault['impact']}, {len(fault['nodes'])}): {fault['nodes'][0]['html'][:140]}"
        for fault in Axe().run(page).response["violations"]
    ]


def _overflow(page: Page) -> list[str]:
    """A page that scrolls sideways is clumsy on a phone."""
    width, room = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    return [f"is {width} px wide on {room} px"] if width > room else []


if __name__ == "__main__":
    sys.exit(main())
