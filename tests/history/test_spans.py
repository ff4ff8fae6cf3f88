"""Tables with a column a week or quarter: read to the last unit, or refused with the way out."""

from dataclasses import replace

import pandas as pd
import pytest

from salesforecast.errors import DataError
from salesforecast.fiscal import FiscalCalendar
from salesforecast.history.load import load
from salesforecast.history.mapping import guess
from salesforecast.history.organisation import Organisation
from salesforecast.history.spans import Span, span_columns, span_of
from salesforecast.history.validate import refuse_errors, validate
from salesforecast.workbench import prepare

QUARTERS = [(year, quarter) for year in (2021, 2022, 2023, 2024) for quarter in (1, 2, 3, 4)]
STYLES = {
    "2023Q1": [f"{y}Q{q}" for y, q in QUARTERS],
    "2023年1季度": [f"{y}年{q}季度" for y, q in QUARTERS],
    "第一季度": [f"{y}年第{'一二三四'[q - 1]}季度" for y, q in QUARTERS],
    "FY23 Q1": [f"FY{y % 100} Q{q}" for y, q in QUARTERS],
    "Q1 2023": [f"Q{q} {y}" for y, q in QUARTERS],
}
WEEKS = pd.date_range("2023-01-05", periods=104, freq="7D")  # Thursdays of ISO weeks 2023-W01 on


def wide(folder, names, *, also=()):
    rows = [
        [place, *(base + at for at in range(len(names))), *(0 for _ in also)]
        for place, base in (("North", 100), ("South", 50))
    ]
    file = folder / "sales.csv"
    pd.DataFrame(rows, columns=["region", *names, *also]).to_csv(file, index=False)
    return file, float(sum(sum(row[1:]) for row in rows))


def read(folder, **changes):
    organisation = guess(folder / "sales.csv").organisation
    replace(organisation, **changes).write(folder / "organisation.toml")
    return load(Organisation.read(folder / "organisation.toml"))


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2023Q1", Span("Q", 2023, 1)), ("23Q4", Span("Q", 2023, 4)), ("2023-Q2", Span("Q", 2023, 2)),
        ("FY23 Q1", Span("Q", 2023, 1, fiscal=True)), ("Q3 FY2023", Span("Q", 2023, 3, fiscal=True)),
        ("Q3", Span("Q", 0, 3)), ("第二季度", Span("Q", 0, 2)), ("2023年1季度", Span("Q", 2023, 1)),
        ("2023财年第三季度", Span("Q", 2023, 3, fiscal=True)), ("２０２３Ｑ１", Span("Q", 2023, 1)),
        ("2023-W05", Span("W", 2023, 5)), ("2023W05", Span("W", 2023, 5)), ("FY23 W5", Span("W", 2023, 5, fiscal=True)),
        ("第5周", Span("W", 0, 5)), ("2023年第5周", Span("W", 2023, 5)), ("Week 5", Span("W", 0, 5)),
        ("KW 5 2023", Span("W", 2023, 5)), ("Jan-23", Span("M", 2023, 1)), ("十二月", Span("M", 0, 12)),
        ("2023", None), ("Q5", None), ("2023H1", None), ("Quantity", None), ("sales Q1", None), ("5", None),
    ],
)  # fmt: skip
def test_what_a_column_is_named_after(text, span):
    assert span_of(text) == span


def test_months_count_where_sums_of_their_quarters_stand_beside_them():
    names = [
        "region",
        "2023-01",
        "2023-02",
        "2023-03",
        "2023Q1",
        "2023-04",
        "2023-05",
        "2023-06",
        "2023Q2",
        "2023Q3",
    ]
    assert [name for name in names if name in span_columns(names)] == [n for n in names if "-" in n]


@pytest.mark.parametrize("style", STYLES)
def test_a_column_a_quarter_is_planned_in_quarters(style, tmp_path):
    file, total = wide(tmp_path, STYLES[style])
    found = guess(file)
    assert (found.organisation.freq, found.organisation.sources[0].month_columns) == ("Q", True)
    assert any("quarters stand side by side: 16 columns" in note for note in found.notes)
    loaded = read(tmp_path)
    refuse_errors(validate(loaded, found.organisation))
    assert loaded.lines["amount"].sum() == total
    assert sorted({f"{p:%Y-%m}" for p in loaded.lines["period"]}) == [
        f"{year}-{3 * quarter - 2:02d}" for year, quarter in QUARTERS
    ]
    inputs = prepare(tmp_path / "organisation.toml", draws=20)
    assert [f"{p:%Y-%m}" for p in inputs.quarter] == ["2025-01"]


def test_quarters_are_no_months(tmp_path):
    wide(tmp_path, STYLES["2023Q1"])
    with pytest.raises(DataError, match='period = "quarter"') as caught:
        read(tmp_path, freq="M")
    assert "columns 2021Q1, 2021Q2" in caught.value.where


def test_quarters_of_the_business_year_are_said_to_be_so(tmp_path):
    _, total = wide(tmp_path, STYLES["FY23 Q1"])
    loaded = read(tmp_path, calendar=FiscalCalendar(4))
    assert loaded.lines["amount"].sum() == total
    assert loaded.lines["period"].min() == pd.Timestamp("2020-04-01")
    weeks = read(tmp_path, calendar=FiscalCalendar(4, "4-4-5", "last Saturday"))
    assert weeks.lines["period"].tolist() == loaded.lines["period"].tolist()
    wide(tmp_path, STYLES["2023Q1"])
    with pytest.raises(DataError, match="FY2023 Q1") as caught:
        read(tmp_path, calendar=FiscalCalendar(4))
    assert "column '2021Q1'" in caught.value.where


@pytest.mark.parametrize("named", ["{0}-W{1:02d}", "{0}年第{1}周", "W{1} {0}"])
def test_a_column_a_week_counts_whole_in_the_month_of_its_thursday(named, tmp_path):
    names = [named.format(*day.isocalendar()[:2]) for day in WEEKS]
    _, total = wide(tmp_path, names)
    loaded = read(tmp_path)
    assert loaded.lines["amount"].sum() == total
    by_month = loaded.lines.groupby("period")["amount"].sum()
    by_hand = pd.Series([150.0 + 2 * at for at in range(104)], WEEKS).resample("MS").sum()
    assert by_month.tolist() == by_hand.tolist()
    findings = validate(loaded, Organisation.read(tmp_path / "organisation.toml"))
    refuse_errors(findings)
    assert any("dated by week, on Thursdays" in finding.what for finding in findings)


def test_business_months_of_weeks_hold_each_week_whole(tmp_path):
    names = [f"{day.isocalendar()[0]}-W{day.isocalendar()[1]:02d}" for day in WEEKS]
    _, total = wide(tmp_path, names)
    calendar = FiscalCalendar(1, "4-4-5", "nearest Sunday")
    loaded = read(tmp_path, calendar=calendar)
    assert loaded.lines["amount"].sum() == total
    assert loaded.lines.groupby("period")["date"].nunique().tolist() == [4, 4, 5] * 8
    retail = FiscalCalendar(2, "4-5-4", "nearest Saturday")
    with pytest.raises(DataError, match="in doubt"):
        read(tmp_path, calendar=retail)
    wide(tmp_path, [f"FY24 W{n}" for n in range(1, 54)])  # fiscal 2024 ends in 2024: 53 weeks
    business = read(tmp_path, calendar=retail)
    assert business.lines.groupby("period")["date"].nunique().tolist() == [4, 5, 4] * 3 + [4, 5, 5]
    wide(tmp_path, [f"FY25 W{n}" for n in range(1, 54)])
    with pytest.raises(DataError, match="business year 2025 has no week 53"):
        read(tmp_path, calendar=retail)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["2023-W51", "2023-W52", "2023-W53"], "2023 has no week 53"),
        (["W1", "W2", "W3"], "weeks stand side by side and have no year"),
        (["Q1", "Q2", "Q3"], "quarters stand side by side and have no year"),
        (["2023Q1", "2023Q2", "2023Q3", "Q1 2023"], "two columns are the same quarter"),
    ],
)
def test_what_is_in_doubt_is_refused(names, words, tmp_path):
    wide(tmp_path, names)
    with pytest.raises(DataError, match=words):
        load(guess(tmp_path / "sales.csv").organisation)


def test_a_column_of_years_completes_quarters(tmp_path):
    rows = [
        [place, year, 1, 2, 3, 4] for place in ("North", "South") for year in (2021, 2022, 2023)
    ]
    pd.DataFrame(rows, columns=["region", "year", "Q1", "Q2", "Q3", "Q4"]).to_csv(
        tmp_path / "sales.csv", index=False
    )
    loaded = read(tmp_path)
    assert loaded.lines["amount"].sum() == 60
    assert loaded.lines["period"].nunique() == 12


def test_weeks_in_rows_are_refused_with_the_way_to_write_them(tmp_path):
    rows = [
        f"{year}-W{week:02d},North,{100 + week}" for year in (2023, 2024) for week in range(1, 53)
    ]
    (tmp_path / "sales.csv").write_text("\n".join(["date,region,sales", *rows]), "utf-8")
    days = [f"{day:%Y-%m-%d},North,100" for day in WEEKS]
    (tmp_path / "days.csv").write_text("\n".join(["date,region,sales", *days]), "utf-8")
    guessed = guess(tmp_path / "days.csv").organisation
    sources = (replace(guessed.sources[0], path="sales.csv"),)
    replace(guessed, sources=sources).write(tmp_path / "organisation.toml")
    organisation = Organisation.read(tmp_path / "organisation.toml")
    with pytest.raises(DataError, match=r"(?s)104 dates that cannot be read.*each week as a day"):
        refuse_errors(validate(load(organisation), organisation))
