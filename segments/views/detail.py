"""Who is in this segment, since when, and why is somebody in or out?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from omni import audit, keyset
from omni.middleware import StaffRequest
from omni.roles import Right, may, require
from profiles import search, tables
from profiles.models import ContactPoint, Profile
from profiles.people import export
from segments import compiler, history, names, tree, usage
from segments.models import Membership, Segment
from segments.views import state
from segments.views.access import segment_or_404

if TYPE_CHECKING:
    from django.db.models import QuerySet

MEMBERS_PER_PAGE = 25
MOST_FOUND = 5


@dataclass(frozen=True)
class Member:
    profile: Profile
    email: str
    since: datetime

    @property
    def title(self) -> str:
        return self.profile.name or self.email or str(self.profile)


@dataclass(frozen=True)
class Verdict:
    """Whether somebody is in: `since` when they are (by the stored membership), and what each condition finds now."""

    profile: Profile
    since: datetime | None
    findings: list[compiler.Finding]

    @property
    def matches(self) -> bool:
        return self.findings[0].holds


@require(Right.VIEW)
@require_GET
def segment_detail(request: StaffRequest, pk: int) -> HttpResponse:
    segment = segment_or_404(pk)
    page = keyset.page(_members(segment), order=("-profile_id",), query=request.GET, size=MEMBERS_PER_PAGE)
    context = {"segment": segment, "page": page, "members": _with_people(page.items)}
    if request.htmx and request.htmx.target == "members":
        return render(request, "segments/segment_detail.html#members", context)
    days = history.days(segment, now=timezone.now())
    with names.loaded():
        context["sentence"] = tree.describe(segment.definition)
    context |= {
        "state": state.of(segment),
        "status": state.sentence(segment),
        "days": days[::-1],
        "chart": history.option(days) if len(days) > 1 else None,
        "uses": usage.uses([segment.pk]),
        "may_edit": may(request.user, Right.EDIT_SEGMENTS),
        "may_export": may(request.user, Right.EXPORT),
    }
    return render(request, "segments/segment_detail.html", context)


@require(Right.VIEW)
@require_GET
def segment_size(request: StaffRequest, pk: int) -> HttpResponse:
    """Answer the page that waits for a segment to be filled or refilled."""
    segment = segment_or_404(pk)
    response = render(request, "segments/_size.html", {"segment": segment, "status": state.sentence(segment)})
    if not segment.stale_since:
        response["HX-Refresh"] = "true"
    return response


@require(Right.VIEW)
@require_GET
def segment_person(request: StaffRequest, pk: int) -> HttpResponse:
    """Say whether the people found by `q` are in, and why."""
    segment = segment_or_404(pk)
    asked = request.GET.get("q", "").strip()[:100]
    found = _find(asked)
    now = timezone.now()
    since = dict(_members(segment).filter(profile_id__in=[person.pk for person in found]).values_list("profile_id", "from_at"))
    verdicts, problem = [], ""
    try:
        with names.loaded():
            verdicts = [
                Verdict(person, since.get(person.pk), compiler.explain(segment.definition, profile_id=person.pk, now=now))
                for person in found
            ]
    except tree.InvalidDefinitionError as error:
        problem = str(error)
    context = {"segment": segment, "asked": asked, "verdicts": verdicts, "problem": problem}
    return render(request, "segments/_verdicts.html", context)


@require(Right.EXPORT)
@require_GET
def segment_export(request: StaffRequest, pk: int) -> HttpResponseBase:
    segment = segment_or_404(pk)
    people = Profile.objects.filter(pk__in=_members(segment).values("profile_id"))
    audit.record(actor=request.user, action="segment.export", obj=segment, after={"people": segment.size}, now=timezone.now())
    header, rows = export.table(people)
    return tables.answer(request, name=slugify(segment.name) or "segment", header=header, rows=rows)


def _members(segment: Segment) -> QuerySet[Membership]:
    return Membership.objects.filter(segment=segment, until_at=None)


def _with_people(rows: list[Membership]) -> list[Member]:
    """Two queries for a page."""
    ids = [row.profile_id for row in rows]
    people = Profile.objects.in_bulk(ids)
    emails: dict[int, str] = {}
    points = ContactPoint.objects.filter(profile__in=ids, kind="email").order_by("pk")
    for profile_id, address in points.values_list("profile_id", "address"):
        emails.setdefault(profile_id, address)
    return [
        Member(people[row.profile_id], emails.get(row.profile_id, ""), row.from_at) for row in rows if row.profile_id in people
    ]


def _find(asked: str) -> list[Profile]:
    if asked.isdecimal() and len(asked) < 19 and (person := Profile.objects.filter(pk=int(asked), merged_into=None).first()):
        return [person]
    return list(Profile.objects.surviving().filter(search.matching(asked)).order_by("-pk")[:MOST_FOUND])
