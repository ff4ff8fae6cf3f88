"""Tracking that can be worked out by hand, and what must always hold."""

import numpy as np
import pandas as pd
import pytest

from salesforecast.errors import DataError
from salesforecast.hierarchy import ROOT, Hierarchy
from salesforecast.planning.indicators import Indicator, management_table, unit_indicators
from salesforecast.planning.track import track
from salesforecast.tables import Samples

TREE = Hierarchy.of(["w/a", "w/b", "s/c"], levels=("company", "region", "person"), label="Company")
MONTHS = pd.date_range("2024-01-01", periods=4, freq="MS", unit="us")


def _targets(rows):
    frame = pd.DataFrame(rows, index=TREE.leaves, columns=MONTHS)
    long = frame.reset_index().melt(id_vars="node", var_name="period", value_name="target")
    return long.assign(product="(all)")


def _actuals(rows, months):
    frame = pd.DataFrame(rows, index=TREE.leaves, columns=MONTHS[:months])
    return frame.reset_index().melt(id_vars="node", var_name="period", value_name="actual")


TARGETS_ = _targets([[10, 20, 30, 40], [10, 10, 10, 10], [100, 0, 0, 300]])  # c, a, b
# the tree's order of leaves is s/c, w/a, w/b
ACTUALS_ = _actuals([[12, 20], [10, 5], [90, 0]], 2)


def _by_leaf(rows):
    return pd.DataFrame(rows, index=TREE.leaves)


def test_attainment_gap_and_rank_by_hand():
    found = track(TARGETS_, ACTUALS_, TREE, as_of=pd.Timestamp("2024-02-29")).units
    assert found.loc["s/c", ["target", "expected", "actual", "gap"]].tolist() == [100, 30, 32, 2]
    assert found.loc["w/b", "attainment"] == 0.9
    assert found.loc[ROOT, ["target", "expected", "actual"]].tolist() == [540, 150, 137]
    people = found[found["leaf"]]
    assert people["rank"].to_dict() == {"s/c": 1, "w/a": 3, "w/b": 2}
    assert people["state"].to_dict() == {"s/c": "above", "w/a": "below", "w/b": "below"}
    assert found.loc["w/a", "needed"] == pytest.approx((40 - 15) / 20)
    assert found["chance"].isna().all()
    assert found.loc["w/b", "landing"] == pytest.approx(90 + 300 * 0.9)


def test_expectation_follows_the_season_not_the_days():
    early = track(TARGETS_, ACTUALS_, TREE, as_of=pd.Timestamp("2024-02-29")).units
    assert early.loc["w/b", "expected"] == 100  # not 400 x 60 / 121
    half = track(TARGETS_, ACTUALS_, TREE, as_of=pd.Timestamp("2024-04-15")).units
    assert half.loc["s/c", "expected"] == pytest.approx(60 + 40 * 0.5)
    weighed = track(
        TARGETS_, ACTUALS_, TREE, as_of=pd.Timestamp("2024-04-15"), gone=lambda first, day: 0.25
    ).units
    assert weighed.loc["s/c", "expected"] == pytest.approx(60 + 40 * 0.25)


def test_landing_comes_from_the_samples_of_what_is_open():
    draws = np.zeros((4, 3, 2))
    draws[:, 1, 0] = [20, 30, 40, 50]  # w/a in March
    samples = Samples(draws, TREE.leaves, MONTHS[2:])
    found = track(TARGETS_, ACTUALS_, TREE, as_of=pd.Timestamp("2024-02-29"), samples=samples)
    a = found.units.loc["w/a"]
    assert a["landing"] == 15 + 35
    assert a["chance"] == 0.75  # 15 + 30 >= 40
    assert a["low80"] == pytest.approx(15 + np.quantile([20, 30, 40, 50], 0.1))
    later = track(TARGETS_, ACTUALS_, TREE, as_of=pd.Timestamp("2024-03-31"), samples=samples)
    assert later.units.loc["w/a", "landing"] == 15


def test_every_figure_adds_up_over_the_tree():
    found = track(TARGETS_, ACTUALS_, TREE, as_of=pd.Timestamp("2024-02-10"))
    for column in ("target", "expected", "actual", "gap"):
        values = found.units[column]
        for node in ("w", "s", ROOT):
            assert values[node] == pytest.approx(values[TREE.children(node)].sum())
    assert found.periods[found.periods["node"] == ROOT]["closed"].tolist() == [1, 0, 0, 0]
    assert found.periods["actual"].isna().sum() == 2 * len(TREE.nodes)


def test_no_state_without_data():
    only = ACTUALS_[ACTUALS_["node"] != "s/c"]
    found = track(TARGETS_, only, TREE, as_of=pd.Timestamp("2024-02-29")).units
    assert found.loc["s/c", "state"] == "" and found.loc["s", "state"] == ""
    assert found.loc["w", "state"] == "below"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: a.assign(node="w/x", period=pd.date_range("2024-01-01", periods=len(a), freq="D")), "no leaves"),
        (lambda a: a.assign(period=a["period"] + pd.DateOffset(years=1)), "lie ahead"),
    ],
)  # fmt: skip
def test_strange_actuals_are_refused(change, words):
    with pytest.raises(DataError, match=words):
        track(TARGETS_, change(ACTUALS_), TREE, as_of=pd.Timestamp("2024-02-29"))


def _series(*values):
    return pd.Series(values, index=MONTHS, dtype="float64")


def test_the_management_table_sums_averages_and_knows_what_is_better():
    nan = np.nan
    table = management_table(
        [
            Indicator("sales", "EUR", _series(10, 10, 10, 10), _series(12, 10, 9, nan)),
            Indicator("returns", "%", _series(2, 2, 2, 2), _series(1, 3, 2, nan), "mean", "less"),
            Indicator("staff", "people", _series(5, 5, 6, 6), _series(5, 5, 5, nan), "last"),
        ]
    )
    assert table.values["to_date"].tolist() == [31, 2, 5]
    assert table.values["target"].tolist() == [40, 2, 6]
    assert table.values["target_to_date"].tolist() == [30, 2, 6]
    assert table.states.loc["sales", MONTHS[:3]].tolist() == ["above", "equal", "below"]
    assert table.states.loc["returns", MONTHS[:3]].tolist() == ["above", "below", "equal"]
    assert (table.states[MONTHS[3]] == "").all()
    assert table.marked().loc["sales", MONTHS[0]] == "12 ▲"
    assert table.marked().loc["sales", MONTHS[3]] == ""


def test_units_as_indicators_use_closed_periods_only():
    found = track(TARGETS_, ACTUALS_, TREE, as_of=pd.Timestamp("2024-02-29"))
    table = management_table(unit_indicators(found, "region", unit="EUR"))
    assert table.values["to_date"].to_dict() == {"s": 32, "w": 105}
    assert table.states["to_date"].to_dict() == {"s": "above", "w": "below"}


def test_indicators_that_do_not_fit_are_refused():
    one = Indicator("a", "", _series(1, 1, 1, 1), _series(1, 1, 1, 1))
    with pytest.raises(DataError, match="fit into one table"):
        management_table([one, one])
    with pytest.raises(DataError, match="did you mean 'less'"):
        Indicator("a", "", _series(1, 1, 1, 1), _series(1, 1, 1, 1), better="les")
