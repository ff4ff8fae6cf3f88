"""How fair a split is: chances to attain, spreads, inequality, and who gains or loses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesforecast.errors import DataError, ParameterError
from salesforecast.hierarchy import Hierarchy

_BLOCK = 4_000_000  # summed draws held at a time: 32 MB
_HAIR = 1e-12  # relative: a sum of floats may miss its own total by so much
_ATOM = 0.01  # share of draws at one value that makes it an atom


@dataclass(frozen=True)
class Fairness:
    """What a split asks of everyone, and how evenly.

    Parameters
    ----------
    units
        On every node: `label`, `level`, `target`, `forecast`, `baseline` (money), `growth`,
        `stretch` (fractions; missing without a baseline or forecast above zero), `chance`
        (fraction; missing without draws), `habit`, the target by last year's shares, and
        `against_habit`, target - habit (money).
    levels
        On level, the root's first: `units`, and over its units `chance_low`, `chance_mean`,
        `chance_high`, and the spread (standard deviation) of `growth` and `stretch`.
    summary
        On measure: `chance_of_total`, `share_attaining` (expected share of leaves that reach
        their target), `growth_spread`, `stretch_spread`, `gini`, `jain`, `worst_off` over
        target / basis of the leaves, `moved` (money that changes hands against last year's
        shares), `atoms` (leaves whose chance cannot be set finely: see `atoms`).
    basis
        What targets were divided by for Gini, Jain and worst-off.
    """

    units: pd.DataFrame
    levels: pd.DataFrame
    summary: pd.Series
    basis: str


def chances(
    targets: pd.Series,
    draws: pd.DataFrame,
    hierarchy: Hierarchy,
    *,
    sums: np.ndarray | None = None,
) -> pd.Series:
    """Share of draws in which each node sells at least its target: its chance to attain.

    Parameters
    ----------
    targets
        On leaf, money.
    draws
        draw × leaf, money; columns in any order.
    hierarchy
        Whose nodes are summed.
    sums
        The draws of every node, node × draw, if they are known: plans of the same draws need
        them summed only once.

    Returns
    -------
    pd.Series
        float64 on node, in the tree's order; a multiple of 1 / number of draws.

    Raises
    ------
    DataError
        If targets or draws are not on the leaves of the hierarchy.
    """
    asked = hierarchy.totals(targets.to_frame("target"))["target"].to_numpy(dtype=float)
    if sums is None or not len(draws):
        reached = _reached(asked, draws, hierarchy)
    else:
        inner = ~hierarchy.nodes["leaf"].to_numpy()
        reached = (sums >= (asked - _HAIR * np.abs(asked) * inner)[:, None]).sum(axis=1)
        reached = reached / len(draws)
    return pd.Series(reached, index=hierarchy.nodes.index, name="chance")


def expected_share_attaining(targets: pd.Series, draws: pd.DataFrame) -> float:
    """Share of leaves with a target above zero that reach it, on average over the draws.

    The mean of their chances; correlation does not change it, only how far single years
    fall from it. Missing if no leaf has a target above zero.
    """
    asked = targets[targets > 0]
    if asked.empty:
        return float("nan")
    return float((draws[asked.index].to_numpy() >= asked.to_numpy()).mean())


def shares_attaining(targets: pd.Series, draws: pd.DataFrame) -> pd.Series:
    """Share of leaves with a target above zero that reach it, in each draw (float64 on draw)."""
    asked = targets[targets > 0]
    reached = draws[asked.index].to_numpy() >= asked.to_numpy()
    return pd.Series(reached.mean(axis=1), index=draws.index, name="share_attaining")


def atoms(draws: pd.DataFrame) -> pd.Series:
    """Share of draws at each leaf's commonest value, for leaves where that is 1 % or more.

    Such a leaf (it sells nothing in half of the draws) cannot be given every chance: its
    chance jumps at that value.

    Returns
    -------
    pd.Series
        float64 on leaf; empty if every leaf's draws are spread out.
    """
    ordered = np.sort(draws.to_numpy(), axis=0)
    same = ordered[1:] == ordered[:-1]
    run, longest = np.zeros(ordered.shape[1]), np.zeros(ordered.shape[1])
    for line in same if same.any() else ():
        run = np.where(line, run + 1, 0.0)
        longest = np.maximum(longest, run)
    share = pd.Series((longest + 1) / max(len(draws), 1), index=draws.columns, name="share")
    return share[(share >= _ATOM) & (longest > 0)]


def gini(values: np.ndarray) -> float:
    """Gini coefficient: 0 when all are equal, towards 1 when one has everything.

    Mean absolute difference over twice the mean. Missing if the mean is not above zero.
    Source: Gini (1912), in the form of Sen, On Economic Inequality (1973).
    """
    values = np.sort(np.asarray(values, dtype=float))
    total, size = values.sum(), len(values)
    if not total > 0:
        return float("nan")
    rank = np.arange(1, size + 1)
    return float(((2 * rank - size - 1) * values).sum() / (size * total))


def jain(values: np.ndarray) -> float:
    """Jain's index: 1 when all are equal, 1 / n when one has everything.

    Square of the sum over n times the sum of squares (Jain, Chiu, Hawe 1984).
    """
    values = np.asarray(values, dtype=float)
    squares = (values**2).sum()
    return float(values.sum() ** 2 / (len(values) * squares)) if squares > 0 else float("nan")


def worst_off(values: np.ndarray) -> float:
    """Mean of `values` over the largest: 1 when all are equal.

    The values are burdens (target over a basis), so the largest has it hardest.
    """
    values = np.asarray(values, dtype=float)
    if not len(values) or values.max() <= 0:
        return float("nan")
    return min(float(values.mean() / values.max()), 1.0)  # a mean of equals may end a bit above


def fairness(
    targets: pd.Series,
    hierarchy: Hierarchy,
    *,
    forecast: pd.Series,
    baseline: pd.Series | None = None,
    draws: pd.DataFrame | None = None,
    basis: str = "forecast",
    capacity: pd.Series | None = None,
) -> Fairness:
    """Measure how evenly `targets` ask, at every level.

    Parameters
    ----------
    targets
        int64 on leaf, money.
    forecast, baseline, capacity
        float64 on leaf, money.
    draws
        draw × leaf, money; without them there are no chances.
    basis
        `"forecast"`, `"baseline"` or `"capacity"`: Gini, Jain and worst-off are taken over
        target / basis of the leaves whose basis is above zero.

    Raises
    ------
    ParameterError
        If the basis is unknown or was not given.
    DataError
        If a series is not on the leaves of the hierarchy.
    """
    units = _units(targets, hierarchy, forecast, baseline, draws)
    leaf = units[hierarchy.nodes["leaf"]]
    bases = {"forecast": forecast, "baseline": baseline, "capacity": capacity}
    burden = _burden(targets, bases, basis).to_numpy()
    known = leaf["chance"].notna().any()
    summary = {
        "chance_of_total": float(units["chance"].iloc[0]),
        "share_attaining": expected_share_attaining(targets, draws)
        if draws is not None
        else np.nan,
        "growth_spread": _spread(leaf["growth"]),
        "stretch_spread": _spread(leaf["stretch"]),
        "gini": gini(burden),
        "jain": jain(burden),
        "worst_off": worst_off(burden),
        "moved": float(leaf["against_habit"].clip(lower=0).sum()),
        "atoms": float(len(atoms(draws))) if draws is not None and known else 0.0,
    }
    return Fairness(
        units=units,
        levels=_levels(units, hierarchy),
        summary=pd.Series(summary, name="value"),
        basis=basis,
    )


def gains_and_losses(targets: pd.Series, other: pd.Series, hierarchy: Hierarchy) -> pd.DataFrame:
    """Who is asked more and who less than in another split.

    Returns
    -------
    pd.DataFrame
        On node, the largest change first: `label`, `level`, `target`, `other`, `change`
        (money), `change_share` (fraction of the other; missing where that is zero).
    """
    both = hierarchy.totals(pd.DataFrame({"target": targets, "other": other}))
    out = hierarchy.nodes[["label", "level"]].join(both)
    out["change"] = out["target"] - out["other"]
    out["change_share"] = (out["change"] / out["other"]).where(out["other"] != 0)
    largest = out["change"].abs().sort_values(ascending=False, kind="stable").index
    return out.loc[largest]


def price_of_fairness(
    fair: pd.Series, efficient: pd.Series, draws: pd.DataFrame
) -> Mapping[str, float]:
    """What the fair split costs against one that maximises the expected number of attainers.

    Parameters
    ----------
    fair, efficient
        int64 on leaf, money: two splits of one total.
    draws
        draw × leaf, money.

    Returns
    -------
    Mapping
        `fair`, `efficient`: expected share of leaves that attain; `price`: 1 - fair /
        efficient, the share of that objective given up (Bertsimas, Farias, Trichakis 2011).
    """
    shares = [expected_share_attaining(split, draws) for split in (fair, efficient)]
    price = 1 - shares[0] / shares[1] if shares[1] > 0 else float("nan")
    return {"fair": shares[0], "efficient": shares[1], "price": price}


def _reached(asked: np.ndarray, draws: pd.DataFrame, hierarchy: Hierarchy) -> np.ndarray:
    """Share of draws at or above `asked` (on node), summed in blocks of draws."""
    if len(draws.columns.symmetric_difference(hierarchy.leaves)) or not draws.columns.is_unique:
        stray = draws.columns.symmetric_difference(hierarchy.leaves)
        raise DataError(
            "the draws are not on the leaves of the hierarchy.",
            where=f"first difference: {list(stray[:3])}",
            fix="give one column of draws for each leaf.",
        )
    values = draws.to_numpy()
    if not draws.columns.equals(hierarchy.leaves):
        values = values[:, draws.columns.get_indexer(hierarchy.leaves)]
    leaf = hierarchy.nodes["leaf"].to_numpy()
    reached = np.zeros(len(asked))
    reached[leaf] = (values >= asked[leaf]).sum(axis=0)
    groups = hierarchy.summing[np.flatnonzero(~leaf)]
    per = max(1, _BLOCK // max(groups.shape[0], 1))
    above = asked[~leaf][:, None]
    tolerance = _HAIR * np.abs(above)
    for start in range(0, len(values), per):
        summed = groups @ values[start : start + per].T
        reached[~leaf] += (summed >= above - tolerance).sum(axis=1)
    return reached / len(values) if len(values) else np.full(len(asked), np.nan)


def _units(
    targets: pd.Series,
    hierarchy: Hierarchy,
    forecast: pd.Series,
    baseline: pd.Series | None,
    draws: pd.DataFrame | None,
) -> pd.DataFrame:
    columns = {"target": targets, "forecast": forecast.astype(float)}
    if baseline is not None:
        columns["baseline"] = baseline.astype(float)
        columns["habit"] = _habit(targets, baseline)
    units = hierarchy.nodes[["label", "level"]].join(hierarchy.totals(pd.DataFrame(columns)))
    for name in ("baseline", "habit"):
        units[name] = units[name] if name in columns else np.nan
    units["growth"] = (units["target"] / units["baseline"] - 1).where(units["baseline"] > 0)
    units["stretch"] = (units["target"] / units["forecast"] - 1).where(units["forecast"] > 0)
    units["against_habit"] = units["target"] - units["habit"]
    units["chance"] = np.nan if draws is None else chances(targets, draws, hierarchy)
    return units


def _habit(targets: pd.Series, baseline: pd.Series) -> pd.Series:
    """The same total by last year's shares; missing without a baseline above zero."""
    weight = baseline.clip(lower=0).astype(float)
    return targets.sum() * weight / weight.sum() if weight.sum() > 0 else weight * np.nan


def _burden(targets: pd.Series, bases: Mapping[str, pd.Series | None], basis: str) -> pd.Series:
    chosen = bases.get(basis)
    if chosen is None:
        given = [name for name, series in bases.items() if series is not None]
        raise ParameterError(
            f"inequality cannot be measured over '{basis}'.",
            where="basis",
            fix=f"use one of {', '.join(given)}, or give '{basis}'.",
        )
    chosen = chosen.reindex(targets.index)
    return (targets / chosen)[chosen > 0]


def _levels(units: pd.DataFrame, hierarchy: Hierarchy) -> pd.DataFrame:
    grouped = units.groupby("level", sort=False)
    out = pd.DataFrame(
        {
            "units": grouped.size(),
            "chance_low": grouped["chance"].min(),
            "chance_mean": grouped["chance"].mean(),
            "chance_high": grouped["chance"].max(),
            "growth_spread": grouped["growth"].std(ddof=0),
            "stretch_spread": grouped["stretch"].std(ddof=0),
        }
    )
    return out.loc[[level for level in hierarchy.levels if level in out.index]]


def _spread(values: pd.Series) -> float:
    """Standard deviation over those that have a value."""
    return float(values.std(ddof=0))
