"""Who changed what, when? The record of the house, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST
from django_filters import CharFilter, FilterSet

from omni import audit, keyset, toasts
from omni.models import AuditEntry
from omni.roles import Right, require

if TYPE_CHECKING:
    from omni.middleware import StaffRequest


class AuditFilter(FilterSet):
    actor = CharFilter(field_name="actor_label", lookup_expr="icontains", label=_("Who"))
    action = CharFilter(lookup_expr="istartswith", label=_("Action"))
    kind = CharFilter(field_name="object_kind", lookup_expr="iexact", label=_("Kind of thing"))
    thing = CharFilter(field_name="object_label", lookup_expr="icontains", label=_("Thing"))

    class Meta:
        model = AuditEntry
        fields = ("actor", "action", "kind", "thing")


@require_GET
@require(Right.ADMINISTER)
def entry_list(request: StaffRequest) -> HttpResponse:
    chosen = AuditFilter(request.GET, queryset=AuditEntry.objects.all())
    page = keyset.page(chosen.qs, order=("-id",), query=request.GET)
    context = {"page": page, "filter": chosen, "is_filtered": any(request.GET.get(name) for name in chosen.filters)}
    name = "omni/audit.html#entries" if request.htmx else "omni/audit.html"
    return render(request, name, context)


@require_POST
@require(Right.ADMINISTER)
def chain_check(request: StaffRequest) -> HttpResponse:
    """Walk the chain and say whether it holds."""
    verdict = audit.verify()
    if verdict.holds:
        checked = ngettext(
            "The record holds: %(count)d entry fits.", "The record holds: all %(count)d entries fit.", verdict.checked
        )
        toasts.push(request, checked % {"count": verdict.checked})
    else:
        toasts.push(request, _("The record was changed at entry %(number)d.") % {"number": verdict.broken_at}, tone="danger")
    return redirect("audit-list")
