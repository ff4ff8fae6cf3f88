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
    more = 'seed: int = 0\nmeasure: str = ""\nas_of: str = ""\n'
    write_job(tmp_path / "notebooks", MAIN_JOB, f"{more}{PARAMETERS}", WORK)
    shutil.copy(tiny_company, tmp_path)
    shutil.copy(tiny_company.parent / "orders.csv", tmp_path)
    (tmp_path / "job.toml").write_text(
        f'notebook = "{MAIN_JOB}"\norganisation = "organisation.toml"\n[gate]\n'
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


CLASH = """
total = 1000
[[floor]]
node = "North"
amount = 900
owner = "a"
reason = "b"
[[floor]]
node = "South"
amount = 900
owner = "a"
reason = "b"
"""


def _say(*arguments):
    done = CliRunner().invoke(cli, list(arguments))
    return done.exit_code, done.output


def test_a_dry_run_checks_and_leaves_nothing(here):
    code, said = _say("run", "job.toml", "--dry-run", "-p", "stretch=0.07")
    assert code == 0
    assert "nothing was run" in said and "stretch = 0.07" in said
    assert "data read: 144 order lines" in said and "over 3 positions, 2026-01 to 2026-03" in said
    assert not (here / "outputs").exists()
    done = CliRunner().invoke(cli, ["run", "job.toml", "--dry-run", "--json"])
    told = json.loads(done.stdout)
    assert told["gate"] is True and told["foreseen"]["positions"] == 3


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", "nowhere.toml"), 2, "cannot be read"),
        (("run", "job.toml", "-p", "stretch=5%"), 2, "stretch=0.05 is 5 %"),
        (("run", "job.toml", "-p", "strech=0.05"), 2, "did you mean 'stretch'?"),
        (("run", "job.toml", "-p", "api_token=hunter22"), 2, "looks like a secret"),
        (("run", "../job"), 2, "there is no job"),
        (("run", "job.toml", "-p", "draws=0"), 2, "too few"),
        (("run", "job.toml", "-p", "seed=-1"), 2, "the seed -1 is negative"),
        (("run", "job.toml", "-p", "measure=visits"), 2, "use one of: revenue"),
        (("run", "job.toml", "-p", "as_of=soon"), 2, "write a date"),
        (("runs", "show", "../../etc"), 2, "there is no run"),
        (("runs", "explain"), 2, "there is no run"),
    ],
)
def test_what_is_wrong_is_refused_before_a_kernel_starts(here, arguments, code, words):
    ended, said = _say(*arguments)
    assert ended == code
    assert words in said
    assert "hunter22" not in said


OVERRIDE = """
[[override]]
node = "Nowhere"
periods = "2026-01"
value = 5
author = "Ann"
reason = "a fair"
cutoff = "2025-12"
"""


@pytest.mark.parametrize(
    ("file", "text", "code", "words"),
    [
        ("overrides.toml", "[[override]]\nnode = 5%", 3, "overrides cannot be read"),
        ("overrides.toml", OVERRIDE, 3, "Nowhere"),
        ("scenario.toml", '[[ceiling]]\nnode = "Noth"\namount = 5\nowner = "a"\nreason = "b"', 3, "North"),
        ("scenario.toml", CLASH, 4, "North"),
        ("orders.csv", "date,region,person,product,amount\n2024-01-05,North,Ann,pens,abc\n", 3, "abc"),
    ],
    ids=["overrides unread", "override of nobody", "limit of nobody", "limits that clash", "data"],
)  # fmt: skip
def test_what_the_run_would_refuse_the_dry_run_refuses(here, file, text, code, words):
    write_job(here / "notebooks", MAIN_JOB, f'scenario: str = ""\n{PARAMETERS}', WORK)
    company = here / "organisation.toml"
    company.write_text(f'overrides = "overrides.toml"\n{company.read_text("utf-8")}', "utf-8")
    (here / "scenario.toml").write_text("stretch = 0.02")
    (here / file).write_text(text)
    job = (here / "job.toml").read_text().replace("[gate]", 'scenario = "scenario.toml"')
    (here / "job.toml").write_text(job)
    ended, said = _say("run", "job.toml", "--dry-run")
    assert (ended, words in said) == (code, True), said
    assert not (here / "outputs").exists()


def test_a_refusal_speaks_the_language_of_the_job(here):
    old = '[parameters]\nlanguage = "zh"\n[gate]\nmax_age_days = 1\n'
    write_job(here / "notebooks", MAIN_JOB, f'language: str = "en"\n{PARAMETERS}', WORK)
    job = (here / "job.toml").read_text().replace("[gate]\n", old)
    (here / "job.toml").write_text(job)
    ended, said = _say("run", "job.toml")
    assert ended == 3
    assert "错误：最新一笔销售在" in said and "怎么办：请查看数据是否已停止送达" in said
    ended, said = _say("runs", "--language", "zh")
    assert "失败" in said and "最新一笔销售在" in said


def test_limits_that_clash_are_told_in_the_language_of_the_job(here):
    names = 'scenario: str = ""\nlanguage: str = "en"\n'
    write_job(here / "notebooks", MAIN_JOB, f"{names}{PARAMETERS}", WORK)
    (here / "scenario.toml").write_text(CLASH)
    call = (
        "--organisation",
        "organisation.toml",
        "--scenario",
        "scenario.toml",
        "-p",
        "language=zh",
    )
    ended, said = _say("run", MAIN_JOB, "--dry-run", *call)
    assert ended == 4
    assert "错误：" in said and "怎么办：" in said and "相差 800" in said


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
    code, said = _say("runs", "explain", "--outputs", str(here / "outputs"), "--language", "zh")
    assert code == 0 and "由运行" in said and "预测有变动" in said
    assert _say("runs", "explain", "--outputs", str(here / "elsewhere"))[0] == 2


def test_targets_of_another_measure_are_not_compared(here):
    for measure in ("revenue", "pieces"):
        name = _run(here / "outputs", 1000 if measure == "revenue" else 7, 800)
        manifest = latest_run(here / "outputs", MAIN_JOB) / "manifest.json"
        told = json.loads(manifest.read_text("utf-8"))
        manifest.write_text(json.dumps({**told, "parameters": {"measure": measure}}), "utf-8")
    code, said = _say("runs", "explain", name)
    assert code == 0 and "measure: revenue -> pieces" in said
    assert "not compared: another measure is planned" in said


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
