"""What stands where on the page of a report, and where does each number lead?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import summary
from campaigns.experiments.statistics import Comparison
from campaigns.models import Campaign, Step, Version
from campaigns.reports import campaign as campaign_report
from campaigns.reports import drawing, reasons, words
from campaigns.reports.campaign import Report
from campaigns.reports.facts import End
from campaigns.reports.funnel import Links, Term, in_words, query, step_parts
from campaigns.reports.people import NO_REASON, Filter
from campaigns.steps.base import Scene
from campaigns.steps.library import Library
from omni import figures


def report_context(report: Report, *, currency: str) -> dict[str, Any]:
    """Return everything the page shows. Costs one query for the curve, and those of Library for the steps' words."""
    links = Links(report.campaign, report.version)
    identity = _identity(report, links)
    steps = step_parts(report, links)
    return {
        "report": report,
        "campaign": report.campaign,
        "version": report.version,
        "currency": currency,
        "saying": words.on_campaign(report),
        "revenue": words.on_revenue(report, currency),
        "gain": _gain(report),
        "more_sayings": [saying for step in steps for saying in step.sayings],
        "intervals": drawing.interval_chart(_comparisons(report)),
        "identity": identity,
        "identity_bar": _laid_out(identity),
        "everybody_url": links(),
        "steps": steps,
        "not_sent": _reasons(report, End.NOT_SENT, links),
        "waiting": _reasons(report, End.UNDERWAY, links),
        "curve": _curve(report) if report.has_goal and report.control.people else None,
        "query": query(Filter(), report.version),
        "sentence": _sentence(report),
        "state_look": summary.BADGES[Campaign.State(report.campaign.state)][1:],
        "list_url": reverse("campaigns:report-list"),
    }


def chips(campaign: Campaign, wanted: Filter, version: Version | None) -> list[str]:
    """Return what the filter asks for, in words."""
    step = Step.objects.filter(version__campaign=campaign, key=wanted.step).order_by("-version__number").first()
    facts = {
        "delivered": _("delivered"),
        "opened": _("opened"),
        "machine_opened": _("opened only by a machine"),
        "clicked": _("clicked"),
        "machine_clicked": _("clicked only by a machine"),
        "bounced": _("bounced"),
        "complained": _("reported as spam"),
        "unsubscribed": _("unsubscribed"),
        "converted": _("reached the goal"),
        "is_here": _("inside now"),
    }
    groups = {"control": _("control group"), "treated": _("not in the control group")}
    shown = [
        _("version %(number)s") % {"number": version.number} if version else "",
        in_words(step, Scene(step.key, (), Library()))[1] if step else "",
        _("variant %(variant)s") % {"variant": wanted.variant} if wanted.variant else "",
        groups.get(wanted.group, ""),
        str(words.ENDS[End(wanted.state)]) if wanted.state else "",
        reasons.sentence(wanted.reason) if wanted.reason not in ("", NO_REASON) else "",
        facts.get(wanted.fact, ""),
        _("left by “%(port)s”") % {"port": wanted.port} if wanted.port else "",
    ]
    return [chip for chip in shown if chip]


def people_context(campaign: Campaign, wanted: Filter, version: Version | None, *, count: int) -> dict[str, Any]:
    """Return what the page of the people behind a number says. Costs at most four queries."""
    back = reverse("campaigns:report-detail", args=[campaign.pk])
    asked = query(wanted, version)
    people = ngettext("%(n)s person", "%(n)s people", count) % {"n": figures.number(count)}
    return {
        "title": people,
        "sentence": " · ".join(chips(campaign, wanted, version)) or _("Everybody who entered"),
        "back_url": f"{back}?version={version.number}" if version else back,
        "export_query": asked,
    }


def _identity(report: Report, links: Links) -> list[Term]:
    whole = report.audience or 1
    return [
        Term(str(end), words.ENDS[end], report.of(end).people, links(state=end), report.of(end).people / whole)
        for end in words.ENDS
        if report.of(end).people
    ]


def _laid_out(terms: Sequence[Term]) -> list[dict[str, Any]]:
    """Return the terms side by side as a bar of 100."""
    placed, x = [], 0.0
    for term in terms:
        placed.append({"key": term.key, "x": round(x, 2), "width": term.width})
        x += term.width
    return placed


def _sentence(report: Report) -> str:
    audience, here = report.audience, report.everyone.is_here
    entered = ngettext("%(n)s person has entered", "%(n)s people have entered", audience) % {"n": figures.number(audience)}
    if not here:
        return _("%(entered)s, nobody is inside any more.") % {"entered": entered}
    inside = ngettext("%(n)s is inside now", "%(n)s are inside now", here) % {"n": figures.number(here)}
    return _("%(entered)s, %(inside)s.") % {"entered": entered, "inside": inside}


def _reasons(report: Report, end: End, links: Links) -> list[Term]:
    rows = report.reasons(end)
    most = max((people for _reason, people in rows), default=1)
    unnamed = _("In the outbox, next in line") if end is End.UNDERWAY else reasons.sentence("")
    return [
        Term(
            reason,
            reasons.sentence(reason) if reason else unnamed,
            people,
            links(state=end, reason=reason or NO_REASON),
            people / most,
        )
        for reason, people in rows
    ]


def _comparisons(report: Report) -> list[tuple[str, Comparison | None]]:
    rows: list[tuple[str, Comparison | None]] = []
    if report.has_goal and report.control.people:
        rows.append((_("Everybody it may write to against control"), report.conversions))
    tests = [step for step in report.steps if len(step.variants) > 1]
    against = _("%(one)s against %(other)s, test %(number)s") if len(tests) > 1 else _("%(one)s against %(other)s")
    for number, step in enumerate(tests, start=1):
        for one in step.variants:
            names = {"one": one.key, "other": step.variants[0].key, "number": number}
            if number == 1:
                rows.append((_("%(one)s against control") % names, one.against_control))
            rows.append((against % names, one.against_first))
    return rows if report.has_goal else []


def _gain(report: Report) -> dict[str, float] | None:
    """Return what the campaign earned in all, from the difference to the control group; None while that is unknown."""
    comparison = report.revenue
    if not report.has_goal or comparison.interval is None or not report.everyone.payers:
        return None
    people = report.treated.people
    return {
        "middle": comparison.difference * people,
        "low": comparison.interval.low * people,
        "high": comparison.interval.high * people,
    }


def _curve(report: Report) -> dict[str, Any]:
    """Return the share of people who had converted by day, of both groups, as an ECharts option and as rows."""
    days = campaign_report.conversion_days(report)
    sizes = {True: report.control.people, False: report.treated.people}
    names = {False: _("May be written to"), True: _("Control group")}
    shares = {group: [count / sizes[group] if sizes[group] else 0.0 for count in counts] for group, counts in days.items()}
    series = [
        {
            "name": names[group],
            "type": "line",
            "step": "end",
            "data": [round(share * 100, 2) for share in shares[group]],
            "endLabel": {"show": True, "formatter": "{a}", "color": "var(--ink)", "textBorderWidth": 0},
            "labelLayout": {"moveOverlap": "shiftY"},
            "lineStyle": {"width": 2, "type": "dashed" if group else "solid"},
        }
        for group in (False, True)
    ]
    axis = {"name": _("days after entering"), "nameLocation": "middle", "nameGap": 26}
    option = {
        "grid": {"left": 44, "right": 130, "top": 16, "bottom": 40},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": list(range(len(days[True]))), **axis},
        "yAxis": {"type": "value", "min": 0, "axisLabel": {"formatter": "{value} %"}},
        "series": series,
    }
    rows = [(day, shares[False][day], shares[True][day]) for day in range(len(days[True]))]
    return {"option": option, "rows": rows}
