"""Workbooks as a real LibreOffice computes them, for tests and for the benchmark."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl


def office() -> str | None:
    """Where LibreOffice is; None where it is not installed."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def recalculated(path: Path, folder: Path) -> Any:
    """The workbook as LibreOffice computes and saves it: values only."""
    found = office()
    if found is None:
        raise RuntimeError("LibreOffice is not installed: run `make system` (as root)")
    out = folder / "computed"
    subprocess.run(
        [found, "--headless", f"-env:UserInstallation={(folder / 'profile').as_uri()}",
         "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(out), str(path)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return openpyxl.load_workbook(out / path.name, data_only=True)


def compared(path: Path, folder: Path) -> Iterator[tuple[str, Any, Any]]:
    """Every formula of a workbook: its address, our stored value, and LibreOffice's own.

    The stored values are dropped before, so that all of them have to be computed.
    """
    bare = openpyxl.load_workbook(path)
    stored = openpyxl.load_workbook(path, data_only=True)
    bare.save(folder / "bare.xlsx")
    computed = recalculated(folder / "bare.xlsx", folder)
    for sheet in bare:
        for cell in (c for line in sheet.iter_rows() for c in line if c.data_type == "f"):
            ours = stored[sheet.title][cell.coordinate].value
            yield (
                f"{sheet.title}!{cell.coordinate}",
                ours,
                computed[sheet.title][cell.coordinate].value,
            )


def same(ours: Any, theirs: Any) -> bool:
    """Whether two values of a formula are the same; nothing and empty text are."""
    if ours in (None, "") or isinstance(ours, str):
        return (theirs or "") == (ours or "")
    return isinstance(theirs, int | float) and abs(theirs - ours) <= 1e-9 * max(abs(ours), 1.0)
