"""Why no plan satisfies every limit: minimal contradictions, and the cheapest repair that works.

On a tree one pass from the leaves to the root finds them all: a node can carry anything between
what its limits and its children force on it and what they leave it, in whole steps; where the
first exceeds the second, those limits contradict each other. Capacities that several units share
leave the tree and are looked at afterwards (`shared`, with a linear program).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesforecast.allocation import wording
from salesforecast.allocation.limits import ORDER, Bounds, Limits, Sides
from salesforecast.allocation.repair import changed, money, ways
from salesforecast.allocation.wording import Voice
from salesforecast.errors import InfeasibleError
from salesforecast.hierarchy import ROOT, Hierarchy
from salesforecast.rules import Rule

if TYPE_CHECKING:
    from salesforecast.allocation.shared import Knot


@dataclass(frozen=True)
class Change:
    """One limit as it was set and as it would have to be.

    Parameters
    ----------
    rule
        As the planner set it; None is the plan's total.
    to
        What to put in its place; an amount for the total, None to take the limit away.
    place
        Where the rule stands among the plan's rules; -1 for the total.
    """

    rule: Rule | None
    to: Rule | float | None
    place: int = -1


@dataclass(frozen=True)
class Conflict:
    """A smallest set of limits that contradict each other, and how to end it.

    Minimal: no plan satisfies `rules` (and `total`, if named) together, and one does without any
    one of them. A conflict is looked for after the repairs of those listed before it.

    Parameters
    ----------
    node, label
        Where they meet, and what people call it.
    rules
        The limits that contradict each other.
    total
        The plan's total in money if it takes part, else None.
    shortfall
        By how much they miss each other, in `unit`.
    whole
        The same with every further limit at that place; the repair closes all of it.
    others
        How many further limits that are.
    unit
        Empty for money, else the unit of the capacity.
    places
        Where `rules` stand among the plan's rules.
    """

    node: str
    label: str
    rules: tuple[Rule, ...]
    total: float | None
    shortfall: float
    whole: float
    others: int = 0
    unit: str = ""
    places: tuple[int, ...] = ()
    _repair: Callable[[], tuple[Change, ...]] = field(default=tuple, repr=False, compare=False)
    _options: Callable[[], tuple[tuple[Change, ...], ...]] = field(
        default=tuple, repr=False, compare=False
    )
    _say: Callable[[Conflict, Voice], tuple[str, str]] = field(
        default=lambda conflict, voice: ("", ""), repr=False, compare=False
    )

    @cached_property
    def repairs(self) -> tuple[Change, ...]:
        """The cheapest changes that, applied together, end this conflict."""
        return self._repair()

    @cached_property
    def options(self) -> tuple[tuple[Change, ...], ...]:
        """Every way to end it by changing limits of one kind alone, the cheapest first."""
        return self._options()

    def text(self, language: str = "en", *, divisor: int = 1) -> str:
        """What contradicts what, whose it is, why, and by how much: one sentence or two.

        Money is divided by `divisor`, the unit that the reader sees elsewhere.
        """
        return self._say(self, Voice(language, divisor))[0]

    def fix(self, language: str = "en", *, divisor: int = 1) -> str:
        """The repairs to choose from in words, the cheapest first; money as in `text`."""
        return self._say(self, Voice(language, divisor))[1]


def diagnose(
    total: float,
    hierarchy: Hierarchy,
    rules: Sequence[Rule],
    *,
    baseline: pd.Series,
    step: int = 1,
    order: Sequence[str] = ORDER,
) -> tuple[Conflict, ...]:
    """Every independent contradiction between the total and the limits, lowest places first.

    Applying the repairs of all of them (`repaired`) gives limits that a plan can satisfy.

    Parameters
    ----------
    total
        What the leaves must add up to, in money.
    rules
        Limits on nodes; weighted and shared capacities too.
    baseline
        float64 on leaf, in money: what growth bands refer to.
    step
        Targets are whole multiples of it; limits count as the multiples that they allow.
    order
        What to give up first: kinds of limits out of `limits.ORDER`, all of them.

    Returns
    -------
    tuple
        Empty if a plan exists.

    Raises
    ------
    ValueError
        If `order` does not name every kind once, or `step` is not positive.
    """
    if sorted(order) != sorted(ORDER):
        raise ValueError(f"order names {list(order)}, the kinds are {list(ORDER)}")
    if step <= 0:
        raise ValueError(f"step is {step}")
    limits = Limits.of(total, hierarchy, rules, baseline=baseline, step=step)
    found, limits = _on_tree(limits, tuple(order))
    if limits.weighted:
        from salesforecast.allocation.shared import knots

        found += [_off_tree(knot) for knot in knots(limits, tuple(order))]
    return tuple(found)


def repaired(
    total: float, rules: Sequence[Rule], conflicts: Sequence[Conflict]
) -> tuple[float, tuple[Rule, ...]]:
    """The total and the limits with the cheapest repair of every conflict applied, in order."""
    kept: list[Rule | None] = list(rules)
    for change in (change for conflict in conflicts for change in conflict.repairs):
        if isinstance(change.to, (int, float)):
            total = change.to
        else:
            kept[change.place] = change.to
    return total, tuple(rule for rule in kept if rule is not None)


def infeasible(
    conflicts: Sequence[Conflict], *, language: str = "en", divisor: int = 1
) -> InfeasibleError:
    """The error that tells a planner about `conflicts`; they hang on its `conflicts`."""
    what, where, fix = wording.infeasible(
        [conflict.text(language, divisor=divisor) for conflict in conflicts],
        [conflict.fix(language, divisor=divisor) for conflict in conflicts],
        Voice(language, divisor),
    )
    error = InfeasibleError(what, where=where, fix=fix)
    error.conflicts = tuple(conflicts)
    return error


@contextmanager
def told_in(language: str) -> Iterator[None]:
    """The block's contradictions are told in `language`."""
    try:
        yield
    except InfeasibleError as error:
        if language == "en" or not error.conflicts:
            raise
        raise infeasible(error.conflicts, language=language) from error


def _on_tree(limits: Limits, order: tuple[str, ...]) -> tuple[list[Conflict], Limits]:
    """Conflicts from the deepest level up, and the limits with all of them repaired."""
    shape, found = limits.tree, []
    sides = limits.sides()
    for level in reversed(shape.levels):
        for node in level[sides.low[level] > sides.high[level]].tolist():
            own = limits.sides(node)
            while own.low[0] > own.high[0]:
                conflict, limits = _at(limits, own, node, order)
                found.append(conflict)
                own = limits.sides(node)
        if found:
            sides = limits.sides()
    return found, limits


def _at(limits: Limits, sides: Sides, node: int, order: tuple[str, ...]) -> tuple[Conflict, Limits]:
    """The conflict at `node`, whose subtree has none, and the limits with its repair applied."""
    forced, left, others = _opposed(limits, sides, node)
    _, bounds = next(ways(limits, node, order))
    named = np.unique(np.concatenate([forced, left]))
    places = [int(at) for at in named if at != limits.total_at]
    asked, allowed = limits.lower[forced].sum(), limits.upper[left].sum()
    conflict = Conflict(
        node=str(limits.hierarchy.nodes.index[node]),
        label=str(limits.hierarchy.nodes["label"].iloc[node]),
        rules=tuple(limits.rules[at] for at in places),
        places=tuple(places),
        total=limits.total if limits.total_at in named else None,
        shortfall=float(asked - allowed) * limits.step,
        whole=float(sides.low[0] - sides.high[0]) * limits.step,
        others=others,
        _repair=lambda: changes(limits, bounds),
        _options=lambda: _options(limits, node, order),
        _say=lambda it, voice: wording.conflict(limits, forced, left, it, voice),
    )
    return conflict, limits.with_bounds(bounds)


def _off_tree(knot: Knot) -> Conflict:
    """A contradiction with shared capacities; it is shown where the first capacity is."""
    limits, places = knot.limits, [int(at) for at in knot.which if at != knot.limits.total_at]
    shared = [at for at in places if at in limits.weighted] or places
    node = limits.rules[shared[0]].node if shared else ROOT
    return Conflict(
        node=node,
        label=wording.name(limits, node),
        rules=tuple(limits.rules[at] for at in places),
        places=tuple(places),
        total=limits.total if limits.total_at in knot.which else None,
        shortfall=knot.shortfall,
        whole=knot.shortfall,
        unit=knot.unit,
        _repair=lambda: changes(limits, knot.bounds),
        _options=lambda: tuple(changes(limits, bounds) for bounds in knot.ways() or (knot.bounds,)),
        _say=lambda it, voice: wording.knot(limits, knot.which, it, voice),
    )


def _opposed(limits: Limits, sides: Sides, node: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Limits that force too much, limits that leave too little, and how many more do the same.

    Of many that force too much the largest are named, until they exceed what is left.
    """
    here = np.array([node])
    own_low, own_high = sides.own_low[0], sides.own_high[0]
    if own_low > own_high:
        mine = limits.at == node
        alone = np.flatnonzero(mine & (limits.lower > limits.upper))[:1]
        if len(alone):  # no multiple of the step lies in it
            return alone, alone, 0
        forced = limits.deciding(node, here, sides, low=True)
        return forced, limits.deciding(node, here, sides, low=False), 0
    if own_low > sides.sum_high[0]:
        left, _ = limits.sources(node, sides, low=False)
        return limits.deciding(node, here, sides, low=True), left, 0
    sources, amounts = limits.sources(node, sides, low=True)
    needed = np.isneginf(limits.natural[limits.at[sources]])
    largest = np.lexsort((-amounts, ~needed))
    beyond = np.cumsum(amounts[largest]) > own_high
    count = max(int(np.argmax(beyond)) + 1 if beyond.any() else 0, int(needed.sum()))
    count = 0 if own_high < 0 and not needed.any() else count
    more = int((amounts[largest[count:]] > 0).sum())
    return sources[largest[:count]], limits.deciding(node, here, sides, low=False), more


def changes(limits: Limits, bounds: Bounds) -> tuple[Change, ...]:
    """New bounds as changed rules."""
    out = []
    for which, lower, upper in zip(bounds.limits, bounds.lower, bounds.upper, strict=True):
        if which == limits.total_at:
            out.append(Change(None, money(lower, limits.step)))
        else:
            rule, at = changed(limits, int(which), lower, upper), int(which)
            out.append(Change(limits.rules[at], rule, at))
    return tuple(out)


def _options(limits: Limits, node: int, order: tuple[str, ...]) -> tuple[tuple[Change, ...], ...]:
    """Ways that change one kind of limit alone; if there is none, the first that works."""
    found = list(ways(limits, node, order))
    alone = [bounds for kinds, bounds in found if "," not in kinds] or [found[0][1]]
    return tuple(changes(limits, bounds) for bounds in alone)
