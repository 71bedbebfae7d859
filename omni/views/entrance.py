"""How does one come in: the first owner, an invited colleague, and everybody else by signing in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account import views as allauth_views
from allauth.usersessions.models import UserSession
from django.contrib import auth
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from omni import accounts, toasts
from omni.forms import PasswordForm, SetupForm

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from omni.models import User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    """Make the first owner; nobody gets here once there is one."""
    if accounts.is_set_up():
        return redirect("home")
    form = SetupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            owner = accounts.set_up(
                company=form.company(), name=data["name"], email=data["email"], password=data["password"], now=timezone.now()
            )
        except accounts.AlreadySetUpError:
            return redirect("account_login")
        _start_session(request, owner)
        return redirect("home")
    return render(request, "omni/setup.html", {"form": form}, status=422 if form.errors else 200)


@never_cache
def login(request: HttpRequest) -> HttpResponse:
    """Sign in; a new installation is set up first."""
    if not accounts.is_set_up():
        return redirect("setup")
    response: HttpResponse = allauth_views.login(request)
    return response


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def first_password(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """Let the holder of a one-time link choose a password and sign in."""
    user = accounts.user_of_link(uid, token)
    if user is None:
        return render(request, "account/link_is_over.html", status=410)
    form = PasswordForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        user.set_password(form.cleaned_data["password"])
        user.save(update_fields=["password"])
        _start_session(request, user)
        toasts.push(request, _("Welcome. Your password is set."))
        return redirect("home")
    return render(request, "account/first_password.html", {"form": form, "member": user}, status=422 if form.errors else 200)


def _start_session(request: HttpRequest, user: User) -> None:
    """Sign `user` in and note the browser, as the sign-in form does."""
    auth.login(request, user, backend=BACKEND)
    UserSession.objects.create_from_request(request)
