"""The commands of Excel and back, in a real process of their own where it matters."""

from __future__ import annotations

import io
import json

import openpyxl
import pytest
from click.testing import CliRunner

from salesforecast.cli import cli
from salesforecast.planning.scenario import Scenario
from salesforecast.planning.store import Store
from salesforecast.rules import Lock
from tests.exchange.messy import WANG, edited

TEXT = '# ours\nstretch = 0.02  # agreed\nstep = 1000\n\n[[floor]]  # the depot\nnode = "华东/浙江"\namount = 4_000_000\n'


@pytest.fixture
def run(company_home, company):
    """Run a command on the sample company's organisation."""
    organisation = str(company_home / "organisation.toml")

    def made(*arguments: str):
        return CliRunner().invoke(cli, [*arguments, "--organisation", organisation])

    return made


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder with a scenario, as a planner has it."""
    (tmp_path / "scenario.toml").write_text(TEXT, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_out_filled_in_and_back_keeps_the_comments(run, home):
    made = run("workbook", "scenario.toml", "out/planner.xlsx", "--language", "zh")
    assert made.exit_code == 0, made.output

    def typed(page, cell):
        cell(WANG, "target").value = "１６０"
        cell("华东/浙江", "floor").value = 420

    path = home / "out" / "planner.xlsx"
    path.write_bytes(edited(path.read_bytes(), typed))
    loaded = run("load", str(path), "--owner", "王总")
    assert loaded.exit_code == 0, loaded.output
    assert 'Row 12, "目标": "１６０" read as 1,600,000' in loaded.output
    text = (home / "scenario.toml").read_text("utf-8")
    assert "# ours" in text and "# agreed" in text
    scenario = Scenario.read(home / "scenario.toml")
    assert Lock(WANG, 1_600_000, "王总") in scenario.rules
    assert [rule.amount for rule in scenario.rules] == [4_200_000, 1_600_000]


def test_refused_cells_keep_the_file_unless_the_rest_is_asked_for(run, home):
    run("workbook", "scenario.toml", "p.xlsx", "--language", "zh")

    def typed(page, cell):
        cell(WANG, "target").value = "5%"
        cell("华东/浙江", "floor").value = 420

    path = home / "p.xlsx"
    path.write_bytes(edited(path.read_bytes(), typed))
    refused = run("load", "p.xlsx")
    assert refused.exit_code == 3
    assert "Not taken (1)" in refused.output and "Nothing was written" in refused.output
    assert (home / "scenario.toml").read_text("utf-8") == TEXT
    dry = run("load", "p.xlsx", "--good", "--dry-run", "--json")
    said = json.loads(dry.output)
    assert (said["written"], len(said["changes"]), said["refusals"][0]["cell"]) == (None, 1, "H12")
    good = run("load", "p.xlsx", "--good")
    assert good.exit_code == 0 and "Wrote scenario.toml." in good.output
    assert Scenario.read(home / "scenario.toml").rules[0].amount == 4_200_000


def test_what_no_plan_satisfies_is_said_and_not_written(run, home):
    run("workbook", "scenario.toml", "p.xlsx", "--language", "zh")
    path = home / "p.xlsx"
    path.write_bytes(
        edited(path.read_bytes(), lambda page, cell: fill(cell, "华东", "floor", 99_000))
    )
    loaded = run("load", "p.xlsx")
    assert loaded.exit_code == 4
    assert "华东" in loaded.output and (home / "scenario.toml").read_text("utf-8") == TEXT


def fill(cell, node, name, value):
    cell(node, name).value = value


def test_a_saved_version_goes_out_and_comes_back(run, plan, home):
    with Store(str(home / "plans.db")) as store:
        store.save("FY26", plan, reason="first")
    store = ("--store", str(home / "plans.db"))
    made = run("workbook", "FY26:1", "v.xlsx", "--language", "zh", *store)
    assert made.exit_code == 0, made.output
    book = openpyxl.load_workbook(home / "v.xlsx")
    assert "FY26, version 1" in book["填写说明"]["A2"].value
    path = home / "v.xlsx"
    path.write_bytes(edited(path.read_bytes(), lambda page, cell: fill(cell, WANG, "target", 160)))
    loaded = run("load", "v.xlsx", "--version", "FY26", "--scenario", "new.toml", *store)
    assert loaded.exit_code == 0, loaded.output
    assert Lock(WANG, 1_600_000) in Scenario.read(home / "new.toml").rules


def test_the_template_is_written_and_a_stranger_is_refused(run, home):
    made = run("template", "t.xlsx", "--json", "--scenario", "scenario.toml")
    assert json.loads(made.output)["bytes"] == (home / "t.xlsx").stat().st_size
    assert (
        openpyxl.load_workbook(io.BytesIO((home / "t.xlsx").read_bytes())).sheetnames[1] == "Limits"
    )
    unchanged = run("load", "t.xlsx")
    assert unchanged.exit_code == 0 and "Nothing was changed." in unchanged.output
    (home / "other.csv").write_text("a,b\n1,2\n", "utf-8")
    stranger = run("load", "other.csv")
    assert stranger.exit_code == 3 and "fix:" in stranger.output


@pytest.mark.parametrize("command", ["workbook", "template", "load"])
def test_every_command_has_help_with_an_example(command):
    said = CliRunner().invoke(cli, [command, "--help"])
    assert said.exit_code == 0 and f"Example: salesforecast {command}" in said.output
