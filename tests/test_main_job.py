"""The main job on the real sample organisation, in a real kernel, by way of the command's own path."""

from pathlib import Path

import pandas as pd
import pytest

from salesforecast import runs

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    outputs = tmp_path_factory.mktemp("outputs")
    said = []
    done = runs.run(
        "quarterly_allocation",
        {"draws": 200},
        outputs=outputs,
        notebooks=NOTEBOOKS,
        progress=said.append,
    )
    return done, outputs, said


@pytest.mark.notebook
def test_a_run_leaves_everything_that_people_read(result):
    done, outputs, said = result
    names = {path.name for path in (outputs / "latest").iterdir()}
    assert {
        "report.html", "targets.xlsx", "targets.csv", "targets.parquet", "manifest.json",
        "quarterly_allocation.ipynb",
    } <= names  # fmt: skip
    assert done.status == "published"
    stages = ["load", "validate", "history", "forecast", "allocate", "hindcast", "report"]
    assert [stage for stage in stages if any(stage in line for line in said)] == stages


@pytest.mark.notebook
def test_the_csv_alone_ties_out_at_every_node_and_month(result):
    table = pd.read_csv(result[1] / "latest" / "targets.csv", encoding="utf-8-sig")
    first = ["node", "label", "parent", "level", "period", "target", "assigned"]
    assert list(table.columns[:7]) == first
    sums = table.groupby(["parent", "period"])["target"].sum()
    own = table.set_index(["node", "period"])["target"]
    inner = sums.index.intersection(own.index)
    assert len(inner) == len(sums.loc[sums.index.get_level_values("parent").notna()])
    assert (sums[inner] == own[inner]).all()


@pytest.mark.notebook
def test_the_same_input_is_not_run_again_unless_forced(result):
    done, outputs, _ = result
    again = runs.run("quarterly_allocation", {"draws": 200}, outputs=outputs, notebooks=NOTEBOOKS)
    assert (again.status, again.run_id) == ("unchanged", done.run_id)
    forced = runs.run(
        "quarterly_allocation", {"draws": 200}, outputs=outputs, notebooks=NOTEBOOKS, force=True
    )
    assert (forced.folder / "targets.csv").read_bytes() == (
        done.folder / "targets.csv"
    ).read_bytes()
