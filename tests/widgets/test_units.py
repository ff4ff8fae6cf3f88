"""元, 万元 and 亿元: what the screen counts in changes every figure shown and typed, and no plan."""

import pytest

from salesforecast.hierarchy import ROOT
from salesforecast.history.organisation import Measure
from salesforecast.reporting.wording import Wording
from salesforecast.rules import Ceiling
from salesforecast.widgets import editing
from salesforecast.widgets.editing import Cell
from salesforecast.widgets.grid_rows import page_of, rows_of
from salesforecast.widgets.planner import Planner
from salesforecast.widgets.saving import Shelf
from salesforecast.widgets.session import Session
from salesforecast.widgets.units import axis_marks, divisors, unit_words, wording_of


@pytest.fixture
def planner(adventureworks, tmp_path):
    session = Session(adventureworks)
    shelf = Shelf(session, address=tmp_path / "plans.db", acts_as=lambda: "Ann Lee")
    return Planner(session, shelf)


@pytest.mark.parametrize(
    ("language", "units"),
    [
        ("en", ["USD", "thousand USD", "million USD"]),
        ("zh", ["美元", "千美元", "万美元", "亿美元"]),
    ],
)
def test_the_units_are_the_languages_and_the_organisations_own(planner, language, units):
    planner.session.language = language
    assert [words for words, _ in planner.editor.unit.options] == units
    assert planner.session.divisor == 1_000, "until somebody chooses another"


def test_a_unit_that_has_no_words_of_its_own_is_said_as_it_is():
    for unit, divisor, words in (
        ("元", 1, ["元", "万元", "亿元"]),
        ("CNY", 1_000, ["元", "千元", "万元", "亿元"]),
    ):
        measure = Measure("销售额", unit, divisor=divisor)
        said = [
            unit_words(measure, wording_of(measure, "zh", of)) for of in divisors(measure, "zh")
        ]
        assert said == words


def test_every_figure_follows_and_the_plan_stays(planner):
    session = planner.session
    plan = session.plan
    assert session.set_total(12_345_678)
    shown = {1: "12,345,678", 1_000: "12,346", 1_000_000: "12.346"}
    for divisor, words in shown.items():
        planner.editor.unit.value = divisor
        assert session.divisor == divisor
        assert planner.editor.total.value == words
        assert f"{words} {session.unit}" in planner.status.value
        assert words in planner.consequences.parts["total"]
        assert words in session.sentence(ROOT)
        assert page_of(session, rows_of(session))["divisor"] == divisor
    session.undo()
    assert session.plan is plan and not planner.shelf.unsaved


def test_the_waterfall_still_adds_up_as_it_is_shown(planner):
    planner.session.language = "zh"
    planner.editor.unit.value = 100_000_000
    assert planner.session.wording.decimals == 4
    said = planner.session.sentence(ROOT)
    total = f"{planner.session.total / 1e8:,.4f}"
    assert total in said and total in planner.consequences.parts["why"]


def test_no_decimals_beyond_the_step_of_targets(planner):
    session, sent = planner.session, []
    session.language, session.divisor = "zh", 100_000_000
    grid = planner.grid.live
    if grid is not None:
        grid._hear(grid, {"event": "ready"}, [])
        grid.send = sent.append
    assert session.wording.decimals == 4
    assert session.wish("step", step=1_000_000)
    assert session.wording.decimals == 2
    assert not sent or [message["event"] for message in sent][:1] == ["all"]


def test_what_is_typed_is_in_the_unit_of_the_screen(planner):
    session = planner.session
    person = next(n for n in session.plan.units.index if n.endswith("Jae Pak"))
    session.language = "zh"
    session.divisor = 10_000
    planner.editor.total.value = "1,250"
    assert session.total == 12_500_000
    editing.edit(session, [Cell(person, "ceiling", "95")])
    assert session.limit(Ceiling, person) == 950_000
    session.selection = person
    assert planner.editor.amounts[Ceiling].value == "95"
    planner.editor.slider.value += planner.editor.slider.step
    assert session.total == planner.editor.slider.value * 1_000, "the slider keeps its own scale"


def test_a_refusal_speaks_in_the_unit_and_goes_with_it(planner):
    session = planner.session
    person = next(n for n in session.plan.units.index if n.endswith("Jae Pak"))
    session.divisor = 1_000_000
    assert session.set_ceiling(person, 950_000)
    assert not session.set_floor(person, 1_234_567)
    assert "0.95" in session.refusal.why and "1.2346" in session.refusal.why
    assert any("0.950" in way.words or "1.235" in way.words for way in session.refusal.ways)
    session.divisor = 1
    assert session.refusal is None


def test_a_language_without_the_unit_counts_in_the_organisations_own(planner):
    planner.session.language = "zh"
    planner.session.divisor = 10_000
    planner.session.language = "en"
    assert planner.session.divisor == 1_000


def test_the_page_remembers_and_a_page_of_the_past_cannot_break_it(planner):
    planner.session.divisor = 1_000_000
    assert planner.page.kept == {"divisor": 1_000_000}
    planner.session.divisor = 1
    planner._on_opened({"kept": {"divisor": 1_000_000}})
    assert planner.session.divisor == 1_000_000
    for kept in (None, [], {"divisor": 7}, {"divisor": "x"}):
        planner._on_opened({"kept": kept})
        assert planner.session.divisor == 1_000_000


def test_a_file_that_came_back_is_told_in_the_unit_and_the_language_of_the_page(planner):
    import io

    import openpyxl

    from salesforecast.exchange.planner_book import planner_workbook

    session, sheet = planner.session, planner.load_sheet
    content = planner_workbook(session.plan, session.measure, name="x")
    book = openpyxl.load_workbook(io.BytesIO(content))
    page = next(
        p for p in book if p.sheet_state == "visible" and p.max_row > len(session.plan.units)
    )
    row, heads = next(
        (at, [cell.value for cell in line])
        for at, line in enumerate(page.iter_rows(), 1)
        if any(cell.value == "Ceiling" for cell in line)
    )
    place = next(
        at for at, line in enumerate(page.iter_rows(min_row=row), row)
        if any(str(cell.value).strip() == "Jae Pak" for cell in line)
    )  # fmt: skip
    page.cell(place, heads.index("Ceiling") + 1).value = "９50"
    changed = io.BytesIO()
    book.save(changed)
    sheet.open_sheet()
    sheet.read("planner.xlsx", changed.getvalue())
    assert "thousand USD" in sheet.report.value and "→ 950<" in sheet.report.value
    session.language = "zh"
    session.divisor = 10_000
    assert "万美元" in sheet.report.value and "→ 95<" in sheet.report.value
    assert "读作 95" in sheet.report.value
    session.divisor = 1
    assert "→ 950,000<" in sheet.report.value
    sheet.take.click()
    person = next(n for n in session.plan.units.index if n.endswith("Jae Pak"))
    assert session.limit(Ceiling, person) == 950_000


def test_an_axis_says_no_idle_decimals():
    wan, yi = Wording("zh", 10_000, 4), Wording("zh", 100_000_000, 4)
    assert axis_marks(300_000, wan) == ["0", "30", "60", "90"]
    assert axis_marks(2_500, wan) == ["0.00", "0.25", "0.50", "0.75"]
    assert axis_marks(300_000, yi) == ["0.000", "0.003", "0.006", "0.009"]
    assert axis_marks(100_000, Wording("en", 1)) == ["0", "100,000", "200,000", "300,000"]
