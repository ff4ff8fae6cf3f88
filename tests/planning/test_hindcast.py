"""Scores that can be worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from salesforecast.planning.hindcast import fill_missing_quarters, score


def _detail(**attained):
    rows = [
        {"method": method, "quarter": q, "node": node, "label": node, "target": 100.0,
         "actual": 100 * value, "attainment": value}
        for method, values in attained.items()
        for (node, q), value in zip([("a", 1), ("a", 2), ("b", 1), ("b", 2)], values, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_spread_is_sd_over_mean_and_near_is_80_to_120():
    result = score(_detail(ours=[1, 1, 1, 1], habit=[0.5, 1.5, 0.8, 1.2]), far_off=None, note="")
    assert result.summary.loc["ours", "spread"] == 0
    assert result.summary.loc["habit", "spread"] == pytest.approx(np.sqrt(0.29 / 2))
    assert result.summary.loc["habit", "share_80_120"] == 0.5
    assert result.summary.loc["habit", "against_first"] == pytest.approx(np.sqrt(0.29 / 2))
    assert result.summary.loc["habit", "against_first_low"] > 0


def test_a_person_quarter_without_a_target_in_one_method_counts_in_none():
    detail = _detail(ours=[1, 1, 1, 3], habit=[1, 1, 1, 1])
    detail.loc[7, "target"] = 0.0
    result = score(detail, far_off=None, note="")
    assert result.summary["person_quarters"].tolist() == [3, 3]
    assert result.summary.loc["ours", "spread"] == 0


def test_quarters_before_joining_count_as_the_mean_of_the_known_ones():
    sales = pd.DataFrame({"q1": [np.nan, 10.0], "q2": [4.0, 10.0], "q3": [8.0, 40.0]})
    assert fill_missing_quarters(sales)["q1"].tolist() == [6.0, 10.0]
