"""Overrides, the pipeline, openings and changed regions: coherent, explained, judged later."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesforecast.errors import DataError
from salesforecast.forecasting.moved import by_leaf
from tests.influences.conftest import MONTHS, by_unit

PATH = 'overrides = "overrides.toml"\n'
OVERRIDE = """
[[override]]
node = "{node}"
periods = {periods}
cutoff = "2023-12"
author = "A. Alberts"
reason = "a new key account"
{figure}
"""


def _override(node: str, figure: str, periods: str = '["2024-01", "2024-02"]') -> str:
    return OVERRIDE.format(node=node, figure=figure, periods=periods)


def _sum(inputs, node: str, months: list[str]) -> float:
    frame = inputs.forecast.frame
    inside = frame["node"].isin(inputs.hierarchy.within(node))
    return frame.loc[inside & frame["period"].isin(pd.to_datetime(months)), "forecast"].sum()


def _coherent(inputs) -> None:
    made = inputs.forecast
    mean = made.samples.values.mean(axis=0)
    assert np.allclose(mean, by_leaf(made.frame, made.samples), rtol=1e-3)


def test_an_override_is_met_exactly_and_everything_else_follows(company):
    plain = company()
    files = {"overrides.toml": _override("North", "change = 0.1")}
    inputs = company("", None, files, top=PATH)
    _coherent(inputs)
    months = ["2024-01-01", "2024-02-01"]
    assert _sum(inputs, "North", months) == pytest.approx(1.1 * _sum(plain, "North", months))
    ratio = by_unit(inputs) / by_unit(plain)
    assert ratio["North/Ann"] == pytest.approx(ratio["North/Bo"], rel=1e-4)
    assert ratio["South/Cy"] == pytest.approx(1.0)
    assert _sum(inputs, "North", ["2024-03-01"]) == pytest.approx(
        _sum(plain, "North", ["2024-03-01"])
    )
    row = inputs.influences.overrides.iloc[0]
    assert (row["author"], row["with"] / row["without"]) == ("A. Alberts", pytest.approx(1.1))
    assert any("a new key account" in str(one) for one in inputs.influences.findings)


def test_a_locked_company_makes_siblings_give_way(company):
    both = _override("North", "value = 8000") + _override("/", "value = 13000")
    inputs = company("", None, {"overrides.toml": both}, top=PATH)
    months = ["2024-01-01", "2024-02-01"]
    assert _sum(inputs, "North", months) == pytest.approx(8000)
    assert _sum(inputs, "/", months) == pytest.approx(13000)
    assert _sum(inputs, "South", months) == pytest.approx(5000)
    _coherent(inputs)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (_override("West", "change = 0.1"), "of no unit"),
        (_override("North", "change = 0.1\nvalue = 3"), "neither a value nor a change, or both"),
        (_override("North", "change = 0.1", '["soon"]'), "wrong period"),
        (_override("North", 'change = "much"'), "is a number"),
        (_override("North", "chance = 0.1"), "did you mean 'change'"),
        (
            _override("North", "value = 1") + _override("South", "value = 1") + _override("/", "value = 3"),
            "contradict each other",
        ),
    ],
)  # fmt: skip
def test_an_override_that_cannot_be_is_refused(company, text, says):
    with pytest.raises(DataError, match=says):
        company("", None, {"overrides.toml": text}, top=PATH)


def test_one_that_was_made_later_or_for_the_past_does_not_count(company):
    later = _override("North", "change = 0.1").replace('"2023-12"', '"2024-01"')
    past = _override("North", "change = 0.1", '["2023-10"]')
    inputs = company("", None, {"overrides.toml": later + past}, top=PATH)
    assert inputs.influences.overrides.empty


PIPELINE = """
[pipeline]
path = "projects.csv"
node = "region"
value = "value"
date = "expected"
stage = "stage"
as_of = "stated"
[pipeline.stages]
"投标" = 0.5
"备货执行" = 0.9
"""


def _project_business(frame: pd.DataFrame) -> pd.DataFrame:
    """The south sells by projects: erratic, no model can know it."""
    rng = np.random.default_rng(3)
    size = pd.Series(rng.lognormal(0, 0.6, len(MONTHS)), index=MONTHS)
    mine = frame["region"] == "South"
    return frame.assign(amount=frame["amount"].where(~mine, 3000 * frame["date"].map(size)))


def _projects(frame: pd.DataFrame, *, statements: int) -> pd.DataFrame:
    """What was known a month ahead of each quarter: all that came, half of it by weight."""
    sold = frame[frame["region"] == "South"].set_index("date")["amount"]
    rows = []
    for back in range(statements):
        first = pd.Timestamp("2024-01-01") - pd.DateOffset(months=3 * back)
        for at in pd.date_range(first, periods=3, freq="MS"):
            value = sold.get(at, 9000.0)
            rows.append(
                {
                    "region": "South",
                    "stage": "投标",
                    "value": value,
                    "expected": at,
                    "stated": first,
                }
            )
    return pd.DataFrame(rows)


def test_the_pipeline_counts_by_how_right_it_was(company):
    from tests.influences.conftest import orders

    known = _projects(orders(_project_business), statements=7)
    inputs = company(PIPELINE, _project_business, {"projects.csv": known})
    _coherent(inputs)
    opinion = inputs.influences.opinions.set_index("node").loc["South"]
    assert opinion["outcomes"] == 6
    assert opinion["coverage"] == pytest.approx(2.0, rel=0.05)  # weighted by half, all came
    assert opinion["error_pipeline"] < 0.5 * opinion["error_models"]
    assert 0.5 < opinion["weight"] < 0.9
    south = _sum(inputs, "South", ["2024-01-01", "2024-02-01", "2024-03-01"])
    models = inputs.influences.steps.query("step == 'time' and node == 'South/Cy'")["amount"].iloc[
        :3
    ]
    said = 9000.0 * 3 / 2 * opinion["coverage"]
    mixed = opinion["weight"] * said + (1 - opinion["weight"]) * models.sum()
    assert south == pytest.approx(mixed, rel=1e-6)


def test_a_pipeline_without_a_past_is_shown_only(company):
    from tests.influences.conftest import orders

    known = _projects(orders(_project_business), statements=1)
    inputs = company(PIPELINE, _project_business, {"projects.csv": known})
    assert inputs.influences.opinions["weight"].tolist() == [0.0]
    assert np.allclose(by_unit(inputs), by_unit(company("", _project_business)))
    with pytest.raises(DataError, match="stages without a share"):
        company(PIPELINE, None, {"projects.csv": known.assign(stage="签约")})


def test_a_new_place_borrows_and_is_unsure(company):
    opening = '[[opening]]\nnode = "South/Di"\nsince = "2024-02"\nsize = 0.5\n'
    plain, inputs = company(), company(opening)
    _coherent(inputs)
    assert "South/Di" in inputs.hierarchy.leaves
    assert any("borrowed from South/Cy" in str(one) for one in inputs.influences.findings)
    table = inputs.forecast.frame.pivot_table(index="node", columns="period", values="forecast")
    own, other = table.loc["South/Di"], table.loc["South/Cy"]
    assert own.iloc[0] == 0
    assert (own.iloc[1:] > 0).all()
    assert (own < 0.5 * other + 1e-9).all()
    assert (own / other).iloc[1:].is_monotonic_increasing
    spread = inputs.draws.std() / inputs.draws.mean()
    assert spread["South/Di"] > 2 * spread["South/Cy"]
    assert by_unit(inputs).drop("South/Di").to_numpy() == pytest.approx(by_unit(plain).to_numpy())
    with pytest.raises(DataError, match="no place to borrow from"):
        company(opening + 'like = "East/Zo"\n')


def test_merged_renamed_and_split_places_keep_every_sum(company):
    merged = '[[region]]\nwas = ["North", "South"]\nnow = "All"\nsince = "2023-01"\n'
    split = (
        '[[region]]\nwas = "South"\nnow = ["South-East", "South-West"]\nsince = "2023-01"\n'
        "shares = [0.25, 0.75]\n"
    )
    plain = company()
    total = plain.history.frame["sales"].sum()
    one = company(merged)
    assert set(one.hierarchy.nodes.query("level == 'region'").index) == {"All"}
    assert one.history.frame["sales"].sum() == pytest.approx(total)
    assert any("history re-stated" in str(f) for f in one.findings)
    lines = company(split).loaded.lines.groupby("territory")["amount"].sum()
    assert lines["South-West"] / lines["South-East"] == pytest.approx(3.0)
    assert lines.sum() == pytest.approx(total)
    waits = company(merged.replace("2023-01", "2025-01"))
    assert set(waits.hierarchy.nodes.query("level == 'region'").index) == {"North", "South"}
    assert any("still to come" in str(f) for f in waits.findings)
    with pytest.raises(DataError, match="never sold anything"):
        company(merged.replace('"North"', '"Nord"'))


def test_a_delivery_that_already_has_the_new_name_everywhere_is_taken_as_it_is(company):
    renamed = '[[region]]\nwas = "Nord"\nnow = "North"\nsince = "2023-01"\n'
    told = company(renamed)
    assert told.loaded.lines["amount"].sum() == pytest.approx(
        company().loaded.lines["amount"].sum()
    )
    assert any("already made" in str(finding) for finding in told.findings)
    with pytest.raises(DataError, match="'Nord' never sold anything"):
        company(renamed.replace('"North"', '"Nowhere"'))


def test_overrides_of_the_past_are_judged_by_what_came(company):
    from salesforecast.influences.judged import forecast_value_added

    def campaign(frame):
        hit = (frame["region"] == "South") & (frame["date"] == pd.Timestamp("2023-06-01"))
        return frame.assign(amount=frame["amount"].where(~hit, frame["amount"] * 1.5))

    good = _override("South", "change = 0.45", '["2023-06"]').replace('"2023-12"', '"2023-04"')
    bad = _override("North", "change = 0.3", '["2023-08", "2023-09"]').replace(
        '"2023-12"', '"2023-07"'
    )
    still = _override("North", "change = 0.3", '["2024-01"]')
    inputs = company("", campaign, {"overrides.toml": good + bad + still}, top=PATH)
    table = forecast_value_added(
        inputs.loaded, inputs.organisation, until=inputs.history.cutoff
    ).set_index("node")
    assert table["helped"].to_dict() == {"South": True, "North": False}
    sales = inputs.history.frame.set_index(["node", "period"])["sales"]
    june = sales["South/Cy", pd.Timestamp("2023-06-01")]
    assert table.loc["South", "actual"] == pytest.approx(june)
    assert table.loc["South", "added"] > 0.2
    assert table.loc["North", "added"] < -0.2
