"""A ragged set of series as one array, so that every model fits all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

STEP = 2_000  # empty cells that cost as much as one more step of all loops over time
BLOCK = 16_000  # candidates × series per block: what stays in a processor's cache


@dataclass(frozen=True)
class Panel:
    """Series side by side, longest first, left-aligned; make one with `Panel.of`.

    The series that still run at a time are always the first ones, so a loop over time works
    on plain slices without masks. Sales are scaled by each series' own mean.

    Parameters
    ----------
    values
        float64, shape (time, series), in units of `scale`; zero after a series' end.
    lengths
        int64, shape (series,): observations of each series, falling.
    scale
        float64, shape (series,): mean absolute sales, 1 for a series of zeros.
    order
        int64, shape (series,): position of each series in the caller's list.
    season
        Periods in a year (12 for months); 1 for none.
    horizon
        Periods to forecast.
    """

    values: np.ndarray
    lengths: np.ndarray
    scale: np.ndarray
    order: np.ndarray
    season: int
    horizon: int

    @classmethod
    def of(cls, series: Sequence[np.ndarray], *, season: int, horizon: int) -> Panel:
        """Lay `series` (oldest value first, each of its own length) side by side.

        Missing values inside a series are interpolated; leading and trailing ones repeat the
        nearest. A series without any value counts as zeros.

        Raises
        ------
        ValueError
            If there is no series, one is empty, or `season` or `horizon` is below 1.
        """
        if season < 1 or horizon < 1:
            raise ValueError(f"season {season} and horizon {horizon} must be at least 1")
        if not len(series) or min(len(one) for one in series) == 0:
            raise ValueError("every series needs at least one observation")
        lengths = np.array([len(one) for one in series], dtype=np.int64)
        order = np.argsort(-lengths, kind="stable")
        rows = np.zeros((len(series), int(lengths.max())))
        for row, at in enumerate(order):
            rows[row, : lengths[at]] = _filled(np.asarray(series[at], dtype=float))
        lengths = lengths[order]
        scale = np.abs(rows).sum(axis=1) / lengths
        scale[scale == 0] = 1.0
        values = np.ascontiguousarray((rows / scale[:, None]).T)
        return cls(values, lengths, scale, order, season, horizon)

    @property
    def count(self) -> int:
        """Number of series."""
        return self.values.shape[1]

    @property
    def periods(self) -> int:
        """Number of periods of the longest series."""
        return self.values.shape[0]

    @cached_property
    def mask(self) -> np.ndarray:
        """bool, shape (time, series): where a series has a value."""
        return np.arange(self.periods)[:, None] < self.lengths

    @cached_property
    def running(self) -> np.ndarray:
        """int64, shape (time,): how many series (the first ones) still run."""
        return self.mask.sum(axis=1)

    @cached_property
    def lowest(self) -> np.ndarray:
        """Smallest scaled value of each series."""
        return np.where(self.mask, self.values, np.inf).min(axis=0)

    @cached_property
    def offset(self) -> np.ndarray:
        """What is added before taking logarithms: makes the smallest value 0.05 at least."""
        return np.maximum(0.0, 0.05 - self.lowest)

    @cached_property
    def logs(self) -> np.ndarray:
        """Logarithm of values plus offset; zero after a series' end."""
        return np.where(self.mask, np.log(np.where(self.mask, self.values + self.offset, 1.0)), 0.0)

    def from_logs(self, logs: np.ndarray) -> np.ndarray:
        """Turn forecasts of `logs` into scaled sales."""
        return np.exp(np.minimum(logs, 6.0)) - self.offset

    def last(self, values: np.ndarray, *, back: int = 0) -> np.ndarray:
        """Value of each series `back` periods before its end."""
        return values[self.lengths - 1 - back, np.arange(self.count)]

    def over_time(self, indices: np.ndarray) -> np.ndarray:
        """Repeat seasonal `indices` (season, series) along the past: (time, series)."""
        return indices[np.arange(self.periods) % self.season]

    def ahead(self, indices: np.ndarray) -> np.ndarray:
        """Seasonal `indices` (season, series) of the horizon: (horizon, series)."""
        phase = (self.lengths + np.arange(self.horizon)[:, None]) % self.season
        return indices[phase, np.arange(self.count)]

    def from_end(self, indices: np.ndarray) -> np.ndarray:
        """Re-label phases counted from each series' start as counted from its end on.

        Series that end together then agree on which row is which month.
        """
        phase = (self.lengths + np.arange(self.season)[:, None]) % self.season
        return np.take_along_axis(indices, phase, axis=0)

    def from_start(self, indices: np.ndarray) -> np.ndarray:
        """Undo `from_end`."""
        phase = (np.arange(self.season)[:, None] - self.lengths) % self.season
        return np.take_along_axis(indices, phase, axis=0)

    def in_order(self, scaled: np.ndarray) -> np.ndarray:
        """Scaled results (any, series) in the caller's order and units: (series, any)."""
        out = np.empty((self.count, scaled.shape[0]))
        out[self.order] = (scaled * self.scale).T
        return out

    def blocks(self, candidates: int) -> Iterator[slice]:
        """Slices of the series, such that a block times `candidates` stays in cache."""
        width = max(8, BLOCK // candidates)
        for first in range(0, self.count, width):
            yield slice(first, min(first + width, self.count))


def panels(
    series: Sequence[np.ndarray], *, season: int, horizon: int, chunk: int
) -> Iterator[tuple[np.ndarray, Panel]]:
    """Panels of at most `chunk` series each, and the positions (int64) of their series.

    Long and short series are kept apart where one panel for both would be mostly empty.
    """
    lengths = np.array([len(one) for one in series], dtype=np.int64)
    for first in range(0, len(series), chunk):
        part = np.arange(first, min(first + chunk, len(series)))
        part = part[np.argsort(-lengths[part], kind="stable")]
        while len(part):
            empty = (lengths[part[0]] - lengths[part]) * np.arange(len(part), 0, -1)
            gain = empty - STEP * lengths[part]
            count = int(gain.argmax()) if gain.max() > 0 else len(part)
            at, part = np.sort(part[:count]), part[count:]
            yield at, Panel.of([series[i] for i in at], season=season, horizon=horizon)


def _filled(values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    if known.all():
        return values
    if not known.any():
        return np.zeros_like(values)
    at = np.arange(len(values))
    return np.interp(at, at[known], values[known])
