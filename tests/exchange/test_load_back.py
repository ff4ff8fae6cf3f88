"""What people send back is read right, or refused by its cell; never anything in between."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from salesforecast.errors import DataError
from salesforecast.exchange.load_back import load_back
from salesforecast.exchange.planner_book import planner_workbook
from salesforecast.exchange.stamp import LIMITS
from salesforecast.exchange.template import input_template
from salesforecast.planning.plan import Plan
from salesforecast.planning.scenario import Scenario
from salesforecast.rules import Floor
from tests.exchange.company import plan_of, superstore
from tests.exchange.messy import Messy, files, of_superstore, real

SHARED = Path(__file__).parents[3] / "shared" / "data"


def limits_of(scenario: Scenario) -> dict[tuple[str, str], float]:
    kinds = {rule_type: kind for kind, rule_type in LIMITS.items()}
    return {(r.node, kinds[type(r)]): r.amount for r in scenario.rules if type(r) in kinds}


def what_is_wrong(file: Messy, plan: Plan, measure) -> list[str]:
    """What was read otherwise than it should have been; nothing for a file that was read right."""
    try:
        loaded = load_back(file.data, f"{file.name}.xlsx", plan, measure, language=file.language)
    except DataError as error:
        said = bool(error.what and error.where and error.fix)
        return [] if file.rejected and said else [f"rejected: {error}"]
    wrong = ["not rejected"] if file.rejected else []
    before = limits_of(plan.scenario)
    wanted = {k: v for k, v in {**before, **file.limits}.items() if v is not None}
    found = limits_of(loaded.scenario)
    if found != wanted:
        wrong.append(f"limits {set(found.items()) ^ set(wanted.items())}")
    if loaded.scenario.total != file.total:
        wrong.append(f"total {loaded.scenario.total}")
    cells = {note.cell for note in loaded.refusals}
    if cells != file.refused and not file.whole:
        wrong.append(f"refused {sorted(cells)}, wanted {sorted(file.refused)}")
    if file.whole and (len(loaded.refusals) != 1 or loaded.changes):
        wrong.append("was not refused as a whole")
    if file.people is not None:
        (group,) = loaded.scenario.headcount
        if group.people != file.people:
            wrong.append(f"people {group.people}")
    for words, notes in ((file.notes, loaded.notes), (file.repairs, loaded.repairs)):
        said = " | ".join(map(str, notes))
        wrong += [f"not said: {each} (but {said})" for each in words if each not in said]
    return wrong


def others(company, plan: Plan) -> tuple[Plan, Plan]:
    """Another company's plan, and an older version of this one."""
    hierarchy = replace(plan.hierarchy, label="别的公司")
    rules = (*plan.scenario.rules[1:], Floor("华东/浙江", 3_500_000, "王总", "渠道承诺"))
    return replace(plan, hierarchy=hierarchy), plan_of(company, rules=rules)


def test_limits_without_a_reason_do_not_make_it_another_plan(company, plan):
    rules = tuple(replace(rule, reason="") for rule in plan.scenario.rules)
    older, measure = plan_of(company, rules=rules), company.organisation.measure
    book = load_workbook(BytesIO(planner_workbook(older, measure)))
    saved = BytesIO()
    book.save(saved)  # as Excel saves: a column of empty texts is gone
    loaded = load_back(saved.getvalue(), "back.xlsx", plan, measure)
    assert loaded.refusals == () and any("was made from" in str(n) for n in loaded.notes)


def test_every_messy_file_is_read_right_or_refused_by_cell(company, plan):
    other, older = others(company, plan)
    measure = company.organisation.measure
    wrong = {
        file.name: found
        for file in files(plan, other, older, measure)
        if (found := what_is_wrong(file, plan, measure))
    }
    assert wrong == {}


def test_real_tables_of_other_kinds_are_refused(company, plan):
    found = list(real(SHARED))
    if not found:
        pytest.skip("the shared data are not beside the checkout")
    measure = company.organisation.measure
    assert {f.name: what_is_wrong(f, plan, measure) for f in found} == {f.name: [] for f in found}


def test_files_about_a_real_company_are_read_right_or_refused_by_cell(tmp_path):
    if not (SHARED / "superstore_cn").exists():
        pytest.skip("the shared data are not beside the checkout")
    plan, measure = superstore(SHARED, tmp_path)
    found = {file.name: what_is_wrong(file, plan, measure) for file in of_superstore(plan, measure)}
    assert found == {name: [] for name in found}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("made", [planner_workbook, input_template])
def test_what_nobody_touched_changes_nothing(company, plan, made, language):
    measure = company.organisation.measure
    loaded = load_back(made(plan, measure, language=language), "same.xlsx", plan, measure)
    assert loaded.scenario is plan.scenario
    assert (loaded.changes, loaded.repairs, loaded.refusals, loaded.notes) == ((), (), (), ())
