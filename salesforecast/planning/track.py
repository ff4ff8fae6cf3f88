"""Actuals against the plan as of any day: attainment, gap, pace, landing, ranking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesforecast.errors import DataError, ParameterError, nearest
from salesforecast.fiscal import PLAIN, FiscalCalendar
from salesforecast.hierarchy import Hierarchy
from salesforecast.tables import ACTUALS, TARGETS, Samples

ABOVE, EQUAL, BELOW, NO_DATA = "above", "equal", "below", ""
ON_TARGET = 0.005  # attainment this near to one counts as equal


@dataclass(frozen=True)
class Tracking:
    """How a plan stands on one day.

    Parameters
    ----------
    as_of
        Last day that the actuals cover.
    units
        On node, in the tree's order: `label, parent, level, depth, leaf`; `target` of the
        whole plan; `expected`, its part up to the day, by the plan's own seasonal shape;
        `actual`; `gap` (actual - expected); `attainment` (actual / expected, missing where
        nothing was expected); `progress` (actual / target); `landing`, `low80`, `high80`
        (mean and quantiles 0.1 and 0.9 at the plan's end) and `chance` to reach the target,
        missing without samples; `needed`: what each open period must bring against its
        target (1.1: 10 % more); `rank` within the level, 1 the best; `state`.
    periods
        One row a node and period: `node, period, target, actual, gap, attainment, closed`.
    """

    as_of: pd.Timestamp
    units: pd.DataFrame
    periods: pd.DataFrame

    def ranking(self, level: str) -> pd.DataFrame:
        """The units of one level, the best first; a `ParameterError` where there is none."""
        levels = self.units["level"].unique()
        if level not in levels:
            raise ParameterError(
                f"there is no level '{level}'.", where="level", fix=nearest(level, levels)
            )
        rows = self.units[self.units["level"] == level]
        columns = ["rank", "label", "expected", "actual", "gap", "attainment", "state"]
        return rows.sort_values(["rank", "label"], na_position="last")[columns]


def track(
    targets: pd.DataFrame,
    actuals: pd.DataFrame,
    hierarchy: Hierarchy,
    *,
    as_of: pd.Timestamp,
    samples: Samples | None = None,
    gone: Callable[[pd.Timestamp, pd.Timestamp], float] | None = None,
    calendar: FiscalCalendar = PLAIN,
) -> Tracking:
    """Set actuals against a plan as of one day.

    Parameters
    ----------
    targets
        `TARGETS` of the leaves; monthly.
    actuals
        `ACTUALS` of the leaves, up to `as_of`; a leaf and period without a row sold nothing.
    as_of
        Last day that the actuals cover. Any time of it counts as the whole day.
    samples
        Draws of what the open periods will bring, the running one as a whole. Without them
        there is a landing at the present attainment, and no interval or chance.
    gone
        The running month and `as_of` to the part of the month's business that
        is behind: `share_gone` of the working-day calendar. By default all days count alike.
    calendar
        Which days the months are made of.

    Raises
    ------
    DataError
        If an actual is of a unit or a period that the plan does not have, or is dated later
        than `as_of`, or the samples lack a leaf or an open period.
    """
    targets, actuals = TARGETS.check(targets), ACTUALS.check(actuals)
    day = pd.Timestamp(as_of).normalize()
    asked = _wide(targets, "target", hierarchy)
    sold = _wide(actuals, "actual", hierarchy).astype("float64")
    _refuse_strays(asked, sold, day, calendar)
    sold = sold.reindex(columns=asked.columns).fillna(0.0)
    behind = _share_behind(pd.DatetimeIndex(asked.columns), day, gone, calendar)
    nodes = hierarchy.nodes
    target, actual = hierarchy.totals(asked), hierarchy.totals(sold)
    units = nodes.copy()
    units["target"] = target.sum(axis=1)
    units["expected"] = (target * behind).sum(axis=1)
    units["actual"] = actual.sum(axis=1)
    units["gap"] = units["actual"] - units["expected"]
    units["attainment"] = _ratio(units["actual"], units["expected"])
    units["progress"] = _ratio(units["actual"], units["target"])
    rest = target * (1.0 - behind)
    units = units.join(_landing(units, rest, hierarchy, samples, behind))
    units["needed"] = _ratio(units["target"] - units["actual"], rest.sum(axis=1))
    heard = sold.ne(0.0).any(axis=1) | sold.index.isin(actuals["node"])
    known = hierarchy.totals(heard.astype("int64").to_frame("heard"))["heard"] > 0
    order = units.groupby("level")["attainment"].rank(ascending=False, method="min")
    units["rank"] = order.astype("Int64")
    units["state"] = state_of(units["attainment"].where(known))
    return Tracking(day, units, _periods(target, actual, behind))


def state_of(attainment: pd.Series, *, tolerance: float = ON_TARGET) -> pd.Series:
    """`above`, `equal`, `below`, or nothing where there is no figure."""
    away = attainment - 1.0
    words = np.select([away > tolerance, away < -tolerance], [ABOVE, BELOW], EQUAL)
    return pd.Series(np.where(attainment.isna(), NO_DATA, words), index=attainment.index)


def _wide(long: pd.DataFrame, value: str, hierarchy: Hierarchy) -> pd.DataFrame:
    """Leaf × period; leaves without a row are zero, strangers are refused."""
    strange = set(long["node"]) - set(hierarchy.leaves)
    if strange:
        raise DataError(
            f"{len(strange)} units are no leaves of the plan.",
            where=f"first: '{min(strange)}'",
            fix="credit their sales to a position of the plan, or to a house account.",
        )
    wide = long.pivot_table(index="node", columns="period", values=value, aggfunc="sum")
    kind = "int64" if value == "target" else "float64"
    out = wide.reindex(hierarchy.leaves).fillna(0).astype(kind)
    out.index.name = "node"
    return out


def _refuse_strays(
    asked: pd.DataFrame, sold: pd.DataFrame, day: pd.Timestamp, calendar: FiscalCalendar
) -> None:
    outside = sold.columns.difference(asked.columns)
    late = sold.columns[calendar.first_days(pd.DatetimeIndex(sold.columns)) > day]
    if len(outside) or len(late):
        first = (late if len(late) else outside)[0]
        raise DataError(
            "there are actuals of periods that the plan does not have, or that lie ahead.",
            where=f"period {first:%Y-%m-%d}; the plan has {asked.columns[0]:%Y-%m} to "
            f"{asked.columns[-1]:%Y-%m}, and it is {day:%Y-%m-%d}",
            fix="give the actuals of the plan's periods up to the day.",
        )


def _share_behind(
    periods: pd.DatetimeIndex,
    day: pd.Timestamp,
    gone: Callable[[pd.Timestamp, pd.Timestamp], float] | None,
    calendar: FiscalCalendar,
) -> np.ndarray:
    """Part of each period that lies behind at the end of `day`: 1, 0, or between."""
    firsts, ends = calendar.first_days(periods), calendar.ends(periods)
    after = day + pd.Timedelta(days=1)
    out = np.where(ends <= after, 1.0, 0.0)
    for at in np.flatnonzero((firsts <= day) & (ends > after)):
        if gone is not None:
            out[at] = gone(periods[at], day)
        else:
            out[at] = (after - firsts[at]).days / (ends[at] - firsts[at]).days
    return out


def _ratio(upper: pd.Series, lower: pd.Series) -> pd.Series:
    return (upper / lower.where(lower > 0)).astype("float64")


def _landing(
    units: pd.DataFrame,
    rest: pd.DataFrame,
    hierarchy: Hierarchy,
    samples: Samples | None,
    behind: np.ndarray,
) -> pd.DataFrame:
    """Where the plan will end: with an interval and a chance when there are samples."""
    out = pd.DataFrame(index=units.index, columns=["landing", "low80", "high80", "chance"])
    out = out.astype("float64")
    if samples is None:
        rate = units["attainment"].fillna(1.0)
        out["landing"] = units["actual"] + rest.sum(axis=1) * rate
        return out
    ahead = pd.DatetimeIndex(rest.columns[behind < 1.0])
    lacking = ahead.difference(samples.periods)
    if len(lacking) or len(hierarchy.leaves.difference(samples.leaves)):
        raise DataError(
            "the samples do not cover what is left of the plan.",
            where=f"periods {[f'{p:%Y-%m}' for p in lacking]}",
            fix="forecast from the last closed period to the plan's end.",
        )
    at = samples.periods.get_indexer(ahead)
    left = samples.leaves.get_indexer(hierarchy.leaves)
    parts = samples.values[:, left][:, :, at] * (1.0 - behind[behind < 1.0])
    ends = parts.sum(axis=2) @ hierarchy.summing.T.toarray() + units["actual"].to_numpy()
    out["landing"] = ends.mean(axis=0)
    out["low80"], out["high80"] = np.quantile(ends, [0.1, 0.9], axis=0)
    out["chance"] = (ends >= units["target"].to_numpy()).mean(axis=0)
    return out


def _periods(target: pd.DataFrame, actual: pd.DataFrame, behind: np.ndarray) -> pd.DataFrame:
    started = behind > 0
    frames = []
    for at, period in enumerate(target.columns):
        one = pd.DataFrame({"target": target[period], "actual": actual[period].astype("float64")})
        if not started[at]:
            one["actual"] = np.nan
        one["gap"] = one["actual"] - one["target"]
        one["attainment"] = _ratio(one["actual"], one["target"])
        one["closed"] = behind[at] == 1.0
        frames.append(one.assign(period=period).rename_axis("node").reset_index())
    columns = ["node", "period", "target", "actual", "gap", "attainment", "closed"]
    return pd.concat(frames, ignore_index=True)[columns]
