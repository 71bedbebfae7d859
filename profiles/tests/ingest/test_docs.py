"""Does docs/tracking.md say what the code does?"""

from __future__ import annotations

import re

from django.conf import settings

from profiles import urls_ingest
from profiles.ingest import deadletters, envelope, spec

TEXT = (settings.BASE_DIR / "docs" / "tracking.md").read_text()


def test_the_reasons_are_those_of_the_code() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", TEXT, re.MULTILINE))

    assert rows == {str(code): str(words) for code, words in deadletters.REMEDIES.items()}


def test_the_limits_are_those_of_the_code() -> None:
    assert f"{envelope.MOST_BYTES // 1024} KB and {envelope.MOST_CALLS:,} calls a request" in TEXT
    assert f"{spec.MOST_BYTES_PER_CALL // 1024} KB and\n  {spec.MOST_PROPERTIES} properties a call" in TEXT


def test_every_path_is_named() -> None:
    for name, short in urls_ingest.CALLS.items():
        assert f"/{name}`" in TEXT
        assert f"/{short}`" in TEXT
    assert all(f"/v1/{name}`" in TEXT for name in urls_ingest.BATCHES[1:])
    assert all(name in TEXT for name in spec.EVENT_TYPES.values())
