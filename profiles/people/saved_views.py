"""Which views of the list of people did staff keep? Their own and those shared with everybody."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict

from profiles.models import PeopleView

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from omni.models import User

PAGE_WORDS = ("after", "before", "view", "key", "value", "csrfmiddlewaretoken", "name", "is_shared")
MOST = 100


def seen_by(user: User) -> QuerySet[PeopleView]:
    """Return the views this person sees, starred ones first; `is_starred` is about them. One query."""
    starred = PeopleView.starred_by.through.objects.filter(peopleview_id=OuterRef("pk"), user_id=user.pk)
    rows = PeopleView.objects.filter(Q(owner=user) | Q(is_shared=True), deleted_at=None)
    return rows.annotate(is_starred=Exists(starred)).order_by("-is_starred", "name", "pk")


def query_of(data: QueryDict) -> str:
    """Return what of an address makes a view: its filters, order and columns."""
    kept = data.copy()
    for word in PAGE_WORDS:
        kept.pop(word, None)
    return kept.urlencode()


def keep(*, name: str, query: str, is_shared: bool, by: User, now: datetime) -> PeopleView:
    return PeopleView.objects.create(name=name, query=query, is_shared=is_shared, owner=by, created_at=now)


def star(*, view: PeopleView, user: User) -> bool:
    """Star the view for this person, or take the star away; return whether it has one now."""
    if view.starred_by.filter(pk=user.pk).exists():
        view.starred_by.remove(user)
        return False
    view.starred_by.add(user)
    return True


def delete(*, view: PeopleView, by: User, now: datetime) -> bool:
    """Throw a view away; only its owner may. Return whether it was done."""
    return bool(PeopleView.objects.filter(pk=view.pk, owner=by, deleted_at=None).update(deleted_at=now))


def restore(*, pk: int, by: User) -> bool:
    return bool(PeopleView.objects.filter(pk=pk, owner=by).update(deleted_at=None))
