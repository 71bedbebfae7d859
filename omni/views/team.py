"""Who is in the team: invite, change the role, send a new link, let go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from omni import accounts, toasts
from omni.forms import ROLE_WORDS, InviteForm, RoleForm
from omni.models import User
from omni.roles import Right, require

if TYPE_CHECKING:
    from django.http import HttpResponse

    from omni.middleware import StaffRequest


@require(Right.ADMINISTER)
@require_GET
def team(request: StaffRequest) -> HttpResponse:
    members = list(User.objects.order_by("-is_active", "name", "pk"))
    context = {
        "members": [member for member in members if member.is_active],
        "left": [member for member in members if not member.is_active],
        "roles": User.Role.choices,
        "role_words": [(role.label, words) for role, words in ROLE_WORDS.items()],
    }
    return render(request, "omni/team.html", context)


@require(Right.ADMINISTER)
@never_cache
@require_http_methods(["GET", "POST"])
def invite(request: StaffRequest) -> HttpResponse:
    form = InviteForm(request.POST or None, initial={"role": User.Role.MARKETER})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        member = accounts.invite(email=data["email"], name=data["name"], role=data["role"], by=request.user, now=timezone.now())
        return _show_link(request, member, accounts.password_link(member))
    return render(request, "omni/invite.html", {"form": form}, status=422 if form.errors else 200)


@require(Right.ADMINISTER)
@never_cache
@require_POST
def link_renew(request: StaffRequest, pk: int) -> HttpResponse:
    member = _other_member(request, pk)
    return _show_link(request, member, accounts.renew_link(member, by=request.user, now=timezone.now()))


@require(Right.ADMINISTER)
@require_POST
def role_edit(request: StaffRequest, pk: int) -> HttpResponse:
    member = get_object_or_404(User, pk=pk, is_active=True)
    form = RoleForm(request.POST)
    if form.is_valid() and form.cleaned_data["role"] != member.role:
        try:
            accounts.change_role(member, form.cleaned_data["role"], by=request.user, now=timezone.now())
        except accounts.LastOwnerError:
            _refuse(request)
        else:
            toasts.push(request, _("%(name)s is now: %(role)s.") % {"name": member, "role": member.get_role_display()})
    return redirect("team")


@require(Right.ADMINISTER)
@require_POST
def deactivate(request: StaffRequest, pk: int) -> HttpResponse:
    member = get_object_or_404(User, pk=pk, is_active=True)
    try:
        accounts.deactivate(member, by=request.user, now=timezone.now())
    except accounts.LastOwnerError:
        _refuse(request)
    else:
        undo = reverse("team-member-reactivate", args=[member.pk])
        toasts.push(request, _("%(name)s can no longer sign in.") % {"name": member}, undo_url=undo)
    return redirect("team")


@require(Right.ADMINISTER)
@require_POST
def reactivate(request: StaffRequest, pk: int) -> HttpResponse:
    member = get_object_or_404(User, pk=pk, is_active=False)
    accounts.reactivate(member, by=request.user, now=timezone.now())
    toasts.push(request, _("%(name)s may sign in again.") % {"name": member})
    return redirect("team")


def _other_member(request: StaffRequest, pk: int) -> User:
    return get_object_or_404(User.objects.exclude(pk=request.user.pk), pk=pk, is_active=True)


def _show_link(request: StaffRequest, member: User, link: tuple[str, str]) -> HttpResponse:
    address = settings.BASE_URL + reverse("first-password", args=link)
    return render(request, "omni/password_link.html", {"member": member, "address": address})


def _refuse(request: StaffRequest) -> None:
    toasts.push(request, _("Make somebody else an owner first: without one nobody could administer Omni."), tone="danger")
