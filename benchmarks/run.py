"""A01 to A10: the main job, from a fresh clone to a published run that survives a kill.

`python -m benchmarks.bench run` measures all but A01 (a fresh clone: ten minutes or more) and A09
(the notebooks and the browser: minutes); name them to measure them, or set SALESFORECAST_BENCH=all.
"""

from __future__ import annotations

import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from benchmarks.bench import HOME, cpu_of, row

IDS = {
    "A01": "fresh clone, non-root, no node: make run, then make test",
    "A02": "CPU of the whole run without the forecasting / CPU of an empty papermill run",
    "A03": "targets.csv: sums that do not tie, over every node and period",
    "A04": "two clones, same input: targets.csv identical",
    "A05": "broken inputs: one clear message, the right exit code, outputs unchanged",
    "A06": "odd but readable inputs read right and listed as repairs",
    "A07": "kills and simultaneous runs: latest whole and correct",
    "A08": "init on six shared tables: mapping right without help",
    "A09": "three notebooks by papermill; report and plan_targets in a real browser",
    "A10": "pictures of the report and of the planner's notebook in the README",
}
SLOW = ("A01", "A09")
JOB = "quarterly_allocation"
NOBODY = 65534
MAIN = [sys.executable, "-m", "salesforecast", "run", JOB]


def rows(only: Collection[str] = ()) -> list[dict[str, Any]]:
    """Measure the ids in `only`; all but the slow ones when it is empty."""
    every = os.environ.get("SALESFORECAST_BENCH") == "all"
    wanted = only or [id for id in IDS if every or id not in SLOW]
    with tempfile.TemporaryDirectory(prefix="salesforecast-bench-") as place:
        found: list[dict[str, Any]] = []
        for id in IDS:
            if id in wanted:
                folder = Path(place, id)
                folder.mkdir()
                found += MEASURES[id](folder)
        return found


# A01: a fresh clone.


def fresh_clone(
    place: Path, targets: Sequence[str] = ("setup", "run", "test")
) -> list[dict[str, Any]]:
    """Clone, set up, run and test as a user without rights whose PATH has no node."""
    clone = place / "clone"
    _clone(clone)
    (place / "home").mkdir()
    env = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    env |= {"PATH": str(_without_node(place / "bin")), "HOME": str(place / "home")}
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        place.parent.chmod(0o755)
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", str(place)], check=True)
    seconds, passed = {}, True
    for target in targets:
        start = time.perf_counter()
        command = ["make", target]
        done = subprocess.run(command, cwd=clone, env=env, capture_output=True, text=True, **user)
        seconds[target] = round(time.perf_counter() - start, 1)
        print(f"A01 make {target}: {seconds[target]} s; {(done.stdout.splitlines() or [''])[-1]}")
        if done.returncode:
            print(done.stdout[-5000:], done.stderr[-3000:], file=sys.stderr)
            passed = False
            break
    words = ", ".join(f"{target} {value} s" for target, value in seconds.items())
    value = "both pass" if passed else "fails"
    return [row("A01", f"{IDS['A01']} ({words})", value, "", aim="both pass", met=passed)]


def _without_node(folder: Path) -> Path:
    """A folder of links to every system command but node's, to be the whole PATH."""
    folder.mkdir()
    for place in ("/usr/local/bin", "/usr/bin", "/bin"):
        for path in Path(place).iterdir():
            link = folder / path.name
            if not path.name.startswith(("node", "npm", "npx")) and not link.is_symlink():
                link.symlink_to(path)
    return folder


def _clone(place: Path) -> None:
    subprocess.run(["git", "clone", "-q", str(HOME), str(place)], check=True)


# A02: what a run costs.


def cost(place: Path) -> list[dict[str, Any]]:
    """CPU of the main job beside papermill's on an empty notebook, interleaved."""
    empty, runs, forecasting = [], [], []
    notebook = _empty_notebook(place)
    papermill = [sys.executable, "-m", "papermill", "--no-progress-bar", str(notebook)]
    outputs = place / "outputs"
    for _ in range(5):
        empty.append(cpu_of([*papermill, str(place / "out.ipynb")])[0])
        runs.append(cpu_of([*MAIN, "--outputs", str(outputs), "--force"], cwd=HOME)[0])
        forecasting.append(_stage_cpu(outputs, "forecast"))
    ours = statistics.median(a - b for a, b in zip(runs, forecasting, strict=True))
    peer = statistics.median(empty)
    whole, part = statistics.median(runs), statistics.median(forecasting)
    return [
        row("A02", IDS["A02"], ours, "CPU s", "empty papermill run", peer, ours / peer, 3, ours <= 3 * peer),
        row("A02", "whole run, CPU, and its part in the forecasting", whole, f"CPU s, {part:.2f} in it"),
    ]  # fmt: skip


def _empty_notebook(place: Path) -> Path:
    from tests.small_jobs import write_job

    return write_job(place, "empty", "x: int = 1")


def _stage_cpu(outputs: Path, name: str) -> float:
    manifest = json.loads((outputs / "latest" / "manifest.json").read_text("utf-8"))
    return sum(stage["cpu"] for stage in manifest["stages"] if stage["stage"] == name)


# A03, A04: the numbers themselves.


def tie_out(place: Path) -> list[dict[str, Any]]:
    """Count, from the file alone, the nodes and periods whose children do not add up to them."""
    outputs = _run(place / "outputs")
    checked, wrong = untied(outputs / "latest" / "targets.csv")
    what = f"{IDS['A03']} ({checked:,} sums)"
    return [row("A03", what, wrong, "sums", aim=0, met=wrong == 0 and checked > 0)]


def untied(path: Path) -> tuple[int, int]:
    """Sums in a targets.csv, and how many of them do not tie."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    target = {(line["node"], line["period"]): int(line["target"]) for line in lines}
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        if line["parent"]:
            sums[line["parent"], line["period"]] += int(line["target"])
    return len(sums), sum(target.get(key) != value for key, value in sums.items())


def two_clones(place: Path) -> list[dict[str, Any]]:
    """Run in two clones and compare targets.csv byte by byte."""
    told = []
    for name in ("first", "second"):
        clone = place / name
        _clone(clone)
        _run(clone / "outputs", cwd=clone)
        told.append((clone / "outputs" / "latest" / "targets.csv").read_bytes())
    same = told[0] == told[1] and len(told[0]) > 0
    value = "identical" if same else "different"
    return [row("A04", IDS["A04"], value, "", aim="identical", met=same)]


def _run(outputs: Path, *, cwd: Path = HOME) -> Path:
    command = [*MAIN, "--outputs", str(outputs), "--force"]
    env = {**os.environ, "PYTHONPATH": str(cwd)}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the main job ended with {done.returncode}: {done.stderr}")
    return outputs


# A05, A06, A08: other people's data.


def broken(place: Path) -> list[dict[str, Any]]:
    """Run the main job on inputs that must be refused."""
    from tests.history.cases import broken_inputs

    outputs = _run(place / "outputs")
    before = _state(outputs)
    found = {}
    for name, organisation in broken_inputs(place / "cases").items():
        command = [*MAIN, "--outputs", str(outputs), "--organisation", str(organisation)]
        done = subprocess.run(command, cwd=HOME, capture_output=True, text=True)
        said = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        told = len(said) == 1 and "  where: " in done.stderr and "  fix: " in done.stderr
        found[name] = done.returncode == 3 and told and _state(outputs) == before
        if not found[name]:
            print(f"A05 {name}: exit code {done.returncode}\n{done.stderr}", file=sys.stderr)
    return [_share("A05", found, aim=10)]


def _state(folder: Path) -> dict[str, tuple[int, int] | str]:
    """Every name below `folder`: a file's moment and size, what a link names."""
    found: dict[str, tuple[int, int] | str] = {}
    for path in folder.rglob("*"):
        told = path.lstat()
        plain = (told.st_mtime_ns, told.st_size) if path.is_file() else "folder"
        found[str(path)] = os.readlink(path) if path.is_symlink() else plain
    return found


def _share(id: str, found: Mapping[str, bool], *, aim: int) -> dict[str, Any]:
    good = sum(found.values())
    missed = [name for name, right in found.items() if not right]
    what = IDS[id] + (f" (not: {', '.join(missed)})" if missed else "")
    return row(id, what, f"{good} of {len(found)}", "", aim=f">= {aim}", met=good >= aim)


def odd(place: Path) -> list[dict[str, Any]]:
    """Read inputs that are odd but can be read; compare their totals and the listed repairs."""
    from salesforecast.history.load import load
    from salesforecast.history.organisation import Organisation
    from tests.history.cases import odd_inputs

    found = {}
    for name, (organisation, total, repairs) in odd_inputs(place).items():
        loaded = load(Organisation.read(organisation))
        listed = " | ".join(f.what for f in loaded.findings if f.severity == "repair")
        right = abs(loaded.lines["amount"].sum() - total) < 0.005
        found[name] = right and all(repair in listed for repair in repairs)
    return [_share("A06", found, aim=6)]


def guessed(place: Path) -> list[dict[str, Any]]:
    """Guess the mapping of six shared tables and compare it with what their data cards say."""
    from dataclasses import replace

    from test_mapping import SHARED, SIX, _found

    from salesforecast.errors import SalesforecastError

    if not SHARED.is_dir():
        print("A08: the shared data is not beside this checkout", file=sys.stderr)
        return []
    found = {}
    for expected in SIX:
        try:
            found[expected.file] = _found(SHARED / expected.file)[0] == replace(expected, file="")
        except SalesforecastError as error:
            print(f"A08 {expected.file}: {error}", file=sys.stderr)
            found[expected.file] = False
    return [_share("A08", found, aim=5)]


# A07: kills.


def killed(place: Path) -> list[dict[str, Any]]:
    """Kill a publication at each step, the main job at random, and run two at a time."""
    from tests.kills import kill_at_each_step, kill_at_random

    steps = 0
    for name, earlier in (("first", ""), ("later", "old")):
        (place / name).mkdir()
        steps += kill_at_each_step(place / name, earlier)[0]
    outputs = _run(place / "outputs")
    start = time.perf_counter()
    _run(outputs)
    seconds = time.perf_counter() - start
    command = [*MAIN, "--outputs", str(outputs), "--force"]
    dead, good = kill_at_random(command, outputs, times=20, seconds=1.1 * seconds)
    both = two_at_a_time(outputs)
    return [
        row("A07", "killed at each write, fsync and rename: latest whole", f"{steps} of {steps}", "", aim="all", met=True),
        row("A07", f"killed at random ({dead} in time): latest whole", f"{good} of 20", "", aim="all", met=good == 20 and dead >= 10),
        row("A07", "two runs at the same time: both whole, latest the last", both, "runs", aim=2, met=both == 2),
    ]  # fmt: skip


def two_at_a_time(outputs: Path) -> int:
    """Start the main job twice at once; how many published a whole run."""
    from salesforecast.publishing import is_whole, read_json

    folder = outputs / "runs" / JOB
    before = set(folder.glob("2*"))
    command = [*MAIN, "--outputs", str(outputs), "--force"]
    both = [subprocess.Popen(command, cwd=HOME, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) for _ in "ab"]  # fmt: skip
    ended = [run.wait() for run in both]
    new = set(folder.glob("2*")) - before
    last = (folder / "latest").resolve()
    follows = read_json(last / "manifest.json").get("previous") in {p.name for p in new}
    whole = sum(is_whole(path) for path in new)
    return whole if ended == [0, 0] and last in new and follows else 0


# A09, A10: what people see.


def notebooks(place: Path) -> list[dict[str, Any]]:
    """Run the tests that execute the notebooks and open them in a browser."""
    told = place / "tests.xml"
    marks = ["-m", "browser or notebook", "tests", f"--junitxml={told}"]
    subprocess.run([sys.executable, "-m", "pytest", "-q", *marks], cwd=HOME)
    suite = ElementTree.parse(told).getroot().find("testsuite")
    assert suite is not None
    count = {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
    good = count["tests"] - count["failures"] - count["errors"] - count["skipped"]
    value = f"{good} of {count['tests']}"
    met = good == count["tests"] > 0
    return [row("A09", f"{IDS['A09']} (tests that pass)", value, "tests", aim="done", met=met)]


def pictures(place: Path) -> list[dict[str, Any]]:
    """Whether the README shows both pictures; that somebody looked at them a script cannot tell."""
    readme = (HOME / "README.md").read_text("utf-8")
    names = ("docs/pictures/report.png", "docs/pictures/planner.png")
    shown = [n for n in names if n in readme and (HOME / n).is_file()]
    value = f"{len(shown)} of 2"
    return [row("A10", IDS["A10"], value, "", aim="2 of 2, looked at", met=len(shown) == 2)]


MEASURES: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
    "A01": fresh_clone,
    "A02": cost,
    "A03": tie_out,
    "A04": two_clones,
    "A05": broken,
    "A06": odd,
    "A07": killed,
    "A08": guessed,
    "A09": notebooks,
    "A10": pictures,
}
