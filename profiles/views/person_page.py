"""How is the page of a person put together from its blocks and tabs?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from omni.navigation import Tab as Link
from omni.roles import Right, may
from profiles import identity
from profiles.models import Identifier
from profiles.person import tabs as person_tabs
from profiles.person.tabs import Asked, Tell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.forms import BaseForm
    from django.utils.safestring import SafeString

    from omni.middleware import StaffRequest
    from profiles.models import Profile

OVERVIEW = ""


def show(
    request: StaffRequest, person: Profile, *, tab: str = OVERVIEW, forms: Mapping[str, BaseForm] | None = None
) -> HttpResponse:
    """Show the overview of a surviving person or one of its tabs; with refused `forms` by the key of their block, as 422."""
    asked = asked_by(request, person, forms=forms)
    identifiers = list(person.identifiers.order_by("pk"))
    shown = person_tabs.find_tab(tab)
    context = {
        "person": person,
        "title": title_of(person, identifiers),
        "known": [item for item in identifiers if item.type != Identifier.Type.ANONYMOUS_ID],
        "anonymous_count": sum(item.type == Identifier.Type.ANONYMOUS_ID for item in identifiers),
        "tabs": _links(asked, tab),
        "may_edit": asked.may_edit,
        "menu": _blocks("menu", asked),
        "facts": _blocks("facts", asked),
        "top": _blocks("top", asked),
    }
    if shown is not None:
        context["tab"] = _part(asked, shown.template, shown.tell)
    else:
        context |= {"main": _blocks("main", asked), "side": _blocks("side", asked)}
    return render(request, "profiles/person_detail.html", context, status=422 if forms else 200)


def asked_by(request: StaffRequest, person: Profile, *, forms: Mapping[str, BaseForm] | None = None) -> Asked:
    everybody = [person.pk, *identity.origins_of(person.pk)]
    return Asked(request, person, everybody, may(request.user, Right.EDIT_PEOPLE), forms or {})


def title_of(person: Profile, identifiers: Sequence[Identifier]) -> str:
    by_type = {item.type: item.value for item in reversed(identifiers)}
    return person.name or by_type.get(Identifier.Type.EMAIL) or by_type.get(Identifier.Type.PHONE) or str(person)


def _links(asked: Asked, current: str) -> list[Link]:
    offered = person_tabs.tabs()
    if not offered:
        return []
    pk = asked.person.pk
    overview = Link(_("Overview"), reverse("profiles:person-detail", args=[pk]), is_current=current == OVERVIEW)
    return [
        overview,
        *(
            Link(
                tab.label,
                reverse("profiles:person-tab", args=[pk, tab.key]),
                is_current=current == tab.key,
                count=tab.count(asked) if tab.count else None,
            )
            for tab in offered
        ),
    ]


def _blocks(place: str, asked: Asked) -> list[SafeString]:
    parts = (_part(asked, block.template, block.tell) for block in person_tabs.blocks_in(place))
    return [part for part in parts if part is not None]


def _part(asked: Asked, template: str, tell: Tell) -> SafeString | None:
    told: dict[str, Any] | None = tell(asked)
    if told is None:
        return None
    context = {"person": asked.person, "may_edit": asked.may_edit, **told}
    return render_to_string(template, context, request=asked.request)
