"""What did this person ever allow and refuse? The whole ledger, as a tab of the person's page and as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from omni import audit, keyset
from omni.roles import Right, may, require
from profiles import identity
from profiles.models import Profile, Topic
from profiles.person import ledger, timeline
from profiles.person import tabs as person_tabs
from profiles.person.tabs import Tab

if TYPE_CHECKING:
    from omni.middleware import StaffRequest
    from profiles.person.tabs import Asked


def register() -> None:
    person_tabs.register_tab(Tab("consents", _("Consents"), "profiles/_consents_tab.html", tell, order=30))


def tell(asked: Asked) -> dict[str, Any]:
    """Return a page of the ledger, newest first. Three queries."""
    page = keyset.page(ledger.of_person(asked.profile_ids), order=ledger.ORDER, query=asked.request.GET)
    topics = dict(Topic.objects.values_list("key", "name"))
    return {
        "page": page,
        "rows": [
            {
                "entry": entry,
                "topic": topics.get(entry.topic, entry.topic),
                "how": timeline.method_in_words(entry.method),
                "look": timeline.LOOKS[entry.status],
                "proof": ledger.proof_in_words(entry.proof),
            }
            for entry in page.items
        ],
        "may_export": may(asked.request.user, Right.EXPORT),
    }


@require(Right.EXPORT)
@require_GET
def export(request: StaffRequest, pk: int) -> StreamingHttpResponse:
    """Give the whole ledger of a person as a file."""
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    audit.record(actor=request.user, action="consents.export", obj=person, now=timezone.now())
    entries = ledger.of_person([person.pk, *identity.origins_of(person.pk)])
    answer = StreamingHttpResponse(ledger.as_csv(entries), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="consents-{person.pk}.csv"'
    return answer
