"""Slips of the pen that would move a whole plan are refused, with their cell."""

import pandas as pd
import pytest

from salesforecast.errors import DataError
from salesforecast.history.load import load
from salesforecast.history.organisation import Organisation
from salesforecast.history.validate import refuse_errors, validate

TOML = """
name = "Slips"
levels = ["region"]
[measure]
name = "revenue"
[[source]]
path = "orders.csv"
[source.columns]
date = "date"
amount = "amount"
territory = ["region"]
"""


def _refused(folder, row):
    months = pd.date_range("2022-01-01", periods=30, freq="MS")
    lines = [
        f"{month:%Y-%m-05},{region},{100 + n}" for n, month in enumerate(months) for region in "NS"
    ]
    text = "\n".join(["date,region,amount", *lines, row])
    (folder / "orders.csv").write_text(text, "utf-8")
    (folder / "organisation.toml").write_text(TOML, "utf-8")
    organisation = Organisation.read(folder / "organisation.toml")
    loaded = load(organisation)
    refuse_errors(validate(loaded, organisation))
    return loaded


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2029-01-05,N,5", "years away"),
        ("1902-01-05,N,5", "years away"),
        ("0202-01-05,N,5", "cannot be read"),
        ("2024-06-05,N,1e300", "beyond"),
        ("2024-06-05,N,inf", "number|beyond"),
        ("2024-06-05,N,--5", "in place of a number"),
        ("2024-06-05,N,-5-", "in place of a number"),
    ],
)
def test_a_slip_is_refused_with_its_row(tmp_path, row, words):
    with pytest.raises(DataError, match=words) as caught:
        _refused(tmp_path, row)
    assert "row 62" in str(caught.value)


@pytest.mark.parametrize("cell", ["(500)", "(-500)", "-500", "500-"])
def test_brackets_and_signs_say_minus_once(tmp_path, cell):
    loaded = _refused(tmp_path, f"2024-06-05,N,{cell}")
    assert loaded.lines["amount"].iloc[-1] == -500
