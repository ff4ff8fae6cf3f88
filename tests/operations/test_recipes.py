"""The recipes of docs/schedules.md work: the job file is read, cron's line runs, systemd takes its units."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from salesforecast.operations.jobfile import JobFile, Thresholds
from tests.small_jobs import PARAMETERS, WORK, WRITE, write_job

PAGE = (Path(__file__).parents[2] / "docs" / "schedules.md").read_text("utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_job_file_of_the_page_is_read_and_states_the_defaults(tmp_path):
    (tmp_path / "job.toml").write_text(_blocks("toml")[0], "utf-8")
    job = JobFile.read(tmp_path / "job.toml")
    assert job.gate == Thresholds()
    assert [notice.kind for notice in job.notices] == ["wecom", "email"]


@pytest.mark.notebook
@pytest.mark.skipif(os.name == "nt", reason="cron is POSIX's")
def test_crons_line_runs_in_a_bare_environment_and_locale(tmp_path):
    line = _blocks("cron")[0].strip()
    assert line.startswith("30 2 * * * ")
    command = line.removeprefix("30 2 * * * ").replace(
        "/srv/sales", "'" + str(tmp_path / "与 sales") + "'"
    )
    home = tmp_path / "与 sales"
    write_job(home / "notebooks", "quarterly_allocation", PARAMETERS, WORK, WRITE)
    (home / ".venv" / "bin").mkdir(parents=True)
    (home / ".venv" / "bin" / "salesforecast").write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m salesforecast "$@"\n'
    )
    (home / ".venv" / "bin" / "salesforecast").chmod(0o755)
    (home / "job.env").write_text("export SALES_DATABASE='x'\n")
    (home / "job.toml").write_text(
        'notebook = "quarterly_allocation"\n[parameters]\ntrouble = ""\n'
    )
    bare = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
    }
    done = subprocess.run(["/bin/sh", "-c", command], env=bare)
    log = (home / "night.log").read_text("utf-8")
    assert done.returncode == 0, log
    assert (home / "outputs" / "latest" / "targets.csv").exists()
    assert re.search(r"^ +[\d.]+ s  report$", log, flags=re.MULTILINE)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_systemd_takes_the_units(tmp_path):
    service, timer = _blocks("ini")
    service = service.replace("/srv/sales/.venv/bin/salesforecast", sys.executable).replace(
        "/srv/sales", str(tmp_path)
    )
    (tmp_path / "salesforecast.service").write_text(service.replace("User=sales", "User=root"))
    (tmp_path / "salesforecast.timer").write_text(timer)
    for unit in ("salesforecast.service", "salesforecast.timer"):
        told = subprocess.run(
            ["systemd-analyze", "verify", str(tmp_path / unit)], capture_output=True, text=True
        )
        if "Failed to" in told.stderr and "bus" in told.stderr:
            pytest.skip(f"systemd-analyze cannot work here: {told.stderr.strip()}")
        assert told.returncode == 0, told.stderr
        assert "salesforecast." not in told.stderr
