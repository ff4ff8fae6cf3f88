"""Work in another process: its answer, its errors, its deadline, and nothing left behind."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from salesforecast.errors import DataError, DeadlineError, EngineError, Finding, SalesforecastError
from salesforecast.worker import described, raised, supervise

WORKS = """
import os, subprocess, sys, time
from salesforecast.errors import DataError, Finding

def work(request, tell):
    tell("at work 与中文")
    print("what libraries print is no answer")
    if request["do"] == "answer":
        return {"twice": 2 * request["number"]}
    if request["do"] == "refuse":
        raise DataError("no.", where="row 3", fix="mend.", findings=[Finding("error", "a", "b", "c", 2)])
    if request["do"] == "bug":
        return {}["no such key"]
    if request["do"] == "die":
        print("last words", file=sys.stderr, flush=True)
        os._exit(9)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    open(request["pids"], "w").write(f"{os.getpid()} {child.pid}")
    while True:
        time.sleep(1) if request["do"] == "sleep" else None
"""


@pytest.fixture
def ask(tmp_path, monkeypatch):
    (tmp_path / "works.py").write_text(WORKS, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def call(do, *, seconds=30.0, said=None, **request):
        tell = (said if said is not None else []).append
        until = time.monotonic() + seconds
        return supervise("works", {"do": do, **request}, deadline=until, progress=tell)

    return call


def _gone(pids: Path) -> bool:
    numbers = [int(text) for text in pids.read_text().split()]
    until = time.monotonic() + 10
    while time.monotonic() < until:
        alive = [
            n for n in numbers if psutil.pid_exists(n) and psutil.Process(n).status() != "zombie"
        ]
        if not alive:
            return len(numbers) == 2
        time.sleep(0.05)
    return False


def test_an_answer_comes_back_and_lines_on_the_way(ask):
    said = []
    assert ask("answer", number=21, said=said) == {"twice": 42}
    assert said == ["at work 与中文"]


def test_errors_come_back_as_they_were(ask):
    with pytest.raises(DataError) as refused:
        ask("refuse")
    assert str(refused.value).startswith("no.\n  where: row 3\n  fix: mend.")
    assert refused.value.findings == (Finding("error", "a", "b", "c", 2),)
    with pytest.raises(SalesforecastError, match="KeyError") as bug:
        ask("bug")
    assert bug.value.exit_code == 1
    with pytest.raises(EngineError, match="ended with 9: last words"):
        ask("die")


def test_an_error_survives_its_description():
    error = EngineError("what.", where="where", fix="fix.")
    assert str(raised(described(error))) == str(error)
    assert type(raised({**described(error), "kind": "NoSuchKind"})) is SalesforecastError


@pytest.mark.skipif(os.name == "nt", reason="processes as POSIX has them")
@pytest.mark.parametrize("do", ["sleep", "spin"])
def test_a_deadline_ends_work_that_hangs_with_all_it_started(ask, tmp_path, do):
    with pytest.raises(DeadlineError):
        ask(do, seconds=3.0, pids=str(tmp_path / "pids"))
    assert _gone(tmp_path / "pids")


@pytest.mark.skipif(os.name == "nt", reason="processes as POSIX has them")
@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_work_dies_with_the_one_who_waits(ask, tmp_path, how):
    pids = tmp_path / "pids"
    code = (
        "import time; from salesforecast.worker import supervise\n"
        f"supervise('works', {{'do': 'sleep', 'pids': {str(pids)!r}}}, deadline=time.monotonic() + 600, progress=print)"
    )
    waits = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    until = time.monotonic() + 30
    while not (pids.is_file() and len(pids.read_text().split()) == 2) and time.monotonic() < until:
        time.sleep(0.05)
    getattr(waits, how)()
    waits.wait()
    assert _gone(pids)
