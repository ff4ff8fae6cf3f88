"""Pictures of the planner's screen as SVG: past, futures and target; why; how fair; the total."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import numpy as np
import pandas as pd

from salesforecast.planning.plan import Plan
from salesforecast.reporting import figures
from salesforecast.reporting.report import is_house
from salesforecast.reporting.wording import Wording
from salesforecast.widgets import style
from salesforecast.widgets.outlook import View
from salesforecast.widgets.session import place_label
from salesforecast.widgets.units import axis_marks
from salesforecast.widgets.words import say

WIDTH = 304  # px: the right column without its margins
STRIP_ROWS = 12
PAST = 0.5  # share of the width that the past takes beside the planned points
FAN50 = "#a9bfca"


def _svg(kind: str, label: str, parts: Sequence[str], *, width: int, height: float) -> str:
    return (
        f'<svg class="sf-{kind}" width="{width}" height="{height:g}" viewBox="0 0 {width} {height:g}" '
        f'role="img" aria-label="{escape(label, quote=True)}">{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, words: str, *, size: float = 10.5, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" {more}>{escape(words)}</text>'


def round_tick(largest: float) -> float:
    """The least of 1, 1.5, 2, 3, 4, 5, 6, 8 × a power of ten of which three reach `largest`."""
    power = 10.0 ** math.floor(math.log10(largest / 3))
    steps = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
    return next(power * step for step in steps if 3 * power * step >= largest)


@dataclass(frozen=True)
class _Plot:
    """Where amounts and points in time lie, in px; the past takes half of the width."""

    top: float
    past: int
    planned: int
    height: float
    left: float = 42.0
    right: float = WIDTH - 58.0

    def y(self, amount: float) -> float:
        return round(6 + (self.height - 6) * (1 - max(amount, 0.0) / self.top), 1)

    def x(self, point: int) -> float:
        """Centre of a point."""
        share = PAST if self.past and self.planned else float(self.past > 0)
        border = self.left + share * (self.right - self.left)
        if point < self.past:
            return round(self.left + (border - self.left) * (point + 0.5) / self.past, 1)
        ahead = (point - self.past + 0.5) / self.planned
        return round(border + (self.right - border) * ahead, 1)


def history_chart(view: View, wording: Wording, *, height: int = 108) -> str:
    """SVG: a line of what was sold, the fan of futures with its mean, and the target of each point."""
    sold, ahead, target = view.sold, view.ahead, view.target
    largest = max([*sold, *ahead["high80"], *target, 1.0])
    tick = round_tick(largest)
    left = max(_Plot.left, 5.8 * len(axis_marks(tick, wording)[-1]) + 6)  # room for long figures
    plot = _Plot(3 * tick, len(sold), len(ahead), height, left)
    periods = [*sold.index, *ahead.index]
    parts = [*_axis(plot, periods, wording), *_fan(plot, view), *_sold(plot, sold)]
    parts += _targets(plot, target, wording)
    parts += _names(plot, view, wording)
    label = say(wording.language, "history_title")
    return _svg("history", label, parts, width=WIDTH, height=height + 18)


def _axis(plot: _Plot, periods: Sequence[pd.Timestamp], wording: Wording) -> list[str]:
    """Amounts at the left; below, each planned point's month and every year where it begins."""
    out = []
    for at, said in enumerate(axis_marks(plot.top / 3, wording)):
        y = plot.y(at * plot.top / 3)
        out.append(f'<path d="M{plot.left} {y}H{plot.right}" stroke="{style.LINE2}"/>')
        out.append(_text(plot.left - 4, y + 3.5, said, size=10, more='text-anchor="end"'))
    year, last = 0, -99.0
    for at, period in enumerate(periods):
        x, fresh = plot.x(at), period.year != year
        planned = at >= plot.past
        year = period.year
        if (planned or fresh) and (planned or x - last > 26):
            words = wording.month(period) if planned else str(period.year)
            weight = ' font-weight="600"' if planned else ""
            out.append(
                _text(x, plot.height + 13, words, size=10, more=f'text-anchor="middle"{weight}')
            )
            last = x
    return out


def _fan(plot: _Plot, view: View) -> list[str]:
    """The ranges as bands that open at the last known point, and the mean as a line."""
    ahead = view.ahead
    at = [plot.x(plot.past + place) for place in range(len(ahead))]
    start = (
        [(plot.x(plot.past - 1), float(view.sold.iloc[-1]))] if len(view.sold) else []
    )  # nothing is known of a unit that never sold
    if not start and len(at) == 1:
        start = [(at[0] - 12, float(ahead["mean"].iloc[0]))]

    def line(name: str) -> list[tuple[float, float]]:
        return [*start, *zip(at, ahead[name], strict=True)]

    out = []
    for low, high, colour in (
        ("low80", "high80", figures.FORECAST80),
        ("low50", "high50", FAN50),
    ):
        edge = [*line(high), *line(low)[::-1]]
        points = " ".join(f"{x},{plot.y(amount)}" for x, amount in edge)
        out.append(f'<polygon points="{points}" fill="{colour}"/>')
    mean = " ".join(f"{x},{plot.y(amount)}" for x, amount in line("mean"))
    out.append(
        f'<polyline points="{mean}" fill="none" stroke="{figures.FORECAST}" stroke-width="1.5"/>'
    )
    return out


def _sold(plot: _Plot, sold: pd.Series) -> list[str]:
    points = " ".join(f"{plot.x(at)},{plot.y(amount)}" for at, amount in enumerate(sold))
    return [f'<polyline points="{points}" fill="none" stroke="{figures.INK}" stroke-width="1.5"/>']


def _targets(plot: _Plot, target: pd.Series, wording: Wording) -> list[str]:
    """A short bar per planned point, with its figure above."""
    room = (plot.right - plot.left) * (1 - PAST) / max(len(target), 1)
    half = min(14.0, room / 2 - 1)
    out = []
    for place, amount in enumerate(target):
        x, y = plot.x(plot.past + place), plot.y(amount)
        out.append(
            f'<path class="sf-target-bar" d="M{x - half:.1f} {y}H{x + half:.1f}" '
            f'stroke="{figures.EDIT}" stroke-width="2.5"/>'
        )
        words = wording.amount(amount)
        if room > 6 * len(words):
            more = f'text-anchor="middle" font-weight="600" style="fill:{figures.EDIT}"'
            out.append(_text(x, y - 4 if y > 14 else y + 12, words, size=10, more=more))
    return out


def _names(plot: _Plot, view: View, wording: Wording) -> list[str]:
    """What the lines are, beside the lines: moved apart where they would overlap."""
    language = wording.language
    wanted = [
        (plot.y(float(view.target.iloc[-1])), say(language, "target"), figures.EDIT, "600"),
        (
            plot.y(float(view.ahead["mean"].iloc[-1])),
            say(language, "forecast"),
            figures.INK2,
            "400",
        ),
        (plot.y(float(view.ahead["low80"].iloc[-1])), "50/80 %", figures.INK2, "400"),
    ]
    out, last = [], -99.0
    for y, words, colour, weight in sorted(wanted):
        last = max(y, last + 11.5)
        more = f'font-weight="{weight}" style="fill:{colour}"'
        out.append(_text(plot.right + 5, last + 3.5, words, size=10.5, more=more))
    if len(view.sold) > 2:
        at = int(view.sold.iloc[: max(len(view.sold) // 2, 1)].to_numpy().argmin())
        y = min(plot.y(float(view.sold.iloc[at])) + 12, plot.height - 3)
        out.append(_text(plot.x(at) + 2, y, say(language, "actual"), size=10))
    return out


def waterfall(parts: Sequence[tuple[str, int]], wording: Wording, *, row: float = 14.5) -> str:
    """SVG: from last year to the target, a bar a step; they add up, and zero steps stay visible.

    Parameters
    ----------
    parts
        What each step is called and its amount, in order; the first is where it starts.
    """
    amounts = [amount for _, amount in parts]
    running = [0, *[sum(amounts[: at + 1]) for at in range(len(amounts))]]
    grain = wording.divisor / 10**wording.decimals  # the least amount that is shown
    shown = _adding_up(amounts, grain)
    low, high = min(running[1:]), max(running[1:])
    room = max(high - low, 1)
    longest = max(len(wording.amount(figure * grain)) for figure in (*shown, sum(shown)))
    left, right = 122.0, WIDTH - max(46.0, 6.4 * longest + 8)
    base = left + 16.0

    def x(amount: float) -> float:
        return base + (right - base) * (amount - low) / room

    out = []
    for at, ((name, amount), figure) in enumerate(zip(parts, shown, strict=True)):
        y = at * row
        out.append(_text(0, y + row - 4, _short(name), size=11))
        first = at == 0
        start, end = (left if first else x(running[at])), x(running[at + 1])
        colour = (
            figures.INK2 if first else figures.BAD if amount < 0 else figures.CHANCE
        )  # the first bar is the past, the others are steps
        out.append(_bar(start, end, y, row, colour))
        if first:
            out.append(_break(left, y, row))
        words = wording.amount(figure * grain) if first else _signed(figure * grain, wording)
        out.append(_text(WIDTH, y + row - 4, words, size=11, more='text-anchor="end"'))
    y = len(parts) * row
    bold = f'font-weight="600" style="fill:{figures.EDIT}"'
    out.append(_text(0, y + row - 4, say(wording.language, "target"), size=11, more=bold))
    out += [_bar(left, x(running[-1]), y, row, figures.EDIT), _break(left, y, row)]
    total = wording.amount(sum(shown) * grain)
    out.append(_text(WIDTH, y + row - 4, total, size=11, more=f'text-anchor="end" {bold}'))
    label = say(wording.language, "why_title")
    return _svg("why", label, out, width=WIDTH, height=y + row + 2)


def _bar(start: float, end: float, y: float, row: float, colour: str) -> str:
    left, width = min(start, end), max(abs(end - start), 1.0)
    return (
        f'<rect x="{left:.1f}" y="{y + 2:.1f}" width="{width:.1f}" height="{row - 5:.1f}" '
        f'fill="{colour}"/>'
    )


def _break(left: float, y: float, row: float) -> str:
    """Two strokes: the bar does not begin at zero."""
    strokes = "".join(f"M{left + at} {y + row - 2}l4 -{row - 2}" for at in (3, 7))
    return f'<path d="{strokes}" stroke="#fff" stroke-width="1.6"/>'


def _short(words: str, most: int = 21) -> str:
    words = words[:1].upper() + words[1:]
    wide = sum(2 if ord(letter) > 0x2E80 else 1 for letter in words)
    return words if wide <= most else words[: most - 1] + "…"


def _signed(amount: float, wording: Wording) -> str:
    return wording.change(amount) if amount else "0"


def _adding_up(amounts: Sequence[int], divisor: float) -> list[int]:
    """The amounts in shown units, so that they add up as shown: running totals are rounded."""
    out, running, before = [], 0, 0
    for amount in amounts:
        running += amount
        now = round(running / divisor)
        out.append(now - before)
        before = now
    return out


@lru_cache(maxsize=4)  # asked for by several parts of the screen after every change
def people(plan: Plan) -> pd.DataFrame:
    """Positions that a fair split is about, people who are expected to sell something: of their
    rows `label`, `baseline`, `chance` and `limit`.

    Sales that nobody owns (`(online)`) count only where there is nobody else.
    """
    units = plan.units
    sells = units["leaf"].to_numpy(dtype=bool) & (units["forecast"].to_numpy() > 0)
    sells &= units["chance"].notna().to_numpy()
    owned = sells & [not is_house(label) for label in units["label"].tolist()]
    return units[["label", "baseline", "chance", "limit"]][owned if owned.any() else sells]


def strip_rows(now: Plan, before: Plan, *, rows: int = STRIP_ROWS) -> tuple[pd.DataFrame, int]:
    """People of the fairness strip with their chance `before` and `now`, and how many are hidden.

    Sorted by the chance before; where there are more than `rows`, those furthest from the
    middle, before or now, are kept.
    """
    chosen = people(now)
    then = before.units.index.get_indexer(chosen.index)
    known = np.append(before.units["chance"].to_numpy(), np.nan)  # nobody's is the last
    chances = np.column_stack([chosen["chance"].to_numpy(), known[then]])  # now and before
    off = np.abs(chances - [_middle(column) for column in chances.T])
    off = np.fmax(off[:, 0], off[:, 1])
    far = np.argsort(-off, kind="stable")[:rows]  # missing ones last
    kept = np.sort(far)
    kept = kept[np.lexsort((-chances[kept, 0], -chances[kept, 1]))]
    table = pd.DataFrame(
        {
            "limit": chosen["limit"].to_numpy()[kept],
            "now": chances[kept, 0],
            "before": chances[kept, 1],
        },
        index=chosen.index[kept],
    )
    return table, len(chosen) - len(kept)


def _middle(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else math.nan


def fairness_strip(now: Plan, before: Plan, wording: Wording, *, rows: int = STRIP_ROWS) -> str:
    """SVG: each person's chance to attain; hollow: the saved plan, filled: now."""
    table, hidden = strip_rows(now, before, rows=rows)
    left, right, row = 104.0, WIDTH - 66.0, 12.5
    height = row * len(table) + 18

    def x(chance: float) -> float:
        return round(left + (right - left) * chance, 1)

    parts = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(f'<path d="M{x(tick)} 2V{height - 14}" stroke="{style.LINE2}"/>')
        words = wording.percent(tick)
        parts.append(_text(x(tick), height - 3, words, size=10, more='text-anchor="middle"'))
    middle = _middle(table["now"].to_numpy())
    if middle == middle:
        parts.append(
            f'<path d="M{x(middle)} 2V{height - 14}" stroke="{figures.INK2}" stroke-dasharray="2 2"/>'
        )
    for at, (node, unit) in enumerate(table.to_dict("index").items()):
        y = 7 + row * at
        then = unit["before"] if unit["before"] == unit["before"] else unit["now"]
        label = place_label(now.units, str(node), wording)
        limit = wording.name("limit", str(unit["limit"]))
        title = escape(f"{label}: {wording.chance(then)} → {wording.chance(unit['now'])}")
        key = escape(str(node), quote=True)
        parts.append(
            f'<g data-sf-node="{key}"><rect y="{y - 6}" width="{WIDTH}" height="{row}" fill="#fff" '
            'fill-opacity="0"/>'
            + _text(left - 8, y + 3.5, _short(label, 15), more='text-anchor="end"')
            + f'<path d="M{x(then)} {y}H{x(unit["now"])}" stroke="{figures.BAR}"/>'
            f'<circle cx="{x(then)}" cy="{y}" r="3.2" fill="#fff" stroke="{figures.INK2}"/>'
            f'<circle cx="{x(unit["now"])}" cy="{y}" r="3.2" fill="{figures.INK}">'
            f"<title>{title}</title></circle>"
            + _text(right + 8, y + 3.5, _short(limit, 11))
            + "</g>"
        )
    svg = _svg("strip", say(wording.language, "fairness_title"), parts, width=WIDTH, height=height)
    more = say(wording.language, "hidden", count=hidden) if hidden else ""
    return svg + (f'<div class="sf-note">{more}</div>' if more else "")


def total_bar(company: pd.Series, ranges: pd.Series, wording: Wording) -> str:
    """SVG: the company's ranges of 50 and 80 %, its mean forecast, and the target."""
    low, high = float(ranges["low80"]), float(ranges["high80"])
    target, mean = float(company["target"]), float(company["forecast"])
    reach = max(high - low, 1.0) * 0.35
    start, end = min(low - reach, target), max(high + reach, target)

    def x(amount: float) -> float:
        return round(4 + (WIDTH - 8) * (amount - start) / (end - start), 1)

    def band(a: str, b: str, colour: str) -> str:
        return (
            f'<rect x="{x(float(ranges[a]))}" y="14" height="9" fill="{colour}" '
            f'width="{x(float(ranges[b])) - x(float(ranges[a])):.1f}"/>'
        )

    right = target >= mean
    names = (
        (mean, say(wording.language, "forecast"), figures.INK2, "400", right),
        (target, say(wording.language, "target"), figures.EDIT, "600", not right),
    )
    parts = [
        f'<path d="M0 18.5H{WIDTH}" stroke="{style.LINE}"/>',
        band("low80", "high80", figures.FORECAST80),
        band("low50", "high50", FAN50),
        f'<path d="M{x(mean)} 12V25" stroke="{figures.FORECAST}" stroke-width="2"/>',
        f'<path d="M{x(target)} 11V26" stroke="{figures.EDIT}" stroke-width="3"/>',
    ]
    for amount, name, colour, weight, before in names:
        at = min(
            max(x(amount) + (-3 if before else 3), 92 if before else 0),
            WIDTH - (0 if before else 92),
        )
        more = f'text-anchor="{"end" if before else "start"}" font-weight="{weight}" style="fill:{colour}"'
        parts.append(_text(at, 9, f"{name} {wording.amount(amount)}", more=more))
    for amount in (low, high):
        parts.append(
            _text(x(amount), 35, wording.amount(amount), size=10, more='text-anchor="middle"')
        )
    label = say(wording.language, "company_total")
    return _svg("total", label, parts, width=WIDTH, height=38)
