"""What must not matter: the unit of money, the order of series, chunks, and threads."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesforecast.forecasting.intervals import outlook
from salesforecast.forecasting.many import forecast_many
from salesforecast.forecasting.panel import panels
from salesforecast.forecasting.weights import forecast_learned
from tests.examples import examples

WAYS = {
    "instant": lambda series, **options: forecast_many(series, season=12, horizon=6, **options),
    "learned": lambda series, **options: forecast_learned(series, season=12, horizon=6, **options),
    "quantiles": lambda series, **options: np.moveaxis(
        outlook(series, season=12, horizon=6, **options).quantiles, 0, 1
    ),
}


def some(count: int = 6, seed: int = 0) -> list[np.ndarray]:
    """Monthly series of two to five years with season, trend and noise; one sells seldom."""
    rng = np.random.default_rng(seed)
    out = []
    for at in range(count):
        time = np.arange(int(rng.integers(24, 60)))
        season = 1 + 0.3 * np.sin(2 * np.pi * time / 12 + at)
        out.append(season * (100 + at * time) * rng.lognormal(0, 0.15, len(time)))
    out[-1] = out[-1] * (rng.random(len(out[-1])) < 0.3)
    return out


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=examples(4), deadline=None)
@given(unit=st.sampled_from([1e-6, 0.01, 7.3, 1e4, 1e9]), seed=st.integers(0, 1000))
def test_the_unit_of_money_scales_the_forecast(way: str, unit: float, seed: int):
    series = some(4, seed)
    wanted = unit * WAYS[way](series)
    made = WAYS[way]([unit * one for one in series])
    np.testing.assert_allclose(made, wanted, rtol=1e-6, atol=1e-6 * unit)


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=examples(4), deadline=None)
@given(seed=st.integers(0, 1000), chunk=st.integers(1, 7))
def test_order_and_chunks_change_nothing(way: str, seed: int, chunk: int):
    series = some(6, seed)
    whole = WAYS[way](series)
    order = np.random.default_rng(seed).permutation(len(series))
    moved = WAYS[way]([series[i] for i in order], chunk=chunk)
    np.testing.assert_allclose(moved, whole[order], rtol=1e-7, atol=1e-7)


def test_one_very_long_series_is_kept_apart_and_changes_nothing():
    rng = np.random.default_rng(2)
    short = [100 + rng.normal(0, 5, int(n)) for n in rng.integers(20, 40, 300)]
    long = 100 + rng.normal(0, 5, 1500)
    parts = [at for at, _ in panels([*short, long], season=12, horizon=6, chunk=2000)]
    assert [len(at) for at in parts] == [1, 300]
    made = forecast_many([*short, long], season=12, horizon=6)
    np.testing.assert_allclose(made[:-1], forecast_many(short, season=12, horizon=6), rtol=1e-9)
    np.testing.assert_allclose(made[-1:], forecast_many([long], season=12, horizon=6), rtol=1e-9)


def test_a_level_far_above_its_noise_shifts_the_forecast():
    rng = np.random.default_rng(0)
    series = [1e4 + rng.normal(0, 10, 48) for _ in range(5)]
    made = forecast_many(series, season=12, horizon=6)
    shifted = forecast_many([one + 2e3 for one in series], season=12, horizon=6)
    np.testing.assert_allclose(shifted - made, 2e3, atol=5)


def test_threads_change_nothing():
    code = (
        "from tests.forecasting.test_invariance import some, WAYS\n"
        "print(WAYS['learned'](some(12)).tobytes().hex())"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    ]
    one, two = (np.frombuffer(bytes.fromhex(text.strip())) for text in said)
    np.testing.assert_allclose(one, two, rtol=1e-9)
