"""F02: what machines do to runs: full and read-only disks, a clock that jumps, a database that dies."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.bench import row
from salesforecast.publishing import MAIN_JOB, is_whole, latest_run
from tests.small_jobs import PARAMETERS, TROUBLE, WORK, write_job

RUN = [sys.executable, "-m", "salesforecast", "run"]
BIG = """\
import random
(folder / "targets.csv").write_text("".join(random.choices("abcdef", k=int(stretch * 1_000_000))))
(folder / "result.json").write_text(json.dumps({"inputs": inputs, "summary": "a table"}))
"""
ON_A_SMALL_DISK = "mount -t tmpfs -o size=1500k tmpfs {place} && cp -a {work}/. {place} && {first} && {between}; {second}; code=$?; cp -a {place}/. {work}; exit $code"
CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
#include <sys/time.h>
#define BACK (400L * 86400L)
int clock_gettime(clockid_t which, struct timespec *told) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(which, told);
    if (which == CLOCK_REALTIME && !code) told->tv_sec -= BACK;
    return code;
}
time_t time(time_t *told) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (told) *told = now.tv_sec;
    return now.tv_sec;
}
int gettimeofday(struct timeval *told, void *zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    told->tv_sec = now.tv_sec;
    told->tv_usec = now.tv_nsec / 1000;
    return 0;
}
"""


def faults(place: Path) -> list[dict[str, Any]]:
    """One row a fault: the exit code, and whether the last good run is as it was."""
    measures: dict[str, Callable[[Path], tuple[bool, str]]] = {
        "disk full": _disk_full,
        "read-only": _read_only,
        "clock 400 days back": _clock_jump,
        "database gone mid-read": _database_gone,
    }
    found, words = 0, []
    for name, measure in measures.items():
        (folder := place / name.replace(" ", "_")).mkdir()
        good, said = measure(folder)
        found += good
        words.append(f"{name}: {said}")
    return [row("F02", "; ".join(words), f"{found} of 4", "faults", aim="4 of 4", met=found == 4)]


def _small_disk(place: Path, between: str, stretch: str) -> tuple[int, str, Path, str]:
    """A good run and one more, on a disk of 1.5 MB of its own."""
    work, disk = place / "work", place / "disk"
    disk.mkdir()
    write_job(work / "notebooks", MAIN_JOB, PARAMETERS, WORK, TROUBLE, BIG)
    run = " ".join([*RUN, MAIN_JOB, "--force"])
    script = ON_A_SMALL_DISK.format(
        place=disk, work=work, between=between.format(disk=disk), first=f"cd {disk} && {run} -p stretch=0.1", second=f"{run} -p stretch={stretch}"
    )  # fmt: skip
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True)
    return done.returncode, done.stderr, work / "outputs", run


def _kept(outputs: Path, run: str) -> bool:
    """The good run is latest and whole, and once the disk is mended the next run is good."""
    last = latest_run(outputs, MAIN_JOB)
    if last is None or not is_whole(last) or (last / "targets.csv").stat().st_size != 100_000:
        return False
    mended = subprocess.run(run.split(), cwd=outputs.parent, capture_output=True)
    return mended.returncode == 0 and not list(outputs.rglob(".*"))


def _disk_full(place: Path) -> tuple[bool, str]:
    code, said, outputs, run = _small_disk(place, "true", "1.9")
    told = "No space left" in said or "disk" in said
    return code == 5 and told and _kept(outputs, run), f"exit {code}"


def _read_only(place: Path) -> tuple[bool, str]:
    code, said, outputs, run = _small_disk(place, "mount -o remount,ro {disk}", "0.2")
    return code == 2 and "cannot be written" in said and _kept(outputs, run), f"exit {code}"


def _clock_jump(place: Path) -> tuple[bool, str]:
    """A run whose clock stands behind the last one's: it is the latest, and so is the one after."""
    write_job(place / "notebooks", MAIN_JOB, PARAMETERS, WORK, TROUBLE, BIG)
    (place / "clock.c").write_text(CLOCK)
    library = str(place / "clock.so")
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-o", library, str(place / "clock.c"), "-ldl"], check=True
    )
    back = {**os.environ, "LD_PRELOAD": library}
    seen, codes = [], []
    for stretch, env in (("0.1", os.environ), ("0.2", back), ("0.3", os.environ)):
        done = subprocess.run(
            [*RUN, MAIN_JOB, "-p", f"stretch={stretch}"], cwd=place, env=env, capture_output=True
        )
        codes.append(done.returncode)
        last = latest_run(place / "outputs", MAIN_JOB)
        seen.append((last / "targets.csv").stat().st_size if last and is_whole(last) else 0)
    names = [p.name for p in (place / "outputs" / "runs" / MAIN_JOB).glob("2*")]
    jumped = min(names)[:4] < max(names)[:4]
    return codes == [0, 0, 0] and seen == [100_000, 200_000, 300_000] and jumped, f"exits {codes}"


def _database_gone(place: Path) -> tuple[bool, str]:
    """The server dies while the gate reads a slow query: exit 5, and `latest` is as it was."""
    from benchmarks.postgres import Server
    from benchmarks.runs_nights import JOB, ORGANISATION, deliver

    server = Server()
    try:
        address = server.database("sales")
        deliver(address, days=800)
        env = {**os.environ, "SALES_DATABASE": address}
        (place / "job.toml").write_text(JOB)
        (place / "organisation.toml").write_text(ORGANISATION)
        first = subprocess.run([*RUN, "job.toml"], cwd=place, env=env, capture_output=True)
        last = latest_run(place / "outputs", MAIN_JOB)
        slow = "SELECT o.*, pg_sleep(0.05) AS slow FROM orders o"
        (place / "slow.sql").write_text(slow)
        (place / "organisation.toml").write_text(ORGANISATION.replace(":orders", ":slow.sql"))
        run = subprocess.Popen(
            [*RUN, "job.toml"], cwd=place, env=env, stderr=subprocess.PIPE, text=True
        )
        time.sleep(6)
        reading = run.poll() is None
        server.remove()
        said = run.communicate(timeout=120)[1]
        same = (
            last is not None and latest_run(place / "outputs", MAIN_JOB) == last and is_whole(last)
        )
        good = first.returncode == 0 and reading and run.returncode == 5 and same
        return good and "database cannot be read" in said, f"exit {run.returncode}"
    finally:
        server.remove()
        shutil.rmtree(place / "outputs", ignore_errors=True)
