"""Do the JavaScript libraries of Segment reach us: in Node, and in a browser on a page of another site?"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings

from profiles.ingest import inbox, keys
from profiles.models import DeadLetter, Event, IngestRaw, Profile, Source

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db(transaction=True)

SDKS = Path(settings.BASE_DIR) / "tests" / "sdks"
LIBRARY = SDKS / "node_modules" / "@segment" / "analytics-next" / "dist" / "umd"
PAGE = "<!doctype html><title>Shop</title><link rel=icon href=data:,><script src=/index.js></script>"


class _Site(SimpleHTTPRequestHandler):
    """A shop's own site: one page, and the library."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args, directory=str(LIBRARY))

    def do_GET(self) -> None:
        if self.path != "/":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE.encode())
        return None

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture
def shop() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _fresh() -> None:
    keys.forget()


def drain() -> None:
    while inbox.drain(now=datetime.now(tz=UTC)):
        pass
    assert not IngestRaw.objects.exists()
    assert not DeadLetter.objects.exists()


def test_the_library_for_node_delivers(live_server: LiveServer) -> None:
    _source, key = Source.issue(name="Shop server")
    path = f"{Path(settings.BASE_DIR) / '.venv' / 'bin'}:{os.environ['PATH']}"

    subprocess.run(["node", "node.mjs", key, live_server.url], cwd=SDKS, check=True, timeout=60, env={**os.environ, "PATH": path})

    drain()
    anna = Profile.objects.get()
    assert Event.objects.of_person(anna.pk).count() == 51
    assert (anna.attributes["first_name"], anna.attributes["group_name"]) == ("Anna", "Acme")


def test_the_library_for_browsers_delivers_from_another_site(
    live_server: LiveServer, shop: str, browser: Browser, settings: Any
) -> None:
    settings.BASE_URL = live_server.url
    _source, key = Source.issue(name="Shop", kind="browser", origins=[shop])
    context = browser.new_context()
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(shop)

    page.evaluate(
        """async ([writeKey, cdnURL]) => {
            const analytics = AnalyticsNext.AnalyticsBrowser.load({ writeKey, cdnURL });
            await analytics.page("Home");
            await analytics.track("Product Viewed", { sku: "b" });
            await analytics.identify("u-1", { email: "anna@example.com", firstName: "Anna" });
            await analytics.track("Order Completed", { total: 149.85 });
        }""",
        [key, live_server.url],
    )
    for _ in range(100):
        if IngestRaw.objects.count() >= 4:
            break
        page.wait_for_timeout(100)
    context.close()
    drain()

    anna = Profile.objects.surviving().get()
    events = set(Event.objects.of_person(anna.pk).values_list("name__name", flat=True))
    assert events == {"Page viewed", "Product Viewed", "Order Completed"}
    assert {kind for kind, _value in anna.identifiers.values_list("type", "value")} == {"user_id", "email", "anonymous_id"}
    assert not complaints
