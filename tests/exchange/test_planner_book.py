"""The planner's workbook: formulas that hold, cells that can be filled in, nothing else."""

from __future__ import annotations

import io
from dataclasses import replace

import openpyxl
import pytest

from salesforecast.exchange.book import decimals_of
from salesforecast.exchange.planner_book import AT, HEAD, planner_workbook
from salesforecast.exchange.template import input_template
from salesforecast.history.organisation import Measure
from tests.exchange.company import plan_of
from tests.office import compared, office, same


@pytest.fixture(scope="module")
def data(company, plan) -> bytes:
    return planner_workbook(plan, company.organisation.measure, language="zh")


@pytest.fixture(scope="module")
def sheet(data):
    return openpyxl.load_workbook(io.BytesIO(data))["目标"]


@pytest.fixture(scope="module")
def values(data):
    return openpyxl.load_workbook(io.BytesIO(data), data_only=True)


def test_stored_values_are_the_plans(values, plan):
    page = values["目标"]
    for at, (node, unit) in enumerate(plan.units.iterrows()):
        row = [cell.value for cell in page[HEAD + 2 + at]]
        assert row[AT["path"]] == node
        assert row[AT["target"]] * 10_000 == pytest.approx(unit["target"], rel=1e-12)
        assert row[AT["baseline"]] * 10_000 == pytest.approx(unit["baseline"], abs=0.01)
    months = values["各月"]
    assert months.cell(5, 2).value * 10_000 == pytest.approx(plan.months.iloc[0, 0])


def test_totals_growth_and_stretch_are_formulas(sheet, plan):
    for at, leaf in enumerate(plan.units["leaf"]):
        row = HEAD + 2 + at
        assert sheet.cell(row, AT["growth"] + 1).value.startswith("=IF(")
        target = sheet.cell(row, AT["target"] + 1)
        assert target.data_type == ("n" if leaf else "f")
    assert sheet.cell(5, AT["target"] + 1).value.startswith("=ROUND(")


def test_only_cells_to_fill_in_are_unlocked_and_they_are_checked(sheet, plan):
    assert sheet.protection.sheet
    row = HEAD + 2 + list(plan.units.index).index("华东/上海/王芳")
    unlocked = {f for f, at in AT.items() if not sheet.cell(row, at + 1).protection.locked}
    assert unlocked == {"floor", "ceiling", "target", "lock", "owner", "reason"}
    assert sheet.cell(HEAD + 2, AT["target"] + 1).protection.locked  # the company's is a sum
    assert not sheet.cell(3, AT["target"] + 1).protection.locked
    checked = " ".join(str(rule.sqref) for rule in sheet.data_validations.dataValidation)
    assert all(letter in checked for letter in ("E8:", "F8:", "I8:", "H3"))


def test_the_unit_is_said_once_a_sheet_and_amounts_show_in_full(values, sheet):
    for name in ("目标", "各月"):
        said = [
            c.value for line in values[name].iter_rows() for c in line if "万元" in str(c.value)
        ]
        assert len(said) == 1 and said[0].startswith("单位：万元")
    assert sheet.cell(HEAD + 2, AT["target"] + 1).number_format.startswith("#,##0.0;")
    assert [decimals_of(1000, 1), decimals_of(1000, 1000), decimals_of(10_000, 1000)] == [3, 0, 1]
    assert [decimals_of(1, 1), decimals_of(100_000_000, 1), decimals_of(10_000, 5000)] == [0, 4, 1]


def test_the_instructions_fit_one_screen_and_are_in_the_readers_language(company, plan, values):
    page = values["填写说明"]
    assert page.max_row <= 16
    assert "如何填写" in page["A1"].value
    english = planner_workbook(plan, company.organisation.measure, language="en", name="v3")
    book = openpyxl.load_workbook(io.BytesIO(english))
    assert book.sheetnames == ["How to", "Targets", "Months", "salesforecast"]
    assert book["salesforecast"].sheet_state == "veryHidden"
    assert book.active.title == "Targets"
    assert "v3" in book["How to"]["A2"].value


def test_equal_plans_give_equal_bytes_and_other_targets_another_stamp(company, plan, data):
    measure = company.organisation.measure
    assert planner_workbook(plan, measure, language="zh") == data
    moved = planner_workbook(plan_of(company, stretch=0.05), measure, language="zh")
    stamps = [
        openpyxl.load_workbook(io.BytesIO(each))["目标"]["A2"].value for each in (data, moved)
    ]
    assert stamps[0] != stamps[1]


def test_names_are_never_formulas(company, plan):
    measure = replace(company.organisation.measure, name="=1+1", unit="", display="")
    hierarchy = replace(plan.hierarchy, label="=HYPERLINK(1)")
    units = plan.units.copy()
    units.loc["/", "label"] = "=HYPERLINK(1)"
    book = openpyxl.load_workbook(
        io.BytesIO(planner_workbook(replace(plan, hierarchy=hierarchy, units=units), measure))
    )
    cell = book["Targets"].cell(HEAD + 2, 1)
    assert (cell.data_type, cell.value) == ("s", "=HYPERLINK(1)")


def test_the_template_offers_every_unit_and_holds_what_is_known(company, plan):
    made = input_template(plan, company.organisation.measure, language="zh")
    book = openpyxl.load_workbook(io.BytesIO(made))
    assert book.sheetnames[:4] == ["填写说明", "限制", "人员", "产能"]
    assert [row[0].value for row in book["单位列表"].iter_rows()] == list(plan.units.index)
    known = [c.value for c in book["人员"][5]]
    assert known[0] == "西南/四川" and known[2:8] == [2, 2, 2000, "月", "拜访", 1]
    lists = [rule.formula1 for rule in book["限制"].data_validations.dataValidation]
    assert "'单位列表'!$A$1:$A$21" in lists and '"下限,上限,锁定"' in lists


@pytest.mark.office
def test_libreoffice_computes_what_we_stored(company, plan, tmp_path):
    if office() is None:
        pytest.skip("LibreOffice is not installed: run `make system` (as root)")
    path = tmp_path / "planner.xlsx"
    path.write_bytes(planner_workbook(plan, company.organisation.measure))
    formulas = list(compared(path, tmp_path))
    wrong = [(place, ours, theirs) for place, ours, theirs in formulas if not same(ours, theirs)]
    assert wrong == []
    assert len(formulas) > 100


def test_a_plan_of_one_period_has_no_sheet_of_months(plan):
    one = replace(
        plan,
        periods=plan.periods[:1],
        targets=plan.targets[plan.targets["period"] == plan.periods[0]],
    )
    book = openpyxl.load_workbook(io.BytesIO(planner_workbook(one, Measure(unit="EUR"))))
    assert book.sheetnames == ["How to", "Targets", "salesforecast"]
