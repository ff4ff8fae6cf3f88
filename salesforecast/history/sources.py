"""Files as they come: csv, tsv, gz, parquet, xlsx, xls in any usual encoding, to raw columns."""

from __future__ import annotations

import csv
import difflib
import gzip
import hashlib
import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from salesforecast.errors import DataError, Finding

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".parquet", ".xlsx", ".xlsm", ".xls")
_OLE, _ZIP, _GZIP, _PARQUET = b"\xd0\xcf\x11\xe0", b"PK\x03\x04", b"\x1f\x8b", b"PAR1"
_NO_TABLE = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF document",
    b"BM": "a bitmap picture",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x7fELF": "a program",
    b"MZ": "a program",
}
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_HEADER_ZONE = 30


@dataclass(frozen=True)
class Raw:
    """One table as read: nothing is interpreted yet.

    Parameters
    ----------
    frame
        The wanted columns by the user's names: str for text, what the file gave for others.
    rows
        int64, the row of each line in its file; the first row of the file is 1.
    header
        Every column of the file.
    name, digest
        The file as the user knows it, and its sha256.
    findings
        What was read in other than the plain way.
    """

    frame: pd.DataFrame
    rows: np.ndarray
    header: tuple[str, ...]
    name: str
    digest: str
    findings: tuple[Finding, ...]

    def cell(self, at: int, column: str) -> str:
        """What people call the cell at a position: `orders.csv, row 14, column 'Sales'`."""
        return f"{self.name}, row {self.rows[at]}, column '{column}'"


@dataclass(frozen=True)
class Want:
    """Which columns to read; `text` are kept as written (keys keep their zeros), None means all."""

    text: Sequence[str] | None = None
    other: Sequence[str] = ()
    encoding: str = ""
    sheet: str = ""
    decimal_comma: str = ""

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys([*(self.text or ()), *self.other]))


def find_files(folder: Path, pattern: str) -> list[Path]:
    """Files that a path, a pattern or a folder stands for, by name.

    Raises
    ------
    DataError
        If there is none.
    """
    path = folder / pattern
    if path.is_dir():
        found = sorted(p for p in path.iterdir() if p.name.lower().endswith(SUFFIXES))
    elif path.is_file():
        found = [path]
    elif any(sign in pattern for sign in "*?["):
        found = sorted(p for p in folder.glob(pattern) if p.is_file())
    else:
        found = []
    if found:
        return found
    near = difflib.get_close_matches(path.name, _names(path.parent), n=1)
    raise DataError(
        "there is no such file.",
        where=f"'{pattern}' in the folder of the organisation file",
        fix=f"did you mean '{near[0]}'?" if near else "put the file there, or change `path`.",
    )


def _names(folder: Path) -> list[str]:
    return [p.name for p in folder.iterdir()] if folder.is_dir() else []


def read_table(path: Path, want: Want = Want()) -> Raw:
    """Read one table.

    Raises
    ------
    DataError
        If the file is empty, encrypted or no table, its text cannot be decoded, or a wanted
        column is missing (the nearest one is named).
    """
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if data.startswith(_GZIP):
        data = _decompress(data, path.name)
    _refuse_no_table(data, path.name)
    if data.startswith(_PARQUET):
        frame, rows, header, findings = _read_parquet(data, path.name, want)
    elif data.startswith((_OLE, _ZIP)):
        from salesforecast.history.workbooks import read_sheet

        grid, header_at, names, findings = read_sheet(data, path.name, want.sheet, want.columns)
        frame, rows, header = _from_grid(grid, header_at, names, path.name, want)
    else:
        frame, rows, header, findings = _read_text(data, path.name, want)
    if frame.empty:
        raise DataError(
            "the table has no rows.",
            where=path.name,
            fix="export it again; there should be one row for each sale below the column names.",
        )
    return Raw(frame, rows, tuple(header), path.name, digest, tuple(findings))


def _decompress(data: bytes, name: str) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError) as error:
        raise DataError(
            "the compressed file is damaged.", where=f"{name}: {error}", fix="copy it again."
        ) from error


def _refuse_no_table(data: bytes, name: str) -> None:
    if not data.strip():
        raise DataError("the file is empty.", where=name, fix="export it again.")
    kind = next((what for magic, what in _NO_TABLE.items() if data.startswith(magic)), "")
    head = data[:1000].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if head.startswith((b"<!doctype html", b"<html", b"<?xml", b"<table")):
        kind = "a web page"
    if data.startswith(_ZIP) and b"xl/" not in data:
        kind = "a ZIP archive"
    if data.startswith(_OLE) and "EncryptedPackage".encode("utf-16-le") in data:
        raise DataError(
            "the workbook is encrypted with a password.",
            where=name,
            fix="open it in Excel, remove the password (File > Info > Protect Workbook), save it.",
        )
    if kind:
        raise DataError(
            f"the file is no table but {kind}.",
            where=name,
            fix="export the order lines as xlsx, csv or parquet.",
        )


def missing_columns(wanted: Sequence[str], header: Sequence[str], name: str) -> DataError | None:
    """The error for columns that are mapped but not there; None when all are."""
    missing = [column for column in wanted if column not in header]
    if not missing:
        return None
    near = [difflib.get_close_matches(column, header, n=1, cutoff=0.4) for column in missing]
    advice = "; ".join(
        f"did you mean '{match[0]}' for '{column}'?"
        for column, match in zip(missing, near, strict=True)
        if match
    )
    return DataError(
        f"the column{'s' if len(missing) > 1 else ''} {missing} that the organisation file names "
        "cannot be found.",
        where=f"{name}, whose columns are {list(header)}",
        fix=advice or "correct the name in the organisation file.",
    )


def _read_parquet(
    data: bytes, name: str, want: Want
) -> tuple[pd.DataFrame, np.ndarray, list[str], list[Finding]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        header = list(file.schema_arrow.names)
        if error := missing_columns(want.columns, header, name):
            raise error
        frame = file.read(columns=want.columns or None).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            "the parquet file is damaged.", where=f"{name}: {error}", fix="copy it again."
        ) from error
    for column in want.text or ():
        frame[column] = as_text(frame[column])
    return frame, np.arange(2, len(frame) + 2), header, []


def _from_grid(
    grid: list[list[Any]], header_at: int, names: list[str], name: str, want: Want
) -> tuple[pd.DataFrame, np.ndarray, list[str]]:
    if error := missing_columns(want.columns, names, name):
        raise error
    body = grid[header_at + 1 :]
    filled = [at for at, row in enumerate(body) if any(value not in ("", None) for value in row)]
    frame = pd.DataFrame([body[at] for at in filled], columns=names, dtype="object")
    rows = np.array(filled, dtype=np.int64) + header_at + 2
    frame = frame[want.columns or names]
    for column in want.text or ():
        frame[column] = as_text(frame[column])
    return frame, rows, names


def as_text(values: pd.Series) -> pd.Series:
    """Keys as text: `281.0` becomes `281`, a missing value the empty text."""
    if values.dtype.kind == "f" and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    if values.dtype == object:
        whole = values.map(lambda v: int(v) if isinstance(v, float) and v.is_integer() else v)
        values = whole.where(values.notna(), "")
    return values.astype("str").fillna("").str.strip()


def decode(data: bytes, name: str, declared: str) -> tuple[str, str]:
    """Text of a file and the encoding it is in: declared, by its BOM, UTF-8, or GB18030."""
    by_bom = next((encoding for bom, encoding in _BOMS if data.startswith(bom)), "")
    for encoding in [declared] if declared else [by_bom or "utf-8", "gb18030"]:
        try:
            text = data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\x00" not in text:
            return text, encoding
    raise DataError(
        "the file is no table: its text cannot be decoded.",
        where=name,
        fix='export it as UTF-8, or declare encoding = "..." under [[source]].',
    )


def _read_text(
    data: bytes, name: str, want: Want
) -> tuple[pd.DataFrame, np.ndarray, list[str], list[Finding]]:
    text, encoding = decode(data, name, want.encoding)
    if "\n" not in text:
        text = text.replace("\r", "\n")  # old Macintosh line ends
    findings = []
    if encoding == "utf-8-sig":
        findings.append(_repair("a byte order mark was skipped", name))
    elif encoding != "utf-8":
        findings.append(_repair(f"the text is encoded in {encoding}", name))
    delimiter = _delimiter(text, name)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    head, ends = [], []
    for row in reader:
        head.append(row)
        ends.append(reader.line_num)
        if len(head) == _HEADER_ZONE:
            break
    at = header_row(head, want.columns)
    names = clean_names(head[at])
    if at:
        findings.append(_repair(f"{at} rows above the column names were skipped", name))
    if error := missing_columns(want.columns, names, name):
        raise error
    body = text.split("\n", ends[at])[-1] if text.count("\n") >= ends[at] else ""
    frame, ragged = _parse(body, names, delimiter, want)
    if ragged:
        rows = ", ".join(str(number + ends[at]) for number in ragged[:5])
        findings.append(
            Finding(
                "error",
                f"{len(ragged)} rows have more or fewer cells than the {len(names)} column names",
                f"{name}, rows {rows}",
                "Put texts that contain the separator in quotes, and export again.",
                len(ragged),
            )
        )
    return frame, np.arange(len(frame)) + ends[at] + 1, names, findings


def _delimiter(text: str, name: str) -> str:
    """The separator that cuts the first lines into most cells."""
    lines = text[:20_000].splitlines()[:_HEADER_ZONE]
    best = max(
        [",", "\t", ";", "|"],
        key=lambda sign: sorted(len(row) for row in csv.reader(lines, delimiter=sign))[
            len(lines) // 2
        ],
    )
    if not any(best in line for line in lines):
        raise DataError(
            "the file is no table: its lines are not cut into columns.",
            where=name,
            fix="export it as csv with commas, semicolons or tabs between the columns.",
        )
    return best


def header_row(head: Sequence[Sequence[Any]], wanted: Sequence[str]) -> int:
    """Which of the first rows holds the column names: the wanted ones, else the first full one."""
    cleaned = [[_clean(value) for value in row] for row in head]
    hits = [sum(column in row for column in wanted) for row in cleaned]
    if wanted and max(hits, default=0) > 0:
        return hits.index(max(hits))
    width = sorted(sum(value != "" for value in row) for row in cleaned)[len(cleaned) // 2]
    for at, row in enumerate(cleaned):
        filled = [value for value in row if value]
        names = [value for value in filled if not _is_number(value)]
        if len(filled) >= max(2, 0.7 * width) and len(names) >= 0.8 * len(filled):
            return at
    return 0


def clean_names(row: Sequence[Any]) -> list[str]:
    """Column names without line breaks; empty ones are numbered, equal ones told apart."""
    names: list[str] = []
    for number, value in enumerate(row, start=1):
        name = _clean(value) or f"column {number}"
        names.append(name if name not in names else f"{name} ({number})")
    return names


def _clean(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())


def _is_number(text: str) -> bool:
    plain = unicodedata.normalize("NFKC", text).replace(",", "").strip("-+%$¥€ ")
    return plain.replace(".", "", 1).isdigit()


def _parse(
    body: str, names: list[str], delimiter: str, want: Want
) -> tuple[pd.DataFrame, list[int]]:
    """Parse text below the header; numbers and dates are typed only where that loses nothing."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    ragged: list[int] = []

    def skip(row: arrow_csv.InvalidRow) -> str:
        ragged.append(row.number)
        return "skip"

    as_written = set(names if want.text is None else want.text)
    if want.decimal_comma:
        as_written |= set(want.other)
    data = body.encode()
    while True:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(
                column_names=names, use_threads=False, block_size=max(1 << 24, len(data) + 1)
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(as_written, pa.string()),
                include_columns=want.columns or names,
                null_values=[""],
                strings_can_be_null=False,
            ),
        )
        again = {name for name in table.column_names if _doubtful(table.column(name))} - as_written
        if not again:
            break
        as_written |= again
        ragged.clear()
    return _to_pandas(table), ragged


def _doubtful(column: Any) -> bool:
    """Whether a typed column must be read as text: `1.234` might be a thousand and more."""
    import pyarrow as pa

    if pa.types.is_floating(column.type):
        values = column.to_numpy()
        small = np.nanmax(np.abs(values), initial=0.0) < 1000
        thousandths = values * 1000
        return bool(small and np.nanmax(np.abs(thousandths - np.rint(thousandths))) < 1e-6)
    return not (
        pa.types.is_integer(column.type)
        or pa.types.is_string(column.type)
        or pa.types.is_null(column.type)
        or pa.types.is_date(column.type)
        or pa.types.is_timestamp(column.type)
    )


def _to_pandas(table: Any) -> pd.DataFrame:
    import pyarrow as pa

    for at, column in enumerate(table.schema):
        if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
            table = table.set_column(at, column.name, table.column(at).cast(pa.timestamp("us")))
    frame = table.to_pandas()
    for column in frame.columns[frame.dtypes == "str"]:
        if frame[column].str.contains(r"^\s|\s$").any():
            frame[column] = frame[column].str.strip()
    return frame


def _repair(what: str, name: str) -> Finding:
    return Finding("repair", what, name, "Read as it was meant; nothing to do.")
