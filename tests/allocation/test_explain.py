"""What must hold of every explanation: it adds up to the last unit and blames the right limit."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesforecast.allocation.allocate import allocate
from salesforecast.allocation.explain import PARTS, explain, sentence
from salesforecast.allocation.worth import binding, one_more, reach, worth, worth_words
from salesforecast.errors import InfeasibleError, ParameterError
from salesforecast.hierarchy import Hierarchy
from salesforecast.rules import Capacity, Ceiling, Floor, Lock
from tests.examples import examples

TREE = Hierarchy.of(
    ["A/ann", "A/abe", "A/ada", "B/bob", "B/ben", "C/cy"],
    levels=["company", "region", "position"],
    label="Tiny",
)
LEAVES = pd.DataFrame(
    {"baseline": [120.0, 80, 100, 90, 100, 60], "forecast": [130, 85.5, 110, 99, 100, 75.2]},
    index=["A/abe", "A/ann", "A/ada", "B/ben", "B/bob", "C/cy"],
)
RULES = (Ceiling("A", 320), Floor("A/abe", 140), Ceiling("B/bob", 101))
CRITERIA = ["forecast", "history", "equal growth", "equal uplift", "equal chance"]


def draws_of(leaves: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    noise = np.random.default_rng(seed).gamma(50, 1 / 50, (200, len(leaves)))
    return pd.DataFrame(noise * leaves["forecast"].to_numpy(), columns=leaves.index)


@st.composite
def plans(draw):
    """A random tree, leaves, limits and a total; some cannot be satisfied."""
    shape = draw(
        st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=3), min_size=1, max_size=3)
    )
    paths = [
        f"m{m}/r{r}/p{p}" for m, market in enumerate(shape) for r, size in enumerate(market)
        for p in range(size)
    ]  # fmt: skip
    tree = Hierarchy.of(paths, levels=["company", "market", "region", "position"], label="All")
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    leaves = pd.DataFrame(
        {
            "baseline": rng.uniform(20, 200, len(paths)),
            "forecast": rng.uniform(20, 200, len(paths)),
        },
        index=tree.leaves,
    )
    nodes = draw(st.lists(st.sampled_from(list(tree.nodes.index)), max_size=6))
    size = tree.totals(leaves)["forecast"]
    rules = [
        draw(st.sampled_from([Floor, Ceiling, Lock]))(
            node, int(size[node] * draw(st.floats(0.5, 1.7)))
        )
        for node in nodes
        if node != "/"
    ]
    total = int(size.iloc[0] * draw(st.floats(0.8, 1.3)))
    return total, tree, leaves, rules, draw(st.sampled_from([1, 1, 10]))


@given(plans(), st.sampled_from(CRITERIA))
@settings(max_examples=examples(120))
def test_the_parts_add_up_at_every_node_and_name_only_limits_that_bind(plan, criterion):
    total, tree, leaves, rules, step = plan
    total -= total % step
    draws = draws_of(leaves)
    try:
        split = allocate(
            total, tree, leaves, criterion=criterion, rules=rules, step=step, draws=draws
        )
    except InfeasibleError:
        return
    found = explain(split, tree, leaves, draws=draws)
    assert (found[list(PARTS)].sum(axis=1) == split.nodes["target"]).all()
    before = found[["baseline", "forecast_change", "criterion"]].sum(axis=1)
    assert (before == found["fair"]).all()
    for column in ("fair", "baseline", "forecast_change", "criterion", "target"):
        leaf = found.loc[tree.leaves, [column]]
        assert (tree.totals(leaf)[column] == found[column]).all()
    assert (found["rounding"].abs() <= step + 1).all()
    own = split.nodes["limited_by"] == split.nodes.index.to_series()
    leaf = tree.nodes["leaf"]
    free = [node for node in tree.nodes.index if not own[tree.ancestors(node)].any()]
    assert (found.loc[free, "above"] == 0).all()
    assert (found.loc[leaf, "inside"] == 0).all()
    assert (found.loc[~own, "own"] == 0).all()
    assert found.loc["/", ["redistribution", "above", "own", "inside"]].eq(0).all()


def test_without_limits_there_is_only_the_fair_share():
    split = allocate(650, TREE, LEAVES)
    found = explain(split, TREE, LEAVES)
    assert (found["fair"] == found["target"]).all()
    assert found[["redistribution", "above", "own", "inside", "rounding"]].eq(0).all(axis=None)


def test_the_companys_parts_are_those_shown_elsewhere():
    leaves = LEAVES.assign(baseline=LEAVES["baseline"] + 0.15, forecast=LEAVES["forecast"] + 0.02)
    found = explain(allocate(650, TREE, leaves), TREE, leaves)  # 550.9 last year, 599.82 forecast
    assert found.loc["/", "baseline"] == 551
    assert found.loc["/", ["baseline", "forecast_change"]].sum() == 600
    assert found.loc[list(TREE.leaves), "baseline"].sum() == 551


def test_one_ceiling_by_hand():
    tree = Hierarchy.of(["A/x", "B/y"], levels=list("abc"), label="Two")
    leaves = pd.DataFrame({"forecast": [50.0, 50.0], "baseline": [40.0, 40.0]}, index=tree.leaves)
    split = allocate(100, tree, leaves, rules=[Ceiling("A", 30)])
    found = explain(split, tree, leaves)
    # the common level is 1.4: y carries 70; x would carry 70 and is held at 30 by its region
    assert found.loc["A/x", list(PARTS)].tolist() == [50, 20, -40, 0, 0, 0]
    assert found.loc["B/y", list(PARTS)].tolist() == [50, 20, 0, 0, 0, 0]
    assert found.loc["A", list(PARTS)].tolist() == [50, 20, 0, -40, 0, 0]
    assert sentence(found, "A/x") == (
        "x, A: 30. Last year 40, forecast +10, others' limits +20, A's ceiling −40."
    )
    assert sentence(found, "A/x", language="zh") == (
        "A·x：30。去年实际 40，预测变化 +10，他人限制转移 +20，A上限 −40。"
    )


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("unit", [1, 10, 100])
def test_a_sentence_adds_up_as_it_is_shown(language, unit):
    draws = draws_of(LEAVES)
    split = allocate(650, TREE, LEAVES, criterion="equal chance", rules=RULES, draws=draws)
    found = explain(split, TREE, LEAVES, draws=draws)
    for node in TREE.nodes.index:
        told = sentence(found, node, language=language, unit=unit)
        figures = [
            int(text.replace("−", "-").replace(",", ""))
            for text in re.findall(r"[+−]?\d[\d,]*", told)
        ]
        assert figures[0] == sum(figures[1:])
        assert figures[0] == round(split.nodes.at[node, "target"] / unit)


def test_each_limit_above_is_named_with_what_it_does():
    tree = Hierarchy.of(["A/B/x", "A/C/y", "D/E/z"], levels=list("abcd"), label="All")
    leaves = pd.DataFrame({"forecast": 100.0, "baseline": 90.0}, index=tree.leaves)
    split = allocate(300, tree, leaves, rules=[Ceiling("A", 120), Floor("A/B", 80)])
    found = explain(split, tree, leaves)
    # all carry 180 / 100 of the forecast, A's ceiling leaves 40 / 100, B's floor lifts x to 80
    assert found.loc["A/B/x", ["redistribution", "above_1", "above_2"]].tolist() == [80, -140, 40]
    assert sentence(found, "A/B/x") == (
        "x, B: 80. Last year 90, forecast +10, others' limits +80, B's floor +40, A's ceiling −140."
    )
    assert found.loc["A/C/y", "target"] == 40


def test_a_sentence_without_last_year_starts_from_the_fair_share():
    leaves = LEAVES[["forecast"]]
    split = allocate(650, TREE, leaves, rules=RULES)
    told = sentence(explain(split, TREE, leaves), "A/ann")
    assert told.startswith("ann, A: ")
    assert "Fair share" in told
    assert "A's ceiling −" in told


def test_a_blend_is_explained_by_the_blend_that_was_asked_for():
    blend = {"forecast": 0.5, "history": 0.5}
    split = allocate(650, TREE, LEAVES, criterion=blend, rules=RULES)
    found = explain(split, TREE, LEAVES, criterion=blend)
    assert (found[list(PARTS)].sum(axis=1) == split.nodes["target"]).all()
    assert "the blend" in sentence(found, "C/cy")


def test_what_a_ceiling_costs_everyone_else():
    split = allocate(650, TREE, LEAVES, criterion="equal growth", rules=RULES)
    found = worth(split, TREE, LEAVES, "A")
    free = allocate(650, TREE, LEAVES, criterion="equal growth", rules=RULES[1:])
    assert found.change == pytest.approx(free.common_level - split.common_level)
    assert worth_words(found, split, TREE) == (
        f"Without the ceiling of A everyone else's growth would fall by {-found.change * 100:.1f} points."
    )
    assert worth_words(found, split, TREE, language="zh").startswith(
        "若取消A上限，其他人的增长率将降低"
    )
    inside = worth(split, TREE, LEAVES, "A/abe")
    assert inside.scope == "A"
    assert "of the others in A would rise by" in worth_words(inside, split, TREE)
    assert set(binding(split)) == {"A", "A/abe", "B/bob"}


def test_asking_what_a_limit_is_worth_that_does_not_bind_is_refused():
    split = allocate(650, TREE, LEAVES, rules=RULES)
    with pytest.raises(ParameterError, match="not held by a limit of its own"):
        worth(split, TREE, LEAVES, "C/cy")


def test_how_far_the_total_can_move_before_the_picture_changes():
    split = allocate(650, TREE, LEAVES, rules=RULES)
    found = reach(split, TREE, LEAVES)
    picture = split.nodes["limit"].tolist()
    edges = {value: allocate(int(value), TREE, LEAVES, rules=RULES).nodes["limit"].tolist()
             for value in (found.low, found.low - 1, found.high)}  # fmt: skip
    assert edges[found.low] == picture == edges[found.high]
    assert edges[found.low - 1] != picture
    assert found.below == ("B/bob",)


def test_how_far_a_ceiling_can_move():
    split = allocate(650, TREE, LEAVES, rules=RULES)
    found = reach(split, TREE, LEAVES, rule=RULES[0])
    assert found.low <= 320 <= found.high
    picture = split.nodes["limit"]
    for amount, moved in ((found.high, ()), (found.high + 1, found.above)):
        other = allocate(650, TREE, LEAVES, rules=[Ceiling("A", amount), *RULES[1:]])
        assert tuple(picture.index[other.nodes["limit"] != picture]) == moved
    assert found.above == ("A/abe",)  # its floor no longer binds


def test_what_one_more_unit_of_a_shared_capacity_is_worth_and_to_whom(company, leaves):
    """Ten more vehicle-days let Cat and Dan carry more, in the proportion of their forecasts."""
    cars = Capacity("/", 220, "vehicle-days", {"West/Cat": 0.3, "East/Dan": 0.4})
    plan = allocate(1100, company, leaves, rules=[cars])
    gain = one_more(plan, company, leaves, cars)
    assert 0.3 * gain["West/Cat"] + 0.4 * gain["East/Dan"] == pytest.approx(1, abs=1e-6)
    assert gain[company.leaves].sum() == pytest.approx(0, abs=1e-6)
    assert gain["West/Ann"] < 0 and gain["West/Ben"] == pytest.approx(2 * gain["West/Ann"])
    ample = Capacity("/", 900, "vehicle-days", {"West/Cat": 0.3, "East/Dan": 0.4})
    free = allocate(1100, company, leaves, rules=[ample])
    assert (one_more(free, company, leaves, ample) == 0).all()
    with pytest.raises(ParameterError, match="no such capacity"):
        one_more(free, company, leaves, cars)
