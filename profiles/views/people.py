"""Who do we know? The list of people, its filters and its export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from omni import audit, figures, keyset
from omni.roles import Right, may, require
from profiles import tables
from profiles.models import AttributeDef, Profile
from profiles.people import actions, export, filters
from profiles.people import saved_views as people_views
from profiles.people.filters import PersonFilter
from profiles.views import people_columns

if TYPE_CHECKING:
    from omni.middleware import StaffRequest

MOST_COUNTED = 10_000
KEYS_OFFERED = 500


@require(Right.VIEW)
@require_GET
def person_list(request: StaffRequest) -> HttpResponse:
    """Show people; `key` and `value` of the form become `is=key:value` of the address."""
    if "key" in request.GET:
        return redirect(_with_attribute(request))
    found = PersonFilter(request.GET, queryset=Profile.objects.surviving().for_list())
    sort = filters.sort_of(request.GET)
    columns = people_columns.chosen(request.GET)
    page = keyset.page(found.qs, order=filters.SORTS[sort][1], query=request.GET)
    said = filters.chips(request.GET)
    keys = list(AttributeDef.objects.order_by("key").values_list("key", flat=True)[:KEYS_OFFERED])
    context = {
        "page": page,
        "lines": people_columns.lines(page.items, columns),
        "columns": columns,
        "column_choices": people_columns.offered(columns, keys),
        "views": people_views.seen_by(request.user)[: people_views.MOST],
        "view": request.GET.get("view", ""),
        "kinds": [(key, label) for key, (label, _rule) in actions.KINDS.items()],
        "filter_form": found.form,
        "chips": said,
        "sort": sort,
        "sort_label": filters.SORTS[sort][0],
        "sorts": [(key, label) for key, (label, _order) in filters.SORTS.items()],
        "count": _count(found, is_filtered=bool(said)),
        "is_new": not page.items and not said,
        "keys": keys,
        "may_edit": may(request.user, Right.EDIT_PEOPLE),
        "may_export": may(request.user, Right.EXPORT),
    }
    part = "#results" if request.htmx else ""
    return render(request, f"profiles/person_list.html{part}", context)


@require(Right.EXPORT)
@require_GET
def person_export(request: StaffRequest) -> HttpResponseBase:
    """Give the people of the filters in the address as a file."""
    found = PersonFilter(request.GET, queryset=Profile.objects.surviving())
    audit.record(
        actor=request.user,
        action="people.export",
        obj=request.user,
        after={"filters": request.GET.urlencode()},
        now=timezone.now(),
    )
    header, rows = export.table(found.qs)
    return tables.answer(request, name="people", header=header, rows=rows)


def _with_attribute(request: StaffRequest) -> str:
    query = request.GET.copy()
    key, value = query.pop("key")[-1].strip(), (query.pop("value", [""])[-1]).strip()
    if key:
        query.appendlist("is", f"{key}{filters.ATTRIBUTE_MARK}{value}")
    for name in [name for name, values in query.lists() if not any(values)]:
        del query[name]
    return f"{reverse('profiles:person-list')}?{query.urlencode()}"


def _count(found: PersonFilter, *, is_filtered: bool) -> str:
    """Return how many people there are, exactly up to MOST_COUNTED, in words."""
    count = found.qs.count_up_to(MOST_COUNTED + 1)
    if count <= MOST_COUNTED:
        return ngettext("%(count)s person", "%(count)s people", count) % {"count": figures.number(count)}
    about = 0 if is_filtered else Profile.objects.all().estimate_all()
    if about > MOST_COUNTED:
        return _("about %(count)s people") % {"count": figures.number(about)}
    return _("more than %(count)s people") % {"count": figures.number(MOST_COUNTED)}
