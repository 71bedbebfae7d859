"""Is this installation set up so that it can work? System checks with a hint each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.checks import Error, Tags, register
from django.core.checks import Warning as Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.core.checks import CheckMessage


@register(Tags.staticfiles)
def front_end_is_built(**kwargs: Any) -> Sequence[CheckMessage]:
    if (settings.BASE_DIR / "static" / "vendor" / "app.js").exists():
        return []
    return [Notice("The front end is not built.", hint="Run `make frontend`.", id="omni.W001")]


@register(Tags.security, deploy=True)
def public_address_is_https(**kwargs: Any) -> Sequence[CheckMessage]:
    if settings.BASE_URL.startswith("https://"):
        return []
    return [Error("BASE_URL is not https.", hint="Mail providers ignore one-click unsubscribe over http.", id="omni.E001")]
