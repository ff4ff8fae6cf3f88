"""Groups side by side, each with what lies beneath it: where only some still look for their level.

In a tree whose leaves end at every depth the groups of a layer are searched together, and those
that found their level drop out with their leaves, so that late steps cost little.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from salesforecast.allocation.curves import Curves
    from salesforecast.allocation.tree import Tree

Sums = tuple[np.ndarray, np.ndarray | None]  # of one layer: what each node carries, and slopes
MOST_STEPS = 300


@dataclass(frozen=True)
class Part:
    """Groups of one layer, the groups beneath them layer by layer, and whose each leaf is.

    Parameters
    ----------
    mothers
        Place of each leaf's parent among the groups of the part, layer after layer; sorted.
    under
        Position in the top layer of each leaf's group.
    ups
        For each layer but the first: position of each group's parent in the layer above.
    cuts
        Where each layer's groups start among all groups; one more at the end.
    """

    mothers: np.ndarray
    under: np.ndarray
    ups: tuple[np.ndarray, ...]
    cuts: np.ndarray

    def only(self, keep: np.ndarray) -> tuple[Part, list[np.ndarray], np.ndarray]:
        """The part of some groups of its top layer, groups kept in each layer, leaves kept."""
        kept = [keep]
        for up in self.ups:
            kept.append(kept[-1][up])
        ups = tuple(
            (np.cumsum(above) - 1)[up[here]]
            for up, above, here in zip(self.ups, kept[:-1], kept[1:], strict=True)
        )
        leaves = np.flatnonzero(keep[self.under])
        place = np.cumsum(np.concatenate(kept)) - 1
        under = (np.cumsum(keep) - 1)[self.under[leaves]]
        cuts = np.cumsum([0, *(np.count_nonzero(here) for here in kept)])
        return Part(place[self.mothers[leaves]], under, ups, cuts), kept, leaves

    @cached_property
    def runs(self) -> tuple[np.ndarray, np.ndarray]:
        """Each group with leaves of its own, and where they start."""
        first = np.concatenate([[0], np.flatnonzero(self.mothers[1:] != self.mothers[:-1]) + 1])
        return self.mothers[first], first

    @cached_property
    def joints(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """For each layer but the last: its groups that hold groups, and where theirs start."""
        out = []
        for up in self.ups:
            start = np.flatnonzero(up[1:] != up[:-1]) + 1
            start = np.concatenate([[0], start]) if len(up) else start
            out.append((up[start], start))
        return tuple(out)


def parts_of(tree: Tree) -> tuple[Part, ...]:
    """For each layer all its groups with what lies beneath them; leaves as `Nested.order`."""
    nested, out = tree.nested, []
    for depth in range(len(nested.cuts) - 1):
        layer, cut = tree.layers[depth], nested.cuts[depth]
        which = slice(int(np.searchsorted(nested.mothers, cut)), None)
        inside = np.zeros(len(layer.nodes), dtype=np.int64)
        inside[layer.inner] = np.arange(len(layer.inner))
        under = inside[tree.above[depth][nested.order[which]]]
        ups, cuts = nested.ups[depth + 1 :], nested.cuts[depth:] - cut
        out.append(Part(nested.mothers[which] - cut, under, ups, cuts))
    return tuple(out)


Edges = list[tuple[np.ndarray, np.ndarray]]  # for each layer: least and most of each group


class Sought:
    """A part with its leaves' curves and limits, to be asked what it carries."""

    def __init__(
        self, part: Part, edges: Edges, curves: Curves, low: np.ndarray, high: np.ndarray
    ) -> None:
        self.part, self.edges, self.curves, self.low, self.high = part, edges, curves, low, high

    def only(self, keep: np.ndarray) -> tuple[Sought, list[np.ndarray]]:
        """The same for some groups of the top layer, and which groups of every layer that keeps."""
        part, kept, leaves = self.part.only(keep)
        edges = [(low[k], high[k]) for (low, high), k in zip(self.edges, kept, strict=True)]
        curves, low, high = self.curves.take(leaves), self.low[leaves], self.high[leaves]
        return Sought(part, edges, curves, low, high), kept

    def carry(self, level: np.ndarray) -> list[Sums]:
        """What the groups of every layer carry, and slopes, at one level a group of the top."""
        value, slope = self.curves.at(level[0] if len(level) == 1 else level[self.part.under])
        values = np.minimum(np.maximum(value, self.low), self.high)
        return self.sums(values, slope * (values == value))

    def sums(self, values: np.ndarray, slopes: np.ndarray | None) -> list[Sums]:
        """Sums of leaf values in the part's order, unclipped, top layer first."""
        held = self._by_mother(values)
        steep = None if slopes is None else self._by_mother(slopes)
        out: list[Sums] = []
        for at in range(len(self.edges) - 1, -1, -1):
            here = slice(self.part.cuts[at], self.part.cuts[at + 1])
            total, slope = held[here], None if steep is None else steep[here]
            if out and len(out[-1][0]):
                below, tilt = out[-1]
                least, most = self.edges[at + 1]
                over, starts = self.part.joints[at]
                clipped = np.minimum(np.maximum(below, least), most)
                total[over] += np.add.reduceat(clipped, starts)
                if slope is not None and tilt is not None:
                    free = tilt * (clipped == below)
                    slope[over] += np.add.reduceat(free, starts)
            out.append((total, slope))
        return out[::-1]

    def _by_mother(self, values: np.ndarray) -> np.ndarray:
        out = np.zeros(self.part.cuts[-1])
        places, first = self.part.runs
        out[places] = np.add.reduceat(values, first)
        return out


@dataclass(frozen=True)
class Search:
    """Where each group's level lies: between `lower` and `upper`, carrying `target`."""

    level: np.ndarray
    target: np.ndarray
    enough: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    before: np.ndarray

    def only(self, keep: np.ndarray) -> Search:
        """The same for some groups."""
        parts = (self.level, self.target, self.enough, self.lower, self.upper, self.before)
        return Search(*(values[keep] for values in parts))

    def step(self, got: np.ndarray, tilt: np.ndarray) -> tuple[Search, np.ndarray]:
        """The next levels, and which groups still move.

        Newton's method, kept inside a bracket that is halved whenever the miss is not.
        """
        miss = got - self.target
        upper = np.where(miss > 0, self.level, self.upper)
        lower = np.where(miss < 0, self.level, self.lower)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = self.level - miss / tilt
        size = np.abs(miss)
        good = (tilt > 0) & (step >= lower) & (step <= upper) & (2 * size <= self.before)
        step = np.where(good, step, 0.5 * (lower + upper))
        step = np.where(size > self.enough, step, self.level)
        moves = step != self.level
        return replace(self, level=step, lower=lower, upper=upper, before=size), moves


def descend(sought: Sought, search: Search, known: Sums | None) -> np.ndarray:
    """The level of every group; those that have theirs drop out on the way.

    Raises
    ------
    ValueError
        If a curve is not continuous and nondecreasing.
    """
    found = search.level.copy()
    at = np.arange(len(found))
    for _ in range(MOST_STEPS):
        got, tilt = known or sought.carry(search.level)[0]
        known = None
        assert tilt is not None
        search, moves = search.step(got, tilt)
        found[at] = search.level
        count = int(np.count_nonzero(moves))
        if not count:
            return found
        if 2 * count < len(moves):
            sought, search, at = sought.only(moves)[0], search.only(moves), at[moves]
    raise ValueError("the curves are not continuous and nondecreasing")
