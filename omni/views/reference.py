"""What can a program ask of us? The API's schema as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import render
from django.views.decorators.http import require_GET

from omni import api_reference
from omni.roles import Right, require

if TYPE_CHECKING:
    from django.http import HttpResponse

    from omni.middleware import StaffRequest


@require(Right.VIEW)
@require_GET
def reference(request: StaffRequest) -> HttpResponse:
    context = {
        "groups": api_reference.groups(),
        "base_url": settings.BASE_URL,
        "rate": settings.API_RATE_PER_SECOND,
        "burst": settings.API_BURST,
    }
    return render(request, "omni/reference.html", context)
