"""What-if changes of the organisation: regions merged, split, renamed, or new."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from salesforecast.errors import ParameterError
from salesforecast.hierarchy import ROOT, SEPARATOR
from salesforecast.planning.basis import Basis, add_leaf, child_of, move, parent_of
from salesforecast.planning.corridors import Corridor
from salesforecast.rules import Capacity, Floor, GrowthBand, Rule


@dataclass(frozen=True)
class Rename:
    """A unit is called otherwise."""

    node: str
    label: str

    def words(self) -> str:
        return f"{self.node} is renamed to {self.label}"

    def apply(self, basis: Basis) -> Basis:
        basis.within(self.node)
        new = child_of(parent_of(self.node), self.label)
        if self.node == ROOT or new in basis.hierarchy.nodes.index:
            raise ParameterError(
                f"'{self.node}' cannot be called '{self.label}'.",
                where="the company has its name in organisation.toml" if self.node == ROOT
                else f"there is a unit '{new}'",
                fix="choose another name.",
            )  # fmt: skip
        return _moved(basis, lambda path: _swap(path, {self.node: new}))


@dataclass(frozen=True)
class Merge:
    """Units below the same parent become one; leaves of the same name are added up."""

    nodes: Sequence[str]
    label: str

    def words(self) -> str:
        return f"{' and '.join(self.nodes)} become {self.label}"

    def apply(self, basis: Basis) -> Basis:
        for node in self.nodes:
            basis.within(node)
        parents = {parent_of(node) for node in self.nodes}
        if len(parents) != 1 or len(set(self.nodes)) < 2 or ROOT in self.nodes:
            raise ParameterError(
                "only units below the same parent can be merged.",
                where=self.words(),
                fix="name two or more neighbours.",
            )
        new = child_of(parents.pop(), self.label)
        if new in basis.hierarchy.nodes.index and new not in self.nodes:
            raise ParameterError(
                f"there is a unit '{new}' already.", where=self.words(), fix="merge that one too."
            )
        return _moved(basis, lambda path: _swap(path, dict.fromkeys(self.nodes, new)))


@dataclass(frozen=True)
class Split:
    """A unit becomes several; `parts` says which of its children go where."""

    node: str
    parts: Mapping[str, Sequence[str]] = field(hash=False)

    def words(self) -> str:
        return f"{self.node} is split into {' and '.join(self.parts)}"

    def apply(self, basis: Basis) -> Basis:
        basis.within(self.node)
        labels = basis.hierarchy.nodes["label"][basis.hierarchy.children(self.node)]
        given = [label for part in self.parts.values() for label in part]
        missing = sorted(set(labels) ^ set(given))
        if missing or len(given) != len(set(given)) or self.node == ROOT:
            raise ParameterError(
                f"the parts of '{self.node}' do not name each of its children once.",
                where=f"first: '{missing[0] if missing else given[0]}'",
                fix=f"its children are: {', '.join(labels)}.",
            )
        held = [
            r.words() for r in basis.scenario.rules if r.node == self.node or _uses(r, self.node)
        ]
        if held:
            raise ParameterError(
                f"'{self.node}' has a limit of its own, which cannot be split.",
                where="; ".join(held),
                fix="release it first, and set limits on the parts.",
            )
        parent = parent_of(self.node)
        paths = {
            child_of(self.node, label): child_of(child_of(parent, part), label)
            for part, children in self.parts.items()
            for label in children
        }
        return _moved(basis, lambda path: _swap(path, paths))


@dataclass(frozen=True)
class NewRegion:
    """A new unit borrows its profile from similar ones, and is less certain than they are.

    Parameters
    ----------
    path
        Of its one leaf, such as `"Europe/Italy/Italy/(open)"`: as deep as other leaves.
    like
        Units whose mean profile it borrows.
    size
        Its sales as a part of what those units sell on average.
    wider
        How much larger its relative spread is than theirs.
    floor
        Least that it is asked; None: nothing.
    """

    path: str
    like: Sequence[str]
    size: float = 1.0
    wider: float = 2.0
    floor: int | None = None

    def words(self) -> str:
        return f"{self.path} is new, {self.size:.0%} of {' and '.join(self.like)}"

    def apply(self, basis: Basis) -> Basis:
        if not self.like or self.size <= 0 or self.wider < 1:
            raise ParameterError(
                "a new region borrows from others.",
                where=f"like {list(self.like)}, size {self.size}, wider {self.wider}",
                fix="name similar units, a size above 0 and wider 1 or more.",
            )
        count = len(self.like)
        leaves = [leaf for node in self.like for leaf in basis.within(node)]
        rows = basis.forecast[basis.forecast["node"].isin(leaves)]
        own = rows.groupby(["product", "period"], as_index=False)[["base", "forecast"]].sum()
        own[["base", "forecast"]] *= self.size / count
        at = basis.samples.leaves.get_indexer(leaves)
        draws = basis.samples.values[:, at].sum(axis=1) * self.size / count
        rng = np.random.default_rng(basis.scenario.seed)
        draws = _widen(draws[rng.permutation(len(draws))], self.wider)
        out = add_leaf(basis, self.path, own, draws, basis.history.iloc[:0])
        if self.floor is None:
            return out
        rule = Floor(self.path, self.floor, reason="a new region's floor")
        return replace(out, scenario=replace(out.scenario, rules=(*out.scenario.rules, rule)))


def _widen(draws: np.ndarray, factor: float) -> np.ndarray:
    """Spread positive draws around their mean, on a log scale, without moving the mean."""
    mean = draws.mean(axis=0)
    safe = np.where(mean > 0, mean, 1.0)
    ratio = np.maximum(draws / safe, 1e-3)
    wide = ratio**factor
    return np.where(mean > 0, wide / wide.mean(axis=0) * mean, draws)


def _swap(path: str, paths: Mapping[str, str]) -> str:
    """A path whose beginning is one of `paths`, with that beginning changed."""
    for old, new in paths.items():
        if path == old:
            return new
        if path.startswith(old + SEPARATOR):
            return new + path[len(old) :]
    return path


def _uses(rule: Rule, node: str) -> bool:
    return isinstance(rule, Capacity) and node in rule.uses


def _moved(basis: Basis, new_path: Callable[[str], str]) -> Basis:
    """Move leaves and the rules that name their units; rules that meet are added up."""
    out = move(basis, new_path)
    grouped: dict[tuple[type, str], list[Rule]] = {}
    rules: list[Rule] = []
    for rule in basis.scenario.rules:
        node = new_path(rule.node)
        if isinstance(rule, Capacity):
            uses: dict[str, float] = {}
            for name, use in rule.uses.items():
                key = new_path(name)
                if uses.setdefault(key, use) != use:
                    raise _cannot(rule, "its units use different amounts")
            rules.append(replace(rule, node=node, uses=uses))
        else:
            grouped.setdefault((type(rule), node), []).append(rule)
    for (_, node), some in grouped.items():
        sources = {n for n in basis.hierarchy.nodes.index if new_path(n) == node}
        if len(sources) == 1:
            rules += [_with(r, node=node) for r in some]
            continue
        if isinstance(some[0], GrowthBand) or {r.node for r in some} != sources:
            raise _cannot(some[0], "not every unit that is merged has the same kind of limit")
        total = sum(_amount(r) for r in some)
        rules.append(_with(some[0], node=node, amount=total))
    heads = tuple(
        replace(h, node=new_path(h.node), uses={new_path(n): u for n, u in h.uses.items()})
        for h in basis.scenario.headcount
    )
    corridors = []
    for corridor in basis.scenario.corridors:
        node = new_path(corridor.node)
        if len({n for n in basis.hierarchy.nodes.index if new_path(n) == node}) > 1:
            raise _cannot(corridor, "only one of the units that are merged has it")
        corridors.append(replace(corridor, node=node))
    scenario = replace(
        basis.scenario, rules=tuple(rules), headcount=heads, corridors=tuple(corridors)
    )
    return replace(out, scenario=scenario)


def _amount(rule: Any) -> float:
    return float(rule.amount) if float(rule.amount) % 1 else int(rule.amount)


def _with(rule: Any, **values: Any) -> Any:
    return replace(rule, **values)


def _cannot(rule: Rule | Corridor, why: str) -> ParameterError:
    return ParameterError(
        f"the {rule.words()} cannot follow the change.",
        where=why,
        fix="release it before, and set it anew after.",
    )
