"""What arrives, and is it right? The index of Data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from omni.roles import Right, require
from profiles import data_pages, sources

if TYPE_CHECKING:
    from django.http import HttpResponse

    from omni.middleware import StaffRequest


@require(Right.VIEW)
@require_GET
def index(request: StaffRequest) -> HttpResponse:
    activity = sources.total(now=timezone.now())
    return render(request, "profiles/data_index.html", {"groups": data_pages.for_user(request.user), "activity": activity})
