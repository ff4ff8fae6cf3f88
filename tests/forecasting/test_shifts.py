"""Outliers and shifts: found where they are, and seldom where they are not."""

from __future__ import annotations

import numpy as np
import pytest

from salesforecast.forecasting.shifts import find_odd, treat

COUNT = 150


def _series(kind: str, periods: int, *, seed: int = 0, unrest: float = 0.3) -> np.ndarray:
    """Seasonal series of one kind without anything odd in them."""
    rng = np.random.default_rng(seed)
    at = np.arange(periods)[:, None]
    size = rng.uniform(0.03, unrest, COUNT)
    noise = rng.normal(0, 1, (periods, COUNT))
    season = rng.uniform(0, 0.8, COUNT) * np.sin(2 * np.pi * (at + rng.uniform(0, 12, COUNT)) / 12)
    if kind == "walk":
        noise = 0.4 * np.cumsum(noise, axis=0) + 0.5 * rng.normal(0, 1, (periods, COUNT))
    if kind == "persistent":
        for t in range(1, periods):
            noise[t] += 0.7 * noise[t - 1]
    if kind == "peak":
        season = 1.5 * ((at + rng.integers(0, 12, COUNT)) % 12 == 0)
    return np.exp(5 + season + 0.01 * at * rng.normal(0, 1, COUNT) + size * noise)


@pytest.mark.parametrize("periods", [24, 36, 60, 120])
def test_false_alarms_are_rare(periods):
    rates = {}
    for kind in ("plain", "walk", "persistent", "peak"):
        found = find_odd(_series(kind, periods), season=12)
        for what in ("outlier", "shift"):
            alarmed = {one.series for one in found if one.kind == what}
            rates[kind, what] = len(alarmed) / COUNT
    assert max(rates.values()) <= 0.05, rates
    assert np.mean(list(rates.values())) <= 0.015, rates


def test_a_lasting_halving_and_a_lost_month_are_found_in_calm_series():
    values = _series("plain", 60, unrest=0.1)
    halved, lost = values.copy(), values.copy()
    halved[40:] *= 0.5
    lost[40] *= 0.3
    shifts = [one for one in find_odd(halved, season=12) if one.kind == "shift"]
    assert len({one.series for one in shifts if abs(one.at - 40) <= 1}) > 0.5 * COUNT
    outliers = [one for one in find_odd(lost, season=12) if one.kind == "outlier"]
    assert len({one.series for one in outliers if one.at == 40}) > 0.9 * COUNT


def test_treating_lifts_the_past_and_can_be_undone():
    values = 100 + np.random.default_rng(0).normal(0, 1, (48, 1))
    values[30:] *= 0.5
    odd = find_odd(values, season=12)
    assert [(one.kind, one.at) for one in odd] == [("shift", 30)]
    out = treat(values, odd)
    assert np.allclose(out[30:], values[30:])
    assert out[:30].mean() == pytest.approx(50, rel=0.05)
    assert np.allclose(out[:30] / odd[0].factor, values[:30])


def test_rare_sellers_and_short_series_are_left_alone():
    rng = np.random.default_rng(0)
    rare = np.where(rng.random((60, 20)) < 0.4, rng.lognormal(3, 1, (60, 20)), 0.0)
    assert not find_odd(rare, season=12)
    assert not find_odd(np.full((60, 3), 7.0), season=12)
    assert not find_odd(np.full((60, 3), np.nan), season=12)
    assert not find_odd(rng.lognormal(3, 2, (12, 5)), season=12)
