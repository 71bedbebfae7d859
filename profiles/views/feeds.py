"""Which file holds our catalog? Upload one and see at once what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from omni import audit
from omni.models import Company
from omni.roles import Right, require
from profiles import feeds

if TYPE_CHECKING:
    from omni.middleware import StaffRequest


class FeedForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV, JSON, Yandex Market (YML) or Google Merchant (XML), up to 20 MB and 50,000 items."),
    )
    archives_missing = forms.BooleanField(
        label=_("Archive products that are not in the file"),
        required=False,
        help_text=_("Only those that came by a file or a program, and only when every item of the file can be used."),
    )


@require(Right.EDIT_PEOPLE)
@require_http_methods(["GET", "POST"])
def product_import(request: StaffRequest) -> HttpResponse:
    """Show the form; take in the file and show what came of it."""
    form = FeedForm(request.POST or None, request.FILES or None)
    outcome = None
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        file = form.cleaned_data["file"]
        try:
            outcome = feeds.load(
                body=file.read(feeds.MOST_BYTES + 1),
                currency=Company.load().currency,
                archives_missing=form.cleaned_data["archives_missing"],
                now=now,
            )
        except feeds.UnusableFeedError as error:
            form.add_error("file", str(error))
        else:
            after = {
                "file": file.name[:200],
                "created": outcome.created,
                "updated": outcome.updated,
                "archived": outcome.archived,
            }
            audit.record(actor=request.user, action="catalog.import", obj=request.user, after=after, now=now)
    context = {"form": form, "outcome": outcome}
    return render(request, "profiles/product_import.html", context, status=422 if form.errors else 200)
