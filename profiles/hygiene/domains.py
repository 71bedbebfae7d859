"""Which domains take mail? What the name system said lately is remembered per domain, never per address."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import connection

from profiles.hygiene import resolver as resolving
from profiles.hygiene import typos
from profiles.hygiene.resolver import Found, Resolver
from profiles.models import DomainCheck

Outcome = DomainCheck.Outcome

KEPT_FOR = {
    Outcome.MAIL: timedelta(days=30),
    Outcome.HOST: timedelta(days=7),
    Outcome.REFUSES: timedelta(days=7),
    Outcome.NO_MAIL: timedelta(days=1),
    Outcome.NO_DOMAIN: timedelta(days=1),
    Outcome.UNKNOWN: timedelta(minutes=10),
}
COMMON_FROM = 20  # people here with addresses of the domain
COMMON_KEY, COMMON_SECONDS = "profiles.hygiene.common", 3600


def known(domains: Collection[str], *, now: datetime) -> dict[str, Found]:
    """Return what is still believed about these domains. One query."""
    rows = DomainCheck.objects.filter(name__in=set(domains), expires_at__gt=now)
    return {name: Found(outcome, host) for name, outcome, host in rows.values_list("name", "outcome", "mail_host")}


def find(domains: Collection[str], *, resolver: Resolver, within_seconds: float, now: datetime) -> dict[str, Found]:
    """Return what is known about each of these domains, asking the name system for the rest. Never in a transaction."""
    remembered = known(domains, now=now)
    fresh = resolving.find_all(set(domains) - set(remembered), resolver=resolver, within_seconds=within_seconds)
    DomainCheck.objects.bulk_create(
        [
            DomainCheck(
                name=name,
                outcome=one.outcome,
                mail_host=one.mail_host,
                checked_at=now,
                expires_at=now + KEPT_FOR[Outcome(one.outcome)],
            )
            for name, one in sorted(fresh.items())
        ],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["outcome", "mail_host", "checked_at", "expires_at"],
    )
    return {**remembered, **fresh}


def common() -> frozenset[str]:
    """Return the domains that many people here have, slips of well-known ones left out. Counted once an hour and process."""
    found = cache.get(COMMON_KEY)
    if found is None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT split_part(address, '@', 2) FROM profiles_contactpoint WHERE kind = 'email'"
                " GROUP BY 1 HAVING count(*) >= %s ORDER BY count(*) DESC LIMIT 500",
                [COMMON_FROM],
            )
            found = frozenset(domain for (domain,) in cursor.fetchall() if not typos.meant(domain))
        cache.set(COMMON_KEY, found, COMMON_SECONDS)
    return frozenset(found)
