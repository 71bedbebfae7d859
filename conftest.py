"""What does every test of the house stand on? A database that is up, a fixed cast, a fixed clock, a closed network."""

from __future__ import annotations

import os

os.environ.setdefault("LOG_LEVEL", "WARNING")

from omni import embedded

if embedded.uses_embedded_database():
    # Before Django reads its settings; the processes of a parallel run find it running.
    embedded.start_postgres()

pytest_plugins = ["tests.house", "tests.cast"]
