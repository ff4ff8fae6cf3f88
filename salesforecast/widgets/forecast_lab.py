"""One unit's forecast taken apart: what each model says, how far it is trusted, how sure it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from salesforecast.errors import ParameterError
from salesforecast.forecasting.combine import mix
from salesforecast.forecasting.forecast import ORIGINS
from salesforecast.forecasting.origins import run_origins
from salesforecast.forecasting.structure import SEASONS, structure_of, wide_history
from salesforecast.hierarchy import ROOT
from salesforecast.reporting.figures import AXIS, FORECAST, FORECAST80, INK, INK2, RANGE, Picture
from salesforecast.reporting.wording import Wording
from salesforecast.widgets.charts import round_tick
from salesforecast.widgets.lab_words import say
from salesforecast.widgets.style import LINE2
from salesforecast.workbench import Inputs

SHOWN = 24  # months of history in a picture
BANDS = ((0.1, 0.9, FORECAST80), (0.25, 0.75, RANGE))
WIDTH, HEIGHT, LEFT, RIGHT = 700, 210, 52, 158
APART = 12.0  # px between names


@dataclass(frozen=True)
class Study:
    """A unit's history and forecast, products summed.

    Parameters
    ----------
    label
        What people call the unit.
    history
        Sales by month up to the cutoff.
    members
        Forecast by month (rows) of each model for the unit as a whole.
    accuracy
        On model: `weight` in the mix, and `wape` and `bias` (positive: too high) one to horizon
        months ahead, as of up to 24 earlier cutoffs; `mix` is their weighted mean.
    forecast
        Coherent mean by month: what is planned with. Differs from the mix where the units below
        and above say otherwise.
    draws
        Simulated futures, draw × month.
    divisor
        What amounts are divided by before they are shown.
    unit
        What they are shown in.
    language
        Of pictures: `en` or `zh`.
    original
        Sales as they were, where `history` was treated or freed of what moved it.
    """

    label: str
    history: pd.Series
    members: pd.DataFrame
    accuracy: pd.DataFrame
    forecast: pd.Series
    draws: pd.DataFrame
    divisor: int = 1
    unit: str = ""
    language: str = "en"
    original: pd.Series | None = None

    @property
    def title(self) -> str:
        """The unit's label, and what pictures show amounts in."""
        return f"{self.label}, {self.unit}" if self.unit else self.label

    def say(self, key: str, **values: object) -> str:
        """A text in the reader's language."""
        return say(self.language, key, **values)

    def fan(self) -> pd.DataFrame:
        """By month: `forecast`, and the ends of the 50 % and 80 % ranges."""
        names = {"low80": 0.1, "low50": 0.25, "high50": 0.75, "high80": 0.9}
        ranges = {name: self.draws.quantile(level) for name, level in names.items()}
        return pd.DataFrame({"forecast": self.forecast, **ranges})


def study(inputs: Inputs, node: str = "", *, language: str = "en") -> Study:
    """Take the forecast of `node` apart (empty: the whole company).

    Models are shown on what they saw: history treated, and without what moved it besides time.

    Raises
    ------
    ParameterError
        If there is no such node, or it never sold anything.
    """
    tree, made, node = inputs.hierarchy, inputs.forecast, node or ROOT
    if node not in tree.nodes.index:
        raise _unknown(node, f"there are {', '.join(tree.nodes.index[:5])}, …")
    inside = tree.summing[[tree.nodes.index.get_loc(node)]].toarray()[0] > 0
    leaves = tree.leaves[inside]
    history = inputs.history.frame if inputs.influences.seen is None else inputs.influences.seen
    wide, months = wide_history(history, tree, inputs.history.cutoff)
    structure = structure_of(wide.columns, tree)
    part = wide.columns.get_level_values(0).isin(leaves)
    if not part.any():
        raise _unknown(node, "it has no history")
    series = structure.summing @ wide.fillna(0.0).to_numpy().T
    of_node = structure.summing @ part.astype(float)  # all of the node's series, and no others
    size = np.asarray(structure.summing.sum(axis=1)).ravel()
    row = int(np.flatnonzero((of_node == part.sum()) & (size == part.sum()))[0])
    models = list(made.weights.columns)
    first = wide.notna().to_numpy().argmax(axis=0)
    begin = np.minimum.reduceat(first[structure.summing.indices], structure.summing.indptr[:-1])
    origins = run_origins(
        series,
        begin=begin,
        back=range(min(max(series.shape[1] - 6, 0), ORIGINS) + 1),
        season=SEASONS[months],
        horizon=len(made.samples.periods),
        models=models,
        parent=structure.parent,
        sums=np.array([row] if row >= structure.bottom else [], dtype=np.int64),
    )
    weights = made.weights.iloc[row]
    one = {name: origins.forecasts[name][:, [row]] for name in models}
    said = {name: values[:, 0] for name, values in one.items() if np.isfinite(values[0]).all()}
    said["mix"] = mix(weights.to_numpy()[:, None], one.values())[:, 0]
    ahead = {name: values[0] for name, values in said.items() if name != "mix"}
    periods = made.samples.periods
    draws = pd.DataFrame(made.samples.values[:, inside].sum(axis=1), columns=periods)
    expected = made.frame[made.frame["node"].isin(leaves)].groupby("period")["forecast"].sum()
    return Study(
        label=str(tree.nodes.loc[node, "label"]),
        history=pd.Series(series[row], index=wide.index, name="sales"),
        members=pd.DataFrame(ahead, index=periods),
        accuracy=_accuracy(said, origins.actual[1:, row], weights),
        forecast=expected.reindex(periods).fillna(0.0),
        draws=draws,
        divisor=inputs.organisation.measure.divisor,
        unit=_unit(inputs, language),
        language=language,
        original=_original(inputs, leaves, wide.index),
    )


def _original(inputs: Inputs, leaves: pd.Index, periods: pd.Index) -> pd.Series | None:
    if inputs.influences.seen is None:
        return None
    frame = inputs.history.frame
    sales = frame[frame["node"].isin(leaves)].groupby("period")["sales"].sum()
    return sales.reindex(periods).fillna(0.0)


def _unit(inputs: Inputs, language: str) -> str:
    measure = inputs.organisation.measure
    return Wording(language, measure.divisor).unit(measure.unit, measure.display)


def _unknown(node: str, why: str) -> ParameterError:
    return ParameterError(
        f"'{node}' cannot be studied.", where=f"the parameter 'node': {why}", fix="name another."
    )


def _accuracy(
    said: Mapping[str, np.ndarray], actual: np.ndarray, weights: pd.Series
) -> pd.DataFrame:
    rows = {}
    for name, forecasts in said.items():
        errors = forecasts[1:] - actual
        known = np.isfinite(errors)
        size = np.abs(actual[known]).sum() or np.nan
        rows[name] = {
            "weight": weights.get(name, 1.0),
            "wape": np.abs(errors[known]).sum() / size,
            "bias": errors[known].sum() / size,
        }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")
    return table.sort_values("weight", ascending=False, kind="stable")


@dataclass(frozen=True)
class _Plot:
    """Where months and amounts lie, in px."""

    slots: int
    low: float
    high: float

    def x(self, slot: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * slot / max(self.slots - 1, 1), 1)

    def y(self, amount: float) -> float:
        share = (amount - self.low) / (self.high - self.low)
        return round(8 + (HEIGHT - 30) * (1 - share), 1)

    def path(self, first: int, values: Sequence[float]) -> str:
        at = [f"{self.x(first + i)} {self.y(value)}" for i, value in enumerate(values)]
        return "M" + "L".join(at)


def history_chart(one: Study) -> Picture:
    """All of the unit's months; a tick marks each January. Light: as it was, where treated."""
    was = one.history if one.original is None else one.original
    plot = _plot(len(one.history), one.history, was)
    marks = _axes(plot, one.history.index, one.divisor)
    if one.original is not None:
        marks.append(_stroke(plot.path(0, was.tolist()), AXIS, 1.2, one.say("sales")))
    marks.append(_stroke(plot.path(0, one.history.tolist()), INK2))
    main = one.say("sales" if one.original is None else "treated")
    ends = {main: plot.y(one.history.iloc[-1]), one.say("sales"): plot.y(was.iloc[-1])}
    marks += _names(ends, main)
    return _picture(marks, one.say("title_history", title=one.title))


def members_chart(one: Study) -> Picture:
    """The last months, then every model's forecast, the trusted ones thicker, and the forecast."""
    past = one.history.tail(SHOWN)
    plot = _plot(len(past) + len(one.members), past, one.members.melt()["value"], one.forecast)
    marks = _axes(plot, past.index.append(one.members.index), one.divisor)
    marks.append(_stroke(plot.path(0, past.tolist()), INK2))
    ends = {}
    for model in one.members:
        values = [past.iloc[-1], *one.members[model]]
        weight = float(one.accuracy.loc[model, "weight"])
        share = f"{weight:.0%}"
        title = one.say("of_mix", name=model, share=share)
        marks.append(_stroke(plot.path(len(past) - 1, values), AXIS, 0.7 + 6 * weight, title))
        ends[f"{model}: {share}"] = plot.y(values[-1])
    values = [past.iloc[-1], *one.forecast]
    marks.append(_stroke(plot.path(len(past) - 1, values), FORECAST, 2.5, one.say("forecast")))
    ends[one.say("forecast")] = plot.y(values[-1])
    marks += _names(ends, one.say("forecast"))
    return _picture(marks, one.say("title_members", title=one.title))


def fan_chart(one: Study) -> Picture:
    """The last months, then the forecast within its 50 % and 80 % ranges."""
    past, ahead = one.history.tail(SHOWN), one.draws.columns
    ranges = [one.draws.quantile([low, high]).to_numpy() for low, high, _ in BANDS]
    plot = _plot(len(past) + len(ahead), past, pd.Series(ranges[0].ravel()))
    marks = _axes(plot, past.index.append(ahead), one.divisor)
    start = len(past) - 1
    for (low, high, fill), (under, over) in zip(BANDS, ranges, strict=True):
        there = plot.path(start, [past.iloc[-1], *over])
        back = [f"{plot.x(start + 1 + i)} {plot.y(v)}" for i, v in enumerate(under)][::-1]
        title = f"<title>{one.say('of_futures', share=f'{high - low:.0%}')}</title>"
        marks.append(f'<path d="{there}L{"L".join(back)}Z" fill="{fill}">{title}</path>')
    marks.append(_stroke(plot.path(0, past.tolist()), INK2))
    marks.append(_stroke(plot.path(start, [past.iloc[-1], *one.forecast]), FORECAST, 2.5))
    last = {one.say("forecast"): plot.y(one.forecast.iloc[-1])}
    last |= {
        one.say("range", share=f"{high - low:.0%}"): plot.y(over[-1])
        for (low, high, _), (_, over) in zip(BANDS, ranges, strict=True)
    }
    names = _names(last, one.say("forecast"))
    return _picture([*marks, *names], one.say("title_fan", title=one.title))


def by_level(backtested: pd.DataFrame) -> pd.DataFrame:
    """The whole horizon of a back-test: one row a level, errors of each method side by side.

    Takes what `forecasting.backtest.backtest` hands back.
    """
    whole = backtested[backtested["step"] == 0]
    errors = whole.pivot(index="level", columns="method", values="wape").add_prefix("wape, ")
    ours = whole[whole["method"] == "forecast"].set_index("level")
    measures = ours[["mase", "bias", "coverage80", "coverage95", "count"]]
    return errors.join(measures).loc[list(dict.fromkeys(whole["level"]))]


def _plot(slots: int, *values: pd.Series) -> _Plot:
    lowest = min(0.0, *(float(one.min()) for one in values))
    highest = max(1.0, *(float(one.max()) for one in values))
    return _Plot(slots, lowest, 3 * round_tick(highest))


def _axes(plot: _Plot, periods: pd.DatetimeIndex, divisor: int) -> list[str]:
    """Amounts on the left, years below where they begin."""
    wording, marks = Wording("en", divisor), []
    for amount in (0.0, plot.high / 3, 2 * plot.high / 3, plot.high):
        y = plot.y(amount)
        marks.append(f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="{LINE2}"/>')
        text = escape(wording.amount(amount))
        marks.append(f'<text x="{LEFT - 6}" y="{y + 3.5}" text-anchor="end">{text}</text>')
    years = [at for at, period in enumerate(periods) if at == 0 or period.month == 1]
    for at in years:
        x = plot.x(at)
        marks.append(f'<path d="M{x} {HEIGHT - 22}v5" stroke="{AXIS}"/>')
        if at or len(years) == 1 or years[1] - at > plot.slots / 12:
            marks.append(f'<text x="{x}" y="{HEIGHT - 5}">{periods[at].year}</text>')
    return marks


def _stroke(path: str, colour: str, width: float = 1.6, title: str = "") -> str:
    inner = f"<title>{escape(title)}</title>" if title else ""
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:.1f}">{inner}</path>'
    )


def _names(ends: Mapping[str, float], main: str) -> list[str]:
    """Names beside the lines' ends, moved apart where they would overlap."""
    order = sorted(ends, key=lambda name: ends[name])
    heights = [ends[name] for name in order]
    for at in range(1, len(heights)):
        heights[at] = max(heights[at], heights[at - 1] + APART)
    over = max(0.0, heights[-1] - (HEIGHT - 10))
    colours = [FORECAST if name == main else INK2 for name in order]
    return [
        _name(height - over, name, colour)
        for name, height, colour in zip(order, heights, colours, strict=True)
    ]


def _name(height: float, name: str, colour: str) -> str:
    return f'<text x="{WIDTH - RIGHT + 8}" y="{height + 3.5:.1f}" style="fill:{colour}">{escape(name)}</text>'


def _picture(marks: Sequence[str], title: str) -> Picture:
    head = f'<text x="0" y="-8" font-weight="600" style="fill:{INK}">{escape(title)}</text>'
    return Picture(
        f'<svg width="{WIDTH}" height="{HEIGHT + 20}" viewBox="0 -20 {WIDTH} {HEIGHT + 20}" role="img" '
        f'font-size="11" fill="{INK2}" aria-label="{escape(title, quote=True)}">{head}{"".join(marks)}</svg>'
    )
