"""Tables with a column a month: guessed, written, read, and wrong cells named."""

import datetime

import pandas as pd
import pytest
import xlsxwriter

from salesforecast.errors import DataError, OrganisationError
from salesforecast.history.load import load
from salesforecast.history.mapping import guess
from salesforecast.history.months import month_columns, month_of
from salesforecast.history.organisation import Organisation
from salesforecast.history.validate import refuse_errors, validate

ENGLISH = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
PLACES = [("North", "Oslo", "Ann"), ("North", "Bergen", "Bo"), ("South", "Rome", "Cy")]
SPAN = pd.date_range("2023-01-01", "2025-12-01", freq="MS")
STYLES = {
    "Jan-23": [f"{ENGLISH[d.month - 1]}-{d.year % 100}" for d in SPAN],
    "January 2023": [f"{d:%B} {d.year}" for d in SPAN],
    "2023-01": [f"{d:%Y-%m}" for d in SPAN],
    "202301": [f"{d:%Y%m}" for d in SPAN],
    "2023年1月": [f"{d.year}年{d.month}月" for d in SPAN],
    "2023-01-31": [f"{d + pd.offsets.MonthEnd():%Y-%m-%d}" for d in SPAN],
}


def _amount(place, month):
    return 100 + 10 * place + month + 0.25


def _rows():
    """A row a place, amounts in all months but one blank and one returned."""
    rows = [
        [*place, *(_amount(at, month) for month in range(len(SPAN)))]
        for at, place in enumerate(PLACES)
    ]
    rows[0][5], rows[1][6] = "", -3.5
    return rows


TOTAL = sum(cell for row in _rows() for cell in row[3:] if cell != "")


def _read_back(file, folder):
    found = guess(file)
    found.organisation.write(folder / "organisation.toml")
    organisation = Organisation.read(folder / "organisation.toml")
    assert organisation == found.organisation
    loaded = load(organisation)
    refuse_errors(validate(loaded, organisation))
    return found, loaded.lines


@pytest.mark.parametrize("style", STYLES)
def test_every_way_to_name_months_is_read(style, tmp_path):
    file = tmp_path / "sales.csv"
    header = ["region", "city", "salesperson", *STYLES[style]]
    pd.DataFrame(_rows(), columns=header).to_csv(file, index=False)
    found, lines = _read_back(file, tmp_path)
    source = found.organisation.sources[0]
    assert source.month_columns
    assert (source.columns.territory, source.columns.person) == (("region", "city"), "salesperson")
    assert (source.columns.date, source.columns.amount) == ("", "")
    assert "month_columns = true" in (tmp_path / "organisation.toml").read_text("utf-8")
    assert len(lines) == len(PLACES) * len(SPAN) - 1
    assert lines["amount"].sum() == pytest.approx(TOTAL)
    assert sorted(lines["period"].unique()) == SPAN.tolist()
    rome = lines[(lines["territory"] == "South/Rome") & (lines["period"] == "2024-03-01")]
    assert rome["amount"].tolist() == [_amount(2, 14)]
    assert rome["row"].tolist() == [4]


def test_a_workbook_with_years_merged_above_months_and_totals_is_read(tmp_path):
    file = tmp_path / "计划.xlsx"
    book = xlsxwriter.Workbook(file)
    page = book.add_worksheet()
    page.merge_range(0, 0, 0, 41, "各省销售额   单位：万元")
    for at, name in enumerate(("大区", "省份", "业务员")):
        page.merge_range(1, at, 2, at, name)
    for year in range(3):
        left = 3 + 13 * year
        page.merge_range(1, left, 1, left + 12, f"{2023 + year}年")
        page.write_row(2, left, [*(f"{month}月" for month in range(1, 13)), "合计"])
    for at, row in enumerate(_rows()):
        page.write_row(3 + at, 0, row[:3])
        for year in range(3):
            cells = row[3 + 12 * year : 15 + 12 * year]
            page.write_row(3 + at, 3 + 13 * year, [*cells, sum(c or 0 for c in cells)])
    page.write_row(6, 0, ["合计", "", "", *[1e6] * 39])
    book.close()
    found, lines = _read_back(file, tmp_path)
    organisation = found.organisation
    assert organisation.levels == ("大区", "省份")
    assert organisation.sources[0].leave_out == ("合计",)
    assert (organisation.measure.unit, organisation.sources[0].multiplier) == ("元", 10_000)
    assert lines["amount"].sum() == pytest.approx(TOTAL * 10_000)


def test_months_typed_as_dates_in_a_workbook_are_read(tmp_path):
    file = tmp_path / "plan.xlsx"
    book = xlsxwriter.Workbook(file, {"default_date_format": "mmm-yy"})
    page = book.add_worksheet()
    page.write_row(0, 0, ["region", "city", "salesperson", *SPAN.to_pydatetime()])
    for at, row in enumerate(_rows(), start=1):
        page.write_row(at, 0, [cell if cell != "" else None for cell in row])
    book.close()
    _, lines = _read_back(file, tmp_path)
    assert lines["amount"].sum() == pytest.approx(TOTAL)
    assert lines["period"].nunique() == len(SPAN)


@pytest.mark.parametrize("months", [ENGLISH, [f"{n}月" for n in range(1, 13)]], ids=["en", "zh"])
def test_a_column_of_years_completes_months(months, tmp_path):
    rows = [
        [*place, 2023 + year, *cells[12 * year : 12 * year + 12]]
        for place, cells in zip(PLACES, (row[3:] for row in _rows()), strict=True)
        for year in range(3)
    ]
    file = tmp_path / "sales.csv"
    header = ["region", "city", "salesperson", "Year", *months]
    pd.DataFrame(rows, columns=header).to_csv(file, index=False)
    found, lines = _read_back(file, tmp_path)
    assert found.organisation.sources[0].columns.date == "Year"
    assert lines["amount"].sum() == pytest.approx(TOTAL)
    assert sorted(lines["period"].unique()) == SPAN.tolist()


def test_months_without_any_year_are_refused(tmp_path):
    file = tmp_path / "sales.csv"
    file.write_text("region,Jan,Feb,Mar\nNorth,1,2,3\nSouth,4,5,6\n")
    with pytest.raises(DataError, match="have no year") as caught:
        guess(file)
    assert "column of years" in caught.value.fix


def test_a_wrong_cell_is_named_by_its_row_and_month(tmp_path):
    rows = _rows()
    rows[1][8] = "see invoice"
    file = tmp_path / "sales.csv"
    header = ["region", "city", "salesperson", *STYLES["Jan-23"]]
    pd.DataFrame(rows, columns=header).to_csv(file, index=False)
    loaded = load(guess(file).organisation)
    (wrong,) = [finding for finding in loaded.findings if finding.severity == "error"]
    assert wrong.where == "sales.csv, row 3, column 'Jun-23' 'see invoice'"
    assert wrong.what.startswith("1 cell ")


def test_amounts_have_no_column_of_their_own_beside_month_columns(tmp_path):
    file = tmp_path / "organisation.toml"
    text = """name = "A"
levels = ["region"]
[[source]]
path = "a.csv"
month_columns = true
[source.columns]
amount = "sales"
territory = "region"
"""
    file.write_text(text)
    with pytest.raises(OrganisationError, match="no place beside month_columns") as caught:
        Organisation.read(file)
    assert caught.value.where == "organisation.toml, line 7"
    file.write_text(text.replace('amount = "sales"\n', ""))
    (tmp_path / "a.csv").write_text("region,when,sales\nNorth,2023-01-01,1\nNorth,2023-02-01,1\n")
    with pytest.raises(DataError, match="no columns are named as months"):
        load(Organisation.read(file))


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("Jan-23", (2023, 1)), ("Sept 2024", (2024, 9)), ("2023 May", (2023, 5)),
        ("十二月", (0, 12)), ("2023年十一月", (2023, 11)), ("23年1月", (2023, 1)), ("2023M01", (2023, 1)),
        ("2024-02-29", (2024, 2)), ("2024-02-28", None), ("2023-02-30", None),
        ("Marble 2023", None), ("12", None), ("Jan-Mar", None), ("13月", None), ("", None),
    ],
)  # fmt: skip
def test_months_in_words(text, month):
    assert month_of(text) == month


def test_days_of_one_month_are_no_months():
    days = [str(datetime.date(2023, 1, day)) for day in range(1, 32)]
    assert month_columns(days) == {}
