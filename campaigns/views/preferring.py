"""What does a reader choose, reached from the link in a letter? Everything is done in the request, nothing by looking."""

from __future__ import annotations

from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns import requested
from campaigns.models import RequestedLetter
from campaigns.requested import words
from campaigns.tracking import leaving
from campaigns.tracking.links import Kind, Place, read, unsubscribe_url
from campaigns.views.public import bare, proof_of, speak
from omni import celery
from omni.models import Company
from profiles import identity
from profiles.consent import asking, moving, preferences, snoozing
from profiles.models import PrivacyRequest
from profiles.person import reachability

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

    from profiles.consent.preferences import Preferences

    View = Callable[..., HttpResponse]

EMAIL = "email"
POST_REQUESTED = "campaigns.tasks.post_requested"
PAUSE_DAYS = (7, 30, 90)
PACES = ("", "1", "2")


class OwnWordsForm(forms.Form):
    """What the person says about themselves; an empty choice takes the word away."""

    letters_per_week = forms.TypedChoiceField(
        choices=[(pace, pace) for pace in PACES], required=False, coerce=int, empty_value=None
    )
    language = forms.TypedChoiceField(choices=[("", ""), *settings.PEOPLE_LANGUAGES], required=False, empty_value=None)
    preferred_channel = forms.TypedChoiceField(required=False, empty_value=None)

    def __init__(self, data: Any, *, channels: list[str]) -> None:
        super().__init__(data)
        field = self.fields["preferred_channel"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", ""), *((channel, channel) for channel in channels)]


class NewAddressForm(forms.Form):
    email = forms.CharField(max_length=255)

    def clean_email(self) -> str:
        address = identity.normalize(EMAIL, self.cleaned_data["email"])
        if address is None:
            raise forms.ValidationError(_("This is not an e-mail address."))
        return address


def _readers(view: View) -> View:
    """Give the view the reader whom the token names, in their language; 404 for a token that we did not make."""

    @csrf_exempt  # nobody is signed in: the token is the permission
    @never_cache
    @wraps(view)
    def open_door(request: HttpRequest, token: str) -> HttpResponse:
        place = read(kind=Kind.PREFERENCES, token=token)
        if place is None:
            raise Http404
        who = leaving.reader(place)
        with translation.override(speak(request, who.language if who else "")):
            if who is None:
                return bare(render(request, "public/gone.html", {"company": Company.load()}))
            return bare(view(request, token, who))

    return open_door


@require_http_methods(["GET", "HEAD", "POST"])
@_readers
def choose(request: HttpRequest, token: str, who: leaving.Reader) -> HttpResponse:
    """Show the preferences; by POST turn the switches that the reader turned."""
    now = timezone.now()
    held = _held(who, now)
    if request.method != "POST":
        return _page(request, token, who, held)
    form = OwnWordsForm(request.POST, channels=held.channels)
    wanted = {name: value for name, value in form.cleaned_data.items() if name in request.POST} if form.is_valid() else {}
    proof = proof_of(request) | {"delivery": who.delivery.pk}
    with transaction.atomic():
        said = preferences.choose(
            of=held,
            on=request.POST.getlist("on"),
            was_on=request.POST.getlist("was"),
            words=wanted,
            proof=proof,
            source=who.delivery.campaign.name,
            now=now,
        )
        leaving.note(who=who, said=said, user_agent=proof["user_agent"], now=now)
    return _back(token, "saved")


@require_POST
@_readers
def pause(request: HttpRequest, token: str, who: leaving.Reader) -> HttpResponse:
    """Send nothing for some days to any address of the reader."""
    days = request.POST.get("days", "")
    if days not in map(str, PAUSE_DAYS):
        return _back(token, "")
    now = timezone.now()
    held, proof = _held(who, now), proof_of(request) | {"delivery": who.delivery.pk}
    with transaction.atomic():
        for channel in held.channels:
            addresses = [choice.address for choice in held.addresses if choice.channel == channel]
            until = now + timedelta(days=int(days))
            snoozing.snooze(channel=channel, addresses=addresses, until=until, method=preferences.METHOD, proof=proof, now=now)
    return _back(token, "paused")


@require_POST
@_readers
def wake(request: HttpRequest, token: str, who: leaving.Reader) -> HttpResponse:
    now = timezone.now()
    held = _held(who, now)
    with transaction.atomic():
        for channel in held.channels:
            addresses = [choice.address for choice in held.addresses if choice.channel == channel]
            snoozing.wake(channel=channel, addresses=addresses, now=now)
    return _back(token, "awake")


@require_POST
@_readers
def ask(request: HttpRequest, token: str, who: leaving.Reader) -> HttpResponse:
    """File a request about the reader's own data."""
    kind, now = request.POST.get("kind", ""), timezone.now()
    if kind not in PrivacyRequest.Kind.values:
        return _back(token, "")
    person = _held(who, now).person
    asking.ask(
        kind=kind,
        profile_id=person.pk if person else None,
        channel=who.channel,
        address=who.delivery.address,
        verified=PrivacyRequest.Verified.LETTER,
        proof=proof_of(request) | {"delivery": who.delivery.pk},
        now=now,
    )
    return _back(token, "asked")


@require_POST
@_readers
def new_address(request: HttpRequest, token: str, who: leaving.Reader) -> HttpResponse:
    """Send a letter to the new address; only its answer changes anything."""
    now, form = timezone.now(), NewAddressForm(request.POST)
    place = request.META.get("REMOTE_ADDR", "")
    if who.channel != EMAIL:
        raise Http404
    if not form.is_valid():
        return _page(request, token, who, _held(who, now), status=422, address_error=str(form.errors["email"][0]))
    if form.cleaned_data["email"] == who.delivery.address:
        return _page(request, token, who, _held(who, now), status=422, address_error=_("This is the address we use already."))
    if requested.is_flood(asked_from=place, now=now):
        return _page(request, token, who, _held(who, now), status=429, address_error=_("Please try again in an hour."))
    with transaction.atomic():
        requested.file(
            kind=words.CONFIRM_ADDRESS,
            address=form.cleaned_data["email"],
            context={"old": who.delivery.address, "delivery": who.delivery.pk, "campaign": who.delivery.campaign.name},
            language=translation.get_language() or "",
            asked_from=place,
            now=now,
        )
        celery.nudge(POST_REQUESTED)
    return _back(token, "letter")


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_address(request: HttpRequest, token: str) -> HttpResponse:
    """Ask once more by a button; the POST moves the person to the new address, once."""
    place, now = read(kind=Kind.ADDRESS, token=token), timezone.now()
    if place is None:
        raise Http404
    letter = get_object_or_404(RequestedLetter, pk=place.delivery_id, kind=words.CONFIRM_ADDRESS)
    is_over = letter.used_at is None and letter.expires_at <= now
    if request.method == "POST" and not is_over:
        with transaction.atomic():
            if RequestedLetter.objects.filter(pk=letter.pk, used_at=None).update(used_at=now):
                proof = proof_of(request) | {"delivery": letter.context["delivery"], "token": str(letter.pk)}
                moving.move(
                    channel=EMAIL,
                    old=letter.context["old"],
                    new=letter.address,
                    source=letter.context["campaign"],
                    proof=proof,
                    now=now,
                )
        letter.refresh_from_db()
    facts = {"company": Company.load(), "address": letter.address, "is_over": is_over, "is_done": letter.used_at is not None}
    with translation.override(speak(request, letter.language)):
        return bare(render(request, "public/confirm_address.html", facts, status=410 if is_over else 200))


@require_safe
def sample(request: HttpRequest) -> HttpResponse:
    """Show where the link in a letter sent as a trial would lead."""
    return bare(render(request, "public/sample.html", {"company": Company.load()}))


def _held(who: leaving.Reader, now: datetime) -> Preferences:
    return preferences.load(profile_id=who.delivery.profile_id, channel=who.channel, address=who.delivery.address, now=now)


def _page(
    request: HttpRequest, token: str, who: leaving.Reader, held: Preferences, *, status: int = 200, address_error: str = ""
) -> HttpResponse:
    facts = {
        "who": who,
        "token": token,
        "company": Company.load(),
        "held": held,
        "done": request.GET.get("done", ""),
        "words": {name: str(value) for name, value in held.own_words.items()},
        "paces": [("", _("As they come")), ("2", _("At most two a week")), ("1", _("At most one a week"))],
        "languages": settings.PEOPLE_LANGUAGES,
        "channels": [(channel, reachability.channel_in_words(channel)) for channel in held.channels],
        "pause_days": PAUSE_DAYS,
        "may_move": who.channel == EMAIL,
        "address_error": address_error,
        "typed": request.POST.get("email", "") if address_error else "",
        "unsubscribe_url": reverse("public:unsubscribe", args=[unsubscribe_url(Place(who.delivery.pk)).rpartition("/")[2]]),
    }
    return render(request, "public/preferences.html", facts, status=status)


def _back(token: str, done: str) -> HttpResponse:
    # 303: the browser looks at the page again, and a reload repeats nothing.
    address = reverse("public:preferences", args=[token])
    return HttpResponseRedirect(f"{address}?done={done}" if done else address, status=303)
