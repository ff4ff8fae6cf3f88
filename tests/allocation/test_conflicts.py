"""What must hold of every diagnosis: it finds a contradiction exactly where there is one, names a
smallest set, and its repair works; linear programs (HiGHS) are the judge."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from salesforecast.allocation.allocate import allocate
from salesforecast.allocation.conflicts import diagnose, infeasible, repaired
from salesforecast.errors import DataError, InfeasibleError
from salesforecast.hierarchy import Hierarchy
from salesforecast.rules import Capacity, Ceiling, Floor, GrowthBand, Lock, Row
from tests.examples import examples

TREE = Hierarchy.of(
    ["A/ann", "A/abe", "A/ada", "B/bob", "B/ben", "C/cy"],
    levels=["company", "region", "position"],
    label="Tiny",
)
LAST = pd.Series(100.0, index=TREE.leaves)


def possible(total, tree, rules, baseline, step=1) -> bool:
    """Whether a plan exists, of this total or of any (None); fractions suffice: on a tree whose
    bounds are whole steps there is one in steps too."""
    if not any(len(getattr(rule, "uses", {})) > 1 for rule in rules):
        span = interval("/", tree, rules, baseline, step)
        return span is not None and (total is None or span[0] <= total <= span[1])
    rows = [rule.row(tree, baseline) for rule in rules]
    whole = pd.Series(1.0, index=tree.leaves)
    a = [
        row.coefficients.reindex(tree.leaves).fillna(0.0).to_numpy()
        for row in [*rows, Row(whole, 0, 0)]
    ]
    low, high = zip(*[inward(row, step) for row in rows], strict=True)
    low, high = np.array([*low, total or 0]), np.array([*high, np.inf if total is None else total])
    found = linprog(
        np.zeros(len(tree.leaves)),
        A_ub=np.vstack([np.array(a)[high < np.inf], -np.array(a)[low > -np.inf]]),
        b_ub=np.concatenate([high[high < np.inf], -low[low > -np.inf]]),
        bounds=(0, None),
        method="highs",
    )
    return found.status == 0


def inward(row, step):
    """Bounds of a plain row as the multiples of the step that it allows."""
    if not row.plain:
        return row.lower, row.upper
    return np.ceil(row.lower / step - 1e-9) * step, np.floor(row.upper / step + 1e-9) * step


def interval(node, tree, rules, baseline, step):
    """What a node can carry under limits on trees, or None: recursion, straight from the meaning."""
    children = tree.children(node)
    spans = [interval(child, tree, rules, baseline, step) for child in children]
    if None in spans:
        return None
    low = sum(span[0] for span in spans) if len(children) else 0
    high = sum(span[1] for span in spans) if len(children) else np.inf
    for rule in rules:
        if isinstance(rule, Capacity):
            ((where, use),) = rule.uses.items()
            least, most = -np.inf, np.floor(rule.amount / use / step + 1e-9) * step
        else:
            where = rule.node
            least, most = inward(rule.row(tree, baseline), step) if where == node else (0, 0)
        if where == node:
            low, high = max(low, least), min(high, most)
    return (low, high) if low <= high else None


@st.composite
def wishes(draw, *, shared=False):
    """A random tree of three or four levels, limits on any of its nodes, and a total."""
    shape = draw(
        st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=3), min_size=1, max_size=3)
    )
    leaves = [
        f"m{m}/r{r}/p{p}" for m, market in enumerate(shape) for r, size in enumerate(market)
        for p in range(size)
    ]  # fmt: skip
    tree = Hierarchy.of(leaves, levels=["company", "market", "region", "position"], label="All")
    nodes = st.sampled_from(list(tree.nodes.index))
    amount = st.integers(0, 60).map(lambda value: value * 5)
    rule = st.one_of(
        st.builds(Floor, nodes, amount),
        st.builds(Ceiling, nodes, amount),
        st.builds(Lock, nodes, amount),
        st.builds(GrowthBand, nodes, st.sampled_from([-np.inf, -0.3, 0.0, 0.4]), st.sampled_from([0.5, 1.0, np.inf])),
        st.builds(Capacity, st.just("/"), amount, st.just("visits"), st.dictionaries(nodes, st.sampled_from([0.5, 2.0]), min_size=1, max_size=1)),
    )  # fmt: skip
    rules = draw(st.lists(rule, max_size=8))
    if shared:
        uses = st.dictionaries(nodes, st.sampled_from([0.5, 1.0, 2.0]), min_size=2, max_size=3)
        rules += draw(
            st.lists(
                st.builds(Capacity, nodes, st.integers(0, 300), st.just("visits"), uses),
                min_size=1,
                max_size=2,
            )
        )
    baseline = pd.Series(
        draw(st.lists(st.integers(0, 80), min_size=len(leaves), max_size=len(leaves))),
        index=tree.leaves,
        dtype=float,
    )
    step = draw(st.sampled_from([1, 10]))
    total = draw(st.integers(0, 60)) * 10
    return total, tree, tuple(rules), baseline, step


def check(total, tree, rules, baseline, step):
    """Found where there is one, minimal, repaired."""
    found = diagnose(total, tree, rules, baseline=baseline, step=step)
    assert bool(found) != possible(total, tree, rules, baseline, step)
    now, limits = total, list(rules)
    for conflict in found:
        asked = None if conflict.total is None else now
        named = [limits[place] for place in conflict.places]
        assert not possible(asked, tree, named, baseline, step)
        for left_out in range(len(named)):
            fewer = named[:left_out] + named[left_out + 1 :]
            assert possible(asked, tree, fewer, baseline, step)
        assert conflict.shortfall > 0
        for change in conflict.repairs:
            if change.rule is None:
                now = change.to
            else:
                limits[change.place] = change.to
                assert change.to is None or type(change.to) is type(change.rule)
        limits = [rule if rule is not None else Floor("/", 0) for rule in limits]
    total, repaired_rules = repaired(total, rules, found)
    assert possible(total, tree, repaired_rules, baseline, step)
    assert diagnose(total, tree, repaired_rules, baseline=baseline, step=step) == ()
    return found, total, repaired_rules


@given(wishes())
@settings(max_examples=examples(150))
def test_on_a_tree_every_contradiction_is_found_minimal_and_repaired(wish):
    check(*wish)


@given(wishes(shared=True))
@settings(max_examples=examples(40))
def test_with_shared_capacities_every_contradiction_is_found_minimal_and_repaired(wish):
    check(*wish)


def test_a_capacity_of_nested_nodes_is_repaired_by_the_nearer_nodes_use():
    tree = Hierarchy.of(["m/r/p"], levels=["company", "market", "region", "position"], label="All")
    rule = Capacity("/", 0, "visits", {"/": 0.5, "m": 2.0, "m/r": 1.0})
    check(10, tree, (rule,), pd.Series(0.0, index=tree.leaves), 1)
    outer = Capacity("/", 8, "visits", {"m": 2.0, "/": 0.5})
    assert outer.row(tree, pd.Series(dtype=float)).coefficients.tolist() == [2.0]


@given(wishes())
@settings(max_examples=examples(60))
def test_a_plan_is_refused_exactly_when_a_contradiction_is_named(wish):
    total, tree, rules, baseline, step = wish
    leaves = pd.DataFrame({"forecast": baseline + 1, "baseline": baseline})
    found = diagnose(total, tree, rules, baseline=baseline, step=step)
    try:
        allocate(total, tree, leaves, rules=rules, step=step)
    except InfeasibleError as error:
        assert found
        assert [c.text() for c in error.conflicts] == [c.text() for c in found]
    else:
        assert not found
    if found:
        now, limits = repaired(total, rules, found)
        split = allocate(int(now), tree, leaves, rules=limits, step=step)
        assert split.targets.sum() == now


@given(wishes())
@settings(max_examples=examples(40))
def test_every_option_ends_the_contradiction_that_it_is_offered_for(wish):
    total, tree, rules, baseline, step = wish
    for conflict in diagnose(total, tree, rules, baseline=baseline, step=step)[:1]:
        for option in conflict.options:
            now, kept = total, list(rules)
            for change in option:
                if change.rule is None:
                    now = change.to
                else:
                    kept[change.place] = change.to
            named = [kept[place] for place in conflict.places if kept[place] is not None]
            asked = None if conflict.total is None else now
            assert possible(asked, tree, named, baseline, step)


def test_floors_above_a_ceiling_are_named_with_owner_reason_and_figures():
    rules = [
        Ceiling("A", 300, owner="Eva", reason="one van"),
        Floor("A/ann", 120),
        Floor("A/abe", 110),
        Floor("A/ada", 90),
    ]
    (conflict,) = diagnose(1000, TREE, rules, baseline=LAST)
    assert (conflict.node, conflict.shortfall, conflict.total) == ("A", 20, None)
    assert conflict.text() == (
        "ann's floor (120), abe's floor (110) and ada's floor (90) ask for 320, "
        "A's ceiling (Eva, one van) allows 300: 20 too much."
    )
    assert [change.to.amount for change in conflict.repairs] == [112, 103, 85]
    assert conflict.fix().endswith("or raise A's ceiling to 320.")


def test_money_is_said_in_the_unit_that_the_planner_sees_and_hours_in_theirs():
    rules = [Ceiling("A", 300_000), Floor("A/ann", 320_500)]
    (conflict,) = diagnose(1_000_000, TREE, rules, baseline=LAST)
    assert conflict.text(divisor=1000).startswith(
        "ann's floor asks for 320.50, A's ceiling allows 300: 20.50 too much."
    )
    assert conflict.fix(divisor=1000) == "lower ann's floor to 300; or raise A's ceiling to 320.50."
    assert conflict.text("zh", divisor=10_000).startswith(
        "ann的下限要求 32.05，A的上限最多允许 30，相差 2.05。"
    )
    assert "320,500" in conflict.text() and "320.50" in infeasible([conflict], divisor=1000).where
    hours = [Capacity("A", 40, "h", {"A/ann": 0.001, "A/abe": 0.001}), Floor("A/ann", 50_000)]
    (conflict,) = diagnose(1_000_000, TREE, hours, baseline=LAST)
    assert "40 h" in conflict.text(divisor=1000) and "floor (50)" in conflict.text(divisor=1000)
    assert "10 h too few" in conflict.text(divisor=1000)


def test_of_many_floors_only_as_many_are_named_as_contradict():
    rules = [Ceiling("A", 300), Floor("A/ann", 200), Floor("A/abe", 150), Floor("A/ada", 10)]
    (conflict,) = diagnose(1000, TREE, rules, baseline=LAST)
    assert conflict.rules == (rules[0], rules[1], rules[2])
    assert (conflict.shortfall, conflict.whole, conflict.others) == (50, 60, 1)
    assert "With 1 further limit" in conflict.text()


def test_it_is_said_who_would_be_left_with_nothing():
    rules = [Ceiling("A", 300), Floor("A/ann", 200), Floor("A/abe", 150)]
    (conflict,) = diagnose(1000, TREE, rules, baseline=LAST)
    assert conflict.text().endswith("50 too much. Nothing would be left for ada.")
    assert conflict.text("zh").endswith("ada将没有任何份额。")


def test_all_independent_contradictions_come_at_once():
    rules = [
        Floor("A/ann", 50), Ceiling("A/ann", 40), Floor("B", 90), Ceiling("B/bob", 30),
        Ceiling("B/ben", 20), Lock("C", 70), Lock("C/cy", 60),
    ]  # fmt: skip
    found = diagnose(1000, TREE, rules, baseline=LAST)
    assert {conflict.places for conflict in found} == {(0, 1), (2, 3, 4), (5, 6)}


def test_a_lock_gives_way_before_a_floor_before_a_ceiling_unless_the_planner_says_otherwise():
    rules = [Lock("A/ann", 200), Floor("A/abe", 150), Ceiling("A", 300)]
    (conflict,) = diagnose(1000, TREE, rules, baseline=LAST)
    assert [change.to for change in conflict.repairs] == [Lock("A/ann", 150)]
    mine = ("ceiling", "floor", "lock", "growth", "capacity", "other", "total")
    (conflict,) = diagnose(1000, TREE, rules, baseline=LAST, order=mine)
    assert [change.to for change in conflict.repairs] == [Ceiling("A", 350)]


def test_limits_count_as_the_steps_that_they_allow():
    assert diagnose(300, TREE, [Floor("A", 295), Ceiling("A", 299)], baseline=LAST) == ()
    (conflict,) = diagnose(300, TREE, [Floor("A", 291), Ceiling("A", 299)], baseline=LAST, step=10)
    assert conflict.shortfall == 10
    (conflict,) = diagnose(300, TREE, [Lock("A", 295)], baseline=LAST, step=10)
    assert conflict.text() == "A's lock (295) holds no multiple of the step of 10."
    assert conflict.repairs[0].to == Lock("A", 290)


def test_a_total_that_nobody_can_carry():
    rules = [Ceiling(leaf, 50) for leaf in TREE.leaves]
    (conflict,) = diagnose(1000, TREE, rules, baseline=LAST)
    assert conflict.total == 1000
    assert len(conflict.rules) == 6
    assert conflict.shortfall == 700
    total, kept = repaired(1000, rules, [conflict])
    assert (total, sum(rule.amount for rule in kept)) == (1000, 1000)


def test_a_shared_capacity_is_short_in_its_own_unit():
    fleet = Capacity("A", 300, "vehicle-days", {"A": 1.0, "B": 0.5}, owner="Eva")
    rules = [fleet, Floor("A", 200), Floor("B", 300), Floor("C", 10)]
    (conflict,) = diagnose(1000, TREE, rules, baseline=LAST)
    assert conflict.rules == tuple(rules[:3])
    assert (conflict.shortfall, conflict.unit) == (pytest.approx(50), "vehicle-days")
    assert "50 vehicle-days too few" in conflict.text()
    assert "还差 50 vehicle-days" in conflict.text("zh")


def test_the_path_is_given_where_a_label_repeats():
    tree = Hierarchy.of(["N/Canada/x", "S/Canada/y"], levels=list("abcd"), label="All")
    (conflict,) = diagnose(
        100, tree, [Floor("N/Canada", 60), Ceiling("N/Canada", 50)],
        baseline=pd.Series(1.0, index=tree.leaves),
    )  # fmt: skip
    assert "N/Canada's floor asks for 60" in conflict.text()


def test_the_error_says_what_where_and_how_in_two_languages():
    found = diagnose(100, TREE, [Floor("A", 150), Floor("B", 60), Ceiling("B", 50)], baseline=LAST)
    error = infeasible(found)
    assert error.conflicts == found
    assert error.exit_code == 4
    assert "2 contradictions" in error.what
    assert "(1) B's floor" in error.where and "(2) Tiny:" in error.where
    assert "change the total to" in error.fix
    chinese = infeasible(found, language="zh")
    assert "2 处矛盾" in chinese.what
    assert "总目标" in chinese.fix


def test_a_limit_on_an_unknown_unit_is_refused():
    with pytest.raises(DataError, match="no unit 'Z'"):
        diagnose(100, TREE, [Floor("Z", 1)], baseline=LAST)


def test_an_order_that_forgets_a_kind_is_a_wrong_call():
    with pytest.raises(ValueError, match="order names"):
        diagnose(100, TREE, [], baseline=LAST, order=("lock",))
