"""Outliers and lasting shifts of level: found with few false alarms, treated so that it can be undone.

Both are looked for in logarithms, free of a season where three years are known, and judged by
the series' own unrest (median absolute deviation), so that what a series does all the time is no
finding. What recurs at the same time of year is a season, no outlier. Thresholds hold false
alarms below one series in fifty (tests/forecasting/test_shifts.py simulates it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

AROUND = 3  # periods on each side that an outlier is held against
BESIDE = 6  # periods before and after a shift whose medians are compared
AFTER = 4  # periods that a shift must have lasted
LEAST = 18  # periods that anything is looked for in
OUT, SHIFTED = 5.0, 6.0  # deviations, in usual ones, that count
OUT_SIZE, SHIFT_SIZE = np.log(1.5), np.log(1.35)  # and their size at least
SELDOM = 18  # periods in which one outlier of a kind is believed; more of them are a habit
CALM = 0.04  # least unrest that is believed
POSITIVE = 0.9  # share of periods with sales that a series needs
MAD = 1.4826  # makes a median absolute deviation a standard deviation
YEARS = 3  # after which a season is taken out


@dataclass(frozen=True)
class Odd:
    """One thing in a series' past that does not say what comes.

    Parameters
    ----------
    kind
        `outlier`: the period `at` is treated; `shift`: every period before `at` is.
    factor
        What treated values are multiplied by.
    """

    kind: Literal["outlier", "shift"]
    series: int
    at: int
    factor: float


def find_odd(values: np.ndarray, *, season: int) -> list[Odd]:
    """Outliers and level shifts of every series, by series and period.

    Parameters
    ----------
    values
        float64, shape (period, series), the last row at the cutoff; NaN before a series began.
    season
        Periods in a year.
    """
    found: list[Odd] = []
    for series in range(values.shape[1]):
        column = values[:, series]
        first = int(np.isfinite(column).argmax())
        known = column[first:]
        if len(known) < LEAST or (known > 0).mean() < POSITIVE:
            continue
        logs = np.log(np.where(known > 0, known, np.nan))
        shifts = _shifts(_filled(logs), season)
        level = logs.copy()
        for at, jump in shifts:
            level[:at] += jump
        found += [Odd("shift", series, first + at, float(np.exp(jump))) for at, jump in shifts]
        for at, jump in _outliers(level, season):
            found.append(Odd("outlier", series, first + at, float(np.exp(-jump))))
    return found


def treat(values: np.ndarray, odd: list[Odd]) -> np.ndarray:
    """Values with every oddity treated; dividing by what changed brings the original back."""
    out = values.copy()
    for one in odd:
        at = slice(None, one.at) if one.kind == "shift" else one.at
        out[at, one.series] *= one.factor
    return out


def _filled(logs: np.ndarray) -> np.ndarray:
    at = np.arange(len(logs))
    known = np.isfinite(logs)
    return np.interp(at, at[known], logs[known])


def _running(values: np.ndarray, half: int) -> np.ndarray:
    """Median of the neighbours on both sides, the value itself left out."""
    padded = np.pad(values, half, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    others = np.delete(windows, half, axis=1)
    out: np.ndarray = np.median(others, axis=1)
    return out


def _seasonless(logs: np.ndarray, season: int) -> np.ndarray:
    """Without what the same time of other years deviates, where three years show it."""
    if season == 1 or len(logs) < YEARS * season:
        return logs
    years = -(-len(logs) // season)
    away = np.full(years * season, np.nan)
    away[: len(logs)] = logs - _running(logs, season // 2)
    by_year = away.reshape(years, season)
    others = [np.nanmedian(np.delete(by_year, year, axis=0), axis=0) for year in range(years)]
    out: np.ndarray = logs - np.concatenate(others)[: len(logs)]
    return out


def _spread(values: np.ndarray) -> float:
    middle = np.nanmedian(values)
    return max(MAD * float(np.nanmedian(np.abs(values - middle))), CALM)


def _recurs(away: np.ndarray, at: int, season: int) -> bool:
    """Whether the same time of another year deviates at least half as much the same way."""
    others = (
        [away[i] for i in range(at % season, len(away), season) if i != at] if season > 1 else []
    )
    return any(np.isfinite(one) and one / away[at] > 0.5 for one in others)


def _outliers(logs: np.ndarray, season: int) -> list[tuple[int, float]]:
    """Positions and sizes (logarithms) of single periods far off."""
    level = _seasonless(_filled(logs), season)
    away = np.where(np.isfinite(logs), level - _running(level, AROUND), np.nan)
    away[[0, -1]] = np.nan  # a first or last period may be the start of something
    limit = max(OUT * _spread(away), OUT_SIZE)
    raw = _filled(logs) - _running(_filled(logs), AROUND)
    found = [int(at) for at in np.flatnonzero(np.abs(away) > limit)]
    size = np.nan_to_num(np.abs(away))
    alone = [
        at
        for at in found
        if not _recurs(raw, at, season) and size[at] >= size[at % season :: season].max()
    ]
    often = len(logs) / SELDOM
    return [
        (at, float(away[at]))
        for at in alone
        if sum(np.sign(away[other]) == np.sign(away[at]) for other in alone) <= max(often, 1)
    ]


def _shifts(logs: np.ndarray, season: int) -> list[tuple[int, float]]:
    """Positions and sizes (logarithms) of lasting changes of level, the latest first."""
    level = _seasonless(logs, season)
    count = len(level)
    places = np.arange(BESIDE, count - AFTER + 1)
    if not len(places):
        return []
    jump = np.full(count, np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(level, BESIDE)
    middle = np.r_[
        np.median(windows, axis=1), [np.median(level[-n:]) for n in range(BESIDE - 1, 0, -1)]
    ]
    jump[places] = middle[places] - middle[places - BESIDE]
    drift = float(np.nanmedian(jump))
    away = jump - drift
    noise = _spread(np.diff(level)) / np.sqrt(2) * 1.25 * np.sqrt(2 / BESIDE)
    found: list[tuple[int, float]] = []
    left = np.where(np.isfinite(away), np.abs(away), 0.0)
    while True:
        top = int(left.argmax())
        beside = np.where(np.abs(np.arange(count) - top) >= BESIDE, away, np.nan)
        usual = _spread(beside) if np.isfinite(beside).sum() >= BESIDE else np.inf
        if left[top] <= max(SHIFTED * max(usual, noise), SHIFT_SIZE):
            break
        near = np.flatnonzero(left > 0.8 * left[top])
        near = near[np.abs(near - top) < BESIDE]
        step = np.abs(level[near] - level[near - 1])
        at = int(near[step.argmax()])  # within the window: where the step itself is
        left[max(top - BESIDE, 0) : top + BESIDE + 1] = 0.0
        if not _recurs(away, top, season) and np.sign(away[at]) == np.sign(away[top]):
            found.append((at, float(away[at])))
    return found
