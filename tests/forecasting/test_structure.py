"""Which sums are forecast beside the leaves, and who learns from whom."""

from __future__ import annotations

import pandas as pd
import pytest

from salesforecast.errors import DataError
from salesforecast.forecasting.structure import MONTH, structure_of, wide_history
from salesforecast.hierarchy import Hierarchy

LEAVES = ("North/Anna", "North/(online)", "South/Carl", "South/(online)")
TREE = Hierarchy.of(LEAVES, levels=("company", "region", "position"), label="Tiny")


def columns(*products: str) -> pd.MultiIndex:
    return pd.MultiIndex.from_product([sorted(LEAVES), products], names=["node", "product"])


def test_every_sum_is_there_once():
    made = structure_of(columns("A", "B"), TREE)
    members = {tuple(row.indices) for row in made.summing}
    assert len(members) == made.summing.shape[0]
    # 8 leaf series, 4 leaves, 2 regions and the company by product and in all, 2 kinds likewise
    assert made.summing.shape == (8 + 4 + 3 * 3 + 2 * 3, 8)


def test_one_product_has_no_separate_total():
    made = structure_of(columns("A"), TREE)
    assert made.summing.shape == (4 + 3 + 2, 4)


def test_people_learn_from_people_and_the_root_from_nobody():
    made = structure_of(columns("A", "B"), TREE)
    series = made.series
    anna = series.index[(series["node"] == "North/Anna") & (series["product"] == "A")][0]
    parent = series.loc[made.parent[anna]]
    assert (parent["node"], parent["product"], parent["kind"]) == ("/", "A", "(person)")
    assert (made.parent >= 0).sum() == len(series) - 1


def test_a_gap_is_no_sales_and_time_before_the_first_sale_is_missing():
    history = pd.DataFrame(
        {
            "node": ["North/Anna"] * 3 + ["South/Carl"],
            "product": "A",
            "period": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-05-01", "2024-04-01"]),
            "sales": [1.0, 2.0, 5.0, 4.0],
        }
    )
    wide, step = wide_history(history, TREE, pd.Timestamp("2024-05-01"))
    assert step == MONTH
    assert wide["North/Anna", "A"].tolist() == [1, 2, 0, 0, 5]
    assert wide["South/Carl", "A"].isna().tolist() == [True, True, True, False, False]


def test_periods_of_five_months_are_refused():
    history = pd.DataFrame(
        {
            "node": "North/Anna",
            "product": "A",
            "period": pd.to_datetime(["2024-01-01", "2024-06-01"]),
            "sales": 1.0,
        }
    )
    with pytest.raises(DataError, match="5 months apart"):
        wide_history(history, TREE, pd.Timestamp("2024-06-01"))
