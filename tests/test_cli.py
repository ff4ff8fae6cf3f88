"""The commands: what they say, where they say it, and with which exit code they end."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from salesforecast import fingerprint, runs
from salesforecast.cli import cli
from salesforecast.history.load import load
from salesforecast.history.organisation import Organisation
from salesforecast.jobs import own_copy
from salesforecast.operations.doctor import examine
from tests.small_jobs import PARAMETERS, TROUBLE, WORK, WRITE, write_job

COMMANDS = sorted(cli.commands)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working directory with one job in it."""
    write_job(tmp_path / "notebooks", "quarterly_allocation", PARAMETERS, WORK, TROUBLE, WRITE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _call(*words: str):
    return CliRunner().invoke(cli, list(words))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command):
    told = _call(command, "--help")
    assert told.exit_code == 0
    assert told.output.startswith("Usage:")
    assert cli.commands[command].help


def test_help_is_quick_because_nothing_heavy_is_imported():
    script = (
        "import os, sys\n"
        "from salesforecast.cli import cli\n"
        "cli(['run', '--help'], standalone_mode=False)\n"
        "heavy = {'pandas', 'numpy', 'papermill', 'jupyter_client'} & set(sys.modules)\n"
        "print(sorted(heavy), sum(os.times()[:2]))\n"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    heavy, seconds = told.stdout.splitlines()[-1].rsplit(" ", 1)
    assert heavy == "[]", told.stderr
    assert float(seconds) < 0.5


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "quaterly_allocation"], 2, "did you mean 'quarterly_allocation'?"),
        (["run", "quarterly_allocation", "-p", "stretch=5%"], 2, "stretch=0.05 is 5 %"),
        (["run", "quarterly_allocation", "-p", "stretch"], 2, "write -p name=value"),
        (["run", "quarterly_allocation", "--organisation", "no.toml"], 2, "does not exist"),
        (["run"], 2, "Missing argument"),
        (["run", "quarterly_allocation", "--quick"], 2, "No such option"),
        (["forecats"], 2, "No such command"),
    ],
)
def test_a_wrong_call_ends_with_2_and_changes_nothing(place, words, code, said):
    before = sorted(place.rglob("*"))
    told = _call(*words)
    assert told.exit_code == code
    assert said in told.stderr
    assert told.stdout == ""
    assert sorted(place.rglob("*")) == before


@pytest.mark.notebook
@pytest.mark.parametrize(
    ("trouble", "code"),
    [("DataError", 3), ("InfeasibleError", 4), ("EngineError", 5), ("bug", 1)],
)
def test_a_failing_run_says_why_and_ends_with_its_code(place, trouble, code):
    told = _call("run", "quarterly_allocation", "-p", f"trouble={trouble}")
    assert told.exit_code == code
    assert told.stdout == ""
    assert "error: " in told.stderr
    assert "\n  where: " in told.stderr
    assert "\n  fix: " in told.stderr
    assert "Traceback" not in told.stderr
    assert ("failing cell" in told.stderr) == (code != 3)


@pytest.mark.notebook
def test_a_run_ends_with_the_table_and_where_to_look(place, monkeypatch):
    code = fingerprint.code()
    monkeypatch.setattr(fingerprint, "code", lambda: code)  # others may edit the source meanwhile
    told = _call("run", "quarterly_allocation")
    assert told.exit_code == 0, told.stderr
    assert [line.split()[-1] for line in told.stderr.splitlines()[-2:]] == ["load", "report"]
    assert told.stdout.startswith("a table\nResults: ")
    assert Path(told.stdout.split("Results: ")[1].strip()).is_dir()

    again = _call("run", "quarterly_allocation", "--json")
    manifest = json.loads(again.stdout)
    assert manifest["status"] == "unchanged"
    assert Path(manifest["folder"]) == (place / "outputs" / "latest").resolve()
    assert "it was not repeated" in _call("run", "quarterly_allocation").stdout
    assert "it was not repeated" not in _call("run", "quarterly_allocation", "--force").stdout


def test_a_bug_of_ours_names_its_place_and_ends_with_1(place, monkeypatch):
    monkeypatch.setattr(runs, "run", lambda *_, **__: {}["no such key"])
    told = _call("run", "quarterly_allocation")
    assert told.exit_code == 1
    assert f"where: {__file__}:" in told.stderr
    assert "bug of ours" in told.stderr


@pytest.mark.notebook
@pytest.mark.skipif(os.name == "nt", reason="interrupts by a signal")
def test_an_interrupted_run_leaves_nothing_behind(place):
    command = [sys.executable, "-m", "salesforecast", "run", "quarterly_allocation"]
    with (place / "said.txt").open("w") as said:
        run = subprocess.Popen(
            [*command, "-p", "pause=60"],
            stdout=said,
            stderr=said,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # shells' & ignores it
        )
    until = time.monotonic() + 30
    while "load" not in (place / "said.txt").read_text():
        assert time.monotonic() < until
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    assert run.wait(timeout=30) == 130
    assert (place / "said.txt").read_text().endswith("what was published before is as it was.\n")
    assert not (place / "outputs").exists()


# A planner's first two commands.

CHINESE = "订单日期,大区,省份,业务员,销售额\n" + "".join(
    f"2024-{month:02d}-{day:02d},{region},{province},{person},{1000 + 10 * day + month}\n"
    for month in range(1, 13)
    for day in (3, 17)
    for region, province, person in (
        ("华南", "广东", "王伟"),
        ("华南", "广西", "李娜"),
        ("华东", "上海", "张敏"),
        ("华东", "浙江", "刘洋"),
    )
)


def test_init_writes_an_organisation_file_beside_the_table_and_replaces_none(place):
    table = place / "订单 2024.csv"
    table.write_bytes(CHINESE.encode("gb18030"))
    told = _call("init", str(table))
    assert told.exit_code == 0, told.stderr
    organisation = Organisation.read(place / "organisation.toml")
    columns = organisation.sources[0].columns
    assert (columns.date, columns.amount, columns.person) == ("订单日期", "销售额", "业务员")
    assert columns.territory == ("大区", "省份")
    assert "salesforecast run quarterly_allocation --organisation" in told.stdout

    written = (place / "organisation.toml").read_bytes()
    refused = _call("init", str(table))
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert (place / "organisation.toml").read_bytes() == written
    assert _call("init", str(table), "--force").exit_code == 0
    elsewhere = _call("init", str(table), "--out", str(place / "plan"))
    assert elsewhere.exit_code == 0
    moved = Organisation.read(place / "plan" / "organisation.toml")
    assert moved.sources[0].columns == columns
    assert load(moved).lines["amount"].sum() == load(organisation).lines["amount"].sum() > 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(50)),
        ("words.csv", b"a\nb\n"),
    ],
)
def test_init_refuses_what_is_no_table_of_sales(place, name, content):
    (place / name).write_bytes(content)
    told = _call("init", name)
    assert told.exit_code == 3, told.output
    assert name in told.stderr
    assert not (place / "organisation.toml").exists()


# The place where people work.


def test_doctor_finds_this_environment_healthy(place):
    told = _call("doctor")
    assert told.exit_code == 0, told.output
    assert "BAD" not in told.output
    assert not (place / "outputs").exists()


def test_doctor_names_what_is_missing(tmp_path):
    (tmp_path / "file").touch()
    checks = {check.what: check for check in examine(tmp_path / "file" / "outputs")}
    assert not checks["outputs"].good
    assert "is a file, no folder" in checks["outputs"].words


def test_without_a_checkout_notebooks_and_data_are_copied_once(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "salesforecast"
    write_job(package / "notebooks", "quarterly_allocation", "x: int = 1")
    (package / "data" / "adventureworks").mkdir(parents=True)
    (package / "data" / "adventureworks" / "organisation.toml").touch()
    monkeypatch.setattr("salesforecast.jobs.__file__", str(package / "jobs.py"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    assert own_copy(work) == work / "notebooks"
    assert (work / "data" / "adventureworks" / "organisation.toml").exists()
    mine = work / "notebooks" / "quarterly_allocation.ipynb"
    mine.write_text("edited")
    assert own_copy(work) == work / "notebooks"
    assert mine.read_text() == "edited"


@pytest.mark.notebook
@pytest.mark.skipif(os.name == "nt", reason="ends JupyterLab by a signal")
def test_lab_opens_on_the_notebooks(place):
    options = ["--no-browser", "--ServerApp.port=0", "--ServerApp.ip=127.0.0.1", "--allow-root"]
    command = [sys.executable, "-m", "salesforecast", "lab", "quarterly_allocation", *options]
    with (place / "said.txt").open("w") as said:
        server = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        until = time.monotonic() + 60
        while "/doc/tree/notebooks/quarterly_allocation.ipynb" not in (
            text := (place / "said.txt").read_text()
        ):
            assert server.poll() is None, text
            assert time.monotonic() < until, text
            time.sleep(0.1)
    finally:
        server.terminate()
        server.wait(timeout=30)
