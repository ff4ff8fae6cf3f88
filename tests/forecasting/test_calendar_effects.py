"""Moving holidays are taken out, put back exactly, and foreseen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesforecast.errors import DataError
from salesforecast.fiscal import FiscalCalendar
from salesforecast.forecasting.calendar_effects import (
    forecast_around,
    holiday_days,
    learn_effect,
    window_shares,
    without_holiday,
)
from salesforecast.forecasting.forecast import forecast
from salesforecast.forecasting.many import forecast_frame
from salesforecast.hierarchy import Hierarchy

DATA = Path(__file__).parents[3] / "shared" / "data" / "china_trade_cny"
NEW_YEAR = holiday_days("CN", "Chinese New Year", range(1999, 2021))


def _sales(periods: pd.DatetimeIndex, season: int, slope: float, *, noise: float, seed: int = 0):
    """Steady growth and season, `slope` on the week of the New Year."""
    rng = np.random.default_rng(seed)
    share = window_shares(periods, NEW_YEAR, (0, 7, 0), season)[:, 0]
    at = np.arange(len(periods))
    wave = 0.2 * np.sin(2 * np.pi * at / season)
    return 100 * np.exp(0.05 * at / season + wave + slope * share + rng.normal(0, noise, len(at)))


def test_a_month_holds_its_share_of_the_holidays_days():
    months = pd.date_range("2006-01-01", "2006-03-01", freq="MS")
    days = pd.DatetimeIndex(["2006-01-29"])
    shares = window_shares(months, days, (14, 7, 0), 12)
    assert shares[:, 0].tolist() == [1.0, 0.0, 0.0]
    assert shares[:, 1] == pytest.approx([3 / 7, 4 / 7, 0.0])
    weeks = FiscalCalendar(1, "4-4-5", "nearest Saturday")  # fiscal January ends on the 28th
    own = window_shares(months, days, (14, 7, 0), 12, weeks)
    assert own.T.tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]


def test_the_package_knows_the_days_of_the_new_year():
    if not DATA.is_dir():
        pytest.skip("the shared data are not beside the checkout")
    listed = pd.read_csv(DATA / "holiday_dates.csv", parse_dates=["date"])
    known = listed.loc[listed["holiday"] == "cny", "date"]
    of_years = known[known.dt.year.between(1999, 2020)]
    assert list(NEW_YEAR) == list(of_years)


def test_an_unknown_holiday_says_what_to_do():
    with pytest.raises(DataError, match="or give the days yourself"):
        holiday_days("CN", "Thanksgiving", range(2020, 2022))


@pytest.mark.parametrize(("freq", "season"), [("MS", 12), ("W-MON", 52), ("D", 364)])
def test_the_effect_is_found_in_months_weeks_and_days(freq, season):
    first = {12: "2000-01-01", 52: "2000-01-03", 364: "2012-01-02"}[season]
    periods = pd.date_range(first, "2017-12-01", freq=freq)
    values = np.column_stack(
        [_sales(periods, season, -0.5, noise=0.02, seed=seed) for seed in range(3)]
    )
    effect = learn_effect(values, periods, NEW_YEAR, season=season)
    shares = window_shares(periods, NEW_YEAR, (0, 7, 0), season)[:, 0]
    phase = np.arange(len(periods)) % season
    usual = np.array([shares[phase == at].mean() for at in range(season)])[phase]
    found = np.log(effect.factor(periods))
    assert np.abs(found - (-0.5 * (shares - usual))[:, None]).max() < 0.05


def test_nothing_is_found_where_nothing_moves():
    periods = pd.date_range("2000-01-01", "2017-12-01", freq="MS")
    values = _sales(periods, 12, 0.0, noise=0.05)[:, None]
    assert learn_effect(values, periods, NEW_YEAR, season=12).windows == (0, 0, 0)
    short = periods[:36]
    assert (learn_effect(values[:36], short, NEW_YEAR, season=12).factor(short) == 1).all()


def test_years_and_hours_are_refused():
    periods = pd.date_range("2000-01-01", "2017-12-01", freq="MS")
    for season in (1, 24):
        with pytest.raises(ValueError, match="months, quarters, weeks or days"):
            learn_effect(np.ones((len(periods), 1)), periods, NEW_YEAR, season=season)


def test_days_must_reach_as_far_as_the_forecast():
    ahead = pd.date_range("2021-01-01", "2021-03-01", freq="MS")
    with pytest.raises(ValueError, match="must cover"):
        window_shares(ahead, NEW_YEAR, (0, 7, 0), 12)


def test_taking_out_and_putting_back_cancel_and_the_order_of_rows_does_not_matter():
    periods = pd.date_range("2000-01-01", "2017-12-01", freq="MS")
    parts = [
        pd.DataFrame({"series": name, "period": periods[start:], "sales": values[start:]})
        for name, start, values in (
            ("a", 0, _sales(periods, 12, -0.4, noise=0.03)),
            ("b", 100, _sales(periods, 12, 0.3, noise=0.03, seed=1)),
            ("c", 0, np.where(np.arange(len(periods)) % 5, 0.0, -3.0)),
        )
    ]
    frame = pd.concat(parts, ignore_index=True)
    adjusted = without_holiday(frame, NEW_YEAR, season=12, key=("series",))
    assert not np.allclose(adjusted.frame["sales"], frame["sales"])
    back = adjusted.restore(adjusted.frame, ("sales",))
    assert np.allclose(back["sales"], frame["sales"], rtol=1e-12)
    mixed = frame.sample(frac=1, random_state=0)
    again = without_holiday(mixed, NEW_YEAR, season=12, key=("series",))
    assert np.allclose(again.frame["sales"].sort_index(), adjusted.frame["sales"], rtol=1e-9)
    with pytest.raises(ValueError, match="not adjusted"):
        adjusted.restore(frame.assign(series="d"), ("sales",))


def test_series_are_foreseen_better_with_the_holiday():
    periods = pd.date_range("2000-01-01", "2018-12-01", freq="MS")
    frame = pd.DataFrame(
        {"series": "a", "period": periods, "sales": _sales(periods, 12, -0.5, noise=0.01)}
    )
    past, later = frame.iloc[:-12], frame.iloc[-12:]
    adjusted = without_holiday(past, NEW_YEAR, season=12, key=("series",))
    ahead = forecast_frame(adjusted.frame, season=12, horizon=12)
    ahead = adjusted.restore(ahead)
    plain = forecast_frame(past, season=12, horizon=12)
    mine, theirs = (
        np.abs(one["forecast"].to_numpy() / later["sales"].to_numpy() - 1)[:2].mean()
        for one in (ahead, plain)
    )
    assert mine < 0.5 * theirs


def test_a_hierarchy_is_forecast_around_the_holiday_with_samples_that_agree():
    periods = pd.date_range("2008-01-01", "2018-12-01", freq="MS")
    history = pd.concat(
        pd.DataFrame(
            {
                "node": node,
                "product": "All",
                "period": periods.astype("datetime64[us]"),
                "sales": _sales(periods, 12, -0.4, noise=0.03, seed=seed),
            }
        )
        for seed, node in enumerate(("north/ann", "north/ben", "south/cai"))
    )
    tree = Hierarchy.of(
        sorted(history["node"].unique()), levels=("all", "region", "person"), label="All"
    )
    cutoff = pd.Timestamp("2017-12-01")
    options = {"cutoff": cutoff, "horizon": 3, "draws": 400}
    made, effect = forecast_around(history, tree, NEW_YEAR, **options)
    assert effect.windows[1] == 7
    mean = made.samples.values.mean(axis=0)
    table = made.frame.pivot_table(index="node", columns="period", values="forecast")
    assert np.allclose(mean, table.loc[made.samples.leaves].to_numpy(), rtol=1e-6)
    plain = forecast(history, tree, **options)
    later = history[history["period"].isin(made.samples.periods)]
    truth = later.set_index(["node", "period"])["sales"]
    miss, usual = (
        (one.frame.set_index(["node", "period"])["forecast"] - truth).abs().sum()
        for one in (made, plain)
    )
    assert miss < usual


def test_a_holiday_is_found_by_its_own_name_and_an_unknown_one_is_told_the_known():
    years = range(2015, 2020)
    assert holiday_days("CN", "春节", years).equals(holiday_days("CN", "Chinese New Year", years))
    with pytest.raises(DataError, match="National Day"):
        holiday_days("CN", "Groundhog Day", years)
