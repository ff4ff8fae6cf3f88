"""Back-tests see nothing of what they are judged by."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesforecast.errors import DataError
from salesforecast.forecasting.backtest import backtest, beside_alone
from salesforecast.hierarchy import Hierarchy

LEAVES = ("North/Anna", "North/Ben", "South/Carl")
TREE = Hierarchy.of(LEAVES, levels=("company", "region", "position"), label="Tiny")
CUTOFF = pd.Timestamp("2024-12-01")


@pytest.fixture(scope="module")
def history() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    periods = pd.date_range("2021-01-01", CUTOFF, freq="MS")
    season = 1 + 0.5 * np.sin(2 * np.pi * np.arange(len(periods)) / 12)
    growth = 1.01 ** np.arange(len(periods))
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "node": leaf,
                    "product": "All",
                    "period": periods,
                    "sales": 100 * (i + 1) * season * growth * rng.lognormal(0, 0.08, len(periods)),
                }
            )
            for i, leaf in enumerate(LEAVES)
        ],
        ignore_index=True,
    )


@pytest.fixture(scope="module")
def scores(history: pd.DataFrame) -> pd.DataFrame:
    return backtest(history, TREE, cutoff=CUTOFF, horizon=3, origins=4, every=2, draws=200)


def test_every_level_step_and_method_is_there(scores: pd.DataFrame):
    assert set(scores["level"]) == {"company", "region", "position"}
    assert set(scores["step"]) == {0, 1, 2, 3}
    assert set(scores["method"]) == {"forecast", "alone", "last year", "last periods"}
    assert len(scores) == 3 * 4 * 4
    counts = scores.groupby("level")["count"].first()
    assert counts.to_dict() == {"company": 4, "region": 8, "position": 12}


def test_a_season_with_growth_is_forecast_better_than_by_habit(scores: pd.DataFrame):
    of_company = scores[(scores["level"] == "company") & (scores["step"] == 0)]
    by = of_company.set_index("method")["wape"]
    assert by["forecast"] < by["last year"]
    assert by["forecast"] < by["last periods"]
    assert of_company.set_index("method")["bias"]["last year"] < 0  # habit is too low


def test_forecasts_have_intervals_and_habits_have_none(scores: pd.DataFrame):
    ranged = (scores["method"] == "forecast") | (
        (scores["method"] == "alone") & (scores["step"] > 0)
    )
    assert scores.loc[ranged, "coverage80"].between(0.3, 1).all()
    assert (scores.loc[ranged, "coverage95"] >= scores.loc[ranged, "coverage80"]).all()
    assert scores.loc[~ranged, "coverage80"].isna().all()


def test_every_level_stands_beside_the_same_series_alone(scores: pd.DataFrame):
    table = beside_alone(scores)
    assert list(table.index) == ["company", "region", "position"]
    assert table["count"].tolist() == [12, 24, 36]
    alone = scores[(scores["method"] == "alone") & (scores["step"] > 0)]
    company = alone[alone["level"] == "company"]
    assert table.loc["company", "coverage80, alone"] == pytest.approx(company["coverage80"].mean())
    ratio = table["pinball, forecast"] / table["pinball, alone"]
    np.testing.assert_allclose(table["pinball ratio"], ratio)


def test_too_short_a_history_is_refused(history: pd.DataFrame):
    with pytest.raises(DataError, match="too short"):
        backtest(history, TREE, cutoff=CUTOFF, horizon=3, origins=40)
