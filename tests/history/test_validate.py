"""What the sample's data card calls odd is found; errors stop with every reason listed."""

from pathlib import Path

import pytest

from salesforecast.errors import DataError, Finding
from salesforecast.findings import said
from salesforecast.history.load import load
from salesforecast.history.mapping import guess
from salesforecast.history.organisation import Organisation
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
