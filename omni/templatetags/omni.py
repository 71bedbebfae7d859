"""Which words does every template of the house know? Built in: no {% load %} is needed."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any

from django import template
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from omni import figures, moments, toasts

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from django.forms import BoundField
    from django.template.context import RequestContext

    from omni.models import User

register = template.Library()

BANNER_ICONS = {"info": "info-circle", "success": "circle-check", "warning": "alert-triangle", "danger": "alert-circle"}
CSRF_FIELD = re.compile(r'<input type="hidden" name="csrfmiddlewaretoken"[^>]*>')  # another one in every answer
CHOICE_WIDGETS = {"radio", "checkbox"}


# Components that wrap what the page writes between the tags; the variables of each stand on top of its template.


@register.simple_block_tag(takes_context=True)
def page_header(context: RequestContext, content: str, title: str, **options: Any) -> SafeString:
    return _component(context, "_page_header.html", content, title=title, **options)


@register.simple_block_tag(takes_context=True)
def menu(context: RequestContext, content: str, label: str, icon: str = "dots", **options: Any) -> SafeString:
    options.setdefault("icon_only", icon == "dots")
    options.setdefault("css", "")
    options.setdefault("id", _fingerprint(f"{label}{content}"))
    return _component(context, "_menu.html", content, label=label, icon=icon, **options)


@register.simple_block_tag(takes_context=True)
def empty_state(context: RequestContext, content: str, title: str, **options: Any) -> SafeString:
    return _component(context, "_empty_state.html", content, title=title, **options)


@register.simple_block_tag(takes_context=True)
def banner(context: RequestContext, content: str, tone: str = "info", **options: Any) -> SafeString:
    options.setdefault("icon", BANNER_ICONS[tone])
    return _component(context, "_banner.html", content, tone=tone, **options)


@register.simple_block_tag(takes_context=True)
def table_box(context: RequestContext, content: str, label: str, **options: Any) -> SafeString:
    return _component(context, "_table_box.html", content, label=label, **options)


@register.simple_block_tag(takes_context=True)
def chart(context: RequestContext, content: str, id: str, label: str, option: dict[str, Any], size: str = "") -> SafeString:  # noqa: A002
    return _component(context, "_chart.html", content, id=id, label=label, option=option, size=size, option_id=f"{id}-option")


def _component(context: RequestContext, name: str, content: str, **variables: Any) -> SafeString:
    inner = {**variables, "content": mark_safe(content), "request": context.get("request")}  # noqa: S308 (rendered by the page)
    return render_to_string(f"components/{name}", inner)


def _fingerprint(content: str) -> str:
    """Return a name that stays the same from swap to swap, whatever else is on the page."""
    return f"menu-{zlib.crc32(CSRF_FIELD.sub('', content).encode()):08x}"


# Small marks.


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """Draw an icon of the sprite; it is decoration, so screen readers skip it."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        css,
        static("vendor/icons.svg"),
        name,
    )


@register.simple_tag
def badge(label: str, tone: str = "neutral", icon_name: str = "") -> SafeString:
    """Draw a state: a word with an icon. Tones: neutral, success, warning, danger, info, accent."""
    mark = icon(icon_name) if icon_name else ""
    return format_html('<span class="badge badge-{}">{}{}</span>', tone, mark, label)


@register.filter
def initials(user: User) -> str:
    words = (user.name or user.email.split("@")[0]).replace(".", " ").split()
    return "".join(word[0] for word in words[:2]) or "?"


# Numbers and moments.


@register.filter
def number(value: float | Decimal | None, places: int = 0) -> str:
    """Write 12345.6 as 12 346: thin spaces between thousands, the decimal mark of the language; a dash for None."""
    return figures.number(value, places=places)


@register.filter
def figure(value: Any) -> str:
    """Write numbers as numbers and leave words alone."""
    return figures.number(value) if isinstance(value, (int, float)) else str(value)


@register.filter
def percent(value: float | Decimal | None, places: int = 1) -> str:
    """Write the share 0.1234 as 12.3 %."""
    return figures.percent(value, places=places)


@register.filter
def money(minor_units: int | None, currency: str) -> str:
    """Write 123456 minor units as 1 234.56 EUR."""
    return figures.money(minor_units, currency)


@register.simple_tag
def ago(at: datetime | None) -> SafeString:
    """Draw a moment as "5 minutes ago"; the exact time in the viewer's zone is in the title."""
    return moments.relative(at)


@register.simple_tag
def moment(at: datetime | None) -> SafeString:
    """Draw a moment as date and time in the viewer's zone."""
    return moments.absolute(at)


@register.filter
def coded(text: str) -> SafeString:
    """Write what stands between backticks as code; everything else is escaped."""
    parts = str(text).split("`")
    if len(parts) % 2 == 0:
        return format_html("{}", text)
    marked = (format_html("<code>{}</code>" if at % 2 else "{}", part) for at, part in enumerate(parts))
    return mark_safe("".join(marked))  # noqa: S308 (every part went through format_html)


# Addresses.


@register.simple_tag(takes_context=True)
def query(context: RequestContext, **changes: Any) -> str:
    """Return this page's query string with `changes` made; None removes a parameter."""
    parameters = context["request"].GET.copy()
    for name, value in changes.items():
        parameters.pop(name, None)
        if isinstance(value, (list, tuple)):
            parameters.setlist(name, [str(one) for one in value])
        elif value is not None:
            parameters[name] = str(value)
    encoded = parameters.urlencode()
    return f"?{encoded}" if encoded else context["request"].path


# Forms and notices; used by the templates of the shell.


@register.filter
def control_kind(field: BoundField) -> str:
    widget = field.field.widget
    kind = getattr(widget, "input_type", "") or type(widget).__name__.lower()
    if kind == "checkbox" and not hasattr(widget, "choices"):
        return "check"
    return str(kind)


@register.simple_tag
def control(field: BoundField, **attributes: Any) -> SafeString:
    """Draw the control of a field in the classes of the house; `attributes` are added (underscores become dashes)."""
    attributes = {name.replace("_", "-"): value for name, value in attributes.items() if value not in (None, False)}
    kind = control_kind(field)
    own = {"check": "form-check-input", "select": "form-select"}.get(kind, "form-control")
    classes = "" if kind in CHOICE_WIDGETS and hasattr(field.field.widget, "choices") else own
    given = f"{field.field.widget.attrs.get('class', '')} {attributes.pop('class', '')}"
    if css := f"{classes} {given}".strip():
        attributes["class"] = css
    return field.as_widget(attrs=attributes)


@register.filter(name="toasts")
def toast_list(messages: Any) -> list[dict[str, str]]:
    return toasts.as_data(messages)
