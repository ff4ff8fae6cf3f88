"""Pictures beside the grid, as SVG: a unit's quarters, and how fair the split is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd

from salesforecast.planning.plan import Plan
from salesforecast.reporting import figures
from salesforecast.reporting.report import is_house
from salesforecast.reporting.wording import Wording
from salesforecast.widgets import style
from salesforecast.widgets.session import place_label
from salesforecast.widgets.words import say

STRIP_ROWS = 12


def quarters(history: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Sales of every node by quarter, counted back from the planned one.

    Parameters
    ----------
    history
        `HISTORY`, leaf × product × month.

    Returns
    -------
    pd.DataFrame
        float64, node × first day of a quarter, oldest first; whole quarters only.
    """
    length = len(plan.periods)
    months = history.pivot_table(index="node", columns="period", values="sales", aggfunc="sum")
    first, last = months.columns.min(), plan.periods[0] - pd.DateOffset(months=1)
    months = months.reindex(columns=pd.date_range(first, last, freq="MS")).fillna(0.0)
    months = months.reindex(plan.hierarchy.leaves).fillna(0.0)
    whole = months.shape[1] // length * length
    months = months.iloc[:, months.shape[1] - whole :]
    starts = months.columns[::length]
    sums = months.T.groupby([starts[at // length] for at in range(whole)]).sum().T
    return plan.hierarchy.totals(sums)


@dataclass(frozen=True)
class _Plot:
    """Where amounts and quarters lie in the picture, in px."""

    top: float
    slots: int
    width: int
    left: int = 46
    right: int = 92
    height: int = 116

    def y(self, amount: float) -> float:
        return round(4 + (self.height - 4) * (1 - max(amount, 0.0) / self.top), 1)

    def x(self, slot: int) -> float:
        return round(self.left + self.step * (slot + 0.5), 1)

    @property
    def step(self) -> float:
        return (self.width - self.left - self.right) / self.slots

    @property
    def bar(self) -> float:
        return round(min(26.0, 0.7 * self.step), 1)


def history_chart(
    sales: pd.Series, unit: pd.Series, start: pd.Timestamp, wording: Wording, *, width: int = 420
) -> str:
    """SVG: bars of past quarters, then the forecast with its 80 % range and the target.

    Parameters
    ----------
    sales
        Sales by first day of a quarter, oldest first; the last eight are shown.
    unit
        A row of `plan.units`.
    start
        First day of the planned quarter; the same quarter a year before is dark.
    """
    shown = sales.iloc[-8:]
    tick = round_tick(max([*shown, unit["high80"], unit["target"], 1.0]))
    plot = _Plot(top=3 * tick, slots=len(shown) + 1, width=width)
    label = escape(say(wording.language, "history_title"), quote=True)
    parts = [_axis(plot, [*shown.index, start], wording)]
    for at, (period, amount) in enumerate(shown.items()):
        dark = period == start - pd.DateOffset(years=1)
        parts.append(
            f'<rect x="{plot.x(at) - plot.bar / 2:.1f}" y="{plot.y(amount)}" width="{plot.bar}" '
            f'height="{plot.y(0) - plot.y(amount):.1f}" fill="{figures.FORECAST if dark else figures.BAR}">'
            f"<title>{wording.month(period)} {period.year}: {wording.amount(amount)}</title></rect>"
        )
    parts.append(_planned(plot, unit, wording))
    return (
        f'<svg class="sf-history" width="{width}" height="{plot.height + 30}" role="img" '
        f'aria-label="{label}">' + "".join(parts) + "</svg>"
    )


def round_tick(largest: float) -> float:
    """The least of 1, 1.5, 2, 3, 4, 5, 6, 8 × a power of ten of which three reach `largest`."""
    power = 10.0 ** math.floor(math.log10(largest / 3))
    steps = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
    return next(power * step for step in steps if 3 * power * step >= largest)


def _axis(plot: _Plot, periods: Sequence[pd.Timestamp], wording: Wording) -> str:
    """Amounts on the left, and each quarter's first month, with the year where it begins."""
    lines = [
        f'<path d="M{plot.left} {plot.y(amount)}H{plot.width - plot.right}" stroke="{style.LINE2}"/>'
        f'<text x="{plot.left - 5}" y="{plot.y(amount) + 3.5}" font-size="10" text-anchor="end">'
        f"{wording.amount(amount)}</text>"
        for amount in (0.0, plot.top / 3, 2 * plot.top / 3, plot.top)
    ]
    year = 0
    for at, period in enumerate(periods):
        weight = ' font-weight="600"' if at == len(periods) - 1 else ""
        attributes = f'x="{plot.x(at)}" font-size="10" text-anchor="middle"{weight}'
        lines.append(f'<text y="{plot.height + 13}" {attributes}>{wording.month(period)}</text>')
        if period.year != year:
            lines.append(f'<text y="{plot.height + 26}" {attributes}>{period.year}</text>')
        year = period.year
    return "".join(lines)


def _planned(plot: _Plot, unit: pd.Series, wording: Wording) -> str:
    """The planned quarter: range, forecast and target, each named beside it."""
    x, bar = plot.x(plot.slots - 1), plot.bar
    forecast, target = plot.y(unit["forecast"]), plot.y(unit["target"])
    low, high = plot.y(unit["low80"]), plot.y(unit["high80"])
    apart = max(0.0, 13 - abs(target - forecast)) / 2  # so that the two names do not overlap
    up = -1 if target <= forecast else 1
    beside = x + bar / 2 + 8
    return (
        f'<rect x="{x - bar / 2:.1f}" y="{high}" width="{bar}" height="{max(low - high, 1):.1f}" '
        f'fill="{figures.FORECAST80}"/>'
        f'<path d="M{x - bar / 2:.1f} {forecast}h{bar}" stroke="{figures.FORECAST}" stroke-width="2"/>'
        f'<path d="M{x - bar / 2 - 4:.1f} {target}h{bar + 8}" stroke="{figures.EDIT}" stroke-width="3"/>'
        f'<text x="{beside:.1f}" y="{target + 3.5 + up * apart:.1f}" font-size="11" font-weight="600" '
        f'style="fill:{figures.EDIT}">{say(wording.language, "target")} {wording.amount(unit["target"])}</text>'
        f'<text x="{beside:.1f}" y="{forecast + 3.5 - up * apart:.1f}" font-size="11">'
        f"{say(wording.language, 'forecast')} {wording.amount(unit['forecast'])}</text>"
    )


def people(plan: Plan) -> pd.DataFrame:
    """Rows of the positions that a fair split is about: people who are expected to sell something.

    Sales that nobody owns (`(online)`) count only where there is nobody else.
    """
    units = plan.units
    leaves = units[units["leaf"].astype(bool) & (units["forecast"] > 0)].dropna(subset=["chance"])
    owned = leaves[[not is_house(str(label)) for label in leaves["label"]]]
    return leaves if owned.empty else owned


def strip_rows(now: Plan, before: Plan) -> tuple[pd.DataFrame, int]:
    """People of the fairness strip with their chance `before` and `now`, and how many are hidden.

    Sorted by the chance before; above twelve, those furthest from the middle are kept.
    """
    chosen = people(now)
    rows = chosen[["limit"]].assign(
        now=chosen["chance"], before=before.units["chance"].reindex(chosen.index)
    )
    far = (rows["now"] - rows["now"].median()).abs().sort_values(ascending=False, kind="stable")
    kept = rows.loc[rows.index.isin(far.index[:STRIP_ROWS])]
    kept = kept.sort_values(["before", "now"], ascending=False, kind="stable")
    return kept, len(rows) - len(kept)


def fairness_strip(now: Plan, before: Plan, wording: Wording, *, width: int = 560) -> str:
    """SVG: each person's chance to attain; hollow: when the session began, filled: now."""
    rows, hidden = strip_rows(now, before)
    left, right, row = 150, width - 92, 13
    height = row * len(rows) + 20

    def x(chance: float) -> float:
        return round(left + (right - left) * chance, 1)

    parts = [
        f'<path d="M{x(tick)} 2V{height - 18}" stroke="{style.LINE2}"/>'
        f'<text x="{x(tick)}" y="{height - 6}" font-size="10" text-anchor="middle">{wording.percent(tick)}</text>'
        for tick in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    for at, (node, unit) in enumerate(rows.to_dict("index").items()):
        y = 9 + row * at
        then = unit["before"] if unit["before"] == unit["before"] else unit["now"]
        label = escape(place_label(now.units, str(node), wording))
        limit = escape(wording.name("limit", str(unit["limit"])))
        parts.append(
            f'<text x="{left - 8}" y="{y + 3.5}" font-size="10.5" text-anchor="end">{label}</text>'
            f'<path d="M{x(then)} {y}H{x(unit["now"])}" stroke="{figures.BAR}"/>'
            f'<circle cx="{x(then)}" cy="{y}" r="3.5" fill="#fff" stroke="{figures.INK2}"/>'
            f'<circle cx="{x(unit["now"])}" cy="{y}" r="3.5" fill="{figures.INK}"><title>{label}: '
            f"{wording.chance(unit['now'])}</title></circle>"
            f'<text x="{right + 8}" y="{y + 3.5}" font-size="10.5">{limit}</text>'
        )
    label = escape(say(wording.language, "fairness_title"), quote=True)
    note = say(wording.language, "strip_note")
    if hidden:
        note += " " + say(wording.language, "hidden", count=hidden)
    return (
        f'<svg class="sf-strip" width="{width}" height="{height}" role="img" aria-label="{label}">'
        + "".join(parts)
        + f'</svg><div class="sf-note">{note}</div>'
    )
