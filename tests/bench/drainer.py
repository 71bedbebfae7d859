"""Empties the inbox of the database DATABASE_NAME and ends: one of the workers of bench_ingest."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omni.settings")
os.environ.setdefault("LOG_LEVEL", "WARNING")


def main() -> int:
    import django

    django.setup()
    from profiles.ingest import inbox
    from profiles.models import IngestRaw

    while True:
        if not inbox.drain(now=datetime.now(tz=UTC)):
            if not IngestRaw.objects.exists():
                return 0
            time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
