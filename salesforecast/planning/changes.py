"""What-if changes: each says in words what it changes, and gives a changed basis back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import pandas as pd

from salesforecast.errors import ParameterError, nearest
from salesforecast.hierarchy import ROOT
from salesforecast.planning.basis import TINY, Basis, add_leaf, child_of, follow, scale
from salesforecast.planning.scenario import Scenario
from salesforecast.rules import Capacity, Ceiling, Floor, Lock

_LIMITS: Mapping[str, type] = {"floor": Floor, "ceiling": Ceiling, "lock": Lock}


class Change(Protocol):
    """Anything that a what-if changes; the basis it is given stays as it was."""

    def words(self) -> str:
        """What it does, as a planner would say it."""
        ...

    def apply(self, basis: Basis) -> Basis:
        """The basis with the change; a `ParameterError` when it does not fit."""
        ...


def chosen(basis: Basis, node: str, product: str, first: str, last: str) -> pd.Series:
    """bool on the forecast's rows: within a node, of a product, in a window (empty: all)."""
    frame = basis.forecast
    if product and product not in set(frame["product"]):
        raise ParameterError(
            f"there is no product '{product}'.",
            where="the change",
            fix=nearest(product, sorted(set(frame["product"]))),
        )
    rows = frame["node"].isin(basis.within(node))
    if product:
        rows &= frame["product"] == product
    if first:
        rows &= frame["period"] >= _date(first)
    if last:
        rows &= frame["period"] <= _date(last)
    if not rows.any():
        raise ParameterError(
            "the change touches no period of the forecast.",
            where=f"{first or 'start'} to {last or 'end'}",
            fix=f"the forecast has {frame['period'].min():%Y-%m} to {frame['period'].max():%Y-%m}.",
        )
    return rows


def _date(words: str) -> pd.Timestamp:
    try:
        return pd.Timestamp(words)
    except ValueError:
        raise ParameterError(
            f"'{words}' is no month.", where="the change", fix="write 2013-09."
        ) from None


def _where(node: str, product: str, first: str, last: str) -> str:
    parts = [f"of {product}" if product else "", "in the company" if node == ROOT else f"in {node}"]
    parts.append(f"from {first}" if first else "")
    parts.append(f"to {last}" if last else "")
    return " ".join(part for part in parts if part)


@dataclass(frozen=True)
class Shock:
    """Sales are `factor` times what was expected: 0.9 a shock, 1.1 an uplift."""

    factor: float
    node: str = ROOT
    product: str = ""
    first: str = ""
    last: str = ""

    def words(self) -> str:
        where = _where(self.node, self.product, self.first, self.last)
        return f"sales {where} change by {self.factor - 1:+.1%}"

    def apply(self, basis: Basis) -> Basis:
        if self.factor < 0:
            raise ParameterError(
                f"the factor {self.factor} is negative.", where=self.words(), fix="0.9 is a tenth less."
            )  # fmt: skip
        rows = chosen(basis, self.node, self.product, self.first, self.last)
        return scale(basis, pd.Series(np.where(rows, self.factor, 1.0), index=rows.index))


@dataclass(frozen=True)
class Price:
    """The price changes by `change` (0.05: 5 % up) and the quantity by the elasticity.

    Quantity is multiplied by (1 + change) ** elasticity, money by that times (1 + change);
    a usual elasticity lies between -0.5 and -3.
    """

    change: float
    elasticity: float
    node: str = ROOT
    product: str = ""
    first: str = ""
    last: str = ""
    measure: str = "money"

    def words(self) -> str:
        where = _where(self.node, self.product, self.first, self.last)
        return f"prices {where} change by {self.change:+.1%} (elasticity {self.elasticity:g})"

    def apply(self, basis: Basis) -> Basis:
        if self.change <= -1 or self.measure not in ("money", "quantity"):
            raise ParameterError(
                "the price change is not understood.",
                where=f"change {self.change}, measure '{self.measure}'",
                fix="write 0.05 for 5 % up, and measure 'money' or 'quantity'.",
            )
        power = self.elasticity + (self.measure == "money")
        factor = (1 + self.change) ** power
        rows = chosen(basis, self.node, self.product, self.first, self.last)
        return scale(basis, pd.Series(np.where(rows, factor, 1.0), index=rows.index))


@dataclass(frozen=True)
class Slip:
    """A product's launch comes `months` later: what was expected moves, nothing comes before."""

    product: str
    months: int
    node: str = ROOT

    def words(self) -> str:
        return f"the launch of {self.product} slips by {self.months} months"

    def apply(self, basis: Basis) -> Basis:
        if self.months < 1:
            raise ParameterError(
                f"{self.months} months are no slip.", where=self.words(), fix="1 or more."
            )
        rows = chosen(basis, self.node, self.product, "", "")
        frame = basis.forecast.copy()
        late = frame[rows].assign(period=frame["period"] + pd.DateOffset(months=self.months))
        kept = frame[rows][["node", "product", "period"]].merge(
            late, on=["node", "product", "period"], how="left", validate="one_to_one"
        )
        frame.loc[rows, ["base", "forecast"]] = kept[["base", "forecast"]].fillna(0.0).to_numpy()
        return follow(basis, frame)


@dataclass(frozen=True)
class MovePromotion:
    """A promotion that lifts sales by `uplift` (0.3: 30 %) moves from one month to another."""

    uplift: float
    old: str
    new: str
    node: str = ROOT
    product: str = ""

    def words(self) -> str:
        where = _where(self.node, self.product, "", "")
        return f"the promotion {where} ({self.uplift:+.0%}) moves from {self.old} to {self.new}"

    def apply(self, basis: Basis) -> Basis:
        if self.uplift <= -1:
            raise ParameterError(
                "the uplift leaves no sales.", where=self.words(), fix="0.3: 30 %."
            )
        before = chosen(basis, self.node, self.product, self.old, self.old)
        after = chosen(basis, self.node, self.product, self.new, self.new)
        factor = np.where(before, 1 / (1 + self.uplift), 1.0) * np.where(
            after, 1 + self.uplift, 1.0
        )
        return scale(basis, pd.Series(factor, index=before.index))


@dataclass(frozen=True)
class CapPlant:
    """No more than `amount` can be delivered; `uses` says how much a unit of target takes."""

    amount: float
    unit: str
    uses: Mapping[str, float] = field(default_factory=lambda: {ROOT: 1.0}, hash=False)
    reason: str = "what-if"

    def words(self) -> str:
        return f"capacity is capped at {self.amount:,.0f} {self.unit}"

    def apply(self, basis: Basis) -> Basis:
        for node in self.uses:
            basis.within(node)
        rule = Capacity(ROOT, self.amount, self.unit, self.uses, reason=self.reason)
        scenario = replace(basis.scenario, rules=(*basis.scenario.rules, rule))
        return replace(basis, scenario=scenario)


@dataclass(frozen=True)
class Limit:
    """A floor, ceiling or lock is set, or taken away when `amount` is None."""

    kind: str
    node: str
    amount: float | None = None
    owner: str = ""
    reason: str = "what-if"

    def words(self) -> str:
        if self.amount is None:
            return f"the {self.kind} on {self.node} is released"
        return f"a {self.kind} of {self.amount:,.0f} is set on {self.node}"

    def apply(self, basis: Basis) -> Basis:
        if self.kind not in _LIMITS:
            raise ParameterError(
                f"'{self.kind}' is no limit.", where="the change", fix=nearest(self.kind, _LIMITS)
            )
        basis.within(self.node)
        kind, rules = _LIMITS[self.kind], basis.scenario.rules
        others = tuple(r for r in rules if not (type(r) is kind and r.node == self.node))
        if self.amount is None and len(others) == len(rules):
            raise ParameterError(
                f"there is no {self.kind} on '{self.node}'.",
                where="the scenario",
                fix="leave the change out.",
            )
        added = (
            () if self.amount is None else (kind(self.node, self.amount, self.owner, self.reason),)
        )
        return replace(basis, scenario=replace(basis.scenario, rules=(*others, *added)))


@dataclass(frozen=True)
class Assume:
    """Other words in the scenario: `total`, `chance`, `stretch`, `criterion`, `step`, `seed`."""

    settings: Mapping[str, object] = field(hash=False)

    def words(self) -> str:
        return ", ".join(f"{name} = {_plainly(value)}" for name, value in self.settings.items())

    def apply(self, basis: Basis) -> Basis:
        known = ("total", "chance", "stretch", "criterion", "step", "seed", "hedge", "blend")
        for name in self.settings:
            if name not in known:
                raise ParameterError(
                    f"'{name}' is not known.", where="the change", fix=nearest(name, known)
                )
        values: dict[str, object] = dict(self.settings)
        if "chance" in values:
            values.setdefault("total", None)
        if "total" in values or "stretch" in values:
            values.setdefault("chance", None)
        if "stretch" in values:
            values.setdefault("total", None)
        changed: Scenario = replace(basis.scenario, **values)  # type: ignore[arg-type]
        return replace(basis, scenario=changed)


@dataclass(frozen=True)
class Hire:
    """`count` people join `node` (whose children are people) in `start`.

    Each is expected to bring `productivity` times what a person there brings, reached in
    `ramp` months; `new` of it are sales that nobody else would have made, the rest comes from
    the others there. With a headcount of that node in the scenario, its capacity grows too.
    """

    node: str
    count: int = 1
    start: str = ""
    ramp: int = 3
    productivity: float = 1.0
    new: float = 0.5

    def words(self) -> str:
        when = f" from {self.start}" if self.start else ""
        who = "person joins" if self.count == 1 else "people join"
        return f"{self.count} {who} {self.node}{when}"

    def apply(self, basis: Basis) -> Basis:
        people = _people(basis, self.node)
        if self.count < 1 or not 0 <= self.new <= 1:
            raise ParameterError(
                "people who join are one or more, and `new` is a share.",
                where=self.words(),
                fix="use Leave for people who go.",
            )
        frame = basis.forecast[basis.forecast["node"].isin(people)]
        typical = frame.groupby(["product", "period"], as_index=False)[["base", "forecast"]].sum()
        typical[["base", "forecast"]] /= len(people)
        start = _date(self.start) if self.start else typical["period"].min()
        months = (typical["period"].dt.year - start.year) * 12
        months = months + typical["period"].dt.month - start.month
        part = ((months + 1) / (self.ramp + 1)).clip(0.0, 1.0).where(months >= 0, 0.0)
        own = typical.copy()
        own[["base", "forecast"]] = own[["base", "forecast"]].mul(part * self.productivity, axis=0)
        out = _give_way(basis, people, own, self.count * (1 - self.new))
        at = basis.samples.leaves.get_indexer(people)
        rng = np.random.default_rng(basis.scenario.seed)
        for number in range(1, self.count + 1):
            draws = basis.samples.values[rng.permutation(len(basis.samples.values))][:, at].mean(
                axis=1
            )
            means = own.groupby("period")["forecast"].sum().reindex(basis.samples.periods)
            target = means.fillna(0.0).to_numpy()
            mean = draws.mean(axis=0)
            draws = draws * np.where(mean > TINY, target / np.where(mean > TINY, mean, 1.0), 0.0)
            out = add_leaf(
                out, _free_path(out, self.node, number), own, draws, basis.history.iloc[:0]
            )
        heads = tuple(
            replace(h, people=(*h.people, {"start": f"{start:%Y-%m}", "count": self.count,
                                           "ramp": self.ramp}))
            if h.node == self.node else h
            for h in out.scenario.headcount
        )  # fmt: skip
        return replace(out, scenario=replace(out.scenario, headcount=heads))


@dataclass(frozen=True)
class Leave:
    """A person goes in `start`; `kept` of his sales go to the others below the same node.

    Who goes before the plan begins (no `start`) is asked for nothing, whatever the criterion.
    """

    leaf: str
    start: str = ""
    kept: float = 0.6

    def words(self) -> str:
        when = f" from {self.start}" if self.start else ""
        return f"{self.leaf} leaves{when}; {self.kept:.0%} of the sales stay"

    def apply(self, basis: Basis) -> Basis:
        if list(basis.within(self.leaf)) != [self.leaf] or not 0 <= self.kept <= 1:
            raise ParameterError(
                "one person leaves, and `kept` is a share.", where=self.words(), fix="name a leaf."
            )
        parent = basis.hierarchy.nodes.loc[self.leaf, "parent"]
        others = [leaf for leaf in basis.within(str(parent)) if leaf != self.leaf]
        going = chosen(basis, self.leaf, "", self.start, "")
        lost = basis.forecast[going][["product", "period", "base", "forecast"]]
        out = scale(basis, pd.Series(np.where(going, 0.0, 1.0), index=going.index))
        if not self.start:
            nothing = Lock(self.leaf, 0, reason=self.words())
            rules = (*basis.scenario.rules, nothing)
            out = replace(out, scenario=replace(out.scenario, rules=rules))
        if not others:
            return out
        return _give_way(out, pd.Index(others), lost, -self.kept)


def _plainly(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _free_path(basis: Basis, node: str, number: int) -> str:
    """Path of a position that is not taken yet: `(new 1)`, `(new 2)` ..."""
    path = child_of(node, f"(new {number})")
    return path if path not in basis.hierarchy.nodes.index else _free_path(basis, node, number + 1)


def _people(basis: Basis, node: str) -> pd.Index:
    """People (no house leaves) right below a node."""
    basis.within(node)
    children = basis.hierarchy.children(node)
    nodes = basis.hierarchy.nodes.loc[children]
    people = children[nodes["leaf"].to_numpy() & ~nodes["label"].str.startswith("(").to_numpy()]
    if not len(people):
        raise ParameterError(
            f"'{node}' has nobody right below it.",
            where="the change",
            fix="name the unit that people report to, such as a territory.",
        )
    return people


def _give_way(basis: Basis, leaves: pd.Index, own: pd.DataFrame, share: float) -> Basis:
    """Take `share` of `own` (product × period) from `leaves`, in proportion; negative gives."""
    frame = basis.forecast
    key = ["product", "period"]
    rows = frame["node"].isin(leaves)
    sums = frame[rows].groupby(key)["forecast"].sum().rename("all")
    taken = own.set_index(key)["forecast"].groupby(level=key).sum().rename("own") * share
    both = frame[key].join(sums, on=key).join(taken, on=key)
    known = rows & (both["all"].abs() > TINY)
    factor = (1 - both["own"].fillna(0.0) / both["all"].where(known, 1.0)).clip(lower=0.0)
    return scale(basis, factor.where(known, 1.0))
