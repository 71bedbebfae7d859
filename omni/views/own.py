"""What does one set for oneself, and for the company?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.usersessions.models import UserSession
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from omni import accounts, toasts
from omni.forms import CompanyForm, ProfileForm
from omni.models import Company
from omni.roles import Right, require

if TYPE_CHECKING:
    from django.http import HttpResponse

    from omni.middleware import StaffRequest


@require(Right.VIEW)
@require_http_methods(["GET", "POST"])
def profile(request: StaffRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        toasts.push(request, _("Your profile is saved."))
        return redirect("settings-profile")
    sessions = UserSession.objects.filter(user=request.user).count()
    return render(request, "omni/profile.html", {"form": form, "sessions": sessions}, status=422 if form.errors else 200)


@require(Right.ADMINISTER)
@require_http_methods(["GET", "POST"])
def company(request: StaffRequest) -> HttpResponse:
    row = Company.load()
    before = {name: getattr(row, name) for name in CompanyForm.Meta.fields}
    form = CompanyForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        if form.changed_data:
            changed = {name: before[name] for name in form.changed_data}
            accounts.edit_company(row, before=changed, by=request.user, now=timezone.now())
        toasts.push(request, _("Saved."))
        return redirect("company")
    return render(request, "omni/company.html", {"form": form}, status=422 if form.errors else 200)
