"""The page that shows every criterion, a conflict, its repair and an explanation."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pytest

from salesforecast.allocation.conflicts import diagnose, repaired
from salesforecast.widgets import fair_splits

ROOT = Path(__file__).parents[1]


@pytest.mark.notebook
def test_fair_splits_shows_criteria_a_conflict_its_repair_and_an_explanation(tmp_path):
    import papermill

    notebook = papermill.execute_notebook(
        str(ROOT / "notebooks" / "fair_splits.ipynb"),
        str(tmp_path / "fair_splits.ipynb"),
        parameters={
            "organisation": str(ROOT / "data" / "adventureworks" / "organisation.toml"),
            "draws": 200,
        },
        progress_bar=False,
        execution_timeout=120,
        start_timeout=120,
        cwd=str(tmp_path),
    )
    pages = [
        output["data"]["text/html"]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "text/html" in output.get("data", {})
    ]
    assert sum("<svg" in page for page in pages) == 3
    assert any("chance_spread" in page and "price_of_fairness" not in page for page in pages)
    assert any("too much" in page and "or raise" in page for page in pages)
    assert any("Last year" in page and "去年实际" in page for page in pages)
    assert any("Without the ceiling of North America" in page for page in pages)
    assert not any("<script" in page for page in pages)


def test_every_criterion_splits_the_same_total_and_the_repair_is_kept(tiny_inputs):
    total = round(tiny_inputs.leaves["forecast"].sum())
    splits = fair_splits.compare(tiny_inputs, total)
    assert len(splits.splits) == len(fair_splits.CRITERIA)
    assert all(split.targets.sum() == total for split in splits.splits.values())
    assert splits.table().loc["/"].eq(total).all()
    assert set(splits.measures().index) == set(splits.splits)
    wishes = fair_splits.contradicting(tiny_inputs)
    baseline = tiny_inputs.leaves["history"]
    conflicts = diagnose(total, tiny_inputs.hierarchy, wishes, baseline=baseline)
    assert conflicts
    agreed, limits = repaired(total, wishes, conflicts)
    kept = fair_splits.compare(tiny_inputs, int(agreed), rules=limits)
    assert kept.splits["forecast"].targets.sum() == agreed
    told = fair_splits.before_and_after(conflicts)
    assert all(escape(change.to.words()) in told for change in conflicts[0].repairs)


def test_gains_add_up_and_a_budget_bounds_what_moves(tiny_inputs):
    total = round(tiny_inputs.leaves["forecast"].sum())
    splits = fair_splits.compare(tiny_inputs, total, criteria=["history", "equal uplift"])
    assert splits.measures()["price_of_fairness"].between(0, 1).all()
    assert splits.gains("equal uplift").count("<rect") == 2
    table = splits.under_budgets("equal uplift")
    assert table["moved"].is_monotonic_decreasing and table["changed"].is_monotonic_decreasing
    assert (table["moved"] <= table.index.str.replace(",", "").astype(float)).all()
    assert table["moved"].iloc[0] > table["moved"].iloc[-1] == 0
