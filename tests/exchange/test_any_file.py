"""Whatever is typed, however it is written and rearranged: it is taken as meant, or refused by cell."""

from __future__ import annotations

import io

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesforecast.exchange.load_back import load_back
from salesforecast.exchange.planner_book import AT, HEAD, planner_workbook
from tests.examples import examples
from tests.exchange.company import PEOPLE
from tests.exchange.messy import as_csv, as_xlsx
from tests.exchange.test_load_back import limits_of

NODES = ["/".join(parts) for parts in PEOPLE]
WIDE = str.maketrans("0123456789.,", "０１２３４５６７８９．，")
WRITTEN = {
    "number": lambda v: v / 10_000,
    "text": lambda v: f"{v / 10_000:g}",
    "separators": lambda v: f"{v / 10_000:,.2f}",
    "full width": lambda v: f"{v / 10_000:,.1f}".translate(WIDE),
    "wan": lambda v: f"{v / 10_000:.1f}万",
    "yi": lambda v: f"{v / 100_000_000:.6f} 亿元",
    "yuan": lambda v: f"¥{v / 1_000:.0f}千",
    "percent": lambda v: f"{v / 10_000:.1f}%",
    "word": lambda v: f"约{v / 10_000:.1f}",
}
REFUSED = {"percent", "word"}


@pytest.fixture(scope="module")
def grids(company, plan):
    """The sheet of targets as cells, in both languages."""
    out = {}
    for language, name in (("en", "Targets"), ("zh", "目标")):
        data = planner_workbook(plan, company.organisation.measure, language=language)
        sheet = openpyxl.load_workbook(io.BytesIO(data), data_only=True)[name]
        out[language] = [list(row) for row in sheet.iter_rows(values_only=True)]
    return out


@settings(max_examples=examples(60))
@given(data=st.data())
def test_a_typed_target_is_taken_as_meant_or_refused_by_its_cell(company, plan, grids, data):
    language = data.draw(st.sampled_from(["en", "zh"]))
    grid = [["" if v is None else v for v in row] for row in grids[language]]
    typed = data.draw(
        st.dictionaries(st.sampled_from(NODES), st.sampled_from(sorted(WRITTEN)), max_size=4)
    )
    wanted = {}
    for node, style in typed.items():
        row = next(row for row in grid[HEAD + 1 :] if row[AT["path"]] == node)
        factor = data.draw(st.integers(40, 300))
        target = int(plan.units.loc[node, "target"]) * factor // 100_000 * 1000
        row[AT["target"]] = WRITTEN[style](target)
        before = limits_of(plan.scenario).get((node, "lock"), int(plan.units.loc[node, "target"]))
        if style not in REFUSED and target != before:
            wanted[node] = target
    body = data.draw(st.permutations(grid[HEAD + 1 :]))
    order = data.draw(st.permutations(range(len(AT))))
    titles = [["通知"]] * data.draw(st.integers(0, 3))
    shuffled = [[row[at] for at in order] for row in [*grid[2:HEAD], grid[HEAD], *body]]
    page = [*titles, *grid[:2], *shuffled]
    kind = data.draw(st.sampled_from(["xlsx", "utf-8", "utf-8-sig", "gb18030"]))
    sent = as_xlsx(page) if kind == "xlsx" else as_csv(page, kind)
    loaded = load_back(sent, "sent", plan, company.organisation.measure, language=language)

    refused = {note.unit for note in loaded.refusals}
    assert refused == {node for node, style in typed.items() if style in REFUSED}
    locks = {**limits_of(plan.scenario), **{(node, "lock"): v for node, v in wanted.items()}}
    assert limits_of(loaded.scenario) == locks
    assert loaded.scenario.total is None
    assert loaded.scenario.headcount == plan.scenario.headcount
