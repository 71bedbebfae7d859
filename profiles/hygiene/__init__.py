"""Can this address be written to? Checks of addresses, runs over lists, and the list of those nothing is sent to."""

from __future__ import annotations
