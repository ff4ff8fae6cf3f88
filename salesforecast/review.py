"""The monthly meeting: how the plan stands, who is in danger, what production has to make."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from salesforecast import desk
from salesforecast.planning.indicators import ManagementTable, management_table, unit_indicators
from salesforecast.planning.plan import Plan
from salesforecast.planning.quantities import prices, quantity_plan
from salesforecast.planning.track import Tracking
from salesforecast.workbench import Inputs


@dataclass(frozen=True)
class Review:
    """What the meeting looks at.

    Parameters
    ----------
    tracking
        How every unit stands.
    table
        The target-management table of one level.
    endangered
        Units whose chance to reach their target is below the limit, the largest lack first:
        `label, level, target, landing, short, chance, needed`.
    quantities
        Pieces per product and open month that the plan asks for; empty without quantities.
    """

    tracking: Tracking
    table: ManagementTable
    endangered: pd.DataFrame
    quantities: pd.DataFrame


def review(
    inputs: Inputs,
    plan: Plan,
    *,
    as_of: pd.Timestamp,
    level: str = "",
    least_chance: float = 0.5,
    draws: int = 500,
) -> Review:
    """Gather the monthly meeting's figures as of a day.

    Parameters
    ----------
    level
        Whose units are the rows of the table; empty: right below the company.
    least_chance
        Units with a smaller chance to reach their target are endangered.
    """
    found = desk.track_plan(inputs, plan, as_of=as_of, draws=draws)
    shown = level or plan.hierarchy.levels[1]
    unit = inputs.organisation.measure.unit
    units = found.units[found.units["target"] > 0]
    low = units[units["chance"] < least_chance].copy()
    low["short"] = low["target"] - low["landing"]
    columns = ["label", "level", "target", "landing", "short", "chance", "needed"]
    return Review(
        found,
        management_table(unit_indicators(found, shown, unit=unit)),
        low.sort_values("short", ascending=False, kind="stable")[columns],
        _quantities(inputs, plan, found),
    )


def _quantities(inputs: Inputs, plan: Plan, found: Tracking) -> pd.DataFrame:
    """Product × open month, in pieces."""
    lines = inputs.loaded.lines
    known = lines[lines["product"].isin(plan.targets["product"]) & (lines["quantity"] > 0)]
    sold = known.groupby("product", as_index=False)[["amount", "quantity"]].sum()
    ahead = plan.targets[plan.targets["period"] > found.as_of]
    if not len(ahead) or set(ahead["product"]) - set(sold["product"]):
        return pd.DataFrame()
    price = prices(sold.assign(node="(all)"))
    pieces = quantity_plan(ahead.assign(target=ahead["target"].clip(lower=0)), price)
    table = pieces.pivot_table(index="product", columns="period", values="target", aggfunc="sum")
    return table.astype("int64")


def write_review(made: Review, folder: str | Path) -> list[Path]:
    """Write `tracking.csv`, `management_table.csv`, `endangered.csv`, `quantities.csv`."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    tables = {
        "tracking": made.tracking.units,
        "management_table": made.table.marked(),
        "endangered": made.endangered,
        "quantities": made.quantities,
    }
    paths = []
    for name, table in tables.items():
        path = place / f"{name}.csv"
        table.to_csv(path, encoding="utf-8-sig")
        paths.append(path)
    return paths
