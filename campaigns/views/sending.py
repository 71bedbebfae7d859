"""Where is it set who carries our letters, in whose name, and how many at most?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, ProtectedError, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import post_office, providers
from campaigns.forms_sending import AccountForm, PolicyForm, SenderForm, merged_settings, settings_form
from campaigns.models import Policy, ProviderAccount, Sender, Work
from campaigns.providers.base import DeliveryError, Provider
from omni import celery, toasts
from omni.models import Company
from omni.roles import Right, may, require

if TYPE_CHECKING:
    from omni.middleware import StaffRequest
    from omni.models import User

SEND = "campaigns.tasks.send_email"


def accounts_for(user: User) -> QuerySet[ProviderAccount]:
    return ProviderAccount.objects.all() if may(user, Right.ADMINISTER) else ProviderAccount.objects.none()


def senders_for(user: User) -> QuerySet[Sender]:
    return Sender.objects.select_related("account") if may(user, Right.ADMINISTER) else Sender.objects.none()


@require(Right.ADMINISTER)
@require_GET
def sender_list(request: StaffRequest) -> HttpResponse:
    senders = senders_for(request.user).order_by("-is_default", "name", "pk")
    context = {"senders": senders, "has_accounts": accounts_for(request.user).exists()}
    return render(request, "campaigns/sender_list.html", context)


@require(Right.ADMINISTER)
@require_http_methods(["GET", "POST"])
def sender_create(request: StaffRequest) -> HttpResponse:
    if not accounts_for(request.user).exists():
        toasts.push(request, _("First choose who carries the letters."), tone="info")
        return redirect("campaigns:provider-list")
    return _edit_sender(request, Sender())


@require(Right.ADMINISTER)
@require_http_methods(["GET", "POST"])
def sender_edit(request: StaffRequest, pk: int) -> HttpResponse:
    return _edit_sender(request, get_object_or_404(senders_for(request.user), pk=pk))


def _edit_sender(request: StaffRequest, sender: Sender) -> HttpResponse:
    form = SenderForm(request.POST or None, instance=sender)
    if request.method == "POST" and form.is_valid():
        post_office.save_sender(sender=form.save(commit=False), by=request.user, now=timezone.now())
        toasts.push(request, _("Saved."))
        return redirect("campaigns:sender-list")
    context = {"form": form, "sender": sender}
    return render(request, "campaigns/sender_edit.html", context, status=422 if form.errors else 200)


@require(Right.ADMINISTER)
@require_POST
def sender_default(request: StaffRequest, pk: int) -> HttpResponse:
    sender = get_object_or_404(senders_for(request.user), pk=pk)
    post_office.make_default_sender(sender=sender, by=request.user, now=timezone.now())
    return redirect("campaigns:sender-list")


@require(Right.ADMINISTER)
@require_POST
def sender_delete(request: StaffRequest, pk: int) -> HttpResponse:
    sender = get_object_or_404(senders_for(request.user), pk=pk)
    try:
        post_office.delete(row=sender, action="sender.delete", by=request.user, now=timezone.now())
    except ProtectedError:
        toasts.push(request, _("Letters were sent in this name, so it stays on record."), tone="warning")
    return redirect("campaigns:sender-list")


@require(Right.ADMINISTER)
@require_GET
def provider_list(request: StaffRequest) -> HttpResponse:
    accounts = accounts_for(request.user).annotate(n_senders=Count("senders")).order_by("-is_default", "name", "pk")
    rows = [(account, providers.registry.find(account.provider)) for account in accounts]
    return render(request, "campaigns/provider_list.html", {"rows": rows, "kinds": list(providers.registry)})


@sensitive_post_parameters()
@require(Right.ADMINISTER)
@require_http_methods(["GET", "POST"])
def provider_create(request: StaffRequest, key: str) -> HttpResponse:
    if key not in providers.registry:
        raise Http404
    provider = providers.registry[key]
    return _edit_account(request, ProviderAccount(provider=key, channel=provider.channel, name=str(provider.label)), provider)


@sensitive_post_parameters()
@require(Right.ADMINISTER)
@require_http_methods(["GET", "POST"])
def provider_edit(request: StaffRequest, pk: int) -> HttpResponse:
    account = get_object_or_404(accounts_for(request.user), pk=pk)
    provider = providers.registry.find(account.provider)
    if provider is None:
        raise Http404
    return _edit_account(request, account, provider)


def _edit_account(request: StaffRequest, account: ProviderAccount, provider: Provider) -> HttpResponse:
    is_post = request.method == "POST"
    data = request.POST if is_post else None
    stored: dict[str, Any] = account.settings or {}
    named = AccountForm(data, initial={"name": account.name})
    form = settings_form(provider, data=data, stored=stored)
    if is_post and all((named.is_valid(), form.is_valid())):
        account.name = named.cleaned_data["name"]
        account.settings = merged_settings(provider, form, stored)  # type: ignore[assignment]
        post_office.save_account(account=account, by=request.user, now=timezone.now())
        celery.nudge(SEND)
        toasts.push(request, _("Saved."))
        return redirect("campaigns:provider-list")
    context = {"named": named, "form": form, "account": account, "provider": provider}
    status = 422 if is_post else 200
    return render(request, "campaigns/provider_edit.html", context, status=status)


@sensitive_post_parameters()
@require(Right.ADMINISTER)
@require_POST
def provider_check(request: StaffRequest, key: str, pk: int | None = None) -> HttpResponse:
    """Try what stands in the form, before it is saved; answers with a line for the page."""
    if key not in providers.registry:
        raise Http404
    provider = providers.registry[key]
    account = get_object_or_404(accounts_for(request.user), pk=pk, provider=key) if pk else None
    stored: dict[str, Any] = account.settings if account else {}
    form = settings_form(provider, data=request.POST, stored=stored)
    context: dict[str, Any] = {"checked": True}
    if not form.is_valid():
        context["problem"] = " ".join(str(error) for errors in form.errors.values() for error in errors)
    else:
        try:
            provider.check(merged_settings(provider, form, stored))
        except DeliveryError as error:
            context["problem"] = error.detail
    return render(request, "campaigns/provider_edit.html#checked", context)


@require(Right.ADMINISTER)
@require_POST
def provider_default(request: StaffRequest, pk: int) -> HttpResponse:
    account = get_object_or_404(accounts_for(request.user), pk=pk)
    post_office.make_default_account(account=account, by=request.user, now=timezone.now())
    return redirect("campaigns:provider-list")


@require(Right.ADMINISTER)
@require_POST
def provider_pause(request: StaffRequest, pk: int) -> HttpResponse:
    account = get_object_or_404(accounts_for(request.user), pk=pk)
    post_office.pause_account(account=account, by=request.user, now=timezone.now())
    toasts.push(request, _("Nothing goes out through “%(name)s” now; what is due waits.") % {"name": account.name})
    return redirect("campaigns:provider-list")


@require(Right.ADMINISTER)
@require_POST
def provider_resume(request: StaffRequest, pk: int) -> HttpResponse:
    account = get_object_or_404(accounts_for(request.user), pk=pk)
    post_office.resume_account(account=account, by=request.user, now=timezone.now())
    celery.nudge(SEND)
    return redirect("campaigns:provider-list")


@require(Right.ADMINISTER)
@require_POST
def provider_delete(request: StaffRequest, pk: int) -> HttpResponse:
    account = get_object_or_404(accounts_for(request.user), pk=pk)
    try:
        post_office.delete(row=account, action="provider.delete", by=request.user, now=timezone.now())
    except ProtectedError:
        toasts.push(request, _("Senders or letters use this account. Pause it instead."), tone="warning")
    return redirect("campaigns:provider-list")


@require(Right.ADMINISTER)
@require_http_methods(["GET", "POST"])
def policy_edit(request: StaffRequest) -> HttpResponse:
    policy = Policy.load()
    before = {name: getattr(policy, name) for name in PolicyForm.Meta.fields}
    form = PolicyForm(request.POST or None, instance=policy)
    if request.method == "POST" and form.is_valid():
        if form.changed_data:
            changed = {name: before[name] for name in form.changed_data}
            post_office.save_policy(policy=form.save(commit=False), before=changed, by=request.user, now=timezone.now())
            celery.nudge(SEND)
        toasts.push(request, _("Saved."))
        return redirect("campaigns:policy")
    context = {
        "form": form,
        "policy": Policy.load(),
        "zone": Company.load().time_zone,
        "n_open": Work.objects.exclude(state=Work.State.SETTLED).count(),
    }
    return render(request, "campaigns/policy.html", context, status=422 if form.errors else 200)


@require(Right.SEND)
@require_POST
def sending_stop(request: StaffRequest) -> HttpResponse:
    """The kill switch; whoever may send may also stop."""
    post_office.stop_everything(by=request.user, now=timezone.now())
    toasts.push(request, _("All sending is stopped."), tone="warning")
    return redirect("campaigns:policy" if may(request.user, Right.ADMINISTER) else "campaigns:campaign-list")


@require(Right.ADMINISTER)
@require_POST
def sending_go_on(request: StaffRequest) -> HttpResponse:
    if post_office.go_on(by=request.user, now=timezone.now()):
        celery.nudge(SEND)
        toasts.push(request, _("Sending goes on. What waited goes out now."))
    return redirect("campaigns:policy")
