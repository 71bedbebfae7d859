"""Whose data is it? A person with everybody merged into them, and all their identifiers and addresses."""

from __future__ import annotations

from collections.abc import Sequence

from profiles import identity
from profiles.models import ContactPoint, Identifier
from profiles.privacy.holdings import Subject


def of(profile_ids: Sequence[int]) -> Subject:
    """Return the subject of these profiles. Two queries."""
    keys = frozenset(Identifier.objects.filter(profile_id__in=profile_ids).values_list("type", "value"))
    addresses = frozenset(ContactPoint.objects.filter(profile_id__in=profile_ids).values_list("kind", "address"))
    return Subject(tuple(profile_ids), keys | addresses, addresses)


def of_person(person_id: int) -> Subject:
    """Return the subject of a survivor and its origins. Three queries."""
    return of([person_id, *identity.origins_of(person_id)])
