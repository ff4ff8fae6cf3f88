"""Whole amounts over few cells: exact, in proportion, within what each cell can give."""

from __future__ import annotations

import numpy as np

from salesforecast.errors import InfeasibleError


def share(total: int, weights: np.ndarray, *, least: np.ndarray | None = None) -> np.ndarray:
    """Split a whole `total`, positive or negative, in proportion to `weights`; the sum is exact.

    Largest remainders; equal ones go to the earlier cell. Without any weight, equally.

    Parameters
    ----------
    weights
        Zero or more, one a cell.
    least
        int64, zero or less: the most that each cell can give of a negative `total`. What a
        cell cannot give goes to the others.

    Returns
    -------
    np.ndarray
        int64, one a cell.

    Raises
    ------
    ValueError
        If there is no cell, a weight is negative, or the cells cannot give so much.
    """
    known = np.asarray(weights, dtype="float64")
    if not len(known) or (known < 0).any() or not np.isfinite(known).all():
        raise ValueError("weights must be known, zero or more, and at least one")
    if not known.sum() > 0:
        known = np.ones(len(known))
    if least is None or total >= 0:
        return _rounded(int(total), known)
    room = -np.asarray(least, dtype=np.int64)
    if -total > room.sum():
        raise ValueError("the cells cannot give so much")
    out = np.zeros(len(known), dtype=np.int64)
    left = -int(total)
    while left:
        able = np.flatnonzero(out < room)
        heavy = known[able] if known[able].sum() > 0 else np.ones(len(able))
        part = np.minimum(_rounded(left, heavy), room[able] - out[able])
        out[able] += part
        left -= int(part.sum())
    return -out


def _rounded(total: int, weights: np.ndarray) -> np.ndarray:
    sign, size = (1, total) if total >= 0 else (-1, -total)
    # in units of the largest exact float, so that huge totals stay exact
    exact = size * (weights / weights.sum())
    whole = np.floor(exact).astype(np.int64)
    order = np.argsort(-np.round(exact - whole, 9), kind="stable")
    missing = size - int(whole.sum())
    at = 0
    while missing > 0:
        many = min(missing, len(order))
        whole[order[:many]] += 1
        missing -= many
    while missing < 0:
        if whole[order[-1 - at % len(order)]] > 0:
            whole[order[-1 - at % len(order)]] -= 1
            missing += 1
        at += 1
    return sign * whole


def pick(amounts: np.ndarray, cells: int | None) -> list[int | None]:
    """How many cells each carrier may change, when `cells` may in all; larger amounts more.

    Raises
    ------
    InfeasibleError
        If there are fewer cells than carriers.
    """
    if cells is None or not len(amounts):
        return [None] * len(amounts)
    if cells < len(amounts):
        raise InfeasibleError(
            f"{len(amounts)} carriers have to change a target, and {cells} cells may change.",
            where="[replan] of the scenario: cells",
            fix=f"allow at least {len(amounts)} cells, or let the company carry it.",
        )
    extra = share(cells - len(amounts), np.asarray(amounts, dtype="float64"))
    return [int(1 + more) for more in extra]
