"""Files as they come: csv, tsv, gz, parquet, xlsx, xls in any usual encoding, to raw columns."""

from __future__ import annotations

import difflib
import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from salesforecast.errors import DataError, Finding
from salesforecast.history.bombs import gunzip
from salesforecast.history.databases import is_database, parts, read_database
from salesforecast.history.raw import ALL_COLUMNS, Raw, Want, as_text, missing_columns
from salesforecast.history.textfiles import read_text
from salesforecast.history.workbooks import read_sheet

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


def find_files(folder: Path, pattern: str) -> list[Path]:
    """Files that a path, a pattern or a folder stands for, by name.

    Raises
    ------
    DataError
        If there is none, or one that this user may not read.
    """
    path = folder / pattern
    if is_database(pattern):
        parts(pattern)
        found = [path]
    elif path.is_dir():
        found = sorted(p for p in path.iterdir() if p.name.lower().endswith(SUFFIXES))
    elif path.is_file():
        found = [path]
    elif any(sign in pattern for sign in "*?["):
        found = sorted(p for p in folder.glob(pattern) if p.is_file())
    else:
        found = []
    for file in found:
        if file.is_file() and not os.access(file, os.R_OK):
            raise DataError(
                "the file may not be read by this user.",
                where=f"'{file.name}', from '{pattern}'",
                fix="give this user the right to read it, or change `path`.",
            )
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


def read_table(path: Path, want: Want = ALL_COLUMNS, *, name: str = "") -> Raw:
    """Read one table.

    Parameters
    ----------
    want
        Which columns; all of them, as text where the file does not type them, by default.
    name
        What messages call it; the file's name by default.

    Raises
    ------
    DataError
        If the file is empty, encrypted or no table, its text cannot be decoded, or a wanted
        column is missing (the nearest one is named).
    """
    name = name or path.name
    if is_database(path):
        return _not_empty(read_database(path, want, name=name))
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if data.startswith(_GZIP):
        data = gunzip(data, name)
    _refuse_no_table(data, name)
    if data.startswith(_PARQUET):
        frame, rows, header, findings = _read_parquet(data, name, want)
    elif data.startswith((_OLE, _ZIP)):
        grid, header_at, names, findings = read_sheet(data, name, want.sheet, want.columns)
        frame, rows, header = _from_grid(grid, header_at, names, name, want)
    else:
        frame, rows, header, findings = read_text(data, name, want)
    return _not_empty(Raw(frame, rows, tuple(header), name, digest, tuple(findings)))


def _not_empty(raw: Raw) -> Raw:
    if raw.frame.empty:
        raise DataError(
            "the table has no rows.",
            where=raw.name,
            fix="export it again; there should be one row for each sale below the column names.",
        )
    return raw


def _refuse_no_table(data: bytes, name: str) -> None:
    if not data.removeprefix(b"\xef\xbb\xbf").strip():
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


def _read_parquet(
    data: bytes, name: str, want: Want
) -> tuple[pd.DataFrame, np.ndarray, list[str], list[Finding]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        header = list(file.schema_arrow.names)
        want = want.of(header)
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
    want = want.of(names)
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
