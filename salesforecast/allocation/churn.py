"""Targets made anew with few changes: at most so many cells, or so much money moved.

An amount moved is a price: everyone keeps his old target unless his level lies further from the
common one than the price of moving, which is exactly the plan that deviates least from fair
among all that move no more. A number of cells is a choice: those that have to change, then
those furthest from fair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from salesforecast.allocation.allocate import Allocation, allocate
from salesforecast.allocation.bounds import read_bounds, tree_of
from salesforecast.allocation.curves import Curves
from salesforecast.allocation.fairness import Chances, Criterion
from salesforecast.allocation.level import tighten
from salesforecast.errors import DataError, InfeasibleError, ParameterError
from salesforecast.hierarchy import Hierarchy
from salesforecast.rules import Rule

_SEARCH = 60  # halvings of the price of moving


@dataclass(frozen=True)
class Sticky:
    """Curves that stay at an old plan until the level is further away than a price of moving.

    Parameters
    ----------
    plan
        What each leaf carried.
    home
        The level at which its curve takes that; not finite where it never does: such a leaf
        moves only when nothing else can.
    price
        Of moving, in levels; more than zero.
    """

    curves: Curves
    plan: np.ndarray
    home: np.ndarray
    price: float

    def at(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        away = np.clip(level - self._home, -self.price, self.price)
        value, slope = self.curves.at(level - away)
        stays = ~self._lives | (np.abs(away) < self.price)
        return np.where(stays, self.plan, value), np.where(stays, 0.0, slope)

    def inverse(self, values: np.ndarray) -> np.ndarray:
        own = self.curves.inverse(values) + self.price * np.sign(values - self.plan)
        own = np.where(values == self.plan, self._home, own)
        return np.where(self._lives, own, np.nan)

    def reach(self) -> tuple[np.ndarray, np.ndarray]:
        least, most = self.curves.reach()
        lives = self._lives
        return np.where(lives, least, self.plan), np.where(lives, most, self.plan)

    def bracket(self, low: np.ndarray, high: np.ndarray) -> tuple[float, float]:
        least, most = self.curves.bracket(low, high)
        homes = self.home[self._lives]
        ends = (homes.min(), homes.max()) if len(homes) else (least, most)
        return min(least, float(ends[0])) - self.price, max(most, float(ends[1])) + self.price

    def guess(self, total: float) -> float:
        return self.curves.guess(total)

    def take(self, which: np.ndarray | slice) -> Sticky:
        return Sticky(self.curves.take(which), self.plan[which], self.home[which], self.price)

    @property
    def _lives(self) -> np.ndarray:
        return np.isfinite(self.home)

    @property
    def _home(self) -> np.ndarray:
        return np.where(self._lives, self.home, 0.0)


@dataclass(frozen=True)
class Reallocation:
    """New targets under a budget for changes.

    Parameters
    ----------
    allocation
        The targets, as `allocate` gives them.
    moves
        One row a changed leaf, largest change first: `before`, `after`, `change` (int64 money),
        `limit` (what holds it now, if anything).
    moved, changed
        Sum of absolute changes in money, and how many cells changed.
    price
        Of moving, in levels of the criterion: who is no further from the common level than
        that keeps his target. Zero where the budget left everyone free.
    """

    allocation: Allocation
    moves: pd.DataFrame
    moved: int
    changed: int
    price: float

    def words(self, language: str = "en") -> str:
        """What changes, in one sentence."""
        kept = len(self.allocation.targets) - self.changed
        if language == "zh":
            return f"{self.changed} 个目标变动，共 {self.moved:,}；{kept} 个不变。"
        what = "1 target changes" if self.changed == 1 else f"{self.changed} targets change"
        return f"{what}, {self.moved:,} in all; {kept} stay as they were."


def reallocate(
    total: int,
    hierarchy: Hierarchy,
    leaves: pd.DataFrame,
    *,
    criterion: str | Mapping[str, float] = "forecast",
    rules: Sequence[Rule] = (),
    step: int = 1,
    draws: Chances | None = None,
    budget: int | None = None,
    cells: int | None = None,
) -> Reallocation:
    """Split `total` anew, moving away from the old plan no more than is allowed.

    Parameters
    ----------
    total, hierarchy, criterion, rules, step, draws
        As in `allocate`.
    leaves
        As in `allocate`, with the old targets in `plan`: money, whole multiples of `step`.
        A leaf may be a unit, or a unit in an open period.
    budget
        Most that may move: sum of absolute changes, in money. None: any.
    cells
        Most leaves that may change. None: any.

    Returns
    -------
    Reallocation
        With nothing to change, a budget of zero gives the old plan back.

    Raises
    ------
    InfeasibleError
        If the limits contradict each other, or ask for more changes than the budget holds; the
        message says how many they need.
    DataError
        If there is no old plan, or it is not in whole steps.
    ParameterError
        If a budget is negative.
    """
    leaves = _checked(hierarchy, leaves, step, budget, cells)
    plan = leaves["plan"].to_numpy()

    def split(wish: str | Mapping[str, float] | Criterion, frame: pd.DataFrame) -> Allocation:
        return allocate(
            total, hierarchy, frame, criterion=wish, rules=rules, step=step, draws=draws
        )

    found, price = split(criterion, leaves), 0.0
    if cells is not None and _changed(found, plan) > cells:
        fair = found.targets.to_numpy()
        try:
            held = _held(leaves, fair, np.zeros(len(plan), dtype=bool), cells)
            found = split(criterion, held)
        except InfeasibleError:  # others have to change: these first
            few = split("few changes", leaves)
            must = _musts(few, hierarchy, leaves, rules, total, step, cells)
            held = _held(leaves, fair, must, cells)
            found = split(criterion, held)
        leaves = held
    if budget is not None and _moved(found, plan) > budget:
        found, price = _cheaper(found, leaves, budget, step, split)
    return _result(found, plan, price)


def _result(found: Allocation, plan: np.ndarray, price: float) -> Reallocation:
    change = found.targets.to_numpy() - plan
    at = np.flatnonzero(change)
    at = at[np.argsort(-np.abs(change[at]), kind="stable")]
    moves = pd.DataFrame(
        {
            "before": plan[at],
            "after": found.targets.to_numpy()[at],
            "change": change[at],
            "limit": found.nodes["limit"].reindex(found.targets.index[at]).to_numpy(),
        },
        index=found.targets.index[at],
    )
    return Reallocation(found, moves, _moved(found, plan), len(at), price)


def _moved(found: Allocation, plan: np.ndarray) -> int:
    return int(np.abs(found.targets.to_numpy() - plan).sum())


def _changed(found: Allocation, plan: np.ndarray) -> int:
    return int((found.targets.to_numpy() != plan).sum())


def _cheaper(
    free: Allocation,
    leaves: pd.DataFrame,
    budget: int,
    step: int,
    split: Callable[[Criterion, pd.DataFrame], Allocation],
) -> tuple[Allocation, float]:
    """The fairest split that moves no more than `budget`, and the price of moving."""
    assert free.fair is not None
    plan = leaves["plan"].to_numpy()
    curves = free.fair.curves
    with np.errstate(invalid="ignore"):
        home = curves.inverse(plan / step)
    known = np.append(home, free.nodes["level"].to_numpy())
    known = known[np.isfinite(known)]

    def at(price: float) -> Allocation:
        assert free.fair is not None
        sticky = Sticky(curves, plan / step, home, price)
        return split(replace(free.fair, curves=sticky), leaves)

    near, far = 0.0, max(float(np.ptp(known)) if len(known) else 0.0, 1e-9)
    best, least = at(far), np.inf
    while _moved(best, plan) > budget:
        if _moved(best, plan) >= least:  # no price of moving makes it less
            _refuse_budget(int(least), budget)
        least, near, far = _moved(best, plan), far, 8 * far
        best = at(far)
    for _ in range(_SEARCH):
        if budget - _moved(best, plan) <= step or far - near <= 1e-9 * far:
            break
        middle = 0.5 * (near + far)
        trial = at(middle)
        if _moved(trial, plan) <= budget:
            best, far = trial, middle
        else:
            near = middle
    return best, far


def _refuse_budget(least: int, budget: int) -> None:
    raise InfeasibleError(
        f"the new total and the limits move at least {least:,}, and {budget:,} may move.",
        where="the budget for changes",
        fix=f"raise the budget by {least - budget:,} to {least:,}, or release a limit.",
    )


def _held(leaves: pd.DataFrame, fair: np.ndarray, must: np.ndarray, cells: int) -> pd.DataFrame:
    """The leaves with all at their plan but for those that must change and the furthest from fair."""
    plan = leaves["plan"].to_numpy()
    away = np.where(must, np.inf, np.abs(fair - plan))
    stays = np.ones(len(plan), dtype=bool)
    stays[np.argsort(-away, kind="stable")[:cells]] = False
    limits = {}
    for name in ("floor", "ceiling"):
        own = leaves[name].to_numpy(dtype=float) if name in leaves else np.full(len(plan), np.nan)
        limits[name] = np.where(stays, plan, own)
    return leaves.assign(**limits)


def _musts(
    few: Allocation,
    hierarchy: Hierarchy,
    leaves: pd.DataFrame,
    rules: Sequence[Rule],
    total: int,
    step: int,
    cells: int,
) -> np.ndarray:
    """Which leaves have to change: as `few changes` finds, or fewer by an integer program."""
    must: np.ndarray = few.targets.to_numpy() != leaves["plan"].to_numpy()
    if must.sum() <= cells:
        return must
    fewest = _fewest(hierarchy, leaves, rules, total, step)
    if fewest is not None:
        must = fewest
    if must.sum() > cells:
        raise InfeasibleError(
            f"the new total and the limits change at least {int(must.sum())} cells, and {cells}"
            " may change.",
            where="the number of cells that may change",
            fix=f"allow {int(must.sum())} cells, or release a limit.",
        )
    return must


def _fewest(
    hierarchy: Hierarchy, leaves: pd.DataFrame, rules: Sequence[Rule], total: int, step: int
) -> np.ndarray | None:
    """The fewest leaves that have to change, by HiGHS; None if it finds none in time."""
    from scipy import sparse
    from scipy.optimize import Bounds, LinearConstraint, milp

    tree = tree_of(hierarchy)
    baseline = next((leaves[name] for name in ("baseline", "history") if name in leaves), None)
    own = read_bounds(hierarchy, rules, baseline, step, columns=leaves)
    bounds = tighten(tree, own.low, own.high)
    plan = leaves["plan"].to_numpy() / step
    low, steps = bounds.least[tree.leaves], total // step
    high = np.minimum(bounds.most[tree.leaves], np.maximum(steps - (low.sum() - low), low))
    count, unit = len(plan), sparse.eye_array(len(plan))
    least, most = own.low.copy(), own.high.copy()
    least[0] = most[0] = steps
    limits = [LinearConstraint(sparse.hstack([tree.summing, 0 * tree.summing]), least, most)]
    for _, row in own.shared:
        use = row.coefficients.reindex(hierarchy.leaves).fillna(0.0).to_numpy() * step
        wide = sparse.csr_array(np.concatenate([use, np.zeros(count)])[None, :])
        limits.append(LinearConstraint(wide, row.lower, row.upper))
    rise, fall = np.maximum(high - plan, 0.0), np.maximum(plan - low, 0.0)
    limits += [
        LinearConstraint(sparse.hstack([unit, -sparse.diags_array(rise)]), -np.inf, plan),
        LinearConstraint(sparse.hstack([unit, sparse.diags_array(fall)]), plan, np.inf),
    ]
    found = milp(
        np.concatenate([np.zeros(count), np.ones(count)]),
        integrality=np.ones(2 * count),
        bounds=Bounds(np.append(low, np.zeros(count)), np.append(high, np.ones(count))),
        constraints=limits,
        options={"time_limit": 20.0},
    )
    return None if found.x is None else np.asarray(found.x[count:] > 0.5)


def _checked(
    hierarchy: Hierarchy,
    leaves: pd.DataFrame,
    step: int,
    budget: int | None,
    cells: int | None,
) -> pd.DataFrame:
    """The leaves in the tree's order with an old plan in whole steps."""
    if any(most is not None and most < 0 for most in (budget, cells)):
        raise ParameterError(
            "a budget for changes is zero or more.",
            where=f"budget {budget}, cells {cells}",
            fix="give how much may move, or how many cells may change.",
        )
    if "plan" not in leaves:
        raise DataError(
            "there is no old plan to stay near to.",
            where=f"the columns of the leaves are {list(leaves.columns)}",
            fix="add a column 'plan' with the old targets.",
        )
    if leaves.index.has_duplicates or len(leaves.index.symmetric_difference(hierarchy.leaves)):
        raise DataError(
            "the rows are not the leaves of the hierarchy.",
            where="the frame of the leaves",
            fix="give exactly one row for each leaf.",
        )
    leaves = leaves.loc[hierarchy.leaves]
    plan = leaves["plan"].to_numpy(dtype=float)
    wrong = ~np.isfinite(plan) | (np.rint(plan) != plan) | (np.mod(plan, step) != 0)
    if wrong.any():
        first = leaves.index[int(np.argmax(wrong))]
        raise DataError(
            f"the old plan is not in whole steps of {step:,}.",
            where=f"first: '{first}' has {plan[wrong][0]}",
            fix="plan in the step of the old plan, or round the old plan to it first.",
        )
    return leaves.assign(plan=plan.astype(np.int64))
