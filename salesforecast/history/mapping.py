"""A first organisation file for a new user: what the columns of his table probably mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from salesforecast.errors import DataError, Finding
from salesforecast.history.load import load
from salesforecast.history.months import AMOUNT_COLUMN, MONTH_COLUMN
from salesforecast.history.organisation import Columns, Organisation, Source
from salesforecast.history.profiles import Profile, profile
from salesforecast.history.raw import Raw, counted
from salesforecast.history.roles import Roles, days_of, freq_of, periods_of
from salesforecast.history.sources import read_table
from salesforecast.history.spans import NAMES, below_each_other, span_columns
from salesforecast.history.subtotals import are_totals, subtotal_products
from salesforecast.history.units import Unit, currencies_in, measure_of, unit_of
from salesforecast.history.validate import validate


@dataclass(frozen=True)
class Guess:
    """What a table probably means.

    Parameters
    ----------
    organisation
        Ready to be written beside the table.
    notes
        What each column was taken for and why, a sentence each.
    findings
        What is odd in the table, read by this mapping.
    """

    organisation: Organisation
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]


def guess(path: Path | str) -> Guess:
    """Guess date, amount, places, people, products and keys of one table.

    By the names of the columns (English and Chinese), what they hold, how many different values
    they have, and which one determines which: a province lies in one region.

    Raises
    ------
    DataError
        If the file cannot be read, or has no column of dates, amounts or places.
    """
    path = Path(path)
    table = _Table.of(read_table(path))
    raw = table.raw
    columns = [profile(name, raw.frame[name]) for name in raw.header]
    roles = Roles.find(table.candidates(columns), path.name)
    titles = " ".join(finding.where for finding in raw.findings)
    unit = unit_of("" if table.wide else roles.amount.name, titles)
    organisation = _organisation(path, roles, unit, table)
    notes = (*table.notes, *_notes(roles, columns, organisation))
    organisation, mended, found = _try_out(organisation)
    small = _small(roles.amount) if unit.multiplier == 1 else []
    small += _mixed(columns, roles.amount)
    hidden = table.unread(organisation.sources[0].columns)
    return Guess(organisation, (*notes, *mended), (*hidden, *small, *found))


@dataclass(frozen=True)
class _Table:
    """A table as it is guessed at: months below each other, without totals of other rows.

    `year` is the column of the years of `wide` tables; `totals` are rows of totals: their row in
    the file, and what they are called by column.
    """

    raw: Raw
    wide: bool
    year: str
    totals: Mapping[int, Mapping[str, str]]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, raw: Raw) -> _Table:
        """Take a table as it was read apart."""
        text = [c for c in raw.header if raw.frame[c].dtype.kind not in "Mif"]
        marks = {column: are_totals(raw.frame[column]) for column in text}
        out = np.logical_or.reduce([*marks.values(), np.zeros(len(raw.frame), dtype=bool)])
        totals: dict[int, dict[str, str]] = {}
        notes = []
        if out.any() and not out.all():
            for at in np.flatnonzero(out):
                said = {c: str(raw.frame[c].iloc[at]).strip() for c in text if marks[c][at]}
                totals[int(raw.rows[at])] = said
            labels = dict.fromkeys(label for said in totals.values() for label in said.values())
            rows = f"{counted(len(totals), 'row')} of totals ({', '.join([*labels][:8])})"
            notes.append(f"not looked at: {rows}: {_listed(totals)}")
            kept = raw.frame[~out].reset_index(drop=True)
            raw = replace(raw, frame=kept, rows=raw.rows[~out])
        spans = span_columns(raw.header)
        year = "" if all(span.year for span in spans.values()) else _year_column(raw)
        if spans:
            first, last = next(iter(spans)), list(spans)[-1]
            what = NAMES[spans[first].kind]
            notes.append(f"{what} stand side by side: {len(spans)} columns, {first} to {last}")
            raw = below_each_other(raw, year)
        return cls(raw, bool(spans), year, totals, tuple(notes))

    def leave_out(self, columns: Columns) -> tuple[str, ...]:
        """What totals are called in the columns that are read."""
        used = (*columns.territory, columns.person, columns.product, columns.date)
        said = (label for row in self.totals.values() for c, label in row.items() if c in used)
        return tuple(dict.fromkeys(said))

    def unread(self, columns: Columns) -> list[Finding]:
        """Rows of totals that only columns tell which are not read: they would be counted."""
        used = {*columns.territory, columns.person, columns.product, columns.date}
        hidden = {row: said for row, said in self.totals.items() if not used & set(said)}
        if not hidden:
            return []
        what = f"{counted(len(hidden), 'row')} of totals in columns that are not read"
        where = f"{self.raw.name}, {_listed(hidden)}"
        effect = "They would be counted as sales: remove these rows and run again."
        return [Finding("error", what, where, effect, len(hidden))]

    def candidates(self, columns: Sequence[Profile]) -> list[Profile]:
        """Columns that may play a part: of a wide table no amounts or dates but those made."""
        made = (MONTH_COLUMN, AMOUNT_COLUMN)
        return [
            column
            for column in columns
            if not self.wide
            or column.name in made
            or (column.kind != "date" and max(column.says("amount"), column.says("quantity")) <= 0)
        ]


def _listed(rows: Mapping[int, Any]) -> str:
    shown = ", ".join(str(row) for row in [*rows][:8])
    more = f" and {len(rows) - 8} more" if len(rows) > 8 else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {shown}{more}"


def _year_column(raw: Raw) -> str:
    """The column that holds nothing but years, empty when there is none."""
    for column in raw.header:
        values = raw.frame[column].astype("str").str.strip()
        if values.str.fullmatch(r"(?:FY)? ?(?:19|20)\d{2}(?:\.0|年度?)?").mean() > 0.9:
            return column
    return ""


def _organisation(path: Path, roles: Roles, unit: Unit, table: _Table) -> Organisation:
    columns = Columns(
        date=table.year if table.wide else roles.date.name,
        amount="" if table.wide else roles.amount.name,
        territory=tuple(place.name for place in roles.places),
        quantity=roles.quantity.name if roles.quantity else "",
        person=roles.person.name if roles.person else "",
        product=roles.product.name if roles.product else "",
        line=() if table.wide else tuple(column.name for column in roles.line),
    )
    amounts = _numbers(roles.amount)
    size = float(amounts.abs().sum()) * unit.multiplier / max(1, periods_of(roles.date))
    source = Source(
        path=path.name,
        columns=columns,
        multiplier=unit.multiplier,
        leave_out=table.leave_out(columns),
        month_columns=table.wide,
    )
    return Organisation(
        name=path.name.split(".")[0],
        sources=(source,),
        levels=tuple(place.name for place in roles.places),
        measure=measure_of("" if table.wide else roles.amount.name, unit, size),
        freq=freq_of(roles.date),
        folder=path.parent,
    )


def _numbers(amount: Profile) -> pd.Series:
    return pd.to_numeric(amount.values, errors="coerce")


def _try_out(organisation: Organisation) -> tuple[Organisation, list[str], list[Finding]]:
    """Read the table by the mapping; mend what is plain: totals among products, sliding days."""
    notes = []
    try:
        loaded = load(organisation)
        changes: dict[str, Any] = {}
        totals = subtotal_products(loaded.lines)
        if totals:
            changes["leave_out"] = (*organisation.sources[0].leave_out, *totals)
            notes.append(f"left out: {', '.join(totals)}; each is the sum of others")
        shift = _sliding_day(loaded.lines, organisation)
        if shift:
            changes["shift_days"] = shift
            notes.append(
                f"shift_days = {shift}: sales are booked on one day a month that slides over month "
                "ends; so each month has one"
            )
        if changes:
            source = replace(organisation.sources[0], **changes)
            organisation = replace(organisation, sources=(source,))
            loaded = load(organisation)
        return organisation, notes, list(validate(loaded, organisation))
    except DataError as error:
        return organisation, notes, [Finding("error", error.what, error.where, error.fix)]


def _sliding_day(lines: pd.DataFrame, organisation: Organisation) -> int:
    """Days to move dates by so that every month has bookings; 0 when that is no matter.

    Only for tables that are booked on about one day a month and leave months empty.
    """
    days = pd.Series(np.sort(lines["date"].unique()))
    months = days.dt.year * 12 + days.dt.month
    span = months.iloc[-1] - months.iloc[0] + 1
    if organisation.freq != "M" or not 6 <= len(days) <= 1.3 * span or months.nunique() == span:
        return 0
    for sign in (-1, 1):
        filled = [size for size in range(1, 16) if _no_month_empty(days, sign * size)]
        if filled:
            margin = [size for size in range(filled[0], filled[0] + 3) if size in filled]
            return sign * margin[-1]
    return 0


def _no_month_empty(days: pd.Series, shift: int) -> bool:
    moved = days + pd.Timedelta(days=shift)
    months = moved.dt.year * 12 + moved.dt.month
    return bool(months.nunique() == months.iloc[-1] - months.iloc[0] + 1)


def _small(amount: Profile) -> list[Finding]:
    middle = _numbers(amount).abs().median()
    if not middle < 20:
        return []
    what = f"amounts are small: half of them are below {middle:,.1f}"
    effect = "Targets are whole units; in finer units (`multiplier`) they would be less coarse."
    return [Finding("warning", what, f"column '{amount.name}'", effect)]


def _mixed(columns: Sequence[Profile], amount: Profile) -> list[Finding]:
    """Amounts in several currencies, which would be added as they stand."""
    out = []
    for column in columns:
        said = column.values.dropna().astype("str").unique() if column.kind == "text" else ()
        if len(named := currencies_in(column.name, said)) > 1:
            what = f"amounts are in {len(named)} currencies: {', '.join(named[:5])}"
            effect = (
                f"They would be added as they stand: write currency = '{column.name}' under "
                "[source.columns] and a table of [rates], see docs/size.md."
            )
            where = f"column '{column.name}' beside '{amount.name}'"
            out.append(Finding("warning", what, where, effect))
    return out


def _notes(roles: Roles, columns: Sequence[Profile], organisation: Organisation) -> list[str]:
    days = days_of(roles.date)
    span = f": {days.iloc[0]:%Y-%m-%d} to {days.iloc[-1]:%Y-%m-%d}" if len(days) else ""
    period = {"M": "months", "Q": "quarters", "Y": "years"}[organisation.freq]
    wide = organisation.sources[0].month_columns
    places = " > ".join(f"{place.name} ({place.distinct})" for place in roles.places)
    used = {roles.date.name, roles.amount.name} | {c.name for c in (*roles.places, *roles.line)}
    notes = [
        f"date: {'the columns of periods' if wide else repr(roles.date.name)}{span}; planned in {period}",
        f"amount: {'the cells below them' if wide else repr(roles.amount.name)}",
        f"places, top first: {places}",
    ]
    for role in ("quantity", "person", "product"):
        column = getattr(roles, role)
        if column is not None:
            notes.append(f"{role}: '{column.name}' ({column.distinct} different)")
            used.add(column.name)
    if roles.line:
        notes.append(f"names a row: {', '.join(c.name for c in roles.line)}")
    for column in columns:
        if column.ambiguous and column.name in used:
            notes.append(f"ambiguous: '{column.name}': {column.ambiguous}")
    notes += [f"not used: {reason}" for reason in roles.dropped]
    skipped = {reason.split(":")[0] for reason in roles.dropped}
    rest = [c.name for c in columns if c.name not in used | skipped]
    if rest:
        notes.append(f"not used: {', '.join(rest)}")
    multiplier, unit = organisation.sources[0].multiplier, organisation.measure.unit
    if multiplier != 1:
        notes.append(f"amounts are taken times {multiplier:,.0f}, in {unit}")
    if not unit:
        notes.append("the currency is not in the table: write it into [measure] as `unit`")
    return notes
