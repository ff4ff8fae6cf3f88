"""The director's page and workbook say what moved the forecast besides time, and why."""

from __future__ import annotations

import openpyxl
import pytest

from salesforecast import workbench
from salesforecast.planning.scenario import Scenario
from salesforecast.reporting.page import write_page
from salesforecast.reporting.workbook import write_workbook
from salesforecast.results import build_report
from tests.influences.test_judgement import PATH, _override


@pytest.mark.parametrize(
    ("language", "head", "says"),
    [
        ("en", "What moved the forecast besides time: 2", "the event moves sales by +30.0 %"),
        ("zh", "除时间外影响预测的因素：2 条", "该事件 使销售变动 +30.0 %"),
    ],
)
def test_the_report_names_every_influence_with_its_reason(company, tmp_path, language, head, says):
    event = '[[event]]\nname = "fair"\nperiods = "2024-02"\neffect = 0.3\n'
    files = {"overrides.toml": _override("North", "change = 0.1")}
    inputs = company(event, None, files, top=PATH)
    plan = workbench.build_plan(inputs, Scenario())
    report = build_report(inputs, plan, parameters={"language": language})
    write_page(report, tmp_path / "report.html", language=language)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert head in page
    assert "a new key account" in page
    assert says in page
    write_workbook(report, tmp_path / "targets.xlsx", language=language)
    sheets = openpyxl.load_workbook(tmp_path / "targets.xlsx", read_only=True)
    cells = [
        str(cell) for sheet in sheets for row in sheet.iter_rows(values_only=True) for cell in row
    ]
    assert any("a new key account" in cell for cell in cells)
    assert not report.warnings() or all("fair" not in f.what for f in report.warnings())
