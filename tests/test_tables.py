"""Checked frames: right columns, right types, one row a key, whatever the order was."""

import numpy as np
import pandas as pd
import pytest

from salesforecast.errors import TableError
from salesforecast.tables import TARGETS, Samples


def _targets(**columns):
    start = {"node": ["b", "a"], "product": "x", "period": pd.Timestamp("2013-09-01")}
    return pd.DataFrame(start | {"target": [1, 2]} | columns)


def test_a_checked_frame_is_sorted_by_its_key_and_keeps_only_its_columns():
    checked = TARGETS.check(_targets(note="?"))
    assert list(checked.columns) == ["node", "product", "period", "target"]
    assert checked["node"].tolist() == ["a", "b"]
    assert checked["target"].tolist() == [2, 1]


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (_targets().drop(columns="target"), "lacks"),
        (_targets(node="a"), "share a key"),
        (_targets(target=[1.0, np.nan]), "wrong type"),
    ],
)
def test_a_broken_frame_is_refused(frame, words):
    with pytest.raises(TableError, match=words):
        TARGETS.check(frame)


def test_samples_add_up_over_periods():
    periods = pd.date_range("2013-09-01", periods=2, freq="MS", unit="us")
    samples = Samples(np.arange(12.0).reshape(3, 2, 2), pd.Index(["a", "b"]), periods)
    assert samples.over(periods)["b"].tolist() == [5.0, 13.0, 21.0]
    with pytest.raises(ValueError, match="no samples"):
        samples.over(periods + pd.DateOffset(years=1))
    with pytest.raises(ValueError, match="labels ask"):
        Samples(np.zeros((3, 2)), pd.Index(["a", "b"]), periods)
