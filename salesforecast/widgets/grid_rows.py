"""The grid's rows as columns of plain figures: all of them once, then only what changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

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
    nodes
        In order; the positions that a patch speaks of.
    fixed
        Column to values: names and places in the tree.
    moving
        Frame on node: every figure; missing where there is none.
    common
        The chance in the middle.
    """

    nodes: tuple[str, ...]
    fixed: dict[str, list[Any]]
    moving: pd.DataFrame
    common: float

    def columns(self) -> dict[str, list[Any]]:
        """Every row, column by column, as JSON can say it."""
        return {**self.fixed, **{name: _plain(self.moving[name]) for name in self.moving}}

    def patch(self, before: Rows) -> dict[str, Any] | None:
        """What differs from `before`: positions, and the columns that moved; None if nothing did."""
        moved = {
            name: _differs(self.moving[name].to_numpy(), before.moving[name].to_numpy())
            for name in self.moving
        }
        names = [name for name, differs in moved.items() if differs.any()]
        common_moved = _rounded(self.common) != _rounded(before.common)
        if not names and not common_moved:
            return None
        anywhere = [moved[name] for name in names] or [np.zeros(len(self.nodes), dtype=bool)]
        at = np.flatnonzero(np.logical_or.reduce(anywhere))
        fields = {name: _plain(self.moving[name].iloc[at]) for name in names}
        page = {"common": _rounded(self.common), "common_moved": common_moved}
        return {"at": [int(place) for place in at], "fields": fields, "page": page}


def rows_of(session: Session, *, months: str = "", like: Rows | None = None) -> Rows:
    """The rows of the session's plan; `like` are earlier ones, whose names are kept if they fit."""
    plan, wording = session.plan, session.wording
    if like is not None and like.moving.attrs.get("tree") == id(plan.hierarchy):
        shown, fixed = plan.units.loc[list(like.nodes)], like.fixed
    else:
        shown = shown_units(plan.units, plan.hierarchy)
        fixed = _fixed(shown, plan.units, session)
    moving = pd.DataFrame(
        {
            "baseline": shown["baseline"],
            "forecast": shown["forecast"],
            "low": shown["low80"],
            "high": shown["high80"],
            "capacity": _capacity(session, shown.index),
            "floor": _limit(session, Floor, shown.index),
            "ceiling": _limit(session, Ceiling, shown.index),
            "target": shown["target"].astype("float64"),
            "growth": shown["growth"],
            "stretch": shown["stretch"],
            "chance": shown["chance"],
        },
        index=shown.index,
    )
    for name in moving:
        moving[name] = moving[name].astype("float64").round(DIGITS.get(name, 0))
    locks = set(limits_of(plan.scenario, Lock))
    begun = set(limits_of(session.first, Lock).items())
    hand = {
        node
        for node, amount in limits_of(plan.scenario, Lock).items()
        if (node, amount) not in begun
    }
    moving["lock"] = [node in locks for node in shown.index]
    moving["hand"] = [node in hand for node in shown.index]
    named = {word: wording.name("limit", str(word)) for word in shown["limit"].unique()}
    moving["limit"] = shown["limit"].map(named).astype("object")
    if months:
        months_of = plan.months.loc[shown.index]
        moving["months"] = pd.Series(
            months_of.to_numpy().tolist(), index=shown.index, dtype="object"
        )
    moving.attrs["tree"] = id(plan.hierarchy)
    return Rows(tuple(shown.index), fixed, moving, common_chance(plan))


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
        "unit": session.unit,
        "words": grid_words(session.language),
        "months": [session.wording.month(period) for period in periods],
        "has_capacity": bool(rows.moving["capacity"].notna().any()),
        "reach": REACH,
        "low": TOO_LOW,
        "common": _rounded(rows.common),
    }


def _limit(session: Session, kind: Any, index: pd.Index) -> pd.Series:
    return pd.Series(limits_of(session.scenario, kind), dtype="float64").reindex(index)


def _capacity(session: Session, index: pd.Index) -> pd.Series:
    """What a unit's capacity is enough for at the present mix of targets, in the measure."""
    plan = session.plan
    enough = pd.Series(np.nan, index=index)
    for rule in plan.scenario.limits(plan.periods):
        if isinstance(rule, Capacity) and rule.node in index:
            row = rule.row(plan.hierarchy, pd.Series(dtype="float64"))
            targets = plan.units["target"].reindex(row.coefficients.index)
            used = float((targets * row.coefficients).sum())
            if used > 0:
                enough[rule.node] = float(targets.sum()) * rule.amount / used
    return enough


def _differs(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    if now.dtype.kind == "f":
        return ~((now == before) | (np.isnan(now) & np.isnan(before)))
    if now.dtype.kind == "O":
        return np.array([one != other for one, other in zip(now, before, strict=True)], dtype=bool)
    return now != before


def _plain(column: pd.Series) -> list[Any]:
    if column.dtype.kind == "f":
        return [None if value != value else value for value in column.tolist()]
    return column.tolist()


def _rounded(value: float) -> float | None:
    return None if value != value else round(value, 3)
