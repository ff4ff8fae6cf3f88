"""What drives sales besides time (price, promotion, working days, an event): effects, learned and used.

Sales are a level and a season times a factor: `exp(sum of slope × (driver - its usual value))`.
Slopes are learned from how sales and drivers leave their own neighbourhood together, so trends,
seasons and shifts of level do not pass for effects. A series of few observations leans on
those of its group, and groups on all together, as far as slopes differ between series at all
(empirical Bayes); what is no larger than its own uncertainty has no effect. Taking effects out and putting them back cancel out exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

HALF = 6  # periods on each side that a value is compared with
WILD = 1.345  # residuals beyond this many usual ones count less (Huber)
ROUNDS = 4  # of weighting
MOST = 3.0  # logarithm of the largest factor
LEAST_SPREAD = 1e-8  # of a driver that moved at all, squared
MAD = 1.4826  # makes a median absolute value a standard deviation
BELIEF = 12.0  # periods of its own after which a series' noise counts as much as everyone's
CERTAIN = 2.0  # an effect this many times its own uncertainty is called seen


@dataclass(frozen=True)
class Effects:
    """How much each driver moves each series.

    Parameters
    ----------
    names
        Of the drivers.
    slopes
        float64, shape (driver, series): change of log sales for a driver higher by one.
    errors
        As `slopes`: how far off a slope may be (standard error).
    usual
        As `slopes`: value of the driver at which its effect is none.
    """

    names: tuple[str, ...]
    slopes: np.ndarray
    errors: np.ndarray
    usual: np.ndarray

    def logs(self, drivers: np.ndarray) -> np.ndarray:
        """Logarithm of each driver's factor: (driver, period, series); none where it is NaN."""
        away = np.nan_to_num(drivers - self.usual[:, None])
        return self.slopes[:, None] * away

    def factor(self, drivers: np.ndarray) -> np.ndarray:
        """What sales are multiplied by: float64, shape (period, series)."""
        return np.exp(np.clip(self.logs(drivers).sum(axis=0), -MOST, MOST))

    @property
    def seen(self) -> np.ndarray:
        """Whether an effect is well above its uncertainty: bool (driver, series)."""
        return np.abs(self.slopes) > CERTAIN * self.errors


def learn_effects(
    values: np.ndarray,
    drivers: np.ndarray,
    *,
    season: int,
    names: Sequence[str] = (),
    groups: Sequence[object] | None = None,
    usual: np.ndarray | None = None,
    half: int = HALF,
) -> Effects:
    """Learn what each driver does to each series.

    Parameters
    ----------
    values
        Sales, float64, shape (period, series); NaN where unknown; what is not positive is
        passed over.
    drivers
        float64, shape (driver, period, series), NaN where unknown.
    season
        Periods in a year: with three years or more, the usual value of each time of year is
        taken out of sales and drivers first.
    groups
        One label a series: those that are alike (a product). All together by default.
    usual
        As `Effects.usual`; the mean over the last year by default.
    half
        Periods on each side that a value is compared with.
    """
    count, _, width = drivers.shape
    logs = np.log(np.where(values > 0, values, np.nan))
    known = np.isfinite(logs) & np.isfinite(drivers).all(axis=0)
    outcome = _away(np.where(known, logs, np.nan)[None], season, half)[0]
    moved = _away(np.where(known, drivers, np.nan), season, half)
    known, spare = _telling(known, season)
    spare = np.maximum(spare - count, 0.0)
    weight = known.astype(float)
    labels = np.zeros(width, dtype=int)
    if groups is not None:
        labels = np.unique(np.array([str(one) for one in groups]), return_inverse=True)[1]
    slopes = np.zeros((count, width))
    errors = np.full((count, width), np.inf)
    for _ in range(ROUNDS):
        left = outcome - np.einsum("kts,ks->ts", moved, slopes)
        noise = _noise(left, known, spare)
        held = weight * np.minimum(1.0, WILD * noise / np.maximum(np.abs(left), 1e-12))
        slopes, errors = _shrunk(moved, outcome, held / noise**2, labels)
    doubt = (errors / np.maximum(np.abs(slopes), 1e-12)) ** 2
    slopes = slopes * np.maximum(1 - doubt, 0.0)  # positive-part James and Stein
    middle = _last_year(drivers, season) if usual is None else usual
    return Effects(tuple(names) or tuple(map(str, range(count))), slopes, errors, middle)


def _telling(known: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
    """Observations that still say something once each time of year has lost its mean, and how many.

    One that is alone in its time of year is its mean: nothing of it is left.
    """
    if not _seasonal(season, len(known)):
        return known, known.sum(axis=0).astype(float)
    telling, spare = known.copy(), np.zeros(known.shape[1])
    for phase in range(season):
        often = known[phase::season].sum(axis=0)
        telling[phase::season, often < 2] = False
        spare += np.maximum(often - 1, 0)
    return telling, spare


def _noise(left: np.ndarray, known: np.ndarray, spare: np.ndarray) -> np.ndarray:
    """Standard deviation of each series' residuals, leaning on everyone's where few are spare.

    From median absolute values. A series whose residuals were nearly all used up fits by itself
    and says nothing of its noise.
    """
    own = np.zeros(left.shape[1])
    there = known.any(axis=0)
    seen = np.where(known, np.abs(left), np.nan)
    own[there] = (MAD * np.nanmedian(seen[:, there], axis=0)) ** 2
    own *= known.sum(axis=0) / np.maximum(spare, 1.0)
    everyone = (spare * own).sum() / max(spare.sum(), 1.0)
    return np.sqrt((spare * own + BELIEF * everyone) / (spare + BELIEF)) + 1e-6


def _seasonal(season: int, periods: int) -> bool:
    return season > 1 and periods >= 3 * season


def _away(values: np.ndarray, season: int, half: int) -> np.ndarray:
    """Values less the mean of their neighbourhood and, over years, of their time of year.

    NaN counts as unknown and becomes 0: (driver, period, series).
    """
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    at = np.arange(values.shape[1])
    low, high = np.maximum(at - half, 0), np.minimum(at + half + 1, len(at))

    def around(one: np.ndarray) -> np.ndarray:
        padded = np.concatenate([np.zeros_like(one[:, :1]), np.cumsum(one, axis=1)], axis=1)
        return padded[:, high] - padded[:, low]

    out = np.where(known, filled - around(filled) / np.maximum(around(known * 1.0), 1), 0.0)
    if _seasonal(season, values.shape[1]):
        for phase in range(season):
            part, there = out[:, phase::season], known[:, phase::season]
            mean = part.sum(axis=1) / np.maximum(there.sum(axis=1), 1)
            out[:, phase::season] = np.where(there, part - mean[:, None], 0.0)
    return out


def _shrunk(
    moved: np.ndarray, outcome: np.ndarray, weight: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Slopes and their errors (driver, series): own evidence, drawn towards the group's."""
    inner = np.einsum("kts,ts,lts->skl", moved, weight, moved)
    outer = np.einsum("kts,ts,ts->sk", moved, weight, outcome)
    everyone = np.zeros(len(labels), dtype=int)
    top, doubt, between = _pooled(inner, outer, everyone)
    if labels.any():
        group, of_group, within = _pooled(inner, outer, labels)
        trust = between / (between + of_group)
        top = trust * group + (1 - trust) * top
        doubt, between = trust**2 * of_group + (1 - trust) ** 2 * (doubt + between), within
    prior = 1 / np.maximum(between.T, 1e-12)  # (series, driver)
    at = np.arange(inner.shape[1])
    inner[:, at, at] += prior
    found = np.linalg.solve(inner, (outer + prior * top.T)[:, :, None])[:, :, 0]
    own = np.diagonal(np.linalg.inv(inner), axis1=1, axis2=2)
    return found.T, np.sqrt(own + (own * prior) ** 2 * doubt.T).T


def _pooled(
    inner: np.ndarray, outer: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slopes of each group (driver, series), their variance, and how much own ones differ.

    The variance between series is what own slopes scatter beyond their errors (DerSimonian
    and Laird), at least a hundredth of the slope itself.
    """
    count = inner.shape[1]
    eye = np.eye(count) * 1e-6
    together = np.zeros((count, len(labels)))
    between, doubt = np.zeros((2, count, len(labels)))
    alone = np.linalg.solve(inner + eye, outer[:, :, None])[:, :, 0]
    moved = np.diagonal(inner, axis1=1, axis2=2)
    for label in np.unique(labels):
        at = np.flatnonzero(labels == label)
        evidence = inner[at].sum(axis=0) + eye
        slope = np.linalg.solve(evidence, outer[at].sum(axis=0))
        together[:, at] = slope[:, None]
        doubt[:, at] = np.diagonal(np.linalg.inv(evidence))[:, None]
        for k in range(count):
            use = at[moved[at, k] > LEAST_SPREAD]
            strength = moved[use, k]
            spare = strength.sum() - (strength**2).sum() / max(strength.sum(), 1e-12)
            scatter = (strength * (alone[use, k] - slope[k]) ** 2).sum()
            extra = (scatter - len(use) + 1) / spare if len(use) > 1 and spare > 0 else 0.0
            between[k, at] = max(extra, (0.1 * slope[k]) ** 2, 1e-6)
    return together, doubt, between


def _last_year(drivers: np.ndarray, season: int) -> np.ndarray:
    """Mean of each driver over the last year that it is known: (driver, series)."""
    recent = drivers[:, -max(season, 1) :]
    known = np.isfinite(recent)
    mean = np.where(known, recent, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(known.any(axis=1), mean, 0.0)
