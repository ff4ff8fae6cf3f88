"""Exact splits into whole units: of one total, and over a whole tree."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesforecast.allocation.level import Bounds
from salesforecast.allocation.prices import Shared
from salesforecast.allocation.tree import Tree
from salesforecast.errors import InfeasibleError

PARTS = 10**9  # fractions are kept as whole billionths, so that sums are exact


def apportion(total: int, weights: pd.Series) -> pd.Series:
    """Split `total` in proportion to `weights`, in whole units that sum to it exactly.

    Largest-remainder (Hamilton) method. Equal remainders go to the earlier part, so
    the same input always gives the same split.

    Parameters
    ----------
    total
        Amount to split, in plan units; zero or more.
    weights
        Share of each part; zero or more, not all zero. Need not sum to one.

    Returns
    -------
    pd.Series
        int64, on the index of `weights`. Each part is within one unit of its exact share.

    Raises
    ------
    ValueError
        If `total` or a weight is negative, or every weight is zero.
    """
    shares = weights.to_numpy(dtype=float)
    if total < 0 or not np.isfinite(shares).all() or (shares < 0).any():
        raise ValueError("total and weights must be zero or more, and known")
    if not shares.sum() > 0:
        raise ValueError("every weight is zero")
    exact = total * (shares / shares.sum())
    whole = np.floor(exact).astype(np.int64)
    order = np.argsort(-np.round(exact - whole, 9), kind="stable")
    missing = int(total) - int(whole.sum())
    whole[order[: max(missing, 0)]] += 1
    if missing < 0:  # float shares of a huge total were a few units too many
        whole[order[missing:]] -= 1
    return pd.Series(whole, index=weights.index, name="target")


def round_tree(tree: Tree, exact: np.ndarray) -> np.ndarray:
    """Round every leaf so that every node is the floor or the ceiling of its exact value.

    Among all such roundings it moves the least in all (sum of absolute moves): bottom-up
    each node learns what one more unit would cost, top-down the units are handed out to
    the cheapest. Equal costs go to the earlier node.

    Parameters
    ----------
    exact
        One a node, in the tree's order: what it carries. The root's, and that of nodes held
        by a limit, are whole; groups add up to within one billionth a leaf.

    Returns
    -------
    np.ndarray
        int64 on all nodes; groups are the sums of their children.
    """
    size = len(tree.parents)
    whole = np.floor(exact).astype(np.int64)
    parts = np.rint((exact - whole) * PARTS).astype(np.int64)
    orders: list[np.ndarray] = []
    _settle(tree, exact, whole, parts)
    cost = np.where(parts > 0, -parts, PARTS)  # of one more unit; PARTS: not allowed
    spare = np.zeros(size, dtype=np.int64)
    for layer, below in zip(tree.layers[-2::-1], tree.layers[:0:-1], strict=True):
        groups = layer.nodes[layer.inner]
        sizes = np.diff(layer.starts, append=len(below.nodes))
        owner = np.repeat(np.arange(len(groups)), sizes)
        order = np.argsort(owner * (4 * PARTS) + cost[below.nodes], kind="stable")
        orders.append(order)
        up = whole[groups] - np.add.reduceat(whole[below.nodes], layer.starts)
        spare[groups] = up
        last = np.minimum(layer.starts + up, layer.starts + sizes - 1)
        cost[groups] = np.where(parts[groups] > 0, cost[below.nodes][order][last], PARTS)
    out = whole.copy()
    for layer, below, order in zip(tree.layers[:-1], tree.layers[1:], orders[::-1], strict=True):
        groups = layer.nodes[layer.inner]
        sizes = np.diff(layer.starts, append=len(below.nodes))
        rank = np.arange(len(order)) - np.repeat(layer.starts, sizes)
        up = spare[groups] + (out[groups] - whole[groups])
        chosen = order[rank < np.repeat(up, sizes)]
        out[below.nodes[chosen]] += 1
    return out


def round_shared(tree: Tree, exact: np.ndarray, bounds: Bounds, shared: Shared) -> np.ndarray:
    """Round as `round_tree` does, with shared capacities kept.

    If the plain rounding breaks one, a small integer program (HiGHS) looks for the rounding
    that moves least; first with every node at its floor or ceiling, then within all limits.

    Raises
    ------
    InfeasibleError
        If no whole-step plan within the limits keeps every capacity.
    """
    plain = round_tree(tree, exact)
    slack = 1e-9 * shared.scale
    if (np.abs(shared.miss(shared.use @ plain[tree.leaves])) <= slack).all():
        return plain
    near = np.rint(exact)
    settled = np.where(np.abs(exact - near) < 1e-7, near, exact)
    low, high = np.floor(settled), np.ceil(settled)
    for least, most in ((low, high), (bounds.least, bounds.most)):
        found = _program(tree, exact, least, most, shared, slack)
        if found is not None:
            return tree.total(found)
    raise InfeasibleError(
        "the capacities can be kept in fractions, but not in whole steps.",
        where="capacities shared by several units",
        fix="use a smaller step, or raise a shared capacity slightly.",
    )


def _program(
    tree: Tree,
    exact: np.ndarray,
    least: np.ndarray,
    most: np.ndarray,
    shared: Shared,
    slack: np.ndarray,
) -> np.ndarray | None:
    """Whole leaf values with the least total move, or None: `x - exact = over - under`."""
    from scipy import sparse
    from scipy.optimize import Bounds as Box
    from scipy.optimize import LinearConstraint, milp

    want = exact[tree.leaves]
    count = len(want)
    none = sparse.csr_array((len(tree.parents), count))
    unit = sparse.eye_array(count)
    limits = [
        LinearConstraint(
            sparse.hstack([tree.summing, none, none]),
            np.maximum(least, -1e15),
            np.minimum(most, 1e15),
        ),
        LinearConstraint(sparse.hstack([unit, -unit, unit]), want, want),
        LinearConstraint(
            sparse.hstack(
                [sparse.csr_array(shared.use), none[: len(shared.use)], none[: len(shared.use)]]
            ),
            shared.lower - slack,
            shared.upper + slack,
        ),
    ]
    root = LinearConstraint(
        sparse.hstack([tree.summing[:1], none[:1], none[:1]]), exact[0], exact[0]
    )
    found = milp(
        np.concatenate([np.zeros(count), np.ones(2 * count)]),
        integrality=np.concatenate([np.ones(count), np.zeros(2 * count)]),
        bounds=Box(
            np.concatenate([least[tree.leaves], np.zeros(2 * count)]),
            np.concatenate([most[tree.leaves], np.full(2 * count, np.inf)]),
        ),
        constraints=[*limits, root],
        options={"time_limit": 60.0},
    )
    if found.x is None:
        return None
    return np.rint(found.x[:count]).astype(np.int64)


def _settle(tree: Tree, exact: np.ndarray, whole: np.ndarray, parts: np.ndarray) -> None:
    """Carry full parts over, and make groups the exact sums of their children unless held."""
    full = parts >= PARTS
    whole[full] += 1
    parts[full] = 0
    for layer, below in zip(tree.layers[-2::-1], tree.layers[:0:-1], strict=True):
        groups = layer.nodes[layer.inner]
        loose = np.add.reduceat(parts[below.nodes], layer.starts)
        sums = np.add.reduceat(whole[below.nodes], layer.starts) + loose // PARTS
        free = exact[groups] != np.rint(exact[groups])
        whole[groups] = np.where(free, sums, np.rint(exact[groups]).astype(np.int64))
        parts[groups] = np.where(free, loose % PARTS, 0)
