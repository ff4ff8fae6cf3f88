"""Effects are told from what moved everybody; budgets follow the plan to the last unit."""

import numpy as np
import pandas as pd
import pytest

from salesforecast import outlook, workbench
from salesforecast.errors import DataError, ParameterError
from salesforecast.hierarchy import ROOT, Hierarchy
from salesforecast.planning.effect import evaluate
from salesforecast.planning.expenses import Expense, budget, held_against, read_expenses, read_spent
from salesforecast.planning.scenario import Scenario
from salesforecast.tables import Samples

TREE = Hierarchy.of(["w/a", "w/b", "s/c"], levels=("company", "region", "person"), label="C")
MONTHS = pd.date_range("2024-01-01", periods=3, freq="MS", unit="us")


def _case(factors, *, common=0.0, own=0.1, seed=0):
    """Draws of 100 a cell with a common and an own spread, and actuals of given factors."""
    rng = np.random.default_rng(seed)
    spread = np.exp(common * rng.normal(size=(2000, 1, 1)) + own * rng.normal(size=(2000, 3, 3)))
    samples = Samples(100 * spread / spread.mean(axis=0), TREE.leaves, MONTHS)
    rows = [
        {"node": leaf, "period": month, "actual": 100.0 * factors[leaf[0]]}
        for leaf in TREE.leaves for month in MONTHS
    ]  # fmt: skip
    return pd.DataFrame(rows), samples


def test_a_gain_beside_a_steady_market_is_an_effect():
    found = evaluate(*_case({"w": 1.3, "s": 1.0}), TREE, "w")
    assert found.effect == pytest.approx(180, rel=0.05) and found.share == pytest.approx(
        0.3, abs=0.02
    )
    assert found.chance_of_gain > 0.99 and "a clear gain" in found.words
    assert found.low80 < found.effect < found.high80
    assert found.months["effect"].sum() == pytest.approx(found.effect)


def test_what_moved_everybody_is_no_effect():
    found = evaluate(*_case({"w": 1.3, "s": 1.3}, common=0.3), TREE, "w")
    assert abs(found.share) < 0.05 and "no clear effect" in found.words
    assert found.others == pytest.approx(1.3, abs=0.03)
    alone = evaluate(*_case({"w": 1.3, "s": 1.3}, common=0.3), TREE, ROOT)
    assert alone.others == 1.0 and alone.share == pytest.approx(0.3, abs=0.03)


def test_the_false_alarms_are_those_that_are_meant():
    rng = np.random.default_rng(1)
    said = 0
    for seed in range(200):
        actuals, samples = _case({"w": 1.0, "s": 1.0}, common=0.2, seed=seed)
        drawn = samples.values[rng.integers(len(samples.values))]
        actuals["actual"] = drawn.ravel()
        said += "no clear" not in evaluate(actuals, samples, TREE, "w").words
    assert 0.12 <= said / 200 <= 0.28  # a tenth on either side


def test_what_cannot_be_evaluated_is_refused(tiny_inputs):
    actuals, samples = _case({"w": 1.0, "s": 1.0})
    with pytest.raises(ParameterError, match="there is no unit 'west'"):
        evaluate(actuals, samples, TREE, "west")
    with pytest.raises(DataError, match="not all of these months"):
        outlook.effect_of(tiny_inputs, "North")


@pytest.fixture(scope="module")
def plan(tiny_inputs):
    return workbench.build_plan(tiny_inputs, Scenario(stretch=0.1))


def test_a_budget_follows_the_plan_exactly(plan):
    found = budget(plan, [
        Expense("travel", "North", of_sales=0.0333),
        Expense("people", amount=1000.4, follows="even"),
        Expense("promotion", "South", amount=0),
    ])  # fmt: skip
    sums = found.groupby("category")["budget"].sum()
    assert sums["travel"] == round(0.0333 * plan.units.loc["North", "target"])
    assert sums["people"] == 1000 and sums["promotion"] == 0
    people = found[found["category"] == "people"]["budget"]
    assert people.max() - people.min() <= 1
    travel = found[found["category"] == "travel"].set_index("period")["budget"]
    exact = 0.0333 * plan.months.loc["North"]
    assert (travel - exact).abs().max() <= 1


def test_what_was_spent_is_held_against_it(plan, tmp_path):
    allowed = budget(plan, [Expense("travel", "North", of_sales=0.05)])
    path = tmp_path / "spent.csv"
    first = plan.periods[0]
    path.write_text(
        f"node,category,period,spent\nNorth,travel,{first:%Y-%m},20\nNorth,travel,{first:%Y-%m},10\n"
    )
    sold = plan.months * 1.0
    (row,) = held_against(allowed, read_spent(path), sold, closed=first).to_dict("records")
    assert row["spent"] == 30 and row["left"] == row["budget"] - 30
    assert row["cost_ratio"] == pytest.approx(30 / plan.months.loc["North", first])
    path.write_text(f"node,category,period,spent\nNorth,gifts,{first:%Y-%m},20\n")
    with pytest.raises(DataError, match="'gifts' of 'North' has no budget"):
        held_against(allowed, read_spent(path), sold, closed=first)
    path.write_text("node,category,spent\nNorth,gifts,20\n")
    with pytest.raises(DataError, match="it lacks period"):
        read_spent(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[expense]]\namount = 1", "'category' is missing"),
        ("[[expense]]\ncategory = 'a'", "not understood"),
        ("[[expense]]\ncategory = 'a'\namount = 1\nof_sales = 0.1", "not understood"),
        ("[[expense]]\ncategory = 'a'\namout = 1", "did you mean 'amount'"),
        ("[[cost]]\ncategory = 'a'", r"write \[\[expense\]\]"),
    ],
)
def test_a_budget_file_that_cannot_be_is_refused(tmp_path, text, words):
    path = tmp_path / "budget.toml"
    path.write_text(text)
    with pytest.raises(ParameterError, match=f"(?s){words}"):
        read_expenses(path)
