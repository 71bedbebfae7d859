"""How are letters written, looked at, and tried?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from csp.decorators import csp
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import content, starters, trials
from campaigns.channels import wording
from campaigns.forms_content import NewTemplateForm, TemplateForm, TrialForm
from campaigns.models import Template
from omni import keyset, toasts
from omni.roles import Right, may, require
from profiles import search
from profiles.models import Profile

if TYPE_CHECKING:
    from django.http import HttpRequest

    from omni.middleware import StaffRequest
    from omni.models import User

# A letter may show pictures and its own styles, nothing else.
LETTER_POLICY = {
    "default-src": ["'none'"],
    "img-src": ["*", "data:"],
    "font-src": ["*", "data:"],
    "style-src": ["'unsafe-inline'", "*"],
    "frame-ancestors": ["'self'"],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}
DARK = (
    "<style>html{background:#fff;filter:invert(1) hue-rotate(180deg)}"
    "img,video,[background]{filter:invert(1) hue-rotate(180deg)}</style>"
)
MOST_FOUND = 8
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Pane:
    """What the preview beside the editor shows. `problem` says why there is nothing to show."""

    preview: content.Preview | None
    problem: str
    checks: list[content.Check]
    person: Profile | None
    width: str
    is_dark: bool

    @property
    def who(self) -> str:
        return str(self.person) if self.person else _("As nobody in particular")


def templates_for(user: User) -> QuerySet[Template]:
    """Return the templates this person may open: all of them, as an installation serves one company."""
    return Template.objects.all() if may(user, Right.VIEW) else Template.objects.none()


def load(request: StaffRequest, pk: int) -> Template:
    return get_object_or_404(templates_for(request.user), pk=pk)


@require(Right.VIEW)
@require_GET
def template_list(request: StaffRequest) -> HttpResponse:
    rows = templates_for(request.user)
    query, is_archived = request.GET.get("q", "").strip(), bool(request.GET.get("archived"))
    shown = rows.filter(archived_at__isnull=not is_archived).select_related("created_by")
    if query:
        shown = shown.filter(name__icontains=query)
    context = {
        "page": keyset.page(shown, order=("-updated_at", "-id"), query=request.GET),
        "query": query,
        "is_archived": is_archived,
        "has_any": rows.exists(),
        "may_edit": may(request.user, Right.EDIT_CAMPAIGNS),
    }
    return render(request, _part(request, "campaigns/template_list.html", "rows"), context)


@require(Right.EDIT_CAMPAIGNS)
@require_http_methods(["GET", "POST"])
def template_create(request: StaffRequest) -> HttpResponse:
    """Begin with one of the gallery; the copy opens in the editor."""
    form = NewTemplateForm(request.POST or None)
    chosen = starters.find(request.POST.get("starter", request.GET.get("starter", ""))) or starters.STARTERS[0]
    if request.method == "POST" and form.is_valid():
        made = Template.objects.create(
            name=form.cleaned_data["name"],
            subject=chosen.subject,
            preheader=chosen.preheader,
            body=chosen.body,
            created_by=request.user,
        )
        return redirect(made)
    context = {"form": form, "starters": starters.STARTERS, "chosen": chosen}
    return render(request, "campaigns/template_create.html", context, status=422 if form.errors else 200)


@never_cache
@require(Right.VIEW)
@require_GET
def template_detail(request: StaffRequest, pk: int) -> HttpResponse:
    template = load(request, pk)
    context = {
        "template": template,
        "form": TemplateForm(instance=template),
        "trial_form": TrialForm(initial={"address": request.user.email}),
        "trials": template.trials.select_related("sender", "by").order_by("-at")[:5],
        "may_edit": may(request.user, Right.EDIT_CAMPAIGNS) and template.archived_at is None,
        **_pane(request, template),
    }
    return render(request, "campaigns/template_detail.html", context)


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def template_save(request: StaffRequest, pk: int) -> HttpResponse:
    """Save what is in the editor and answer with the preview; 409 when somebody else saved in between."""
    template = load(request, pk)
    stamp = request.POST.get("stamp", "")
    form = TemplateForm(request.POST, instance=template)
    if not form.is_valid():
        return render(request, "campaigns/template_detail.html#faults", {"form": form}, status=422)
    # The stamp decides: of two editors of one letter the later learns that there is another.
    now = timezone.now()
    fields = {name: form.cleaned_data[name] for name in form.fields}
    if not Template.objects.filter(pk=pk, updated_at=_moment(stamp)).update(**fields, updated_at=now):
        return HttpResponse(status=409)
    template.refresh_from_db()
    context = {"template": template, "is_saved": True, **_pane(request, template)}
    return render(request, "campaigns/template_detail.html#pane", context)


@never_cache
@require(Right.VIEW)
@require_GET
def template_preview(request: StaffRequest, pk: int) -> HttpResponse:
    template = load(request, pk)
    return render(request, "campaigns/template_detail.html#pane", {"template": template, **_pane(request, template)})


@never_cache
@require(Right.VIEW)
@require_GET
@xframe_options_sameorigin
@csp(LETTER_POLICY)  # type: ignore[arg-type]
def template_frame(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the letter alone, for the frame of the preview: a policy of its own, no scripts."""
    pane = _see(request, load(request, pk))
    if pane.preview is None:
        return HttpResponse("", content_type="text/html")
    return HttpResponse('<base target="_blank">' + (DARK if pane.is_dark else "") + pane.preview.html)


@require(Right.VIEW)
@require_GET
def template_people(request: StaffRequest, pk: int) -> HttpResponse:
    """Find people as whom the letter can be looked at."""
    template = load(request, pk)
    query = request.GET.get("find", "").strip()
    people = Profile.objects.surviving()
    found = people.filter(search.matching(query)) if query else people.order_by("-latest_seen_at", "-pk")
    context = {"template": template, "people": found[:MOST_FOUND], "query": query}
    return render(request, "campaigns/template_detail.html#people", context)


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def template_trial(request: StaffRequest, pk: int) -> HttpResponse:
    template = load(request, pk)
    form = TrialForm(request.POST)
    status = 422
    if form.is_valid():
        status = 200
        trial = trials.send(
            template=template,
            sender=form.cleaned_data["sender"],
            address=form.cleaned_data["address"],
            profile=_person(request),
            by=request.user,
            now=timezone.now(),
        )
        _announce(request, trial.result, trial.address, trial.detail)
    recent = template.trials.select_related("sender", "by").order_by("-at")[:5]
    context = {"template": template, "trial_form": form, "trials": recent, "may_edit": True}
    if not request.htmx:
        return redirect(template)
    return render(request, "campaigns/template_detail.html#trial", context, status=status)


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def template_duplicate(request: StaffRequest, pk: int) -> HttpResponse:
    template = load(request, pk)
    template.pk, template.archived_at, template.created_by = None, None, request.user
    template.name = (_("Copy of %(name)s") % {"name": template.name})[:160]
    template.save(force_insert=True)
    toasts.push(request, _("This is the copy."))
    return redirect(template)


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def template_archive(request: StaffRequest, pk: int) -> HttpResponse:
    """Take a template out of sight; campaigns that use it keep what they were published with."""
    template = load(request, pk)
    Template.objects.filter(pk=pk, archived_at=None).update(archived_at=timezone.now())
    undo = reverse("campaigns:template-restore", args=[pk])
    toasts.push(request, _("“%(name)s” is in the archive.") % {"name": template.name}, undo_url=undo)
    return redirect("campaigns:template-list")


@require(Right.EDIT_CAMPAIGNS)
@require_POST
def template_restore(request: StaffRequest, pk: int) -> HttpResponse:
    template = load(request, pk)
    Template.objects.filter(pk=pk).update(archived_at=None)
    return redirect(template)


def _pane(request: StaffRequest, template: Template) -> dict[str, Any]:
    return {"pane": _see(request, template)}


def _see(request: StaffRequest, template: Template) -> Pane:
    asked = request.POST if request.method == "POST" else request.GET
    person = _person(request)
    preview, problem = None, ""
    try:
        preview = content.render_preview(template, person, now=timezone.now(), address=_address(person))
    except content.CompileError as error:
        problem = str(error)
    except wording.WordingError as error:
        problem = error.message
    width = asked.get("width") if asked.get("width") in ("phone", "text") else "desktop"
    return Pane(preview, problem, content.checks(template), person, str(width), bool(asked.get("dark")))


def _person(request: HttpRequest) -> Profile | None:
    asked = request.POST if request.method == "POST" else request.GET
    wanted = asked.get("person", "")
    return Profile.objects.surviving().filter(pk=int(wanted)).first() if wanted.isdigit() and len(wanted) < 19 else None


def _moment(stamp: str) -> datetime:
    try:
        return parse_datetime(stamp) or NEVER
    except ValueError:
        return NEVER


def _address(person: Profile | None) -> str:
    point = person.contact_points.filter(kind="email").order_by("pk").first() if person else None
    return point.address if point else ""


def _announce(request: HttpRequest, result: str, address: str, detail: str) -> None:
    if result == "sent":
        toasts.push(request, _("Sent to %(address)s.") % {"address": address})
    elif result == "unknown":
        toasts.push(request, _("The server did not say whether it took the letter."), tone="warning")
    else:
        toasts.push(request, _("Not sent: %(why)s") % {"why": detail}, tone="danger")


def _part(request: StaffRequest, template: str, part: str) -> str:
    return f"{template}#{part}" if request.htmx and not request.htmx.boosted else template
