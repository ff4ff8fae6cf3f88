"""What a forecast is made of, what is odd in its past, and how overrides did: tables and a picture."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd

from salesforecast.forecasting.growth import damp
from salesforecast.forecasting.shifts import find_odd
from salesforecast.forecasting.structure import SEASONS, wide_history
from salesforecast.hierarchy import ROOT
from salesforecast.influences.judged import forecast_value_added
from salesforecast.influences.past import name_of
from salesforecast.reporting.figures import FORECAST, INK, INK2, RANGE, Picture
from salesforecast.reporting.wording import Wording
from salesforecast.widgets.lab_words import say
from salesforecast.workbench import Inputs

WIDTH, ROW, LEFT, RIGHT = 700, 22, 130, 90
YEARS = 5  # whose shares of the year are averaged for the season


def parts(inputs: Inputs, node: str = "") -> pd.DataFrame:
    """The forecast of a unit by month, taken apart: columns that add up to `forecast`.

    `level` is the mean of the last year's months; `season` what this time of year usually
    differs from its year; `trend` what the models expect beyond both. Then what else moved it:
    calendar, events, drivers, damped growth, pipeline, new places, overrides.
    """
    leaves = inputs.hierarchy.within(node or ROOT)
    made, influences = inputs.forecast.frame, inputs.influences
    total = made[made["node"].isin(leaves)].groupby("period")["forecast"].sum()
    steps = influences.of(leaves) if len(influences.steps) else total.to_frame("time")
    history = inputs.history.frame if influences.seen is None else influences.seen
    sales = history[history["node"].isin(leaves)].groupby("period")["sales"].sum()
    _, months = wide_history(history, inputs.hierarchy, inputs.history.cutoff)
    season = SEASONS[months]
    level = float(sales.iloc[-season:].mean()) if len(sales) else 0.0
    out = pd.DataFrame({"level": level}, index=steps.index)
    out["season"] = level * _season(sales, steps.index, season)
    out["trend"] = steps["time"] - out["level"] - out["season"]
    rest = steps.drop(columns="time")
    return out.join(rest).assign(forecast=total.reindex(steps.index))


def _season(sales: pd.Series, ahead: pd.Index, season: int) -> np.ndarray:
    """How much the same time of the last years differed from the mean of its year, as a share."""
    count = min(len(sales) // season, YEARS)
    if count == 0 or season == 1:
        return np.zeros(len(ahead))
    years = sales.to_numpy()[-count * season :].reshape(count, season)
    mean = years.mean(axis=1, keepdims=True)
    usable = mean[:, 0] > 0
    if not usable.any():
        return np.zeros(len(ahead))
    away = np.mean(years[usable] / mean[usable] - 1, axis=0)
    out: np.ndarray = away[np.arange(len(ahead)) % season]
    return out


def parts_chart(inputs: Inputs, node: str = "", *, language: str = "en") -> Picture:
    """The planned quarter's forecast as a waterfall: level, season, trend and everything else."""
    table = parts(inputs, node).loc[inputs.quarter]
    sums = table.drop(columns="forecast").sum()
    measure = inputs.organisation.measure
    wording = Wording(language, measure.divisor)
    ends = sums.cumsum()
    starts = ends - sums
    low, high = min(0.0, ends.min()), max(ends.max(), 1.0)

    def x(amount: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (amount - low) / (high - low), 1)

    rows = [*sums.index, "forecast"]
    marks = []
    for at, name in enumerate(rows):
        y = at * ROW + 8
        whole = name in ("level", "forecast")
        first = 0.0 if whole else float(starts[name])
        last = float(ends.iloc[-1]) if name == "forecast" else float(ends[name])
        left, right = sorted((x(first), x(last)))
        amount = last - first
        fill = FORECAST if whole else RANGE
        text = wording.amount(amount) if whole else wording.change(amount)
        marks.append(
            f'<text x="{LEFT - 8}" y="{y + 11}" text-anchor="end">{escape(say(language, name))}</text>'
            f'<rect x="{left}" y="{y}" width="{max(right - left, 1)}" height="14" fill="{fill}"/>'
            f'<text x="{WIDTH - 4}" y="{y + 11}" text-anchor="end" style="fill:{INK}">{escape(text)}</text>'
        )
    label = str(inputs.hierarchy.nodes.loc[node or ROOT, "label"])
    unit = f"{label}, {wording.unit(measure.unit, measure.display)}".rstrip(", ")
    span = f"{inputs.quarter[0]:%Y-%m} – {inputs.quarter[-1]:%Y-%m}"
    title = say(language, "title_parts", title=unit, span=span)
    height = len(rows) * ROW + 12
    head = f'<text x="0" y="-8" font-weight="600" style="fill:{INK}">{escape(title)}</text>'
    return Picture(
        f'<svg width="{WIDTH}" height="{height + 20}" viewBox="0 -20 {WIDTH} {height + 20}" role="img" '
        f'font-size="11" fill="{INK2}" aria-label="{escape(title, quote=True)}">{head}{"".join(marks)}</svg>'
    )


def odd(inputs: Inputs, node: str = "", *, language: str = "en") -> pd.DataFrame:
    """Outliers and lasting shifts in a unit's series, treated or not, and what would change that.

    `original` beside `treated`: the value itself for an outlier, the month before for a shift.
    """
    leaves = inputs.hierarchy.within(node or ROOT)
    tree, rules = inputs.hierarchy, inputs.organisation.declared.treatment
    wide, months = wide_history(inputs.history.frame, tree, inputs.history.cutoff)
    values = wide.to_numpy(dtype=float)
    rows = []
    for one in find_odd(values, season=SEASONS[months]):
        place, product = wide.columns[one.series]
        if place not in leaves:
            continue
        name = name_of(wide, one.series, one.at)
        asked = rules.outliers if one.kind == "outlier" else rules.shifts
        done = asked and name not in rules.keep
        at = one.at if one.kind == "outlier" else one.at - 1
        write = say(language, "undo", name=name) if done else say(language, f"treat_{one.kind}")
        rows.append(
            {
                "kind": say(language, one.kind), "node": place, "product": product,
                "period": wide.index[one.at], "original": round(values[at, one.series]),
                "treated": round(values[at, one.series] * one.factor),
                "state": say(language, "is_treated" if done else "as_it_was"),
                "what to write": write,
            }
        )  # fmt: skip
    columns = ["kind", "node", "product", "period", "original", "treated", "state", "what to write"]
    return pd.DataFrame(rows, columns=columns)


def grown(inputs: Inputs, node: str = "", *, language: str = "en") -> pd.DataFrame:
    """Leaves that grew by half or more in each of two years: damped or not, and what would change that.

    Returns
    -------
    pd.DataFrame
        `node`, `years` (sales over those of the year before, the latest last), `expected` and
        `kept` (the forecast over the same months a year before, as the models have it and as
        damped), `state`, `what to write`.
    """
    leaves, rules = inputs.hierarchy.within(node or ROOT), inputs.organisation.declared.treatment
    rows = [
        [*(found.figures[name] for name in ("node", "years", "expected", "kept")), "is_treated"]
        for found in inputs.influences.findings
        if found.code == "note growth"
    ]
    treated = {row[0] for row in rows}
    sales, ahead = (
        frame.pivot_table(index="period", columns="node", values=value, aggfunc="sum")
        for frame, value in ((inputs.history.frame, "sales"), (inputs.forecast.frame, "forecast"))
    )
    ahead = ahead.reindex(columns=sales.columns).fillna(0.0)
    step = wide_history(inputs.history.frame, inputs.hierarchy, inputs.history.cutoff)[1]
    for one in damp(sales.to_numpy(), ahead.to_numpy(), season=SEASONS[step])[1]:
        leaf = str(sales.columns[one.at])
        if leaf not in treated:
            years = " · ".join(f"{times:.1f}" for times in one.past)
            rows.append([leaf, years, one.expected, one.kept, "as_it_was"])
    out = pd.DataFrame(rows, columns=["node", "years", "expected", "kept", "state"])
    out = out[out["node"].isin(leaves)].reset_index(drop=True)
    kept = [f"{leaf}, growth" for leaf in out["node"]]
    out["what to write"] = [
        say(language, "undo", name=name)
        if state == "is_treated"
        else say(language, "treat_less" if rules.growth else "treat_growth", name=name)
        for name, state in zip(kept, out["state"], strict=True)
    ]
    return out.assign(state=[say(language, state) for state in out["state"]])


def effects(inputs: Inputs, node: str = "", *, language: str = "en") -> pd.DataFrame:
    """What each driver does to a unit's series: the median, its error, how many show it."""
    table = inputs.influences.effects
    inside = table[table["node"].isin(inputs.hierarchy.within(node or ROOT))]
    grouped = inside.groupby(["kind", "name", "unit"], sort=False)
    columns = {
        "effect": ("effect", "median"),
        "error": ("error", "median"),
        "seen": ("seen", "sum"),
    }
    out = grouped.agg(**columns, count=("effect", "size")).reset_index()
    return out.assign(kind=[say(language, kind) for kind in out["kind"]])


def overrides_judged(inputs: Inputs) -> pd.DataFrame:
    """Overrides whose months are over, with and without: who changed what, and did it help."""
    table = forecast_value_added(inputs.loaded, inputs.organisation, until=inputs.history.cutoff)
    shown = ["node", "periods", "author", "reason", "without", "with", "actual"]
    return table[[*shown, "error_without", "error_with", "added", "helped"]]
