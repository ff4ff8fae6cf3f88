"""The search for levels on a tree laid out layer by layer, all groups of a layer at once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from salesforecast.allocation.curves import Curves
from salesforecast.allocation.part import MOST_STEPS, Edges, Search, Sought, Sums, descend
from salesforecast.allocation.tree import PIECE, Tree

if TYPE_CHECKING:
    from salesforecast.allocation.level import Bounds

TOLERANCE = 1e-13  # relative, of a group's sum
NEARLY = 10  # times that: a last step of Newton's method ends the search
Piece = tuple[slice, Curves, np.ndarray, np.ndarray]  # which leaves, their curves, low, high


class Problem:
    """Limits and curves laid out layer by layer for quick sums; the scratch of one solve."""

    def __init__(self, tree: Tree, curves: Curves, bounds: Bounds, total: float) -> None:
        self.tree, self.curves, self.bounds = tree, curves, bounds
        leaves = slice_of(tree.leaves)
        self.low, self.high, self.total = bounds.least[leaves], bounds.most[leaves], total
        self.least = [bounds.least[layer.nodes] for layer in tree.layers if len(layer.inner)]
        self.most = [bounds.most[layer.nodes] for layer in tree.layers if len(layer.inner)]
        inf, sup = curves.reach()
        self.dead = bool(np.isfinite(inf).any() or np.isfinite(sup).any())
        if self.dead:  # some curves are moved only when nothing else can
            sinks, rises = inf > self.low, sup < self.high
            self.dead = bool(sinks.any() or rises.any())
            self.sinks, self.rises = sinks.astype(float), rises.astype(float)
            self.bottom = np.where(sinks, inf, self.low)
            self.top = np.where(rises, sup, self.high)
        self.phase = np.zeros(len(self.low), dtype=np.int8)

    @cached_property
    def room(self) -> np.ndarray:
        """The most that any leaf can carry."""
        room = self.total - float(self.low.sum()) + self.low
        np.maximum(room, self.low, out=room)
        return np.minimum(room, self.high, out=room)

    @cached_property
    def span(self) -> tuple[float, float]:
        """Levels at which every leaf carries its least, and its most."""
        return self.curves.bracket(self.low, self.room)

    @cached_property
    def pieces(self) -> list[Piece]:
        """The leaves cut so that a processor keeps at hand what it works on."""
        if len(self.low) <= PIECE:
            return [(slice(0, len(self.low)), self.curves, self.low, self.high)]
        cuts = [slice(at, at + PIECE) for at in range(0, len(self.low), PIECE)]
        return [(cut, self.curves.take(cut), self.low[cut], self.high[cut]) for cut in cuts]

    def unclipped(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and slopes of all leaves at one level each, limits left aside."""
        found = self.curves.at(level)
        return self.phased(level, found) if self.dead and self.phase.any() else found

    def phased(
        self, level: np.ndarray, found: tuple[np.ndarray, np.ndarray], which: slice = slice(None)
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values and slopes, read off the dead curves where a group's others are exhausted."""
        value, slope = found
        up, down = self.phase[which] > 0, self.phase[which] < 0
        rises, sinks = self.rises[which], self.sinks[which]
        value = np.where(up, self.top[which] + level * rises, value)
        value = np.where(down, self.bottom[which] + level * sinks, value)
        return value, np.where(up, rises, np.where(down, sinks, slope))

    def leaf(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and slopes of all leaves at one level each, within their limits."""
        value, slope = self.unclipped(level)
        clipped, free = self.scratch  # the next call writes over what this one returns
        np.maximum(value, self.low, out=clipped)
        np.minimum(clipped, self.high, out=clipped)
        np.equal(clipped, value, out=free)
        return clipped, np.multiply(slope, free, out=value)

    def sums(self, values: np.ndarray, slopes: np.ndarray | None, depth: int) -> list[Sums]:
        """Unclipped sums and slopes of each layer from `depth` down, for groups alone.

        Arrays are on the layer's nodes; places of leaves among groups hold zero. A bottom layer
        of leaves holds their values.
        """
        if self.tree.mixed and not len(self.tree.layers[depth].inner):
            ends = self.tree.layers[depth].leaves
            return [(values[ends], None if slopes is None else slopes[ends])]
        if self.tree.mixed:
            whole = self.below(depth)
            which = self.tree.nested.order[-len(whole.low) :]
            slopes = None if slopes is None else slopes[which]
            found = whole.sums(values[which], slopes)
            return [self.widen(depth + at, sums) for at, sums in enumerate(found)]
        return self.raised([(values, slopes)], len(self.tree.layers) - 1, depth)

    def raised(self, out: list[Sums], depth: int, to: int) -> list[Sums]:
        """Sums of the layers from `to` on, those of the layer at `depth` being known."""
        while depth > to:
            below, tilt = out[-1]
            if depth < len(self.tree.layers) - 1:
                clipped = np.minimum(np.maximum(below, self.least[depth]), self.most[depth])
                tilt = None if tilt is None else tilt * (clipped == below)
                below = clipped
            depth -= 1
            starts = self.tree.layers[depth].starts
            slope = None if tilt is None else np.add.reduceat(tilt, starts)
            out.append((np.add.reduceat(below, starts), slope))
        return out[::-1]

    def carry(self, level: np.ndarray, depth: int) -> list[Sums]:
        """What every group from a layer down carries, and slopes, at one level a group of it."""
        under = self.tree.above[depth] if len(level) > 1 else None
        if self.tree.mixed or (self.dead and self.phase.any()):
            spread = level[0] if under is None else np.append(level, 0.0)[under]
            return self.sums(*self.leaf(spread), depth)
        last = len(self.tree.layers) - 2
        total, tilt = np.zeros((2, len(self.least[last])))
        for (which, curves, low, high), (starts, groups) in zip(
            self.pieces, self.tree.runs, strict=True
        ):
            value, slope = curves.at(level[0] if under is None else level[under[which]])
            clipped = np.maximum(value, low)
            np.minimum(clipped, high, out=clipped)
            total[groups] += np.add.reduceat(clipped, starts)
            np.equal(clipped, value, out=value)
            tilt[groups] += np.add.reduceat(np.multiply(slope, value, out=value), starts)
        return self.raised([(total, tilt)], last, depth)

    def below(self, depth: int) -> Sought:
        """All groups of a layer with their leaves; in a tree of leaves at every depth."""
        part = self.tree.parts[depth]
        which = slice(len(self.low) - len(part.mothers), None)
        curves, low, high, edges = self.sorted
        if which.start:
            curves, low, high = curves.take(which), low[which], high[which]
        return Sought(part, edges[depth:], curves, low, high)

    @cached_property
    def sorted(self) -> tuple[Curves, np.ndarray, np.ndarray, Edges]:
        """Curves and limits of the leaves in the order of their parents, and of groups alone."""
        order = self.tree.nested.order
        layers = [layer for layer in self.tree.layers if len(layer.inner)]
        every = zip(layers, self.least, self.most, strict=True)
        edges = [(least[layer.inner], most[layer.inner]) for layer, least, most in every]
        return self.curves.take(order), self.low[order], self.high[order], edges

    @cached_property
    def scratch(self) -> tuple[np.ndarray, np.ndarray]:
        return np.empty(len(self.low)), np.empty(len(self.low), dtype=bool)

    def widen(self, at: int, sums: Sums) -> Sums:
        """From a layer's groups to all its nodes."""
        layer = self.tree.layers[at]
        if not len(layer.ends):
            return sums
        total = np.zeros(len(layer.nodes))
        total[layer.inner] = sums[0]
        if sums[1] is None:
            return total, None
        slope = np.zeros(len(layer.nodes))
        slope[layer.inner] = sums[1]
        return total, slope

    def reset(self, depth: int, need: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Choose for every group that needs a level whether curves or dead units carry it."""
        phase = np.zeros(len(need) + 1, dtype=np.int8)
        if self.dead and need.any():
            slack = 1e-12 * (np.abs(target) + 1e-9)
            top = np.minimum(np.maximum(self.top, self.low), self.room)
            bottom = np.minimum(np.maximum(self.bottom, self.low), self.high)
            phase[:-1][need & (target > self.sums(top, None, depth)[0][0] + slack)] = 1
            phase[:-1][need & (target < self.sums(bottom, None, depth)[0][0] - slack)] = -1
            under = self.tree.above[depth]
            touched = np.append(need, False)[under]
            self.phase = np.where(touched, phase[under], self.phase)
        return phase[:-1]

    def ends(self, phase: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Levels between which every group of a layer finds its own."""
        lower, upper = (np.full(len(phase), end) for end in self.span)
        if phase.any():
            far = float(np.max(np.where(self.rises > 0, self.room - self.top, 0.0)))
            deep = float(np.max(np.where(self.sinks > 0, self.bottom - self.low, 0.0)))
            lower[phase != 0], upper[phase != 0] = -deep, far
        return lower, upper

    def newton(
        self,
        depth: int,
        level: np.ndarray,
        target: np.ndarray,
        need: np.ndarray,
        known: Sums | None,
    ) -> tuple[np.ndarray, np.ndarray, list[Sums]]:
        """Find the level of every group of a layer that needs one, all at once.

        Newton's method on monotone sums, in a bracket that is halved whenever the miss is not.
        `known` is what the groups carry at `level`, if that was looked up before. Returns
        levels, phases, and the sums from there down.
        """
        phase = self.reset(depth, need, target)
        lower, upper = np.full(len(level), -np.inf), np.full(len(level), np.inf)
        bounded = bool(phase.any() or self.phase.any())
        if bounded:
            lower, upper = self.ends(phase)
            known, level = None, np.where(need, np.clip(level, lower, upper), level)
        enough = TOLERANCE * (np.abs(target) + np.abs(target).sum() / len(self.low))
        lowest = depth == len(self.tree.layers) - 2  # nobody asks for the sums once more
        before, sums = np.full(len(level), np.inf), list[Sums]()
        for _ in range(MOST_STEPS):
            if known is None:
                sums = self.carry(level, depth)
            got, tilt = known or sums[0]
            known = None
            assert tilt is not None
            miss = np.where(need, got - target, 0.0)
            open_ = np.abs(miss) > enough
            upper = np.where(miss > 0, level, upper)
            lower = np.where(miss < 0, level, lower)
            step, good = _newton_step(level, miss, tilt, lower, upper)
            good &= 2 * np.abs(miss) <= before
            before = np.abs(miss)
            if not bounded and (open_ & ~good).any():
                bounded, (least, most) = True, self.ends(phase)
                lower, upper = np.maximum(lower, least), np.minimum(upper, most)
            step = np.where(good, step, 0.5 * (lower + upper)) if bounded else step
            step = np.where(open_, step, level)
            done = (good | ~open_) & (np.abs(miss) <= NEARLY * enough)
            if lowest and sums and done.all():
                return step, phase, sums
            if sums and (step == level).all():
                break
            level = step
        else:
            raise ValueError("the curves are not continuous and nondecreasing")
        return level, phase, sums

    def apart(
        self,
        depth: int,
        level: np.ndarray,
        target: np.ndarray,
        need: np.ndarray,
        sums: list[Sums],
    ) -> tuple[np.ndarray, list[Sums]]:
        """As `newton`, without dead units; groups drop out of the search as they find their level.

        `sums` hold what groups carry at the level above, from this layer down.
        """
        whole = self.below(depth)
        inner = self.tree.layers[depth].inner
        keep = need[inner]
        at = inner[keep]
        size = np.abs(target[inner])
        enough = TOLERANCE * (size[keep] + np.abs(target).sum() / len(self.low))
        ends = np.full(len(at), self.span[0]), np.full(len(at), self.span[1])
        known = None
        if sums and sums[0][1] is not None:
            known = sums[0][0][at], sums[0][1][at]
        search = Search(level[at], target[at], enough, *ends, np.full(len(at), np.inf))
        sought, kept = whole.only(keep) if sums else (whole, [])
        level = level.copy()
        level[at] = descend(sought, search, known)
        found = sought.carry(level[at])
        if not sums:
            return level, [self.widen(depth + number, part) for number, part in enumerate(found)]
        for number, (here, part) in enumerate(zip(kept, found, strict=True)):
            places = self.tree.layers[depth + number].inner[here]
            for values, fresh in zip(sums[number], part, strict=True):
                if values is not None:
                    values[places] = fresh
        return level, sums


def _newton_step(
    level: np.ndarray, miss: np.ndarray, tilt: np.ndarray, lower: np.ndarray, upper: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where Newton's method goes, and whether that lies between the ends known so far."""
    with np.errstate(divide="ignore", invalid="ignore"):
        step = level - miss / tilt
    return step, (tilt > 0) & (step >= lower) & (step <= upper)


def slice_of(places: np.ndarray) -> np.ndarray | slice:
    """Rising places as a slice if they follow one another: then nothing is copied."""
    first, last = int(places[0]), int(places[-1]) + 1
    return slice(first, last) if last - first == len(places) else places


def endless(sign: np.ndarray) -> np.ndarray:
    """Infinity with a sign."""
    return np.where(sign > 0, np.inf, -np.inf)
