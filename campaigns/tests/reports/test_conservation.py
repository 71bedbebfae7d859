from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.models import Delivery, Enrolment, Visit
from campaigns.reports import campaign as campaign_report
from campaigns.reports import people, steps
from campaigns.reports.facts import End
from campaigns.reports.people import Filter


@pytest.fixture(params=[1, 2])
def campaign(request, make_campaign):
    return make_campaign(people=60, seed=request.param)


@pytest.fixture
def report(campaign, now):
    return campaign_report.report(campaign, now=now)


def test_everybody_is_in_exactly_one_end(campaign, report):
    entered = set(Enrolment.objects.filter(campaign=campaign).values_list("profile_id", flat=True))

    assert report.audience == len(entered)
    assert sum(report.of(end).people for end in End) == report.audience
    assert report.control.people + report.treated.people == report.audience


def test_every_step_adds_up(campaign, report):
    for step in report.steps:
        came = set(Visit.objects.filter(step__key=step.key).values_list("profile_id", flat=True))
        numbers = step.numbers

        assert numbers.entered == len(came)
        assert numbers.here + numbers.passed + numbers.left == numbers.entered
        assert numbers.left >= 0
        if numbers.variants:
            meant = sum(numbers.of_variant(variant).people for variant in numbers.variants)
            without = sum(numbers.ends.get((end, ""), _nobody()).people for end in (End.HERE, End.NO_MESSAGE))
            assert meant + numbers.control.people <= numbers.entered
            assert meant + numbers.control.people + without >= numbers.entered - _left_early(numbers)


def test_numbers_agree_with_the_rows(campaign, report):
    control = Enrolment.objects.filter(campaign=campaign, is_control=True)
    sent = Delivery.objects.filter(campaign=campaign, state="sent")

    assert report.control.people == control.values("profile_id").distinct().count()
    assert report.of(End.SENT).people == sent.values("profile_id").distinct().count()
    assert report.everyone.converted == _people(Enrolment.objects.filter(campaign=campaign, converted_at__isnull=False))
    assert report.everyone.opened == _people(sent.filter(opened_at__isnull=False))
    first = steps.step_numbers(campaign)["first"]
    for variant in "AB":
        assert first.of_variant(variant, End.SENT).people == _people(sent.filter(step__key="first", variant=variant))


def test_every_number_opens_into_as_many_people(campaign, report):
    def opens(expected: int, **wanted: str) -> None:
        assert people.count(campaign, Filter(**wanted)) == expected, wanted
        assert len({line.profile.pk for line in people.every(campaign, Filter(**wanted))}) == expected, wanted

    opens(report.audience)
    opens(report.control.converted, group="control", fact="converted")
    opens(report.treated.converted, group="treated", fact="converted")
    for (end, reason), tally in report.ends.items():
        opens(tally.people, state=end, reason=reason) if reason else None
    for end in End:
        opens(report.of(end).people, state=end)
    for step in report.steps:
        opens(step.numbers.entered, step=step.key)
        opens(step.numbers.here, step=step.key, fact="is_here")
        opens(step.numbers.control.people, step=step.key, group="control")
        for port, passed in step.numbers.ports.items():
            opens(passed, step=step.key, port=port)
        for variant in step.variants:
            for fact in ("delivered", "opened", "machine_opened", "clicked", "converted", "unsubscribed"):
                opens(getattr(variant.sent, fact), step=step.key, variant=variant.key, state=End.SENT, fact=fact)


def test_pages_follow_each_other_without_gap_or_repeat(campaign):
    pages = [people.page(campaign, Filter(), query={}, size=7)]
    while pages[-1].next_cursor:
        pages.append(people.page(campaign, Filter(), query={"after": pages[-1].next_cursor}, size=7))
    seen = [line.profile.pk for page in pages for line in page.items]
    back = people.page(campaign, Filter(), query={"before": pages[1].previous_cursor}, size=7)

    assert seen == sorted(set(seen))
    assert len(seen) == people.count(campaign, Filter())
    assert back == pages[0]
    assert pages[0].previous_cursor is None


def test_conversions_by_day_end_at_all_conversions(report):
    days = campaign_report.conversion_days(report)

    assert days[True][-1] == report.control.converted
    assert days[False][-1] == report.treated.converted
    assert days[False] == sorted(days[False])


def test_a_version_counts_only_its_own(campaign, report, now):
    version = campaign.versions.get()
    other = campaign.versions.create(number=2, graph={}, published_at=now + timedelta(days=1))

    assert campaign_report.report(campaign, now=now, version=version).ends == report.ends
    assert campaign_report.report(campaign, now=now, version=other).audience == 0
    assert steps.step_numbers(version).keys() == steps.step_numbers(campaign).keys()


def test_a_report_costs_four_queries_however_many_people(make_campaign, now, django_assert_num_queries):
    for size in (5, 60):
        campaign = make_campaign(people=size, seed=size)
        with django_assert_num_queries(4):
            campaign_report.report(campaign, now=now)


def _people(rows) -> int:
    return rows.values("profile_id").distinct().count()


def _nobody():
    return campaign_report.Tally()


def _left_early(numbers) -> int:
    return sum(tally.people for (end, _), tally in numbers.ends.items() if end in (End.HERE, End.NO_MESSAGE))
