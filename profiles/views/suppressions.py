"""Which addresses is nothing sent to, why, and how do they come on and off the list?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from omni import audit, figures, keyset, toasts
from omni.roles import Right, may, require
from profiles.forms.hygiene import CHANNELS, BlockForm
from profiles.forms.people import LiftForm
from profiles.hygiene import suppressions
from profiles.models import ContactPoint, Suppression

if TYPE_CHECKING:
    from omni.middleware import StaffRequest

UNUSABLE_SHOWN = 10


@require(Right.VIEW)
@require_GET
def suppression_list(request: StaffRequest) -> HttpResponse:
    rows = suppressions.found_by(request.GET)
    page = keyset.page(rows, order=("-at", "-id"), query=request.GET)
    points = ContactPoint.objects.filter(address__in=[row.address for row in page.items])
    owners = {(kind, address): pk for kind, address, pk in points.values_list("kind", "address", "profile_id")}
    context = {
        "page": page,
        "lines": [(row, owners.get((row.channel, row.address)), _source_in_words(row.source)) for row in page.items],
        "is_filtered": any(request.GET.get(name) for name in ("q", "channel", "reason")),
        "channels": CHANNELS,
        "reasons": Suppression.Reason.choices,
        "may_edit": may(request.user, Right.EDIT_PEOPLE),
        "may_export": may(request.user, Right.EXPORT),
    }
    return render(request, "profiles/suppression_list.html", context)


@require(Right.EDIT_PEOPLE)
@require_http_methods(["GET", "POST"])
def suppression_create(request: StaffRequest) -> HttpResponse:
    """Block one address, a pasted list or a file of them, or a whole domain written as @shop.com."""
    form = BlockForm(request.POST or None, request.FILES or None, initial={"channel": "email"})
    if request.method == "POST" and form.is_valid():
        data, now = form.cleaned_data, timezone.now()
        read = suppressions.read(channel=data["channel"], lines=data["read"], reason=data["reason"], detail=data["detail"])
        if not read.entries:
            form.add_error("lines", _("None of this is an address of the channel."))
        else:
            added = suppressions.add(entries=read.entries, source=f"staff:{request.user}", now=now)
            after = {"addresses": len(added), "reason": data["reason"], "channel": data["channel"]}
            audit.record(actor=request.user, action="suppression.add", obj=request.user, after=after, now=now)
            _say(request, len(added), len(read.entries) - len(added), read.unusable)
            return redirect("profiles:suppression-list")
    return render(request, "profiles/suppression_create.html", {"form": form}, status=422 if form.errors else 200)


@require(Right.EDIT_PEOPLE)
@require_POST
def suppression_release(request: StaffRequest, pk: int) -> HttpResponse:
    """Lift one block; the reason goes into the audit trail."""
    row = get_object_or_404(Suppression, pk=pk, lifted_at=None)
    form = LiftForm(request.POST)
    if not form.is_valid():
        toasts.push(request, _("Say why it may be reached again."), tone="danger")
        return redirect("profiles:suppression-list")
    now = timezone.now()
    if suppressions.lift(channel=row.channel, addresses=[row.address], now=now):
        before = {"reason": row.reason, "source": row.source}
        after = {"channel": row.channel, "reason": form.cleaned_data["reason"]}
        audit.record(actor=request.user, action="suppression.lift", obj=row, before=before, after=after, now=now)
        toasts.push(request, _("The block is lifted. Whether it may be written to is for the consent to say."))
    return redirect("profiles:suppression-list")


@require(Right.EXPORT)
@require_GET
def suppression_export(request: StaffRequest) -> StreamingHttpResponse:
    after = {"filters": request.GET.urlencode()}
    audit.record(actor=request.user, action="suppression.export", obj=request.user, after=after, now=timezone.now())
    rows = suppressions.found_by(request.GET).order_by("-at", "-pk").iterator(chunk_size=2_000)
    answer = StreamingHttpResponse(suppressions.as_csv(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="blocked-addresses.csv"'
    return answer


def _say(request: StaffRequest, added: int, known: int, unusable: list[str]) -> None:
    words = ngettext("Nothing is sent to %(n)s address any more.", "Nothing is sent to %(n)s addresses any more.", added)
    said = words % {"n": figures.number(added)}
    if known:
        more = ngettext("%(n)s was blocked already.", "%(n)s were blocked already.", known)
        said = f"{said} {more % {'n': figures.number(known)}}"
    toasts.push(request, said)
    if unusable:
        words = ngettext("%(n)s line is no address: %(lines)s", "%(n)s lines are no addresses: %(lines)s", len(unusable))
        shown = ", ".join(unusable[:UNUSABLE_SHOWN])
        toasts.push(request, words % {"n": figures.number(len(unusable)), "lines": shown}, tone="warning")


def _source_in_words(source: str) -> tuple[str, str]:
    """Return who blocked it, and the page of that, '' when there is none."""
    kind, _mark, name = source.partition(":")
    if kind == "cleaning" and name.isdigit():
        return _("List cleaning"), reverse("profiles:cleaning-detail", args=[int(name)])
    return {
        "staff": (name, ""),
        "api": (_("API key %(name)s") % {"name": name}, ""),
        "policy": (_("The rule for soft bounces"), ""),
        "correction": (_("Carried over from a misspelt address"), ""),
    }.get(kind, (source or _("A letter that was sent"), ""))
