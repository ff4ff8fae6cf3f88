"""Scorecards, bonus and commission, and what a plan pays out before it is approved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
import pandas as pd

from salesforecast.errors import DataError

LEVELS = (0.9, 1.0, 1.1)  # attainments at which a pay-out is always asked for


def _refuse(what: str, where: str, fix: str) -> DataError:
    return DataError(what, where=where, fix=fix)


class Scoring(Protocol):
    """How attainment becomes points."""

    def points(self, attainment: np.ndarray, full: float) -> np.ndarray:
        """Points of each attainment, where `full` are given for 1.0; never below zero."""
        ...


@dataclass(frozen=True)
class ProRata:
    """Points in proportion to attainment, from `least` on, up to `most` times the full points."""

    least: float = 0.0
    most: float = 1.0

    def points(self, attainment: np.ndarray, full: float) -> np.ndarray:
        share = np.where(attainment >= self.least, np.clip(attainment, 0.0, self.most), 0.0)
        return full * share


@dataclass(frozen=True)
class Steps:
    """Points by class: `((1.0, 15), (0.9, 12), (0.8, 9))` is 15 from 100 % on, 12 from 90 % on.

    The points are those of the step, whatever the weight; below the lowest there are none.
    """

    steps: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        falling = all(a > b and p > q for (a, p), (b, q) in pairwise(self.steps))
        if not self.steps or not falling:
            raise _refuse(
                "the steps do not fall.",
                f"{self.steps}",
                "begin with the highest: ((1.0, 15), (0.9, 12)).",
            )

    def points(self, attainment: np.ndarray, full: float) -> np.ndarray:
        out = np.zeros(np.shape(attainment))
        for least, points in reversed(self.steps):
            out = np.where(attainment >= least, points, out)
        return out


@dataclass(frozen=True)
class PerPercent:
    """The full points at 100 %, `minus` fewer for each 1 % below and `plus` more for each above.

    Only whole per cents count (97.3 % is three below) unless `whole` is False, and bonus
    points end at `most`.
    """

    minus: float
    plus: float = 0.0
    most: float = float("inf")
    whole: bool = True

    def points(self, attainment: np.ndarray, full: float) -> np.ndarray:
        away = np.round((np.asarray(attainment, dtype="float64") - 1.0) * 100, 9)
        if self.whole:
            away = np.floor(away)
        change = np.where(away < 0, away * self.minus, np.minimum(away * self.plus, self.most))
        return np.clip(full + change, 0.0, None)


@dataclass(frozen=True)
class Criterion:
    """One line of a scorecard: an indicator, its full points, and how it is scored.

    Parameters
    ----------
    indicator
        Column of the attainments.
    weight
        Full points; the criteria of a scorecard usually make 100.
    scoring
        `ProRata`, `Steps` or `PerPercent`.
    """

    indicator: str
    weight: float
    scoring: Scoring


def scorecard(attainments: pd.DataFrame, criteria: Sequence[Criterion]) -> pd.DataFrame:
    """Score every unit: points per indicator, `total`, `share` of full points, `rank`.

    A unit without attainment in an indicator (no target, no data) is not scored in it: its
    full points count neither way, and `share` is of what could be reached.

    Parameters
    ----------
    attainments
        On node, one column an indicator; 1.0 is on target and more is better. Turn a
        less-is-better indicator round before (target / actual).
    """
    missing = [c.indicator for c in criteria if c.indicator not in attainments.columns]
    names = [c.indicator for c in criteria]
    if missing or len(set(names)) < len(names) or any(c.weight <= 0 for c in criteria):
        raise _refuse(
            "the scorecard does not fit the attainments.",
            f"missing: {missing}, criteria: {names}",
            f"name each of {list(attainments.columns)} at most once, with a weight above 0.",
        )
    out = pd.DataFrame(index=attainments.index)
    possible = pd.Series(0.0, index=out.index)
    for one in criteria:
        values = attainments[one.indicator].astype("float64")
        points = one.scoring.points(values.fillna(0.0).to_numpy(), one.weight)
        out[one.indicator] = pd.Series(points, index=out.index).where(values.notna())
        possible += np.where(values.notna(), one.weight, 0.0)
    out["total"] = out[names].sum(axis=1).where(possible > 0)
    out["share"] = out["total"] / possible.where(possible > 0)
    out["rank"] = out["share"].rank(ascending=False, method="min").astype("Int64")
    return out


@dataclass(frozen=True)
class Tiers:
    """Commission by attainment: rate of sales from each attainment on.

    Parameters
    ----------
    rates
        Attainment to rate, rising: `((0.0, 0.01), (1.0, 0.02), (1.2, 0.03))`.
    marginal
        True: each rate pays for the sales within its tier (no cliff). False: the rate of the
        tier reached pays for all sales.
    """

    rates: tuple[tuple[float, float], ...]
    marginal: bool = True

    def __post_init__(self) -> None:
        begins = [b for b, _ in self.rates]
        if not self.rates or sorted(set(begins)) != begins or any(r < 0 for _, r in self.rates):
            raise _refuse(
                "the tiers do not rise, or a rate is negative.",
                f"{self.rates}",
                "write ((0.0, 0.01), (1.0, 0.02)).",
            )

    def pay(self, sales: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Commission in the measure; nothing where there is no target or nothing is sold."""
        target = np.asarray(target, dtype="float64")
        sold = np.clip(np.asarray(sales, dtype="float64"), 0.0, None)
        out = np.zeros(np.broadcast(sold, target).shape)
        begins = [b for b, _ in self.rates] + [np.inf]
        for (begin, rate), end in zip(self.rates, begins[1:], strict=True):
            if self.marginal:
                upper = sold if np.isinf(end) else np.minimum(sold, end * target)
                out += rate * np.clip(upper - begin * target, 0.0, None)
            else:
                reached = (sold >= begin * target) & (sold < end * target)
                out += np.where(reached, rate * sold, 0.0)
        return np.where(target > 0, out, 0.0)


@dataclass(frozen=True)
class Bonus:
    """A fixed amount times a factor by attainment: `((0.9, 0.5), (1.0, 1.0), (1.2, 1.5))`.

    Between two points the factor is that of the lower one, or in between with `smooth`;
    below the first there is none, above the last it stays.
    """

    amount: float
    factors: tuple[tuple[float, float], ...] = ((1.0, 1.0),)
    smooth: bool = False

    def __post_init__(self) -> None:
        begins = [b for b, _ in self.factors]
        if not begins or sorted(set(begins)) != begins or self.amount < 0:
            raise _refuse(
                "the bonus factors do not rise with attainment, or the amount is negative.",
                f"{self.factors}",
                "write ((0.9, 0.5), (1.0, 1.0)).",
            )

    def pay(self, sales: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Bonus in the measure; nothing where there is no target."""
        target = np.asarray(target, dtype="float64")
        sold = np.asarray(sales, dtype="float64")
        attained = np.where(target > 0, sold / np.where(target > 0, target, 1.0), -np.inf)
        begins = np.array([b for b, _ in self.factors])
        factors = np.array([f for _, f in self.factors])
        if self.smooth:
            out = np.interp(attained, begins, factors)
        else:
            out = factors[np.clip(np.searchsorted(begins, attained, side="right") - 1, 0, None)]
        return self.amount * np.where(attained >= begins[0], out, 0.0)


@dataclass(frozen=True)
class Payout:
    """What a plan pays out.

    Parameters
    ----------
    at
        One row an attainment of everybody (0.9, 1.0, 1.1): `attainment, sales, payout,
        cost_share` (payout / sales).
    distribution
        `mean, q05, q50, q95` of the whole pay-out over the drawn year, `sales` (mean),
        `cost_share`, `budget_kept` (chance that it stays within the budget, when one is given).
    units
        On node: `target`, `at_target` (paid at 100 %), `mean`, `q95` of the drawn pay-out.
    """

    at: pd.DataFrame
    distribution: pd.Series
    units: pd.DataFrame


def payout(
    targets: pd.Series,
    year: pd.DataFrame,
    schemes: Sequence[Tiers | Bonus] | Mapping[str, Sequence[Tiers | Bonus]],
    *,
    budget: float | None = None,
) -> Payout:
    """What a plan pays at 90, 100 and 110 %, and as a distribution from the Monte Carlo.

    Parameters
    ----------
    targets
        On node (people), of the whole span; only people with a target above zero are paid.
    year
        Draw × node, from `simulate`; needs every node of `targets`.
    schemes
        What everybody is paid by, added up; or node to what that person is paid by.
    budget
        What may be paid out in all.

    Raises
    ------
    DataError
        If the year or the schemes lack a person.
    """
    paid = targets[targets > 0].astype("float64")
    lacking = paid.index.difference(year.columns)
    each = schemes if isinstance(schemes, Mapping) else dict.fromkeys(paid.index, schemes)
    lacking = lacking.union(paid.index.difference(pd.Index(list(each))))
    if len(lacking):
        raise _refuse(
            f"{len(lacking)} people have a target but no drawn year or no scheme.",
            f"first: '{lacking[0]}'",
            "simulate the same plan, and give everybody a scheme.",
        )
    rows = []
    for level in LEVELS:
        whole = sum(_pay(each[n], np.array([level * t]), t).sum() for n, t in paid.items())
        sales = level * paid.sum()
        rows.append({"attainment": level, "sales": sales, "payout": float(whole)})
    at = pd.DataFrame(rows)
    at["cost_share"] = at["payout"] / at["sales"]
    total = np.zeros(len(year))
    units = {}
    for node, target in paid.items():
        drawn = _pay(each[node], year[node].to_numpy(dtype="float64"), target)
        total += drawn
        units[node] = {
            "target": target,
            "at_target": _pay(each[node], np.array([target]), target)[0],
            "mean": drawn.mean(),
            "q95": np.quantile(drawn, 0.95),
        }
    sales = float(year[paid.index].to_numpy(dtype="float64").sum(axis=1).mean())
    figures = {
        "mean": total.mean(),
        **dict(zip(("q05", "q50", "q95"), np.quantile(total, [0.05, 0.5, 0.95]), strict=True)),
    }
    figures |= {"sales": sales, "cost_share": total.mean() / sales if sales else np.nan}
    if budget is not None:
        figures["budget_kept"] = (total <= budget).mean()
    return Payout(at, pd.Series(figures), pd.DataFrame.from_dict(units, orient="index"))


def _pay(schemes: Sequence[Tiers | Bonus], sales: np.ndarray, target: float) -> np.ndarray:
    out = np.zeros(len(sales))
    for scheme in schemes:
        out += scheme.pay(sales, np.full(len(sales), target))
    return out
