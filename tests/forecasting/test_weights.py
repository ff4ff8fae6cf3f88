"""Learned weights: shares of one, whoever stands beside; learning lowers the cost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesforecast.forecasting import metrics
from salesforecast.forecasting.many import forecast_many
from salesforecast.forecasting.models import Prepared, run_prepared
from salesforecast.forecasting.panel import Panel
from salesforecast.forecasting.training import Lesson, train
from salesforecast.forecasting.weights import (
    LIMIT,
    MEMBERS,
    NAMES,
    Network,
    blend,
    combine_learned,
    features_of,
    forecast_learned,
)

DATA = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture(scope="module")
def series() -> list[np.ndarray]:
    rng = np.random.default_rng(8)
    at = np.arange(90)
    shape = 1 + 0.3 * np.sin(2 * np.pi * at / 12)
    return [
        100 * shape[: 30 + 5 * i] * rng.lognormal(0, 0.1 + 0.02 * i, 30 + 5 * i) for i in range(10)
    ]


def test_weights_are_shares_of_one_for_every_step(series: list[np.ndarray]):
    panel = Panel.of(series, season=12, horizon=6)
    prepared = Prepared(panel)
    features = features_of(prepared, run_prepared(prepared, MEMBERS))
    share = Network.read().weights(features, 6)
    assert share.shape == (len(MEMBERS), 6, len(series))
    assert (share >= 0).all()
    np.testing.assert_allclose(share.sum(axis=0), 1.0)


def test_order_chunks_and_units_change_nothing(series: list[np.ndarray]):
    whole = forecast_learned(series, season=12, horizon=6)
    order = np.random.default_rng(0).permutation(len(series))
    mixed = forecast_learned([series[i] * 1000 for i in order], season=12, horizon=6, chunk=3)
    np.testing.assert_allclose(mixed, whole[order] * 1000, rtol=1e-5)


@pytest.mark.parametrize("length", [1, 2, 7, 13])
def test_short_and_dull_series_are_survived(length: int):
    odd = [np.full(length, 4.0), np.zeros(length), np.arange(length) + 1.0]
    ahead = forecast_learned(odd, season=12, horizon=5)
    assert np.isfinite(ahead).all()
    assert (ahead >= 0).all() and (ahead <= 3 * (length + 4)).all()


def test_long_histories_trust_the_fixed_mean_for_half_and_short_ones_for_an_eighth():
    """Two models of the instant tier say 1, all others 0: what is left is the learned share."""
    forecasts = np.zeros((len(MEMBERS), 3, 2))
    forecasts[[MEMBERS.index("dotm"), MEMBERS.index("theta")]] = 1.0
    layer = {name: np.zeros((5, 5)) for name in NAMES}
    layer = layer | {"into": np.zeros((4, 5)), "into_bias": np.zeros(5)}
    for out in ("out", "tilt"):
        layer |= {out: np.zeros((5, len(MEMBERS))), f"{out}_bias": np.zeros(len(MEMBERS))}
    equal = Network(np.zeros(4), np.ones(4), (layer,))
    mean = blend(equal, np.zeros((2, 4)), forecasts, np.array([2.0, 9.0]))
    learned = 2 / len(MEMBERS)
    wanted = [learned + 0.125 * (0.5 - learned), learned + 0.5 * (0.5 - learned)]
    np.testing.assert_allclose(mean, np.broadcast_to(wanted, (3, 2)))


@pytest.mark.parametrize("years", [2, 4])
def test_only_short_histories_are_asked_whether_their_season_is_one(years: int):
    rng = np.random.default_rng(5)
    noise = [100 * rng.lognormal(0, 0.3, 12 * years) for _ in range(20)]
    network = Network.read()
    assert network.short is not None and network.short.short is None
    with_short, without = (
        Panel.of(noise, season=12, horizon=12).in_order(
            combine_learned(Panel.of(noise, season=12, horizon=12), one)
        )
        for one in (network, replace(network, short=None))
    )
    if years == 4:
        np.testing.assert_allclose(with_short, without)
    else:  # months that only differ by luck are forecast more alike
        assert with_short.std(axis=1).mean() < without.std(axis=1).mean()


def test_unknown_weights_are_refused():
    with pytest.raises(ValueError, match="without M1"):
        Network.read("without sense")


def test_training_finds_the_model_that_is_right():
    rng = np.random.default_rng(1)
    count, steps = 120, 4
    truth = rng.normal(1, 0.3, (steps, count))
    forecasts = truth + rng.normal(0, 0.5, (len(MEMBERS), steps, count))
    forecasts[3] = truth + rng.normal(0, 0.01, (steps, count))
    features = rng.normal(0, 1, (count, 5))
    costs, scale = np.ones((steps, count)), np.ones(count)
    lesson = Lesson("test", features, forecasts, truth, costs, scale, scale, season=12, whole=True)
    kept = train([lesson], seeds=1, epochs=600)
    layers = ({name: kept[f"0/{name}"] for name in NAMES},)
    network = Network(kept["mean"], kept["spread"], layers)
    assert (np.abs(network.standard(lesson.features)) <= LIMIT).all()
    share = network.weights(lesson.features, steps)
    assert share[3].mean() > 0.5
    assert np.delete(share, 3, axis=0).mean() < 0.06


@pytest.mark.skipif(not DATA.is_dir(), reason="no shared data beside the checkout")
def test_weights_from_other_competitions_help_on_m3():
    frame = pd.read_parquet(DATA / "m3" / "m3.parquet")
    frame = frame[frame["period"] == "QUARTERLY"]
    parts = {
        split: [one["y"].to_numpy(dtype=float) for _, one in group.groupby("unique_id")]
        for split, group in frame.groupby("split")
    }
    past, future = parts["train"], np.array(parts["test"])
    scale = np.array([metrics.seasonal_error(one, 4) for one in past])
    naive = forecast_many(past, season=4, horizon=8, models=("naive2",))
    against = metrics.smape(future, naive), metrics.mase(future, naive, scale)
    found = {}
    for name, ahead in {
        "instant": forecast_many(past, season=4, horizon=8),
        "learned": forecast_learned(past, season=4, horizon=8, weights="without M3"),
    }.items():
        scores = metrics.smape(future, ahead), metrics.mase(future, ahead, scale)
        found[name] = metrics.owa(*scores, *against)
    assert found["learned"] < found["instant"] < 0.88
