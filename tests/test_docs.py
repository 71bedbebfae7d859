"""Do the tables of the docs list exactly what the code registers?"""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from django.conf import settings

from omni.registry import Registry

DOCS = Path(settings.BASE_DIR) / "docs"
TABLES = {
    "conditions.md": "segments.conditions",
    "steps.md": "campaigns.steps",
    "channels.md": "campaigns.channels",
    "providers.md": "campaigns.providers",
    "verifiers.md": "profiles.hygiene.verifiers",
}
ROW = re.compile(r"^\| `([a-z_.]+)` \|", re.MULTILINE)


def registry_of(package: str) -> Registry:
    """Return the one registry that the package's __init__ defines."""
    found = [value for value in vars(importlib.import_module(package)).values() if isinstance(value, Registry)]
    assert len(found) == 1, f"{package} defines {len(found)} registries"
    return found[0]


@pytest.mark.parametrize(("document", "package"), TABLES.items())
def test_the_table_lists_exactly_the_registered_kinds(document: str, package: str) -> None:
    written = ROW.findall((DOCS / document).read_text())

    assert written == [plugin.key for plugin in registry_of(package)]


def test_every_link_of_the_docs_leads_somewhere() -> None:
    root = Path(settings.BASE_DIR)
    broken = [
        f"{path.relative_to(root)}: {target}"
        for path in [*root.glob("*.md"), *DOCS.rglob("*.md")]
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", path.read_text())
        if not (path.parent / target).exists()
    ]

    assert broken == []


def test_every_make_target_the_docs_name_exists() -> None:
    root = Path(settings.BASE_DIR)
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE))
    named = {
        target
        for path in [root / "README.md", root / "CONTRIBUTING.md", *DOCS.rglob("*.md")]
        for target in re.findall(r"`make ([a-z-]+)", path.read_text())
    }

    assert named - targets == set()
