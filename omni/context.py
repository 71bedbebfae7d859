"""What does every page of the back office need to know?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omni import navigation, news
from omni.models import Company

if TYPE_CHECKING:
    from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the navigation and the theme for base.html; nothing for people who are not signed in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {
        "navigation": navigation.for_user(user, path=request.path),
        "news": news.followed(request),
        "theme": user.theme or "auto",
        "company_name": Company.objects.values_list("name", flat=True).filter(id=1).first(),
    }
