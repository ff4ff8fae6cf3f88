"""Exact splits into whole units: of one total, and over a whole tree."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesforecast.allocation.tree import Tree

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
