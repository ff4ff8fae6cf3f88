"""Numbers are read as people meant them, or refused with their cell."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforecast.errors import DataError
from salesforecast.history.numbers import parse_numbers


def _parse(*texts, decimal=""):
    return parse_numbers(
        pd.Series(texts, dtype="str"), cell=lambda at: f"cell {at}", decimal=decimal
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234.5", 1234.5),
        ("1,234.50", 1234.5),
        ("1.234,50", 1234.5),
        ("1,234,567", 1234567.0),
        ("1.234.567", 1234567.0),
        ("1 234,5", 1234.5),
        ("1'234.5", 1234.5),
        ("3,5", 3.5),
        ("0,125", 0.125),
        ("1234,567", 1234.567),
        ("(300)", -300.0),
        ("-1,234.5", -1234.5),
        ("300-", -300.0),
        ("−12", -12.0),
        ("¥1.2万", 12000.0),
        ("￥１２３．４", 123.4),
        ("3.5亿", 3.5e8),
        ("12%", 0.12),
        ("$1,234.00", 1234.0),
        ("1234元", 1234.0),
        ("USD 99", 99.0),
        ("1e3", 1000.0),
        (".5", 0.5),
    ],
)
def test_one_number_is_read_as_written(text, value):
    parsed = _parse(text)
    assert parsed.values.tolist() == pytest.approx([value])
    assert parsed.bad == []


@pytest.mark.parametrize("text", ["", "-", "—", "N/A", "nan", "无", " "])
def test_dashes_and_words_for_nothing_are_missing(text):
    parsed = _parse(text, "1.5")
    assert np.isnan(parsed.values[0])
    assert parsed.bad == []


@pytest.mark.parametrize("text", ["see invoice", "12 bikes", "1.2.3,4,5", "12,34.5", "inf"])
def test_text_is_no_number(text):
    assert _parse(text, "7.25").bad == [0]


@pytest.mark.parametrize("texts", [("1,234",), ("1.234", "12.500"), ("1,234", "999")])
def test_a_mark_that_nothing_proves_is_refused(texts):
    with pytest.raises(DataError, match="ambiguous") as caught:
        _parse(*texts)
    assert "cell 0" in caught.value.where
    assert 'decimal = ","' in caught.value.fix


def test_two_marks_in_one_column_are_refused_with_both_cells():
    with pytest.raises(DataError, match="differs") as caught:
        _parse("1,234.5", "1.234,5")
    assert "cell 0" in caught.value.where
    assert "cell 1" in caught.value.where


@pytest.mark.parametrize(("decimal", "values"), [(".", [1234.0, 1.5]), (",", [1.234, None])])
def test_a_declared_mark_decides(decimal, values):
    parsed = _parse("1,234", "1.5", decimal=decimal)
    read = [None if np.isnan(v) else v for v in parsed.values]
    assert read == values


def test_one_proof_decides_for_the_column():
    assert _parse("1,234", "2,345,678").values.tolist() == [1234.0, 2345678.0]
    assert _parse("1,234", "2,5").values.tolist() == [1.234, 2.5]
    assert _parse("1.234", "2.5").values.tolist() == [1.234, 2.5]


def test_repairs_name_their_cells():
    parsed = _parse("1,234.5", "７", "2.5万", "8.5")
    assert parsed.repairs["thousands separators"] == [0]
    assert parsed.repairs["full-width characters"] == [1]
    assert parsed.repairs["the unit 万"] == [2]


@given(
    values=st.lists(st.integers(-(10**12), 10**12).map(lambda cents: cents / 100), min_size=1),
    style=st.sampled_from(["{:,.2f}", "{:.2f}", "german"]),
)
def test_what_was_written_with_cents_is_read_back(values, style):
    if style == "german":
        swap = str.maketrans(",.", ".,")
        texts = [f"{value:,.2f}".translate(swap) for value in values]
    else:
        texts = [style.format(value) for value in values]
    assert _parse(*texts).values.tolist() == pytest.approx(values, abs=1e-9)
