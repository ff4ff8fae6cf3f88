"""Broken set-ups, one by one: the doctor names what is broken and how to mend it."""

import os
import shutil
import time

import pytest

from salesforecast.operations.doctor import examine, examine_job
from salesforecast.publishing import MAIN_JOB
from tests.kills import publish
from tests.operations.servers import mail_server
from tests.small_jobs import PARAMETERS, WORK, write_job

JOB = f'notebook = "{MAIN_JOB}"\norganisation = "organisation.toml"\n'
NOTICE = '[[notice]]\nkind = "{}"\naddress = "HOOK"\nto = ["ann@company.example"]\n'
NOBODY = '[[ceiling]]\nnode = "Noth"\namount = 5\nowner = "a"\nreason = "b"\n'


@pytest.fixture
def here(tmp_path, monkeypatch, tiny_company):
    write_job(tmp_path / "notebooks", MAIN_JOB, f'scenario: str = ""\n{PARAMETERS}', WORK)
    shutil.copy(tiny_company, tmp_path)
    shutil.copy(tiny_company.parent / "orders.csv", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _broken(folder, job, **files):
    """What is bad once the job file says this and these files hold that."""
    (folder / "job.toml").write_text(job)
    for name, text in files.items():
        path = folder / name.replace("_", ".")
        path.unlink() if text is None else path.write_text(text)
    return [check for check in examine_job(folder / "job.toml") if not check.good]


@pytest.mark.parametrize(
    ("job", "files", "what", "words", "mend"),
    [
        ("notebook = quarterly", {}, "job", "not valid TOML", "texts stand in quotes"),
        ("deadline = 5%", {}, "job", "not valid TOML", "0.05 is 5 %"),
        (f"{JOB}[parameters]\nstrech = 1", {}, "job", "no parameter 'strech'", "did you mean 'stretch'"),
        (JOB.replace("organisation.toml", "x.toml"), {}, "job", "does not exist", "salesforecast init"),
        (f'{JOB}scenario = "s.toml"', {"s_toml": "stretch = 5%"}, "job", "scenario cannot be read", "0.05 is 5 %"),
        (f'{JOB}scenario = "s.toml"', {"s_toml": NOBODY}, "plan", "no unit 'Noth'", "North"),
        (JOB, {"orders_csv": None}, "sources", "no such file", "orders.csv"),
        (JOB, {"orders_csv": "date,region\n"}, "sources", "orders.csv", "amount"),
        (JOB + NOTICE.format("slack"), {}, "environment", "HOOK is not set", "set HOOK"),
    ],
    ids=["no TOML", "per cent", "parameter", "organisation", "scenario", "unit", "file", "columns", "variable"],
)  # fmt: skip
def test_a_broken_job_is_named_with_what_mends_it(here, job, files, what, words, mend):
    (bad, *_) = _broken(here, job, **files)
    assert (bad.what, words in bad.words) == (what, True), bad
    assert mend in f"{bad.mend} {bad.words}", bad


@pytest.mark.parametrize(
    ("kind", "address", "words"),
    [
        ("slack", "ftp://hunter22@x", "begins with https://"),
        ("email", "mail.example:25", "smtp://host:port"),
        ("email", "smtp://127.0.0.1:1", "refused"),
    ],
)
def test_an_address_that_leads_nowhere_is_named(here, monkeypatch, kind, address, words):
    monkeypatch.setenv("HOOK", address)
    (bad,) = _broken(here, JOB + NOTICE.format(kind))
    assert bad.what == "notice" and words in bad.words
    assert "correct HOOK" in bad.mend
    assert "hunter22" not in bad.words


def test_a_job_in_order_is_planned_and_a_mail_server_gets_nothing(here, monkeypatch):
    with mail_server() as (address, got):
        monkeypatch.setenv("HOOK", address)
        assert _broken(here, JOB + NOTICE.format("email")) == []
        (plan,) = [check for check in examine_job(here / "job.toml") if check.what == "plan"]
    assert got == []
    assert "over 3 positions, 2026-01 to 2026-03" in plan.words


def test_a_broken_machine_is_named_with_what_mends_it(here):
    outputs = here / "outputs"
    publish(outputs, "5")
    altered = next((outputs / "runs" / MAIN_JOB).glob("*/targets.csv"))
    altered.write_text("altered")
    (outputs / "plans.db").write_text("garbage")
    ahead = time.time() + 86_400
    os.utime(altered.parent, (ahead, ahead))
    bad = {check.what: check for check in examine(outputs) if not check.good}
    assert {"store", "clock", "last run"} <= set(bad)
    assert all(check.mend for check in bad.values())
    (here / "file").write_text("")
    (place,) = [check for check in examine(here / "file") if check.what == "outputs"]
    assert "is a file, no folder" in place.words and "move it away" in place.mend
