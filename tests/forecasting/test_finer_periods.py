"""Weeks and days by the library: the document's example, and real series against last year's."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesforecast.forecasting.many import forecast_frame

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"


def test_the_example_of_the_document_forecasts_weeks_that_add_up(tmp_path, monkeypatch):
    weeks = pd.date_range("2022-01-03", periods=130, freq="7D")
    wave = 100 + 20 * np.sin(2 * np.pi * np.arange(130) / 52)
    sold = pd.concat(
        pd.DataFrame({"store": store, "week": weeks, "sales": size * wave})
        for store, size in (("North", 1.0), ("South", 3.0))
    )
    sold.to_csv(tmp_path / "weekly.csv", index=False)
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "calendars.md").read_text("utf-8")
    names: dict = {}
    exec(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1], names)
    comes = 100 + 20 * np.sin(2 * np.pi * np.arange(130, 143) / 52)
    expected = np.concatenate([comes, 3 * comes])
    each, made = names["each"], names["made"]
    assert each["period"].tolist()[:2] == [weeks[-1] + pd.Timedelta(days=7 * n) for n in (1, 2)]
    np.testing.assert_allclose(each["forecast"], expected, rtol=0.05)
    ordered = made.frame.sort_values(["node", "period"])
    assert ordered["period"].tolist() == each["period"].tolist()
    np.testing.assert_allclose(ordered["forecast"], expected, rtol=0.05)
    assert made.samples.values.shape == (1000, 2, 13)
    drawn = made.samples.values.sum(axis=(1, 2)).mean()
    assert drawn == pytest.approx(made.frame["forecast"].sum(), rel=0.01)


@pytest.mark.parametrize(
    ("file", "keys", "value", "season", "step", "horizon", "back"),
    [
        ("walmart_store_weekly/walmart_store_weekly.csv.gz", ["store"], "y", 52, 7, 13, 364),
        ("m5_store_dept_daily/m5_store_dept_daily.parquet", ["store", "dept"], "units", 7, 1, 28, 28),
    ],
)  # fmt: skip
def test_real_weeks_and_days_are_forecast_better_than_by_the_same_days_before(
    file, keys, value, season, step, horizon, back
):
    path = DATA / file
    if not path.exists():
        pytest.skip(f"{path.name} is not beside this checkout")
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    frame["period"] = pd.to_datetime(frame["ds"])
    frame["series"] = frame[keys[0]].astype("str") + " " + frame[keys[-1]].astype("str")
    frame = frame.rename(columns={value: "sales"})[["series", "period", "sales"]]
    cutoff = frame["period"].max() - pd.Timedelta(days=step * horizon)
    made = forecast_frame(
        frame[frame["period"] <= cutoff], season=season, horizon=horizon, freq=f"{step}D"
    )
    before = frame.assign(period=frame["period"] + pd.Timedelta(days=back))
    both = made.merge(frame, on=["series", "period"], validate="one_to_one")
    both = both.merge(before, on=["series", "period"], suffixes=("", "_before"))
    assert len(both) == len(made)
    ours = (both["forecast"] - both["sales"]).abs().sum()
    theirs = (both["sales_before"] - both["sales"]).abs().sum()
    assert ours < theirs
