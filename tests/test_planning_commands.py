"""Half a year by commands, on the tiny company."""

import json
import subprocess
import sys
from math import nan

import click
import pandas as pd
import pytest
from click.testing import CliRunner

from salesforecast import plan_tables
from salesforecast.errors import ParameterError
from salesforecast.outlook_commands import COMMANDS as OUTLOOK
from salesforecast.plan_tables import readable
from salesforecast.planning_commands import COMMANDS as PLANNING

COMMANDS = (*PLANNING, *OUTLOOK)
WITH_DATA = (
    "plan",
    "track",
    "replan",
    "what-if",
    "simulate",
    "tornado",
    "payout",
    "quantities",
    "effect",
    "backtest",
    "expenses",
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory, tiny_company):
    """A scenario, a question, and a way to give commands that share one store."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "scenario.toml").write_text("stretch = 0.03 # agreed\nstep = 10\n")
    (folder / "price.toml").write_text(
        '[[change]]\nwhat = "price"\nchange = 0.05\nelasticity = -1.5\nproduct = "pens"\n'
    )
    group = click.Group(commands={command.name: command for command in COMMANDS})

    def give(*words, good=True):
        with_store = words[0] not in ("what-if", "effect", "backtest")
        options = ["--json"] + (["--store", str(folder / "plans.db")] if with_store else [])
        if words[0] in WITH_DATA:
            options += ["--organisation", str(tiny_company)]
        done = CliRunner().invoke(group, [*words, *options])
        if not good:
            return done
        assert done.exit_code == 0, (done.output, done.exception)
        return json.loads(done.stdout)

    give.folder = folder
    return give


def test_every_level_is_tested_beside_itself_alone(desk):
    rows = desk("backtest", "--origins", "2", "--horizon", "2")
    assert len(rows) > 1 and rows[0]["count"] == 4  # the company: two cutoffs, two months each
    for row in rows:
        assert 0 <= row["coverage80, alone"] <= row["coverage95, alone"] <= 1
        assert 0 <= row["coverage80, forecast"] <= row["coverage95, forecast"] <= 1
        assert row["pinball ratio"] > 0


def test_a_year_by_commands(desk):
    scenario = str(desk.folder / "scenario.toml")
    first = ("--first", "2025-07", "--months", "6")
    saved = desk("plan", scenario, "--name", "FY", "--reason", "first draft", *first)
    assert (saved["number"], saved["status"]) == (1, "draft")
    assert desk("approve", "FY", "--reason", "signed")["status"] == "approved"
    moved = desk(
        "replan", "FY", "--closed", "2025-09", "--gap", "recover", "--carried-by", "company"
    )
    assert moved["version"]["number"] == 2
    dry = desk("replan", "FY", "--closed", "2025-09", "--gap", "recover", "--dry-run")
    assert dry["moves"] == []  # decided already
    shown = desk("show", "FY")
    assert [v["status"] for v in shown["versions"]] == ["approved", "draft"]
    found = desk("diff", "FY", "1", "2")
    assert sum(cell["change"] for cell in found["cells"]) == sum(
        m["change"] for m in moved["moves"]
    )
    assert 'gap = "recover"' in found["scenario"] and "# agreed" not in found["scenario"]
    both = desk("compare", "FY:1", "FY:2")
    assert [row["plan"] for row in both["summary"]] == ["FY:1", "FY:2"]
    tracked = desk("track", "FY", "--as-of", "2025-10-31")
    assert tracked[0]["node"] == "/" and tracked[0]["actual"] > 0 and 0 <= tracked[0]["chance"] <= 1
    assert desk("track", "FY", "--as-of", "2025-10") == tracked  # the month, to its last day
    assert desk("plans")[0]["versions"] == 2


def test_a_saved_plan_is_made_again_from_its_own_file(desk):
    scenario = str(desk.folder / "scenario.toml")
    desk("plan", scenario, "--name", "A", "--reason", "once", "--first", "2025-07", "--months", "3")
    again = desk.folder / "recorded.toml"
    again.write_text(desk("show", "A", "--scenario")["scenario"], "utf-8")
    assert "# agreed" in again.read_text("utf-8") and "[data]" in again.read_text("utf-8")
    desk("plan", str(again), "--name", "B", "--reason", "again")
    first, second = desk("show", "A"), desk("show", "B")
    assert first["version"]["digest"] == second["version"]["digest"]


def test_a_plan_is_asked_before_it_is_approved(desk):
    scenario, price = (str(desk.folder / name) for name in ("scenario.toml", "price.toml"))
    first = ("--first", "2025-07", "--months", "6")
    desk("plan", scenario, "--name", "ask", "--reason", "draft", *first)
    total = desk("show", "ask")["units"][0]["target"]
    days = desk("days", "ask", "North", "--month", "2025-10", "--calendar", "CN")
    assert next(day["day"] for day in days if day["North"]) == "2025-10-09"  # after Golden Week
    weeks = desk("days", "ask", "--grain", "week")
    assert sum(week["/"] for week in weeks) == total
    year = desk("simulate", "ask", "--draws", "500")
    assert year["units"][0]["target"] == total and 0 <= year["people_reaching"]["mean"] <= 1
    hangs = desk("tornado", "ask", price)
    assert "price" in [row["assumption"] for row in hangs] and hangs[0]["width"] > 0
    (desk.folder / "schemes.toml").write_text("[[tiers]]\nrates = [[0.0, 0.1]]\n")
    paid = desk("payout", "ask", "--schemes", str(desk.folder / "schemes.toml"), "--draws", "500")
    assert paid["at"][1]["payout"] == pytest.approx(0.1 * total)
    moved = desk("effect", "North", "--first", "2025-10", "--months", "2")
    assert moved["actual"] == pytest.approx(990) and "expected without it" in moved["words"]
    (desk.folder / "budget.toml").write_text("[[expense]]\ncategory = 'travel'\nof_sales = 0.1\n")
    (desk.folder / "spent.csv").write_text("node,category,period,spent\n/,travel,2025-07,50\n")
    files = (
        "--budget",
        str(desk.folder / "budget.toml"),
        "--spent",
        str(desk.folder / "spent.csv"),
    )
    spent = desk("expenses", "ask", *files, "--closed", "2025-07")
    assert sum(row["budget"] for row in spent["budget"]) == round(total * 0.1)
    assert spent["held"][0]["spent"] == 50
    done = desk("quantities", "ask", good=False)
    assert "never sold in pieces" in str(done.exception)


def test_a_question_by_command(desk):
    scenario, price = (str(desk.folder / name) for name in ("scenario.toml", "price.toml"))
    found = desk("what-if", scenario, price, "--first", "2025-07")
    assert found["summary"][1]["plan"] == "price" and found["summary"][1]["change"] < 0


def test_slips_of_the_hand_are_refused_in_words(desk):
    plan = ("--name", "slips", "--reason", "r", "--first", "2025-07", "--months", "3")
    desk("plan", str(desk.folder / "scenario.toml"), *plan)
    (desk.folder / "empty.toml").write_text("")
    for words, said in [
        (("expenses", "slips", "--budget", str(desk.folder / "empty.toml")), "budget has no entry"),
        (("track", "slips", "--as-of", "2025-07-31", "--level", "planet"), "no level 'planet'"),
    ]:
        refused = desk(*words, good=False)
        assert isinstance(refused.exception, ParameterError) and said in str(refused.exception)


def test_months_that_nobody_can_forecast_are_refused(desk):
    plan = (str(desk.folder / "scenario.toml"), "--name", "far", "--reason", "r")
    for words, said in [
        (("--months", "100"), "at most 60 months"),
        (("--first", "2040-03"), "begin no later than"),
    ]:
        refused = desk("plan", *plan, *words, good=False)
        assert isinstance(refused.exception, ParameterError) and said in str(refused.exception)


def test_a_question_that_changes_nothing_says_so(desk, tiny_company):
    (desk.folder / "nothing.toml").write_text("")
    group = click.Group(commands={command.name: command for command in COMMANDS})
    files = [str(desk.folder / name) for name in ("scenario.toml", "nothing.toml")]
    words = ["what-if", *files, "--months", "3", "--organisation", str(tiny_company)]
    done = CliRunner().invoke(group, words)
    assert "nothing: nothing changes" in done.output
    assert "nothing: no unit's target changes" in done.output and "Empty" not in done.output


def test_figures_are_shown_as_planners_write_them():
    frame = pd.DataFrame({"label": ["a", "b"], "gap": [-1234567.89, nan], "chance": [0.4149, nan]})
    assert readable(frame).to_numpy().tolist() == [["a", "-1,234,568", "41.5%"], ["b", "", ""]]


def test_unknown_plans_are_named(desk):
    done = desk("show", "FZ", good=False)
    assert "there is no plan 'FZ'" in str(done.exception)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_explains_itself(command):
    said = CliRunner().invoke(command, ["--help"]).output
    assert "Example: salesforecast" in said and "--json" in said


def test_help_loads_nothing_heavy():
    code = (
        "import sys, salesforecast.outlook_commands as c, salesforecast.planning_commands\n"
        "try: c.COMMANDS[0].main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('pandas', 'numpy', 'sqlalchemy', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


def test_figures_in_words_have_separators_and_per_cents():

    summary = {"total": 41_938_900, "change_share": 0.0194, "chance_of_total": 0.403, "gini": 0.079}
    said = plan_tables.side_by_side(pd.DataFrame([summary], index=["FY"]))
    assert all(word in said for word in ("41,938,900", "+1.9%", "40.3%", "0.08"))
    units = pd.DataFrame({"label": ["North"], "before": [1_000_000], "after": [900_000], "change": [-100_000]})  # fmt: skip
    cells = pd.DataFrame({"node": ["North"] * 25, "period": ["2026-01-01"] * 25, "change": [1] * 25})  # fmt: skip
    said = plan_tables.differing(units, cells)
    assert all(word in said for word in ("-100,000", "2026-01", "25 cells", "5 more"))
    moved = pd.DataFrame({"label": ["North"], "change": [-1_234]}, index=["Europe/North"])
    assert "-1,234" in plan_tables.moved(moved)
