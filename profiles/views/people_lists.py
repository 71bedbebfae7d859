"""How are views of the list of people kept, and many people changed at once?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from omni import celery, toasts
from omni.roles import Right, may, require
from profiles.forms.people import AttributeForm
from profiles.models import AttributeDef, PeopleAction, PeopleView, Profile
from profiles.people import actions, filters
from profiles.people import saved_views as people_views
from profiles.people.filters import PersonFilter

if TYPE_CHECKING:
    from omni.middleware import StaffRequest

TASK = "profiles.tasks.run_actions"
PICKED_ONLY = "picked"  # the people ticked, instead of everybody who matches


class ViewForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    is_shared = forms.BooleanField(label=gettext_lazy("Everybody sees it"), required=False)


class TagForm(forms.Form):
    tag = forms.CharField(label=gettext_lazy("Tag"), max_length=80)


@require(Right.VIEW)
@require_POST
def view_create(request: StaffRequest) -> HttpResponse:
    """Keep the list of the address under a name."""
    form = ViewForm(request.POST)
    query = people_views.query_of(QueryDict(request.POST.get("query", "")[:4_000]))
    if not form.is_valid():
        toasts.push(request, _("Give the view a name."), tone="danger")
        return redirect(f"{reverse('profiles:person-list')}?{query}")
    view = people_views.keep(
        name=form.cleaned_data["name"],
        query=query,
        is_shared=form.cleaned_data["is_shared"],
        by=request.user,
        now=timezone.now(),
    )
    toasts.push(request, _("The view “%(name)s” is kept.") % {"name": view.name})
    return redirect(view)


@require(Right.VIEW)
@require_POST
def view_star(request: StaffRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(people_views.seen_by(request.user), pk=pk)
    people_views.star(view=view, user=request.user)
    return redirect(view)


@require(Right.VIEW)
@require_POST
def view_delete(request: StaffRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(people_views.seen_by(request.user), pk=pk)
    if not people_views.delete(view=view, by=request.user, now=timezone.now()):
        raise PermissionDenied
    toasts.push(request, _("The view is gone."), undo_url=reverse("profiles:people-view-restore", args=[pk]))
    return redirect("profiles:person-list")


@require(Right.VIEW)
@require_POST
def view_restore(request: StaffRequest, pk: int) -> HttpResponse:
    if not people_views.restore(pk=pk, by=request.user):
        raise Http404
    return redirect(get_object_or_404(PeopleView, pk=pk))


@require(Right.EDIT_PEOPLE)
@require_http_methods(["GET", "POST"])
def action_create(request: StaffRequest) -> HttpResponse:
    """Ask what is to be done to the people of the address, with their exact number; then begin."""
    kind = request.GET.get("kind") or "tag_add"
    if kind not in actions.KINDS:
        raise Http404
    query = request.GET.copy()
    if not query.get(PICKED_ONLY):
        query.pop("id", None)
    found = PersonFilter(query, queryset=Profile.objects.surviving())
    if not found.is_valid():  # a filter that does not read would otherwise mean everybody
        raise Http404
    people = found.qs
    if query.get(PICKED_ONLY) and not filters.ids_of(query):
        people = people.none()
    form = _form(kind, request.POST if request.method == "POST" else None)
    if request.method == "POST" and (form is None or form.is_valid()):
        action = actions.start(kind=kind, params=_params(form), people=people, by=request.user, now=timezone.now())
        celery.nudge(TASK)
        return redirect(action)
    context = {
        "form": form,
        "kind": kind,
        "label": actions.KINDS[kind][0],
        "count": people.order_by().count(),
        "chips": filters.chips(query),
        "keys": AttributeDef.objects.order_by("key").values_list("key", flat=True)[:500],
        "list_url": f"{reverse('profiles:person-list')}?{people_views.query_of(request.GET)}",
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "profiles/action_create.html", context, status=status)


@require(Right.VIEW)
@require_GET
def action_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """Show how far a change of many people is; the part with the progress asks for itself again."""
    action = get_object_or_404(PeopleAction.objects.select_related("created_by"), pk=pk)
    context = {"action": action, "title": actions.in_words(action), "may_edit": may(request.user, Right.EDIT_PEOPLE)}
    part = "#progress" if request.htmx else ""
    return render(request, f"profiles/action_detail.html{part}", context)


@require(Right.EDIT_PEOPLE)
@require_POST
def action_undo(request: StaffRequest, pk: int) -> HttpResponse:
    action = get_object_or_404(PeopleAction, pk=pk)
    if actions.undo(action=action, by=request.user, now=timezone.now()):
        celery.nudge(TASK)
    return redirect(action)


def _form(kind: str, data: Any) -> forms.Form | None:
    if kind in ("tag_add", "tag_remove"):
        return TagForm(data)
    return AttributeForm(data) if kind == "attribute" else None


def _params(form: forms.Form | None) -> dict[str, Any]:
    if form is None:
        return {}
    data = form.cleaned_data
    return {"key": data["key"], "value": data["read"]} if "key" in data else {"tag": data["tag"]}
