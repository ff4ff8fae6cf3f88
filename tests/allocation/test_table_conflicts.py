"""Two-way tables that cannot be: smallest sets, in words, with repairs that work."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.verdicts import possible
from salesforecast.allocation.cascade import cascade
from salesforecast.allocation.conflicts import diagnose, repaired
from salesforecast.allocation.table_conflicts import diagnose_table, table_limits
from salesforecast.errors import InfeasibleError
from tests.examples import examples

MONTHS = pd.date_range("2013-09-01", periods=3, freq="MS")
UNITS = ["East/Ann", "East/Bo", "West/Cy"]


@pytest.fixture
def table() -> dict:
    """Ann and Bo insist on more than November holds; Cy may carry less than his total."""
    floors = pd.DataFrame(np.nan, index=UNITS, columns=MONTHS)
    ceilings = floors.copy()
    floors.loc["East/Ann", MONTHS[2]], floors.loc["East/Bo", MONTHS[2]] = 80, 60
    ceilings.loc["West/Cy"] = 20
    return {
        "totals": pd.Series([300, 200, 100], index=UNITS),
        "columns": pd.Series([250, 250, 100], index=MONTHS),
        "floors": floors,
        "ceilings": ceilings,
        "because": {("East/Bo", MONTHS[2]): ("Eva", "stock")},
    }


def test_every_contradiction_is_named_with_owner_reason_and_repairs(table):
    found = diagnose_table(**table)
    assert len(found) == 2
    assert found[0].text().startswith("the total of Cy (100) asks for 100")
    assert found[0].text().endswith("allow 60: 40 too much.")
    assert found[1].text() == (
        "the total of 2013-11 (100), Ann/2013-11's floor (80) and Bo/2013-11's floor"
        " (60; Eva, stock) cannot hold together: 40 too few."
    )
    assert "2013-11合计（100）" in found[1].text("zh")
    assert "change the total of 2013-11 to" in found[1].fix()
    with pytest.raises(InfeasibleError, match=r"(?s)2 contradictions.*Eva, stock") as refused:
        table["shape"] = pd.DataFrame(1.0, index=UNITS, columns=MONTHS)
        cascade(**table)
    assert len(refused.value.conflicts) == 2


def test_the_repair_applied_works(table):
    found = diagnose_table(**table)
    hierarchy, rules = table_limits(**table)
    total, kept = repaired(600, rules, found)
    assert not diagnose(total, hierarchy, kept, baseline=pd.Series(0.0, index=hierarchy.leaves))
    changed = [rule.node for rule, new in zip(rules, kept, strict=True) if rule != new]
    assert changed == ["Ann/2013-11", "Bo/2013-11", "Cy/2013-09", "Cy/2013-10", "Cy/2013-11"]


def test_totals_give_way_if_the_planner_says_so(table):
    order = ("other", "lock", "floor", "ceiling", "growth", "capacity", "total")
    found = diagnose_table(**table, order=order)
    hierarchy, rules = table_limits(**table)
    total, kept = repaired(600, rules, found)
    assert not diagnose(total, hierarchy, kept, baseline=pd.Series(0.0, index=hierarchy.leaves))
    assert any(
        rule != new and rule.called[0].startswith("the total of")
        for rule, new in zip(rules, kept, strict=True)
        if hasattr(rule, "called")
    )


@st.composite
def tables(draw: st.DrawFn) -> dict:
    """Small tables whose totals and corridors contradict each other more often than not."""
    seed = np.random.default_rng(draw(st.integers(0, 2**32)))
    step = draw(st.sampled_from([1, 100]))
    shape = (draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    cells = seed.integers(0, 30, shape)
    noise = draw(st.sampled_from([0, 2, 10]))
    low = np.where(
        seed.random(shape) < 0.4, cells + seed.integers(-noise, noise + 1, shape), np.nan
    )
    high = np.where(
        seed.random(shape) < 0.4, cells + seed.integers(-noise, noise + 1, shape), np.nan
    )
    high = np.where(np.isnan(low) | np.isnan(high), high, np.maximum(high, low))
    rows, columns = cells.sum(axis=1), cells.sum(axis=0)
    if shape[1] > 1 and noise:
        move = min(int(columns[0]), int(seed.integers(0, 15)))
        columns[0] -= move
        columns[1] += move
    index = [f"u{at}" for at in range(shape[0])]
    across = [f"m{at}" for at in range(shape[1])]
    return {
        "totals": pd.Series(rows * step, index=index),
        "columns": pd.Series(columns * step, index=across),
        "floors": pd.DataFrame(np.maximum(low, 0) * step, index=index, columns=across),
        "ceilings": pd.DataFrame(np.maximum(high, 0) * step, index=index, columns=across),
        "step": step,
    }


@settings(max_examples=examples(60))
@given(tables())
def test_a_table_or_contradictions_that_are_minimal_and_repaired(table):
    """Feasible or certificate, never neither; HiGHS is the judge."""
    step = table.pop("step")
    hierarchy, rules = table_limits(**table)
    nothing = pd.Series(0.0, index=hierarchy.leaves)
    total = float(table["totals"].sum())
    found = diagnose_table(**table, step=step)
    assert bool(found) != possible(total, hierarchy, rules, nothing)
    now, limits = total, list(rules)
    for conflict in found:
        asked = None if conflict.total is None else now
        named = [limits[at] for at in conflict.places]
        assert not possible(asked, hierarchy, named, nothing)
        for at in range(len(named)):
            assert possible(asked, hierarchy, named[:at] + named[at + 1 :], nothing)
        assert conflict.shortfall > 0
        assert conflict.text() and conflict.fix() and conflict.text("zh") and conflict.fix("zh")
        for change in conflict.repairs:
            if isinstance(change.to, (int, float)):
                now = change.to
            else:
                limits[change.place] = change.to
    end, kept = repaired(total, rules, found)
    assert possible(end, hierarchy, kept, nothing)
    assert not diagnose(end, hierarchy, kept, baseline=nothing, step=step)
