"""Start the embedded database for the tests, before Django reads its settings."""

from __future__ import annotations

import os

os.environ.setdefault("LOG_LEVEL", "WARNING")

from omni import embedded

if embedded.uses_embedded_database():
    embedded.start_postgres()
