"""The report of the real sample organisation, from the walk that `make run` takes."""

import re
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from salesforecast import workbench
from salesforecast.planning.scenario import Scenario
from salesforecast.reporting.files import disarmed
from salesforecast.results import build_report, since_last, write_results
from salesforecast.rules import Ceiling, Lock

ADVENTUREWORKS = Path(__file__).parents[2] / "data" / "adventureworks" / "organisation.toml"
SOUTHWEST = "North America/United States/Southwest"
PAK = "North America/Canada/Canada/Jae Pak"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Report and folder of a plan with a ceiling and a lock, without the hindcast."""
    inputs = workbench.prepare(ADVENTUREWORKS, draws=200)
    node = PAK if PAK in inputs.hierarchy.nodes.index else inputs.hierarchy.leaves[0]
    forecast = inputs.leaves["forecast"]
    southwest = forecast[inputs.hierarchy.within(SOUTHWEST)].sum()
    rules = (
        Ceiling(SOUTHWEST, 0.8 * southwest // 1000 * 1000, owner="A. Alberts", reason="3 people"),
        Lock(node, 0.9 * forecast[node] // 1000 * 1000, owner="S. Jiang", reason="accounts leave"),
    )
    plan = workbench.build_plan(inputs, Scenario(rules=rules, step=1000))
    report, folder = build_report(inputs, plan), tmp_path_factory.mktemp("real")
    write_results(report, folder)
    return report, folder


def test_the_csv_of_the_real_plan_ties_out(written):
    report, folder = written
    frame = pd.read_csv(folder / "targets.csv", encoding="utf-8-sig", keep_default_na=False)
    own = frame.set_index(["node", "period"])["target"]
    children = frame[frame["parent"] != ""].groupby(["parent", "period"])["target"].sum()
    assert (own.loc[children.index] != children).sum() == 0
    grain = pd.read_parquet(folder / "targets.parquet")
    leaves = grain.groupby("node")["target"].sum()
    assert leaves.sum() == report.company["target"] == own.loc["/"].sum()
    assert own.loc[[disarmed(n) for n in leaves.index]].groupby("node").sum().sum() == leaves.sum()


def test_the_workbook_stores_the_plans_targets_on_every_level(written):
    report, folder = written
    values = openpyxl.load_workbook(folder / "targets.xlsx", data_only=True)
    for level in report.plan.hierarchy.levels:
        sheet = values[level.capitalize()]
        heads = [cell.value for cell in sheet[4]]
        shown = [row[heads.index("Target")].value for row in sheet.iter_rows(min_row=5)]
        units = report.plan.units
        assert shown == list(units.loc[units["level"] == level, "target"]), level


def test_the_page_names_both_limits_and_shows_every_territory(written):
    report, folder = written
    text = (folder / "report.html").read_text("utf-8")
    assert re.search(rf"<h1>{re.escape(report.quarter)}: ask for ", text)
    assert "Ceiling of Southwest" in text
    assert "Lock of " in text
    territories = report.plan.units[report.plan.units["level"] == "territory"]["label"]
    assert all(f">{label}</td>" in text or f": {label}</td>" in text for label in territories)
    assert "held by a limit" in text


def test_the_page_says_what_changed_since_the_last_good_run(written, tmp_path):
    report, _ = written
    job = tmp_path / "runs" / "quarterly_allocation"
    before, now, other = (job / name for name in ("one", ".staging-two", ".staging-three"))
    for folder in (before, now, other):
        folder.mkdir(parents=True)
    write_results(report, before)
    assert "What changed since the last run" not in (before / "report.html").read_text("utf-8")
    (job / "latest").symlink_to("one")
    units = pd.read_parquet(before / "units.parquet")
    moved = units["node"] == PAK
    units.loc[moved | (units["node"] == "/"), "target"] -= 50_000
    units.to_parquet(before / "units.parquet", index=False)

    write_results(report, now)
    changes = since_last(report, now)
    assert list(changes["now"] - changes["before"]) == [50_000]
    assert list(changes["reason"]) == ["asked for more or less beside its forecast"]
    text = (now / "report.html").read_text("utf-8")
    assert "What changed since the last run" in text
    assert "Since the last run the total moved by +50." in text
    units.assign(first="2013-06-01").to_parquet(before / "units.parquet", index=False)
    assert since_last(report, other) is None
