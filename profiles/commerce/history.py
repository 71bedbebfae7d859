"""How did price and stock of a product go? The options of a chart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from profiles.commerce import money
from profiles.models import ProductPeriod


def chart(periods: Sequence[ProductPeriod], *, now: datetime) -> dict[str, Any]:
    """Return the steps of the price over time, and of the stock where it is known."""
    ordered = sorted(periods, key=lambda period: period.from_at)
    prices = [[period.from_at.isoformat(), _amount(period)] for period in ordered]
    stocks = [[period.from_at.isoformat(), period.stock] for period in ordered]
    prices.append([now.isoformat(), prices[-1][1]])
    stocks.append([now.isoformat(), stocks[-1][1]])
    series: list[dict[str, Any]] = [{"type": "line", "step": "end", "name": _("Price"), "data": prices}]
    axes: list[dict[str, Any]] = [{"type": "value", "min": 0, "name": ordered[-1].currency}]
    if any(period.stock is not None for period in ordered):
        series.append({"type": "line", "step": "end", "name": _("In stock"), "data": stocks, "yAxisIndex": 1})
        axes.append({"type": "value", "min": 0, "name": _("pieces"), "splitLine": {"show": False}})
    return {
        "grid": {"left": 60, "right": 60 if len(axes) > 1 else 16, "top": 36, "bottom": 28},
        "xAxis": {"type": "time"},
        "yAxis": axes,
        "tooltip": {"trigger": "axis"},
        "legend": {"top": 0, "show": len(series) > 1},
        "series": series,
    }


def _amount(period: ProductPeriod) -> float | None:
    amount = money.major(period.price_minor, period.currency)
    return None if amount is None else float(amount)
