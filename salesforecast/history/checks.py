"""Checks of the order lines: each looks for one oddity and says what it means for the plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import PurePath

import pandas as pd

from salesforecast.errors import Finding
from salesforecast.fiscal import MONTHS
from salesforecast.history.organisation import Organisation
from salesforecast.history.roster import roster_at
from salesforecast.history.series import condense, partial_end
from salesforecast.history.subtotals import subtotal_products

Check = Callable[[pd.DataFrame, Organisation], list[Finding]]


def _name(periods: Sequence[pd.Timestamp]) -> str:
    shown = ", ".join(f"{period:%Y-%m}" for period in periods[:6])
    return shown + (f" and {len(periods) - 6} more" if len(periods) > 6 else "")


def short_history(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """One period shows neither trend nor season; less than two years show no season well."""
    periods = sorted(lines["period"].unique())
    where = f"{_name(periods[:1])} to {_name(periods[-1:])}"
    if len(periods) == 1:
        what = "there is only one period of history"
        return [Finding("error", what, where, "Give at least two periods; better two years.")]
    span = periods[-1] - periods[0]
    if span.days < 700:
        what = f"history covers {len(periods)} periods, less than two years"
        effect = "Seasons cannot be told from growth; intervals are wide."
        return [Finding("warning", what, where, effect)]
    return []


def negative_amounts(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """Returns and corrections are kept, and counted in the period of their date."""
    negative = lines[lines["amount"] < 0]
    if negative.empty:
        return []
    cells = [f"{s}, row {r}" for s, r in zip(negative["source"], negative["row"], strict=True)]
    what = f"{len(negative)} rows are negative, together {negative['amount'].sum():,.0f}"
    effect = "They are kept as returns, in the period of their date."
    return [Finding("warning", what, "; ".join(cells[:3]), effect, len(negative))]


def partial_first(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """A source whose first period starts later in its span than those after it."""
    found = []
    for source, part in lines.groupby("source"):
        days = part.groupby("period")["date"].agg(["min", "nunique"])
        late = pd.Series((days["min"] - days.index).dt.days, index=days.index)
        if len(late) > 2 and late.iloc[0] > late.iloc[1:].max() + 3:
            what = f"the first period is partial: {days['nunique'].iloc[0]} days with sales"
            where = f"{source}, {days.index[0]:%Y-%m}"
            effect = "It is kept; growth against it means nothing."
            rows = int((part["period"] == days.index[0]).sum())
            found.append(Finding("warning", what, where, effect, rows))
    return found


def partial_last(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """Sources that stop before the end of their last period, or a whole period before others."""
    found = []
    newest = lines["period"].max()
    for source, part in lines.groupby("source"):
        last = part["period"].max()
        day = part["date"].max()
        if partial_end(part, organisation):
            what = f"the last period is partial: it stops at {day:%Y-%m-%d}"
            effect = "It is left out of history unless another source completes it."
        elif last < newest and len(part):
            what = f"this source stops at {day:%Y-%m-%d}, others go on to {newest:%Y-%m}"
            effect = "Its sales count as zero from then on: is an export missing?"
        else:
            continue
        rows = int((part["period"] == last).sum())
        found.append(Finding("warning", what, f"{source}, {last:%Y-%m}", effect, rows))
    return found


def gaps(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """Whole periods without a sale, in a source or in a place that sold before and after."""
    found = []
    effect = "They count as zero; check whether data are missing."
    sources = _gaps_by(lines, "source", MONTHS[organisation.freq])
    for name, periods in sources.items():
        what = f"{len(periods)} periods without any order line"
        found.append(Finding("warning", what, f"{name}: {_name(periods)}", effect))
    if sources:
        return found  # the places follow from it
    places = _gaps_by(lines, "territory", MONTHS[organisation.freq])
    if places:
        most = sorted(places, key=lambda name: -len(places[name]))
        where = "; ".join(
            f"{name} {len(places[name])} ({_name(places[name])})" for name in most[:3]
        )
        more = f"; and {len(most) - 3} more places" if len(most) > 3 else ""
        count = sum(len(periods) for periods in places.values())
        what = f"{len(places)} places have periods without a sale, {count} in all"
        found.append(Finding("warning", what, where + more, effect))
    return found


def _gaps_by(lines: pd.DataFrame, column: str, step: int) -> dict[str, list[pd.Timestamp]]:
    """Missing periods between the first and the last of each group; only groups that have some."""
    seen = lines[[column, "period"]].drop_duplicates()
    gaps = {}
    for name, part in seen.groupby(column):
        months = set(part["period"].dt.year * 12 + part["period"].dt.month - 1)
        missing = sorted(set(range(min(months), max(months), step)) - months)
        if missing:
            gaps[str(name)] = [pd.Timestamp(m // 12, m % 12 + 1, 1) for m in missing]
    return gaps


def one_day_a_month(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """Bookings on a single day a month: a day that slides over month ends makes empty months."""
    found = []
    for source, part in lines.groupby("source"):
        days = part.groupby("period")["date"].nunique()
        if organisation.freq != "M" or len(days) < 6 or days.median() != 1:
            continue
        dates = part["date"].drop_duplicates()
        if dates.dt.day.nunique() == 1:
            continue  # a monthly table: all dates are the same day
        shift = next((s.shift_days for s in organisation.sources if _is_of(s.path, source)), 0)
        where = f"{source}: days {dates.dt.day.min()} to {dates.dt.day.max()} of the month"
        effect = (
            f"With shift_days = {shift} each falls into its own month."
            if shift
            else "If that day slides over month ends, set `shift_days` in the organisation file."
        )
        what = "bookings fall on one day a month"
        found.append(Finding("warning", what, where, effect, len(part)))
    return found


def _is_of(pattern: str, source: str) -> bool:
    return fnmatch(PurePath(source).name, PurePath(pattern).name) or not PurePath(pattern).suffix


def outside_home(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """People whose sales come from several places, or from others than their home."""
    if not organisation.has_people:
        return []
    cells = condense(lines[lines["person"] != ""])
    homes = roster_at(cells, organisation, lines["period"].max()).frame
    sold = cells.merge(
        homes[["person", "territory"]], on="person", how="left", suffixes=("", "_home")
    )
    sold = sold.groupby(["person", "territory", "territory_home"], dropna=False, as_index=False)[
        "amount"
    ].sum()
    several = sold.groupby("person")["territory"].nunique() > 1
    away = sold[sold["territory_home"].notna() & (sold["territory"] != sold["territory_home"])]
    share = away.groupby("person")["amount"].sum() / sold.groupby("person")["amount"].sum()
    people = sorted(
        set(several[several].index) | set(share.dropna().index), key=lambda p: -share.fillna(0)[p]
    )
    if not people:
        return []
    who = ", ".join(
        f"{person} {share[person]:.0%}" if share[person] > 0 else f"{person} (no home)"
        for person in people
    )
    total = sold["person"].nunique()
    what = f"{len(people)} of {total} people sell or sold outside their home territory"
    effect = "All sales of a person are credited to the position held at the cutoff."
    return [Finding("warning", what, who, effect)]


def subtotals(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """Products that are the sum of other products, month by month, would count twice."""
    totals = subtotal_products(lines)
    if not totals:
        return []
    what = f"{len(totals)} products are totals of other products"
    shown = ", ".join(f'"{name}"' for name in totals)
    effect = f"They count twice: write leave_out = [{shown}] under [[source]]."
    rows = int(lines["product"].isin(totals).sum())
    return [Finding("error", what, ", ".join(totals), effect, rows)]


def repeated_rows(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """Rows equal in everything, where no key of a line is declared that would tell."""
    keyless = [source for source in organisation.sources if not source.columns.line]
    if not keyless:
        return []
    part = lines[[any(_is_of(s.path, name) for s in keyless) for name in lines["source"]]]
    again = part[part.duplicated(["date", "territory", "person", "product", "amount", "quantity"])]
    if len(again) < 0.001 * len(lines) + 1:
        return []
    where = "; ".join(f"{s}, row {r}" for s, r in zip(again["source"], again["row"], strict=True))
    what = f"{len(again)} rows are equal to another in all that is read"
    effect = "They are kept; name the columns of a key in `line` to have copies found."
    return [Finding("warning", what, where[:120], effect, len(again))]


def _late(lines: pd.DataFrame, column: str, what: str, effect: str) -> list[Finding]:
    first = lines.groupby(column)["period"].min()
    year = lines["period"].min() + pd.DateOffset(months=11)
    late = first[first > year].sort_values()
    if late.empty:
        return []
    shown = ", ".join(f"{name} {period:%Y-%m}" for name, period in late.head(8).items())
    return [Finding("warning", f"{len(late)} {what}", shown, effect)]


def _late_by_source(lines: pd.DataFrame, column: str, what: str, effect: str) -> list[Finding]:
    found = []
    for source, part in lines.groupby("source"):
        for finding in _late(part, column, what, effect):
            found.append(replace(finding, where=f"{source}: {finding.where}"))
    return found


def late_territories(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """Places whose first sale of a source comes a year or more after the first of all."""
    effect = "Their histories start there; they are short."
    return _late_by_source(lines, "territory", "territories opened late", effect)


def late_products(lines: pd.DataFrame, organisation: Organisation) -> list[Finding]:
    """Products whose first sale of a source comes a year or more after the first of all."""
    effect = "Their histories start there; growth of the total is partly theirs."
    return _late_by_source(lines, "product", "products appear late", effect)


CHECKS: tuple[Check, ...] = (
    short_history,
    subtotals,
    repeated_rows,
    negative_amounts,
    partial_first,
    partial_last,
    gaps,
    one_day_a_month,
    outside_home,
    late_territories,
    late_products,
)
