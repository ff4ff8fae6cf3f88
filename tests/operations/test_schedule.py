"""Nights of a small company: good deliveries, a bad one, nothing new; in real kernels, told to a real webhook."""

import csv
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from salesforecast import fingerprint
from salesforecast.errors import DataError
from salesforecast.operations.changes import changes
from salesforecast.operations.jobfile import JobFile, Keep
from salesforecast.operations.ledger import find_run, run_before, runs_of, sweep
from salesforecast.operations.schedule import carry_out
from salesforecast.publishing import latest_run
from tests.operations.servers import webhook
from tests.small_jobs import write_job

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
JOB = """
notebook = "quarterly_allocation"
organisation = "organisation.toml"
scenario = "scenario.toml"

[parameters]
hindcast = false
draws = 50

[gate]

[[notice]]
kind = "wecom"
address = "TEST_HOOK"
on = ["success", "warning", "failure", "unchanged"]
"""


def _deliver(folder: Path, tiny: Path, months: int, *, south: float = 1.0) -> None:
    """The tiny company's first months; the last one of South times `south`."""
    lines = pd.read_csv(tiny.parent / "orders.csv")
    last = sorted(lines["date"].unique())[months - 1]
    lines = lines[lines["date"] <= last]
    low = (lines["date"] == last) & (lines["region"] == "South")
    lines.assign(amount=lines["amount"].where(~low, lines["amount"] * south)).to_csv(
        folder / "orders.csv", index=False
    )


@pytest.fixture(scope="module")
def nights(tiny_company, tmp_path_factory):
    """Four nights: what each ended with, and what was told."""
    folder = tmp_path_factory.mktemp("nights")
    (folder / "organisation.toml").write_text(tiny_company.read_text("utf-8"), "utf-8")
    (folder / "job.toml").write_text(JOB, "utf-8")
    told, patch = [], pytest.MonkeyPatch()
    code = fingerprint.code()
    patch.setattr(fingerprint, "code", lambda: code)  # even while somebody edits it
    ends = {}

    def night(name, **wishes):
        text = "".join(f"{key} = {value}\n" for key, value in wishes.items())
        (folder / "scenario.toml").write_text(text, "utf-8")
        try:
            ends[name] = carry_out(
                JobFile.read(folder / "job.toml"), notebooks=NOTEBOOKS, progress=told.append
            )
        except DataError as error:
            ends[name] = error

    with webhook() as (address, got):
        patch.setenv("TEST_HOOK", address)
        _deliver(folder, tiny_company, 23)
        night("first", stretch=0.02)
        _deliver(folder, tiny_company, 24)
        night("second", stretch=0.05)
        night("again", stretch=0.05)
        _deliver(folder, tiny_company, 24, south=0.3)
        night("bad", stretch=0.05)
    patch.undo()
    return folder / "outputs", ends, [body["markdown"]["content"] for _, body in got], told


pytestmark = pytest.mark.notebook


def test_each_night_ends_as_it_should(nights):
    outputs, ends, _, _ = nights
    assert [ends[name].status for name in ("first", "second", "again")] == [
        "published",
        "published",
        "unchanged",
    ]
    assert ends["bad"].exit_code == 3
    last = latest_run(outputs, "quarterly_allocation")
    assert last == ends["second"].folder


def test_a_refused_delivery_is_kept_aside_with_its_rows(nights):
    ends = nights[1]
    assert "restated" in str(ends["bad"])
    kept = Path(str(ends["bad"]).rsplit("kept: ", 1)[1])
    with (kept / "quarantine.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["place"] for row in rows} == {"South"}
    assert all(float(row["is"]) == pytest.approx(0.3 * float(row["was"])) for row in rows)
    assert json.loads((kept / "manifest.json").read_text())["exit_code"] == 3


def test_people_are_told_what_happened(nights):
    _, ends, messages, _ = nights
    titles = [message.splitlines()[0] for message in messages]
    states = [title.strip("*").split(": ")[1] for title in titles]
    assert states == ["done, with warnings", "done", "nothing new", "FAILED"]
    assert "ask for" in messages[1] and "Largest changes" in messages[1]
    assert ends["bad"].what in messages[3]


def test_the_log_has_a_line_a_night(nights):
    lines = (
        (nights[0] / "runs" / "quarterly_allocation" / "runs.log").read_text("utf-8").splitlines()
    )
    assert [line.split()[2] for line in lines] == ["0", "0", "0", "3"]
    assert "hunter22" not in "".join(lines)


def test_what_changed_adds_up_and_has_its_causes(nights):
    outputs, ends, _, _ = nights
    after = find_run(outputs, "latest")
    before = run_before(outputs, after)
    assert before is not None and before.run_id == ends["first"].run_id
    found = changes(before, after)
    assert "was: stretch = 0.02" in found.causes["wishes"]
    assert "whole periods up to 2025-11 -> 2025-12" in found.causes["data"]
    units = found.units
    assert (units["by_forecast"] + units["by_split"] - units["change"]).abs().max() < 1e-6
    assert units["change"].abs().is_monotonic_decreasing
    assert units.loc["/", "change"] == pytest.approx(units.loc[["North", "South"], "change"].sum())
    assert "Tiny" in found.words()


def test_runs_are_listed_found_and_no_longer_kept(nights):
    outputs, ends, _, _ = nights
    listed = runs_of(outputs)
    assert sorted(run.row()["status"] for run in listed) == ["failed", "good", "latest"]
    assert find_run(outputs, ends["first"].run_id[:-2]).good
    much_later = datetime(2099, 1, 1, tzinfo=UTC)
    gone = sweep(
        outputs, "quarterly_allocation", Keep(good=1, failed_days=1), now=much_later, waiting=print
    )
    assert len(gone) == 1  # the failed one; the newest good one and the one it followed stay
    assert [run.row()["status"] for run in runs_of(outputs)] == ["good", "latest"]
    assert not list(outputs.rglob(".staging*"))


READS = """\
import json, pathlib
from salesforecast.history.load import load
from salesforecast.history.organisation import Organisation
read = load(Organisation.read(organisation)).inputs
(pathlib.Path(folder) / "result.json").write_text(json.dumps({"inputs": dict(read), "summary": "a table"}))
"""


def test_a_database_that_has_not_changed_is_no_reason_to_run_again(
    tmp_path, monkeypatch, tiny_company
):
    code = fingerprint.code()
    monkeypatch.setattr(fingerprint, "code", lambda: code)
    write_job(tmp_path / "notebooks", "job", 'organisation: str = ""\nfolder: str = ""', READS)
    text = tiny_company.read_text("utf-8").replace("orders.csv", "sql:SALES_DATABASE:orders")
    (tmp_path / "organisation.toml").write_text(text, "utf-8")
    (tmp_path / "job.toml").write_text(
        'notebook = "job"\norganisation = "organisation.toml"\n[gate]\n', "utf-8"
    )
    lines = pd.read_csv(tiny_company.parent / "orders.csv")
    monkeypatch.setenv("SALES_DATABASE", f"sqlite:///{tmp_path / 'orders.db'}")

    def night(delivered):
        with sqlite3.connect(tmp_path / "orders.db") as connection:
            delivered.to_sql("orders", connection, if_exists="replace", index=False)
        return carry_out(
            JobFile.read(tmp_path / "job.toml"), notebooks=tmp_path / "notebooks"
        ).status

    assert night(lines) == "published"
    assert night(lines.iloc[::-1]) == "unchanged"
    assert night(lines.assign(amount=lines["amount"] + 0.5)) == "published"
