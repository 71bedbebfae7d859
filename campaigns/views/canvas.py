"""How is a journey shown and edited? Every answer is the same part of the page, drawn anew from the draft."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from campaigns import graph, versions
from campaigns.forms import SettingsForm
from campaigns.graph import EditError, Graph, Spot
from campaigns.models import Campaign, Version
from campaigns.reports.facts import End
from campaigns.reports.steps import StepNumbers, step_numbers
from campaigns.steps import STEPS
from campaigns.steps.library import Library
from campaigns.summary import summaries
from campaigns.views.board import Board
from campaigns.views.campaigns import load
from omni import toasts
from omni.roles import Right, may, require

if TYPE_CHECKING:
    from django.http import HttpRequest

    from campaigns.steps.forms import StepForm

GROUPS = (
    ("tell", gettext_lazy("Tell")),
    ("wait", gettext_lazy("Wait")),
    ("decide", gettext_lazy("Decide")),
    ("change", gettext_lazy("Change")),
    ("end", gettext_lazy("End")),
)
PANELS = ("settings", "versions", "checks")


@require(Right.VIEW)
@require_GET
def campaign_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the journey. `step` opens its inspector, `add` ("key:port") the palette, `version` an earlier or running graph."""
    campaign = load(request, pk)
    wanted = request.GET
    return _draw(
        request, campaign, step=wanted.get("step", ""), add=wanted.get("add", ""), panel=wanted.get("panel", ""),
        version=_version(campaign, wanted.get("version", "")),
    )  # fmt: skip


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def step_add(request: HttpRequest, pk: int) -> HttpResponse:
    after, _colon, port = request.POST.get("at", "").partition(":")
    kind = STEPS.find(request.POST.get("kind", ""))
    if kind is None or not kind.group:
        raise Http404(_("There is no such step."))

    key = ""

    def change(draft: Graph) -> Graph:
        nonlocal key
        key = graph.new_key(draft, kind.key)
        bare = graph.insert(draft, at=Spot(after, port), key=key, kind=kind.key)
        return graph.replace(bare, key=key, params=kind.fresh(graph.scene(bare, key)))

    return _edit(request, pk, change, select=lambda: key)


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def step_edit(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Keep what the inspector holds. Faulty fields are shown again with what was typed, and nothing is kept."""
    campaign = load(request, pk)
    form = _form(campaign.draft, key, Library(), request.POST)
    if not form.is_valid():
        return _draw(request, campaign, step=key, form=form, status=422)
    params = form.to_params()
    return _edit(request, pk, lambda draft: graph.replace(draft, key=key, params=params), select=lambda: key)


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def step_remove(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    keep = request.POST.get("keep", "")
    return _edit(request, pk, lambda draft: graph.remove(draft, key=key, keep=keep), said=_("The step was removed."))


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def step_up(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    return _edit(request, pk, lambda draft: graph.move_up(draft, key=key), select=lambda: key)


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def step_down(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    return _edit(request, pk, lambda draft: graph.move_down(draft, key=key), select=lambda: key)


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def step_move(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    after, _colon, port = request.POST.get("at", "").partition(":")
    return _edit(request, pk, lambda draft: graph.move(draft, key=key, to=Spot(after, port)), select=lambda: key)


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def step_duplicate(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    copied = ""

    def change(draft: Graph) -> Graph:
        nonlocal copied
        copied = graph.new_key(draft, draft["steps"][key]["kind"]) if key in draft["steps"] else key
        return graph.duplicate(draft, key=key, as_key=copied)

    return _edit(request, pk, change, select=lambda: copied)


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def draft_undo(request: HttpRequest, pk: int) -> HttpResponse:
    return _after(request, pk, lambda campaign: versions.undo(campaign=campaign))


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def draft_redo(request: HttpRequest, pk: int) -> HttpResponse:
    return _after(request, pk, lambda campaign: versions.redo(campaign=campaign))


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def version_restore(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    version = get_object_or_404(Version, campaign=pk, number=number)
    said = _("Version %(number)s is on the canvas. It runs when you publish it.") % {"number": number}
    return _after(request, pk, lambda campaign: versions.restore(campaign=campaign, version=version), said=said)


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def campaign_configure(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep the settings of the campaign: name, topic, control group, goal."""
    campaign = load(request, pk)
    form = SettingsForm(request.POST, instance=load(request, pk))
    if not form.is_valid():
        return _draw(request, campaign, panel="settings", settings=form, status=422)
    versions.configure(campaign=campaign, by=request.user, now=timezone.now(), **form.cleaned_data)  # type: ignore[arg-type]
    return _show(request, load(request, pk), panel="settings")


def _edit(
    request: HttpRequest, pk: int, change: Callable[[Graph], Graph], *, select: Callable[[], str] = str, said: str = ""
) -> HttpResponse:
    return _after(request, pk, lambda campaign: versions.edit(campaign=campaign, change=change), select=select, said=said)


def _after(
    request: HttpRequest, pk: int, act: Callable[[Campaign], Campaign], *, select: Callable[[], str] = str, said: str = ""
) -> HttpResponse:
    """Do one thing to the draft and draw the journey; what cannot be done is said in a notice."""
    campaign = load(request, pk)
    try:
        campaign = act(campaign)
        if said:
            toasts.push(request, said, undo_url=f"{campaign.get_absolute_url()}undo/")
    except (EditError, versions.NotPossibleError) as error:
        toasts.push(request, str(error), tone="warning")
    return _show(request, campaign, step=select())


def _show(request: HttpRequest, campaign: Campaign, *, step: str = "", panel: str = "") -> HttpResponse:
    where = f"?step={step}" if step else f"?panel={panel}" if panel else ""
    address = f"{campaign.get_absolute_url()}{where}"
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(address)
    response = _draw(request, campaign, step=step, panel=panel, address=address)
    response["HX-Replace-Url"] = address
    return response


def _draw(
    request: HttpRequest,
    campaign: Campaign,
    *,
    step: str = "",
    add: str = "",
    panel: str = "",
    version: Version | None = None,
    form: StepForm | None = None,
    settings: SettingsForm | None = None,
    address: str = "",
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    library = Library(now=now)
    shown: Graph = version.graph if version else campaign.draft
    may_edit = may(request.user, Right.EDIT_CAMPAIGNS) and version is None and not campaign.has_ended
    step = step if step in shown["steps"] else ""
    (summary,) = summaries([campaign], now=now)
    board = Board(
        shown=shown,
        library=library,
        faults=[] if version else versions.faults(campaign, library),
        numbers=step_numbers(version or campaign) if campaign.live_at else {},
        running=campaign.current_version.graph if campaign.current_version and not version else None,
        selected=step,
        adding=add if may_edit and _is_place(shown, add) else "",
        entered=summary.entered if campaign.live_at else None,
    )
    context: dict[str, Any] = {
        "campaign": campaign,
        "address": address or request.get_full_path(),
        "summary": summary,
        "sentence": summary.sentence(now=now),
        "board": board,
        "lane": board.lane(),
        "version": version,
        "may_edit": may_edit,
        "may_send": may(request.user, Right.SEND),
        "has_changes": not campaign.has_ended and versions.has_changes(campaign),
        "can_undo": bool(campaign.undo),
        "can_redo": bool(campaign.redo),
        "panel": panel if panel in PANELS else "settings",
        **_inspector(campaign, board, step, form, settings, panel, version),
    }
    is_part = request.htmx and not request.htmx.boosted  # type: ignore[attr-defined]
    name = "campaigns/campaign_detail.html#journey" if is_part else "campaigns/campaign_detail.html"
    return render(request, name, context, status=status)


def _people_of(numbers: StepNumbers | None, key: str, version: Version | None) -> list[tuple[str, int, str]]:
    """Return [(words, how many, query of the report's list of these people)] of one step."""
    if numbers is None:
        return []
    not_sent = sum(tally.people for (end, _reason), tally in numbers.ends.items() if end is End.NOT_SENT)
    of_version = {"version": version.number} if version else {}
    rows = [
        (_("Came here"), numbers.entered, {}),
        (_("Here now"), numbers.here, {"fact": "is_here"}),
        (_("Got a message"), numbers.sent.people, {"state": "sent"}),
        (_("Not sent"), not_sent, {"state": "not_sent"}),
        (_("Control group, got nothing"), numbers.control.people, {"state": "control"}),
    ]
    return [(words, count, urlencode({"step": key, **wanted, **of_version})) for words, count, wanted in rows if count]


def _inspector(
    campaign: Campaign,
    board: Board,
    step: str,
    form: StepForm | None,
    settings: SettingsForm | None,
    panel: str,
    version: Version | None,
) -> dict[str, Any]:
    """Return what stands beside the canvas: the palette, a step, or the campaign itself."""
    if board.adding:
        return {"palette": _palette(board.shown, board.adding)}
    if step:
        kind = STEPS[board.shown["steps"][step]["kind"]]
        at = graph.spot(board.shown, step)
        return {
            "step_key": step,
            "kind": kind,
            "form": form or _form(board.shown, step, board.library, None),
            "step_faults": [fault for fault in board.faults if fault.step == step],
            "numbers": _people_of(board.numbers.get(step), step, version),
            "can_move_up": at is not None and graph.spot(board.shown, at.after) is not None,
            "can_move_down": at is not None and bool(graph.children(board.shown, step)),
            "is_fixed": at is None,
            "ways": _ways(board.shown, step),
        }
    listed = campaign.versions.select_related("published_by").order_by("-number") if panel == "versions" else []
    return {"settings": settings or SettingsForm(instance=campaign), "versions": listed}


def _ways(shown: Graph, key: str) -> list[tuple[str, str]]:
    """Return [(port, label)] to choose from when the step goes and several ways lead on; [] otherwise."""
    leading = dict(graph.children(shown, key))
    if len(leading) < 2:
        return []
    step = shown["steps"][key]
    return [(port.key, str(port.label)) for port in STEPS[step["kind"]].exits(step["params"]) if port.key in leading]


def _palette(shown: Graph, place: str) -> list[tuple[str, list[Any]]]:
    after, _colon, port = place.partition(":")
    is_open_end = port not in shown["steps"][after]["next"]
    offered = [kind for kind in STEPS if kind.group and (is_open_end or kind.exits({}))]
    grouped = [(str(label), [kind for kind in offered if kind.group == group]) for group, label in GROUPS]
    return [(label, kinds) for label, kinds in grouped if kinds]


def _is_place(shown: Graph, place: str) -> bool:
    after, _colon, port = place.partition(":")
    return after in shown["steps"] and port in graph.ports(shown["steps"][after])


def _form(shown: Graph, key: str, library: Library, data: Any) -> StepForm:
    step = shown["steps"].get(key)
    if step is None:
        raise Http404(_("This step is not there any more."))
    return STEPS[step["kind"]].Form(data, params=step["params"], scene=graph.scene(shown, key, library))


def _version(campaign: Campaign, number: str) -> Version | None:
    if not number:
        return None
    if not number.isdigit():
        raise Http404(_("There is no such version."))
    return get_object_or_404(Version.objects.select_related("campaign"), campaign=campaign, number=number)
