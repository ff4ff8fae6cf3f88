"""The harness of every benchmark: rows in, a printed table and `outputs/bench/<name>.json` out.

`python -m benchmarks.bench allocation` imports `benchmarks/allocation.py`, calls its `rows()` and
reports them against its `IDS` (id to what it is). `python -m benchmarks.bench allocation B01 B13`
measures some only and writes `<name>-some.json`, so that a full run is never overwritten by a
part of one.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

HOME = Path(__file__).parents[1]
KEYS = ("id", "what", "value", "unit", "peer", "peer_value", "ratio", "aim", "met")
NOT_MEASURED = "not measured"


def row(
    id: str,
    what: str,
    value: Any,
    unit: str,
    peer: str | None = None,
    peer_value: Any = None,
    ratio: float | None = None,
    aim: str | float | None = None,
    met: bool | None = None,
) -> dict[str, Any]:
    """One measured line of a benchmark.

    Parameters
    ----------
    id, what
        The id of the issue (`"B01"`) and what was measured, in words.
    value, unit
        Our figure and its unit (`"ms"`, `"x"`, `"plans"`).
    peer, peer_value
        Whom it is compared with, measured in the same run, and the peer's figure in `unit`.
    ratio
        Ours against the peer's, in the direction that the aim speaks of.
    aim, met
        What the issue asks for, and whether this run reached it; None when there is no aim.
    """
    return dict(zip(KEYS, (id, what, value, unit, peer, peer_value, ratio, aim, met), strict=True))


def report(
    name: str,
    rows: Iterable[Mapping[str, Any]],
    ids: Sequence[str] | Mapping[str, str],
    *,
    folder: Path | None = None,
) -> Path:
    """Print every id of the issue, measured or not, and write `outputs/bench/<name>.json`.

    Parameters
    ----------
    name
        Of the benchmark: `"allocation"`.
    rows
        What `row` made; an id may have several.
    ids
        Every id of the issue in order, or id to what it asks for; those without a row are
        printed and written as "not measured".
    folder
        Where the file goes; `outputs/bench` beside the checkout's package by default.

    Returns
    -------
    Path
        Of the written file: a list of objects with the keys of `KEYS`.
    """
    measured = list(rows)
    words = dict(ids) if isinstance(ids, Mapping) else dict.fromkeys(ids, "")
    known = {str(line["id"]) for line in measured}
    lines = [dict(line) for line in measured if line["id"] not in words]
    for id, what in words.items():
        if id in known:
            lines += [dict(line) for line in measured if line["id"] == id]
        else:
            lines.append(row(id, what, None, NOT_MEASURED))
    lines.sort(key=lambda line: str(line["id"]))
    for line in lines:
        print(_words(line))
    missed = [str(line["id"]) for line in lines if line["met"] is False]
    print(f"{len(known)} of {len(words)} measured; missed: {', '.join(missed) or 'none'}")
    folder = HOME / "outputs" / "bench" if folder is None else folder
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    text = json.dumps(lines, indent=1, ensure_ascii=False, default=_plain)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def calibration(repeats: int = 3) -> float:
    """CPU seconds of sorting one million float64 twenty times: the yardstick of this machine.

    The smallest of `repeats` runs, in one thread.
    """
    import numpy as np

    values = np.random.default_rng(0).random(1_000_000)
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        for _ in range(20):
            np.sort(values)
        taken.append(time.process_time() - start)
    return min(taken)


def cpu_of(
    command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> tuple[float, float]:
    """Run `command` and return its CPU seconds (user and system, children that it waited for
    included) and its wall seconds.

    Raises
    ------
    RuntimeError
        If it fails; the message carries the end of what it said.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        list(command),
        cwd=cwd,
        env=None if env is None else {**os.environ, **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    wall = time.perf_counter() - start
    if process.returncode:
        end = said.decode(errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {end}")
    return usage.ru_utime + usage.ru_stime, wall


def _words(line: Mapping[str, Any]) -> str:
    if line["value"] is None:
        return f"{line['id']}  {line['what']}: {NOT_MEASURED}"
    peer = f"; {line['peer']} {_number(line['peer_value'])}" if line["peer"] else ""
    ratio = f"; ratio {_number(line['ratio'])}" if line["ratio"] is not None else ""
    aim = f"; aim {line['aim']}" if line["aim"] is not None else ""
    met = {None: "", True: "  [met]", False: "  [missed]"}[line["met"]]
    return (
        f"{line['id']}  {line['what']}: {_number(line['value'])} {line['unit']}"
        f"{peer}{ratio}{aim}{met}"
    )


def _number(value: Any) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    """A numpy number as json can write it."""
    return value.item() if hasattr(value, "item") else str(value)


def main(arguments: Sequence[str]) -> int:
    """Measure one benchmark by name; further arguments are the ids to measure."""
    if not arguments:
        print("usage: python -m benchmarks.bench NAME [ID ...]", file=sys.stderr)
        return 2
    name, only = arguments[0], frozenset(arguments[1:])
    module = importlib.import_module(f"benchmarks.{name}")
    rows = module.rows(only) if only else module.rows()
    written = report(f"{name}-some" if only else name, rows, module.IDS)
    print(f"written: {written.relative_to(HOME)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
