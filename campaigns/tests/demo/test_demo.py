from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from campaigns.demo import team
from campaigns.demo.people import draw
from campaigns.models import Campaign, Delivery, Outcome, ProviderAccount
from campaigns.reports import campaign as campaign_report
from omni.models import FeedEntry, User
from profiles import identity
from profiles.models import Consent, Event, Import, Profile
from segments.models import Segment


@pytest.fixture
def crowd(now):
    return list(draw(count=400, seed=1, now=now))


def test_the_same_seed_gives_the_same_people(crowd, now):
    assert list(draw(count=400, seed=1, now=now)) == crowd
    assert list(draw(count=400, seed=2, now=now)) != crowd


def test_people_speak_four_languages_in_three_time_zones(crowd):
    assert {person.language for person in crowd} == {"en", "pl", "bg", "ru"}
    assert len({person.time_zone for person in crowd}) == 3
    assert any("а" <= letter <= "я" for person in crowd for letter in person.first_name.lower())


def test_every_address_is_one_and_nobodys_own(crowd):
    for person in crowd:
        assert identity.normalize("email", person.email) == person.email
        assert person.email.split("@")[1].startswith("example.")
        assert not person.phone or identity.normalize("phone", person.phone) == person.phone
    assert len({person.email for person in crowd}) == len(crowd)


def test_nobody_signs_up_in_the_future(crowd, now):
    newcomers = [person.joined_at for person in crowd if person.is_new]

    assert newcomers
    assert max(newcomers) < now


@pytest.mark.slow
@pytest.mark.django_db
def test_the_company_is_whole(settings, tmp_path, client):
    settings.VAR = tmp_path
    out = StringIO()

    call_command("demo", people=250, stdout=out)

    assert Profile.objects.count() == 250
    assert Event.objects.filter(name__is_internal=False).count() > 5_000
    assert set(Import.objects.values_list("state", flat=True)) == {"done"}
    assert set(Consent.objects.values_list("status", flat=True)) == {"granted", "withdrawn"}
    assert all(Segment.objects.values_list("refreshed_at", flat=True))
    assert set(User.objects.values_list("role", flat=True)) == {"owner", "marketer", "analyst", "support"}
    assert set(Campaign.objects.values_list("state", flat=True)) == {"finished", "live", "draft"}
    assert ProviderAccount.objects.get(is_default=True).provider == "smtp"
    assert {"opened", "clicked"} <= set(Outcome.objects.values_list("kind", flat=True))
    assert not FeedEntry.objects.exists()
    assert not list((tmp_path / "sandbox").iterdir())
    assert client.login(email=team.OWNER, password=team.PASSWORD) or client.login(username=team.OWNER, password=team.PASSWORD)
    assert team.PASSWORD in out.getvalue()
    _reports_add_up()
    with pytest.raises(CommandError, match="empty database"):
        call_command("demo", people=250, stdout=out)


def _reports_add_up() -> None:
    from django.utils import timezone

    for campaign in Campaign.objects.exclude(state="draft"):
        report = campaign_report.report(campaign, now=timezone.now())
        assert report.audience == report.treated.people + report.control.people
        assert report.control.people < report.audience
    assert not Delivery.objects.filter(enrolment__is_control=True, state="sent").exists()
    season = campaign_report.report(Campaign.objects.get(name="New season"), now=timezone.now())
    assert season.treated.conversions.mean > season.control.conversions.mean
