"""Long Parquet tables are summed before they are read, with the history that single lines give."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from salesforecast.errors import DataError
from salesforecast.fiscal import FiscalCalendar
from salesforecast.history import large
from salesforecast.history.load import load
from salesforecast.history.organisation import Columns, Organisation, Source
from salesforecast.history.series import build_history
from salesforecast.history.validate import validate

ROWS = 20_000
COLUMNS = Columns("day", "sales", ("region", "shop"), "pieces", "seller", "sku", ("order",))


def orders(seed=0):
    rng = np.random.default_rng(seed)
    days = pd.Timestamp("2021-01-04") + pd.to_timedelta(rng.integers(0, 1000, ROWS), unit="D")
    return pd.DataFrame(
        {
            "order": np.arange(ROWS),
            "day": days.as_unit("us"),
            "region": rng.choice(["North", "Süd", "東"], ROWS),
            "shop": rng.integers(1, 7, ROWS),
            "seller": rng.choice(["Ann", "Ben", ""], ROWS),
            "sku": rng.choice(["a'b", 'c"d', "e"], ROWS),
            "sales": np.round(rng.normal(50, 40, ROWS), 2),
            "pieces": rng.integers(1, 5, ROWS),
        }
    )


def organisation(folder, frame, *, columns=COLUMNS, **changes):
    name = "orders [20*21]?.parquet"
    frame.to_parquet(folder / name) if isinstance(frame, pd.DataFrame) else pq.write_table(
        frame, folder / name
    )
    source = Source(name, columns, shift_days=-3)
    return Organisation("Co", (source,), ("region", "shop"), folder=folder, **changes)


def both(monkeypatch, company):
    """The same read line by line, and summed first."""
    whole = load(company)
    monkeypatch.setattr(large, "LARGE", 100)
    return whole, load(company)


@pytest.mark.parametrize("freq", ["M", "Q", "Y"])
def test_history_is_that_of_single_lines(freq, monkeypatch, tmp_path):
    company = organisation(tmp_path, orders(), freq=freq, calendar=FiscalCalendar(2))
    whole, summed = both(monkeypatch, company)
    assert len(summed.lines) < len(whole.lines) / 2
    first, second = build_history(whole.lines, company), build_history(summed.lines, company)
    assert first.cutoff == second.cutoff
    keys = ["node", "product", "period"]
    left, right = (h.frame.sort_values(keys).reset_index(drop=True) for h in (first, second))
    pd.testing.assert_frame_equal(left, right, check_exact=False, rtol=1e-12, atol=1e-6)
    assert whole.lines["quantity"].sum() == summed.lines["quantity"].sum()
    assert whole.inputs == summed.inputs


def test_what_is_odd_stays_seen(monkeypatch, tmp_path):
    frame = orders()
    frame.loc[[3, 5], "sales"] = np.nan
    frame = frame[(frame["day"] > "2021-02-20") & (frame["day"] < "2023-08-10")]
    company = organisation(tmp_path, frame)
    whole, summed = both(monkeypatch, company)
    seen = [
        {(f.code, f.figures.get("amount")) for f in (*x.findings, *validate(x, company)) if f.code}
        for x in (whole, summed)
    ]
    codes = [{code for code, _ in one} for one in seen]
    assert codes[1] - codes[0] == {"summed"}
    assert {"empty cells", "partial first", "negative rows", "partial last"} <= codes[1]
    assert codes[0] <= codes[1]
    returns = [next(a for code, a in one if code == "negative rows") for one in seen]
    assert returns[0] == pytest.approx(returns[1])


def test_neither_order_nor_threads_change_a_sum(monkeypatch, tmp_path):
    monkeypatch.setattr(large, "LARGE", 100)
    frame = orders().assign(sales=lambda f: f["sales"] * 1.1)
    for name in "ab":
        (tmp_path / name).mkdir()
    first = load(organisation(tmp_path / "a", frame)).lines
    second = load(organisation(tmp_path / "b", frame.sample(frac=1, random_state=1))).lines
    keys = ["territory", "person", "product", "date", "amount"]
    left, right = (x[keys].sort_values(keys).reset_index(drop=True) for x in (first, second))
    pd.testing.assert_frame_equal(left, right, check_exact=True)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda f: f.assign(day=f["day"].where(f.index != 40)), "1 line without a date"),
        (lambda f: f.assign(sales=f["sales"].where(f.index != 40, np.inf)), "beyond 1e\\+15"),
        (lambda f: f.assign(order=f["order"].where(f.index != 40, 7)), "share a key"),
        (lambda f: f.rename(columns={"sku": "SKU no"}), "did you mean"),
    ],
)
def test_a_line_that_is_none_is_refused(spoil, says, monkeypatch, tmp_path):
    monkeypatch.setattr(large, "LARGE", 100)
    with pytest.raises(DataError, match=says):
        load(organisation(tmp_path, spoil(orders())))


def test_decimals_dates_and_nan_are_read(monkeypatch, tmp_path):
    table = pa.table(
        {
            "day": pa.array([dt.date(2024, 1, 2)] * 150 + [dt.date(2024, 2, 2)] * 50),
            "region": pa.array(["N"] * 200).dictionary_encode(),
            "sales": pa.array([np.nan, *[0.1] * 199], from_pandas=False),
        }
    )
    company = organisation(tmp_path, table, columns=Columns("day", "sales", ("region", "region")))
    whole, summed = both(monkeypatch, company)
    assert summed.lines["amount"].sum() == pytest.approx(19.9, abs=1e-12)
    assert whole.lines["amount"].sum() == pytest.approx(19.9)
    assert [
        f.n if hasattr(f, "n") else f.rows for f in summed.findings if f.code == "empty cells"
    ] == [1]


def test_text_dates_are_read_cell_by_cell(monkeypatch, tmp_path):
    frame = orders().assign(day=lambda f: f["day"].dt.strftime("%Y-%m-%d"))
    _, other = both(monkeypatch, organisation(tmp_path, frame))
    assert len(other.lines) == ROWS
