"""The cheapest change of limits that ends a contradiction at one node of the tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf

import numpy as np

from salesforecast.allocation.limits import ORDER, Bounds, Limits, Sides, whole
from salesforecast.rules import Capacity, Ceiling, Floor, GrowthBand, Lock, Rule, Sum

_TWO_SIDED = (ORDER.index("lock"), ORDER.index("total"))


def ways(limits: Limits, node: int, order: Sequence[str]) -> Iterator[tuple[str, Bounds]]:
    """Ways to end the contradiction at `node`, whose subtree has none; cheapest first.

    First each kind of limit alone, in `order`; then the first two, three, ... kinds together.
    The last always works.

    Yields
    ------
    tuple
        The kinds that give way (`"floor"`, `"lock, floor"`), and the new bounds.
    """
    present = {ORDER[kind] for kind in limits.kind[limits.inside(node)]}
    kinds = [name for name in order if name in present]
    sides = limits.sides(node)
    trials = [[name] for name in kinds] + [kinds[:count] for count in range(2, len(kinds) + 1)]
    for trial in trials:
        numbers = [ORDER.index(name) for name in trial]
        free = limits.sides(node, without=numbers)
        if free.low[0] <= free.high[0]:
            yield ", ".join(trial), _fewest(limits, node, numbers, sides, free)


def changed(limits: Limits, which: int, lower: float, upper: float) -> Rule | None:
    """The rule at `which` with new bounds (in steps); None if it can only be taken away."""
    rule = limits.rules[which]
    new: Rule | None = None
    if isinstance(rule, Floor):
        new = replace(rule, amount=money(lower, limits.step))
    elif isinstance(rule, (Ceiling, Lock)):
        new = replace(rule, amount=money(upper, limits.step))
    elif isinstance(rule, Capacity) and limits.at[which] < 0:
        new = replace(rule, amount=float(upper))
    elif isinstance(rule, Capacity):
        use = next(iter(rule.uses.values())) if len(rule.uses) == 1 else 1.0  # a plain row
        new = replace(rule, amount=upper * limits.step * use)
    elif isinstance(rule, Sum):
        each = limits.step if limits.at[which] >= 0 else 1  # rows that leave the tree are in money
        new = replace(rule, least=money(lower, each), most=money(upper, each))
    elif isinstance(rule, GrowthBand):
        new = _band(limits, which, rule, lower, upper)
    return new


def _band(
    limits: Limits, which: int, rule: GrowthBand, lower: float, upper: float
) -> GrowthBand | None:
    """The corridor widened to the new bounds; None where growth says nothing (no baseline)."""
    last = limits.baseline[limits.at[which]]
    if last <= 0:
        return None
    was = np.array([1 + rule.low, 1 + rule.high]) * last / limits.step
    low, high = rule.low, rule.high
    if lower != whole(was[:1], np.ceil)[0]:
        low = float(lower * limits.step / last - 1)
    if upper != whole(was[1:], np.floor)[0]:
        high = float(upper * limits.step / last - 1)
    return replace(rule, low=low, high=high)


def money(steps: float, step: int) -> float:
    """Whole steps as money, an int where it is whole."""
    amount = steps * step
    return int(amount) if float(amount).is_integer() else amount


def _fewest(limits: Limits, node: int, kinds: Sequence[int], sides: Sides, free: Sides) -> Bounds:
    """Meet as low as the kinds allow, or as high: whichever changes fewer limits."""
    meets = {
        max(free.low[0], sides.high[0]),
        min(free.high[0], sides.low[0]),
    }
    found = [_meet(limits, node, kinds, sides, free, meet) for meet in sorted(meets)]
    return min(found, key=lambda bounds: len(bounds.limits))


def _meet(
    limits: Limits, node: int, kinds: Sequence[int], sides: Sides, free: Sides, meet: float
) -> Bounds:
    """New bounds for limits of `kinds` so that `node` can carry exactly `meet`."""
    few = all(kind in _TWO_SIDED for kind in kinds)
    fall = _handed_down(limits, node, sides.low, sides.sum_low, free.low, meet, few)
    rise = -_handed_down(limits, node, -sides.high, -sides.sum_high, -free.high, -meet, few)
    which = limits.inside(node)
    which = which[np.isin(limits.kind[which], kinds)]
    place = limits.at[which] - node
    lower, upper = limits.lower[which], limits.upper[which]
    lowered, raised = lower > fall[place], upper < rise[place]
    both = np.isin(limits.kind[which], _TWO_SIDED) | (lower == upper)
    new_lower = np.where(lowered, fall[place], np.where(raised & both, rise[place], lower))
    new_upper = np.where(raised, rise[place], np.where(lowered & both, fall[place], upper))
    moved = lowered | raised
    return Bounds(which[moved], new_lower[moved], new_upper[moved])


def _handed_down(
    limits: Limits,
    node: int,
    low: np.ndarray,
    sum_low: np.ndarray,
    free: np.ndarray,
    meet: float,
    few: bool,
) -> np.ndarray:
    """The most that each node of the subtree may be forced to, so that `node` is forced to `meet`.

    `inf` where nothing need give way. What a group must give up is shared by its children in
    proportion to what each can, or taken from as few of them as possible.
    """
    most = np.full(len(low), inf)
    if low[0] <= meet:
        return most
    most[0] = meet
    waiting = [node]
    while waiting:
        group = waiting.pop()
        excess = sum_low[group - node] - most[group - node]
        if not excess > 0:
            continue
        children = limits.tree.children(group)
        at = children - node
        can = low[at] - free[at]
        given = _largest_first(excess, can, low[at]) if few else _pro_rata(excess, can, low[at])
        hit = given > 0
        most[at[hit]] = low[at[hit]] - given[hit]
        waiting.extend(children[hit & ~limits.tree.leaf[children]].tolist())
    return most


def _largest_first(amount: float, can: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Take `amount` from as few as possible: from those that can give most, the largest first."""
    order = np.lexsort((-np.abs(size), -can))
    before = np.concatenate([[0.0], np.cumsum(can[order])[:-1]])
    given = np.empty(len(can))
    with np.errstate(invalid="ignore"):
        given[order] = np.clip(np.nan_to_num(amount - before, nan=0.0), 0.0, can[order])
    return given


def _pro_rata(amount: float, can: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Take `amount` whole steps from all that can give, in proportion, none beyond what it can."""
    weight = np.where(np.isinf(can), np.abs(size), can)
    weight = np.where(can > 0, weight, 0.0)
    if not weight.sum() > 0:
        weight = (can > 0).astype(float)
    given = np.zeros(len(can))
    left = amount
    while left > 0:
        open_ = (given < can) & (weight > 0)
        if not open_.any():  # the weights are used up: whoever still can
            return given + _largest_first(left, can - given, size)
        share = left * np.where(open_, weight, 0.0) / weight[open_].sum()
        part = np.minimum(np.floor(share), can - given)
        if not part.sum() > 0:
            part = np.zeros(len(can))
            first = np.argsort(-np.where(open_, share, -1.0), kind="stable")[: int(left)]
            part[first[open_[first]]] = 1.0
        given += part
        left = amount - given.sum()
    return given
