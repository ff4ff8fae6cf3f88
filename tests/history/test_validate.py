"""What the sample's data card calls odd is found; errors stop with every reason listed."""

from pathlib import Path

import pandas as pd
import pytest

from salesforecast.errors import DataError, Finding
from salesforecast.findings import said
from salesforecast.history.load import load
from salesforecast.history.mapping import guess
from salesforecast.history.organisation import Organisation
from salesforecast.history.series import last_complete_period
from salesforecast.history.validate import refuse_errors, validate

SAMPLE = Path(__file__).parents[2] / "data" / "adventureworks" / "organisation.toml"
ODDITIES = [
    ("the first period is partial: 3 days with sales", "FactInternetSales.csv.gz, 2010-12"),
    ("bookings fall on one day a month", "FactResellerSales.csv.gz"),
    ("7 of 17 people sell or sold outside their home territory", "Michael Blythe"),
    ("4 territories opened late", "Europe/Germany/Germany 2012-12"),
    ("2 products only appeared late", "Accessories 2012-12, Clothing 2012-12"),
]


@pytest.fixture(scope="module")
def findings():
    organisation = Organisation.read(SAMPLE)
    return validate(load(organisation), organisation)


@pytest.mark.parametrize(("what", "where"), ODDITIES)
def test_what_the_data_card_calls_odd_is_found(findings, what, where):
    assert any(what == finding.what and where in finding.where for finding in findings)


def test_the_sample_has_no_errors_and_needs_no_repair(findings):
    assert {finding.severity for finding in findings} == {"warning"}
    refuse_errors(findings)


def test_findings_are_the_same_every_time(findings):
    organisation = Organisation.read(SAMPLE)
    assert validate(load(organisation), organisation) == findings


def test_errors_stop_with_every_reason():
    warning = Finding("warning", "w", "here", "nothing to do")
    errors = [Finding("error", f"e{n}", f"row {n}", "correct it") for n in (1, 2)]
    with pytest.raises(DataError) as one:
        refuse_errors([warning, errors[0]])
    assert (one.value.what, one.value.where, one.value.fix) == ("e1.", "row 1", "correct it")
    with pytest.raises(DataError) as both:
        refuse_errors([warning, *errors])
    assert both.value.findings == tuple(errors)
    assert "row 1" in str(both.value)
    assert "row 2" in str(both.value)
    refuse_errors([warning])


def test_everything_that_the_sample_shows_is_said_in_chinese(findings):
    for finding in findings:
        chinese = said(finding, "zh")
        assert finding.code and chinese.what != finding.what and chinese.effect != finding.effect


def checked(tmp_path, rows):
    (tmp_path / "orders.csv").write_text(
        "date,region,amount\n" + "".join(f"{d},{r},{a}\n" for d, r, a in rows), "utf-8"
    )
    found = guess(tmp_path / "orders.csv")
    found.organisation.write(tmp_path / "organisation.toml")
    organisation = Organisation.read(tmp_path / "organisation.toml")
    return {finding.code: finding for finding in validate(load(organisation), organisation)}


def ordinary(regions):
    return [
        (f"{2024 + month // 12}-{month % 12 + 1:02d}-15", region, 100 + 7 * month + at)
        for month in range(24)
        for at, region in enumerate(regions)
    ]


def test_names_that_differ_in_case_or_blanks_only_are_pointed_out(tmp_path):
    found = checked(tmp_path, ordinary(["North", "north", "Ｎorth", "South"]))
    assert found["near names"].figures == {"n": 3}
    assert "'North'" in found["near names"].where and "South" not in found["near names"].where


def test_one_huge_row_is_pointed_out_with_its_place(tmp_path):
    rows = ordinary(["North", "South"])
    rows[30] = (rows[30][0], "North", 2_000_000)
    found = checked(tmp_path, rows)
    assert found["huge rows"].rows == 1
    assert "orders.csv, row 32" in found["huge rows"].where
    assert "huge rows" not in checked(tmp_path, ordinary(["North", "South"]))


def test_a_table_of_one_region_and_one_person_is_understood(tmp_path):
    rows = "".join(f"{2024 + m // 12}-{m % 12 + 1:02d}-15,North,Ann,{100 + m}\n" for m in range(24))
    (tmp_path / "orders.csv").write_text("date,region,salesperson,amount\n" + rows, "utf-8")
    columns = guess(tmp_path / "orders.csv").organisation.sources[0].columns
    assert (columns.territory, columns.person) == (("region",), "salesperson")
    (tmp_path / "orders.csv").write_text(
        "date,salesperson,amount\n" + rows.replace(",North", ""), "utf-8"
    )
    columns = guess(tmp_path / "orders.csv").organisation.sources[0].columns
    assert (columns.territory, columns.person) == (("salesperson",), "")


A_TABLE = """
[[source]]
path = "{year}.csv"
[source.columns]
date = "date"
amount = "amount"
territory = "region"
"""


def a_table_a_year(folder, calendar, until):
    """An organisation with a table for each year, a hundred a day until a day."""
    days = pd.Series(pd.date_range("2022-12-25", until))
    head = 'name = "Acme"\nlevels = ["region"]\n[measure]\nname = "sales"\nunit = "EUR"\n'
    text = f"{head}[calendar]\n{calendar}\n"
    for year, part in days.groupby(days.dt.year):
        rows = pd.DataFrame({"date": part.dt.strftime("%Y-%m-%d"), "region": "N", "amount": 100})
        rows.to_csv(folder / f"{year}.csv", index=False)
        text += A_TABLE.format(year=year)
    (folder / "organisation.toml").write_text(text, "utf-8")
    return folder / "organisation.toml"


@pytest.mark.parametrize(
    ("calendar", "until", "odd"),
    [
        ("year_starts = 1", "2025-12-31", []),
        ("year_starts = 1", "2026-01-10", ["2022.csv to 2026.csv, 2026-01"]),  # ten days only
        ('months = "4-4-5"\nyear_ends = "last Saturday"', "2025-12-27", []),
        ('months = "4-4-5"\nyear_ends = "last Saturday"', "2026-01-10", ["2022.csv to 2026.csv, 2026-01"]),
    ],
)  # fmt: skip
def test_a_table_a_year_is_one_table(tmp_path, calendar, until, odd):
    organisation = Organisation.read(a_table_a_year(tmp_path, calendar, until))
    loaded = load(organisation)
    assert f"{last_complete_period(loaded.lines, organisation):%Y-%m}" == "2025-12"
    found = validate(loaded, organisation)
    assert [f.where for f in found if "stops" in f.what] == odd


def test_a_table_that_stops_while_others_go_on_is_pointed_out(tmp_path):
    file = a_table_a_year(tmp_path, "year_starts = 1", "2025-12-31")
    days = pd.date_range("2023-03-05", "2025-06-30").strftime("%Y-%m-%d")
    rows = pd.DataFrame({"date": days, "region": "S", "amount": 50})
    rows.to_csv(tmp_path / "other.csv", index=False)
    file.write_text(file.read_text("utf-8") + A_TABLE.format(year="other"), "utf-8")
    organisation = Organisation.read(file)
    stops = [f.where for f in validate(load(organisation), organisation) if "stops" in f.what]
    assert stops == ["other.csv, 2025-06"]
