"""What forecasts cost: a fresh process (C18), a million series (C19)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.bench import HOME, calibration, cpu_of, row
from benchmarks.forecasting_data import DATA
from benchmarks.runs_size import MAKE, ONE_THREAD

FRESH = """
from benchmarks.forecasting_data import tourism
from salesforecast.forecasting.forecast import forecast
history, tree = tourism()
forecast(history, tree, cutoff=history["period"].max(), horizon=8)
"""
RUN = """
import json, resource, sys, time
from salesforecast.forecasting.chunks import forecast_parquet
start = time.perf_counter()
rows = forecast_parquet(sys.argv[1], sys.argv[2], season=12, horizon=12)
use = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([rows, use.ru_utime + use.ru_stime, use.ru_maxrss / 2**20, time.perf_counter() - start]))
"""


def fresh_process() -> list[dict[str, Any]]:
    """C18: from nothing to 425 nodes with samples, against the calibration loop."""
    if not (DATA / "tourism_au_quarterly").is_dir():
        return []
    cpu, wall = cpu_of([sys.executable, "-c", FRESH], cwd=HOME, env=ONE_THREAD)
    loop = calibration()
    what = f"fresh process to 425 nodes forecast, reconciled, with samples ({wall:.1f} s)"
    return [row("C18", what, cpu, "CPU s", "calibration loop", loop, cpu / loop, 3, cpu <= 3)]


def a_million(count: int = 1_000_000) -> list[dict[str, Any]]:
    """C19: a long table of a million series, from Parquet to Parquet in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = str(Path(folder) / "series.parquet"), str(Path(folder) / "ahead.parquet")
        subprocess.run([sys.executable, "-c", MAKE, str(count), "72", source], check=True, cwd=HOME)
        done = subprocess.run(
            [sys.executable, "-c", RUN, source, target],
            check=True, cwd=HOME, capture_output=True, text=True,
            env={**os.environ, **ONE_THREAD},
        )  # fmt: skip
        rows, cpu, peak, wall = json.loads(done.stdout.splitlines()[-1])
    what = f"{count:,} series × 72 months as a long table, {rows:,} rows written ({wall:.0f} s)"
    return [
        row("C19", f"{what}: CPU, start of the process included", cpu, "CPU s", aim=240, met=cpu <= 240),
        row("C19", f"{what}: peak memory", peak, "GB", aim=2, met=peak <= 2),
    ]  # fmt: skip
