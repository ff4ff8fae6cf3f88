"""The columns that a criterion refers to: capacity, potential and the plan to stay near to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from salesforecast.errors import ParameterError
from salesforecast.fiscal import PLAIN, FiscalCalendar
from salesforecast.hierarchy import Hierarchy
from salesforecast.planning.scenario import Scenario
from salesforecast.rules import Capacity
from salesforecast.wishes import criterion_of

NEEDS: Mapping[str, str] = {
    "capacity": "capacity",
    "equal headroom": "capacity",
    "potential": "potential",
    "least change": "plan",
    "few changes": "plan",
}


def with_references(
    leaves: pd.DataFrame,
    scenario: Scenario,
    hierarchy: Hierarchy,
    periods: pd.DatetimeIndex,
    *,
    gaps: Literal["refuse", "forecast"] = "refuse",
    fiscal: FiscalCalendar = PLAIN,
) -> pd.DataFrame:
    """The leaves with what the scenario's criterion refers to; columns that they have stay.

    `capacity` in money follows from the scenario's capacities and headcount: amount / use of a
    unit with a capacity of its own, the smallest of several. `potential` is the scenario's own
    table, in any unit. Of both, what is said of a group and not of its units is spread over these
    in proportion to their forecast. `plan` is last year's sales, unless `leaves` has another.

    Parameters
    ----------
    gaps
        What becomes of a unit with a forecast that neither it nor a group above says anything of:
        an error, or the mean of the others for its forecast.
    fiscal
        Which days the months are made of.

    Raises
    ------
    ParameterError
        If the scenario says nothing of what its criterion needs, or not of every unit.
    """
    criterion = criterion_of(scenario)
    names = [criterion] if isinstance(criterion, str) else list(criterion)
    columns = dict.fromkeys(NEEDS[name] for name in names if name in NEEDS)
    made = {}
    for column in columns:
        if column in leaves:
            continue
        if column == "plan":
            made[column] = leaves["history"].clip(lower=0.0)
            continue
        said = scenario.potential
        if column == "capacity":
            said = _capacities(scenario, periods, fiscal)
        if not said:
            _refuse(names, column, "", f"the scenario has no {column}")
        made[column] = _spread(said, hierarchy, leaves["forecast"], gaps, column, names)
    return leaves.assign(**made) if made else leaves


def _capacities(
    scenario: Scenario, periods: pd.DatetimeIndex, fiscal: FiscalCalendar
) -> dict[str, float]:
    """What each node with a capacity of its own can sell, in money."""
    out: dict[str, float] = {}
    for rule in scenario.limits(periods, fiscal=fiscal):
        if isinstance(rule, Capacity) and len(rule.uses) == 1:
            ((node, use),) = rule.uses.items()
            if use > 0:
                out[node] = min(rule.amount / use, out.get(node, np.inf))
    return out


def _spread(
    said: Mapping[str, float],
    hierarchy: Hierarchy,
    forecast: pd.Series,
    gaps: str,
    column: str,
    names: list[str],
) -> pd.Series:
    """Amounts of nodes on their leaves: the nearest node's counts, what is left goes by forecast."""
    out = pd.Series(np.nan, index=hierarchy.leaves)
    known = hierarchy.nodes["depth"]
    weight = forecast.clip(lower=0.0)
    if gaps == "forecast":
        said = {node: amount for node, amount in said.items() if node in known.index}
    inside = {node: hierarchy.within(node) for node in said}  # says which node there is none of
    for node in sorted(said, key=lambda name: -int(known[name])):
        leaves = inside[node]
        rest = max(float(said[node]) - float(out[leaves].sum()), 0.0)
        open_ = leaves[out[leaves].isna().to_numpy()]
        shares = weight[open_]
        if not shares.sum() > 0:
            shares = shares * 0.0 + 1.0
        out[open_] = rest * shares / shares.sum()
    lacking = out.isna() & (weight > 0)
    if lacking.any() and gaps == "refuse":
        labels = hierarchy.nodes.loc[lacking.index[lacking], "label"].tolist()
        more = f" and {len(labels) - 5} more" if len(labels) > 5 else ""
        _refuse(names, column, f"{', '.join(labels[:5])}{more}", f"nothing is said of the {column}")
    if lacking.any():
        covered = ~out.isna() & (weight > 0)
        each = float(out[covered].sum() / weight[covered].sum()) if covered.any() else 1.0
        out[lacking] = each * weight[lacking]
    return out.fillna(0.0)


def _refuse(names: list[str], column: str, units: str, what: str) -> None:
    wanted = next(name for name in names if NEEDS.get(name) == column)
    fixes = {
        "capacity": "add [[capacity]] or [[headcount]] with a use per unit sold for each unit, or "
        "for a group above them",
        "potential": "add a table [potential] with a figure for each unit, or for a group above them",
    }
    raise ParameterError(
        f"a plan cannot be split by '{wanted}': {what}{' of these units' if units else ''}.",
        where=f"units: {units}" if units else "criterion of the scenario",
        fix=f"{fixes[column]}; or choose another criterion.",
    )
