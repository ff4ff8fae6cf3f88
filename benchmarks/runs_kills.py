"""F01: runs killed at every step of their publication, and at random with their worker or kernel."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.bench import row
from salesforecast.publishing import MAIN_JOB, is_whole, latest_run
from tests.kills import kill_at_each_step
from tests.small_jobs import PARAMETERS, TROUBLE, WORK, WRITE, write_job

TIMES = 5
RANDOM = 30
MARK = "SALESFORECAST_BENCH_MARK"


def killed(place: Path) -> list[dict[str, Any]]:
    """Every kill leaves `latest` whole and no process behind, or this stops with what it found."""
    steps = 0
    for time_ in range(TIMES):
        for name, earlier in (("first", ""), ("later", "old")):
            (folder := place / f"{name}{time_}").mkdir()
            steps += kill_at_each_step(folder, earlier)[0]
    good, dead, left = at_random(place / "random")
    return [
        row("F01", "kills at each write, fsync, rename, link and removal of a publication: latest whole and right", f"{steps} of {steps}", "kills", aim="all", met=True),
        row("F01", f"whole runs killed at random ({', '.join(f'{n} {what}' for what, n in dead.items())}): latest whole, next run good", f"{good} of {RANDOM}", "kills", aim="all", met=good == RANDOM),
        row("F01", "processes left five seconds after a kill, kernels included", left, "processes", aim=0, met=left == 0),
    ]  # fmt: skip


def at_random(place: Path) -> tuple[int, dict[str, int], int]:
    """Kill the waiting process, the worker or the kernel of a run at a random moment."""
    write_job(place / "notebooks", MAIN_JOB, PARAMETERS, WORK, TROUBLE, WRITE)
    command = [sys.executable, "-m", "salesforecast", "run", MAIN_JOB, "--force", "-p", "pause=0.5"]
    drawn, outputs = random.Random(0), place / "outputs"
    dead, good, left = {"process": 0, "worker": 0, "kernel": 0, "nothing in time": 0}, 0, 0
    env = {**os.environ, MARK: str(os.getpid())}
    subprocess.run(command, cwd=place, env=env, check=True, capture_output=True)
    usual = _seconds(command, place, env)
    for at in range(RANDOM):
        before = latest_run(outputs, MAIN_JOB)
        quiet = subprocess.DEVNULL
        run = subprocess.Popen(command, cwd=place, env=env, stdout=quiet, stderr=quiet)
        time.sleep(drawn.uniform(0.2, usual))
        dead[_strike(run, ("process", "worker", "kernel")[at % 3])] += 1
        run.wait()
        left += len(_left())
        latest = latest_run(outputs, MAIN_JOB)
        whole = (
            latest is not None
            and before is not None
            and is_whole(latest)
            and latest.name >= before.name
        )
        after = subprocess.run(command, cwd=place, env=env, capture_output=True)
        good += bool(whole and after.returncode == 0 and not list(outputs.rglob(".*")))
    return good, dead, left


def _seconds(command: list[str], place: Path, env: dict[str, str]) -> float:
    start = time.monotonic()
    subprocess.run(command, cwd=place, env=env, check=True, capture_output=True)
    return time.monotonic() - start


def _strike(run: subprocess.Popen[bytes], wanted: str) -> str:
    """Kill what was asked for, or what there is of it; say what."""
    try:
        process = psutil.Process(run.pid)
        workers = process.children()
        kernels = [child for worker in workers for child in worker.children()]
    except psutil.NoSuchProcess:
        return "nothing in time"
    victims = {"process": [process], "worker": workers, "kernel": kernels}
    struck = wanted if victims[wanted] else "process"
    for victim in victims[struck]:
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            struck = "nothing in time"
    return struck


def _left() -> list[int]:
    """Processes of our runs that are still alive after five seconds."""
    until = time.monotonic() + 5
    while True:
        alive = [p.pid for p in psutil.process_iter() if _ours(p)]
        if not alive or time.monotonic() > until:
            for pid in alive:
                os.kill(pid, 9)
            return alive
        time.sleep(0.1)


def _ours(process: psutil.Process) -> bool:
    try:
        ours = process.environ().get(MARK) == str(os.getpid())
        return ours and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False
