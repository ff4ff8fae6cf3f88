"""Amounts of several currencies are worth what the month's rate says."""

import pandas as pd
import pytest

from salesforecast.errors import DataError, OrganisationError
from salesforecast.history.load import load
from salesforecast.history.organisation import Organisation
from salesforecast.history.validate import refuse_errors, validate

TOML = """
name = "Rates"
levels = ["region"]
[measure]
name = "revenue"
unit = "CNY"
[[source]]
path = "orders.csv"
multiplier = 2
[source.columns]
date = "date"
amount = "amount"
territory = ["region"]
currency = "in"
[rates]
path = "rates.csv"
unit = "CNY"
month = "month"
currency = "currency"
rate = "worth"
"""
ORDERS = """date,region,amount,in
2024-01-31,N,100,USD
2024-02-01,N,100,USD
2024-02-10,S,-10,EUR
2024-02-11,S,7.5,CNY
"""
RATES = "month,currency,worth\n2024-01-15,USD,7.10\n2024-02-01,USD,7.20\n2024-02-01,EUR,7.80\n"


def company(folder, orders=ORDERS, rates=RATES, toml=TOML):
    for name, text in (("orders.csv", orders), ("rates.csv", rates), ("organisation.toml", toml)):
        (folder / name).write_text(text, "utf-8")
    return Organisation.read(folder / "organisation.toml")


def test_each_line_takes_the_rate_of_its_month_and_the_own_currency_none(tmp_path):
    loaded = load(company(tmp_path))
    assert loaded.lines["amount"].tolist() == pytest.approx([1420, 1440, -156, 15])
    assert "rates.csv" in loaded.inputs


def test_a_line_without_a_rate_is_refused_by_its_row(tmp_path):
    organisation = company(tmp_path, ORDERS + "2024-03-05,S,5,EUR\n2024-03-06,S,5,\n")
    loaded = load(organisation)
    with pytest.raises(DataError, match="2 rows whose currency has no rate") as caught:
        refuse_errors(validate(loaded, organisation))
    assert "row 6 'EUR'" in str(caught.value)
    assert loaded.refused["row"].tolist() == [6, 7]
    assert "names: (blank) 2024-03, EUR 2024-03." in str(caught.value)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("2024-03-01,USD,0", "cannot be used"),
        ("2024-03-01,USD,", "cannot be used"),
        ("soon,USD,7", "cannot be used"),
        ("2024-02-20,EUR,7.9", "two rates"),
    ],
)
def test_a_rate_that_is_none_is_refused(line, says, tmp_path):
    with pytest.raises(DataError, match=says):
        load(company(tmp_path, rates=RATES + line + "\n"))


def test_a_currency_needs_rates_and_they_need_a_unit(tmp_path):
    with pytest.raises(OrganisationError, match="rates"):
        company(tmp_path, toml=TOML[: TOML.index("[rates]")])


def test_a_measure_in_another_unit_is_not_converted(tmp_path):
    pieces = '[[measure]]\nname = "pieces"\nunit = "pcs"\ncolumn = "amount"\n[[source]]'
    two = TOML.replace("[measure]", "[[measure]]").replace("[[source]]", pieces)
    lines = load(company(tmp_path, toml=two).measuring("pieces")).lines
    assert lines["amount"].tolist() == pytest.approx([200, 200, -20, 15])


def test_rates_are_in_the_unit_of_a_measure(tmp_path):
    with pytest.raises(OrganisationError, match="no measure is"):
        company(tmp_path, toml=TOML.replace('unit = "CNY"\nmonth', 'unit = "RMB"\nmonth'))


def test_the_mapping_is_written_as_it_was_read(tmp_path):
    organisation = company(tmp_path)
    organisation.write(tmp_path / "again.toml")
    assert Organisation.read(tmp_path / "again.toml") == organisation
    assert isinstance(load(organisation).lines, pd.DataFrame)
