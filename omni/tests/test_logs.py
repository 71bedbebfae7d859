"""A canary address goes in by every door of a request; the logs must not sing."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from django.test import Client, override_settings
from django.urls import path

CANARY = "canary.bird+7@example.com"
PHONE = "+359 88 812 3456"
TOKEN = "eyJkIjoxfQ:secret-token"


def _break(request, *args, **kwargs):
    raise ValueError(f"Key (email)=({CANARY}) already exists, phone {PHONE}")


def _greet(request, *args, **kwargs):
    from django.http import HttpResponse

    return HttpResponse("hello")


urlpatterns = [path("break/", _break), path("greet/", _greet), path("u/<str:token>/", _greet), path("t/<str:token>", _break)]


@pytest.fixture
def written(settings) -> Iterator[io.StringIO]:
    """What the installation's own handler would print, at the most talkative level."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.getLogger().handlers[0].formatter if logging.getLogger().handlers else None)
    from logging.config import DictConfigurator

    formatter = DictConfigurator(settings.LOGGING).configure_formatter(dict(settings.LOGGING["formatters"]["lines"]))
    handler.setFormatter(formatter)
    root = logging.getLogger()
    names = ["", *settings.LOGGING["loggers"], "django", "django.request"]
    levels = {name: logging.getLogger(name).level for name in names}
    root.addHandler(handler)
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield out
    root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=__name__)
def test_it_writes_no_personal_data_whatever_happens(written: io.StringIO) -> None:
    client = Client(raise_request_exception=False, HTTP_USER_AGENT=f"Browser of {CANARY}")

    client.get("/greet/", {"email": CANARY, "phone": PHONE})
    client.post("/greet/", {"email": CANARY})
    client.get("/missing/", {"q": CANARY})
    client.get(f"/missing/{CANARY}/")
    client.post("/break/", {"email": CANARY})
    client.get(f"/u/{TOKEN}/")
    client.get(f"/t/{TOKEN}")

    told = written.getvalue()
    assert "request_finished" in told
    assert "request_failed" in told
    assert "GET /greet/" in told
    for secret in ("canary", "bird", "812 3456", TOKEN, "secret-token"):
        assert secret not in told


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=__name__)
def test_it_tells_path_status_and_request_id(written: io.StringIO) -> None:
    Client().get("/greet/")

    line = next(line for line in written.getvalue().splitlines() if "request_finished" in line)
    assert '"code": 200' in line
    assert '"request_id": "' in line
