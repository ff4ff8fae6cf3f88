"""Holidays that move through the calendar: their effect is taken out, and put back ahead.

A season by month cannot know that the Chinese New Year fell into January last year and falls
into February this year. The effect is learned from how sales changed against the year before
while the holiday moved, in up to three windows: the days before it, the holiday, the days after.
Taking it out and putting it back cancel out exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from salesforecast.errors import DataError
from salesforecast.fiscal import PLAIN, FiscalCalendar
from salesforecast.forecasting.forecast import Forecast, forecast
from salesforecast.forecasting.moved import moved
from salesforecast.forecasting.structure import SEASONS, wide_history
from salesforecast.hierarchy import Hierarchy

DURING = 7  # days of the holiday itself
BEFORE = (0, 7, 14, 21)  # days before it that are tried
AFTER = (0, 7, 14, 21, 28)
HALF_LIFE = 8.0  # years after which a year counts half
BELIEF = 2.0  # years of its own after which a series counts as much as all together
LEAST_YEARS = {12: 4, 4: 4, 52: 3, 364: 2}  # of history that an effect is learned from, by season
WILD = 2.5  # residuals beyond this many usual ones count less
MOST = 1.5  # logarithm of the largest effect
MONTHS = {12: 1, 4: 3}  # in a period, by season
FREQ = {12: "M", 4: "Q"}
STEP = {52: 7, 364: 1}  # days in a period, by season: the same weekday a year before
NODE_AND_PRODUCT = ("node", "product")
COVERED = pd.Timedelta(days=330)  # beyond the last known day there may be another one
APART = np.timedelta64(10, "D")  # days of one holiday lie closer together


def holiday_days(country: str, words: str, years: Sequence[int]) -> pd.DatetimeIndex:
    """First day of each holiday in `country` (ISO code) whose name contains `words`.

    The name is the English one or the country's own: "Chinese New Year" or "春节". Source: the
    package `holidays`. `holiday_days("CN", "Chinese New Year", range(2000, 2031))`.

    Raises
    ------
    DataError
        If there is no such holiday in these years.
    """
    import holidays

    asked = list(years)
    english = holidays.country_holidays(country, years=asked, language="en_US")
    own = holidays.country_holidays(country, years=asked, language=english.default_language)
    of_name = [
        day
        for day, name in english.items()
        if words.lower() in f"{name}; {own.get(day, '')}".lower() and "Eve" not in name
    ]
    days = np.array(sorted(of_name), dtype="datetime64[D]")
    if not len(days):
        names = {name for name in english.values() if "(" not in name.replace(" (Spring", "")}
        raise DataError(
            f"no holiday '{words}' is known.",
            where=f"country '{country}', years {min(years)} to {max(years)}",
            fix=f"one of {', '.join(sorted(names))}, or give the days yourself.",
        )
    first = np.r_[True, np.diff(days) > APART]
    return pd.DatetimeIndex(days[first])


@dataclass(frozen=True)
class HolidayEffect:
    """What a moving holiday does to each series.

    Parameters
    ----------
    days
        First days of the holiday, past and to come.
    windows
        Days before, during and after that have an effect; all zero for none.
    slopes
        float64, shape (window, series): logarithm of the factor on a period that holds the
        whole window; windows of no days are left out.
    usual
        float64, shape (season, window): share of the window that this time of year usually
        holds, which stays with the season.
    start
        First period of the history, from which the time of year is counted.
    season
        Periods in a year.
    calendar
        Which days make a month or quarter.
    """

    days: pd.DatetimeIndex
    windows: tuple[int, int, int]
    slopes: np.ndarray
    usual: np.ndarray
    start: pd.Timestamp
    season: int
    calendar: FiscalCalendar = PLAIN

    def factor(self, periods: pd.DatetimeIndex) -> np.ndarray:
        """What sales of each period are multiplied by: float64, shape (period, series)."""
        phase = _position(periods, self.start, self.season) % self.season
        shares = window_shares(periods, self.days, self.windows, self.season, self.calendar)
        moved = shares - self.usual[phase]
        return np.exp(np.clip(moved @ self.slopes, -MOST, MOST))


def window_shares(
    periods: pd.DatetimeIndex,
    days: pd.DatetimeIndex,
    windows: tuple[int, int, int],
    season: int,
    calendar: FiscalCalendar = PLAIN,
) -> np.ndarray:
    """Share of each window's days that fall into each period: (period, windows with days).

    Raises
    ------
    ValueError
        If `days` end before the periods do, or begin after: a missing holiday is none.
    """
    if periods.min() < days.min() - COVERED or periods.max() > days.max() + COVERED:
        covered = f"{days.min():%Y-%m-%d} to {days.max():%Y-%m-%d}"
        raise ValueError(f"days of the holiday, {covered}, must cover all periods")
    begin = periods.to_numpy().astype("datetime64[D]").astype(np.int64)
    if season in MONTHS:
        opens, after = calendar.first_days(periods), calendar.ends(periods, FREQ[season])
        begin = opens.to_numpy().astype("datetime64[D]").astype(np.int64)
        end = after.to_numpy().astype("datetime64[D]").astype(np.int64)
    else:
        end = begin + STEP[season]
    first = days.to_numpy().astype("datetime64[D]").astype(np.int64)
    before, during, later = windows
    edges = ((-before, 0), (0, during), (during, during + later))
    out = []
    for left, right in edges:
        if right > left:
            low = np.maximum(begin[:, None], first + left)
            high = np.minimum(end[:, None], first + right)
            out.append(np.maximum(high - low, 0).sum(axis=1) / (right - left))
    return np.array(out).T.reshape(len(periods), len(out))


def learn_effect(
    values: np.ndarray,
    periods: pd.DatetimeIndex,
    days: pd.DatetimeIndex,
    *,
    season: int,
    calendar: FiscalCalendar = PLAIN,
) -> HolidayEffect:
    """Learn what the holiday on `days` does to each series; no effect where nothing shows it.

    Change to the year before (logarithms, free of its own slow movement) is regressed on the
    windows' change, recent years counting more and outliers less. The windows' lengths are those
    that explain all series together best by BIC; "none" is one of the candidates. A series of
    few years leans on all series together.

    Parameters
    ----------
    values
        float64, shape (period, series); NaN where there is none. What is not positive is passed
        over.
    periods
        First days of consecutive months, quarters, weeks, or days.
    days
        First days of the holiday: of all years of `periods` and of those to be forecast.
    season
        Periods in a year: 12, 4, 52, or 364 for days (the same weekday a year before).
    calendar
        Which days make a month or quarter.

    Raises
    ------
    ValueError
        If `season` is another number.
    """
    if season not in LEAST_YEARS:
        raise ValueError(
            f"season {season}: a holiday moves between months, quarters, weeks or days"
        )
    count = values.shape[1]
    logs = np.log(np.where(values > 0, values, np.nan))
    none = HolidayEffect(
        days, (0, 0, 0), np.zeros((0, count)), np.zeros((season, 0)), periods[0], season, calendar
    )
    if len(periods) < LEAST_YEARS[season] * season:
        return none
    change = _steady(logs[season:] - logs[:-season], season)
    age = np.arange(len(change))[::-1] / season
    weight = np.where(np.isfinite(change), 0.5 ** (age / HALF_LIFE)[:, None], 0.0)
    change = np.nan_to_num(change)
    usable = weight.sum(axis=0) > 0
    if not usable.any():
        return none
    best, least = none, np.inf
    for windows in _candidates():
        shares = window_shares(periods, days, windows, season, calendar)
        moved = _steady(shares[season:] - shares[:-season], season)
        slopes, score = _regress(moved, change, weight, season)
        if score < least:
            phase = np.arange(len(periods)) % season
            usual = np.stack([shares[phase == at].mean(axis=0) for at in range(season)])
            best = HolidayEffect(days, windows, slopes, usual, periods[0], season, calendar)
            least = score
    return best


@dataclass(frozen=True)
class Adjusted:
    """Series without a moving holiday, and what is needed to put it back.

    Parameters
    ----------
    frame
        As it was given, its sales divided by the holiday's factor.
    effect
        What was found.
    labels
        Of the effect's series, in its order: one level a column of `key`.
    """

    frame: pd.DataFrame
    effect: HolidayEffect
    labels: pd.Index

    def factors(self, frame: pd.DataFrame, *, time: str = "period") -> np.ndarray:
        """The holiday's factor on each row of `frame`: past or to come.

        Raises
        ------
        ValueError
            If a row's series is not one that was adjusted.
        """
        at = self.labels.get_indexer(_keys(frame, list(self.labels.names)))
        if (at < 0).any():
            raise ValueError("the frame has series that were not adjusted")
        periods, row = np.unique(frame[time].to_numpy(), return_inverse=True)
        return self.effect.factor(pd.DatetimeIndex(periods))[row, at]

    def restore(
        self, frame: pd.DataFrame, columns: Sequence[str] = ("forecast",), *, time: str = "period"
    ) -> pd.DataFrame:
        """Put the holiday back into `columns` of a frame of sales or forecasts."""
        factors = self.factors(frame, time=time)
        return frame.assign(**{name: frame[name] * factors for name in columns})


def without_holiday(
    frame: pd.DataFrame,
    days: pd.DatetimeIndex,
    *,
    season: int,
    key: Sequence[str] = NODE_AND_PRODUCT,
    time: str = "period",
    value: str = "sales",
) -> Adjusted:
    """Take the holiday on `days` out of every series of a long frame; `restore` puts it back.

    Stands before `forecast`, `forecast_frame` or anybody's models. `key` names the columns that
    tell series apart, `time` their periods' first days; `days` must cover what is to be forecast.
    """
    periods, at_period = np.unique(frame[time].to_numpy(), return_inverse=True)
    first, last = pd.Timestamp(periods[0]), pd.Timestamp(periods[-1])
    months = pd.DateOffset(months=MONTHS.get(season, 0))
    step = months if season in MONTHS else pd.DateOffset(days=STEP[season])
    every = pd.date_range(first, last, freq=step)
    keys = _keys(frame, list(key))
    labels = keys.unique().sort_values()
    values = np.full((len(every), len(labels)), np.nan)
    row = _position(pd.DatetimeIndex(periods), first, season)[at_period]
    values[row, labels.get_indexer(keys)] = frame[value].to_numpy(dtype=float)
    adjusted = Adjusted(frame, learn_effect(values, every, days, season=season), labels)
    plain = frame.assign(**{value: frame[value] / adjusted.factors(frame, time=time)})
    return replace(adjusted, frame=plain)


def forecast_around(
    history: pd.DataFrame,
    hierarchy: Hierarchy,
    days: pd.DatetimeIndex,
    *,
    cutoff: pd.Timestamp,
    horizon: int,
    **options: Any,
) -> tuple[Forecast, HolidayEffect]:
    """Do what `forecast` does with the holiday on `days` taken out before and put back after.

    Only what lies up to `cutoff` is learned from. `options` go to `forecast`. Weights and
    accuracy are those of the series without the holiday.

    Raises
    ------
    DataError
        As `forecast` does.
    ValueError
        If periods are years: nothing moves between them.
    """
    season = SEASONS[wide_history(history, hierarchy, cutoff)[1]]
    known = history[history["period"] <= cutoff]
    plain = without_holiday(known, days, season=season)
    made = forecast(plain.frame, hierarchy, cutoff=cutoff, horizon=horizon, **options)
    return moved(made, plain.restore(made.frame, ("base", "forecast"))), plain.effect


def _keys(frame: pd.DataFrame, columns: list[str]) -> pd.Index:
    if len(columns) == 1:
        return pd.Index(frame[columns[0]], name=columns[0])
    return pd.MultiIndex.from_frame(frame[columns])


def _candidates() -> list[tuple[int, int, int]]:
    return [(0, 0, 0), *((b, DURING, a) for b, a in product(BEFORE, AFTER))]


def _position(periods: pd.DatetimeIndex, start: pd.Timestamp, season: int) -> np.ndarray:
    """Periods between `start` and each of `periods`."""
    if season in MONTHS:
        months = (periods.year - start.year) * 12 + periods.month - start.month
        return np.asarray(months) // MONTHS[season]
    return np.asarray((periods - start).days) // STEP[season]


def _steady(values: np.ndarray, season: int) -> np.ndarray:
    """Take out the slow movement: a centred mean over about a year. NaN stays NaN."""
    known = np.isfinite(values)
    padded = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(np.nan_to_num(values), axis=0)])
    counted = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(known, axis=0)])
    at, half = np.arange(len(values)), season // 2
    low, high = np.maximum(at - half, 0), np.minimum(at + half + 1, len(values))
    mean = (padded[high] - padded[low]) / np.maximum(counted[high] - counted[low], 1)
    return values - mean


def _regress(
    moved: np.ndarray, change: np.ndarray, weight: np.ndarray, season: int
) -> tuple[np.ndarray, float]:
    """Slopes (window, series), and how badly they explain all series together (BIC)."""
    width, count = moved.shape[1], change.shape[1]
    slopes, held = np.zeros((width, count)), weight
    for _ in range(3):
        left = change - moved @ slopes
        usual = np.sqrt((held * left**2).sum(axis=0) / np.maximum(held.sum(axis=0), 1e-9)) + 1e-9
        held = weight * np.minimum(1.0, WILD / np.maximum(np.abs(left) / usual, 1e-9))
        if width == 0:
            break
        slopes = _pooled(moved, change, held / usual**2, (weight > 0).sum(axis=0) / season)
    left = change - moved @ slopes
    known = weight.sum(axis=0)
    there = known > 0
    spread = (weight * np.minimum(left**2, (WILD * usual) ** 2)).sum(axis=0)[there] / known[there]
    score = (known[there] * np.log(spread + 1e-12)).sum()
    return slopes, float(score + width * there.sum() * np.log(known[there].mean() + 1))


def _pooled(
    moved: np.ndarray, change: np.ndarray, weight: np.ndarray, years: np.ndarray
) -> np.ndarray:
    """Weighted least squares of each series, drawn towards that of all together."""
    inner = np.einsum("tk,ts,tl->skl", moved, weight, moved)
    outer = np.einsum("tk,ts,ts->sk", moved, weight, change)
    ridge = 1e-6 * (np.trace(inner, axis1=1, axis2=2)[:, None, None] + 1) * np.eye(moved.shape[1])
    own = np.linalg.solve(inner + ridge, outer[:, :, None])[:, :, 0]
    together = np.linalg.solve(inner.sum(axis=0) + ridge.sum(axis=0), outer.sum(axis=0))
    trust = (years / (years + BELIEF))[:, None]
    return (trust * own + (1 - trust) * together).T
