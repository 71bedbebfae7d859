"""Nothing about domains is remembered between tests, and the sandbox's credits are a test's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _forget(settings: Any, tmp_path: Path) -> None:
    cache.clear()
    settings.VAR = tmp_path
