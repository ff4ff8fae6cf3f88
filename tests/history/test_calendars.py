"""`[calendar]`: business months of weeks, from another day on, or by a table; slips named."""

import re
from pathlib import Path

import pandas as pd
import pytest

from salesforecast.errors import DataError, OrganisationError
from salesforecast.fingerprint import tables
from salesforecast.fiscal import FiscalCalendar
from salesforecast.history.organisation import Organisation

HEAD = """\
name = "Acme"
levels = ["region"]

[calendar]
{}

[[source]]
path = "orders.csv"
[source.columns]
date = "date"
amount = "amount"
territory = "region"
"""
OWN = "period,first\n2023-02,2023-01-30\n2023年1月,2022-12-28\nMar 2023,2023-02-27\n"


def described(folder, calendar: str) -> Organisation:
    (folder / "organisation.toml").write_text(HEAD.format(calendar), "utf-8")
    return Organisation.read(folder / "organisation.toml")


@pytest.mark.parametrize(
    ("text", "calendar"),
    [
        ("year_starts = 4", FiscalCalendar(4)),
        ('months = "4-4-5"\nyear_ends = "last Saturday"', FiscalCalendar(1, "4-4-5", "last Saturday")),
        ('year_starts = 2\nmonths = "4-5-4"\nyear_ends = "nearest Sunday"',
         FiscalCalendar(2, "4-5-4", "nearest Sunday")),
        ("month_starts = 26", FiscalCalendar(month_starts=26)),
        ('year_starts = 4\nyear_named = "start"', FiscalCalendar(4, year_named="start")),
    ],
)  # fmt: skip
def test_a_calendar_is_read_and_written_back(tmp_path, text, calendar):
    organisation = described(tmp_path, text)
    assert organisation.calendar == calendar
    fresh = tmp_path / "fresh.toml"
    organisation.write(fresh)
    assert Organisation.read(fresh) == organisation
    organisation.write(tmp_path / "organisation.toml")
    assert text in (tmp_path / "organisation.toml").read_text("utf-8")
    assert described(tmp_path, text) == organisation


def test_a_table_of_ones_own_is_read_in_any_order_and_found_from_another_folder(tmp_path):
    (tmp_path / "fiscal.csv").write_text(OWN, "utf-8")
    organisation = described(tmp_path, 'path = "fiscal.csv"')
    calendar = organisation.calendar
    assert calendar.firsts == (
        ("2023-01", "2022-12-28"), ("2023-02", "2023-01-30"), ("2023-03", "2023-02-27")
    )  # fmt: skip
    assert calendar.dates(pd.Timestamp("2023-01-01"))[1] == pd.Timestamp("2023-01-29")
    assert tables(tmp_path / "organisation.toml") == [
        tmp_path / "fiscal.csv"
    ]  # a change runs again
    (tmp_path / "plans").mkdir()
    organisation.write(tmp_path / "plans" / "organisation.toml")
    there = Organisation.read(tmp_path / "plans" / "organisation.toml")
    assert (there.calendar.path, there.calendar.firsts) == ("../fiscal.csv", calendar.firsts)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('months = "4-4-6"', 5, "did you mean '4-4-5'"),
        ('months = "4-4-5"', 5, "year_ends ="),
        ('months = "4-4-5"\nyear_ends = "Saturday"', 6, "nearest Saturday"),
        ('year_ends = "last Saturday"', 5, "for years of weeks"),
        ("month_starts = 31", 5, "1 to 28"),
        ('year_named = "middle"', 5, "one of"),
        ('month_starts = 26\nmonths = "4-4-5"\nyear_ends = "last Friday"', 5, "say twice"),
        ('period = "week"', 5, "salesforecast days"),
        ('period = "decade"', 5, "period is one of"),
    ],
)
def test_what_is_wrong_with_a_calendar_is_named_with_its_line(tmp_path, text, line, words):
    with pytest.raises(OrganisationError) as caught:
        described(tmp_path, text)
    assert caught.value.where == f"organisation.toml, line {line}"
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("period,first\n2023-01,2022-12-28\n2023-03,2023-02-27\n", "row 3, column 'period': '2023-03'"),
        ("period,first\n2023-01,2022-12-28\n2023-01,2023-02-27\n", "stands twice"),
        ("period,first\n2023-01,2022-12-28\n2023-02,2022-12-20\n", "after the one before"),
        ("period,first\n2023-01,2022-11-28\n2023-02,2023-01-20\n", "days away from its month"),
        ("period,first\nP1,2022-12-28\n2023-02,2023-01-20\n", "row 2, column 'period': 'P1'"),
        ("period,first\n2023-01,2022-12-28\n2023-02,soon\n", "row 3, column 'first': 'soon'"),
        ("period,first\n2023-01,2022-12-28\n", "no whole period"),
        ("month,first\n2023-01,2022-12-28\n", "no column 'period'"),
        ("期间,首日\n2023-01,2022-12-28\n", "name its columns `period`"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_table_is_named_with_its_cell(tmp_path, table, words):
    (tmp_path / "fiscal.csv").write_text(table, "utf-8")
    with pytest.raises(DataError) as caught:
        described(tmp_path, 'path = "fiscal.csv"')
    assert "fiscal.csv" in caught.value.where
    assert words in str(caught.value)


def test_the_calendars_of_the_document_are_read(tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "calendars.md").read_text("utf-8")
    (tmp_path / "fiscal.csv").write_text(
        re.search(r"```\n(period,first\n.*?)```", text, re.DOTALL)[1]
    )
    told = re.findall(r"```toml\n\[calendar\]\n(.*?)```", text, re.DOTALL)
    read = [described(tmp_path, calendar).calendar for calendar in told]
    assert [calendar.plain for calendar in read] == [False] * 3
    assert read[0].label(pd.Timestamp("2025-02-01"), "M") == "2025-02 (P1)"
    assert read[0].label(pd.Timestamp("2026-01-01"), "Q") == "Q4 FY2025"
    assert [f"{day:%d.%m.}" for day in read[1].dates(pd.Timestamp("2025-05-01"))] == [
        "26.04.",
        "25.05.",
    ]
    assert read[2].named("2025-02-23") == pd.Timestamp("2025-02-01")
