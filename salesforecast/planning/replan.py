"""The open periods of a plan, made anew: closed ones keep what was approved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesforecast.errors import DataError, InfeasibleError
from salesforecast.hierarchy import ROOT, Hierarchy
from salesforecast.planning.decision import ABSORB, AMOUNT, COMPANY, REGION, RELEASE, Decision
from salesforecast.planning.plan import round_to_step
from salesforecast.planning.spread import pick, share
from salesforecast.rules import Rule
from salesforecast.tables import ACTUALS, TARGETS

_KEY = list(TARGETS.key)


@dataclass(frozen=True)
class Replan:
    """New targets, and why each figure moved.

    Parameters
    ----------
    targets
        `TARGETS`: closed cells as approved, open cells as decided.
    moves
        One row a changed cell: `node, product, period, before, after, change, why`.
    gap
        On leaf: `target, actual` of closed periods, `gap`, `undecided` (the part that no
        earlier decision settled), `carried` (added to its open targets).
    settled
        float64 on leaf: gap that is decided on now; hand it to the next `replan`.
    words
        The decision in one sentence.
    """

    targets: pd.DataFrame
    moves: pd.DataFrame
    gap: pd.DataFrame
    settled: pd.Series
    words: str


def replan(
    approved: pd.DataFrame,
    actuals: pd.DataFrame,
    hierarchy: Hierarchy,
    *,
    closed: pd.Timestamp,
    decision: Decision,
    settled: pd.Series | None = None,
    step: int = 1,
    rules: Sequence[Rule] = (),
    baseline: pd.Series | None = None,
    locked: pd.DataFrame | None = None,
) -> Replan:
    """Set the open periods by the decision on the gap so far.

    Only what is undecided moves anything: a gap is decided on once, so re-planning again
    with the same actuals returns the same targets. What rounding to the step leaves over
    stays undecided and is carried when it makes a whole step. Units that a limit holds carry
    nothing as long as others of the same carrier can.

    Parameters
    ----------
    approved
        `TARGETS` that are approved.
    actuals
        `ACTUALS` of the leaves; rows of open periods do not count.
    closed
        First day of the last closed period; all periods up to it are closed.
    settled
        `Replan.settled` of the time before; None: nothing was decided yet.
    rules, baseline
        Limits on the whole plan; those that held before must hold afterwards. `baseline` is
        on leaf, for growth bands.
    locked
        Frame `node, product, period` of open cells that may not move.

    Raises
    ------
    InfeasibleError
        If the budget, the number of cells, locked cells or a rule leave no room for the
        decision; the message says by how much, and what would do.
    DataError
        If an actual is of no leaf, or no period is open.
    """
    cells = TARGETS.check(approved)
    is_open = (cells["period"] > pd.Timestamp(closed)).to_numpy()
    gap = _gaps(cells[~is_open], ACTUALS.check(actuals), hierarchy, closed, settled)
    wanted = _wanted(gap["undecided"], hierarchy, decision, step)
    if not is_open.any() and (wanted["amount"] != 0).any():
        raise DataError(
            "the plan has no open period that could carry the gap.",
            where=f"it ends with {cells['period'].max():%Y-%m}",
            fix="absorb the gap, or carry it into the next plan.",
        )
    free = is_open & ~_is_locked(cells, locked)
    change = _change(cells, free, wanted, decision, step)
    after = cells.assign(target=cells["target"] + change)
    while broken := _broken(cells, after, hierarchy, rules, baseline):
        free = _others(cells, free, wanted, broken)
        change = _change(cells, free, wanted, decision, step)
        after = cells.assign(target=cells["target"] + change)
    _check_budget(change, decision)
    carried = pd.Series(change, index=cells["node"]).groupby(level=0).sum()
    gap["carried"] = carried.reindex(gap.index).fillna(0).astype("int64")
    taken = _settle(gap, wanted, decision, settled)
    moves = _moves(cells, change, wanted, gap, hierarchy)
    return Replan(after, moves, gap, taken, _sentence(gap, change, decision))


def _gaps(
    past: pd.DataFrame,
    actuals: pd.DataFrame,
    hierarchy: Hierarchy,
    closed: pd.Timestamp,
    settled: pd.Series | None,
) -> pd.DataFrame:
    strange = actuals.loc[~actuals["node"].isin(hierarchy.leaves), "node"]
    if len(strange):
        raise DataError(
            f"'{strange.iloc[0]}' is no leaf of the plan.",
            where="the actuals",
            fix="credit its sales to a position of the plan, or to a house account.",
        )
    sold = actuals[actuals["period"] <= pd.Timestamp(closed)].groupby("node")["actual"].sum()
    asked = past.groupby("node")["target"].sum()
    out = pd.DataFrame(index=hierarchy.leaves)
    out["target"] = asked.reindex(out.index).fillna(0).astype("int64")
    out["actual"] = sold.reindex(out.index).fillna(0.0).astype("float64")
    out["gap"] = out["actual"] - out["target"]
    before = pd.Series(0.0, index=out.index) if settled is None else settled.reindex(out.index)
    out["undecided"] = out["gap"] - before.fillna(0.0)
    return out


def _wanted(
    undecided: pd.Series, hierarchy: Hierarchy, decision: Decision, step: int
) -> pd.DataFrame:
    """One row a carrier: `members` (leaves), `gap` (undecided, net), `amount` (to be carried)."""
    if decision.carried_by == COMPANY:
        groups = {ROOT: list(undecided.index)}
    elif decision.carried_by == REGION:
        parents = hierarchy.nodes.loc[undecided.index, "parent"]
        groups = {str(p): list(m) for p, m in undecided.groupby(parents, sort=False).groups.items()}
    else:
        groups = {leaf: [leaf] for leaf in undecided.index}
    net = pd.Series({name: float(undecided[members].sum()) for name, members in groups.items()})
    short = (-net).clip(lower=0.0)
    if decision.gap == ABSORB:
        amount = short * 0.0
    elif decision.gap == AMOUNT:
        total = int(round_to_step(np.array([float(decision.amount or 0)]), step)[0])
        most = int(round_to_step(np.array([short.sum()]), step)[0])
        if total > most:
            raise InfeasibleError(
                "more would be recovered than is short.",
                where=f"the amount is {total:,}; what is short and undecided is {most:,}",
                fix=f"recover at most {most:,}.",
            )
        shares = share(total // step, short.to_numpy()) if total else np.zeros(len(short))
        amount = pd.Series(shares * step, index=short.index)
    else:
        amount = _whole_steps(short, step)
    if decision.surplus == RELEASE and decision.gap != ABSORB:
        amount = amount - _whole_steps(net.clip(lower=0.0), step)
    table = pd.DataFrame({"gap": net, "amount": amount.astype("int64")})
    table["members"] = pd.Series(groups)
    return table


def _whole_steps(amounts: pd.Series, step: int) -> pd.Series:
    """Nearest whole steps, int64; half a step stays undecided, or it would go to and fro for ever."""
    return (np.ceil(amounts / step - 0.5) * step).astype("int64")


def _is_locked(cells: pd.DataFrame, locked: pd.DataFrame | None) -> np.ndarray:
    if locked is None or not len(locked):
        return np.zeros(len(cells), dtype=bool)
    marked = cells[_KEY].merge(
        locked[_KEY].drop_duplicates().assign(locked=1), on=_KEY, how="left", validate="one_to_one"
    )
    return marked["locked"].notna().to_numpy()


def _change(
    cells: pd.DataFrame, free: np.ndarray, wanted: pd.DataFrame, decision: Decision, step: int
) -> np.ndarray:
    """int64 a cell: each carrier's amount over its free cells, in proportion to their targets."""
    change = np.zeros(len(cells), dtype=np.int64)
    moving = wanted[wanted["amount"] != 0]
    if not len(moving):
        return change
    owner = {leaf: name for name, members in moving["members"].items() for leaf in members}
    belongs = cells["node"].map(owner)
    places = belongs.groupby(belongs).indices
    target = cells["target"].to_numpy()
    room = pick(moving["amount"].abs().to_numpy(), decision.cells)
    for (name, row), most in zip(moving.iterrows(), room, strict=True):
        at = np.asarray(places.get(name, ()), dtype=np.int64)
        at = at[free[at]]
        amount = int(row["amount"])
        least = -target[at].clip(min=0) // step if amount < 0 else None
        if not len(at) or (least is not None and amount // step < least.sum()):
            can = 0 if least is None or not len(at) else int(-least.sum() * step)
            raise InfeasibleError(
                f"'{name}' cannot carry {amount:,}: its open targets can take {can:,}.",
                where="locked or missing open periods" if not len(at) else "open targets",
                fix="release a lock, absorb it, or let the region or the company carry it.",
            )
        weights = target[at].clip(min=0).astype("float64")
        if most is not None and most < len(at):
            kept = np.argsort(-weights, kind="stable")[:most]
            at, weights = at[kept], weights[kept]
            least = least[kept] if least is not None else None
            if least is not None and amount // step < least.sum():
                raise InfeasibleError(
                    f"{decision.cells} cells are too few to release {-amount:,} of '{name}'.",
                    where=f"its {most} largest open cells hold {int(-least.sum() * step):,}",
                    fix="allow more cells.",
                )
        change[at] = share(amount // step, weights, least=least) * step
    return change


def _check_budget(change: np.ndarray, decision: Decision) -> None:
    moved, touched = int(np.abs(change).sum()), int((change != 0).sum())
    if decision.budget is not None and moved > decision.budget:
        raise InfeasibleError(
            f"the decision moves {moved:,}, and the budget for changes is {decision.budget:,}.",
            where="[replan] of the scenario: budget",
            fix=f"raise the budget by {moved - decision.budget:,} to {moved:,}, or recover an "
            f"amount of at most {decision.budget:,} (gap = 'amount').",
        )
    if decision.cells is not None and touched > decision.cells:
        raise InfeasibleError(
            f"the decision needs {touched} cells, and {decision.cells} may change.",
            where="[replan] of the scenario: cells",
            fix=f"allow {touched} cells, or let the company carry it.",
        )


def _broken(
    before: pd.DataFrame,
    after: pd.DataFrame,
    hierarchy: Hierarchy,
    rules: Sequence[Rule],
    baseline: pd.Series | None,
) -> dict[str, pd.Index]:
    """Rules that held before and would not afterwards, in words, with their leaves."""
    known = pd.Series(0.0, index=hierarchy.leaves) if baseline is None else baseline
    sums = [f.groupby("node")["target"].sum().reindex(hierarchy.leaves) for f in (before, after)]
    broken: dict[str, pd.Index] = {}
    for rule in rules:
        row = rule.row(hierarchy, known)
        old, new = (float((s[row.coefficients.index] * row.coefficients).sum()) for s in sums)
        slack = 1e-9 * max(abs(old), 1.0)
        worse_up = new > row.upper + slack and new > old
        worse_down = new < row.lower - slack and new < old
        if worse_up or worse_down:
            over = new - row.upper if worse_up else row.lower - new
            said = f" (by {rule.owner}: {rule.reason})" if rule.owner else ""
            broken[f"{rule.words()}{said}, by {over:,.0f}"] = row.coefficients.index
    return broken


def _others(
    cells: pd.DataFrame, free: np.ndarray, wanted: pd.DataFrame, broken: dict[str, pd.Index]
) -> np.ndarray:
    """The free cells without those that broken limits hold, where every carrier keeps some."""
    held = np.logical_or.reduce(
        [cells["node"].isin(leaves).to_numpy() for leaves in broken.values()]
    )
    left = set(cells["node"][free & ~held])
    moving = wanted.loc[wanted["amount"] != 0, "members"]
    if not (free & held).any() or not all(left & set(members) for members in moving):
        raise InfeasibleError(
            "the decision breaks limits of the plan.",
            where="; ".join(broken),
            fix="release the limit, recover less, or let the company carry it.",
        )
    return np.asarray(free & ~held)


def _settle(
    gap: pd.DataFrame, wanted: pd.DataFrame, decision: Decision, settled: pd.Series | None
) -> pd.Series:
    """Gap decided on now. What rounding left over is not."""
    out = gap["gap"].copy()
    if decision.gap == ABSORB or decision.gap == AMOUNT:
        return out.rename("settled")
    before = 0.0 if settled is None else settled.reindex(gap.index).fillna(0.0)
    for _, row in wanted.iterrows():
        members = row["members"]
        if row["gap"] < 0 or decision.surplus == RELEASE:
            decided = -row["amount"] / row["gap"] if row["gap"] else 1.0
            earlier = before if settled is None else before[members]  # type: ignore[index]
            out[members] = earlier + gap.loc[members, "undecided"] * decided
    return out.rename("settled")


def _moves(
    cells: pd.DataFrame,
    change: np.ndarray,
    wanted: pd.DataFrame,
    gap: pd.DataFrame,
    hierarchy: Hierarchy,
) -> pd.DataFrame:
    at = np.flatnonzero(change)
    out = cells.iloc[at][_KEY].reset_index(drop=True)
    out["before"] = cells["target"].to_numpy()[at]
    out["after"] = out["before"] + change[at]
    out["change"] = change[at]
    owner = {leaf: str(name) for name, members in wanted["members"].items() for leaf in members}
    labels = hierarchy.nodes["label"]
    whys = {}
    for node in out["node"].unique():
        name = owner[node]
        amount, net = int(wanted.loc[name, "amount"]), float(wanted.loc[name, "gap"])
        verb = "recovers" if amount > 0 else "releases"
        words = f"{verb} its part of {abs(amount):,}: the undecided gap"
        if name == node:
            whys[node] = f"{words} is {net:+,.0f}, its own"
        else:
            own = gap.loc[node, "undecided"]
            whys[node] = f"{words} of {labels[name]} is {net:+,.0f} (its own: {own:+,.0f})"
    out["why"] = out["node"].map(whys).astype("str")
    return out


def _sentence(gap: pd.DataFrame, change: np.ndarray, decision: Decision) -> str:
    total, open_ = gap["gap"].sum(), gap["undecided"].sum()
    up, down = int(change[change > 0].sum()), int(-change[change < 0].sum())
    moved = f"open targets rise by {up:,}" + (f" and fall by {down:,}" if down else "")
    if not up and not down:
        moved = "open targets stay as they were"
    return (
        f"Closed periods are {total:+,.0f} against their targets, {open_:+,.0f} of it undecided; "
        f"decision: {decision.gap}, carried by the {decision.carried_by}: {moved}."
    )
