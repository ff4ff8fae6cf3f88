"""F01 to F10: scheduled runs that an organisation can trust.

An id is measured by the function that `MEASURES` names, imported only when it is asked for; an id
without one, or whose module is not there, is reported as not measured. `python -m benchmarks.bench
runs` measures all, a quarter of an hour; name ids to measure some.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

from benchmarks.bench import HOME

IDS = {
    "F01": "killed at each write, fsync and rename of a run, 5x each, and 30 whole runs at random: latest whole, orphan kernels",
    "F02": "disk full, read-only, clock jump, database gone mid-read: right exit code, nothing lost",
    "F03": "10,000 mutated inputs: tracebacks, silently wrong totals, 50 through the command",
    "F04": "malicious inputs refused or neutralised",
    "F05": "secrets found in any artefact of a run with a database password set",
    "F06": "1k to 1M series: CPU per series at 1M / at 10k, peak memory",
    "F07": "Dask LocalCluster, one worker killed: difference to local, wall / one process",
    "F08": "20 M order lines to monthly history: seconds, peak memory",
    "F09": "a fortnight of nights against a changing PostgreSQL, two bad deliveries",
    "F10": "CPU of a scheduled run / plain papermill of the same notebook",
}
MEASURES = {
    "F01": "runs_kills:killed",
    "F02": "runs_faults:faults",
    "F03": "runs_mutations:mutated",
    "F04": "runs_secure:attacked",
    "F05": "runs_secure:leaked",
    "F06": "runs_size:grown",
    "F07": "runs_size:spread",
    "F08": "runs_size:aggregated",
    "F09": "runs_nights:fortnight",
    "F10": "runs_cost:overhead",
}


def rows(only: Collection[str] = ()) -> list[dict[str, Any]]:
    """Measure the ids in `only`; all whose module is there when it is empty."""
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="salesforecast-bench-") as place:
        Path(place).chmod(0o755)
        for id in IDS:
            module, _, name = MEASURES[id].partition(":")
            if (only and id not in only) or not (HOME / "benchmarks" / f"{module}.py").is_file():
                continue
            folder = Path(place, id)
            folder.mkdir()
            found += getattr(importlib.import_module(f"benchmarks.{module}"), name)(folder)
    return found
