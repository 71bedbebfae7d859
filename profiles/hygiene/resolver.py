"""What does the name system say about a domain? A thin layer over dnspython that never takes silence for a "no"."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

import dns.exception
import dns.name
import dns.resolver

from profiles.models import DomainCheck

logger = logging.getLogger(__name__)

Outcome = DomainCheck.Outcome

MOST_AT_ONCE = 24
LIFETIME_SECONDS = 4.0  # of all questions about one domain
# Somebody whom every honest name server knows; one that denies it denies everything.
WITNESSES = ("com.", "org.")


@dataclass(frozen=True)
class Found:
    """What was learned about one domain."""

    outcome: str
    mail_host: str = ""


class Resolver(Protocol):
    """Answers what a domain takes; must be usable from several threads at once."""

    def find(self, domain: str) -> Found: ...

    def is_trustworthy(self) -> bool:
        """Say whether a "does not exist" may be believed just now: an offline or lying name server says it of everything."""
        ...


class Dns:
    """The name servers of this machine."""

    def __init__(self) -> None:
        self._asks = dns.resolver.Resolver()
        self._asks.cache = None

    def is_trustworthy(self) -> bool:
        return any(self._knows(witness) for witness in WITNESSES)

    def find(self, domain: str) -> Found:
        until = time.monotonic() + LIFETIME_SECONDS
        try:
            answer = self._asks.resolve(_absolute(domain), "MX", lifetime=LIFETIME_SECONDS)
        except dns.resolver.NXDOMAIN:
            return Found(Outcome.NO_DOMAIN)
        except dns.resolver.NoAnswer:
            return self._host(domain, until)
        except (dns.exception.DNSException, OSError, UnicodeError):
            return Found(Outcome.UNKNOWN)
        hosts = sorted((record.preference, record.exchange.to_text(omit_final_dot=True)) for record in answer)
        if all(host in (".", "") for _, host in hosts):  # RFC 7505
            return Found(Outcome.REFUSES)
        return Found(Outcome.MAIL, next(host for _, host in hosts if host not in (".", ""))[:255])

    def _host(self, domain: str, until: float) -> Found:
        """A domain without MX takes mail at its own address (RFC 5321, 5.1)."""
        silent = False
        for kind in ("A", "AAAA"):
            try:
                self._asks.resolve(_absolute(domain), kind, lifetime=max(0.1, until - time.monotonic()))
            except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
                continue
            except (dns.exception.DNSException, OSError, UnicodeError):
                silent = True
            else:
                return Found(Outcome.HOST, domain)
        return Found(Outcome.UNKNOWN if silent else Outcome.NO_MAIL)

    def _knows(self, name: str) -> bool:
        try:
            self._asks.resolve(name, "NS", lifetime=LIFETIME_SECONDS)
        except (dns.exception.DNSException, OSError):
            return False
        return True


def find_all(domains: Iterable[str], *, resolver: Resolver, within_seconds: float) -> dict[str, Found]:
    """Ask about all of these at once, MOST_AT_ONCE in flight; who has not answered in time is unknown.

    A "no" is only believed while the resolver can be trusted; else it is unknown.
    """
    wanted = sorted(set(domains))
    if not wanted:
        return {}
    found = dict.fromkeys(wanted, Found(Outcome.UNKNOWN))
    pool = ThreadPoolExecutor(max_workers=min(MOST_AT_ONCE, len(wanted)), thread_name_prefix="dns")
    try:
        asked = {pool.submit(resolver.find, domain): domain for domain in wanted}
        done, _late = wait(asked, timeout=within_seconds)
        for future in done:
            if future.exception() is None:
                found[asked[future]] = future.result()
            else:
                logger.warning("a look-up failed: %s", type(future.exception()).__name__)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    denials = {Outcome.NO_DOMAIN, Outcome.NO_MAIL}
    if any(one.outcome in denials for one in found.values()) and not resolver.is_trustworthy():
        found = {domain: Found(Outcome.UNKNOWN) if one.outcome in denials else one for domain, one in found.items()}
    return found


def _absolute(domain: str) -> dns.name.Name:
    # With the final dot: the search list of the machine must not turn a misspelt domain into one of its own.
    return dns.name.from_text(f"{domain.rstrip('.')}.")
