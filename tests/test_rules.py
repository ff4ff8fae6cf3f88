"""Rules as linear rows: what they say is what is solved."""

from math import inf

import pandas as pd

from salesforecast.hierarchy import Hierarchy
from salesforecast.rules import Capacity, Ceiling, Floor, GrowthBand, Lock

TREE = Hierarchy.of(["w/a", "w/b", "s/c"], levels=("company", "region", "person"), label="Co")
BASELINE = pd.Series([100.0, 300.0, 50.0], index=["w/a", "w/b", "s/c"])


def test_each_rule_covers_the_leaves_of_its_node():
    assert Floor("w", 10).row(TREE, BASELINE).lower == 10
    assert Ceiling("w", 10).row(TREE, BASELINE).upper == 10
    assert Ceiling("w", 10).row(TREE, BASELINE).lower == -inf
    lock = Lock("s/c", 7).row(TREE, BASELINE)
    assert (lock.lower, lock.upper, lock.coefficients.to_dict()) == (7, 7, {"s/c": 1.0})
    band = GrowthBand("w", low=-0.1, high=0.5).row(TREE, BASELINE)
    assert (band.lower, band.upper) == (360, 600)


def test_a_capacity_takes_the_nearer_use():
    shared = Capacity("/", 26, "vehicle-days", {"w": 0.1, "s": 0.2, "w/a": 0.5})
    row = shared.row(TREE, BASELINE)
    assert row.coefficients.to_dict() == {"w/a": 0.5, "w/b": 0.1, "s/c": 0.2}
    assert row.upper == 26
    assert not row.plain
