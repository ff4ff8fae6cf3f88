"""Checks of the order lines: each looks for one oddity and says what it means for the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from salesforecast.errors import Finding
from salesforecast.fiscal import MONTHS
from salesforecast.history.organisation import Organisation
from salesforecast.history.raw import counted
from salesforecast.history.roster import roster_at
from salesforecast.history.series import booked_days, condense, stops_early
from salesforecast.history.subtotals import subtotal_products


@dataclass(frozen=True)
class Evidence:
    """What checks look at: the lines, and sums of them that several checks need."""

    lines: pd.DataFrame
    organisation: Organisation

    @cached_property
    def days(self) -> pd.DataFrame:
        """Days with lines: `source`, `period`, `date`, `rows`."""
        return booked_days(self.lines, self.organisation)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """Lines summed to territory × person × product × period."""
        return condense(self.lines)

    @cached_property
    def firsts(self) -> pd.DataFrame:
        """First period of each `source` × `territory` × `product`."""
        keys = ["source", "territory", "product"]
        first = self.lines.groupby(keys, as_index=False)["period"].min()
        of = {file: self.organisation.source_of(file).path for file in first["source"].unique()}
        first["source"] = first["source"].map(of)
        return first

    def by_source(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """The days of each source."""
        for source, days in self.days.groupby("source"):
            yield str(source), days


Check = Callable[[Evidence], list[Finding]]


def _name(periods: Sequence[pd.Timestamp]) -> str:
    shown = ", ".join(f"{period:%Y-%m}" for period in periods[:6])
    return shown + (f" and {len(periods) - 6} more" if len(periods) > 6 else "")


def _cells(rows: pd.DataFrame) -> str:
    """Where the first rows stand."""
    first = rows.head(3)
    return "; ".join(f"{s}, row {r}" for s, r in zip(first["source"], first["row"], strict=True))


def short_history(evidence: Evidence) -> list[Finding]:
    """One period shows neither trend nor season; less than two years show no season well."""
    periods = sorted(evidence.days["period"].unique())
    where = f"{_name(periods[:1])} to {_name(periods[-1:])}"
    if len(periods) == 1:
        what = "there is only one period of history"
        return [Finding("error", what, where, "Give at least two periods; better two years.")]
    if (periods[-1] - periods[0]).days < 700:
        what = f"history covers {len(periods)} periods, less than two years"
        effect = "Seasons cannot be told from growth; intervals are wide."
        return [Finding("warning", what, where, effect)]
    return []


def negative_amounts(evidence: Evidence) -> list[Finding]:
    """Returns and corrections are kept, and counted in the period of their date."""
    negative = evidence.lines[evidence.lines["amount"] < 0]
    if negative.empty:
        return []
    what = f"{counted(len(negative), 'negative row')}, together {negative['amount'].sum():,.0f}"
    effect = "They are kept as returns, in the period of their date."
    return [Finding("warning", what, _cells(negative), effect, len(negative))]


def partial_first(evidence: Evidence) -> list[Finding]:
    """A source whose first period starts later in its span than those after it."""
    found = []
    for source, days in evidence.by_source():
        first = days.groupby("period")["date"].min()
        late = pd.Series((first - first.index).dt.days, index=first.index)
        if len(late) > 2 and late.iloc[0] > late.iloc[1:].max() + 3:
            seen = days[days["period"] == first.index[0]]
            what = f"the first period is partial: {counted(len(seen), 'day')} with sales"
            where = f"{source}, {first.index[0]:%Y-%m}"
            effect = "It is kept; growth against it means nothing."
            found.append(Finding("warning", what, where, effect, int(seen["rows"].sum())))
    return found


def partial_last(evidence: Evidence) -> list[Finding]:
    """Sources that stop before the end of their last period, or a whole period before others."""
    found = []
    newest = evidence.days["period"].max()
    for source, days in evidence.by_source():
        last, day = days["period"].max(), days["date"].max()
        if stops_early(days, evidence.organisation.freq):
            what = f"the last period is partial: it stops at {day:%Y-%m-%d}"
            effect = "It is left out of history unless another source completes it."
        elif last < newest:
            what = f"this source stops at {day:%Y-%m-%d}, others go on to {newest:%Y-%m}"
            effect = "Its sales count as zero from then on: is an export missing?"
        else:
            continue
        rows = int(days.loc[days["period"] == last, "rows"].sum())
        found.append(Finding("warning", what, f"{source}, {last:%Y-%m}", effect, rows))
    return found


def stray_dates(evidence: Evidence) -> list[Finding]:
    """A few lines years away from all others: a mistyped year would move the whole plan."""
    rows = evidence.days.groupby("period")["rows"].sum().sort_index()
    apart = rows.index.to_series().diff() > pd.Timedelta(days=730)
    share = rows.groupby(apart.cumsum()).transform("sum") / rows.sum()
    stray = evidence.lines[evidence.lines["period"].isin(rows.index[share < 0.05])]
    if stray.empty:
        return []
    what = f"{counted(len(stray), 'line')} dated years away from all others"
    where = f"{_cells(stray)}: {stray['date'].iloc[0]:%Y-%m-%d}"
    return [
        Finding("error", what, where, "Correct the year in the file and run again.", len(stray))
    ]


def gaps(evidence: Evidence) -> list[Finding]:
    """Whole periods without a sale, in a source or in a place that sold before and after."""
    step = MONTHS[evidence.organisation.freq]
    effect = "They count as zero; check whether data are missing."
    sources = _gaps_by(evidence.days, "source", step)
    found = [
        Finding(
            "warning",
            f"{counted(len(periods), 'period')} without any order line",
            f"{name}: {_name(periods)}",
            effect,
        )
        for name, periods in sources.items()
    ]
    places = {} if sources else _gaps_by(evidence.cells, "territory", step)
    if places:
        most = sorted(places, key=lambda name: -len(places[name]))
        where = "; ".join(
            f"{name} {len(places[name])} ({_name(places[name])})" for name in most[:3]
        )
        more = f"; and {counted(len(most) - 3, 'more place')}" if len(most) > 3 else ""
        count = sum(len(periods) for periods in places.values())
        what = f"{counted(len(places), 'place')} with periods without a sale, {count} in all"
        found.append(Finding("warning", what, where + more, effect))
    return found


def _gaps_by(frame: pd.DataFrame, column: str, step: int) -> dict[str, list[pd.Timestamp]]:
    """Missing periods between the first and the last of each group; only groups that have some."""
    seen = frame[[column, "period"]].drop_duplicates()
    missing = {}
    for name, part in seen.groupby(column):
        months = set(part["period"].dt.year * 12 + part["period"].dt.month - 1)
        empty = sorted(set(range(min(months), max(months), step)) - months)
        if empty:
            missing[str(name)] = [pd.Timestamp(m // 12, m % 12 + 1, 1) for m in empty]
    return missing


def one_day_a_month(evidence: Evidence) -> list[Finding]:
    """Bookings on a single day a month: a day that slides over month ends makes empty months."""
    if evidence.organisation.freq != "M":
        return []
    found = []
    for source, days in evidence.by_source():
        number = days.groupby("period")["date"].nunique()
        month_day = days["date"].dt.day
        if len(number) < 6 or number.median() != 1 or month_day.nunique() == 1:
            continue  # equal days: a monthly table
        shift = next(s.shift_days for s in evidence.organisation.sources if s.path == source)
        where = f"{source}: days {month_day.min()} to {month_day.max()} of the month"
        effect = (
            f"With shift_days = {shift} each falls into its own month."
            if shift
            else "If that day slides over month ends, set `shift_days` in the organisation file."
        )
        what = "bookings fall on one day a month"
        found.append(Finding("warning", what, where, effect, int(days["rows"].sum())))
    return found


def weekly_dates(evidence: Evidence) -> list[Finding]:
    """Weekly figures: a month has four or five of them, which looks like a season."""
    found = []
    for source, days in evidence.by_source():
        dates = days["date"].drop_duplicates().sort_values()
        steps = dates.diff().dt.days.iloc[1:]
        if evidence.organisation.freq != "M" or len(dates) < 12 or steps.median() != 7:
            continue
        if dates.dt.day_of_week.nunique() == 1:
            what = f"sales are dated by week, on {dates.dt.day_name().iloc[0]}s"
            effect = "A week counts in the month of its date: months have four or five of them."
            found.append(Finding("warning", what, source, effect, int(days["rows"].sum())))
    return found


def outside_home(evidence: Evidence) -> list[Finding]:
    """People whose sales come from several places, or from others than their home."""
    if not evidence.organisation.has_people:
        return []
    cells = evidence.cells[evidence.cells["person"] != ""]
    last = evidence.days["period"].max()
    homes = roster_at(cells, evidence.organisation, last).frame.set_index("person")["territory"]
    sold = cells.groupby(["person", "territory"], as_index=False)["amount"].sum()
    sold["home"] = sold["person"].map(homes)
    away = sold[sold["home"].notna() & (sold["territory"] != sold["home"])]
    share = away.groupby("person")["amount"].sum() / sold.groupby("person")["amount"].sum()
    several = sold["person"].value_counts() > 1
    people = set(several.index[several]) | set(share.dropna().index)
    if not people:
        return []
    who = ", ".join(
        f"{person} {share[person]:.0%}" if share[person] > 0 else f"{person} (no home)"
        for person in sorted(people, key=lambda p: (-share.fillna(0)[p], p))
    )
    all_people = counted(len(several), "person", "people")
    what = f"{len(people)} of {all_people} sell or sold outside their home territory"
    effect = "All sales of a person are credited to the position held at the cutoff."
    return [Finding("warning", what, who, effect)]


def subtotals(evidence: Evidence) -> list[Finding]:
    """Products that are the sum of other products, period by period, would count twice."""
    totals = subtotal_products(evidence.cells)
    if not totals:
        return []
    what = f"{counted(len(totals), 'product')} made of other products"
    shown = ", ".join(f'"{name}"' for name in totals)
    effect = f"They count twice: write leave_out = [{shown}] under [[source]]."
    rows = int(evidence.lines["product"].isin(totals).sum())
    return [Finding("error", what, ", ".join(totals), effect, rows)]


def repeated_rows(evidence: Evidence) -> list[Finding]:
    """Rows equal in everything, where no key of a line is declared that would tell."""
    lines, of = evidence.lines, evidence.organisation.source_of
    keyless = [file for file in lines["source"].unique() if not of(file).columns.line]
    if not keyless:
        return []
    part = lines[lines["source"].isin(keyless)]
    again = part[part.duplicated(["date", "territory", "person", "product", "amount", "quantity"])]
    if len(again) < 0.001 * len(lines) + 1:
        return []
    what = f"{counted(len(again), 'row')} equal to another in all that is read"
    effect = "They are kept; name the columns of a key in `line` to have copies found."
    return [Finding("warning", what, _cells(again), effect, len(again))]


def _late(
    evidence: Evidence, column: str, nouns: tuple[str, str], what: str, effect: str
) -> list[Finding]:
    """Members whose first sale comes a year or more after the first of their source."""
    found = []
    for source, firsts in evidence.firsts.groupby("source"):
        first = firsts.groupby(column)["period"].min().sort_values()
        late = first[first > first.iloc[0] + pd.DateOffset(months=11)]
        if len(late):
            shown = ", ".join(f"{name} {period:%Y-%m}" for name, period in late.head(8).items())
            found.append(
                Finding(
                    "warning", f"{counted(len(late), *nouns)} {what}", f"{source}: {shown}", effect
                )
            )
    return found


def late_territories(evidence: Evidence) -> list[Finding]:
    """Places that open a year or more after the first ones."""
    effect = "Their histories start there; they are short."
    return _late(evidence, "territory", ("territory", "territories"), "opened late", effect)


def late_products(evidence: Evidence) -> list[Finding]:
    """Products that appear a year or more after the first ones."""
    effect = "Their histories start there; growth of the total is partly theirs."
    return _late(evidence, "product", ("product", "products"), "only appeared late", effect)


CHECKS: tuple[Check, ...] = (
    short_history,
    stray_dates,
    subtotals,
    repeated_rows,
    negative_amounts,
    partial_first,
    partial_last,
    gaps,
    one_day_a_month,
    weekly_dates,
    outside_home,
    late_territories,
    late_products,
)
