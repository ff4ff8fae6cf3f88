"""Re-planning by the rules: closed periods stay, sums tie, nothing drifts, every move says why."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesforecast.errors import DataError, InfeasibleError
from salesforecast.hierarchy import Hierarchy
from salesforecast.planning.decision import Decision
from salesforecast.planning.replan import replan
from salesforecast.planning.spread import share
from salesforecast.rules import Ceiling, Floor, Lock
from salesforecast.tables import TARGETS

TREE = Hierarchy.of(
    ["w/a", "w/b", "s/c", "s/d"], levels=("company", "region", "person"), label="Company"
)
MONTHS = pd.date_range("2024-01-01", periods=4, freq="MS", unit="us")
JANUARY, FEBRUARY, MARCH, APRIL = MONTHS


def _plan(rows):
    frame = pd.DataFrame(rows, index=TREE.leaves, columns=MONTHS)
    long = frame.reset_index().melt(id_vars="node", var_name="period", value_name="target")
    return TARGETS.check(long.assign(product="(all)"))


def _sold(rows):
    months = MONTHS[: len(rows[0])]
    frame = pd.DataFrame(rows, index=TREE.leaves, columns=months)
    return frame.reset_index().melt(id_vars="node", var_name="period", value_name="actual")


PLAN = _plan([[100, 100, 100, 300]] * 4)  # leaves: s/c, s/d, w/a, w/b
SOLD = _sold([[100.0], [130.0], [60.0], [90.0]])


def _by_leaf(targets):
    return targets.pivot_table(index="node", columns="period", values="target", aggfunc="sum")


def test_each_unit_recovers_its_own_by_the_shape_of_its_open_targets():
    made = replan(PLAN, SOLD, TREE, closed=JANUARY, decision=Decision("recover"))
    table = _by_leaf(made.targets)
    assert table.loc["w/a"].tolist() == [100, 108, 108, 324]
    assert table.loc["w/b"].tolist() == [100, 102, 102, 306]
    assert table.loc["s/d"].tolist() == [100, 100, 100, 300]
    assert made.gap["carried"].tolist() == [0, 0, 40, 10]
    assert made.moves.iloc[0]["why"] == "recovers its part of 40: the undecided gap is -40, its own"
    assert "open targets rise by 50" in made.words


def test_a_region_carries_net_and_together():
    made = replan(
        PLAN, SOLD, TREE, closed=JANUARY, decision=Decision("recover", carried_by="region")
    )
    assert made.gap["carried"].tolist() == [0, 0, 25, 25]
    made = replan(
        PLAN, SOLD, TREE, closed=JANUARY, decision=Decision("recover", carried_by="company")
    )
    assert made.gap["carried"].tolist() == [5, 5, 5, 5]


def test_what_is_released_keeps_the_years_total():
    made = replan(PLAN, SOLD, TREE, closed=JANUARY, decision=Decision("recover", surplus="release"))
    whole = made.targets[made.targets["period"] > JANUARY]["target"].sum() + SOLD["actual"].sum()
    assert whole == PLAN["target"].sum()
    assert made.gap["carried"].tolist() == [0, -30, 40, 10]


def test_an_amount_goes_by_what_each_is_short():
    made = replan(PLAN, SOLD, TREE, closed=JANUARY, decision=Decision("amount", amount=25))
    assert made.gap["carried"].tolist() == [0, 0, 20, 5]
    again = replan(
        made.targets, SOLD, TREE, closed=JANUARY, settled=made.settled, decision=Decision("recover")
    )
    assert not len(again.moves)  # the rest was absorbed
    with pytest.raises(InfeasibleError, match="recover at most 50"):
        replan(PLAN, SOLD, TREE, closed=JANUARY, decision=Decision("amount", amount=51))


def test_absorbing_moves_nothing_and_is_decided():
    made = replan(PLAN, SOLD, TREE, closed=JANUARY, decision=Decision("absorb", budget=0))
    assert made.targets.equals(PLAN) and not len(made.moves)
    later = replan(
        PLAN, SOLD, TREE, closed=JANUARY, settled=made.settled, decision=Decision("recover")
    )
    assert later.targets.equals(PLAN)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"decision": Decision("recover", budget=30)}, r"(?s)moves 50.*budget.*30.*by 20 to 50"),
        ({"decision": Decision("recover", cells=1)}, "allow at least 2 cells"),
        ({"decision": Decision("recover"), "rules": (Ceiling("w", 1220, owner="Ann", reason="plant"),)},
         r"(?s)ceiling of 1,220.*Ann: plant.*by 30"),
        ({"decision": Decision("recover"), "closed": APRIL}, "no open period"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_diagnosed(options, words):
    with pytest.raises((InfeasibleError, DataError), match=words):
        replan(PLAN, SOLD, TREE, **{"closed": JANUARY, **options})


def test_locked_months_do_not_move():
    lock = PLAN[(PLAN["period"] == APRIL)]
    made = replan(PLAN, SOLD, TREE, closed=JANUARY, locked=lock, decision=Decision("recover"))
    assert _by_leaf(made.targets).loc["w/a"].tolist() == [100, 120, 120, 300]
    everything = PLAN[PLAN["node"] == "w/a"]
    with pytest.raises(InfeasibleError, match=r"'w/a' cannot carry 40"):
        replan(PLAN, SOLD, TREE, closed=JANUARY, locked=everything, decision=Decision("recover"))


def test_few_cells_carry_the_same_amount():
    made = replan(PLAN, SOLD, TREE, closed=JANUARY, decision=Decision("recover", cells=3))
    assert len(made.moves) == 3
    assert made.gap["carried"].tolist() == [0, 0, 40, 10]


def test_a_rule_that_was_broken_before_may_stay_so_but_not_get_worse():
    rules = (Floor("s", 5000), Ceiling("s", 100))
    made = replan(PLAN, SOLD, TREE, closed=JANUARY, rules=rules, decision=Decision("recover"))
    assert made.gap["carried"].sum() == 50


def test_what_a_limit_holds_carries_nothing_while_others_can():
    company = Decision("recover", carried_by="company")
    rules = (Lock("w/a", 600), Ceiling("s", 1200))
    made = replan(PLAN, SOLD, TREE, closed=JANUARY, rules=rules, decision=company)
    assert made.gap["carried"].to_dict() == {"s/c": 0, "s/d": 0, "w/a": 0, "w/b": 20}
    again = replan(
        made.targets, SOLD, TREE, closed=JANUARY, rules=rules, decision=company,
        settled=made.settled,
    )  # fmt: skip
    assert again.targets.equals(made.targets)
    with pytest.raises(
        InfeasibleError, match=r"(?s)breaks limits.*'w/a' at 600.*or let the company"
    ):
        replan(PLAN, SOLD, TREE, closed=JANUARY, rules=rules, decision=Decision("recover"))


AMOUNTS = st.lists(st.lists(st.integers(0, 500), min_size=4, max_size=4), min_size=4, max_size=4)
ACTUALS = st.lists(st.lists(st.floats(0, 700), min_size=3, max_size=3), min_size=4, max_size=4)
DECISIONS = st.builds(
    Decision,
    gap=st.sampled_from(["recover", "absorb"]),
    carried_by=st.sampled_from(["unit", "region", "company"]),
    surplus=st.sampled_from(["keep", "release"]),
)


@settings(max_examples=max(settings().max_examples // 4, 1))  # each is a year of three
@given(AMOUNTS, ACTUALS, st.lists(DECISIONS, min_size=3, max_size=3), st.sampled_from([1, 10, 25]))
def test_a_year_of_random_decisions_keeps_every_rule(rows, sold, decisions, step):
    plan = _plan((np.array(rows) // step * step).tolist())
    first, settled, actuals = plan, None, _sold(sold)
    for month, decision in zip(MONTHS[:3], decisions, strict=True):
        try:
            made = replan(
                plan, actuals, TREE, closed=month, decision=decision, settled=settled, step=step
            )
        except InfeasibleError as error:  # a release larger than the open targets
            assert decision.surplus == "release"
            assert "cannot carry -" in error.what
            continue
        after = made.targets
        shut = plan["period"] <= month
        assert after[shut].equals(plan[shut])  # closed periods keep what was approved
        assert (after["target"] % step == 0).all() and (after["target"] >= 0).all()
        change = after["target"] - plan["target"]
        assert change.sum() == made.gap["carried"].sum() == made.moves["change"].sum()
        _check_amounts(made, decision, step)
        # the same actuals again: no drift, even with no budget for changes
        again = replan(
            after, actuals, TREE, closed=month, settled=made.settled, step=step,
            decision=Decision(decision.gap, carried_by=decision.carried_by,
                              surplus=decision.surplus, budget=0),
        )  # fmt: skip
        assert again.targets.equals(after)
        plan, settled = after, made.settled
    assert len(plan) == len(first)


def test_half_a_unit_ahead_stays_undecided_and_does_not_come_back():
    plan = _plan([[0, 0, 0, 2]] + [[0, 0, 0, 0]] * 3)
    release = Decision("recover", carried_by="unit", surplus="release")
    sold = _sold([[0.0, 0.0, 1.5]] + [[0.0, 0.0, 0.0]] * 3)
    first = replan(plan, sold, TREE, closed=MONTHS[2], decision=release)
    again = replan(
        first.targets, sold, TREE, closed=MONTHS[2], decision=release, settled=first.settled
    )
    assert first.targets["target"].sum() == 1
    assert again.targets.equals(first.targets)


def _check_amounts(made, decision, step):
    undecided = made.gap["undecided"]
    if decision.gap == "absorb":
        assert (made.gap["carried"] == 0).all()
        return
    groups = {
        "unit": undecided.index.to_series(),
        "region": undecided.index.to_series().str[0],
        "company": undecided.index.to_series().str[:0],
    }[decision.carried_by]
    net = undecided.groupby(groups).sum()
    carried = made.gap["carried"].groupby(groups).sum()
    expected = -net if decision.surplus == "release" else (-net).clip(lower=0)
    assert ((carried - expected).abs() <= step / 2 + 1e-6).all()


@given(
    st.integers(-(10**13), 10**13),
    st.lists(st.floats(0, 1e6), min_size=1, max_size=8),
)
def test_shares_are_whole_and_exact(total, weights):
    parts = share(total, np.array(weights))
    assert parts.dtype == np.int64 and parts.sum() == total
    assert (parts * np.sign(total) >= 0).all()


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0, 9)), min_size=1, max_size=8), st.data())
def test_no_cell_gives_more_than_it_has(cells, data):
    room = np.array([c[0] for c in cells])
    total = data.draw(st.integers(0, int(room.sum())))
    parts = share(-total, np.array([c[1] for c in cells]), least=-room)
    assert parts.sum() == -total and (parts >= -room).all() and (parts <= 0).all()


def test_recovering_month_by_month_asks_the_same_in_all_as_at_once():
    sold = _sold([[50.0, 80.0], [90.0, 90.0], [100.0, 100.0], [70.0, 130.0]])
    decision = Decision("recover", carried_by="company", surplus="release")
    once = replan(PLAN, sold, TREE, closed=FEBRUARY, decision=decision)
    one = replan(PLAN, sold, TREE, closed=JANUARY, decision=decision)
    two = replan(one.targets, sold, TREE, closed=FEBRUARY, settled=one.settled, decision=decision)
    for made in (once, two):
        rest = made.targets[made.targets["period"] > FEBRUARY]["target"].sum()
        assert rest + sold["actual"].sum() == PLAN["target"].sum()
