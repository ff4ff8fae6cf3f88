"""What "fair" means, as numbers: each criterion is one rising response curve a leaf."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import erf, sqrt
from typing import TypeAlias

import numpy as np
import pandas as pd

from salesforecast.allocation.curves import Bells, Blend, Curves, Draws, Line, Turns
from salesforecast.errors import DataError, Finding, ParameterError
from salesforecast.findings import first_of, found

RARE = 0.25  # a unit whose median future is below this share of its mean sells rarely
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
        As a planner says it; of a blend: `"60% forecast, 40% history"`.
    curves
        One a leaf: the target that it carries at a common level, in steps.
    words
        Turns a common level into words: `0.061 -> "+6.1% growth"`.
    shown
        Turns a level into the figure that planners know: for an equal chance the chance to
        reach the target, for shares of a forecast the stretch.
    findings
        What had to be read differently, such as negative weights.
    """

    name: str
    curves: Curves
    words: Callable[[float], str]
    shown: Callable[[float], float] = field(default=lambda level: level)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Bell:
    """A distribution of every leaf's sales by mean and standard deviation, in money.

    Parameters
    ----------
    mean, deviation
        float64 on leaf; a leaf with a deviation of zero sells its mean for certain.
    kind
        `normal` or `lognormal`.
    """

    mean: pd.Series
    deviation: pd.Series
    kind: str = "normal"


@dataclass(frozen=True)
class Quantiles:
    """A distribution of every leaf's sales by its quantiles, straight lines between them.

    Parameters
    ----------
    values
        float64, probability × leaf in money; at least two probabilities in (0, 1), rising.
    """

    values: pd.DataFrame


Chances: TypeAlias = pd.DataFrame | Bell | Quantiles  # a frame is samples, draw × leaf


def reference(leaves: pd.DataFrame, name: str) -> tuple[np.ndarray, tuple[Finding, ...]]:
    """The column of weights `name`, negatives read as zero (and said so).

    A column `ramp` (part of full strength over the plan, 1 for most) scales all but the plan.

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
    if "ramp" in leaves and name != "plan":
        values = values * leaves["ramp"].to_numpy(dtype=float)
    below = values < 0
    if not below.any():
        return values, ()
    n, where = int(below.sum()), leaves.index[int(np.argmax(below))]
    where = f"first: '{where}' with {values[below][0]:,.0f}"
    finding = found("negative weights", where, rows=n, n=n, kind=name)
    return np.maximum(values, 0.0), (finding,)


def build(
    criterion: str | Mapping[str, float],
    leaves: pd.DataFrame,
    *,
    low: np.ndarray,
    high: np.ndarray,
    total: float,
    step: int = 1,
    draws: Chances | None = None,
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
        For "equal chance": draw × leaf, or a distribution; in money.

    Raises
    ------
    ParameterError
        If the name is unknown, a column that it needs is missing, or a blend cannot be made.
    DataError
        If the samples do not fit the leaves.
    """
    if isinstance(criterion, str):
        return _single(criterion, leaves, low, high, step, draws)
    weights = {name: float(weight) for name, weight in criterion.items() if weight}
    if not weights or not min(weights.values()) > 0:
        raise ParameterError(
            "a blend needs weights of zero or more, not all zero.",
            where=f"criterion {dict(criterion)}",
            fix="give a share to at least one of them.",
        )
    whole = sum(weights.values())
    shares = {name: weight / whole for name, weight in weights.items()}
    name = ", ".join(f"{share:.0%} {part}" for part, share in shares.items())
    if set(shares) <= set(REFERENCES):
        return _blend_of_references(name, shares, leaves, step)
    made = {part: _single(part, leaves, low, high, step, draws) for part in shares}
    edge = abs(total) + float(np.abs(low).sum()) + 1.0
    try:
        curves = Blend.of([(shares[part], made[part].curves) for part in shares], (-edge, edge))
    except ValueError as error:
        raise ParameterError(
            "these criteria cannot be blended.",
            where=f"{name}: {error}",
            fix="blend references, equal growth, uplift, headroom or an equal chance from samples.",
        ) from error
    return Criterion(
        name,
        curves,
        lambda level: f"the shares of a total of {level * step:,.0f}",
        lambda level: level * step,
        tuple(finding for part in made.values() for finding in part.findings),
    )


def _blend_of_references(
    name: str, shares: Mapping[str, float], leaves: pd.DataFrame, step: int
) -> Criterion:
    """One mixed reference: each column's shares of its own sum, in the size of the first."""
    parts = {part: reference(leaves, part) for part in shares}
    findings = tuple(finding for _, found in parts.values() for finding in found)
    scale = next((values.sum() for values, _ in parts.values() if values.sum() > 0), 1.0)
    mixed = np.zeros(len(leaves))
    for part, (values, _) in parts.items():
        if values.sum() > 0:
            mixed += shares[part] * values * (scale / values.sum())
    line = Line(np.zeros(len(leaves)), mixed / step)
    return Criterion(name, line, _stretch("the blend"), lambda level: level - 1, findings)


def _stretch(what: str) -> Callable[[float], str]:
    return lambda level: f"{level - 1:+.1%} on {what}"


def _single(
    name: str,
    leaves: pd.DataFrame,
    low: np.ndarray,
    high: np.ndarray,
    step: int,
    draws: Chances | None,
) -> Criterion:
    if name in ("forecast", "history", "plan"):
        values, findings = reference(leaves, name)
        line = Line(np.zeros(len(leaves)), values / step)
        return Criterion(name, line, _stretch(f"the {name}"), lambda level: level - 1, findings)
    if name in ("capacity", "potential"):
        values, findings = reference(leaves, name)
        line = Line(np.zeros(len(leaves)), values / step)
        return Criterion(name, line, lambda level: f"{level:.1%} of the {name}", findings=findings)
    if name == "equal chance":
        return _equal_chance(leaves, step, _ramped(draws, leaves))
    if name in ("equal growth", "equal uplift", "equal headroom"):
        return _equal(name, leaves, step)
    if name in ("least change", "few changes"):
        plan, findings = reference(leaves, "plan")
        if name == "least change":
            line = Line(plan / step, plan / step)
            return Criterion(
                name, line, lambda level: f"{level:+.1%} on the plan", findings=findings
            )
        turns = Turns.of(plan / step, low, high)
        return Criterion(name, turns, lambda level: "the plan as it was", findings=findings)
    raise ParameterError(
        f"there is no criterion '{name}'.",
        where="criterion",
        fix=f"use one of: {', '.join(CRITERIA)}.",
    )


def _equal(name: str, leaves: pd.DataFrame, step: int) -> Criterion:
    """Equal growth, uplift in money, or use of the headroom between last year and capacity."""
    base, findings = reference(leaves, "history")
    start = base / step
    if name == "equal growth":
        line = Line(start, start)
        return Criterion(name, line, lambda level: f"{level:+.1%} growth", findings=findings)
    if name == "equal uplift":
        line = Line(start, np.full(len(base), 1.0 / step))
        return Criterion(name, line, lambda level: f"{level:+,.0f} each", findings=findings)
    capacity, more = reference(leaves, "capacity")
    line = Line(start, np.maximum(capacity - base, 0.0) / step)
    words = "{:.1%} of the headroom".format
    return Criterion(name, line, words, findings=findings + more)


def _ramped(draws: Chances | None, leaves: pd.DataFrame) -> Chances | None:
    """The distributions of people who are not yet at full strength, in part."""
    if draws is None or "ramp" not in leaves:
        return draws
    ramp = leaves["ramp"]
    if isinstance(draws, Bell):
        return replace(draws, mean=draws.mean * ramp, deviation=draws.deviation * ramp)
    if isinstance(draws, Quantiles):
        return Quantiles(draws.values * ramp)
    return draws * ramp


def _equal_chance(leaves: pd.DataFrame, step: int, draws: Chances | None) -> Criterion:
    if draws is None:
        raise ParameterError(
            "an equal chance needs samples, and none were given.",
            where="draws",
            fix="pass the forecast's samples, or choose another criterion.",
        )
    if isinstance(draws, Bell):
        return _equal_chance_of_bells(leaves.index, step, draws)
    if isinstance(draws, Quantiles):
        knots = draws.values.index.to_numpy(dtype=float)
        if len(knots) < 2 or not ((knots > 0) & (knots < 1)).all() or (np.diff(knots) <= 0).any():
            raise DataError(
                "the quantiles are not in order.",
                where=f"probabilities {list(knots[:5])}",
                fix="give at least two, rising, between 0 and 1.",
            )
        values = np.maximum.accumulate(_columns(draws.values, leaves.index), axis=0)
        curves = Draws(np.ascontiguousarray(values.T) / step, knots)
        return Criterion("equal chance", curves, _in_100(_chance), _chance)
    values = _columns(draws, leaves.index)
    ordered = np.sort(values.T, axis=1)
    if len(values) < 2:
        raise DataError(
            "an equal chance needs more than one draw.", where="draws", fix="draw at least two."
        )
    mean = np.maximum(values.mean(axis=0), 0.0)
    idle = (mean > 0) & (ordered[:, len(values) // 2] <= RARE * mean)
    findings: tuple[Finding, ...] = ()
    if idle.any():  # nothing asked of them would pass their sales on to everyone else
        ordered[idle] = mean[idle][:, None]
        findings = (
            found(
                "rare units",
                first_of(list(leaves.index[idle])),
                rows=int(idle.sum()),
                n=int(idle.sum()),
            ),
        )
    return Criterion(
        "equal chance", Draws(ordered if step == 1 else ordered / step), _in_100(_chance), _chance,
        findings,
    )  # fmt: skip


def _equal_chance_of_bells(index: pd.Index, step: int, bell: Bell) -> Criterion:
    mean, deviation = (
        _columns(part.to_frame().T, index)[0] / step for part in (bell.mean, bell.deviation)
    )
    if (deviation < 0).any() or bell.kind not in ("normal", "lognormal"):
        raise DataError(
            "the distribution is not one.",
            where=f"kind '{bell.kind}', least deviation {deviation.min() * step:,.0f}",
            fix="use 'normal' or 'lognormal' and deviations of zero or more.",
        )
    curves: Curves = Line(mean, deviation)
    if bell.kind == "lognormal":
        curves = Bells.of(mean, deviation)
    return Criterion("equal chance", curves, _in_100(_beyond), _beyond)


def _columns(frame: pd.DataFrame, index: pd.Index) -> np.ndarray:
    """The frame's columns in the order of `index`, every number known."""
    stray = index.difference(frame.columns)
    if len(stray) or frame.columns.has_duplicates or not len(frame):
        raise DataError(
            "the samples do not fit the units.",
            where=f"without samples: {list(stray[:3])}; {len(frame)} draws",
            fix="give one column for each leaf, and at least two draws.",
        )
    if not frame.columns.equals(index):
        frame = frame[list(index)]
    values = frame.to_numpy(dtype=float)
    if not np.isfinite(values).all():
        first = index[int(np.argmax(~np.isfinite(values).all(axis=0)))]
        raise DataError(
            "the samples have missing or infinite values.",
            where=f"first unit: '{first}'",
            fix="draw them again.",
        )
    return values


def _in_100(chance: Callable[[float], float]) -> Callable[[float], str]:
    return lambda level: f"{100 * chance(level):.0f} in 100"


def _chance(level: float) -> float:
    """Chance to reach the quantile `level`."""
    return float(np.clip(1.0 - level, 0.0, 1.0))


def _beyond(level: float) -> float:
    """Chance of a standard normal to lie above `level`."""
    return 0.5 * (1.0 - erf(level / sqrt(2.0)))
