"""Which programs may act for us, and what may each do?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from omni import accounts, toasts
from omni.forms import SCOPE_WORDS, KeyForm
from omni.models import ApiKey
from omni.roles import RIGHTS, Right, require

if TYPE_CHECKING:
    from django.http import HttpResponse

    from omni.middleware import StaffRequest


@require(Right.ADMINISTER)
@require_GET
def keys(request: StaffRequest) -> HttpResponse:
    found = list(ApiKey.objects.select_related("created_by").order_by("-created_at", "-pk"))
    context = {
        "live": [key for key in found if key.revoked_at is None],
        "revoked": [key for key in found if key.revoked_at is not None],
        "scope_words": {right.value: words for right, (words, _what) in SCOPE_WORDS.items()},
    }
    return render(request, "omni/keys.html", context)


@require(Right.ADMINISTER)
@never_cache
@require_http_methods(["GET", "POST"])
def key_create(request: StaffRequest) -> HttpResponse:
    """Make a key; its secret is in this answer and nowhere else."""
    form = KeyForm(request.POST or None, rights=RIGHTS[request.user.role])
    if request.method == "POST" and form.is_valid():
        scopes = [Right(value) for value in form.cleaned_data["scopes"]]
        key, secret = accounts.issue_key(name=form.cleaned_data["name"], scopes=scopes, by=request.user, now=timezone.now())
        return render(request, "omni/key_made.html", {"key": key, "secret": secret, "base_url": settings.BASE_URL})
    return render(request, "omni/key_create.html", {"form": form}, status=422 if form.errors else 200)


@require(Right.ADMINISTER)
@require_POST
def key_revoke(request: StaffRequest, pk: int) -> HttpResponse:
    key = get_object_or_404(ApiKey, pk=pk)
    if accounts.revoke_key(key, by=request.user, now=timezone.now()):
        toasts.push(request, _("The key “%(name)s” no longer works.") % {"name": key.name})
    return redirect("keys")
