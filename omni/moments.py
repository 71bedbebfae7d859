"""How are moments written? In the viewer's zone, as an element whose title carries the exact time."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MINUTE, HOUR, DAY = 60, 3600, 86_400
LONGEST_RELATIVE = timedelta(days=7)


def relative(at: datetime | None, *, now: datetime | None = None) -> SafeString:
    """Draw `at` as "5 min ago" or "in 2 h" within a week, as a date beyond."""
    if at is None:
        return format_html('<span class="soft">{}</span>', _("never"))
    now = now or timezone.now()
    text = in_words(at, now=now) if abs(now - at) < LONGEST_RELATIVE else date_format(timezone.localtime(at), "j M Y")
    return _element(at, text, "data-ago")


def absolute(at: datetime | None) -> SafeString:
    if at is None:
        return format_html('<span class="soft">{}</span>', _("never"))
    return _element(at, date_format(timezone.localtime(at), "j M Y, H:i"), "")


def in_words(at: datetime, *, now: datetime) -> str:
    """Return the distance from `now` in its largest unit."""
    seconds = int(abs((now - at).total_seconds()))
    if seconds < MINUTE:
        return _("just now") if at <= now else _("in a moment")
    if seconds < HOUR:
        count = seconds // MINUTE
        span = ngettext("%(count)d min", "%(count)d min", count) % {"count": count}
    elif seconds < DAY:
        count = seconds // HOUR
        span = ngettext("%(count)d h", "%(count)d h", count) % {"count": count}
    else:
        count = seconds // DAY
        span = ngettext("%(count)d day", "%(count)d days", count) % {"count": count}
    return _("%(span)s ago") % {"span": span} if at <= now else _("in %(span)s") % {"span": span}


def _element(at: datetime, text: str, hook: str) -> SafeString:
    local = timezone.localtime(at)
    title = f"{date_format(local, 'j F Y, H:i:s')} ({timezone.get_current_timezone_name()})"
    return format_html('<time datetime="{}" title="{}" {}>{}</time>', at.isoformat(), title, hook, text)
