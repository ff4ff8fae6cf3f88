"""The workbook's totals are formulas whose stored values are right, here and in LibreOffice."""

from dataclasses import replace

import openpyxl
import pytest

from salesforecast.reporting.sheet import sheet_name
from salesforecast.reporting.workbook import write_workbook
from tests.office import compared, office, recalculated, same

HEAD = 4  # row of the column heads, counted from 1
LEVELS = {"Company": "company", "Group": "group", "Country": "country", "Territory": "territory",
          "Position": "position"}  # fmt: skip


@pytest.fixture(scope="module")
def path(report, tmp_path_factory):
    return write_workbook(report, tmp_path_factory.mktemp("book") / "targets.xlsx")


@pytest.fixture(scope="module")
def formulas(path):
    return openpyxl.load_workbook(path)


@pytest.fixture(scope="module")
def values(path):
    return openpyxl.load_workbook(path, data_only=True)


def test_there_is_a_sheet_for_each_level_and_list(formulas):
    assert formulas.sheetnames == [
        "Overview", *LEVELS, "Limits", "Findings", "Hindcast", "Far off", "Hindcast detail"
    ]  # fmt: skip


def test_stored_values_are_the_plans(values, report):
    units, months = report.plan.units, report.plan.months
    for name, level in LEVELS.items():
        rows = table(values[name])
        expected = units[units["level"] == level]
        assert [row["Target"] for row in rows] == list(expected["target"])
        assert [row["Oct 2013"] for row in rows] == list(months.loc[expected.index].iloc[:, 1])
        assert [row["Forecast"] for row in rows] == pytest.approx(list(expected["forecast"]))


def test_every_total_is_a_formula_and_only_the_positions_months_are_figures(formulas):
    for name in LEVELS:
        for row in table(formulas[name]):
            assert str(row["Target"]).startswith("=SUM(")
            assert str(row["Growth"]).startswith("=IF(")
            month = row["Sep 2013"]
            assert isinstance(month, int) if name == "Position" else month.startswith("=SUMIFS(")


def test_text_from_data_is_never_a_formula(formulas, values):
    texts = [
        cell
        for sheet in formulas
        for line in sheet.iter_rows()
        for cell in line
        if cell.data_type == "f"
        and not str(cell.value).startswith(("=SUM(", "=SUMIFS(", "=IF(", "=B"))
    ]
    assert texts == []
    labels = {row["Position"] for row in table(values["Position"])}
    assert {"=HYPERLINK(1)", "@Ann", "-Bo", "江 小白"} <= labels
    assert {row["Set by, and why"] for row in table(values["Limits"])} == {"A. <Boss>"}
    assert {row["Why"] for row in table(values["Limits"])} == {"=cmd|'/c calc'!A1"}


def test_heads_are_frozen_and_the_sheet_prints(formulas):
    for name in (*LEVELS, "Limits", "Findings", "Hindcast", "Far off", "Hindcast detail"):
        sheet = formulas[name]
        assert sheet.freeze_panes in ("C5", "B5")
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.page_setup.paperSize == 9
        assert sheet.print_title_rows == "$4:$4"
        assert sheet.auto_filter.ref.startswith("A4:")


def test_figures_have_formats_and_columns_fit(formulas):
    sheet = formulas["Position"]
    heads = {cell.value: cell for cell in sheet[HEAD]}
    row = HEAD + 1
    assert sheet.cell(row, heads["Target"].column).number_format.startswith("#,##0")
    assert sheet.cell(row, heads["Growth"].column).number_format.endswith("0.0%")
    assert sheet.cell(row, heads["Chance"].column).number_format == "0%"
    longest = max(len(str(row["Position"])) for row in table(sheet))
    assert sheet.column_dimensions[heads["Position"].column_letter].width >= longest


def test_the_overview_shows_that_it_ties_out(values, formulas, report):
    total, summed, gap = (values["Overview"].cell(HEAD + at, 2).value for at in (1, 2, 3))
    assert (total, summed, gap) == (report.plan.scenario.total, report.plan.scenario.total, 0)
    assert formulas["Overview"].cell(HEAD + 2, 2).value.startswith("=SUM('Position'!")
    assert isinstance(formulas["Overview"].cell(HEAD + 1, 2).value, int)


def test_the_unit_is_said_once_a_sheet(values):
    for name in LEVELS:
        said = [c.value for line in values[name].iter_rows() for c in line if "USD" in str(c.value)]
        assert len(said) == 1
        assert said[0].startswith("Amounts in USD.")


def test_assigned_is_shown_where_there_is_a_hedge(report, tmp_path):
    units = report.plan.units.copy()
    units["assigned"] += 1000
    hedged = replace(report, plan=replace(report.plan, units=units))
    book = openpyxl.load_workbook(write_workbook(hedged, tmp_path / "h.xlsx"), data_only=True)
    assert [row["Assigned"] for row in table(book["Group"])] == list(
        units.loc[units["level"] == "group", "assigned"]
    )


def test_the_chinese_workbook_has_the_same_figures(report, values, tmp_path):
    book = openpyxl.load_workbook(
        write_workbook(report, tmp_path / "zh.xlsx", "zh"), data_only=True
    )
    assert book.sheetnames[:6] == ["概览", "公司", "大区", "国家", "地区", "岗位"]
    assert [r["目标"] for r in table(book["岗位"])] == [
        r["Target"] for r in table(values["Position"])
    ]


def test_the_same_plan_gives_the_same_bytes(report, path, tmp_path):
    assert write_workbook(report, tmp_path / "again.xlsx").read_bytes() == path.read_bytes()


def test_sheet_names_are_what_excel_takes():
    assert sheet_name("a/b:c*[d]?\\", []) == "A b c  d"
    assert sheet_name("x" * 40, ["X" + "x" * 30]) == "X" + "x" * 28 + " 2"
    assert sheet_name("history", []) == "History "
    assert sheet_name("'", []) == "-"
    assert sheet_name("目标", ["目标"]) == "目标 2"


@pytest.mark.office
def test_libreoffice_recalculates_to_the_stored_values(path, tmp_path):
    needs_office()
    formulas = list(compared(path, tmp_path))
    assert [(place, a, b) for place, a, b in formulas if not same(a, b)] == []
    assert len(formulas) > 90


@pytest.mark.office
def test_a_month_changed_by_a_planner_moves_every_level_above(path, values, tmp_path):
    needs_office()
    book = openpyxl.load_workbook(path)
    sheet = book["Position"]
    heads = {cell.value: cell.column for cell in sheet[HEAD]}
    row = next(r for r in range(HEAD + 1, sheet.max_row + 1) if sheet.cell(r, 2).value == "-Bo")
    sheet.cell(row, heads["Oct 2013"]).value += 7000
    book.save(tmp_path / "edited.xlsx")
    computed = recalculated(tmp_path / "edited.xlsx", tmp_path)
    for name, label in {"Company": 'Bikes "R" Us <&>', "Group": "Pacific", "Country": "Australia",
                        "Territory": "Australia", "Position": "-Bo"}.items():  # fmt: skip
        before = {r[name]: r["Target"] for r in table(values[name])}
        after = {r[name]: r["Target"] for r in table(computed[name])}
        assert after == {**before, label: before[label] + 7000}, name
    assert computed["Overview"].cell(HEAD + 3, 2).value == 7000


def table(sheet):
    """Rows below the head as dictionaries."""
    heads = [cell.value for cell in sheet[HEAD]]
    rows = sheet.iter_rows(min_row=HEAD + 1, values_only=True)
    return [dict(zip(heads, row, strict=True)) for row in rows]


def needs_office():
    if office() is None:
        pytest.skip("LibreOffice is not installed: run `make system` (as root)")
