"""Odd series of the real data sets pass through with sane forecasts (data beside the checkout)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesforecast.forecasting import metrics
from salesforecast.forecasting.intervals import outlook
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


ODD = {
    "seven points": np.array([3.0, 5, 4, 6, 8, 7, 9]),
    "one point": np.array([12.0]),
    "two points": np.array([10.0, 12.0]),
    "a constant": np.full(40, 7.0),
    "all zeros": np.zeros(30),
    "one spike": np.r_[np.zeros(20), 1e6, np.zeros(15)],
    "returns": np.r_[np.full(30, 10.0), -400.0, np.full(10, 10.0)],
    "gaps": np.where(np.arange(50) % 7 == 3, np.nan, 20.0 + np.arange(50) % 12),
    "a year shut": np.r_[50 + 10 * np.sin(np.arange(60) / 2), np.full(12, 2.0), np.full(9, 45.0)],
}


@pytest.mark.parametrize("name", ODD)
def test_odd_series_stay_within_what_they_ever_were(name: str):
    series = ODD[name]
    ahead = forecast_many([series], season=12, horizon=18)
    made = outlook([series], season=12, horizon=18)
    low, high = np.nanmin(series), np.nanmax(series)
    room = max(1.5 * (high - low), 0.05 * abs(high))
    for values in (ahead, made.mean):
        assert np.isfinite(values).all()
        assert (values >= min(low, 0.0) - room).all() and (values <= high + room).all()
    assert np.isfinite(made.quantiles).all()
    assert (np.diff(made.quantiles, axis=0) >= -1e-9).all()
    if low == high:
        np.testing.assert_allclose(ahead, high, atol=1e-6 * max(high, 1.0))


@needs_data
def test_a_strange_series_of_m3_and_accounts_without_dates():
    m3 = pd.read_parquet(DATA / "m3" / "m3.parquet")
    one = m3.loc[(m3["unique_id"] == "N0113") & (m3["split"] == "train"), "y"].to_numpy(dtype=float)
    ahead = forecast_many([one], season=1, horizon=6)
    assert (ahead > 0.2 * one[-1]).all() and (ahead < 5 * one[-1]).all()
    cheese = pd.read_csv(DATA / "cheese_retailers" / "cheese.csv")
    weekly = [account["VOLUME"].to_numpy(dtype=float) for _, account in cheese.groupby("RETAILER")]
    ahead = forecast_many(weekly, season=52, horizon=8)
    assert np.isfinite(ahead).all() and (ahead >= 0).all()
    assert np.median(ahead.mean(axis=1) / [one[-20:].mean() for one in weekly]) == pytest.approx(
        1.0, abs=0.15
    )


@needs_data
def test_dates_of_two_centuries_are_only_labels():
    frame = pd.read_parquet(DATA / "m4_sample" / "m4_monthly_dev.parquet")
    frame = frame[frame["split"] == "train"][["unique_id", "ds", "y"]]
    some = frame[frame["unique_id"].isin(sorted(frame["unique_id"].unique())[:5])]
    old = some.assign(ds=some["ds"].map(lambda day: day.replace(year=day.year - 100)))
    now, then = (forecast_frame(one, season=12, horizon=3) for one in (some, old))
    np.testing.assert_array_equal(now["forecast"], then["forecast"])
    assert then["ds"].dt.year.max() < 1930


@needs_data
def test_missing_weeks_and_promotion_spikes_of_dominicks():
    juice = pd.read_parquet(DATA / "dominicks_orange_juice" / "oj_store_brand_week.parquet")
    weeks = np.arange(juice["week"].min(), juice["week"].max() + 1)
    wide = juice.pivot_table(index="week", columns=["store", "brand"], values="units")
    wide = wide.reindex(weeks).iloc[:, :40]
    ahead = forecast_many(list(wide.to_numpy().T), season=52, horizon=8)
    assert np.isfinite(ahead).all() and (ahead >= 0).all()
    assert (ahead.max(axis=1) <= 1.05 * wide.max().to_numpy()).all()
