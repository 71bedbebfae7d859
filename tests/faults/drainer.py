"""Empties the inbox of the database DATABASE_NAME until it is killed."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omni.settings")


def main() -> None:
    import django

    django.setup()
    from profiles.ingest import inbox

    while True:
        if not inbox.drain(now=datetime.now(tz=UTC)):
            time.sleep(0.05)


if __name__ == "__main__":
    main()
