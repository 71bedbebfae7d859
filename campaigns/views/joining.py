"""How does a stranger sign up for a topic? No sign-in, no cookie, and nothing told about whom we know already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from campaigns import requested
from campaigns.requested import words
from campaigns.tracking.links import Kind, read
from campaigns.views.public import bare, proof_of, speak
from omni import celery
from omni.models import Company
from profiles import identity
from profiles.consent import subscribing, topics
from profiles.models import Topic

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from profiles.models import ConsentText

POST_REQUESTED = "campaigns.tasks.post_requested"
EMAIL = "email"


class SignUpForm(forms.Form):
    email = forms.CharField(
        label=gettext_lazy("Your e-mail"),
        max_length=255,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "class": "public-input"}),
    )
    agrees = forms.BooleanField(error_messages={"required": gettext_lazy("Without your yes we must not write to you.")})
    # Nobody sees it, so only a program fills it in.
    website = forms.CharField(required=False, widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}))

    def clean_email(self) -> str:
        address = identity.normalize(EMAIL, self.cleaned_data["email"])
        if address is None:
            raise forms.ValidationError(_("This is not an e-mail address."))
        return address


# Nobody is signed in here, so there is nothing that another site could do in their name.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest, key: str) -> HttpResponse:
    """Show the sign-up page of a topic; by POST write the sign-up down and ask the address to confirm it."""
    topic = get_object_or_404(Topic, key=key, has_form=True, archived_at=None)
    text = topics.text_of(topic)
    if text is None:
        raise Http404
    company = Company.load()
    with translation.override(speak(request)):
        form = SignUpForm(request.POST if request.method == "POST" else None)
        facts: dict[str, Any] = {"topic": topic, "text": text, "company": company, "form": form}
        if request.method != "POST":
            return bare(render(request, "public/sign_up.html", facts))
        if not form.is_valid():
            return bare(render(request, "public/sign_up.html", facts, status=422))
        now = timezone.now()
        if requested.is_flood(asked_from=_place(request), now=now):
            return bare(render(request, "public/sign_up.html", {**facts, "is_flood": True}, status=429))
        if not form.cleaned_data["website"]:
            _write_down(request, topic, text, form.cleaned_data["email"])
        return bare(render(request, "public/signed_up.html", facts))


# The token in the address is the permission.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Ask once more by a button; only the POST confirms, so that no program that follows links can."""
    place = read(kind=Kind.CONFIRM, token=token)
    entry = subscribing.asked(place.delivery_id) if place else None
    topic = Topic.objects.filter(key=entry.topic).first() if entry else None
    if entry is None or topic is None:
        raise Http404
    company, now, within = Company.load(), timezone.now(), requested.CONFIRM_WITHIN
    if request.method == "POST":
        answer = subscribing.confirm(entry=entry, proof=proof_of(request), within=within, now=now)
        is_over, is_done = answer == subscribing.Answer.OVER, answer == subscribing.Answer.DONE
    else:
        is_over = subscribing.is_over(entry, within=within, now=now)
        is_done = not is_over and subscribing.is_confirmed(entry)
    facts = {"topic": topic, "company": company, "address": entry.address, "is_over": is_over, "is_done": is_done}
    with translation.override(speak(request)):
        return bare(render(request, "public/confirm.html", facts, status=410 if is_over else 200))


@transaction.atomic
def _write_down(request: HttpRequest, topic: Topic, text: ConsentText, address: str) -> None:
    now, proof = timezone.now(), proof_of(request)
    done = subscribing.sign_up(
        topic=topic,
        channel=EMAIL,
        address=address,
        method=subscribing.FORM,
        source=f"form:{topic.key}",
        proof={**proof, "text_version": text.name},
        now=now,
    )
    if done.pending is not None:
        requested.file(
            kind=words.CONFIRM_SUBSCRIPTION,
            address=address,
            context={"consent": done.pending.pk, "topic": topic.name},
            language=translation.get_language() or "",
            asked_from=_place(request),
            now=now,
        )
        celery.nudge(POST_REQUESTED)


def _place(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))
