"""Odd series of the real data sets pass through with sane forecasts (data beside the checkout)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesforecast.forecasting import metrics
from salesforecast.forecasting.many import forecast_frame, forecast_many

DATA = Path(__file__).parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="no shared data beside the checkout")


@needs_data
def test_all_of_m3_is_sane_and_better_than_naive2():
    frame = pd.read_parquet(DATA / "m3" / "m3.parquet")
    for period, season, worst in (("MONTHLY", 12, 0.805), ("QUARTERLY", 4, 0.885)):
        of_period = frame[frame["period"] == period]
        train = of_period[of_period["split"] == "train"]
        past = [one["y"].to_numpy(dtype=float) for _, one in train.groupby("unique_id")]
        test = of_period[of_period["split"] == "test"]
        future = np.array([one["y"].to_numpy() for _, one in test.groupby("unique_id")])
        scale = np.array([metrics.seasonal_error(one, season) for one in past])
        scores = []
        for models in (None, ("naive2",)):
            chosen = {} if models is None else {"models": models}
            ahead = forecast_many(past, season=season, horizon=future.shape[1], **chosen)
            assert np.isfinite(ahead).all()
            assert (ahead >= 0).all()
            scores += [metrics.smape(future, ahead), metrics.mase(future, ahead, scale)]
        assert metrics.owa(*scores) < worst


@needs_data
@pytest.mark.parametrize("period", ["YEARLY", "OTHER"])
def test_short_series_without_season_or_dates(period: str):
    frame = pd.read_parquet(DATA / "m3" / "m3.parquet")
    frame = frame[(frame["period"] == period) & (frame["split"] == "train")]
    past = [one["y"].to_numpy(dtype=float) for _, one in frame.groupby("unique_id")]
    ahead = forecast_many(past, season=1, horizon=8)
    largest = np.array([one.max() for one in past])
    assert np.isfinite(ahead).all()
    assert (ahead <= 3 * largest[:, None]).all()


@needs_data
def test_sparse_tourism_and_a_weekly_holiday_panel():
    large = pd.read_parquet(DATA / "tourism_au_monthly_large" / "tourism_au_monthly_large.parquet")
    past = [one["y"].to_numpy(dtype=float) for _, one in large.groupby(["region", "purpose"])]
    ahead = forecast_many(past, season=12, horizon=12, models=("theta", "slow", "intermittent"))
    assert np.isfinite(ahead).all() and (ahead >= 0).all()
    total = np.sum([one[-12:].sum() for one in past])
    assert ahead.sum() == pytest.approx(total, rel=0.15)
    stores = pd.read_csv(DATA / "walmart_store_weekly" / "walmart_store_weekly.csv.gz")
    weekly = [one["y"].to_numpy(dtype=float) for _, one in stores.groupby("store")]
    ahead = forecast_many(weekly, season=52, horizon=13)
    assert np.isfinite(ahead).all()
    assert ahead.mean() == pytest.approx(np.mean([one[-13:].mean() for one in weekly]), rel=0.15)


@needs_data
def test_long_frames_in_the_ecosystems_columns():
    frame = pd.read_parquet(DATA / "aus_retail" / "aus_retail.parquet").rename(
        columns={"series_id": "unique_id"}
    )
    frame = frame[(frame["State"] == "Tasmania") & (frame["ds"] >= "2010-01-01")]
    ahead = forecast_frame(frame[["unique_id", "ds", "y"]], season=12, horizon=3)
    assert list(ahead.columns) == ["unique_id", "ds", "forecast"]
    assert ahead["ds"].max() == pd.Timestamp("2019-03-01")
    assert ahead["unique_id"].nunique() == frame["unique_id"].nunique()
