"""Drawings of the monthly review: signs, the landing's range, the gap so far, a ranking."""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape

import numpy as np
import pandas as pd

from salesforecast.planning.track import ABOVE, BELOW, EQUAL
from salesforecast.reporting.figures import AXIS, BAD, EDIT, FORECAST80, INK, INK2, RULE
from salesforecast.reporting.wording import Wording

GOOD, LEVEL, RANGE50 = "#00664f", "#6b5200", "#a9bfca"
COLOURS = {ABOVE: GOOD, EQUAL: LEVEL, BELOW: BAD}
_SHAPES = {
    ABOVE: '<path d="M4.5 1 8.5 8h-8z" fill="{0}"/>',
    EQUAL: '<path d="M1 2h7v2H1zM1 5.5h7v2H1z" fill="{0}"/>',
    BELOW: '<path d="M4.5 8 .5 1h8z" fill="{0}"/>',
}
REACHES = (0.15, 0.3, 0.5, 1.0)  # half the width of the landing's bar, as a part of the target
MOST_ROWS = 14


def sign(state: str, words: Wording) -> str:
    """Triangle up, two bars, triangle down; nothing without data."""
    if state not in _SHAPES:
        return ""
    shape = _SHAPES[state].format(COLOURS[state])
    return f'<svg width="9" height="9" role="img" aria-label="{words.say(state)}">{shape}</svg>'


def flag(words: Wording) -> str:
    """The mark of a unit that was warned of."""
    return (
        f'<svg class="fl" width="9" height="11" role="img" aria-label="{words.say("warned")}">'
        f'<path d="M1 11V0h1v1h6l-2 2.5L8 6H2v5z" fill="{BAD}"/></svg>'
    )


def reach_of(rows: pd.DataFrame) -> float:
    """The scale of the landing's bars: the narrowest that holds two of three of their ends."""
    known = rows[rows["target"] > 0]
    ends = [(known[name] / known["target"] - 1).abs().dropna() for name in ("low80", "high80")]
    away = pd.concat(ends)
    if away.empty:
        return REACHES[0]
    return next((reach for reach in REACHES if (away <= reach).mean() >= 2 / 3), REACHES[-1])


def landing_bar(row: pd.Series, reach: float, width: float = 140.0) -> str:
    """Where the plan lands (dot) with its 80 % range, on ±`reach` around the target (line).

    Every bar has the same scale, so widths compare across rows; what lies beyond is cut at
    the edge.
    """
    target = float(row["target"])
    if not target > 0 or pd.isna(row["landing"]):
        return ""

    def x(value: float) -> float:
        part = (value / target - 1) / reach
        return width / 2 + (width / 2 - 5) * min(max(part, -1.0), 1.0)

    low, high = (
        x(float(row[end] if not pd.isna(row[end]) else row["landing"]))
        for end in ("low80", "high80")
    )
    middle, dot = width / 2, x(float(row["landing"]))
    return (
        f'<svg width="{width:g}" height="14" aria-hidden="true">'
        f'<rect x="{low:.1f}" y="5" width="{high - low:.1f}" height="4" fill="{RANGE50}"/>'
        f'<line x1="{middle:g}" x2="{middle:g}" y1="0" y2="14" stroke="{EDIT}" stroke-width="2"/>'
        f'<circle cx="{dot:.1f}" cy="7" r="3.6" fill="{INK}"/></svg>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start", fill: str = INK2, *, bold: int = 400) -> str:  # fmt: skip
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="10.5" text-anchor="{anchor}" '
        f'font-weight="{bold}" style="fill:{fill}">{escape(text)}</text>'
    )


def gap_chart(periods: pd.DataFrame, company: pd.Series, words: Wording) -> str:
    """The company's gap summed up month by month, and the landing with its 80 % range at the end.

    Parameters
    ----------
    periods
        `Tracking.periods` of the company, in order.
    company
        Its row of `Tracking.units`.
    """
    closed = periods[periods["closed"]]
    gaps = (closed["actual"] - closed["target"]).cumsum().to_numpy(dtype=float)
    ends = {
        name: float(company[name] - company["target"]) for name in ("landing", "low80", "high80")
    }
    known = [value for value in ends.values() if not math.isnan(value)]
    top = max([abs(v) for v in (*gaps, *known)] + [1.0])
    step = 10.0 ** math.floor(math.log10(top))
    step = next(step * m for m in (0.5, 1, 2, 5, 10) if top / (step * m) <= 3)
    low = -step * math.ceil(max(-min([*gaps, *known, 0.0]), step / 2) / step)
    high = step * math.ceil(max([*gaps, *known, step / 2]) / step)
    left, right, roof, ground = 60.0, 348.0, 12.0, 168.0
    slots = len(periods)

    def x(number: float) -> float:
        return left + (right - left) * number / max(slots, 1)

    def y(value: float) -> float:
        return roof + (ground - roof) * (high - value) / (high - low)

    marks = []
    for tick in np.arange(low, high + step / 2, step):
        colour = EDIT if abs(tick) < step / 2 else RULE
        width = 1.6 if abs(tick) < step / 2 else 1
        marks.append(
            f'<line x1="{left}" x2="{right}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" '
            f'stroke="{colour}" stroke-width="{width}"/>'
        )
        marks.append(_text(left - 6, y(tick) + 3.5, words.change(float(tick)), "end"))
    for at, period in enumerate(periods["period"]):
        if slots <= 12 or at % 3 == 0:
            marks.append(_text(x(at + 0.5), ground + 15, words.month(period), "middle"))
    points = [(x(0), y(0.0)), *((x(at + 1), y(gap)) for at, gap in enumerate(gaps))]
    path = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
    end_x, end_y = points[-1]
    if len(closed) < slots and known:
        marks += _landing(ends, (end_x, end_y), right, y)
    marks.append(f'<polyline points="{path}" fill="none" stroke="{INK}" stroke-width="2"/>')
    marks.append(f'<circle cx="{end_x:.1f}" cy="{end_y:.1f}" r="3.6" fill="{INK}"/>')
    if len(closed):
        month = words.month(closed["period"].iloc[-1])
        said = words.say("gap_now", amount=words.change(float(gaps[-1])), month=month)
        under = end_y + 16 if gaps[-1] <= 0 else end_y - 8
        marks.append(_text(min(end_x, right - 4), under, said, "end", INK, bold=600))
    marks += _labels(ends, company, right, y, words)
    label = escape(words.say("gap"), quote=True)
    return (
        f'<svg width="470" height="190" viewBox="0 0 470 190" role="img" aria-label="{label}">'
        f"{''.join(marks)}</svg>"
    )


def _landing(
    ends: dict[str, float], now: tuple[float, float], right: float, y: Callable[[float], float]
) -> list[str]:
    """From today's gap to the landing, and its range at the end: no path between is claimed."""
    marks = []
    if not math.isnan(ends["low80"]):
        high, low = y(ends["high80"]), y(ends["low80"])
        marks.append(
            f'<rect x="{right - 12:.1f}" y="{high:.1f}" width="12" height="{max(low - high, 1):.1f}" '
            f'fill="{FORECAST80}"/>'
        )
    marks.append(
        f'<line x1="{now[0]:.1f}" y1="{now[1]:.1f}" x2="{right:.1f}" y2="{y(ends["landing"]):.1f}" '
        f'stroke="{INK2}" stroke-dasharray="4 3" stroke-width="1.4"/>'
    )
    return marks


def _labels(
    ends: dict[str, float],
    company: pd.Series,
    right: float,
    y: Callable[[float], float],
    words: Wording,
) -> list[str]:
    """Names beside the ends, at least 13 px apart."""
    rows = [(y(0.0), words.say("gap_target", amount=words.amount(company["target"])), EDIT, 600)]
    if not math.isnan(ends["landing"]):
        said = words.say("gap_landing", amount=words.change(ends["landing"]))
        rows.append((y(ends["landing"]), said, INK, 600))
    for end in ("low80", "high80"):
        if not math.isnan(ends[end]):
            said = words.say("gap_end", amount=words.change(ends[end]))
            rows.append((y(ends[end]), said, INK2, 400))
    rows.sort(key=lambda row: row[0])
    heights = [row[0] for row in rows]
    for at in range(1, len(heights)):
        heights[at] = max(heights[at], heights[at - 1] + 13.5)
    over = max(heights[-1] - 178.0, 0.0)
    return [
        _text(right + 8, height - over + 3.5, text, "start", fill, bold=bold)
        for height, (_, text, fill, bold) in zip(heights, rows, strict=True)
    ]


def ranking_chart(rows: pd.DataFrame, words: Wording) -> tuple[str, int]:
    """Attainment to date as bars from 100 %, the best first; and how many rows are hidden.

    Parameters
    ----------
    rows
        `label, attainment`, none missing. Above fourteen, the seven best and the seven last.
    """
    ordered = rows.sort_values("attainment", ascending=False, kind="stable").reset_index(drop=True)
    half = MOST_ROWS // 2
    shown = ordered if len(ordered) <= MOST_ROWS else ordered.iloc[[*range(half), *range(-half, 0)]]
    reach = float((shown["attainment"] - 1).abs().clip(upper=1.0).max()) or 1.0
    middle, width, row = 206.0, 66.0, 15.0
    height = row * len(shown) + 6
    marks = [f'<line x1="{middle}" x2="{middle}" y1="0" y2="{height}" stroke="{AXIS}"/>']
    for at, (rank, values) in enumerate(shown.iterrows()):
        y = row * at + 12
        away = min(max(float(values["attainment"]) - 1, -1.0), 1.0)
        length = width * abs(away) / reach
        start = middle if away >= 0 else middle - length
        marks.append(_text(14, y, f"{int(str(rank)) + 1}", "end"))
        label = str(values["label"])
        marks.append(_text(20, y, label if len(label) <= 21 else label[:20] + "…", fill=INK))
        marks.append(
            f'<rect x="{start:.1f}" y="{y - 8:.1f}" width="{length:.1f}" height="8" '
            f'fill="{GOOD if away >= 0 else BAD}"/>'
        )
        marks.append(_text(320, y, words.percent(float(values["attainment"]), 1), "end", INK))
    svg = (
        f'<svg width="324" height="{height:g}" viewBox="0 0 324 {height:g}" role="img" '
        f'aria-label="{escape(words.say("people"), quote=True)}">{"".join(marks)}</svg>'
    )
    return svg, len(ordered) - len(shown)
