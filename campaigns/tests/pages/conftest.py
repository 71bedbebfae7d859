from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from campaigns.tests.delivery import office


@pytest.fixture(autouse=True)
def _own_sandbox(settings, tmp_path: Path) -> None:
    settings.VAR = tmp_path


@pytest.fixture
def post(db: None, now: datetime) -> office.Office:
    return office.open_office(now)
