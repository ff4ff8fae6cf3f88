"""F06, F07, F08: the whole job for up to a million series, on Dask too, and twenty million order lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.bench import HOME, row

SERIES = (1_000, 10_000, 100_000, 1_000_000)
MONTHS, ORDERS = 60, 20_000_000
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
MAKE = """
import sys, numpy as np, pyarrow as pa, pyarrow.parquet as pq
count, months, part, path = int(sys.argv[1]), int(sys.argv[2]), 10_000, sys.argv[3]
rng, writer = np.random.default_rng(0), None
periods = (np.datetime64("2018-01") + np.arange(months)).astype("datetime64[us]")
for first in range(0, count, part):
    here = min(part, count - first)
    values = 100 * rng.lognormal(0, 0.3, (here, months)).cumprod(axis=1) ** 0.1
    labels = pa.array([f"s{i:07d}" for i in range(first, first + here)])
    table = pa.table({
        "series": labels.take(pa.array(np.repeat(np.arange(here), months))),
        "period": pa.array(np.tile(periods, here)),
        "sales": pa.array(values.ravel()),
    })
    writer = writer or pq.ParquetWriter(path, table.schema)
    writer.write_table(table)
writer.close()
"""
JOB = """
import json, os, resource, signal, sys, time
from pathlib import Path
from salesforecast.bulk.job import Bulk, run_bulk
from salesforecast.bulk.spread import spreading

def main(source, folder, workers, dies):
    start = time.perf_counter()
    with spreading(workers=workers) as spread:
        def chunks(items, pids):
            for at, item in enumerate(items):
                if dies and at == dies:
                    os.kill(pids[0], signal.SIGKILL)
                yield item
        pids = sorted(set(spread(lambda _: os.getpid(), range(20)))) if dies else []
        begun = []
        def spread_and_kill(work, items):
            begun.append(work)
            return spread(work, chunks(items, pids) if len(begun) == 1 else items)
        done = run_bulk(Bulk(Path(source), step=10), folder, spread=spread_and_kill)
    wall = time.perf_counter() - start
    use = resource.getrusage(resource.RUSAGE_SELF)
    cpu = use.ru_utime + use.ru_stime
    print(json.dumps([done.series, done.total, cpu, use.ru_maxrss / 2**20, wall]))

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
"""


def _run(code: str, folder: Path, *arguments: object) -> list[Any]:
    """What a program in a process of its own prints last."""
    script = folder / "program.py"  # a file: the workers of a cluster import it, too
    script.write_text(code, "utf-8")
    done = subprocess.run(
        [sys.executable, str(script), *map(str, arguments)],
        capture_output=True, text=True, cwd=HOME, env={**os.environ, **ONE_THREAD},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{arguments}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1]) if done.stdout else []


def _table(folder: Path, count: int) -> Path:
    path = folder / f"series-{count}.parquet"
    if not path.is_file():
        _run(MAKE, folder, count, MONTHS, path)
    return path


def grown(folder: Path) -> list[dict[str, Any]]:
    """F06: load, check, forecast, split, round, write: what a series costs as they grow in number."""
    rows, each, peaks = [], {}, {}
    for count in SERIES:
        table = _table(folder, count)
        _, _, cpu, peaks[count], wall = _run(JOB, folder, table, folder / f"job-{count}", 1, 0)
        each[count] = cpu / count * 1e6
        what = f"{count:,} series × {MONTHS} months, whole job ({cpu:.0f} CPU s, {wall:.0f} s wall)"
        rows.append(
            row("F06", f"{what}: CPU, start of the process included", each[count], "µs a series")
        )
        rows.append(
            row("F06", f"{what}: peak memory", peaks[count], "GB", aim=3, met=peaks[count] <= 3)
        )
    few, many = 10_000, max(SERIES)
    ratio = each[many] / each[few]
    rows.append(
        row("F06", "CPU a series at the most / at 10,000", each[many], "µs", "at 10,000", each[few],
            ratio, 1.2, ratio <= 1.2)
    )  # fmt: skip
    return rows


def spread(folder: Path, count: int = max(SERIES)) -> list[dict[str, Any]]:
    """F07: two workers, one killed while the first chunks are on their way, against one process."""
    table = _table(folder, count)
    alone = _run(JOB, folder, table, folder / "alone", 1, 0)
    two = _run(JOB, folder, table, folder / "two", 2, 5)
    same = (folder / "alone" / "targets.parquet").read_bytes() == (
        folder / "two" / "targets.parquet"
    ).read_bytes()
    load, ratio = os.getloadavg()[0], two[4] / alone[4]
    what = f"{count:,} series on a LocalCluster of two workers, one killed"
    return [
        row("F07", f"{what}: bytes of the targets that differ", 0 if same else 1, "file", aim=0, met=same),
        row("F07", f"{what}: wall (load of the machine {load:.0f} on {os.cpu_count()} cores)", two[4], "s",
            "one process", alone[4], ratio, 0.7, ratio < 0.7),
    ]  # fmt: skip


ORDER_LINES = """
import sys, numpy as np, pyarrow as pa, pyarrow.parquet as pq
count, part, path = int(sys.argv[1]), 1_000_000, sys.argv[2]
rng, writer = np.random.default_rng(0), None
regions = pa.array([f"Region {i:02d}" for i in range(20)])
shops = pa.array([f"Shop {i:03d}" for i in range(300)])
skus = pa.array([f"SKU-{i:04d}" for i in range(100)])
for first in range(0, count, part):
    here = min(part, count - first)
    shop = rng.integers(0, 300, here)
    table = pa.table({
        "order": pa.array(np.arange(first, first + here)),
        "day": pa.array((np.datetime64("2022-01-01") + rng.integers(0, 1096, here)).astype("datetime64[us]")),
        "region": regions.take(pa.array(shop % 20)),
        "shop": shops.take(pa.array(shop)),
        "sku": skus.take(pa.array(rng.integers(0, 100, here))),
        "sales": pa.array(np.round(rng.lognormal(3, 1, here) * np.where(rng.random(here) < 0.03, -1, 1), 2)),
    })
    writer = writer or pq.ParquetWriter(path, table.schema)
    writer.write_table(table)
writer.close()
"""
HISTORY = """
import json, resource, sys, time
from pathlib import Path
from salesforecast.history.load import load
from salesforecast.history.organisation import Columns, Organisation, Source
from salesforecast.history.series import build_history
start = time.perf_counter()
path = Path(sys.argv[1])
source = Source(path.name, Columns("day", "sales", ("region", "shop"), product="sku"))
company = Organisation("Company", (source,), ("region", "shop"), folder=path.parent)
history = build_history(load(company).lines, company)
use = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([
    float(history.frame["sales"].sum()), len(history.frame), use.ru_utime + use.ru_stime,
    use.ru_maxrss / 2**20, time.perf_counter() - start,
]))
"""
SUM = """
import json, sys, pyarrow.parquet as pq
cents = 0
for batch in pq.ParquetFile(sys.argv[1]).iter_batches(1_000_000, columns=["sales"]):
    cents += int((batch["sales"].to_numpy() * 100).round().astype("int64").sum())
print(json.dumps(cents / 100))
"""


def aggregated(folder: Path) -> list[dict[str, Any]]:
    """F08: order lines of three years, 300 shops and 100 articles, 3 % of them returns."""
    path = folder / "orders.parquet"
    _run(ORDER_LINES, folder, ORDERS, path)
    total, cells, cpu, peak, wall = _run(HISTORY, folder, path)
    off = abs(total - _run(SUM, folder, path))
    what = f"{ORDERS:,} order lines to {cells:,} rows of monthly history ({cpu:.0f} CPU s, load {os.getloadavg()[0]:.0f})"
    return [
        row("F08", f"{what}: wall", wall, "s", aim=60, met=wall <= 60),
        row("F08", f"{what}: peak memory", peak, "GB", aim=2, met=peak <= 2),
        row(
            "F08", f"{what}: off an independent sum of cents", off, "", aim="< 0.01", met=off < 0.01
        ),
    ]
