"""The commands of scheduled runs: what they print, and the code they end with."""

import json
import shutil

import pandas as pd
import pytest
from click.testing import CliRunner

from salesforecast.cli import cli
from salesforecast.publishing import MAIN_JOB, latest_run
from tests.kills import publish
from tests.small_jobs import PARAMETERS, WORK, write_job


@pytest.fixture
def here(tmp_path, monkeypatch, tiny_company):
    """A folder with a small job, the tiny company and a job file."""
    write_job(tmp_path / "notebooks", MAIN_JOB, PARAMETERS, WORK)
    shutil.copy(tiny_company, tmp_path)
    shutil.copy(tiny_company.parent / "orders.csv", tmp_path)
    (tmp_path / "job.toml").write_text(
        f'notebook = "{MAIN_JOB}"\norganisation = "organisation.toml"\n[gate]\n'
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _say(*arguments):
    done = CliRunner().invoke(cli, list(arguments))
    return done.exit_code, done.output


def test_a_dry_run_checks_and_leaves_nothing(here):
    code, said = _say("run", "job.toml", "--dry-run", "-p", "stretch=0.07")
    assert code == 0
    assert "nothing was run" in said and "'stretch': 0.07" in said
    assert not (here / "outputs").exists()
    code, said = _say("run", "job.toml", "--dry-run", "--json")
    assert json.loads(said)["gate"] is True


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", "nowhere.toml"), 2, "cannot be read"),
        (("run", "job.toml", "-p", "stretch=5%"), 2, "stretch=0.05 is 5 %"),
        (("run", "job.toml", "-p", "strech=0.05"), 2, "did you mean 'stretch'?"),
        (("run", "job.toml", "-p", "api_token=hunter22"), 2, "looks like a secret"),
        (("run", "../job"), 2, "there is no job"),
        (("runs", "show", "../../etc"), 2, "there is no run"),
        (("runs", "explain"), 2, "there is no run"),
    ],
)
def test_what_is_wrong_is_refused_before_a_kernel_starts(here, arguments, code, words):
    ended, said = _say(*arguments)
    assert ended == code
    assert words in said
    assert "hunter22" not in said


def test_an_organisation_that_is_not_understood_is_told_by_a_dry_run(here):
    (here / "organisation.toml").write_text("name = 5%")
    code, said = _say("run", "job.toml", "--dry-run")
    assert code == 3 and "0.05" in said


def _run(outputs, target, forecast):
    """A published run with two units."""
    publish(outputs, str(target))
    folder = latest_run(outputs, MAIN_JOB)
    rows = {"node": ["/", "North"], "label": ["Tiny", "North"], "depth": [0, 1], "forecast": [forecast] * 2, "target": [target] * 2, "limit": ["", ""], "first": ["2026-01-01"] * 2}  # fmt: skip
    pd.DataFrame(rows).to_parquet(folder / "units.parquet", index=False)
    return folder.name


def test_runs_are_listed_compared_and_explained(here):
    assert "no run is kept" in _say("runs")[1]
    first, second = _run(here / "outputs", 1000, 800), _run(here / "outputs", 1400, 1000)
    code, said = _say("runs")
    assert code == 0 and first in said and f"{second}  latest" in said
    code, said = _say("runs", "compare", first)
    assert code == 0
    row = next(line for line in said.splitlines() if line.strip().startswith("North"))
    assert row.split()[1:6] == [
        "1,000",
        "1,400",
        "+400",
        "+250",
        "+150",
    ]  # 200 more forecast at 1.25
    told = json.loads(_say("runs", "explain", second, "--json")[1])
    assert told["before"] == first and told["units"][0]["change"] == 400
    assert json.loads(_say("runs", "--json")[1])[1]["status"] == "latest"


def test_doctor_says_what_a_job_lacks_and_how_to_mend_it(here, monkeypatch):
    (here / "job.toml").write_text(
        f'notebook = "{MAIN_JOB}"\norganisation = "organisation.toml"\n[[notice]]\nkind = "slack"\naddress = "NOT_SET"\n'
    )
    code, said = _say("doctor", "--job", "job.toml")
    assert code == 5
    assert (
        "BAD   environment: NOT_SET is not set\n      mend: set NOT_SET where the schedule runs"
        in said
    )
    for what in ("disk", "clock", "kernels", "store", "sources"):
        assert f"good  {what}: " in said
    monkeypatch.setenv("NOT_SET", "https://hooks.example/x")
    (here / "orders.csv").unlink()
    code, said = _say("doctor", "--job", "job.toml")
    assert code == 5 and "BAD   sources: there is no such file" in said
