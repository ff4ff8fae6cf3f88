"""Leaf totals over months: exact both ways, after the right shape, within corridors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforecast.allocation.cascade import cascade
from salesforecast.errors import DataError, InfeasibleError, ParameterError
from tests.allocation.conftest import PATHS

MONTHS = pd.date_range("2014-07-01", periods=3, freq="MS", name="period")
INDEX = pd.Index(PATHS, name="node")
TOTALS = pd.Series([440, 0, 110, 220, 330], index=INDEX)
SHAPE = pd.DataFrame(
    [[1, 1, 2], [0, 0, 0], [1, 0, 1], [3, 2, 1], [1, 1, 1]],
    index=INDEX,
    columns=MONTHS,
    dtype=float,
)


@given(
    st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 12), st.sampled_from([1, 10, 1000])
)
def test_rows_and_columns_tie_out(seed, leaves, periods, step):
    rng = np.random.default_rng(seed)
    index = pd.Index([f"r{k % 3}/p{k}" for k in range(leaves)])
    totals = pd.Series(rng.integers(0, 200, leaves) * step, index=index)
    shape = pd.DataFrame(
        rng.random((leaves, periods)) * (rng.random((leaves, periods)) < 0.7), index
    )
    cells = cascade(totals, shape, step=step)
    assert (cells.dtypes == np.int64).all()
    assert (cells.sum(axis=1) == totals).all()
    assert (cells.to_numpy() >= 0).all()
    assert (cells.to_numpy() % step == 0).all()
    live = shape.sum(axis=1) > 0
    share = shape[live].div(shape[live].sum(axis=1), axis=0)
    exact = share.mul(totals[live], axis=0)
    assert ((cells[live] - exact).abs() < step * (1 + 1e-6)).all(axis=None)
    again = cascade(totals[::-1], shape.loc[totals.index[::-1]], step=step)
    pd.testing.assert_frame_equal(again.loc[totals.index], cells)
    fixed = cascade(totals, shape, step=step, columns=cells.sum())
    assert (fixed.sum() == cells.sum()).all()
    assert (fixed.sum(axis=1) == totals).all()


def test_by_hand():
    assert cascade(TOTALS, SHAPE).to_numpy().tolist() == [
        [110, 110, 220],
        [0, 0, 0],
        [55, 0, 55],
        [110, 73, 37],
        [110, 110, 110],
    ]


def test_a_leaf_without_a_shape_takes_that_of_the_node_above():
    totals = TOTALS.copy()
    totals["East/(open)"] = 40
    assert cascade(totals, SHAPE).loc["East/(open)"].tolist() == [10, 10, 20]
    alone = SHAPE.copy()
    alone.loc["East/Dan"] = 0.0
    company = alone.sum()
    assert np.allclose(
        cascade(totals * 1000, alone).loc["East/Dan"], 440_000 * company / company.sum(), atol=1
    )
    assert cascade(totals, SHAPE * 0).loc["East/Dan"].sum() == 440


def test_period_totals_are_kept():
    columns = pd.Series([300, 400, 400], index=MONTHS)
    cells = cascade(TOTALS, SHAPE, columns=columns)
    assert cells.sum().tolist() == [300, 400, 400]
    assert cells.sum(axis=1).equals(TOTALS.rename(None))
    assert cells.loc["West/Ann", MONTHS[1]] == 0


def test_corridors_and_locks_are_kept():
    floors = pd.DataFrame(np.nan, index=INDEX, columns=MONTHS)
    ceilings = floors.copy()
    floors.loc["West/Cat", MONTHS[0]] = ceilings.loc["West/Cat", MONTHS[0]] = 200
    ceilings.loc["East/Dan", MONTHS[2]] = 150
    for kind in ("shares", "squares"):
        cells = cascade(TOTALS, SHAPE, floors=floors, ceilings=ceilings, kind=kind)
        assert cells.loc["West/Cat", MONTHS[0]] == 200
        assert cells.loc["East/Dan", MONTHS[2]] <= 150
        assert (cells.sum(axis=1) == TOTALS).all()
        free = cascade(TOTALS, SHAPE).sum()
        assert (cells.sum() - free).abs().max() <= 1


def test_a_table_of_leaf_and_month_goes_on_to_products():
    cells = cascade(TOTALS, SHAPE).stack()  # noqa: PD013 - a column index of months
    products = pd.DataFrame({"bikes": 3.0, "bags": 1.0}, index=cells.index)
    split = cascade(cells, products)
    assert (split.sum(axis=1) == cells).all()
    assert split["bikes"].sum() == pytest.approx(825, abs=1)


@pytest.mark.parametrize(
    ("totals", "shape", "options", "kind"),
    [
        (TOTALS, SHAPE.iloc[:4], {}, DataError),
        (TOTALS, -SHAPE, {}, DataError),
        (TOTALS, SHAPE.mask(SHAPE > 2), {}, DataError),
        (TOTALS, SHAPE, {"step": 7}, ParameterError),
        (-TOTALS, SHAPE, {}, ParameterError),
        (TOTALS, SHAPE.iloc[:, :0], {}, ParameterError),
        (TOTALS, SHAPE, {"columns": pd.Series([1, 1, 1], index=MONTHS)}, ParameterError),
        (TOTALS, SHAPE, {"columns": pd.Series([550, 550], index=MONTHS[:2])}, DataError),
        (TOTALS, SHAPE, {"floors": SHAPE.rename({"West/Ann": "Ann"})}, DataError),
        (TOTALS, SHAPE, {"columns": pd.Series([0, 1100, 0], index=MONTHS)}, InfeasibleError),
        (TOTALS, SHAPE, {"ceilings": SHAPE * 10}, InfeasibleError),
        (TOTALS, SHAPE, {"floors": SHAPE * 9, "ceilings": SHAPE * 8}, InfeasibleError),
    ],
)
def test_what_cannot_be_spread_is_refused(totals, shape, options, kind):
    with pytest.raises(kind) as caught:
        cascade(totals, shape, **options)
    assert caught.value.where and caught.value.fix
