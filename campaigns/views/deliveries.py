"""Where is it seen what became of each message, and why?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from csp.decorators import csp
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from campaigns import letters, reasons
from campaigns.forms_sending import DeliveryFilter
from campaigns.models import Campaign, Delivery
from campaigns.views.templates import LETTER_POLICY
from omni import keyset
from omni.roles import Right, may, require
from profiles.models import Profile

if TYPE_CHECKING:
    from omni.middleware import StaffRequest
    from omni.models import User


def deliveries_for(user: User) -> QuerySet[Delivery]:
    """Return the messages this person may see: all of them, as an installation serves one company."""
    rows = Delivery.objects.defer("campaign__draft", "campaign__undo", "campaign__redo", "content__html", "content__text")
    rows = rows.select_related("campaign", "content")
    return rows if may(user, Right.VIEW) else rows.none()


@require(Right.VIEW)
@require_GET
def delivery_list(request: StaffRequest) -> HttpResponse:
    """List messages, newest first, with the reason of each that was not sent. Five queries."""
    filters = DeliveryFilter(request.GET, queryset=deliveries_for(request.user))
    page = keyset.page(filters.qs, order=("-created_at", "-id"), query=request.GET)
    people = Profile.objects.in_bulk({row.profile_id for row in page.items})
    rows = [_line(row, people.get(row.profile_id)) for row in page.items]
    states = request.GET.getlist("state")
    context = {
        "filters": filters,
        "page": page,
        "rows": rows,
        "states": [(value, label, value in states) for value, label in Delivery.State.choices],
        "campaigns": Campaign.objects.filter(current_version__isnull=False).order_by("name", "pk").only("pk", "name"),
        "campaign": request.GET.get("campaign", ""),
        "reason": reasons.sentence(request.GET["reason"]) if request.GET.get("reason") else "",
        "is_filtered": any(request.GET.get(name) for name in ("q", "state", "campaign", "reason")),
    }
    is_part = request.htmx and not request.htmx.boosted
    return render(request, "campaigns/delivery_list.html#rows" if is_part else "campaigns/delivery_list.html", context)


@require(Right.VIEW)
@require_GET
def delivery_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the whole story of one message, and the letter as it was sent."""
    delivery = get_object_or_404(deliveries_for(request.user), pk=pk)
    attempts = list(delivery.attempts.order_by("pk"))
    outcomes = list(delivery.outcomes.select_related("link").order_by("at", "pk"))
    person = Profile.objects.filter(pk=delivery.profile_id).first()
    context = {
        "delivery": delivery,
        "person": person,
        "look": letters.LOOKS[Delivery.State(delivery.state)],
        "why": letters.why(delivery),
        "subject": letters.subject(delivery, person.attributes if person else None),
        "story": letters.story(delivery, attempts, outcomes),
        "has_letter": bool(delivery.context and delivery.content_id),
    }
    return render(request, "campaigns/delivery_detail.html", context)


def _line(row: Delivery, person: Profile | None) -> tuple[Delivery, Profile | None, tuple[str, str], str, str]:
    look = letters.LOOKS[Delivery.State(row.state)]
    return row, person, look, letters.why(row), letters.subject(row, person.attributes if person else None)


@never_cache
@require(Right.VIEW)
@require_GET
@xframe_options_sameorigin
@csp(LETTER_POLICY)  # type: ignore[arg-type]
def delivery_frame(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the letter alone, for the frame of the page."""
    delivery = get_object_or_404(Delivery.objects.select_related("content"), pk=pk)
    return HttpResponse('<base target="_blank">' + letters.body(delivery))
