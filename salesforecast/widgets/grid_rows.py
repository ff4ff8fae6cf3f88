"""The grid's rows as columns of plain figures: all of them once, then only what changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from salesforecast.hierarchy import Hierarchy
from salesforecast.reporting.report import TOO_LOW
from salesforecast.rules import Capacity, Ceiling, Floor, Lock
from salesforecast.widgets.session import Session, limits_of
from salesforecast.widgets.target_table import REACH, common_chance, shown_units

DIGITS = {"growth": 8, "stretch": 8, "chance": 3}  # so that what is shown is not rounded twice


@dataclass(frozen=True)
class Rows:
    """What the grid shows of a plan: what never moves with the plan, and what does.

    Parameters
    ----------
    tree
        Whose units these are.
    nodes
        In order; the positions that a patch speaks of.
    places
        Where the plan's units have them.
    fixed
        Column to values: names and places in the tree.
    moving
        Column to every figure, one a node; missing where there is none.
    common
        The chance in the middle.
    """

    tree: Hierarchy
    nodes: pd.Index
    places: np.ndarray
    fixed: dict[str, list[Any]]
    moving: dict[str, np.ndarray]
    common: float

    def columns(self) -> dict[str, list[Any]]:
        """Every row, column by column, as JSON can say it."""
        return {**self.fixed, **{name: _plain(values) for name, values in self.moving.items()}}

    def patch(self, before: Rows) -> dict[str, Any] | None:
        """What differs from `before`: positions, and the columns that moved; None if nothing did."""
        moved = {
            name: _differs(values, before.moving[name]) for name, values in self.moving.items()
        }
        names = [name for name, differs in moved.items() if differs.any()]
        common_moved = _rounded(self.common) != _rounded(before.common)
        if not names and not common_moved:
            return None
        anywhere = [moved[name] for name in names] or [np.zeros(len(self.nodes), dtype=bool)]
        at = np.flatnonzero(np.logical_or.reduce(anywhere))
        fields = {name: _plain(self.moving[name][at]) for name in names}
        page = {"common": _rounded(self.common), "common_moved": common_moved}
        return {"at": at.tolist(), "fields": fields, "page": page}


def rows_of(session: Session, *, months: str = "", like: Rows | None = None) -> Rows:
    """The rows of the session's plan; `like` are earlier ones, whose names are kept if they fit."""
    plan = session.plan
    units = plan.units
    if like is not None and like.tree is plan.hierarchy:
        nodes, places, fixed = like.nodes, like.places, like.fixed
    else:
        shown = shown_units(units, plan.hierarchy)
        nodes, places = shown.index, units.index.get_indexer(shown.index)
        fixed = _fixed(shown, units, session)
    known = {
        name: units[column].to_numpy(dtype=float)[places]
        for name, column in (
            ("baseline", "baseline"),
            ("forecast", "forecast"),
            ("low", "low80"),
            ("high", "high80"),
            ("target", "target"),
            ("growth", "growth"),
            ("stretch", "stretch"),
            ("chance", "chance"),
        )
    }
    known["capacity"] = _capacity(session, nodes)
    for name, kind in (("floor", Floor), ("ceiling", Ceiling)):
        known[name] = _at(nodes, limits_of(plan.scenario, kind))
    moving = {name: values.round(DIGITS.get(name, 0)) for name, values in known.items()}
    locks, begun = limits_of(plan.scenario, Lock), limits_of(session.first, Lock)
    moving["lock"] = ~np.isnan(_at(nodes, locks))
    hand = dict(locks.items() - begun.items())
    moving["hand"] = ~np.isnan(_at(nodes, hand))
    limits = units["limit"].to_numpy(dtype=object)[places]
    named = {word: session.wording.name("limit", str(word)) for word in set(limits)}
    moving["limit"] = np.array([named[word] for word in limits], dtype=object)
    if months:
        moving["months"] = plan.months.to_numpy()[places]
    return Rows(plan.hierarchy, nodes, places, fixed, moving, common_chance(plan))


def _fixed(shown: pd.DataFrame, units: pd.DataFrame, session: Session) -> dict[str, list[Any]]:
    """Names and places: the parent of a shown row is the nearest row above it that is shown."""
    above: list[str] = []
    parents: list[str | None] = []
    for node, depth in zip(shown.index, shown["depth"], strict=True):
        above = [*above[: int(depth)], str(node)]
        parents.append(above[-2] if len(above) > 1 else None)
    return {
        "node": [str(node) for node in shown.index],
        "label": [session.wording.name("label", str(label)) for label in shown["label"]],
        "parent": parents,
        "depth": [int(depth) for depth in shown["depth"]],
        "leaf": [bool(leaf) for leaf in shown["leaf"]],
    }


def page_of(session: Session, rows: Rows, *, months: str = "") -> dict[str, Any]:
    """What holds for the whole grid: language, unit, words and which columns there are."""
    from salesforecast.widgets.grid_words import grid_words

    periods = session.plan.periods if months else ()
    return {
        "language": session.language,
        "divisor": session.divisor,
        "decimals": session.wording.decimals,
        "unit": session.unit,
        "words": grid_words(session.language),
        "months": [session.wording.month(period) for period in periods],
        "has_capacity": has_capacity(rows),
        "reach": REACH,
        "low": TOO_LOW,
        "common": _rounded(rows.common),
    }


def has_capacity(rows: Rows) -> bool:
    """Does a shown unit have a capacity, so that there is a column of it?"""
    return bool((~np.isnan(rows.moving["capacity"])).any())


def _at(nodes: pd.Index, amounts: Mapping[str, float]) -> np.ndarray:
    """Amounts of some nodes on all of them; missing elsewhere."""
    out = np.full(len(nodes), np.nan)
    if amounts:
        places = nodes.get_indexer(pd.Index(list(amounts), dtype="str"))
        out[places[places >= 0]] = np.array(list(amounts.values()), dtype=float)[places >= 0]
    return out


def _capacity(session: Session, nodes: pd.Index) -> np.ndarray:
    """What a unit's capacity is enough for at the present mix of targets, in the measure."""
    plan = session.plan
    enough: dict[str, float] = {}
    for rule in plan.scenario.limits(plan.periods):
        if isinstance(rule, Capacity):
            row = rule.row(plan.hierarchy, pd.Series(dtype="float64"))
            targets = plan.units["target"].reindex(row.coefficients.index)
            used = float((targets * row.coefficients).sum())
            if used > 0:
                enough[rule.node] = float(targets.sum()) * rule.amount / used
    return _at(nodes, enough)


def _differs(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Which rows differ; missing is like missing."""
    if now.dtype.kind == "f":
        return (now != before) & ~(np.isnan(now) & np.isnan(before))
    differs = now != before
    return differs if differs.ndim == 1 else differs.any(axis=1)


def _plain(column: np.ndarray) -> list[Any]:
    values = column.tolist()
    if column.dtype.kind == "f" and np.isnan(column).any():
        return [None if value != value else value for value in values]
    return values


def _rounded(value: float) -> float | None:
    return None if value != value else round(value, 3)
