"""Which sites, apps and servers may send what happens, and how do they begin?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from omni import toasts
from omni.roles import Right, may, require
from profiles import sources
from profiles.forms.source import SourceEditForm, SourceForm
from profiles.ingest import visitors
from profiles.models import DeadLetter, Source

if TYPE_CHECKING:
    from django.http import HttpResponse

    from omni.middleware import StaffRequest

PLACEHOLDER = "YOUR_WRITE_KEY"


@require(Right.VIEW)
@require_GET
def source_list(request: StaffRequest) -> HttpResponse:
    found = list(sources.outside())
    activity = sources.activity(found, now=timezone.now())
    rows = [(source, activity[source.pk], sources.state_of(source, activity[source.pk])) for source in found]
    context = {
        "live": [row for row in rows if row[0].revoked_at is None],
        "revoked": [source for source in found if source.revoked_at],
        "may_change": may(request.user, Right.ADMINISTER),
        "has_letters": may(request.user, Right.EDIT_PEOPLE) and DeadLetter.objects.filter(replayed_at=None).exists(),
    }
    return render(request, "profiles/source_list.html", context)


@require(Right.ADMINISTER)
@never_cache
@require_http_methods(["GET", "POST"])
def source_create(request: StaffRequest) -> HttpResponse:
    """Make a source; its key is in this answer and nowhere else."""
    form = SourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        source, key = sources.issue(
            name=form.cleaned_data["name"], kind=form.cleaned_data["kind"], by=request.user, now=timezone.now()
        )
        address = f"{settings.BASE_URL}{reverse('profiles:hook', args=[key])}"
        context = {"source": source, "key": key, "base_url": settings.BASE_URL, "address": address}
        return render(request, "profiles/source_made.html", context)
    return render(request, "profiles/source_create.html", {"form": form}, status=422 if form.errors else 200)


@require(Right.VIEW)
@require_GET
def source_detail(request: StaffRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(sources.outside(), pk=pk)
    activity = sources.activity([source], now=timezone.now())[source.pk]
    context = {
        "source": source,
        "activity": activity,
        "state": sources.state_of(source, activity),
        "key": PLACEHOLDER,
        "base_url": settings.BASE_URL,
        "may_change": may(request.user, Right.ADMINISTER) and not source.revoked_at,
        "may_map": may(request.user, Right.EDIT_PEOPLE),
        "secret": _identity_secret(request, source),
        "letters_url": f"{reverse('profiles:dead-letter-list')}?source={pk}" if may(request.user, Right.EDIT_PEOPLE) else "",
    }
    return render(request, "profiles/source_detail.html", context)


def _identity_secret(request: StaffRequest, source: Source) -> str:
    """Return the secret for signing user ids, where there is somebody to sign them and it is for these eyes."""
    needs_proof = source.kind == Source.Kind.BROWSER and not source.trusts_visitors and not source.revoked_at
    return visitors.secret_of(source.pk) if needs_proof and may(request.user, Right.ADMINISTER) else ""


@require(Right.ADMINISTER)
@require_http_methods(["GET", "POST"])
def source_edit(request: StaffRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(sources.outside(), pk=pk, revoked_at=None)
    form = SourceEditForm(request.POST or None, instance=source)
    if request.method == "POST" and form.is_valid():
        sources.change(form.instance, by=request.user, now=timezone.now())
        toasts.push(request, _("Saved."))
        return redirect("profiles:source-detail", pk=pk)
    return render(request, "profiles/source_edit.html", {"form": form, "source": source}, status=422 if form.errors else 200)


@require(Right.ADMINISTER)
@require_POST
def source_revoke(request: StaffRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(sources.outside(), pk=pk)
    if sources.revoke(source, by=request.user, now=timezone.now()):
        toasts.push(request, _("Calls with the key of “%(name)s” are refused from now on.") % {"name": source.name})
    return redirect("profiles:source-list")
