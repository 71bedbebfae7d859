"""How are campaigns listed, made, started and ended?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import forecast, recipes, versions
from campaigns.forms import CampaignFilter, CampaignForm
from campaigns.models import Campaign
from campaigns.steps.library import Library
from campaigns.summary import summaries
from omni import audit, celery, keyset, toasts
from omni.roles import Right, may, require

if TYPE_CHECKING:
    from django.http import HttpRequest

    from omni.models import User

ORDERS: dict[str, tuple[str, str]] = {"": ("-created_at", "-id"), "oldest": ("created_at", "id"), "name": ("name", "id")}
ENGINE = ("campaigns.tasks.fire_due", "campaigns.tasks.advance")


def campaigns_for(user: User) -> QuerySet[Campaign]:
    """Return the campaigns this person may open: all of them, as an installation serves one company."""
    rows = Campaign.objects.defer("undo", "redo").select_related("current_version", "topic")
    return rows if may(user, Right.VIEW) else rows.none()


def load(request: HttpRequest, pk: int) -> Campaign:
    return get_object_or_404(campaigns_for(request.user), pk=pk)  # type: ignore[arg-type]


@require(Right.VIEW)
@require_GET
def campaign_list(request: HttpRequest) -> HttpResponse:
    """List campaigns with what each is doing now. Costs a fixed number of queries."""
    now = timezone.now()
    rows = campaigns_for(request.user)  # type: ignore[arg-type]
    filters = CampaignFilter(request.GET, queryset=rows)
    sort = request.GET.get("sort", "")
    page = keyset.page(filters.qs, order=ORDERS.get(sort, ORDERS[""]), query=request.GET)
    shown = summaries(page.items, now=now)
    states = request.GET.getlist("state")
    context = {
        "filters": filters,
        "page": page,
        "rows": [(summary, summary.sentence(now=now)) for summary in shown],
        "states": [(value, label, value in states) for value, label in Campaign.State.choices],
        "sort": sort,
        "is_filtered": bool(request.GET.get("q") or states),
        "may_edit": may(request.user, Right.EDIT_CAMPAIGNS),
    }
    return render(request, _part(request, "campaigns/campaign_list.html", "rows"), context)


@require(Right.EDIT_CAMPAIGNS)
@require_http_methods(["GET", "POST"])
def campaign_create(request: HttpRequest) -> HttpResponse:
    """Begin with a recipe and a name; the draft opens on the canvas."""
    form = CampaignForm(request.POST or None)
    chosen = recipes.find(request.POST.get("recipe", request.GET.get("recipe", ""))) or recipes.RECIPES[0]
    if request.method == "POST" and form.is_valid():
        draft = chosen.make(Library())
        name = form.cleaned_data["name"]
        campaign = versions.create(name=name, draft=draft, by=request.user, now=timezone.now())  # type: ignore[arg-type]
        return redirect(campaign)
    context = {"form": form, "recipes": recipes.RECIPES, "chosen": chosen}
    return render(request, "campaigns/campaign_create.html", context, status=422 if form.errors else 200)


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def campaign_duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = load(request, pk)
    copied = versions.duplicate(campaign=campaign, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    toasts.push(request, _("This is the copy. The original is unchanged."))
    return redirect(copied)


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def campaign_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a draft that never ran; what ran stays, because its messages are history."""
    campaign = load(request, pk)
    if campaign.state != Campaign.State.DRAFT or campaign.current_version_id is not None:
        toasts.push(request, _("A campaign that ran cannot be deleted: its messages are history."), tone="danger")
        return redirect(campaign)
    audit.record(actor=request.user, action="campaign.delete", obj=campaign, now=timezone.now())  # type: ignore[arg-type]
    campaign.delete()
    toasts.push(request, _("“%(name)s” was deleted.") % {"name": campaign.name})
    return redirect("campaigns:campaign-list")


@require(Right.SEND)
@require_http_methods(["GET", "POST"])
def campaign_publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what publishing will do, ask for the number of people when it is large, and do it."""
    campaign, now = load(request, pk), timezone.now()
    library = Library(now=now)
    found = versions.faults(campaign, library)
    expected = None if found else forecast.forecast(campaign, now=now)
    typed = "".join(char for char in request.POST.get("typed", "") if char.isdigit())
    is_first = campaign.current_version_id is None
    is_typed = expected is not None and typed == str(expected.audience)
    is_confirmed = expected is not None and (is_typed or not (is_first and expected.must_be_typed))
    if request.method == "POST" and is_confirmed:
        return _publish(request, campaign)
    context = {
        "campaign": campaign,
        "faults": found,
        "expected": expected,
        "is_first": is_first,
        "has_changes": versions.has_changes(campaign),
        "is_mistyped": request.method == "POST" and bool(expected),
    }
    return render(request, _part(request, "campaigns/campaign_publish.html", "dialog"), context)


def _publish(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    try:
        version = versions.publish(campaign=campaign, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    except (versions.NotSoundError, versions.NotPossibleError) as error:
        toasts.push(request, str(error), tone="danger")
    else:
        _nudge()
        first = _("Published. It is live now.")
        later = _("Version %(number)s is live for everybody who comes in from now on.") % {"number": version.number}
        toasts.push(request, first if version.number == 1 else later)
    return redirect(campaign)


@require(Right.SEND)
@require_POST
def campaign_pause(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = load(request, pk)
    done = campaign.pause(by=request.user, now=timezone.now())  # type: ignore[arg-type]
    undo = reverse("campaigns:campaign-resume", args=[pk])
    return _answer(request, campaign, done, _("Paused. Nobody moves and nothing is sent."), undo)


@require(Right.SEND)
@require_POST
def campaign_resume(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = load(request, pk)
    done = versions.resume(campaign=campaign, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    if done:
        _nudge()
    undo = reverse("campaigns:campaign-pause", args=[pk])
    return _answer(request, campaign, done, _("It runs again."), undo)


@require(Right.SEND)
@require_POST
def campaign_stop(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = load(request, pk)
    done = campaign.stop(by=request.user, now=timezone.now())  # type: ignore[arg-type]
    if done:
        _nudge()
    return _answer(request, campaign, done, _("Stopped. Everybody inside is sent home, nothing more goes out."), "")


def _answer(request: HttpRequest, campaign: Campaign, done: bool, text: str, undo_url: str) -> HttpResponse:
    if done:
        toasts.push(request, text, undo_url=undo_url)
    else:
        toasts.push(request, _("Somebody was faster: look at its state now."), tone="warning")
    return redirect(campaign)


def _nudge() -> None:
    for task in ENGINE:
        celery.nudge(task)


def _part(request: HttpRequest, name: str, part: str) -> str:
    is_fragment: Any = getattr(request, "htmx", False)
    return f"{name}#{part}" if is_fragment and not request.htmx.boosted else name  # type: ignore[attr-defined]
