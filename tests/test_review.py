"""The monthly review: the notebook runs, and its figures are those of the plan."""

from pathlib import Path

import pandas as pd
import papermill
import pytest

from salesforecast import desk, review, workbench
from salesforecast.hierarchy import ROOT
from salesforecast.planning.scenario import Scenario
from salesforecast.planning.store import Store
from tests.conftest import ADVENTUREWORKS

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "monthly_review.ipynb"


def test_the_meetings_figures_fit_together(tiny_company, tmp_path):
    inputs = desk.open_year(tiny_company, first=pd.Timestamp("2025-07-01"), months=6, draws=100)
    plan = workbench.build_plan(inputs, Scenario(stretch=0.5))
    found = review.review(inputs, plan, as_of=pd.Timestamp("2025-09-30"), draws=100)
    top = found.tracking.units.loc[ROOT]
    assert found.table.values["to_date"].sum() == pytest.approx(top["actual"])
    assert ROOT in found.endangered.index and found.endangered.loc[ROOT, "short"] > 0
    assert found.quantities.empty  # the tiny company counts no pieces
    written = review.write_review(found, tmp_path)
    assert [path.name for path in written] == [
        "tracking.csv", "management_table.csv", "endangered.csv", "quantities.csv",
    ]  # fmt: skip


@pytest.mark.notebook
def test_the_notebook_runs_on_a_stored_plan(tmp_path):
    inputs = desk.open_year(ADVENTUREWORKS, first=pd.Timestamp("2012-09-01"), draws=100)
    plan = workbench.build_plan(inputs, Scenario(stretch=0.05, step=100))
    with Store(tmp_path / "plans.db", user="ann") as store:
        store.save("FY", plan, reason="the year")
    papermill.execute_notebook(
        str(NOTEBOOK), str(tmp_path / "out.ipynb"), cwd=str(NOTEBOOK.parent), progress_bar=False,
        parameters={"store": str(tmp_path / "plans.db"), "name": "FY", "draws": 100,
                    "organisation": str(ADVENTUREWORKS), "folder": str(tmp_path)},
    )  # fmt: skip
    table = pd.read_csv(tmp_path / "tracking.csv", index_col=0)
    assert table.loc["/", "target"] == plan.units.loc["/", "target"]
    pieces = pd.read_csv(tmp_path / "quantities.csv", index_col=0)
    assert list(pieces.index) == ["Accessories", "Bikes", "Clothing", "Components"]
    assert pieces.shape[1] == 6 and (pieces.sum(axis=1) > 0).all()
    marked = pd.read_csv(tmp_path / "management_table.csv", index_col=0)
    assert marked.map(lambda v: str(v)[-1:] in "▲●▼").to_numpy().sum() >= 6
