"""Does the house still stand as it was drawn? Layers, closed doors, file sizes, one clock, no inline script or style."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(settings.BASE_DIR)
APPS = ("omni", "profiles", "segments", "campaigns")
MOST_LINES = 400
MOST_TEMPLATE_LINES = 150

# Rooms of the interface: they, and nothing below them, may read the clock.
CLOCK_READERS = {"views", "api", "tasks", "management", "templatetags", "tests", "migrations"}
# Modules of the house that are interface without being in such a room.
CLOCK_MODULES = {"omni/api_manners.py", "omni/dispatch.py", "omni/moments.py", "omni/context.py"}

# Doors that are open on purpose, each with the reason.
OPEN_DOORS = {
    "health-alive": "supervisors have no account",
    "health-ready": "load balancers have no account",
    "account_login": "the door itself",
    "account_logout": "asks for confirmation; harms nobody who is out",
    "account_inactive": "says to whoever was sent away that the account is closed",
    "account_signup": "says that accounts are made by the owner",
    "first-password": "the invited hold a signed token",
    "setup": "the first owner has no account yet",
    "django.contrib.staticfiles.views.serve": "style and scripts",
}
# Namespaces and path prefixes whose callers prove themselves otherwise.
OPEN_NAMESPACES = {"public": "people we write to hold a signed token"}
OPEN_PREFIXES = {
    "beacon/": "browsers of visitors prove themselves by a public write key",
    "hooks/": "other systems prove themselves by the secret in the address",
    "sourceConfig/": "a browser library asks which keys are whose; the answer holds nothing it did not say",
    "v1/": "sources prove themselves by a write key, before reading the body",
    "api/v1/": "DRF: denied by default, see test_the_api_asks_for_a_key",
    "admin/": "Django's own guard",
}


def _python_files() -> Iterator[Path]:
    for app in APPS:
        yield from (path for path in sorted((ROOT / app).rglob("*.py")) if "migrations" not in path.parts)


def _templates() -> list[Path]:
    return sorted((ROOT / "templates").rglob("*.html"))


def _relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_imports_point_one_way() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_no_file_is_too_long() -> None:
    paths = [*_python_files(), *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "static" / "js").rglob("*.js"))]
    long = {_relative(path): count for path in paths if (count := len(path.read_text().splitlines())) > MOST_LINES}

    assert long == {}


def test_no_template_is_too_long() -> None:
    long = {
        _relative(path): count for path in _templates() if (count := len(path.read_text().splitlines())) > MOST_TEMPLATE_LINES
    }

    assert long == {}


def test_only_the_interface_reads_the_clock() -> None:
    readers = [
        f"{_relative(path)}:{node.lineno}"
        for path in _python_files()
        if not _may_read_the_clock(path)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and _is_the_clock(node.func) and not node.args
    ]

    assert readers == []


def _may_read_the_clock(path: Path) -> bool:
    relative = path.relative_to(ROOT)
    rooms = {*relative.parts[1:-1], relative.stem}
    return bool(rooms & CLOCK_READERS) or str(relative) in CLOCK_MODULES or relative.stem.startswith("test_")


def _is_the_clock(function: ast.expr) -> bool:
    called = ast.unparse(function)
    return called in {
        "timezone.now",
        "datetime.now",
        "datetime.utcnow",
        "datetime.datetime.now",
        "date.today",
        "timezone.localdate",
    }


def test_every_module_says_which_question_it_answers() -> None:
    silent = [
        _relative(path)
        for path in _python_files()
        if path.stem not in {"__init__", "apps", "wsgi", "asgi"}
        and not path.stem.startswith("test_")
        and path.stem != "conftest"
        and path.read_text().strip()
        and ast.get_docstring(ast.parse(path.read_text())) is None
    ]

    assert silent == []


INLINE = {
    "an inline style": re.compile(r"<[a-z][^>]*\sstyle\s*=", re.IGNORECASE),
    "an inline handler": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b(?![^>]*\bnonce=)", re.IGNORECASE),
    "a script element with code": re.compile(
        r"<script\b(?![^>]*\bsrc=)(?![^>]*\bnonce=)(?![^>]*type=\"application/json\")", re.IGNORECASE
    ),
    "code in an htmx attribute": re.compile(r"hx-(on|vals=['\"]js:)", re.IGNORECASE),
    "something from another host": re.compile(r"<(script|link|img)\b[^>]*(src|href)=\"https?://", re.IGNORECASE),
}


@pytest.mark.parametrize("path", _templates(), ids=_relative)
def test_templates_obey_the_content_policy(path: Path) -> None:
    text = re.sub(r"\{%\s*comment.*?endcomment\s*%\}", "", path.read_text(), flags=re.DOTALL)

    found = {what for what, pattern in INLINE.items() if pattern.search(text)}

    assert found == set()


def _doors(
    resolver: URLResolver | None = None, prefix: str = "", spaces: tuple[str, ...] = ()
) -> Iterator[tuple[str, str, URLPattern]]:
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _doors(pattern, path, (*spaces, *filter(None, [pattern.namespace])))
        else:
            yield path, ":".join([*spaces, pattern.name or ""]), pattern


def _is_open_on_purpose(path: str, name: str) -> bool:
    return name in OPEN_DOORS or name.split(":")[0] in OPEN_NAMESPACES or any(path.startswith(prefix) for prefix in OPEN_PREFIXES)


ARGUMENTS = {"int": "1", "str": "x", "slug": "x", "uuid": "6f1c2c5e-0000-4000-8000-000000000001", "path": "x"}


def _address(path: str) -> str:
    address = re.sub(r"<(?:(\w+):)?\w+>", lambda found: ARGUMENTS.get(found.group(1) or "str", "x"), path)
    return "/" + re.sub(r"[\^$\\]|\(\?P?.*?\)", "", address)


@pytest.mark.django_db
def test_every_page_asks_strangers_to_sign_in(owner) -> None:
    # An owner exists, so that the pages for making one are closed.
    open_doors = {}
    for path, name, _pattern in _doors():
        if _is_open_on_purpose(path, name):
            continue
        for method in ("get", "post"):
            answer = getattr(Client(), method)(_address(path))
            asks = answer.status_code in (301, 302) and "/accounts/login/" in answer.headers.get("Location", "")
            if not asks and answer.status_code not in (401, 403, 404, 405):
                open_doors[f"{method} {_address(path)} ({name})"] = answer.status_code

    assert open_doors == {}


@pytest.mark.django_db
def test_the_api_asks_for_a_key() -> None:
    answers = {
        address: Client().get(address).status_code
        for path, _name, _pattern in _doors()
        if path.startswith("api/v1/") and (address := _address(path))
    }

    assert {address: code for address, code in answers.items() if code not in (401, 403, 405, 404)} == {}


def test_no_list_of_kinds_is_asked_by_name_outside_its_file() -> None:
    """`if kind == "email"` outside the plug-in's own file is a defect: the registry knows."""
    pattern = re.compile(
        r"\b(kind|channel|step\.kind|\.key)\s*==\s*[\"'](email|smtp|sandbox|branch|wait|split|exit|entry|message)[\"']"
    )
    found = [
        f"{_relative(path)}: {match.group(0)}"
        for path in _python_files()
        if "tests" not in path.parts and not {"steps", "channels", "providers", "conditions"} & set(path.parts)
        for match in pattern.finditer(path.read_text())
    ]

    assert found == []
