"""The target-management table: indicators by month, with states that need no colour to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from salesforecast.errors import DataError, nearest
from salesforecast.planning.track import ABOVE, BELOW, EQUAL, NO_DATA, ON_TARGET, Tracking

MORE, LESS = "more", "less"
SUM, MEAN, LAST = "sum", "mean", "last"
SIGNS: Mapping[str, str] = {ABOVE: "▲", EQUAL: "●", BELOW: "▼", NO_DATA: ""}
COLOURS: Mapping[str, str] = {ABOVE: "green", EQUAL: "yellow", BELOW: "red", NO_DATA: ""}


@dataclass(frozen=True)
class Indicator:
    """One row of the table: a unit's sales, a rate, a number of complaints.

    Parameters
    ----------
    name, unit
        What it is, and in what: `"complaints"`, `"pieces"`.
    targets, actuals
        On period (first days); actuals are missing where nothing is known yet.
    over
        How periods make the year: `"sum"` (sales), `"mean"` (a rate), `"last"` (headcount).
    better
        `"more"`, or `"less"` (complaints).
    tolerance
        Relative distance to the target that still counts as equal.
    """

    name: str
    unit: str
    targets: pd.Series = field(compare=False)
    actuals: pd.Series = field(compare=False)
    over: str = SUM
    better: str = MORE
    tolerance: float = ON_TARGET

    def __post_init__(self) -> None:
        for value, known in ((self.over, (SUM, MEAN, LAST)), (self.better, (MORE, LESS))):
            if value not in known:
                raise DataError(
                    f"'{value}' is not known.",
                    where=f"indicator '{self.name}'",
                    fix=nearest(value, known),
                )
        stray = self.actuals.dropna().index.difference(self.targets.index)
        if len(stray):
            raise DataError(
                f"indicator '{self.name}' has actuals without a target.",
                where=f"period {stray[0]:%Y-%m}",
                fix="give a target for each period.",
            )

    def state(self, actual: float, target: float) -> str:
        """`above` (better than the target), `equal`, `below`, or nothing without data."""
        if pd.isna(actual) or pd.isna(target):
            return NO_DATA
        away = (actual - target) if self.better == MORE else (target - actual)
        if abs(away) <= self.tolerance * abs(target):
            return EQUAL
        return ABOVE if away > 0 else BELOW

    def together(self, values: pd.Series) -> float:
        """The year's figure of `values`; missing when all are."""
        known = values.dropna()
        if not len(known):
            return float("nan")
        if self.over == LAST:
            return float(known.iloc[-1])
        return float(known.sum() if self.over == SUM else known.mean())


@dataclass(frozen=True)
class ManagementTable:
    """Rows are indicators; columns are the year's target, the periods, and the figure so far.

    Parameters
    ----------
    values
        On indicator: `unit`, `target` (of the year), one column a period (actuals),
        `to_date`, `target_to_date`, `attainment` (1.0 is on target, above is better).
    states
        On indicator: one column a period and `to_date`: `above`, `equal`, `below` or empty.
    """

    values: pd.DataFrame
    states: pd.DataFrame

    def marked(self, *, decimals: int = 0) -> pd.DataFrame:
        """Text to show: every figure with its sign, so that no colour is needed to read it."""
        out = self.values.astype("object").copy()
        for column in self.states.columns:
            for name in out.index:
                value, state = self.values.loc[name, column], self.states.loc[name, column]
                words = "" if pd.isna(value) else f"{value:,.{decimals}f}"
                out.loc[name, column] = f"{words} {SIGNS[state]}".strip()
        return out


def management_table(indicators: Sequence[Indicator]) -> ManagementTable:
    """Set indicators side by side, each summed, averaged or taken last by its own rule.

    Raises
    ------
    DataError
        If two indicators share a name or their periods differ.
    """
    names = [one.name for one in indicators]
    periods = indicators[0].targets.index if indicators else pd.DatetimeIndex([])
    odd = [one.name for one in indicators if not one.targets.index.equals(periods)]
    twice = {name for name in names if names.count(name) > 1}
    if odd or twice:
        raise DataError(
            "the indicators do not fit into one table.",
            where=f"'{(odd or sorted(twice))[0]}'",
            fix="give each a name of its own, and all the same periods.",
        )
    values, states = {}, {}
    for one in indicators:
        actuals = one.actuals.reindex(periods).astype("float64")
        known = actuals.notna()
        figure, asked = one.together(actuals), one.together(one.targets.where(known))
        ratio = figure / asked if one.better == MORE else asked / figure if figure else float("inf")
        values[one.name] = {
            "unit": one.unit,
            "target": one.together(one.targets),
            **actuals.to_dict(),
            "to_date": figure,
            "target_to_date": asked,
            "attainment": ratio if known.any() and asked > 0 else float("nan"),
        }
        states[one.name] = {
            **{p: one.state(actuals[p], one.targets[p]) for p in periods},
            "to_date": one.state(figure, asked),
        }
    return ManagementTable(
        pd.DataFrame.from_dict(values, orient="index"),
        pd.DataFrame.from_dict(states, orient="index"),
    )


def unit_indicators(tracking: Tracking, level: str, *, unit: str = "") -> list[Indicator]:
    """The units of one level as indicators: closed periods with their actuals."""
    nodes = tracking.units.index[tracking.units["level"] == level]
    labels = tracking.units["label"]
    out = []
    for node in nodes:
        rows = tracking.periods[tracking.periods["node"] == node].set_index("period")
        shared = (labels[nodes] == labels[node]).sum() > 1
        name = node if shared else str(labels[node])
        out.append(Indicator(name, unit, rows["target"], rows["actual"].where(rows["closed"])))
    return out
