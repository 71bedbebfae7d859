"""How long are checks believed, which bounces block, and who may be asked for how much? The settings of address checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from omni import audit, toasts
from omni.models import Company
from omni.roles import Right, require
from profiles.forms.hygiene import PolicyForm, verifier_form
from profiles.hygiene import budget, verifiers
from profiles.models import HygienePolicy

if TYPE_CHECKING:
    from django.http import HttpResponse

    from omni.middleware import StaffRequest

TOLD = ("keep_days", "looks_up_domains", "soft_bounce_limit", "soft_bounce_days", "verifier", "cost_minor", "budget_minor")


@require(Right.ADMINISTER)
@require_http_methods(["GET", "POST"])
def cleaning_policy(request: StaffRequest) -> HttpResponse:
    """Show and save the policy; the form of the chosen verifier is asked for once one is chosen."""
    policy, currency, now = HygienePolicy.current(), Company.load().currency, timezone.now()
    before = {name: getattr(policy, name) for name in TOLD}
    stored: dict[str, Any] = dict(policy.verifier_settings)  # type: ignore[call-overload]
    was = policy.verifier
    form = PolicyForm(request.POST or None, instance=policy, currency=currency)
    is_valid = form.is_valid() if request.method == "POST" else True
    verifier = verifiers.registry.find(policy.verifier) if policy.verifier else None
    kept = stored if policy.verifier == was else {}
    # The fields of a verifier that was chosen just now were not on the page yet: they come with what they start with.
    has_own = verifier is not None and request.method == "POST" and request.POST.get("has_own") == policy.verifier
    own = verifier_form(verifier, data=request.POST if has_own else None, stored=kept) if verifier else None
    if request.method == "POST" and is_valid and (own is None or not has_own or own.is_valid()):
        if own is not None and verifier is not None:
            answers = own.cleaned_data if has_own else {name: field.initial for name, field in own.fields.items()}
            secrets = {name: kept[name] for name in verifier.secret_fields if not answers.get(name) and kept.get(name)}
            policy.verifier_settings = {**answers, **secrets}  # type: ignore[assignment]
        policy.save()
        after = {name: getattr(policy, name) for name in TOLD}
        audit.record(actor=request.user, action="address_checks.change", obj=policy, before=before, after=after, now=now)
        toasts.push(request, _("Saved."))
        return redirect("profiles:cleaning-policy")
    context = {
        "form": form,
        "own": own,
        "verifier": verifier,
        "currency": currency,
        "committed": budget.committed_minor(now=now),
        "budget": policy.budget_minor,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "profiles/cleaning_policy.html", context, status=status)
