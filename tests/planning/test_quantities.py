"""Pieces follow money, and every sum of pieces ties."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforecast.errors import DataError
from salesforecast.planning.quantities import prices, quantity_plan
from salesforecast.tables import TARGETS

SALES = pd.DataFrame(
    {"node": ["a", "a", "b", "b"], "product": ["x", "y", "x", "y"],
     "amount": [100.0, 30, 240, 0], "quantity": [10.0, 3, 20, 0]}
)  # fmt: skip
MONTHS = pd.date_range("2024-01-01", periods=2, freq="MS", unit="us")


def _targets(amounts):
    rows = [(n, p, m) for n in "ab" for p in "xy" for m in MONTHS]
    frame = pd.DataFrame(rows, columns=["node", "product", "period"])
    return TARGETS.check(frame.assign(target=amounts))


def test_prices_come_from_sales_and_a_product_lends_its_own():
    assert prices(SALES)["price"].tolist() == [10, 10, 12, 10]
    with pytest.raises(DataError, match="'y' has no price"):
        prices(SALES.assign(quantity=[10.0, 0, 20, 0]))


def test_pieces_by_hand():
    pieces = quantity_plan(_targets([100, 200, 0, 0, 120, 0, 10, 0]), prices(SALES))
    assert pieces["target"].tolist() == [10, 20, 0, 0, 10, 0, 1, 0]
    with pytest.raises(DataError, match="has no price"):
        quantity_plan(_targets([1] * 8), prices(SALES).query("product == 'x'"))


@given(st.lists(st.integers(0, 10**7), min_size=8, max_size=8), st.sampled_from([1, 12]))
def test_a_products_pieces_are_its_need_rounded(amounts, step):
    targets, price = _targets(amounts), prices(SALES)
    pieces = quantity_plan(targets, price, step=step)
    assert (pieces["target"] % step == 0).all() and (pieces["target"] >= 0).all()
    need = targets.merge(price).assign(need=lambda f: f["target"] / f["price"])
    exact = need.groupby("product")["need"].sum()
    made = pieces.groupby("product")["target"].sum()
    assert ((made - exact).abs() <= step / 2 + 1e-6).all()
