"""The page that takes one unit's forecast apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesforecast.errors import DataError, ParameterError
from salesforecast.forecasting.overrides import read_overrides
from salesforecast.widgets import forecast_lab, lab_parts
from salesforecast.widgets.lab_words import COLUMNS, WORDS, figure, headed
from salesforecast.widgets.override_form import OverrideForm, override_path, proposed, tried
from tests.influences.conftest import company  # noqa: F401 (a fixture)

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
            "language": "zh",
        },
        progress_bar=False,
        execution_timeout=120,
        start_timeout=120,
        cwd=str(tmp_path),
    )
    outputs = [o["data"] for cell in notebook.cells for o in cell.get("outputs", ()) if "data" in o]
    pages = [data["text/html"] for data in outputs if "text/html" in data]
    assert sum("<svg" in page for page in pages) == 4
    assert any("误差率，去年同期" in page and "80 % 覆盖率" in page for page in pages)
    assert any("预测的构成" in page for page in pages)
    assert sum("application/vnd.jupyter.widget-view+json" in data for data in outputs) == 1
    assert not any("<script" in page for page in pages)
    assert not any(o.get("name") == "stderr" for c in notebook.cells for o in c.get("outputs", ()))


def test_a_studys_parts_agree_with_the_forecast(tiny_inputs):
    whole = forecast_lab.study(tiny_inputs)
    made = tiny_inputs.forecast
    total = made.frame.groupby("period")["forecast"].sum()
    assert np.allclose(whole.forecast, total)
    assert np.allclose(whole.draws.mean(), total, rtol=1e-6)
    assert whole.history.sum() == pytest.approx(tiny_inputs.history.frame["sales"].sum())
    weights = whole.accuracy["weight"].drop("mix")
    assert weights.sum() == pytest.approx(1.0)
    assert set(weights.index) == set(whole.members.columns)
    fan = whole.fan()
    assert (fan[["low80", "low50", "high50", "high80"]].diff(axis=1).iloc[:, 1:] >= 0).all(
        axis=None
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_node_can_be_studied_and_drawn(tiny_inputs, language):
    for node in tiny_inputs.hierarchy.nodes.index:
        one = forecast_lab.study(tiny_inputs, node, language=language)
        drawn = [draw(one) for draw in (forecast_lab.members_chart, forecast_lab.fan_chart)]
        drawn.append(forecast_lab.history_chart(one))
        drawn.append(lab_parts.parts_chart(tiny_inputs, node, language=language))
        for picture in drawn:
            assert "nan" not in picture.svg
    with pytest.raises(ParameterError, match="cannot be studied"):
        forecast_lab.study(tiny_inputs, "Atlantis")


def test_the_words_exist_in_both_languages():
    assert set(WORDS["en"]) == set(WORDS["zh"])
    with pytest.raises(ParameterError, match="no language"):
        lab_parts.say("fr", "sales")
    assert set(COLUMNS) >= {"weight", "wape", "bias", "helped"}


def test_the_parts_add_up_and_name_everything_declared(company):  # noqa: F811
    files = {"overrides.toml": _override_text()}
    event = '[[event]]\nname = "fair"\nnode = "North"\nperiods = "2024-02"\neffect = 0.3\n'
    inputs = company(event, None, files, top='overrides = "overrides.toml"\n')
    for node in ("", "North", "North/Ann", "South"):
        table = lab_parts.parts(inputs, node)
        assert np.allclose(table.drop(columns="forecast").sum(axis=1), table["forecast"])
        assert {"level", "season", "trend", "events", "override"} <= set(table.columns)
    assert lab_parts.effects(inputs, "North")["effect"].tolist() == pytest.approx([0.3])
    assert "水平" in headed(lab_parts.parts(inputs), "zh").columns


def _override_text() -> str:
    return (
        '[[override]]\nnode = "North"\nperiods = ["2024-01"]\ncutoff = "2023-12"\nauthor = "A"\n'
        'reason = "b"\nchange = 0.1\n'
    )


def test_what_is_odd_says_how_to_treat_it_and_how_to_undo_that(company):  # noqa: F811
    def peak(frame):
        hit = (frame["person"] == "Ann") & (frame["date"] == frame["date"].iloc[-30])
        return frame.assign(amount=frame["amount"].where(~hit, frame["amount"] * 6))

    found = lab_parts.odd(company("", peak))
    assert found["state"].tolist() == ["found, left as it is"]
    assert "outliers = true" in found["what to write"].iloc[0]
    treated = lab_parts.odd(company("[treatment]\noutliers = true\n", peak), language="zh")
    assert treated["state"].tolist() == ["已处理"]
    assert 'keep = ["North/Ann, pens, 2023-03"]' in treated["what to write"].iloc[0]


def test_an_override_is_tried_recorded_and_used_from_the_next_run_on(company):  # noqa: F811
    from salesforecast import workbench

    inputs = company("", None, top='overrides = "overrides.toml"\n')
    form = OverrideForm(inputs)
    form.node.value, form.months.value = "North", ("2024-01", "2024-02")
    form.change.value, form.author.value = "１０%", "Ann"
    form.try_it.click()
    assert "no author or no reason" in form.said.value
    form.reason.value = "a <new> account"
    form.try_it.click()
    assert "+10.0%" in form.said.value
    assert form.tried is not None
    assert not override_path(inputs).exists()
    form.record.click()
    assert "overrides.toml" in form.said.value
    kept = read_overrides(override_path(inputs))
    assert [(one.node, one.change, one.cutoff) for one in kept] == [("North", 0.1, "2023-12")]
    form.change.value = "lots"
    form.record.click()
    assert "is no number" in form.said.value
    assert len(read_overrides(override_path(inputs))) == 1
    again = workbench.prepare(inputs.organisation.folder / "organisation.toml", draws=200)
    used = form.tried.frame["forecast"].to_numpy()
    assert again.forecast.frame["forecast"].to_numpy() == pytest.approx(used)
    with pytest.raises(DataError, match="of no unit"):
        tried(inputs, proposed(inputs, "West", ["2024-01"], author="a", reason="b", change=0.1))


def test_exceptional_growth_is_shown_damped_or_not_and_how_to_change_that(company):  # noqa: F811
    def rising(frame):
        year = pd.to_datetime(frame["date"]).dt.year
        times = 2.0 ** (year - year.min())
        return frame.assign(amount=frame["amount"].where(frame["person"] != "Ann", frame["amount"] * times))  # fmt: skip

    found = lab_parts.grown(company("", rising))
    assert found["node"].tolist() == ["North/Ann"]
    assert (found["expected"] > found["kept"]).all()
    assert "growth = true" in found["what to write"].iloc[0]
    treated = lab_parts.grown(company("[treatment]\ngrowth = true\n", rising), language="zh")
    assert treated["state"].tolist() == ["已处理"]
    assert 'keep = ["North/Ann, growth"]' in treated["what to write"].iloc[0]
    assert lab_parts.grown(company("", rising), "South").empty


def test_figures_of_a_table_are_said_as_amounts_or_shares():
    said = [figure(value) for value in (263516.0, -1234.0, -0.0, 0.151, 1.0, 2.0625)]
    assert said == ["263,516", "-1,234", "0", "0.151", "1", "2.062"]
