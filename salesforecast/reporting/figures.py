"""Small SVG drawings for the page and the notebooks: no script, no library, no network."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from unicodedata import east_asian_width

import pandas as pd

from salesforecast.reporting.report import Report
from salesforecast.reporting.wording import Wording

INK, INK2, AXIS, RULE = "#1d2329", "#4d5761", "#9aa3ab", "#eceff2"
EDIT, FORECAST, FORECAST80 = "#0b57a4", "#4c6878", "#d6e1e7"
BAR, BAND, RANGE, BAD, CHANCE = "#c3cbd2", "#eef1f4", "#b9cad3", "#a63603", "#5f7d8e"
_SHOWN_QUARTERS = 12
_FURTHEST = 2.5  # attainment at the right end of the dot strip


@dataclass(frozen=True)
class Picture:
    """An SVG drawing that a notebook shows as a cell's result."""

    svg: str

    def _repr_html_(self) -> str:
        style = "font-family:'Segoe UI','PingFang SC','Noto Sans CJK SC','Noto Sans',sans-serif"
        return f'<div style="background:#fff;{style}">{self.svg}</div>'


def history_and_target(report: Report, language: str = "en") -> Picture:
    """Sales by quarter as bars from zero, then the forecast's 80 % range, its mean and the target."""
    words = Wording(language, report.divisor, calendar=report.plan.calendar)
    company, shown = report.company, report.history.tail(_SHOWN_QUARTERS)
    sales = shown["sales"].to_numpy(dtype=float) / report.divisor
    now = {k: float(company[k]) / report.divisor for k in ("forecast", "low80", "high80", "target")}
    top, ticks = _axis(max([*sales, *now.values()]))
    left, right, ground, roof = max(44.0, 6.2 * len(f"{top:,.0f}")), 304.0, 148.0, 16.0
    slot = (right - left) / (len(sales) + 1)
    width = slot * 0.8

    def y(value: float) -> float:
        return ground - (ground - roof) * max(value, 0.0) / top

    marks = [_grid(tick, y(tick), left, right) for tick in ticks]
    labels = []  # drawn last: a higher bar beside must not cover them
    planned = report.plan.periods[0]
    for at, (period, name, value) in enumerate(
        zip(shown["period"], shown["label"], sales, strict=True)
    ):
        x, same = left + slot * at + slot * 0.1, period.month == planned.month
        marks.append(_rect(x, y(value), width, ground - y(value), INK2 if same else BAR))
        middle = x + width / 2
        if same:
            amount = f"{value:,.0f}"
            clear = max(middle, left + 3.2 * len(amount))  # of the axis and its figures
            labels.append(_text(clear, y(value) - 4, amount, "middle", INK))
            marks.append(_text(middle, 163, words.quarter(str(name)), "middle"))
    marks.append(_fan(now, y, left + slot * len(sales) + slot * 0.1, width, words))
    quarter = words.short_quarter(report.quarter)
    x = left + slot * (len(sales) + 0.5)
    marks.append(_text(x, 163, quarter, "middle", EDIT, weight=600))
    label = words.say(
        "figure_reach",
        forecast=words.amount(company["forecast"]),
        target=words.amount(company["target"]),
    )
    return Picture(_svg(430, 168, marks + labels, label))


def fairness_strip(report: Report, language: str = "en") -> Picture:
    """One row a method: a dot per person and quarter at its attainment, then the row's measures.

    Raises
    ------
    ValueError
        If the report has no hindcast.
    """
    if report.hindcast is None:
        raise ValueError("the report has no hindcast")
    words = Wording(language, report.divisor, calendar=report.plan.calendar)
    hindcast = report.hindcast
    summary, rows = hindcast.summary, len(hindcast.summary)
    names = {str(method): words.method(str(method)) for method in summary.index}
    left = max(120.0, 16 + max(map(_wide, names.values())))
    right, row = 446.0, 24.0  # room for "12 beyond" before the first column of figures
    foot = 18 + row * rows

    def x(attainment: float) -> float:
        return left + (right - left) * min(max(attainment, 0.0), _FURTHEST) / _FURTHEST

    marks = [_rect(x(0.8), 16, x(1.2) - x(0.8), foot - 14, BAND)]
    marks.append(_line(x(1), x(1), 16, foot + 2, AXIS))
    marks.append(_text(x(1), 11, words.say("fair_band"), "middle"))
    marks.append(_text(540, 11, words.say("fair_inside"), "end"))
    marks.append(_text(700, 11, words.say("fair_spread"), "end"))
    by_method = {str(m): frame for m, frame in hindcast.detail.groupby("method", sort=False)}
    for at, (method, measures) in enumerate(summary.iterrows()):
        middle, ours = 18 + row * at + row / 2, str(method) == report.ours
        weight = 600 if ours else 400
        name = names[str(method)]
        marks.append(_text(0, middle + 4, name, "start", INK, 12, weight=weight))
        values = by_method[str(method)]["attainment"].dropna() if str(method) in by_method else []
        marks.append(_dots(values, middle, x, EDIT if ours else INK2, words))
        share = words.percent(measures["share_80_120"])
        marks.append(_text(540, middle + 4, share, "end", INK, 12, weight=weight))
        marks.append(_text(700, middle + 4, _spread(measures), "end", INK, 12, weight=weight))
    for tick in (0.0, 0.5, 1.0, 1.5, 2.0, 2.5):
        marks.append(_text(x(tick), foot + 14, words.percent(tick), "middle"))
    return Picture(_svg(700, foot + 20, marks, words.say("fair_figure")))


def range_bar(row: pd.Series | dict[str, float], reach: float = 0.3, width: float = 64.0) -> str:
    """The 80 % range around the forecast, and the target as a triangle, on ±`reach` of the forecast.

    Every bar has the same scale, so widths compare across rows; what lies beyond is cut at
    the edge. Nothing is drawn where no sales are expected.
    """
    forecast = float(row["forecast"])
    if not forecast > 0 or math.isnan(float(row["low80"])):
        return ""

    def x(value: float) -> float:
        share = (value / forecast - 1) / reach
        return width / 2 + (width / 2 - 4) * min(max(share, -1.0), 1.0)

    low, high, at = x(float(row["low80"])), x(float(row["high80"])), x(float(row["target"]))
    marks = [
        _rect(low, 4, high - low, 4, RANGE),
        _line(width / 2, width / 2, 2, 10, FORECAST, 1.6),
        f'<path d="M{at:.1f} 7 l3 5 h-6z" fill="{EDIT}"/>',
    ]
    return f'<svg width="{width:g}" height="12" aria-hidden="true">{"".join(marks)}</svg>'


def change_bar(change: float, largest: float, width: float = 118.0) -> str:
    """A bar to the right of the middle for more, to the left and red for less."""
    middle = width / 2
    length = (middle - 4) * abs(change) / largest if largest else 0.0
    start, fill = (middle, CHANCE) if change >= 0 else (middle - length, BAD)
    marks = _line(middle, middle, 0, 10, AXIS) + _rect(start, 1.5, length, 7, fill)
    return f'<svg width="{width:g}" height="10" aria-hidden="true">{marks}</svg>'


def _axis(largest: float) -> tuple[float, list[float]]:
    """Top of an axis from zero and its ticks, at round numbers."""
    if not largest > 0:
        return 1.0, [0.0]
    rough = largest * 1.04 / 3
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * m for m in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if size * m >= rough)
    return step * 3, [0.0, step, step * 2, step * 3]


def _fan(
    now: dict[str, float], y: Callable[[float], float], x: float, width: float, words: Wording
) -> str:
    """Range, mean and target of the planned quarter, with labels beside them that do not overlap."""
    high, low = y(now["high80"]), y(now["low80"])
    at_target, at_forecast = y(now["target"]), y(now["forecast"])
    amounts = {key: words.amount(now[key] * words.divisor) for key in now}
    low_high = {"low": amounts["low80"], "high": amounts["high80"]}
    labels = [  # height, text, colour, weight
        (at_target, words.say("target_label", amount=amounts["target"]), EDIT, 600),
        (at_forecast, words.say("forecast_label", amount=amounts["forecast"]), INK2, 400),
        (low, words.say("range_label", **low_high), INK2, 400),
    ]
    labels.sort(key=lambda label: label[0])
    heights = _apart([label[0] for label in labels], 13.5)
    beside = x + width + 8
    marks = [
        _rect(x, high, width, low - high, FORECAST80),
        _line(x - 2, x + width + 2, at_forecast, at_forecast, FORECAST, 2),
        _line(x - 4, x + width + 4, at_target, at_target, EDIT, 3),
    ]
    for height, (_, text, fill, weight) in zip(heights, labels, strict=True):
        marks.append(_text(beside, height + 4, text, "start", fill, 10.5, weight=weight))
    return "".join(marks)


def _apart(heights: Sequence[float], least: float) -> list[float]:
    """Move ascending heights down until each lies `least` below the one before, centred on all."""
    moved = list(heights)
    for at in range(1, len(moved)):
        moved[at] = max(moved[at], moved[at - 1] + least)
    shift = (sum(heights) - sum(moved)) / len(moved)
    return [height + shift for height in moved]


def _dots(
    values: Sequence[float] | pd.Series,
    middle: float,
    x: Callable[[float], float],
    fill: str,
    words: Wording,
) -> str:
    """Dots of one row, spread in height by a fixed pattern so that the same data draws the same."""
    marks, beyond = [], 0
    for at, value in enumerate(values):
        beyond += value > _FURTHEST
        height = middle + ((at * 7) % 15 - 7) * 1.05
        marks.append(
            f'<circle cx="{x(value):.1f}" cy="{height:.1f}" r="2.4" fill="{fill}" fill-opacity=".5"/>'
        )
    if beyond:
        marks.append(
            _text(x(_FURTHEST) + 6, middle + 3.5, words.say("fair_beyond", n=beyond), "start")
        )
    return "".join(marks)


def _wide(text: str) -> float:
    """Width of a text of 12 px, on the wide side; Chinese characters are as wide as high."""
    return sum(12.0 if east_asian_width(letter) in "WF" else 6.6 for letter in text)


def _spread(measures: pd.Series) -> str:
    text = f"{measures['spread']:.2f}"
    if pd.isna(measures["spread_low"]):
        return text
    return f"{text} ({measures['spread_low']:.2f} – {measures['spread_high']:.2f})"


def _grid(tick: float, height: float, left: float, right: float) -> str:
    stroke = AXIS if tick == 0 else RULE
    label = f"{tick:,.0f}" if tick >= 10 or tick == 0 else f"{tick:g}"
    return _line(left, right, height, height, stroke) + _text(left - 5, height + 3.5, label, "end")


def _rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}"/>'
    )


def _line(x1: float, x2: float, y1: float, y2: float, stroke: str, width: float = 1) -> str:
    ends = f'x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{stroke}" stroke-width="{width:g}"/>'


def _text(
    x: float,
    y: float,
    text: str,
    anchor: str,
    fill: str = INK2,
    size: float = 10.5,
    *,
    weight: int = 400,
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" '
        f'font-weight="{weight}" fill="{fill}">{escape(text)}</text>'
    )


def _svg(width: float, height: float, marks: Sequence[str], label: str) -> str:
    return (
        f'<svg width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}" '
        f'overflow="visible" role="img" aria-label="{escape(label)}">{"".join(marks)}</svg>'
    )
