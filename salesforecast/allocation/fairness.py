"""What "fair" means, as numbers: each criterion is one rising response curve a leaf."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from salesforecast.allocation.level import Curves, Line
from salesforecast.errors import DataError, Finding, ParameterError

SILENT = 0.5  # share of futures without sales from which an equal chance has no meaning
REFERENCES = ("forecast", "history", "capacity", "potential", "plan")
CRITERIA = (
    "forecast",
    "history",
    "capacity",
    "potential",
    "equal growth",
    "equal uplift",
    "equal headroom",
    "equal chance",
    "least change",
    "few changes",
)


@dataclass(frozen=True)
class Criterion:
    """A named idea of fairness, ready to be solved.

    Parameters
    ----------
    name
        As a planner says it; of a blend: `"60 % forecast, 40 % history"`.
    curves
        One a leaf: the target that it carries at a common level.
    words
        Turns a common level into words: `0.061 -> "+6.1 % growth"`.
    shown
        Turns a level into the figure that planners know: equal chance gives the
        chance to reach the target, not the quantile.
    findings
        What had to be read differently, such as negative weights.
    """

    name: str
    curves: Curves
    words: Callable[[float], str]
    shown: Callable[[float], float] = field(default=lambda level: level)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Draws:
    """Curves from samples: at level p every leaf carries the p-quantile of its own draws.

    Straight lines between sorted draws; beyond the largest draw (and below the least) it
    goes on in proportion to that draw, so that any total can be carried.

    Parameters
    ----------
    ordered
        float64, leaf × draw, each row sorted; at least two draws.
    """

    ordered: np.ndarray

    def at(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        last = self.ordered.shape[1] - 1
        place = np.asarray(level) * last
        first = np.clip(place.astype(np.int64), 0, last - 1)
        rows = np.arange(len(self.ordered))
        low, high = self.ordered[rows, first], self.ordered[rows, first + 1]
        value = low + (place - first) * (high - low)
        slope = (high - low) * last
        above, below = place > last, place < 0
        if np.any(above) or np.any(below):
            lightest, heaviest = self.ordered[:, 0], self.ordered[:, -1]
            value = np.where(above, heaviest + (level - 1) * np.abs(heaviest), value)
            value = np.where(below, lightest + level * np.abs(lightest), value)
            slope = np.where(above, np.abs(heaviest), np.where(below, np.abs(lightest), slope))
        return value, slope

    def inverse(self, values: np.ndarray) -> np.ndarray:
        last = self.ordered.shape[1] - 1
        rows = np.arange(len(self.ordered))
        low, high = np.zeros(len(rows), np.int64), np.full(len(rows), last)
        while (high - low > 1).any():
            middle = (low + high) // 2
            right = self.ordered[rows, middle] <= values
            low, high = np.where(right, middle, low), np.where(right, high, middle)
        left, gap = self.ordered[rows, low], self.ordered[rows, high] - self.ordered[rows, low]
        with np.errstate(divide="ignore", invalid="ignore"):
            level = (low + np.where(gap > 0, (values - left) / gap, 0.0)) / last
            lightest, heaviest = self.ordered[:, 0], self.ordered[:, -1]
            level = np.where(values > heaviest, 1 + (values - heaviest) / np.abs(heaviest), level)
            level = np.where(values < lightest, (values - lightest) / np.abs(lightest), level)
        return np.where(np.isfinite(level), level, np.nan)

    def reach(self) -> tuple[np.ndarray, np.ndarray]:
        lightest, heaviest = self.ordered[:, 0], self.ordered[:, -1]
        return (
            np.where(lightest != 0, -np.inf, lightest),
            np.where(heaviest != 0, np.inf, heaviest),
        )

    def bracket(self, low: np.ndarray, high: np.ndarray) -> tuple[float, float, float]:
        lightest, heaviest = self.ordered[:, 0], self.ordered[:, -1]
        with np.errstate(divide="ignore", invalid="ignore"):
            under = np.where(lightest != 0, (low - lightest) / np.abs(lightest), 0.0)
            over = np.where(heaviest != 0, (high - heaviest) / np.abs(heaviest), 0.0)
        return min(0.0, float(under.min())), 1.0 + max(0.0, float(over.max())), 0.5


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

    def bracket(self, low: np.ndarray, high: np.ndarray) -> tuple[float, float, float]:
        return -float(len(self.plan)), float(len(self.plan)), 0.0


@dataclass(frozen=True)
class Blend:
    """A mix of curves, each read at the level where alone it would carry the same total."""

    parts: tuple[tuple[float, Curves, np.ndarray, np.ndarray], ...]

    @classmethod
    def of(cls, parts: list[tuple[float, Curves]], span: tuple[float, float]) -> Blend:
        """Tabulate level against total for every part, over totals in `span`."""
        tabulated = []
        for weight, curves in parts:
            levels = _knots(curves, span)
            totals = np.array([curves.at(np.asarray(level))[0].sum() for level in levels])
            rising = np.concatenate([[True], np.diff(totals) > 0])
            tabulated.append((weight, curves, totals[rising], levels[rising]))
        return cls(tuple(tabulated))

    def at(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value = slope = np.zeros(())
        for weight, curves, totals, levels in self.parts:
            place = np.clip(np.searchsorted(totals, level, side="right") - 1, 0, len(totals) - 2)
            tilt = (levels[place + 1] - levels[place]) / (totals[place + 1] - totals[place])
            part, steep = curves.at(levels[place] + (level - totals[place]) * tilt)
            value, slope = value + weight * part, slope + weight * steep * tilt
        return value, slope

    def inverse(self, values: np.ndarray) -> np.ndarray:
        lower, upper = (np.full(len(values), edge) for edge in self._edges())
        for _ in range(80):
            middle = 0.5 * (lower + upper)
            over = self.at(middle)[0] > values
            lower, upper = np.where(over, lower, middle), np.where(over, middle, upper)
        return 0.5 * (lower + upper)

    def reach(self) -> tuple[np.ndarray, np.ndarray]:
        ends = [curves.reach() for _, curves, _, _ in self.parts]
        return (
            np.min([np.where(np.isinf(e[0]), e[0], 0) for e in ends], axis=0)
            + sum(
                w * np.where(np.isinf(e[0]), 0, e[0])
                for (w, *_), e in zip(self.parts, ends, strict=True)
            ),
            np.max([np.where(np.isinf(e[1]), e[1], 0) for e in ends], axis=0)
            + sum(
                w * np.where(np.isinf(e[1]), 0, e[1])
                for (w, *_), e in zip(self.parts, ends, strict=True)
            ),
        )

    def _edges(self) -> tuple[float, float]:
        reach = max(abs(totals[[0, -1]]).max() for _, _, totals, _ in self.parts)
        return -1e3 * reach, 1e3 * reach

    def bracket(self, low: np.ndarray, high: np.ndarray) -> tuple[float, float, float]:
        return (*self._edges(), float(np.sum(high) + np.sum(low)) / 2)


def _knots(curves: Curves, span: tuple[float, float]) -> np.ndarray:
    if isinstance(curves, Draws):
        size = curves.ordered.shape[1]
        return np.concatenate([[-1.0], np.linspace(0.0, 1.0, size), [2.0]])
    if isinstance(curves, Line):
        whole, tilt = curves.start.sum(), curves.slope.sum()
        if tilt <= 0:
            raise ValueError("a curve of a blend never rises")
        return (np.array(span) - whole) / tilt
    raise ValueError(f"{type(curves).__name__} cannot be blended")


def reference(leaves: pd.DataFrame, name: str) -> tuple[np.ndarray, tuple[Finding, ...]]:
    """The column of weights `name`, negatives read as zero (and said so).

    Raises
    ------
    ParameterError
        If there is no such column.
    """
    column = "baseline" if name == "history" and "history" not in leaves else name
    if column not in leaves:
        raise ParameterError(
            f"the criterion needs '{name}', which is not known.",
            where=f"the columns of the leaves are {list(leaves.columns)}",
            fix=f"add a column '{name}', or choose another criterion.",
        )
    values = leaves[column].to_numpy(dtype=float)
    below = values < 0
    if not below.any():
        return values, ()
    first = leaves.index[int(np.argmax(below))]
    finding = Finding(
        "warning",
        f"{int(below.sum())} units have a negative {name}",
        f"first: '{first}' with {values[below][0]:,.0f}",
        "They are weighted as zero: no target follows from a negative amount.",
        rows=int(below.sum()),
    )
    return np.maximum(values, 0.0), (finding,)


def build(
    criterion: str | Mapping[str, float],
    leaves: pd.DataFrame,
    *,
    low: np.ndarray,
    high: np.ndarray,
    total: float,
    step: int = 1,
    draws: pd.DataFrame | None = None,
) -> Criterion:
    """Make the curves of a criterion, in steps of money.

    Parameters
    ----------
    criterion
        One of `CRITERIA`, or a blend `{name: weight}`; weights need not sum to one.
    leaves
        Columns on leaf, in the tree's order, in money.
    low, high
        Limits of each leaf, in steps, finite; `total` in steps.
    draws
        draw × leaf, in money; for "equal chance" only.

    Raises
    ------
    ParameterError
        If the name is unknown or a column that it needs is missing.
    """
    if isinstance(criterion, str):
        return _single(criterion, leaves, low, high, step, draws)
    weights = {name: float(weight) for name, weight in criterion.items() if weight}
    if not weights or min(weights.values()) < 0:
        raise ParameterError(
            "a blend needs weights of zero or more, not all zero.",
            where=f"criterion {dict(criterion)}",
            fix="give a share to at least one of them.",
        )
    whole = sum(weights.values())
    name = ", ".join(f"{weight / whole:.0%} {part}" for part, weight in weights.items())
    if set(weights) <= set(REFERENCES):
        return _blend_of_references(name, weights, whole, leaves, step)
    made = [_single(part, leaves, low, high, step, draws) for part in weights]
    shares = [weight / whole for weight in weights.values()]
    edge = abs(total) + float(np.abs(low).sum()) + 1.0
    curves = Blend.of(
        [(share, part.curves) for share, part in zip(shares, made, strict=True)], (-edge, edge)
    )
    findings = tuple(finding for part in made for finding in part.findings)
    return Criterion(
        name,
        curves,
        lambda level: f"a company total of {level * step:,.0f} without limits",
        lambda level: level * step,
        findings,
    )


def _blend_of_references(
    name: str, weights: Mapping[str, float], whole: float, leaves: pd.DataFrame, step: int
) -> Criterion:
    parts = {part: reference(leaves, part) for part in weights}
    findings = tuple(finding for _, found in parts.values() for finding in found)
    scale = next((values.sum() for values, _ in parts.values() if values.sum() > 0), 1.0)
    mixed = np.zeros(len(leaves))
    for part, (values, _) in parts.items():
        if values.sum() > 0:
            mixed += weights[part] / whole * values * (scale / values.sum())
    return Criterion(
        name,
        Line(np.zeros(len(leaves)), mixed / step),
        _on("the blend"),
        lambda level: level - 1,
        findings,
    )


def _on(what: str) -> Callable[[float], str]:
    return lambda level: f"{level - 1:+.1%} on {what}"


def _single(
    name: str,
    leaves: pd.DataFrame,
    low: np.ndarray,
    high: np.ndarray,
    step: int,
    draws: pd.DataFrame | None,
) -> Criterion:
    nothing = np.zeros(len(leaves))
    if name in REFERENCES:
        values, findings = reference(leaves, name)
        return Criterion(
            name,
            Line(nothing, values / step),
            _on(f"the {name}"),
            lambda level: level - 1,
            findings,
        )
    if name == "equal chance":
        return _equal_chance(leaves, step, draws)
    if name in ("equal growth", "equal uplift", "equal headroom"):
        base, findings = reference(leaves, "history")
        if name == "equal growth":
            curves, words = Line(base / step, base / step), lambda level: f"{level:+.1%} growth"
        elif name == "equal uplift":
            curves = Line(base / step, nothing + 1.0 / step)
            words = lambda level: f"{level:+,.0f} each"  # noqa: E731
        else:
            capacity, more = reference(leaves, "capacity")
            findings += more
            curves = Line(base / step, np.maximum(capacity - base, 0) / step)
            words = lambda level: f"{level:.1%} of the headroom"  # noqa: E731
        return Criterion(name, curves, words, findings=findings)
    if name in ("least change", "few changes"):
        plan, findings = reference(leaves, "plan")
        if name == "least change":
            curves_: Curves = Line(plan / step, plan / step)
        else:
            curves_ = Turns.of(plan / step, low, high)
        return Criterion(
            name, curves_, lambda level: f"{level:+.1%} on the plan", findings=findings
        )
    raise ParameterError(
        f"there is no criterion '{name}'.",
        where="criterion",
        fix=f"use one of: {', '.join(CRITERIA)}.",
    )


def _equal_chance(leaves: pd.DataFrame, step: int, draws: pd.DataFrame | None) -> Criterion:
    if draws is None:
        raise ParameterError(
            "an equal chance needs samples, and none were given.",
            where="draws",
            fix="pass the forecast's samples, or choose another criterion.",
        )
    stray = leaves.index.difference(draws.columns)
    if len(stray) or draws.columns.has_duplicates or len(draws) < 2:
        raise DataError(
            "the samples do not fit the units.",
            where=f"without samples: {list(stray[:3])}; {len(draws)} draws",
            fix="give one column for each leaf and at least two draws.",
        )
    values = (
        draws[leaves.index].to_numpy(dtype=float)
        if not draws.columns.equals(leaves.index)
        else draws.to_numpy(dtype=float)
    )
    if not np.isfinite(values).all():
        raise DataError(
            "the samples have missing or infinite values.",
            where=f"first unit: '{leaves.index[int(np.argmax(~np.isfinite(values).all(axis=0)))]}'",
            fix="draw them again.",
        )
    ordered = np.sort(values.T, axis=1)
    silent = (ordered <= 0).mean(axis=1) >= SILENT
    ordered[silent] = np.maximum(values.mean(axis=0)[silent], 0.0)[:, None]
    if step != 1:
        ordered = ordered / step
    return Criterion(
        "equal chance",
        Draws(ordered),
        lambda level: f"{100 * _chance(level):.0f} in 100",
        _chance,
        findings=_silent_units(leaves.index[silent]),
    )


def _silent_units(silent: pd.Index) -> tuple[Finding, ...]:
    """An equal chance would ask nothing of them and pass their sales on to everyone else."""
    if not len(silent):
        return ()
    return (
        Finding(
            "warning",
            f"{len(silent)} units sell nothing in half of the simulated futures or more",
            ", ".join(silent[:5]) + (" ..." if len(silent) > 5 else ""),
            "No target gives them the common chance; they are asked for their mean forecast.",
        ),
    )


def _chance(level: float) -> float:
    return float(np.clip(1.0 - level, 0.0, 1.0))
