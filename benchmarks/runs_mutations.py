"""F03: ten thousand spoilt inputs through load, validate and history; fifty through the command."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.bench import row

INPUTS, COMMANDS = 10_000, 50


def mutated(folder: Path) -> list[dict[str, Any]]:
    """Every input is seeded, so that one that fails can be made again by table and number."""
    from tests.history.mutations import Spoilt, bases, organisation, verdict

    tables = bases()
    count, wrong = Counter(), []
    for number in range(INPUTS):
        base = tables[number % len(tables)]
        said = verdict(Spoilt(base, number), folder)
        count[said.split()[0]] += 1
        if said not in ("read", "refused"):
            wrong.append(f"{base.name} {number}: {said}")
    if wrong:
        print("\n".join(wrong))
    good = 0
    for number in range(COMMANDS):
        base = tables[number % len(tables)]
        one = Spoilt(base, number)
        expected = verdict(one, folder)
        organisation(base, folder).write(folder / "organisation.toml")
        done = subprocess.run(
            [sys.executable, "-m", "salesforecast", "run", "quarterly_allocation", "--dry-run",
             "--organisation", str(folder / "organisation.toml"), "--outputs", str(folder / "out")],
            capture_output=True, text=True, cwd=folder,
        )  # fmt: skip
        allowed = {0, 3} if expected == "read" else {3}
        good += done.returncode in allowed and "Traceback" not in done.stderr
    what = f"{INPUTS:,} spoilt inputs of {len(tables)} real tables ({count['read']:,} read, {count['refused']:,} refused)"
    return [
        row("F03", f"{what}: tracebacks", count["traceback"], "inputs", aim=0, met=not count["traceback"]),
        row("F03", f"{what}: totals that differ unsaid", count["silent"], "inputs", aim=0, met=not count["silent"]),
        row("F03", "spoilt inputs through the command (gate): exit 0 or 3, no traceback", good,
            f"of {COMMANDS}", aim=COMMANDS, met=good == COMMANDS),
    ]  # fmt: skip
