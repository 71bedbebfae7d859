"""What does the Privacy tab of a person show? Everything held about them, and what may be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from omni.roles import Right, may
from profiles.models import PrivacyRequest
from profiles.person import tabs as person_tabs
from profiles.person.tabs import Block, Tab
from profiles.privacy import erasure

if TYPE_CHECKING:
    from profiles.person.tabs import Asked


def register() -> None:
    person_tabs.register_tab(Tab("privacy", _("Privacy"), "profiles/_privacy.html", tell, order=60))
    person_tabs.register_block(Block("restricted", "facts", 5, "profiles/_restricted.html", tell_restriction))


def tell(asked: Asked) -> dict[str, Any]:
    """Two queries a table, whatever is in it."""
    user = asked.request.user
    return {
        "held": erasure.preview(asked.person.pk),
        "requests": PrivacyRequest.objects.filter(profile__in=asked.profile_ids).order_by("-asked_at", "-pk")[:20],
        "may_export": may(user, Right.EXPORT),
        "may_erase": may(user, Right.ADMINISTER),
    }


def tell_restriction(asked: Asked) -> dict[str, Any] | None:
    return {} if asked.person.restricted_at else None
