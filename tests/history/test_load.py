"""Order lines by a mapping: rows that cannot be read are listed, none is lost in silence."""

import pandas as pd
import pytest

from salesforecast.errors import DataError
from salesforecast.history.load import load
from salesforecast.history.organisation import Organisation
from salesforecast.history.validate import refuse_errors, validate

TOML = """\
name = "Small"
levels = ["region"]
[[source]]
path = "{path}"
{extra}
[source.columns]
date = "day"
amount = "sales"
territory = "region"
{columns}
"""
GOOD = [f"2025-{month:02d}-{day:02d},{place},{month * day}.5,pens,{month}{day}{place}"
        for month in range(1, 13) for day in (5, 20) for place in ("North", "South")]  # fmt: skip


def _load(tmp_path, rows, *, path="orders.csv", extra="", columns=""):
    if path == "orders.csv":
        text = "\n".join(["day,region,sales,product,id", *rows])
        (tmp_path / path).write_text(text, encoding="utf-8")
    file = tmp_path / "organisation.toml"
    file.write_text(TOML.format(path=path, extra=extra, columns=columns), encoding="utf-8")
    organisation = Organisation.read(file)
    loaded = load(organisation)
    return loaded, validate(loaded, organisation)


def _errors(findings):
    return [finding for finding in findings if finding.severity == "error"]


def test_good_lines_have_no_findings_but_a_short_history(tmp_path):
    loaded, findings = _load(tmp_path, GOOD, columns='product = "product"\nline = "id"')
    assert len(loaded.lines) == len(GOOD)
    assert loaded.inputs.keys() == {"orders.csv"}
    assert [finding.what for finding in findings] == [
        "history covers 12 periods, less than two years"
    ]


def test_rows_that_cannot_be_read_are_listed_and_left_out(tmp_path):
    rows = [*GOOD, "soon,North,5,pens,a", "2025-03-03,,5,pens,b", "2025-03-03,North,five,pens,c"]
    loaded, findings = _load(tmp_path, rows)
    assert len(loaded.lines) == len(GOOD)
    found = {finding.what: finding.where for finding in _errors(findings)}
    assert found == {
        "1 date that cannot be read": "orders.csv, column 'day', row 50 'soon'",
        "1 row without a place": "orders.csv, column 'region', row 51",
        "1 cell with text in place of a number": "orders.csv, column 'sales', row 52 'five'",
    }
    with pytest.raises(DataError) as caught:
        refuse_errors(findings)
    assert len(caught.value.findings) == 3


@pytest.mark.parametrize(
    "word",
    ["合计", "Total", "小计", "Grand Total", "Sub-total", "总计:", "North Total", "华东合计"],
)
def test_totals_among_the_lines_are_errors(tmp_path, word):
    rows = [*GOOD, f"2025-12-31,{word},9999,,x", f"{word},,9999,,y"]
    loaded, findings = _load(tmp_path, rows)
    assert len(loaded.lines) == len(GOOD)
    assert [finding.what for finding in _errors(findings)] == ["1 total among the lines"] * 2


def test_totals_that_the_user_names_are_left_out(tmp_path):
    rows = [*GOOD, "2025-12-31,合计,9999,,x"]
    loaded, findings = _load(tmp_path, rows, extra='leave_out = ["合计"]')
    assert len(loaded.lines) == len(GOOD)
    assert not _errors(findings)
    assert any("left out" in finding.what for finding in findings)


def test_empty_amounts_are_zero_and_told(tmp_path):
    loaded, findings = _load(tmp_path, [*GOOD, "2025-12-31,North,,pens,x"])
    assert loaded.lines["amount"].iloc[-1] == 0
    assert any(f.what == "1 empty cell" and f.severity == "warning" for f in findings)


def test_copies_across_the_files_of_a_folder_are_found(tmp_path):
    folder = tmp_path / "months"
    folder.mkdir()
    for name, rows in (("a.csv", GOOD[:30]), ("b.csv", GOOD[28:])):
        (folder / name).write_text("\n".join(["day,region,sales,product,id", *rows]))
    loaded, findings = _load(tmp_path, [], path="months", columns='line = "id"')
    assert len(loaded.lines) == len(GOOD) + 2
    assert _errors(findings)[0].what == "2 rows with the key of another (id)"
    assert "months/b.csv, row 2; months/b.csv, row 3" in _errors(findings)[0].where


def test_copies_without_a_key_are_a_warning(tmp_path):
    _, findings = _load(tmp_path, [*GOOD, *GOOD[:3]])
    assert any(f.what.startswith("3 rows equal") and f.severity == "warning" for f in findings)


def test_products_that_are_totals_of_others_are_found(tmp_path):
    table = pd.DataFrame(
        [
            {"day": f"{year}-{month:02d}-01", "region": place, "product": name, "id": "",
             "sales": 100 + (month * 7 + at * 13 + len(place) * year) % 31}
            for year in (2023, 2024, 2025) for month in range(1, 13)
            for place in ("North", "Southwest") for at, name in enumerate(("pens", "ink", "paper"))
        ]
    )  # fmt: skip
    writing = table[table["product"] != "paper"].groupby(["day", "region"], as_index=False)["sales"]
    both = pd.concat([table, writing.sum().assign(product="Writing", id="")])
    rows = [
        f"{r.day},{r.region},{r.sales},{r.product},{r.id}" for r in both.itertuples(index=False)
    ]
    _, findings = _load(tmp_path, rows, columns='product = "product"')
    errors = _errors(findings)
    assert [finding.what for finding in errors] == ["1 product made of other products"]
    assert 'leave_out = ["Writing"]' in errors[0].effect
    _, findings = _load(
        tmp_path, rows, columns='product = "product"', extra='leave_out = ["Writing"]'
    )
    assert not _errors(findings)


def test_amounts_are_in_the_unit_of_the_measure(tmp_path):
    plain, _ = _load(tmp_path, GOOD)
    times, _ = _load(tmp_path, GOOD, extra="multiplier = 10000")
    assert times.lines["amount"].sum() == pytest.approx(plain.lines["amount"].sum() * 10_000)


@pytest.mark.parametrize(
    ("extra", "words"),
    [("2025-07", "1 period without any order line"), ("South", "1 place with periods without")],
)
def test_gaps_are_told(tmp_path, extra, words):
    rows = [r for r in GOOD if not (extra in r and "2025-07" in r)]
    _, findings = _load(tmp_path, rows)
    assert any(words in finding.what and "2025-07" in finding.where for finding in findings)


def test_a_partial_last_month_and_returns_are_told(tmp_path):
    rows = [*GOOD, "2026-01-02,North,3,pens,x", "2025-03-09,North,-3,pens,y"]
    _, findings = _load(tmp_path, rows)
    assert any("the last period is partial: it stops at 2026-01-02" in f.what for f in findings)
    assert any(f.what == "1 negative row, together -3" for f in findings)


def test_parquet_types_are_read_for_what_they_are(tmp_path):
    from decimal import Decimal

    frame = pd.DataFrame(
        {
            "day": pd.to_datetime([row[:10] for row in GOOD]).date,
            "region": pd.Categorical([row.split(",")[1] for row in GOOD]),
            "sales": [Decimal(row.split(",")[2]) for row in GOOD],
            "units": pd.array([1, None] * (len(GOOD) // 2), dtype="Int64"),
            "id": range(len(GOOD)),
        }
    )
    frame.to_parquet(tmp_path / "orders.parquet")
    loaded, findings = _load(
        tmp_path, [], path="orders.parquet", columns='quantity = "units"\nline = "id"'
    )
    plain, _ = _load(tmp_path, GOOD)
    assert loaded.lines["amount"].sum() == pytest.approx(plain.lines["amount"].sum())
    assert loaded.lines["period"].tolist() == plain.lines["period"].tolist()
    assert loaded.lines["quantity"].sum() == len(GOOD) // 2
    assert any("empty cells" in finding.what for finding in findings)


def test_files_of_one_name_in_two_folders_are_told_apart(tmp_path):
    for year in ("2024", "2025"):
        (tmp_path / year).mkdir()
        rows = [row.replace("2025", year) for row in GOOD]
        (tmp_path / year / "o.csv").write_text("\n".join(["day,region,sales,product,id", *rows]))
    loaded, _ = _load(tmp_path, [], path="*/o.csv")
    assert sorted(loaded.inputs) == ["2024/o.csv", "2025/o.csv"]
    assert loaded.lines["period"].nunique() == 24


def test_a_file_a_month_is_one_source(tmp_path):
    folder = tmp_path / "months"
    folder.mkdir()
    rows = [*GOOD, "2026-01-02,North,3,pens,x"]
    for month in sorted({row[:7] for row in rows}):
        own = [row for row in rows if row.startswith(month)]
        (folder / f"{month}.csv").write_text("\n".join(["day,region,sales,product,id", *own]))
    loaded, findings = _load(tmp_path, [], path="months")
    whats = [finding.what for finding in findings]
    assert whats == [
        "history covers 13 periods, less than two years",
        "the last period is partial: it stops at 2026-01-02",
    ]
    assert len(loaded.inputs) == 13


def test_weekly_dates_are_told(tmp_path):
    fridays = pd.date_range("2025-01-03", "2025-12-26", freq="7D")
    rows = [f"{day:%Y-%m-%d},North,{day.day}.5,pens,{day:%j}" for day in fridays]
    _, findings = _load(tmp_path, rows)
    assert any("dated by week, on Fridays" in finding.what for finding in findings)


def test_lines_of_no_place_are_errors(tmp_path):
    (tmp_path / "places.csv").write_text("key,name\n1,North\n2,South\n9,none\n")
    rows = [row.replace("North", "1").replace("South", "2") for row in GOOD]
    rows += ["2025-03-03,9,5,pens,a", "2025-03-03,,5,pens,b", "2025-03-03,7,5,pens,c"]
    places = '[territories]\npath = "places.csv"\nkey = "key"\ncolumns = "name"\nnone = "9"\n'
    loaded, findings = _load(tmp_path, rows, columns=places)
    assert set(loaded.lines["territory"]) == {"North", "South"}
    assert sorted((f.what, f.rows) for f in _errors(findings)) == [
        ("1 row with an unknown territory", 1),
        ("2 rows without a place", 2),
    ]
