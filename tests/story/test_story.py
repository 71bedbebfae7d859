"""The story on a sample, against processes and a database of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BASE = Path(__file__).resolve().parent.parent.parent
CUSTOMERS = 700


@pytest.mark.slow
def test_the_story_holds_on_a_sample():
    command = [sys.executable, "-m", "tests.story", "--customers", str(CUSTOMERS)]

    done = subprocess.run(command, cwd=BASE, capture_output=True, text=True, timeout=900, check=False)

    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-6000:]}"
    assert "The story holds." in done.stdout
