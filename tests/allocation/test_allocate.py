"""Targets under rules: every criterion, every limit, and what planners are told about them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from salesforecast.allocation.allocate import allocate
from salesforecast.allocation.fairness import CRITERIA, Bell, Quantiles
from salesforecast.errors import DataError, InfeasibleError, ParameterError
from salesforecast.hierarchy import Hierarchy
from salesforecast.rules import Capacity, Ceiling, Floor, GrowthBand, Lock
from tests.allocation.conftest import PATHS, plans
from tests.examples import examples

BLENDS = ({"forecast": 0.6, "history": 0.4}, {"forecast": 1, "equal chance": 1, "equal uplift": 2})


@pytest.mark.parametrize(
    "criterion", [*(name for name in CRITERIA if name != "potential"), *BLENDS]
)
@pytest.mark.parametrize("step", [1, 10])
def test_every_criterion_keeps_total_limits_and_step(company, leaves, draws, criterion, step):
    rules = (Ceiling("West", 630), Floor("West/Ann", 120), Lock("East/(open)", 20))
    plan = allocate(1100, company, leaves, criterion=criterion, rules=rules, step=step, draws=draws)
    assert plan.targets.dtype == np.int64
    assert plan.targets.sum() == plan.nodes.loc["/", "target"] == 1100
    assert (plan.targets % step == 0).all()
    assert plan.nodes.loc["West", "target"] <= 630
    assert plan.targets["West/Ann"] >= 120
    assert plan.targets["East/(open)"] == plan.exact["East/(open)"] == 20
    pd.testing.assert_series_equal(
        plan.nodes["target"], company.totals(plan.targets.to_frame())["target"], check_names=False
    )


def test_by_hand(company, leaves):
    """1,100 after the forecast is +10 %; West may carry 630 of its 660, so East carries 470."""
    free = allocate(1100, company, leaves)
    assert free.targets.to_dict() == {
        "East/Dan": 440, "East/(open)": 0, "West/Ann": 110, "West/Ben": 220, "West/Cat": 330,
    }  # fmt: skip
    assert free.common_level == pytest.approx(0.1)
    assert free.level_words == "+10.0% on the forecast for everyone not held by a limit"
    held = allocate(1100, company, leaves, rules=[Ceiling("West", 630), Floor("West/Ann", 120)])
    assert held.targets.to_dict() == {
        "East/Dan": 470, "East/(open)": 0, "West/Ann": 120, "West/Ben": 204, "West/Cat": 306,
    }  # fmt: skip
    assert held.common_level == pytest.approx(0.175)
    assert held.nodes["limit"].to_dict() == {
        "/": "", "East": "", "East/Dan": "", "East/(open)": "", "West": "own ceiling",
        "West/Ann": "own floor", "West/Ben": "ceiling above: West", "West/Cat": "ceiling above: West",
    }  # fmt: skip
    assert held.nodes.loc["West/Ben", "limited_by"] == "West"
    assert held.nodes.loc["West", "price"] == pytest.approx(510 / 500 - 470 / 400)


def test_limits_are_called_what_they_are(company, leaves):
    rules = [
        Lock("East/Dan", 300),
        GrowthBand("West/Cat", high=0.05),
        Capacity("West/Ben", 10, "visits", {"West/Ben": 0.05}),
    ]
    limit = allocate(960, company, leaves, rules=rules).nodes["limit"]
    assert limit["East/Dan"] == "lock"
    assert limit["West/Cat"] == "growth"
    assert limit["West/Ben"] == "capacity"


def test_growth_bands_are_the_rows_that_they_say(company, leaves):
    """Read in bulk, they must mean the same as one by one; below zero they turn round."""
    returns = leaves.assign(history=[380.0, -30.0, 90.0, 190.0, 310.0])
    bands = [
        GrowthBand("West", low=0.0, high=0.04),
        GrowthBand("East/(open)", low=-0.5, high=0.5),
        GrowthBand("East/Dan", low=0.1),
        GrowthBand("West/Ann", high=-0.1),
    ]
    nodes = allocate(1100, company, returns, rules=bands).nodes
    for band in bands:
        row = band.row(company, returns["history"])
        assert row.lower - 1e-9 <= nodes.loc[band.node, "target"] <= row.upper + 1e-9
    with pytest.raises(ParameterError, match="last year"):
        allocate(1100, company, leaves[["forecast"]], rules=bands)


def test_equal_growth_uplift_and_headroom_by_hand(company, leaves):
    growth = allocate(1164, company, leaves, criterion="equal growth")
    assert growth.common_level == pytest.approx(0.2)
    assert growth.level_words.startswith("+20.0% growth")
    uplift = allocate(1020, company, leaves, criterion="equal uplift")
    assert uplift.targets.to_list() == [390, 10, 100, 200, 320]
    headroom = allocate(1135, company, leaves, criterion="equal headroom")
    assert headroom.targets.to_list() == [440, 0, 120, 245, 330]
    assert headroom.level_words.startswith("50.0% of the headroom")


def test_few_changes_moves_as_few_as_possible(company, leaves):
    """150 more: Dan's ceiling leaves him 120, the one with the next most room takes 30."""
    capped = leaves.assign(ceiling=[520.0, 20.0, 110.0, 250.0, 330.0])
    plan = allocate(1160, company, capped, criterion="few changes")
    assert (plan.targets - leaves["plan"]).to_list() == [120, 0, 0, 30, 0]
    assert allocate(1010, company, capped, criterion="few changes").targets.to_list() == [
        400, 10, 100, 200, 300,
    ]  # fmt: skip


def test_an_equal_chance_is_equal_to_the_last_digit(company, leaves, draws):
    plan = allocate(1050, company, leaves, criterion="equal chance", draws=draws)
    knots = np.linspace(0, 1, len(draws))
    reached = [
        np.interp(plan.exact[leaf], np.sort(draws[leaf]), knots)
        for leaf in PATHS
        if leaf != "East/(open)"
    ]
    assert np.ptp(reached) <= 1e-9
    assert plan.common_level == pytest.approx(1 - reached[0])
    assert plan.level_words.startswith(f"{100 * plan.common_level:.0f} in 100")
    assert plan.targets["East/(open)"] == 0


def test_a_chance_that_no_draw_reaches_is_zero(company, leaves, draws):
    plan = allocate(5000, company, leaves, criterion="equal chance", draws=draws)
    assert plan.common_level == 0
    assert plan.targets.sum() == 5000


def test_distributions_agree_with_their_samples(company, leaves):
    mean = leaves["forecast"]
    bell = Bell(mean, 0.2 * mean, "normal")
    plan = allocate(1100, company, leaves, criterion="equal chance", draws=bell)
    assert plan.targets.to_list() == [440, 0, 110, 220, 330]
    assert plan.common_level == pytest.approx(0.30853754)  # half a deviation above the mean
    log = Bell(mean, 0.2 * mean, "lognormal")
    assert allocate(
        1100, company, leaves, criterion="equal chance", draws=log
    ).targets.to_list() == [440, 0, 110, 220, 330]
    known = Quantiles(pd.DataFrame([mean * 0.9, mean, mean * 1.2], index=[0.1, 0.5, 0.9]))
    plan = allocate(1100, company, leaves, criterion="equal chance", draws=known)
    assert plan.targets.to_list() == [440, 0, 110, 220, 330]
    assert plan.common_level == pytest.approx(0.3)


def test_a_blend_of_references_mixes_their_shares(company, leaves):
    plan = allocate(1000, company, leaves, criterion={"forecast": 3, "history": 1})
    shares = 0.75 * leaves["forecast"] / 1000 + 0.25 * leaves["history"] / 970
    assert np.allclose(plan.exact, 1000 * shares)
    assert plan.criterion == "75% forecast, 25% history"


def test_a_blend_of_curves_lies_between_them(company, leaves, draws):
    one = allocate(1100, company, leaves, criterion="equal uplift")
    two = allocate(1100, company, leaves, criterion="equal chance", draws=draws)
    mix = allocate(
        1100, company, leaves, criterion={"equal uplift": 1, "equal chance": 1}, draws=draws
    )
    live = [leaf for leaf in PATHS if leaf != "East/(open)"]
    mean = (one.exact + two.exact) / 2
    assert np.allclose(mix.exact[live], mean[live], atol=1e-6)


def test_new_people_carry_their_part_while_they_learn(company, leaves, draws):
    """Cat works at half strength: 150 of forecast weigh beside the others' 700."""
    ramp = pd.Series(1.0, index=company.leaves)
    ramp["West/Cat"] = 0.5
    learning = leaves.assign(ramp=ramp)
    halved = leaves.copy()
    columns = ["forecast", "history", "capacity"]
    halved.loc["West/Cat", columns] = halved.loc["West/Cat", columns] * 0.5
    assert allocate(850, company, learning).targets["West/Cat"] == 150
    for criterion in ("forecast", "history", "capacity", "equal growth", "equal headroom"):
        found = allocate(850, company, learning, criterion=criterion).exact
        assert np.allclose(found, allocate(850, company, halved, criterion=criterion).exact)
    for chances in (
        draws,
        Bell(draws.mean(), draws.std()),
        Quantiles(draws.quantile([0.1, 0.5, 0.9])),
    ):
        fair = {"criterion": "equal chance", "draws": chances}
        before = allocate(1000, company, leaves, **fair)
        after = allocate(round(before.exact @ ramp), company, learning, **fair)
        assert after.common_level == pytest.approx(before.common_level, abs=0.01)
        assert after.exact["West/Cat"] == pytest.approx(before.exact["West/Cat"] / 2, rel=0.01)
    with pytest.raises(DataError, match="'ramp'"):
        allocate(850, company, leaves.assign(ramp=-1.0))


def test_negative_history_weighs_nothing_and_is_said(company, leaves):
    returns = leaves.assign(history=[380.0, -30.0, 90.0, 190.0, 310.0])
    plan = allocate(970, company, returns, criterion="history")
    assert plan.targets["East/(open)"] == 0
    assert plan.findings[0].rows == 1
    assert "negative history" in plan.findings[0].what


def test_with_no_weight_at_all_everyone_carries_the_same(company, leaves):
    nothing = leaves.assign(forecast=0.0)
    plan = allocate(10, company, nothing)
    assert plan.targets.to_list() == [2, 2, 2, 2, 2]
    assert "equally" in plan.level_words


def test_limits_in_columns_are_limits(company, leaves):
    columns = leaves.assign(floor=[np.nan, 5, 130, np.nan, np.nan], ceiling=[400, *[np.nan] * 4])
    rules = [Floor("East/(open)", 5), Floor("West/Ann", 130), Ceiling("East/Dan", 400)]
    a = allocate(1100, company, columns)
    b = allocate(1100, company, leaves, rules=rules)
    pd.testing.assert_frame_equal(a.nodes, b.nodes)
    with pytest.raises(InfeasibleError, match="Dan"):
        allocate(1100, company, columns, rules=[Floor("East/Dan", 450)])


def test_a_shared_capacity_gets_a_price(company, leaves):
    """Ben and Dan share 100 days, 0.2 a unit: 500 units where fair would be 660."""
    rule = Capacity("/", 100, "days", {"East/Dan": 0.2, "West/Ben": 0.2}, owner="fleet")
    plan = allocate(1100, company, leaves, rules=[rule])
    assert plan.targets.sum() == 1100
    assert 0.2 * plan.targets[["East/Dan", "West/Ben"]].sum() <= 100 + 1e-9
    assert plan.exact.to_list() == pytest.approx([1000 / 3, 0, 150, 500 / 3, 450])
    assert plan.nodes.loc[["East/Dan", "West/Ben"], "limit"].tolist() == ["capacity", "capacity"]
    assert plan.nodes.loc["East/Dan", "price"] == pytest.approx(5 / 6 - 1.5)
    assert plan.capacities["used"].tolist() == pytest.approx([100])
    assert plan.capacities["price"].tolist() == pytest.approx([(1.5 - 5 / 6) / 0.2])


def test_weighted_rows_are_kept_after_rounding(company, leaves):
    rng = np.random.default_rng(5)
    for _ in range(30):
        base = allocate(1037, company, leaves).targets
        rules = []
        for _ in range(2):
            uses = dict(zip(PATHS, rng.uniform(0.1, 2, 5).round(2).tolist(), strict=True))
            used = float(sum(uses[leaf] * base[leaf] for leaf in PATHS))
            rules.append(Capacity("/", used * rng.uniform(0.8, 1), "days", uses))
        try:
            plan = allocate(1037, company, leaves, rules=rules)
        except InfeasibleError:
            continue
        assert plan.targets.sum() == 1037
        for rule in rules:
            assert sum(rule.uses[leaf] * plan.targets[leaf] for leaf in PATHS) <= rule.amount + 1e-6


def test_row_order_and_types_change_nothing(company, leaves, draws):
    kinds = {"rules": [Ceiling("West", 630)], "draws": draws, "criterion": "equal chance"}
    before = allocate(1100, company, leaves, **kinds)
    mixed = leaves.sample(frac=1, random_state=3)[leaves.columns[::-1]].astype(np.float32)
    kinds["draws"] = draws[draws.columns[::-1]]
    after = allocate(np.int64(1100), company, mixed, **kinds)
    pd.testing.assert_frame_equal(before.nodes, after.nodes)


@given(plans())
def test_whole_plans_tie_out_and_keep_every_rule(case):
    problem, hierarchy, frame, rules, step = case
    total = int(problem.total) * step
    plan = allocate(total, hierarchy, frame, rules=rules, step=step)
    assert plan.targets.sum() == total
    assert (plan.targets % step == 0).all()
    sums = hierarchy.totals(plan.targets.to_frame())["target"]
    assert (sums == plan.nodes["target"]).all()
    for rule in rules:
        row = rule.row(hierarchy, frame["forecast"])
        assert row.lower <= sums[rule.node] <= row.upper
    held = plan.nodes["limit"] != ""
    assert (held == (plan.nodes["limited_by"] != "")).all()
    own = plan.nodes["limited_by"] == plan.nodes.index
    at_limit = plan.nodes["target"].isin([0]) | (plan.nodes["exact"] % step == 0)
    assert at_limit[own].all()


@settings(max_examples=examples(60))
@given(plans())
def test_steady_rounding_takes_from_nobody_when_the_total_grows(case):
    problem, hierarchy, frame, rules, step = case
    first = int(np.ceil(problem.least))
    totals = range(
        max(first, int(problem.total) - 4), min(int(problem.most), int(problem.total) + 4)
    )
    before = None
    for total in totals:
        plan = allocate(
            total * step, hierarchy, frame, rules=rules, step=step, rounding="steady"
        ).nodes["target"]
        assert plan["/"] == total * step
        for rule in rules:
            row = rule.row(hierarchy, frame["forecast"])
            assert row.lower <= plan[rule.node] <= row.upper
        if before is not None:
            assert (plan >= before).all()
        before = plan


def test_largest_remainders_would_take_from_somebody():
    """The Alabama paradox (1880): 299 seats gave it 8, 300 gave 7; steady rounding does not."""
    hierarchy = Hierarchy.of(["a", "b", "c"], levels=["co", "unit"], label="Co")
    frame = pd.DataFrame({"forecast": [6.0, 6.0, 2.0]}, index=["a", "b", "c"])

    def split(total: int, rounding: str) -> list[int]:
        return allocate(total, hierarchy, frame, rounding=rounding).targets.to_list()

    assert split(10, "nearest") == [4, 4, 2]
    assert split(11, "nearest") == [5, 5, 1]
    assert split(10, "steady")[2] <= split(11, "steady")[2]


WRONG = [
    (lambda frame: frame.drop("West/Ann"), "not the leaves"),
    (lambda frame: pd.concat([frame, frame.iloc[:1]]), "listed twice"),
    (lambda frame: frame.rename({"West/Ann": "West/Anna"}), "first difference"),
    (lambda frame: frame.assign(forecast=[1.0, np.nan, 1, 1, 1]), r"forecast' are missing"),
    (lambda frame: frame.assign(capacity=[1.0, -1, 1, 1, 1]), "negative"),
    (lambda frame: frame.iloc[:0], "not the leaves"),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_a_wrong_frame_is_refused(company, leaves, change, message):
    with pytest.raises(DataError, match=message):
        allocate(1000, company, change(leaves))


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"criterion": "fair"}, ParameterError),
        ({"criterion": "potential"}, ParameterError),
        ({"criterion": "equal chance"}, ParameterError),
        ({"criterion": {"forecast": 0}}, ParameterError),
        ({"criterion": {"forecast": 1, "few changes": 1}}, ParameterError),
        ({"step": 7}, ParameterError),
        ({"step": 0}, ParameterError),
        ({"rules": [Floor("North", 1)]}, DataError),
        ({"rules": [Floor("West", float("nan"))]}, DataError),
        ({"rules": [Capacity("West", -1, "days", {"West": 1})]}, DataError),
        ({"rules": [Capacity("/", 1, "days", {"West": 1, "East": -1})]}, DataError),
        ({"rules": [Floor("West", 1100)]}, InfeasibleError),
        ({"rules": [Lock("West/Ann", 101)], "step": 10}, InfeasibleError),
        ({"rules": [Capacity("/", 1, "days", {"West": 1, "East": 2})]}, InfeasibleError),
    ],
)
def test_a_wrong_wish_is_refused(company, leaves, changes, kind):
    with pytest.raises(kind) as caught:
        allocate(1000, company, leaves, **changes)
    assert caught.value.what and caught.value.where and caught.value.fix


def test_wrong_totals_and_samples_are_refused(company, leaves, draws):
    with pytest.raises(ParameterError, match="total"):
        allocate(-5, company, leaves)
    for wrong in (draws.drop(columns="West/Ann"), draws.iloc[:1], draws.mask(draws > 500)):
        with pytest.raises(DataError):
            allocate(1000, company, leaves, criterion="equal chance", draws=wrong)
    with pytest.raises(ParameterError, match="steady"):
        rule = Capacity("/", 10**6, "days", {"West": 1, "East": 2})
        allocate(1000, company, leaves, rules=[rule], rounding="steady")
