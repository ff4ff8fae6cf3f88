"""Random re-plannings, each judged by the contracts' rules."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesforecast.errors import InfeasibleError
from salesforecast.hierarchy import Hierarchy
from salesforecast.planning.decision import Decision
from salesforecast.planning.replan import Replan, replan
from salesforecast.tables import TARGETS

TREE = Hierarchy.of(
    [f"{region}/{person}" for region in "nsw" for person in "abc"],
    levels=("company", "region", "person"),
    label="Company",
)
MONTHS = pd.date_range("2024-01-01", periods=6, freq="MS", unit="us")


def play(count: int, *, seed: int) -> tuple[int, int]:
    """Rules broken in `count` random re-plannings, and how many were made."""
    rng = np.random.default_rng(seed)
    broken = made = 0
    while made < count:
        step = int(rng.choice([1, 10, 25]))
        plan, settled = _plan(rng, step), None
        sold = rng.gamma(2, 100, (len(TREE.leaves), len(MONTHS))) * (rng.random((9, 1)) > 0.1)
        for at in sorted(rng.choice(5, 3, replace=False)):
            decision = _decision(rng)
            actuals = _long(sold[:, : at + 1], MONTHS[: at + 1], "actual")
            options = {"closed": MONTHS[at], "step": step}
            try:
                new = replan(plan, actuals, TREE, decision=decision, settled=settled, **options)  # type: ignore[arg-type]
            except InfeasibleError as error:
                broken += not _explained(error, decision)
                made += 1
                continue
            broken += _broken(plan, new, decision, MONTHS[at], step)
            calm = Decision(decision.gap if decision.gap != "amount" else "absorb", carried_by=decision.carried_by,
                            surplus=decision.surplus, budget=0)  # fmt: skip
            again = replan(
                new.targets, actuals, TREE, decision=calm, settled=new.settled, **options
            )  # type: ignore[arg-type]
            broken += not again.targets.equals(new.targets)
            plan, settled = new.targets, new.settled
            made += 2
    return broken, made


def _plan(rng: np.random.Generator, step: int) -> pd.DataFrame:
    values = rng.integers(0, 400, (len(TREE.leaves), len(MONTHS))) // step * step
    return TARGETS.check(_long(values, MONTHS, "target").assign(product="(all)"))


def _long(values: np.ndarray, months: pd.DatetimeIndex, name: str) -> pd.DataFrame:
    wide = pd.DataFrame(values, index=TREE.leaves, columns=months)
    return wide.reset_index().melt(id_vars="node", var_name="period", value_name=name)


def _decision(rng: np.random.Generator) -> Decision:
    gap = str(rng.choice(["recover", "absorb", "amount"]))
    return Decision(
        gap,
        amount=int(rng.integers(0, 300)) if gap == "amount" else None,
        carried_by=str(rng.choice(["unit", "region", "company"])),
        surplus=str(rng.choice(["keep", "release"])),
        budget=int(rng.integers(0, 2000)) if rng.random() < 0.3 else None,
        cells=int(rng.integers(0, 40)) if rng.random() < 0.3 else None,
    )


def _explained(error: InfeasibleError, decision: Decision) -> bool:
    """Whether there is a limit that can have stood in the way, and the error says what would do."""
    limited = decision.budget is not None or decision.cells is not None
    can_fail = limited or decision.surplus == "release" or decision.gap == "amount"
    return can_fail and bool(error.what and error.where and error.fix) and decision.gap != "absorb"


def _broken(
    old: pd.DataFrame, new: Replan, decision: Decision, closed: pd.Timestamp, step: int
) -> int:
    """How many rules this re-planning breaks."""
    change = new.targets["target"] - old["target"]
    shut = old["period"] <= closed
    moved, touched = int(change.abs().sum()), int((change != 0).sum())
    wrong = [
        bool((change[shut] != 0).any()),
        bool((new.targets["target"] % step != 0).any() or (new.targets["target"] < 0).any()),
        int(change.sum()) != int(new.gap["carried"].sum()),
        len(new.moves) != touched or bool((new.moves["why"].str.len() == 0).any()),
        decision.gap == "absorb" and moved > 0,
        decision.budget is not None and moved > decision.budget,
        decision.cells is not None and touched > decision.cells,
    ]
    if (
        decision.gap == "recover"
        and decision.surplus == "release"
        and decision.carried_by == "company"
    ):
        wrong.append(abs(change.sum() + new.gap["undecided"].sum()) > step / 2 + 1e-6)
    return sum(map(bool, wrong))
