"""Checks of the order lines: each looks for one oddity and says what it means for the plan."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from salesforecast.errors import Finding
from salesforecast.findings import found
from salesforecast.fiscal import MONTHS
from salesforecast.hierarchy import SEPARATOR
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


_FEW, _HUGE = 5, 20.0  # rows that stand out, and how many times larger than the next they are

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
        return [found("one period", where, severity="error")]
    if (periods[-1] - periods[0]).days < 700:
        return [found("short history", where, n=len(periods))]
    return []


def negative_amounts(evidence: Evidence) -> list[Finding]:
    """Returns and corrections are kept, and counted in the period of their date."""
    negative = evidence.lines[evidence.lines["amount"] < 0]
    if negative.empty:
        return []
    n, amount = len(negative), negative["amount"].sum()
    return [found("negative rows", _cells(negative), rows=n, n=n, amount=amount)]


def partial_first(evidence: Evidence) -> list[Finding]:
    """A source whose first period starts later in its span than those after it."""
    out = []
    for source, days in evidence.by_source():
        first = days.groupby("period")["date"].min()
        opens = evidence.organisation.calendar.first_days(pd.DatetimeIndex(first.index))
        late = pd.Series((pd.DatetimeIndex(first) - opens).days, index=first.index)
        if len(late) > 2 and late.iloc[0] > late.iloc[1:].max() + 3:
            seen = days[days["period"] == first.index[0]]
            where, rows = f"{source}, {first.index[0]:%Y-%m}", int(seen["rows"].sum())
            out.append(found("partial first", where, rows=rows, n=len(seen)))
    return out


def partial_last(evidence: Evidence) -> list[Finding]:
    """Sources that stop before the end of their last period, or a whole period before others."""
    out = []
    newest = evidence.days["period"].max()
    for source, days in evidence.by_source():
        last, day = days["period"].max(), days["date"].max()
        calendar = evidence.organisation.calendar
        if stops_early(days, calendar, evidence.organisation.freq):
            code = "partial last"
        elif last < newest:
            code = "source stops"
        else:
            continue
        rows = int(days.loc[days["period"] == last, "rows"].sum())
        where, said = f"{source}, {last:%Y-%m}", f"{day:%Y-%m-%d}"
        out.append(found(code, where, rows=rows, day=said, month=f"{newest:%Y-%m}"))
    return out


def stray_dates(evidence: Evidence) -> list[Finding]:
    """A few lines years away from all others: a mistyped year would move the whole plan."""
    rows = evidence.days.groupby("period")["rows"].sum().sort_index()
    apart = rows.index.to_series().diff() > pd.Timedelta(days=730)
    share = rows.groupby(apart.cumsum()).transform("sum") / rows.sum()
    stray = evidence.lines[evidence.lines["period"].isin(rows.index[share < 0.05])]
    if stray.empty:
        return []
    where, n = f"{_cells(stray)}: {stray['date'].iloc[0]:%Y-%m-%d}", len(stray)
    return [found("stray dates", where, severity="error", rows=n, n=n)]


def gaps(evidence: Evidence) -> list[Finding]:
    """Whole periods without a sale, in a source or in a place that sold before and after."""
    step = MONTHS[evidence.organisation.freq]
    sources = _gaps_by(evidence.days, "source", step)
    out = [
        found("empty periods", f"{name}: {_name(periods)}", n=len(periods))
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
        out.append(found("empty places", where + more, n=len(places), count=count))
    return out


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
    out = []
    for source, days in evidence.by_source():
        number = days.groupby("period")["date"].nunique()
        month_day = days["date"].dt.day
        if len(number) < 6 or number.median() != 1 or month_day.nunique() == 1:
            continue  # equal days: a monthly table
        shift = next(s.shift_days for s in evidence.organisation.sources if s.path == source)
        first, last = int(month_day.min()), int(month_day.max())
        code = "one day shifted" if shift else "one day"
        rows = int(days["rows"].sum())
        out.append(found(code, source, rows=rows, shift=shift, first=first, last=last))
    return out


def weekly_dates(evidence: Evidence) -> list[Finding]:
    """Weekly figures: a month has four or five of them, which looks like a season."""
    out = []
    for source, days in evidence.by_source():
        dates = days["date"].drop_duplicates().sort_values()
        steps = dates.diff().dt.days.iloc[1:]
        if evidence.organisation.freq != "M" or len(dates) < 12 or steps.median() != 7:
            continue
        named = [dates.iloc[0] - pd.Timedelta(days=ago) for ago in (0, 1)]  # its last or first day
        if evidence.organisation.calendar.year_ends.lower().endswith(
            tuple(day.day_name().lower() for day in named)
        ):
            continue  # business months of weeks hold each of them whole
        if dates.dt.day_of_week.nunique() == 1:
            rows, weekday = int(days["rows"].sum()), str(dates.dt.day_name().iloc[0])
            out.append(found("weekly", source, rows=rows, weekday=weekday))
    return out


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
    return [found("outside home", who, n=len(people), people=len(several))]


def subtotals(evidence: Evidence) -> list[Finding]:
    """Products that are the sum of other products, period by period, would count twice."""
    totals = subtotal_products(evidence.cells)
    if not totals:
        return []
    shown = ", ".join(f'"{name}"' for name in totals)
    rows, where = int(evidence.lines["product"].isin(totals).sum()), ", ".join(totals)
    return [found("subtotals", where, severity="error", rows=rows, n=len(totals), names=shown)]


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
    return [found("equal rows", _cells(again), rows=len(again), n=len(again))]


def near_names(evidence: Evidence) -> list[Finding]:
    """Places beside each other whose names are one when case, blanks and width are put aside."""
    parts = {tuple(path.split(SEPARATOR)[:d]) for path in evidence.lines["territory"].unique()
             for d in range(1, path.count(SEPARATOR) + 2)}  # fmt: skip
    alike: dict[tuple[str, ...], set[str]] = {}
    for path in parts:
        key = "".join(unicodedata.normalize("NFKC", path[-1]).casefold().split())
        alike.setdefault((*path[:-1], key), set()).add(path[-1])
    near = [sorted(names) for names in alike.values() if len(names) > 1]
    if not near:
        return []
    where = "; ".join(" / ".join(f"'{name}'" for name in names) for names in sorted(near)[:5])
    return [found("near names", where, n=sum(map(len, near)))]


def huge_rows(evidence: Evidence) -> list[Finding]:
    """A handful of rows far larger than any other: a slip of the unit would carry the plan."""
    lines = evidence.lines
    size = lines["amount"].abs()
    top = size.nlargest(_FEW + 1)
    if len(size) < 4 * _FEW or top.iloc[-1] <= 0:
        return []
    steps = top.to_numpy()[:-1] / top.to_numpy()[1:]
    last = int(steps.argmax())
    if steps[last] < _HUGE:
        return []
    rows = lines.loc[top.index[: last + 1]]
    share = float(rows["amount"].abs().sum() / size.sum())
    n, times = len(rows), float(steps[last])
    return [found("huge rows", _cells(rows), rows=n, n=n, times=times, share=share)]


def _late(evidence: Evidence, column: str, code: str) -> list[Finding]:
    """Members whose first sale comes a year or more after the first of their source."""
    out = []
    for source, firsts in evidence.firsts.groupby("source"):
        first = firsts.groupby(column)["period"].min().sort_values()
        late = first[first > first.iloc[0] + pd.DateOffset(months=11)]
        if len(late):
            shown = ", ".join(f"{name} {period:%Y-%m}" for name, period in late.head(8).items())
            out.append(found(code, f"{source}: {shown}", n=len(late)))
    return out


def late_territories(evidence: Evidence) -> list[Finding]:
    """Places that open a year or more after the first ones."""
    return _late(evidence, "territory", "late territories")


def late_products(evidence: Evidence) -> list[Finding]:
    """Products that appear a year or more after the first ones."""
    return _late(evidence, "product", "late products")


CHECKS: tuple[Check, ...] = (
    short_history,
    stray_dates,
    subtotals,
    repeated_rows,
    negative_amounts,
    huge_rows,
    near_names,
    partial_first,
    partial_last,
    gaps,
    one_day_a_month,
    weekly_dates,
    outside_home,
    late_territories,
    late_products,
)
