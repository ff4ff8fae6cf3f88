"""Small plans, and the two databases that every store test runs on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import postgres
from salesforecast.errors import Finding
from salesforecast.hierarchy import Hierarchy
from salesforecast.planning.plan import Plan
from salesforecast.planning.scenario import Scenario
from salesforecast.rules import Floor
from salesforecast.tables import TARGETS

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    """A real PostgreSQL server; its tests are skipped, saying so, where there is none."""
    if postgres.programs() is None:
        pytest.skip(postgres.MISSING)
    running = postgres.Server()
    yield running
    running.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty store: a SQLite file, then a PostgreSQL database."""
    if request.param == "sqlite":
        return str(tmp_path / "plans.db")
    return request.getfixturevalue("server").database(f"store{next(_NUMBERS)}")


@pytest.fixture
def small_plan() -> Plan:
    """Three people, two products, three months, one limit; frames as the workbench makes them."""
    tree = Hierarchy.of(
        ["w/a", "w/b", "s/c"], levels=("company", "region", "person"), label="Company"
    )
    months = pd.date_range("2013-09-01", periods=3, freq="MS", unit="us")
    rows = [
        {"node": leaf, "product": product, "period": month, "target": 100 * n + 7 * m}
        for n, leaf in enumerate(tree.leaves, 1)
        for m, month in enumerate(months)
        for product in ("Bikes", "Clothing")
    ]
    units = tree.nodes.assign(chance=0.5, limit="", growth=float("nan"))
    limits = pd.DataFrame({"limit": ["floor of 1"], "node": ["w"], "held_at": [1]})
    scenario = Scenario(rules=(Floor("w", 1, owner="Ann", reason="agreed"),))
    explanation = pd.DataFrame({"fair share": [1] * len(tree.nodes)}, index=tree.nodes.index)
    targets = TARGETS.check(pd.DataFrame(rows))
    return Plan(scenario, tree, months, units=units, explanation=explanation, targets=targets,
                limits=limits, level_words="growth of 2 %",
                findings=(Finding("warning", "gap", "row 3", "filled", 2),))  # fmt: skip


@pytest.fixture
def changed() -> Callable[[Plan, int], Plan]:
    """Give a plan's first cell another amount, so that versions differ."""

    def change(plan: Plan, more: int) -> Plan:
        targets = plan.targets.copy()
        targets.loc[0, "target"] += more
        return replace(plan, targets=targets)

    return change
