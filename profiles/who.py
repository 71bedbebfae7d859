"""Who are the people behind these profile ids, in a word and a link?"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.urls import reverse

from profiles.models import ContactPoint, Profile


@dataclass(frozen=True)
class Who:
    """A person as other pages name one: the survivor, for an origin that was merged."""

    pk: int
    title: str

    @property
    def url(self) -> str:
        return reverse("profiles:person-detail", args=[self.pk])


def of(profile_ids: Collection[int]) -> dict[int, Who]:
    """Return {profile id: who it is} for those that exist. Two or three queries for any number."""
    rows = Profile.objects.filter(pk__in=set(profile_ids)).only("pk", "merged_into_id", "attributes")
    found = {person.pk: person for person in rows}
    gone = {person.merged_into_id for person in found.values() if person.merged_into_id} - set(found)
    if gone:
        found |= {person.pk: person for person in Profile.objects.filter(pk__in=gone).only("pk", "merged_into_id", "attributes")}
    root = {pk: found.get(person.merged_into_id or pk, person) for pk, person in found.items()}
    addresses: dict[int, str] = {}
    points = ContactPoint.objects.filter(profile__in={person.pk for person in root.values()}).order_by("kind", "pk")
    for profile_id, address in points.values_list("profile_id", "address"):
        addresses.setdefault(profile_id, address)
    return {
        pk: Who(person.pk, person.name or addresses.get(person.pk) or str(person))
        for pk, person in root.items()
        if pk in profile_ids
    }
