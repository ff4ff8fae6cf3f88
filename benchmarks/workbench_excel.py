"""Excel and back: E06 formulas as LibreOffice computes them, E07 messy files read right or refused."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.bench import HOME, row
from salesforecast import workbench
from salesforecast.planning.scenario import Scenario
from salesforecast.rules import Ceiling, Floor, Lock

IDS = {
    "E06": "our workbook after LibreOffice recalculation: formulas that differ from our values",
    "E07": "messy files read right, or refused with cell addresses",
}
TESTS = HOME / "tests"
SHARED = HOME.parent / "shared" / "data"
_RULES = (
    Floor("Europe/Germany", 900_000, "A. Alberts", "depot"),
    Ceiling("North America", 7_600_000),
    Lock("Europe/France/France/(online)", 400_000),
)


def rows(only: frozenset[str] = frozenset(IDS)) -> Iterator[dict[str, Any]]:
    """The rows of the ids asked for."""
    with tempfile.TemporaryDirectory() as folder:
        if "E06" in only:
            yield formulas(Path(folder))
        if "E07" in only:
            yield messy(Path(folder))


def formulas(folder: Path) -> dict[str, Any]:
    """E06: the planner's workbook of two companies, in both languages and two money steps."""
    from salesforecast.exchange.planner_book import planner_workbook
    from tests.exchange.company import inputs_of, plan_of
    from tests.office import compared, office, same

    if office() is None:
        return row("E06", IDS["E06"], None, "not measured")
    sample = folder / "sample"
    sample.mkdir()
    chinese = inputs_of(sample)
    english = workbench.prepare(HOME / "data" / "adventureworks" / "organisation.toml", draws=200)
    plans = [(plan_of(chinese), chinese, "zh")]
    for step, language in ((1, "en"), (1000, "zh")):
        scenario = Scenario(rules=_RULES, step=step)
        plans.append((workbench.build_plan(english, scenario), english, language))
    checked = differing = 0
    for at, (plan, inputs, language) in enumerate(plans):
        place = folder / f"book{at}"
        place.mkdir()
        path = place / "planner.xlsx"
        path.write_bytes(planner_workbook(plan, inputs.organisation.measure, language=language))
        found = [same(ours, theirs) for _, ours, theirs in compared(path, place)]
        checked, differing = checked + len(found), differing + found.count(False)
    what = f"{IDS['E06']} (of {checked})"
    return row("E06", what, differing, "formulas", aim=0, met=differing == 0)


def messy(folder: Path) -> dict[str, Any]:
    """E07: every file of the tests, and real files of other kinds where the data are there."""
    from tests.exchange.company import inputs_of, plan_of, superstore
    from tests.exchange.messy import files, of_superstore, real
    from tests.exchange.test_load_back import others, what_is_wrong

    company = folder / "company"
    company.mkdir()
    inputs = inputs_of(company)
    plan = plan_of(inputs)
    other, older = others(inputs, plan)
    measure = inputs.organisation.measure
    every = [*files(plan, other, older, measure), *real(SHARED)]
    wrong = [file.name for file in every if what_is_wrong(file, plan, measure)]
    if (SHARED / "superstore_cn").exists():
        real_plan, real_measure = superstore(SHARED, folder)
        more = list(of_superstore(real_plan, real_measure))
        wrong += [file.name for file in more if what_is_wrong(file, real_plan, real_measure)]
        every += more
    good = len(every) - len(wrong)
    what = f"{IDS['E07']} ({len(every)} files{'; wrong: ' + ', '.join(wrong) if wrong else ''})"
    return row("E07", what, good, "files", aim=f"{len(every)} (30 asked for)", met=not wrong)
