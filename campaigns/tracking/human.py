"""Was it a person, or a program that looks at letters before or instead of people?

Opens and clicks of programs are kept with the reason, and count nowhere. A doubtful one is taken for a person's: what a
program looks like is listed here, what a person looks like cannot be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

# Nobody opens a letter and follows a link while the mail server is still taking it in.
TOO_SOON_CLICK = timedelta(seconds=3)
TOO_SOON_OPEN = timedelta(seconds=2)
BURST = timedelta(seconds=3)
BURST_LINKS = 3
TRAP_MEMORY = timedelta(minutes=2)

_SCANNERS = re.compile(
    r"barracuda|proofpoint|mimecast|safelinks|microsoft\s?defender|forefront|symantec|messagelabs|trendmicro|fortinet|sophos"
    r"|cisco\s?(?:ironport|secure)|ironport|zscaler|fireeye|trellix|paloalto|checkpoint|avanan|cloudmark|vade|spamassassin"
    r"|urldefense|virustotal|urlscan|mailscanner|linkscan",
    re.IGNORECASE,
)
_ROBOTS = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|facebookexternalhit|whatsapp|skypeuri|discord|embedly|headlesschrome|phantomjs"
    r"|python-|aiohttp|httpx|curl/|wget/|go-http-client|okhttp|java/|apache-httpclient|libwww|lwp::|node-fetch|axios|undici"
    r"|ruby|postmanruntime|scrapy|censys|zgrab|masscan",
    re.IGNORECASE,
)
_APPLE_PRIVACY = re.compile(r"^Mozilla/5\.0$")
_PREFETCH_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")


@dataclass(frozen=True)
class Visit:
    """What is known about one request for a link or the pixel. `sent_at` None: the answer was never learned."""

    method: str
    user_agent: str
    headers: Mapping[str, str]
    at: datetime
    sent_at: datetime | None


@dataclass(frozen=True)
class Trace:
    """What the same letter's links saw in the last minutes: when the trap was stepped into, which links when."""

    trapped_at: datetime | None = None
    links: tuple[tuple[int | None, datetime], ...] = ()


def click_by_machine(visit: Visit, trace: Trace, link_id: int | None) -> str:
    """Return why a click is a program's, '' for a person's. Pure."""
    if reason := _by_request(visit):
        return reason
    if visit.sent_at and visit.at - visit.sent_at < TOO_SOON_CLICK:
        return "too_soon"
    if trace.trapped_at and visit.at - trace.trapped_at < TRAP_MEMORY:
        return "trap"
    others = {link for link, at in trace.links if visit.at - at < BURST and link != link_id}
    return "all_links" if len(others) + 1 >= BURST_LINKS else ""


def open_by_machine(visit: Visit) -> str:
    """Return why an open is a program's, '' for a person's. Pure."""
    # Apple fetches all pictures of all letters, read or not, and says nothing but this. Gmail's proxy fetches when
    # somebody opens, so it stays a person's.
    if _APPLE_PRIVACY.match(visit.user_agent):
        return "apple_privacy"
    if reason := _by_request(visit):
        return reason
    return "too_soon" if visit.sent_at and visit.at - visit.sent_at < TOO_SOON_OPEN else ""


def _by_request(visit: Visit) -> str:
    if visit.method == "HEAD":
        return "head_request"
    if any("prefetch" in visit.headers.get(name, "").lower() for name in _PREFETCH_HEADERS):
        return "prefetch"
    if not visit.user_agent.strip():
        return "no_user_agent"
    if _SCANNERS.search(visit.user_agent):
        return "scanner"
    return "robot" if _ROBOTS.search(visit.user_agent) else ""
