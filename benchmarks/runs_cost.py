"""F10: what a scheduled run costs beside plain papermill of the same notebook."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import Any

from benchmarks.bench import HOME, cpu_of, row

TIMES = 3
JOB = """
notebook = "quarterly_allocation"
organisation = "{home}/data/adventureworks/organisation.toml"
{gate}
"""


def overhead(place: Path) -> list[dict[str, Any]]:
    """Interleaved, in CPU seconds of all processes; the gate on, and off."""
    ours: dict[str, list[float]] = {"gate": [], "plain": []}
    peer = []
    notebook = HOME / "notebooks" / "quarterly_allocation.ipynb"
    for name, gate in (("gate", "[gate]"), ("plain", "")):
        (place / name).mkdir()
        (place / name / "job.toml").write_text(JOB.format(home=HOME, gate=gate))
    for at in range(TIMES):
        (results := place / f"papermill{at}").mkdir()
        command = [
            sys.executable,
            "-m",
            "papermill",
            "--no-progress-bar",
            str(notebook),
            str(results / "out.ipynb"),
            "-p",
            "folder",
            str(results),
        ]
        peer.append(cpu_of(command, cwd=HOME / "notebooks")[0])
        for name, taken in ours.items():
            run = [
                sys.executable,
                "-m",
                "salesforecast",
                "run",
                str(place / name / "job.toml"),
                "--force",
            ]
            taken.append(cpu_of(run, cwd=HOME)[0])
    other = statistics.median(peer)
    found = []
    for name, what in (
        ("gate", "CPU of a scheduled run with its data gate"),
        ("plain", "the same without the gate"),
    ):
        value = statistics.median(ours[name])
        ratio = statistics.median(a / b for a, b in zip(ours[name], peer, strict=True))
        aim, met = (1.2, ratio <= 1.2) if name == "gate" else (None, None)
        found.append(row("F10", what, value, "CPU s", "plain papermill", other, ratio, aim, met))
    return found
