"""From Parquet to Parquet: chunks change nothing, and what cannot be read is refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesforecast.errors import DataError
from salesforecast.forecasting.chunks import forecast_parquet, read_chunks
from salesforecast.forecasting.many import forecast_many

SEASON = {"MS": 12, "QS": 4, "W-MON": 52, "D": 7}


def table(*, count: int = 23, freq: str = "MS", seed: int = 0) -> pd.DataFrame:
    """Series of 20 to 40 periods, one after the other."""
    rng = np.random.default_rng(seed)
    parts = []
    for at in range(count):
        periods = pd.date_range("2019-01-07", periods=int(rng.integers(20, 40)), freq=freq)
        sales = rng.gamma(4, 25, len(periods))
        parts.append(pd.DataFrame({"series": f"s{at:03d}", "period": periods, "sales": sales}))
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("freq", SEASON)
@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_chunks_and_batches_change_nothing(tmp_path: Path, freq: str, chunk: int):
    frame = table(freq=freq)
    frame.to_parquet(tmp_path / "in.parquet", row_group_size=50)
    written = forecast_parquet(
        tmp_path / "in.parquet", tmp_path / "out.parquet",
        season=SEASON[freq], horizon=5, chunk=chunk,
    )  # fmt: skip
    out = pd.read_parquet(tmp_path / "out.parquet")
    groups = [one for _, one in frame.groupby("series")]
    whole = forecast_many(
        [one["sales"].to_numpy() for one in groups], season=SEASON[freq], horizon=5
    )
    assert written == len(out) == 5 * len(groups)
    np.testing.assert_allclose(out["forecast"], whole.ravel(), rtol=1e-9)
    last = groups[3]["period"].iloc[-1]
    wanted = pd.date_range(last, periods=6, freq=freq)[1:]
    assert out.loc[out["series"] == "s003", "period"].tolist() == wanted.tolist()


def test_a_series_may_span_row_groups_and_labels_may_be_categories(tmp_path: Path):
    frame = table(count=4).astype({"series": "category"})
    frame.to_parquet(tmp_path / "in.parquet", row_group_size=10)
    chunks = list(read_chunks(tmp_path / "in.parquet", chunk=3))
    assert [len(one.labels) for one in chunks] == [3, 1]
    assert sum(len(one.sales) for one in chunks) == len(frame)


BROKEN = {
    "lacks the columns": lambda frame: frame.drop(columns="sales"),
    "several places": lambda frame: pd.concat([frame.iloc[30:], frame.iloc[:15]]),
    "do not rise": lambda frame: frame.iloc[[1, 0, *range(2, len(frame))]],
    "not finite": lambda frame: frame.assign(sales=frame["sales"].where(frame.index != 9, np.inf)),
    "no series": lambda frame: frame.iloc[:0],
}


@pytest.mark.parametrize("words", BROKEN)
def test_what_cannot_be_read_is_refused_and_nothing_is_left_behind(tmp_path: Path, words: str):
    BROKEN[words](table(count=5)).to_parquet(tmp_path / "in.parquet", index=False)
    with pytest.raises(DataError, match=words):
        forecast_parquet(tmp_path / "in.parquet", tmp_path / "out.parquet", season=12, horizon=3)
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]
