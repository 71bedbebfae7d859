"""What do the numbers of a report say? Verdicts, ends and definitions in whole sentences."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.experiments.statistics import Comparison, Interval, Verdict
from campaigns.reports import reasons
from campaigns.reports.campaign import Report, StepReport
from campaigns.reports.facts import End
from omni import figures

ENDS = {
    End.SENT: gettext_lazy("got a message"),
    End.CONTROL: gettext_lazy("control group"),
    End.NOT_SENT: gettext_lazy("not sent"),
    End.UNDERWAY: gettext_lazy("on its way"),
    End.HERE: gettext_lazy("inside, nothing sent yet"),
    End.UNCLEAR: gettext_lazy("unclear"),
    End.NO_MESSAGE: gettext_lazy("no message on their path"),
}
DEFINITIONS = {
    "came": gettext_lazy("People who came to this step. Who came several times is one person."),
    "sent": gettext_lazy("People whose message the provider took. A click shows who they are."),
    "delivered": gettext_lazy("People whose mail server reported the message as delivered. Many servers never report."),
    "opened": gettext_lazy(
        "People whose mail program loaded the picture in the message. Scanners and mail programs that load it by "
        "themselves count as machines and are shown apart."
    ),
    "clicked": gettext_lazy("People who followed a link of the message. Link scanners count as machines and are left out."),
    "converted": gettext_lazy(
        "People who did what the campaign is for, after coming to this step and within the goal's days of entering. "
        "The same purchase can count at several steps; the comparison with the control group counts each person once."
    ),
    "unsubscribed": gettext_lazy("People who opted out through this message."),
}
PER_THOUSAND, PER_TEN_THOUSAND = 1_000, 10_000


@dataclass(frozen=True)
class Saying:
    """A verdict: `title` is the sentence to read first, `detail` the facts behind it. `tone` as of badges."""

    tone: str
    icon: str
    title: str
    detail: str = ""


LOOKS = {
    Verdict.BETTER: ("success", "trending-up"),
    Verdict.WORSE: ("danger", "trending-down"),
    Verdict.SAME: ("neutral", "equal"),
    Verdict.UNCLEAR: ("warning", "scale"),
    Verdict.TOO_FEW: ("neutral", "hourglass"),
}


def on_campaign(report: Report) -> Saying:
    """Say whether the campaign changed what people do."""
    if not report.audience:
        return Saying("neutral", "hourglass", _("Nobody has entered yet."))
    if not report.has_goal:
        title = _("This campaign has no goal, so there is nothing to compare.")
        return Saying("neutral", "target", title, _("Name an event as its goal to see whether it changes what people do."))
    if not report.control.people:
        title = _("Nobody is in the control group, so it cannot be told what people would have done anyway.")
        return Saying("neutral", "scale", title, _shares(report))
    comparison = report.conversions
    tone, icon = LOOKS[comparison.verdict]
    return Saying(tone, icon, _campaign_title(comparison), _shares(report))


def on_revenue(report: Report, currency: str) -> str:
    """Say what a person spends more or less because of the campaign; '' when nobody spent or nobody is compared."""
    comparison = report.revenue
    if not report.has_goal or not report.everyone.payers or not report.control.people:
        return ""
    both = {
        "treated": amount(comparison.arm.mean, currency),
        "control": amount(comparison.base.mean, currency),
    }
    facts = _("A person it may write to spends %(treated)s on average, one in the control group %(control)s.") % both
    return f"{facts} {_revenue_verdict(comparison, currency)}".strip()


def on_variants(step: StepReport, test: str = "") -> list[Saying]:
    """Say of each further variant of a step whether it is better than the first one; `test` names it among several."""
    first = step.variants[0].key if step.variants else ""
    sayings = [_on_variant(one.key, first, one.against_first) for one in step.variants if one.against_first is not None]
    return [replace(saying, title=f"{test}: {saying.title}") for saying in sayings] if test else sayings


def standing(end: End, reason: str) -> str:
    """Say where a person stands: "not sent: No address for this channel"."""
    label = str(ENDS[end])
    return f"{label}: {reasons.sentence(reason)}" if reason else label


def short(comparison: Comparison | None) -> str:
    """Return the verdict in one or two words, for lists."""
    if comparison is None:
        return _("Not compared")
    return {
        Verdict.BETTER: _("Works"),
        Verdict.WORSE: _("Harms"),
        Verdict.SAME: _("Makes no difference"),
        Verdict.UNCLEAR: _("Cannot be told yet"),
        Verdict.TOO_FEW: _("Too early"),
    }[comparison.verdict]


def between(interval: Interval) -> str:
    """Write an interval of shares as people per 1,000: "between 12 and 71 more people per 1,000"."""
    per = _per(interval)
    values = {"low": _people(interval.low, per), "high": _people(interval.high, per), "per": figures.number(per)}
    if interval.low >= 0:
        return _("between %(low)s and %(high)s more people per %(per)s") % values
    if interval.high <= 0:
        values |= {"low": values["high"], "high": values["low"]}
        return _("between %(low)s and %(high)s fewer people per %(per)s") % values
    return _("between %(low)s fewer and %(high)s more people per %(per)s") % values


def points(share: float) -> str:
    """Write a difference of shares in percentage points with its sign."""
    sign = "+" if share > 0 else ""
    return _("%(sign)s%(points)s points") % {"sign": sign, "points": figures.number(share * 100, places=2)}


def amount(value: float, currency: str) -> str:
    return f"{figures.number(value, places=2)}\u00a0{currency}"


def more_people(comparison: Comparison) -> str:
    """Say how many more people would settle it; '' when it is settled."""
    if comparison.verdict not in (Verdict.UNCLEAR, Verdict.TOO_FEW):
        return ""
    more = comparison.more_people
    if more is None:
        return _("No number of people in sight would settle it.")
    rounded = _rounded(more)
    text = ngettext("About %(count)s more person is needed.", "About %(count)s more people are needed.", rounded)
    return text % {"count": figures.number(rounded)}


def _campaign_title(comparison: Comparison) -> str:
    if comparison.interval is None:
        return f"{_('Too early for a verdict: too few people have reached the goal.')} {more_people(comparison)}"
    values = {"between": between(comparison.interval)}
    if comparison.verdict is Verdict.BETTER:
        return _("The campaign works: %(between)s reach the goal because of it.") % values
    if comparison.verdict is Verdict.WORSE:
        return _("The campaign harms: %(between)s reach the goal because of it.") % values
    if comparison.verdict is Verdict.SAME:
        return _("The campaign makes no difference that matters: %(between)s reach the goal with it.") % values
    sentence = _("It cannot be told yet whether the campaign works: %(between)s reach the goal because of it.") % values
    return f"{sentence} {more_people(comparison)}"


def _shares(report: Report) -> str:
    treated, control = report.treated, report.control
    values = {
        "event": report.campaign.goal_event,
        "treated": figures.percent(treated.conversions.mean, places=2),
        "people": figures.number(treated.people),
        "control": figures.percent(control.conversions.mean, places=2),
        "control_people": figures.number(control.people),
        "days": report.campaign.goal_days,
    }
    reached = _("%(event)s within %(days)s days of entering: %(treated)s of the %(people)s people it may write to") % values
    if not control.people:
        return f"{reached}."
    return reached + _(", %(control)s of the %(control_people)s people in the control group.") % values


def _on_variant(key: str, first: str, comparison: Comparison) -> Saying:
    tone, icon = LOOKS[comparison.verdict]
    names = {"one": key, "other": first, "between": between(comparison.interval) if comparison.interval else ""}
    title = {
        Verdict.BETTER: _("%(one)s is better than %(other)s: %(between)s reach the goal."),
        Verdict.WORSE: _("%(one)s is worse than %(other)s: %(between)s reach the goal."),
        Verdict.SAME: _("%(one)s and %(other)s do the same: %(between)s reach the goal with %(one)s."),
        Verdict.UNCLEAR: _("%(one)s and %(other)s cannot be told apart yet: %(between)s reach the goal with %(one)s."),
        Verdict.TOO_FEW: _("Too early to tell %(one)s and %(other)s apart."),
    }[comparison.verdict]
    return Saying(tone, icon, f"{title % names} {more_people(comparison)}".strip())


def _revenue_verdict(comparison: Comparison, currency: str) -> str:
    interval = comparison.interval
    if interval is None:
        return _("That is too few purchases for a verdict.")
    values = {"low": amount(abs(interval.low), currency), "high": amount(abs(interval.high), currency)}
    if interval.low >= 0:
        return _("The campaign earns between %(low)s and %(high)s per person.") % values
    if interval.high <= 0:
        values = {"low": values["high"], "high": values["low"]}
        return _("The campaign costs between %(low)s and %(high)s per person.") % values
    return _("The difference may be anything from %(low)s less to %(high)s more per person.") % values


def _per(interval: Interval) -> int:
    return PER_THOUSAND if max(abs(interval.low), abs(interval.high)) * PER_THOUSAND >= 20 else PER_TEN_THOUSAND


def _people(share: float, per: int) -> str:
    return figures.number(round(abs(share) * per))


def _rounded(people: int) -> int:
    """Return two leading digits: a forecast of 13,482 is no better than one of 13,000."""
    step = int(10 ** max(len(str(people)) - 2, 0))
    return max(round(people / step) * step, 1)
