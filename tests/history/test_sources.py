"""Files as they come: every usual format and encoding gives the same lines."""

import gzip
import io

import numpy as np
import pandas as pd
import pytest
import xlsxwriter

from salesforecast.errors import DataError
from salesforecast.history.raw import Want
from salesforecast.history.sources import find_files, read_table

TABLE = pd.DataFrame(
    {
        "day": ["2025-01-31", "2025-02-28", "2025-03-31"],
        "region": ["NA", "Süd", "東"],
        "key": ["007", "010", "100"],
        "sales": [1234.5, -20.25, 1500.75],
    }
)
WANT = Want(text=("region", "key"), other=("day", "sales"))


def _workbook(rows, *, merge=(), sheets=()):
    """An xlsx of rows; `merge` are (first row, first column, last row, last column, value)."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"in_memory": True, "default_date_format": "yyyy-mm-dd", "remove_timezone": True}
    )
    for name in sheets:
        book.add_worksheet(name).write(0, 0, "nothing here")
    page = book.add_worksheet("Orders")
    for at, row in enumerate(rows):
        page.write_row(at, 0, row)
    for area in merge:
        page.merge_range(*area)
    book.close()
    return buffer.getvalue()


def _parquet():
    buffer = io.BytesIO()
    TABLE.to_parquet(buffer)
    return buffer.getvalue()


CSV = TABLE.to_csv(index=False)
ROWS = [list(TABLE.columns), *TABLE.to_numpy().tolist()]
FORMS = {
    "plain.csv": CSV.encode(),
    "bom.csv": CSV.encode("utf-8-sig"),
    "wide.csv": CSV.encode("utf-16"),
    "chinese.csv": CSV.encode("gb18030"),
    "packed.csv.gz": gzip.compress(CSV.encode()),
    "tabs.tsv": TABLE.to_csv(index=False, sep="\t").encode(),
    "semicolons.csv": TABLE.to_csv(index=False, sep=";").encode(),
    "crlf.csv": TABLE.to_csv(index=False, lineterminator="\r\n").encode(),
    "macintosh.csv": TABLE.to_csv(index=False, lineterminator="\r").encode(),
    "titled.csv": ("Orders of 2025,,,\n,,,\n" + CSV).encode(),
    "trailing.csv": (CSV + ",,,\n,,,\n").encode(),
    "table.parquet": _parquet(),
    "book.xlsx": _workbook(ROWS),
    "titled.xlsx": _workbook([["Orders of 2025"], [], *ROWS], merge=[(0, 0, 0, 3, "Orders")]),
    "sheets.xlsx": _workbook(ROWS, sheets=["Read me", "Notes"]),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_table(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(FORMS[name])
    raw = read_table(path, WANT)
    assert raw.frame["region"].tolist() == TABLE["region"].tolist()
    assert raw.frame["key"].tolist() == TABLE["key"].tolist()
    assert raw.frame["sales"].astype(float).tolist() == TABLE["sales"].tolist()
    days = pd.to_datetime(raw.frame["day"]).dt.strftime("%Y-%m-%d")
    assert days.tolist() == TABLE["day"].tolist()
    first = 4 if name.startswith("titled") else 2
    assert raw.rows.tolist() == [first, first + 1, first + 2]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bom.csv", "byte order mark"),
        ("chinese.csv", "gb18030"),
        ("titled.csv", "2 rows above"),
        ("titled.xlsx", "2 rows above"),
        ("sheets.xlsx", "sheet 'Orders'"),
    ],
)
def test_what_was_not_plain_is_listed(name, words, tmp_path):
    path = tmp_path / name
    path.write_bytes(FORMS[name])
    assert any(words in finding.what for finding in read_table(path, WANT).findings)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"day,region,key,sales\n", "no rows"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"<!DOCTYPE html><html><table>", "a web page"),
        (b"PK\x03\x04" + b"word/document.xml", "a ZIP archive"),
        (b"\xff\xd8\xff\xe0", "a JPEG picture"),
        (b"\x1f\x8b\x08broken", "damaged"),
        (b"PAR1 nothing", "damaged"),
        (b"PK\x03\x04" + b"xl/workbook.xml", "cannot be read"),
        (b"\x00\x01\x02\x03" * 50, "no table"),
        (b"a sentence\nand another\n", "not cut into columns"),
    ],
)
def test_what_is_no_table_is_refused(data, words, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_bytes(data)
    with pytest.raises(DataError, match=words) as caught:
        read_table(path, WANT)
    assert caught.value.where.startswith("orders.csv")


def test_rows_that_are_cut_wrongly_are_errors_with_their_row(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(
        "day,region,key,sales\n2025-01-31,A,1,2\n2025-01-31,A, B,1,2\n2025-02-28,C,3,4\n"
    )
    raw = read_table(path, WANT)
    assert len(raw.frame) == 2
    assert raw.findings[0].severity == "error"
    assert raw.findings[0].where == "orders.csv, rows 3"
    assert raw.rows.tolist() == [2, 4]


def test_cells_that_were_merged_are_filled(tmp_path):
    rows = [ROWS[0], ["2025-01-31", "A", "1", 5], ["2025-02-28", "", "2", 6]]
    path = tmp_path / "orders.xlsx"
    path.write_bytes(_workbook(rows, merge=[(1, 1, 2, 1, "A")]))
    raw = read_table(path, WANT)
    assert raw.frame["region"].tolist() == ["A", "A"]
    assert any("merged cells" in finding.what for finding in raw.findings)


def test_the_lowest_of_two_rows_of_column_names_counts(tmp_path):
    rows = [
        ["day", "where", "", "sales"],
        ["day", "region", "key", "sales"],
        ["2025-01-31", "A", "1", 5],
    ]
    path = tmp_path / "orders.xlsx"
    path.write_bytes(_workbook(rows, merge=[(0, 1, 0, 2, "where")]))
    raw = read_table(path)
    assert raw.header == ("day", "region", "key", "sales")
    want = Want(text=("region", "key"), other=("day", "sales"))
    assert read_table(path, want).frame["region"].tolist() == ["A"]
    assert raw.rows.tolist() == [3]


PLAN = [
    ["2025年销售", "", "", "", "", ""],
    ["销售组织", "", "", "日期", "产品线", "金额(万元)"],
    ["大区", "省份", "业务员", "", "", ""],
    ["华东", "浙江", "张伟", "2023-01-02", "整机", 3.64],
    ["华东", "江苏", "王芳", "2023-02-02", "整机", 4.5],
]
PLAN_MERGED = [
    (0, 0, 0, 5, "2025年销售"),
    (1, 0, 1, 2, "销售组织"),
    (1, 3, 2, 3, "日期"),
    (1, 4, 2, 4, "产品线"),
    (1, 5, 2, 5, "金额(万元)"),
]
PLAN_NAMES = ("大区", "省份", "业务员", "日期", "产品线", "金额(万元)")


@pytest.mark.parametrize("dated", [str, pd.Timestamp], ids=["text", "dates"])
@pytest.mark.parametrize("want", [None, PLAN_NAMES], ids=["init", "run"])
def test_a_title_and_a_merged_block_of_names_are_read(dated, want, tmp_path):
    rows = [row if at < 3 else [*row[:3], dated(row[3]), *row[4:]] for at, row in enumerate(PLAN)]
    path = tmp_path / "plan.xlsx"
    path.write_bytes(_workbook(rows, merge=PLAN_MERGED))
    raw = read_table(path, Want(text=want[:3], other=want[3:])) if want else read_table(path)
    assert raw.header == PLAN_NAMES
    assert raw.frame["省份"].tolist() == ["浙江", "江苏"]
    assert raw.frame["金额(万元)"].tolist() == [3.64, 4.5]
    assert raw.rows.tolist() == [4, 5]


def test_a_title_is_skipped_and_is_no_part_of_the_names(tmp_path):
    path = tmp_path / "plan.xlsx"
    path.write_bytes(_workbook(PLAN, merge=PLAN_MERGED))
    told = [(finding.what, finding.where) for finding in read_table(path).findings]
    assert ("1 row above the column names skipped", "plan.xlsx: '2025年销售'") in told
    assert any(what == "column names in 2 rows were joined" for what, _ in told)


def test_a_year_may_name_a_column(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("day,region,2024\n2025-01-31,A,5\n2025-02-28,B,6\n")
    assert read_table(path).header == ("day", "region", "2024")
    want = Want(text=("region",), other=("day", "2024"))
    assert read_table(path, want).frame["2024"].tolist() == [5, 6]


def test_the_same_block_saved_as_csv_is_read(tmp_path):
    path = tmp_path / "plan.csv"
    path.write_text("\n".join(",".join(map(str, row)) for row in PLAN), encoding="utf-8")
    raw = read_table(path)
    assert raw.header == PLAN_NAMES
    assert raw.rows.tolist() == [4, 5]


def test_names_that_repeat_below_merged_ones_take_those_along(tmp_path):
    rows = [
        ["region", "online", "", "shops", ""],
        ["", "units", "sales", "units", "sales"],
        ["North", 1, 2.5, 3, 4.5],
    ]
    merge = [(0, 0, 1, 0, "region"), (0, 1, 0, 2, "online"), (0, 3, 0, 4, "shops")]
    path = tmp_path / "orders.xlsx"
    path.write_bytes(_workbook(rows, merge=merge))
    names = ("region", "online units", "online sales", "shops units", "shops sales")
    assert read_table(path).header == names


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (["North", "2023-01-02", 3.64], "'2023-01-02' is a date"),
        (["North", "Bike", 3.64], "'3.64' is a number"),
        (["North", "Bike", pd.Timestamp("2023-01-02")], "'2023-01-02' is a date"),
    ],
)
def test_a_row_of_data_is_never_taken_for_column_names(first, words, tmp_path):
    path = tmp_path / "orders.xlsx"
    path.write_bytes(_workbook([first, first, first]))
    with pytest.raises(DataError, match=words) as caught:
        read_table(path)
    assert "row of names above the data" in caught.value.fix
    with pytest.raises(DataError, match="column names are missing"):
        read_table(path, Want(text=[str(first[0])], other=[words.split("'")[1]]))


def test_a_figure_that_may_be_a_thousand_is_kept_as_written(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("day,region,key,sales\n2025-01-31,A,1,1.234\n2025-02-28,A,2,12.500\n")
    assert read_table(path, WANT).frame["sales"].tolist() == ["1.234", "12.500"]
    path.write_text("day,region,key,sales\n2025-01-31,A,1,1.2345\n2025-02-28,A,2,12.500\n")
    assert read_table(path, WANT).frame["sales"].tolist() == [1.2345, 12.5]


def test_files_are_found_by_name_pattern_and_folder(tmp_path):
    for name in ("orders-1.csv", "orders-2.csv", "notes.md"):
        (tmp_path / name).write_text("x")
    assert [p.name for p in find_files(tmp_path, "orders-1.csv")] == ["orders-1.csv"]
    assert [p.name for p in find_files(tmp_path, "orders-*.csv")] == [
        "orders-1.csv",
        "orders-2.csv",
    ]
    assert [p.name for p in find_files(tmp_path, ".")] == ["orders-1.csv", "orders-2.csv"]
    with pytest.raises(DataError, match="no such file") as caught:
        find_files(tmp_path, "order-1.csv")
    assert "orders-1.csv" in caught.value.fix


def test_numbers_are_typed_when_that_loses_nothing(tmp_path):
    path = tmp_path / "plain.csv"
    path.write_bytes(FORMS["plain.csv"])
    assert read_table(path, WANT).frame["sales"].dtype == np.float64
