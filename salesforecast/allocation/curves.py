"""Response curves: straight lines, samples, log-normal chances, few changes, blends.

Each is nondecreasing and continuous, one curve a leaf: level -> target (see `Curves`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np


class Curves(Protocol):
    """Nondecreasing, continuous response curves, one a leaf: level -> target."""

    def at(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and slopes at `level` (one a leaf, or one for all)."""
        ...

    def inverse(self, values: np.ndarray) -> np.ndarray:
        """The level at which each curve takes its value; nan where it never rises."""
        ...

    def reach(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest value that each curve ever takes (may be infinite)."""
        ...

    def bracket(self, low: np.ndarray, high: np.ndarray) -> tuple[float, float]:
        """Levels at which every leaf is at `low`, and at `high`."""
        ...

    def guess(self, total: float) -> float:
        """A level near that at which they carry `total`, limits left aside."""
        ...

    def take(self, which: np.ndarray | slice) -> Curves:
        """The curves of some leaves, by position."""
        ...


@dataclass(frozen=True)
class Line:
    """Curves `start + level x slope`; slope zero or more."""

    start: np.ndarray
    slope: np.ndarray

    def at(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value = level * self.slope
        value += self.start
        return value, self.slope

    def inverse(self, values: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            level = values - self.start
            level /= self.slope
        if self._all_rise:
            return level
        return np.where(self.slope > 0, level, np.nan)

    def reach(self) -> tuple[np.ndarray, np.ndarray]:
        if self._all_rise:
            return np.array(-np.inf), np.array(np.inf)
        rises = self.slope > 0
        return np.where(rises, -np.inf, self.start), np.where(rises, np.inf, self.start)

    def bracket(self, low: np.ndarray, high: np.ndarray) -> tuple[float, float]:
        least, most = self.inverse(low), self.inverse(high)
        if not self._all_rise:
            if not (self.slope > 0).any():
                return 0.0, 0.0
            least, most = np.nan_to_num(least, nan=np.inf), np.nan_to_num(most, nan=-np.inf)
        return float(least.min()), float(most.max())

    def guess(self, total: float) -> float:
        tilt = float(self.slope.sum())
        return (total - float(self.start.sum())) / tilt if tilt > 0 else 0.0

    def take(self, which: np.ndarray | slice) -> Line:
        return Line(self.start[which], self.slope[which])

    @cached_property
    def _all_rise(self) -> bool:
        return bool(self.slope.min() > 0)


@dataclass(frozen=True)
class Draws:
    """Curves from samples: at level p every leaf carries the p-quantile of its own draws.

    Straight lines between sorted draws; beyond the largest draw (and below the least) it
    goes on in proportion to that draw, so that any total can be carried.

    Parameters
    ----------
    ordered
        float64, leaf × draw, each row sorted; at least two draws.
    knots
        Probability of each column, rising; by default evenly spaced from 0 to 1.
    rows
        Which rows of `ordered` are meant, where not all.
    """

    ordered: np.ndarray
    knots: np.ndarray | None = None
    rows: np.ndarray | None = None

    def _place(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray | float]:
        """The column before each level, the way from it to the next (0 to 1), columns a level."""
        last = self.ordered.shape[1] - 1
        if self.knots is None:
            place = np.asarray(level) * last
            first = np.clip(place.astype(np.int64), 0, last - 1)
            return first, place - first, float(last)
        first = np.clip(np.searchsorted(self.knots, level, side="right") - 1, 0, last - 1)
        gap = self.knots[first + 1] - self.knots[first]
        return first, (level - self.knots[first]) / gap, 1.0 / gap

    def take(self, which: np.ndarray | slice) -> Draws:
        return Draws(self.ordered, self.knots, self._rows[which])

    @property
    def _rows(self) -> np.ndarray:
        return np.arange(len(self.ordered)) if self.rows is None else self.rows

    @property
    def _outer(self) -> tuple[np.ndarray, np.ndarray]:
        """The least and the largest draw of each leaf."""
        if self.rows is None:
            return self.ordered[:, 0], self.ordered[:, -1]
        return self.ordered[self.rows, 0], self.ordered[self.rows, -1]

    @property
    def _ends(self) -> tuple[float, float]:
        return (0.0, 1.0) if self.knots is None else (self.knots[0], self.knots[-1])

    def at(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first, way, density = self._place(level)
        rows = self._rows
        low, high = self.ordered[rows, first], self.ordered[rows, first + 1]
        value = low + way * (high - low)
        slope = (high - low) * density
        start, end = self._ends
        above, below = np.asarray(level) > end, np.asarray(level) < start
        if np.any(above) or np.any(below):
            lightest, heaviest = self._outer
            value = np.where(above, heaviest + (level - end) * np.abs(heaviest), value)
            value = np.where(below, lightest + (level - start) * np.abs(lightest), value)
            slope = np.where(above, np.abs(heaviest), np.where(below, np.abs(lightest), slope))
        return value, slope

    def inverse(self, values: np.ndarray) -> np.ndarray:
        last = self.ordered.shape[1] - 1
        rows = self._rows
        low, high = np.zeros(len(rows), np.int64), np.full(len(rows), last)
        while (high - low > 1).any():
            middle = (low + high) // 2
            right = self.ordered[rows, middle] <= values
            low, high = np.where(right, middle, low), np.where(right, high, middle)
        left, gap = self.ordered[rows, low], self.ordered[rows, high] - self.ordered[rows, low]
        with np.errstate(divide="ignore", invalid="ignore"):
            way = np.where(gap > 0, (values - left) / gap, 0.0)
            knots = np.linspace(0.0, 1.0, last + 1) if self.knots is None else self.knots
            level = knots[low] + way * (knots[high] - knots[low])
            lightest, heaviest = self._outer
            over = knots[-1] + (values - heaviest) / np.abs(heaviest)
            under = knots[0] + (values - lightest) / np.abs(lightest)
            level = np.where(values > heaviest, over, np.where(values < lightest, under, level))
        return np.where(np.isfinite(level), level, np.nan)

    def reach(self) -> tuple[np.ndarray, np.ndarray]:
        lightest, heaviest = self._outer
        return (
            np.where(lightest != 0, -np.inf, lightest),
            np.where(heaviest != 0, np.inf, heaviest),
        )

    def bracket(self, low: np.ndarray, high: np.ndarray) -> tuple[float, float]:
        lightest, heaviest = self._outer
        with np.errstate(divide="ignore", invalid="ignore"):
            under = np.where(lightest != 0, (low - lightest) / np.abs(lightest), 0.0)
            over = np.where(heaviest != 0, (high - heaviest) / np.abs(heaviest), 0.0)
        start, end = self._ends
        least, most = start + min(0.0, float(under.min())), end + max(0.0, float(over.max()))
        return least, most

    def guess(self, total: float) -> float:
        return 0.5 * sum(self._ends)


@dataclass(frozen=True)
class Bells:
    """Log-normal chances: `exp(centre + level x width)`; the level is the normal quantile.

    Parameters
    ----------
    centre, width
        Of the logarithm, one a leaf; a `centre` of minus infinity is a unit that sells nothing.
    """

    centre: np.ndarray
    width: np.ndarray

    @classmethod
    def of(cls, mean: np.ndarray, deviation: np.ndarray) -> Bells:
        """Curves with this mean and standard deviation."""
        with np.errstate(divide="ignore", invalid="ignore"):
            width = np.sqrt(np.log1p(np.where(mean > 0, deviation / mean, 0.0) ** 2))
            return cls(np.log(np.maximum(mean, 0.0)) - 0.5 * width**2, width)

    def at(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value = np.exp(np.minimum(self.centre + level * self.width, 700.0))
        return value, value * self.width

    def inverse(self, values: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            level = (np.log(values) - self.centre) / self.width
        return np.where((self.width > 0) & np.isfinite(self.centre), level, np.nan)

    def reach(self) -> tuple[np.ndarray, np.ndarray]:
        live = (self.width > 0) & np.isfinite(self.centre)
        still = np.exp(self.centre)
        return np.where(live, 0.0, still), np.where(live, np.inf, still)

    def bracket(self, low: np.ndarray, high: np.ndarray) -> tuple[float, float]:
        live = (self.width > 0) & np.isfinite(self.centre)
        if not live.any():
            return 0.0, 0.0
        nothing = 1e-18 * max(float(np.max(high)), 1e-300)
        lower = np.log(np.maximum(low[live], nothing)) - self.centre[live]
        upper = np.log(np.maximum(high[live], nothing)) - self.centre[live]
        width = self.width[live]
        return float((lower / width).min()), float((upper / width).max())

    def guess(self, total: float) -> float:
        return 0.0

    def take(self, which: np.ndarray | slice) -> Bells:
        return Bells(self.centre[which], self.width[which])


@dataclass(frozen=True)
class Turns:
    """Few changes: one leaf after another moves, the one with most room first.

    Between levels r and r + 1 the leaf of rank r goes from the plan to its ceiling;
    between -r and -(r + 1) to its floor. So one leaf at most is left half-way.
    """

    plan: np.ndarray
    room_up: np.ndarray
    room_down: np.ndarray
    turn_up: np.ndarray
    turn_down: np.ndarray

    @classmethod
    def of(cls, plan: np.ndarray, low: np.ndarray, high: np.ndarray) -> Turns:
        plan = np.clip(plan, low, high)
        ranks = []
        for room in (high - plan, plan - low):
            rank = np.empty(len(plan))
            rank[np.argsort(-room, kind="stable")] = np.arange(len(plan))
            ranks.append(rank)
        return cls(plan, high - plan, plan - low, ranks[0], ranks[1])

    def at(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        up, down = level - self.turn_up, -level - self.turn_down
        value = self.plan + self.room_up * np.clip(up, 0, 1)
        value = value - self.room_down * np.clip(down, 0, 1)
        slope = np.where((up > 0) & (up < 1), self.room_up, 0.0)
        return value, slope + np.where((down > 0) & (down < 1), self.room_down, 0.0)

    def inverse(self, values: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            up = self.turn_up + (values - self.plan) / self.room_up
            down = -self.turn_down - (self.plan - values) / self.room_down
        return np.where(values > self.plan, up, np.where(values < self.plan, down, 0.0))

    def reach(self) -> tuple[np.ndarray, np.ndarray]:
        return self.plan - self.room_down, self.plan + self.room_up

    def bracket(self, low: np.ndarray, high: np.ndarray) -> tuple[float, float]:
        return -float(len(self.plan)), float(len(self.plan))

    def guess(self, total: float) -> float:
        return 0.0

    def take(self, which: np.ndarray | slice) -> Turns:
        parts = (self.plan, self.room_up, self.room_down, self.turn_up, self.turn_down)
        return Turns(*(part[which] for part in parts))


@dataclass(frozen=True)
class Blend:
    """A mix of curves, each read at the level where alone it would carry the same total.

    The level of a blend is that total. `parts` holds for each its share, its curves, and the
    table of totals (rising) and levels that translates the one into the other.
    """

    parts: tuple[tuple[float, Curves, np.ndarray, np.ndarray], ...]

    @classmethod
    def of(cls, parts: list[tuple[float, Curves]], span: tuple[float, float]) -> Curves:
        """Mix curves by shares that add up to one; `span` is where totals can lie.

        Raises
        ------
        ValueError
            If a curve never rises, or is of a kind that cannot be tabulated exactly.
        """
        tabulated = []
        for share, curves in parts:
            levels = _knots(curves, span)
            totals = np.array([curves.at(np.asarray(level))[0].sum() for level in levels])
            rising = np.concatenate([[True], np.diff(totals) > 0])
            if rising.sum() < 2:
                raise ValueError("a part of the blend never rises")
            tabulated.append((share, curves, totals[rising], levels[rising]))
        mixed = cls(tuple(tabulated))
        if all(isinstance(curves, Line) for _, curves in parts):
            start, slope = mixed.at(np.asarray(0.0))
            return Line(start, slope)
        return mixed

    def at(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value = slope = np.zeros(())
        for share, curves, totals, levels in self.parts:
            place = np.clip(np.searchsorted(totals, level, side="right") - 1, 0, len(totals) - 2)
            tilt = (levels[place + 1] - levels[place]) / (totals[place + 1] - totals[place])
            part, steep = curves.at(levels[place] + (level - totals[place]) * tilt)
            value, slope = value + share * part, slope + share * steep * tilt
        return value, slope

    def inverse(self, values: np.ndarray) -> np.ndarray:
        lower, upper = (np.full(len(values), edge) for edge in self._edges())
        for _ in range(80):
            middle = 0.5 * (lower + upper)
            over = self.at(middle)[0] > values
            lower, upper = np.where(over, lower, middle), np.where(over, middle, upper)
        return 0.5 * (lower + upper)

    def reach(self) -> tuple[np.ndarray, np.ndarray]:
        ends = [(share, *curves.reach()) for share, curves, _, _ in self.parts]
        low = sum(share * least for share, least, _ in ends)
        return np.asarray(low), np.asarray(sum(share * most for share, _, most in ends))

    def _edges(self) -> tuple[float, float]:
        reach = max(float(np.abs(totals[[0, -1]]).max()) for _, _, totals, _ in self.parts)
        return -1e3 * reach, 1e3 * reach

    def bracket(self, low: np.ndarray, high: np.ndarray) -> tuple[float, float]:
        return self._edges()

    def guess(self, total: float) -> float:
        return total  # the level of a blend is a total

    def take(self, which: np.ndarray | slice) -> Blend:
        parts = self.parts
        return Blend(tuple((part[0], part[1].take(which), *part[2:]) for part in parts))


def _knots(curves: Curves, span: tuple[float, float]) -> np.ndarray:
    """Levels between which the sum of the curves is straight."""
    if isinstance(curves, Draws):
        knots = curves.knots
        if knots is None:
            knots = np.linspace(0.0, 1.0, curves.ordered.shape[1])
        return np.concatenate([[knots[0] - 1], knots, [knots[-1] + 1]])
    if isinstance(curves, Line):
        whole, tilt = curves.start.sum(), curves.slope.sum()
        if tilt <= 0:
            raise ValueError("a part of the blend never rises")
        return np.asarray((np.array(span) - whole) / tilt)
    raise ValueError(f"{type(curves).__name__} are not made of straight pieces")
