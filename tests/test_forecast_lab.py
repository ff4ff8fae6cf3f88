"""The page that takes one unit's forecast apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from salesforecast.errors import ParameterError
from salesforecast.widgets import forecast_lab

ROOT = Path(__file__).parents[1]


@pytest.mark.notebook
def test_forecast_lab_shows_members_trust_ranges_and_a_backtest(tmp_path):
    import papermill

    notebook = papermill.execute_notebook(
        str(ROOT / "notebooks" / "forecast_lab.ipynb"),
        str(tmp_path / "forecast_lab.ipynb"),
        parameters={
            "organisation": str(ROOT / "data" / "adventureworks" / "organisation.toml"),
            "origins": 2,
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
    assert any("wape, last year" in page and "coverage80" in page for page in pages)
    assert not any("<script" in page for page in pages)


def test_a_studys_parts_agree_with_the_forecast(tiny_inputs):
    company = forecast_lab.study(tiny_inputs)
    made = tiny_inputs.forecast
    total = made.frame.groupby("period")["forecast"].sum()
    assert np.allclose(company.forecast, total)
    assert np.allclose(company.draws.mean(), total, rtol=1e-6)
    assert company.history.sum() == pytest.approx(tiny_inputs.history.frame["sales"].sum())
    weights = company.accuracy["weight"].drop("mix")
    assert weights.sum() == pytest.approx(1.0)
    assert set(weights.index) == set(company.members.columns)
    fan = company.fan()
    assert (fan[["low80", "low50", "high50", "high80"]].diff(axis=1).iloc[:, 1:] >= 0).all(
        axis=None
    )


def test_every_node_can_be_studied_and_drawn(tiny_inputs):
    for node in tiny_inputs.hierarchy.nodes.index:
        one = forecast_lab.study(tiny_inputs, node)
        for picture in (forecast_lab.members_chart(one), forecast_lab.fan_chart(one)):
            assert "nan" not in picture.svg
    with pytest.raises(ParameterError, match="cannot be studied"):
        forecast_lab.study(tiny_inputs, "Atlantis")
