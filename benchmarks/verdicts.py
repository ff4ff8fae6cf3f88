"""Right or wrong, not fast or slow: the best rounding by MILP, and broken plans judged by HiGHS."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from benchmarks import cases
from salesforecast.allocation.conflicts import diagnose, repaired
from salesforecast.allocation.level import solve
from salesforecast.allocation.rounding import round_tree
from salesforecast.hierarchy import Hierarchy
from salesforecast.rules import Rule

GRAIN = 1_000_000_000  # parts of a step, so that moves are compared as whole numbers


def rounding_beyond_the_best(count: int) -> float:
    """Sum over random trees of our total move minus the least possible; infinite if a node is
    not the floor or ceiling of its exact value."""
    beyond = 0.0
    for seed in range(count):
        shape = cases.unbalanced(30, 4, seed) if seed % 2 else cases.regular(3, 2, 3)
        case = cases.split(shape, seed)
        leaves = case.tree.leaves
        inner = case.low.copy(), case.high.copy()
        inner[0][:] = np.floor(inner[0])  # limits in whole steps, as in a plan
        inner[1][:] = np.ceil(inner[1])
        whole = cases.Split(
            case.parents, case.tree, case.history, case.anchor, *inner, float(round(case.total))
        )
        exact = solve(whole.tree, whole.curves, whole.bounds, whole.total).exact
        ours = round_tree(whole.tree, exact)
        low, high = np.floor(exact + 1e-9), np.ceil(exact - 1e-9)
        if (
            (ours < low).any()
            or (ours > high).any()
            or (case.tree.total(ours[leaves]) != ours).any()
        ):
            return np.inf
        part = np.rint((exact[leaves] - low[leaves]) * GRAIN).astype(np.int64)
        cost = GRAIN - 2 * part  # what one more unit adds to the total move, as a whole number
        best = milp(
            cost / GRAIN,
            integrality=np.ones(len(leaves)),
            bounds=Bounds(0, high[leaves] - low[leaves]),
            constraints=LinearConstraint(
                cases.summing(case.parents, leaves),
                low - case.tree.total(low[leaves]),
                high - case.tree.total(low[leaves]),
            ),
            options={"mip_rel_gap": 0.0},
        )
        ups = (ours[leaves] - low[leaves]).astype(np.int64)
        beyond += abs(int(cost @ ups) - int(cost @ np.rint(best.x).astype(np.int64))) / GRAIN
    return beyond


def broken_plans(count: int) -> tuple[int, int]:
    """Of `count` plans that HiGHS finds impossible: how many are diagnosed and repaired, and how
    many there were.

    Diagnosed: each named set is impossible and possible without any one of its limits, given
    the repairs of those before it. Repaired: the repaired plan is possible and draws no diagnosis.
    """
    good, seen, seed = 0, 0, 0
    while seen < count:
        total, tree, rules, baseline = cases.broken(seed)
        seed += 1
        if possible(total, tree, rules, baseline):
            continue
        seen += 1
        good += _right(total, tree, rules, baseline)
    return good, seen


def possible(
    total: float | None, tree: Hierarchy, rules: Sequence[Rule], baseline: pd.Series
) -> bool:
    """Whether HiGHS finds targets of zero or more that keep all rules, rounded inward."""
    rows = [rule.row(tree, baseline) for rule in rules]
    use = np.array(
        [row.coefficients.reindex(tree.leaves).fillna(0.0) for row in rows]
        + [np.ones(len(tree.leaves))]
    )
    low = [np.ceil(row.lower - 1e-9) for row in rows] + [-np.inf if total is None else total]
    high = [np.floor(row.upper + 1e-9) for row in rows] + [np.inf if total is None else total]
    least, most = np.array(low), np.array(high)
    found = linprog(
        np.zeros(use.shape[1]),
        A_ub=np.vstack([use[most < np.inf], -use[least > -np.inf], np.zeros((1, use.shape[1]))]),
        b_ub=np.concatenate([most[most < np.inf], -least[least > -np.inf], [0.0]]),
        bounds=(0, None),
        method="highs",
    )
    return bool(found.status == 0)


def _right(total: float, tree: Hierarchy, rules: Sequence[Rule], baseline: pd.Series) -> bool:
    found = diagnose(total, tree, rules, baseline=baseline)
    now: float = total
    limits: list[Rule | None] = list(rules)
    for conflict in found:
        asked = None if conflict.total is None else now
        named = [rule for rule in (limits[at] for at in conflict.places) if rule is not None]
        fewer = [named[:at] + named[at + 1 :] for at in range(len(named))]
        if possible(asked, tree, named, baseline):
            return False
        if not all(possible(asked, tree, rest, baseline) for rest in fewer):
            return False
        for change in conflict.repairs:
            if isinstance(change.to, (int, float)):
                now = change.to
            else:
                limits[change.place] = change.to
    end, kept = repaired(total, rules, found)
    again = diagnose(end, tree, kept, baseline=baseline)
    return bool(found) and not again and possible(end, tree, kept, baseline)
