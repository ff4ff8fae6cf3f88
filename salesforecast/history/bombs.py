"""Small files that unpack to more than any table holds are refused before they fill the memory."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib

from salesforecast.errors import DataError

RATIO = 200  # tables pack to a fifth or a fiftieth, never to a thousandth
_ALWAYS_ALLOWED = 64 * 2**20  # bytes
_CELLS = 200_000_000  # of one sheet, empty ones included; with fewer columns than GJ it has no more
_WIDE = re.compile(rb"""r=["'](?:[G-Z][A-Z]|[A-Z]{3})\d""")
_CELL = re.compile(rb"""r=["']([A-Z]{1,3})(\d{1,7})["']""")
_BLOCK = 2**20


def _most(packed: int) -> int:
    return max(_ALWAYS_ALLOWED, RATIO * packed)


def gunzip(data: bytes, name: str) -> bytes:
    """Unpack a gzip file.

    Raises
    ------
    DataError
        If it is damaged or a bomb.
    """
    most, blocks, size = _most(len(data)), [], 0
    try:
        with gzip.open(io.BytesIO(data)) as packed:
            while block := packed.read(_BLOCK):
                blocks.append(block)
                size += len(block)
                if size > most:
                    raise _bomb(name, size)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            "the compressed file is damaged.", where=f"{name}: {error}", fix="copy it again."
        ) from error
    return b"".join(blocks)


def check_zip(data: bytes, name: str) -> None:
    """Refuse a workbook that unpacks to too much, or whose sheets claim too many cells.

    Raises
    ------
    DataError
        If it is damaged or a bomb.
    """
    most = _most(len(data))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            said = sum(part.file_size for part in parts)
            if said > most:
                raise _bomb(name, said)
            for part in parts:  # a part longer than it says is caught while it is unpacked
                if part.filename.startswith("xl/worksheets/"):
                    _check_area(packed.read(part), f"{name}, {part.filename}")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(
            "the workbook cannot be read.",
            where=f"{name}: {error}",
            fix="open it in Excel and save it again as .xlsx.",
        ) from error


def _check_area(sheet: bytes, name: str) -> None:
    """Refuse a sheet that claims more cells than a table has: one stray cell is enough for that."""
    if not _WIDE.search(sheet):
        return
    cells = _CELL.findall(sheet)
    width = max(sum((byte - 64) * 26**at for at, byte in enumerate(reversed(c))) for c, _ in cells)
    height = max(int(row) for _, row in cells)
    if height * width > _CELLS:
        raise DataError(
            f"the sheet reaches over {height:,} rows and {width:,} columns.",
            where=name,
            fix="delete what stands far below and far to the right of the table, then save it.",
        )


def _bomb(name: str, size: int) -> DataError:
    return DataError(
        f"the file unpacks to {size / 2**20:,.0f} MB or more, far more than a table of its size.",
        where=name,
        fix="export it again, as plain CSV or Parquet if it really is that large.",
    )
