"""The monthly meeting: how the plan stands, who is in danger, what production has to make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from salesforecast import desk
from salesforecast.errors import DataError, InfeasibleError
from salesforecast.planning.decision import Decision
from salesforecast.planning.indicators import (
    Indicator,
    ManagementTable,
    management_table,
    unit_indicators,
)
from salesforecast.planning.plan import Plan
from salesforecast.planning.quantities import prices, quantity_plan
from salesforecast.planning.track import Tracking
from salesforecast.planning.warn import YEAR, Warnings, early_warnings
from salesforecast.reporting.report import folded
from salesforecast.reporting.review_page import Meeting, write_review_page
from salesforecast.workbench import Inputs

LEAST_YEARS = 3  # whole years before the plan that a record of warnings needs


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
    indicators
        Further rows of the table, such as complaints or a share of new customers.
    record
        What warnings so early in the year were worth in the past; None where fewer than
        `LEAST_YEARS` whole years are known.
    least_chance
        The limit of `endangered`.
    """

    tracking: Tracking
    table: ManagementTable
    endangered: pd.DataFrame
    quantities: pd.DataFrame
    indicators: ManagementTable | None = None
    record: Warnings | None = None
    least_chance: float = 0.5


def review(
    inputs: Inputs,
    plan: Plan,
    *,
    as_of: pd.Timestamp,
    level: str = "",
    least_chance: float = 0.5,
    indicators: Sequence[Indicator] = (),
    draws: int = 500,
) -> Review:
    """Gather the monthly meeting's figures as of a day.

    Parameters
    ----------
    level
        Whose units are the rows of the table; empty: right below the company.
    least_chance
        Units with a smaller chance to reach their target are endangered.
    indicators
        Of the plan's periods: what else the meeting looks at.
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
        management_table(indicators) if indicators else None,
        _record(inputs, plan, found, least_chance),
        least_chance,
    )


def _record(inputs: Inputs, plan: Plan, found: Tracking, least_chance: float) -> Warnings | None:
    """The warnings of past years at the same month, for the units that the page shows."""
    closed = found.periods[found.periods["closed"]]["period"].nunique()
    first = plan.periods[0]
    sales = desk.sales_until(inputs, first - pd.DateOffset(months=1))
    years = (first.year * YEAR + first.month - _months(sales["period"].min())) // YEAR
    if len(plan.periods) != YEAR or not 0 < closed < YEAR or years < LEAST_YEARS:
        return None
    months = pd.date_range(first - pd.DateOffset(years=years), periods=years * YEAR, freq="MS")
    wide = sales.pivot_table(index="node", columns="period", values="sales", aggfunc="sum")
    past = plan.hierarchy.totals(wide.reindex(plan.hierarchy.leaves).fillna(0.0))
    past = past.reindex(columns=months).fillna(0.0)
    shown = folded(plan.units).index
    nodes = [n for n in shown if plan.units.loc[n, "target"] > 0 and past.loc[n].sum() > 0]
    now = found.periods.pivot_table(index="node", columns="period", values="actual")
    so_far = now.reindex(index=nodes, columns=plan.periods[:closed]).fillna(0.0)
    targets = plan.units.loc[nodes, "target"].astype("float64")
    return early_warnings(past.loc[nodes], so_far, targets, least_chance=least_chance)


def _months(period: pd.Timestamp) -> int:
    return period.year * YEAR + period.month


def would_move(inputs: Inputs, plan: Plan, decision: Decision, *, as_of: pd.Timestamp) -> str:
    """What re-planning by a decision would move, or why it cannot, in words; nothing is saved."""
    day = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    closed = plan.periods[inputs.organisation.calendar.ends(plan.periods) <= day]
    if not len(closed):
        return "no month is closed yet"
    try:
        return desk.replan_year(inputs, plan, closed=closed[-1], decision=decision)[1].words
    except (InfeasibleError, DataError) as error:  # a limit, or no open month: the review goes on
        return f"cannot be: {error}"


def meeting_of(made: Review, inputs: Inputs, *, plan: str) -> Meeting:
    """What the review's page shows; `plan` is the plan's name with its version."""
    measure = inputs.organisation.measure
    return Meeting(
        organisation=inputs.organisation.name,
        plan=plan,
        tracking=made.tracking,
        endangered=made.endangered,
        quantities=made.quantities,
        unit=measure.unit,
        unit_words=measure.display or measure.unit,
        divisor=measure.divisor,
        least_chance=made.least_chance,
        indicators=made.indicators,
        record=made.record,
        calendar=inputs.organisation.calendar,
    )


def _quantities(inputs: Inputs, plan: Plan, found: Tracking) -> pd.DataFrame:
    """Product × open month, in pieces."""
    lines = inputs.loaded.lines
    known = lines[lines["product"].isin(plan.targets["product"]) & (lines["quantity"] > 0)]
    sold = known.groupby("product", as_index=False)[["amount", "quantity"]].sum()
    begins = inputs.organisation.calendar.first_days(plan.periods)
    ahead = plan.targets[plan.targets["period"].isin(plan.periods[begins > found.as_of])]
    if not len(ahead) or set(ahead["product"]) - set(sold["product"]):
        return pd.DataFrame()
    price = prices(sold.assign(node="(all)"))
    pieces = quantity_plan(ahead.assign(target=ahead["target"].clip(lower=0)), price)
    table = pieces.pivot_table(index="product", columns="period", values="target", aggfunc="sum")
    return table.astype("int64")


def write_review(
    made: Review, folder: str | Path, *, meeting: Meeting | None = None, language: str = "en"
) -> list[Path]:
    """Write `tracking.csv`, `management_table.csv`, `endangered.csv`, `quantities.csv`, and with a
    meeting `report.html`, its page in `language`."""
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
    if meeting is not None:
        paths.append(write_review_page(meeting, place / "report.html", language))
    return paths
