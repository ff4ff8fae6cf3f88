"""Kill a publication at each of its steps, or a run at random, and see what `latest` says."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from salesforecast.publishing import MAIN_JOB, is_whole, latest_run, staged

# Publishes one run and is killed for good at the n-th call that changes the disk: before the call
# for an even n, right after it for an odd one. Prints the run id before anything can happen.
CHILD = """
import os, signal, sys
from pathlib import Path
from salesforecast import publishing

outputs, text, fatal = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
calls = 0

def deadly(real):
    def call(*arguments, **options):
        global calls
        for moment in ("before", "after"):
            if moment == "after":
                result = real(*arguments, **options)
            if calls == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
            calls += 1
        return result
    return call

for name in ("write", "fsync", "replace", "symlink", "mkdir", "unlink", "rmdir", "ftruncate"):
    setattr(os, name, deadly(getattr(os, name)))
with publishing.staged(publishing.MAIN_JOB, outputs) as folder:
    (folder / "targets.csv").write_text(text)
    (folder / "report.html").write_text(text)
print(calls)
"""


def publish(outputs: Path, text: str) -> None:
    with staged(MAIN_JOB, outputs) as folder:
        (folder / "targets.csv").write_text(text)
        (folder / "report.html").write_text(text)


def _killed(outputs: Path, text: str, fatal: int) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", CHILD, str(outputs), text, str(fatal)]
    return subprocess.run(command, capture_output=True, text=True)


def told_by_latest(outputs: Path) -> str:
    """What a reader of `latest` reads, from two files that must agree; empty when there is none."""
    latest = outputs / "latest"
    if not latest.exists():
        assert latest_run(outputs, MAIN_JOB) in (None, latest.resolve())
        return ""
    assert is_whole(latest.resolve())
    assert latest.resolve() == (outputs / "runs" / MAIN_JOB / "latest").resolve()
    texts = {(latest / name).read_text() for name in ("targets.csv", "report.html")}
    assert len(texts) == 1
    return texts.pop()


def left_over(outputs: Path) -> list[str]:
    return sorted(path.name for path in outputs.rglob(".*"))


def kill_at_each_step(place: Path, earlier: str) -> tuple[int, set[str]]:
    """Publish until nothing is left to be killed at; how many kills, and what `latest` told.

    `latest` must be whole and say `earlier` (the run before; empty: none) or `"new"` after each
    kill, and the next run must clear up and take over.
    """
    killed, seen = 0, set()
    while True:
        outputs = place / str(killed)
        if earlier:
            publish(outputs, earlier)
        ended = _killed(outputs, "new", killed)
        told = told_by_latest(outputs)
        if ended.returncode == 0:
            assert told == "new"
            assert int(ended.stdout) == killed
            return killed, seen
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        assert told in (earlier, "new")
        seen.add(told)
        killed += 1
        publish(outputs, "next")
        assert told_by_latest(outputs) == "next"
        assert left_over(outputs) == []


def kill_at_random(
    command: Sequence[str],
    outputs: Path,
    *,
    times: int,
    seconds: float,
    place: Path | None = None,
    seed: int = 0,
) -> tuple[int, int]:
    """Start `command` (a run into `outputs`) `times` times and kill it within `seconds`.

    Returns how many were killed (some may have ended before) and after how many `latest` was
    whole and named a run that the command had started.
    """
    drawn = random.Random(seed)
    killed = good = 0
    for _ in range(times):
        before = latest_run(outputs, MAIN_JOB)
        run = subprocess.Popen(
            command, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(drawn.uniform(0, seconds))
        run.kill()
        killed += run.wait() == -signal.SIGKILL
        latest = latest_run(outputs, MAIN_JOB)
        if latest is None:
            good += before is None
        else:
            good += is_whole(latest) and latest.name >= (before.name if before else "")
    return killed, good
