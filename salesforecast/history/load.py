"""Order lines by the user's mapping: every file read, joined to places, people and products."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from salesforecast.errors import Finding, Severity
from salesforecast.findings import found
from salesforecast.fiscal import FiscalCalendar
from salesforecast.hierarchy import SEPARATOR, join_path
from salesforecast.history import booking
from salesforecast.history.currencies import Rates, lacking, read_rates
from salesforecast.history.dates import parse_dates
from salesforecast.history.doubles import Refused, duplicates
from salesforecast.history.large import is_large, read_summed
from salesforecast.history.lookups import Names, people_names, product_names, territory_paths
from salesforecast.history.months import AMOUNT_COLUMN, MONTH_COLUMN
from salesforecast.history.numbers import Parsed, parse_numbers
from salesforecast.history.organisation import Organisation, Source
from salesforecast.history.raw import Raw, Want, counted
from salesforecast.history.regions import restated
from salesforecast.history.sources import find_files, read_table
from salesforecast.history.spans import below_each_other, span_columns
from salesforecast.history.subtotals import are_totals
from salesforecast.tables import ALL_PRODUCTS, LINES

MOST = 1e15  # an amount above it is no amount, and sums would not be exact
REFUSED = ["source", "row", "column", "value", "why"]
_DROPPED = "Correct them in the file and run again."


@dataclass(frozen=True)
class Loaded:
    """Order lines with what was noticed while reading them.

    Parameters
    ----------
    lines
        `LINES`: rows that could be read; rows with an error are left out.
    findings
        Repairs, warnings and errors by row.
    inputs
        File name to sha256 of everything that was read.
    refused
        Cells with an error, whose rows were left out: `source, row, column, value, why`.
    headers
        File name to all of its column names.
    """

    lines: pd.DataFrame
    findings: tuple[Finding, ...]
    inputs: Mapping[str, str] = field(hash=False)
    refused: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=REFUSED), hash=False)
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)


@dataclass
class _Notes:
    """Findings of one file while it is read, and the rows that must be left out."""

    raw: Raw
    findings: list[Finding]
    bad: np.ndarray
    refused: list[Refused] = field(default_factory=list)

    def refuse(self, what: str, at: Sequence[int], column: str, effect: str) -> None:
        """Record an error about the cells at positions `at`, and leave their rows out."""
        if not len(at):
            return
        cells = _cells(self.raw, at, column)
        self.findings.append(Finding("error", what, cells, effect, len(at)))
        self.bad[np.asarray(at)] = True
        values = self.raw.frame[column].iloc[list(at)].astype("str")
        self.refused += [
            (self.raw.name, int(self.raw.rows[i]), self.raw.label(i, column), value, what)
            for i, value in zip(at, values, strict=True)
        ]

    def tell(
        self, severity: Severity, code: str, at: Sequence[int], column: str, **figures: str
    ) -> None:
        """Record a warning or a repair about the cells at positions `at`."""
        if len(at):
            n, cells = len(at), _cells(self.raw, at, column)
            self.findings.append(found(code, cells, severity=severity, rows=n, n=n, **figures))


def _cells(raw: Raw, at: Sequence[int], column: str) -> str:
    if raw.labels is not None and column == AMOUNT_COLUMN:
        each = [f"row {raw.rows[i]}, column '{raw.label(i, column)}'" for i in at[:3]]
        texts = [str(raw.frame[column].iloc[i]) for i in at[:3]]
        more = f" and {len(at) - 3} more" if len(at) > 3 else ""
        where = "; ".join(f"{cell} '{text}'" for cell, text in zip(each, texts, strict=True))
        return f"{raw.name}, {where}{more}"
    shown = []
    for position in at[:3]:
        value = str(raw.frame[column].iloc[position])
        shown.append(
            f"row {raw.rows[position]} '{value}'" if value else f"row {raw.rows[position]}"
        )
    more = f" and {len(at) - 3} more" if len(at) > 3 else ""
    return f"{raw.name}, column '{column}', {', '.join(shown)}{more}"


def load(organisation: Organisation) -> Loaded:
    """Read every order line that the organisation file names.

    Returns
    -------
    Loaded
        Amounts in the measure's unit. A line's `territory` is the path of the place that the
        order came from, its `person` a full name, empty when nobody sold it.

    Raises
    ------
    DataError
        If a file cannot be read at all: missing, empty, encrypted, no table, a mapped column
        missing, dates or decimal marks ambiguous. Rows that cannot be read are findings.
    """
    places = territory_paths(organisation)
    people = people_names(organisation)
    products = product_names(organisation)
    frames, findings, refused = [], [], []
    headers: dict[str, tuple[str, ...]] = {}
    rates, rated = read_rates(organisation)
    inputs = {**places.inputs, **people.inputs, **products.inputs, **rated}
    inputs |= _further(organisation)
    for source in organisation.sources:
        seen: list[tuple[Raw, pd.DataFrame]] = []
        for path in find_files(organisation.folder, source.path):
            name = _shown(path, organisation.folder)
            large = is_large(path, source)
            read = _summed if large else _whole
            raw = _without(read(path, source, organisation, name), source)
            if not large:  # keys of the lines of a large one are checked where they are summed
                seen.append((raw, raw.frame[list(source.columns.line)]))
            raw, read_as = _months_below(raw, source, organisation)
            notes = _Notes(raw, list(raw.findings), np.zeros(len(raw.frame), dtype=bool))
            lines = _lines(notes, read_as, organisation.calendar, organisation.freq, places)
            _convert(notes, lines, source, rates)
            lines["person"] = _named(notes, source.columns.person, people, "person")
            lines["product"] = _named(notes, source.columns.product, products, "product")
            frames.append(lines[~notes.bad])
            findings += notes.findings
            refused += notes.refused
            inputs[raw.name], headers[raw.name] = raw.digest, raw.header
        findings += duplicates(seen, source.columns.line, refused)
    lines = LINES.check(pd.concat(frames, ignore_index=True))
    listed = pd.DataFrame(refused, columns=REFUSED)
    return restated(Loaded(lines, tuple(findings), inputs, listed, headers), organisation)


def _whole(path: Path, source: Source, organisation: Organisation, name: str) -> Raw:
    return read_table(path, _want(source), name=name)


def _summed(path: Path, source: Source, organisation: Organisation, name: str) -> Raw:
    calendar, freq = organisation.calendar, organisation.freq
    booked = partial(booking.periods_of, shift=source.shift_days, calendar=calendar, freq=freq)
    return read_summed(path, source, period=booked, name=name)


def _months_below(raw: Raw, source: Source, organisation: Organisation) -> tuple[Raw, Source]:
    """A table with a column a month as one with a row a month, and how to read that."""
    if not source.month_columns:
        return raw, source
    year = source.columns.date
    columns = replace(source.columns, date=MONTH_COLUMN, amount=AMOUNT_COLUMN)
    calendar, freq = organisation.calendar, organisation.freq
    below = below_each_other(raw, year, calendar=calendar, freq=freq)
    return below, replace(source, columns=columns)


def _shown(path: Path, folder: Path) -> str:
    """A file as people call it: by its path in the folder of the organisation file, if in it."""
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


def _without(raw: Raw, source: Source) -> Raw:
    """Leave out the rows whose place, person, product or date the user does not want."""
    if not source.leave_out:
        return raw
    columns = source.columns
    out = np.zeros(len(raw.frame), dtype=bool)
    for column in (*columns.territory, columns.person, columns.product, columns.date):
        if column and raw.frame[column].dtype.kind not in "Mif":
            out |= raw.frame[column].isin(source.leave_out).to_numpy(bool)
    n, names = int(out.sum()), ", ".join(source.leave_out)
    finding = found("left out", raw.name, severity="repair", rows=n, n=n, names=names)
    frame = raw.frame[~out].reset_index(drop=True)
    return replace(raw, frame=frame, rows=raw.rows[~out], findings=(*raw.findings, finding))


def _further(organisation: Organisation) -> dict[str, str]:
    """Hashes of files that later stages read."""
    own = organisation.calendar if organisation.calendar.path else None
    parts = (organisation.assignments, organisation.quota, own)
    paths = [Path(organisation.folder / part.path) for part in parts if part]
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in paths if p.is_file()}


def _want(source: Source) -> Want:
    columns = source.columns
    text = [*columns.territory, columns.person, columns.product, columns.currency, *columns.line]
    other = [columns.date, columns.amount, columns.quantity]
    return Want(
        text=tuple(dict.fromkeys(name for name in text if name)),
        other=tuple(dict.fromkeys(name for name in other if name)),
        encoding=source.encoding,
        sheet=source.sheet,
        decimal_comma="," if source.decimal == "," else "",
        also=span_columns if source.month_columns else None,
    )


def _lines(
    notes: _Notes, source: Source, calendar: FiscalCalendar, freq: str, places: Names
) -> pd.DataFrame:
    """Dates, periods, places and amounts of one file, a row a row."""
    raw, columns = notes.raw, source.columns
    _subtotals(notes, source)
    dates = _dates(notes, source, calendar, freq)
    periods = booking.periods_of(dates, source.shift_days, calendar, freq)
    strange = [at for at in booking.unknown(dates, periods) if not notes.bad[at]]
    what = f"{counted(len(strange), 'date')} outside the calendar's table"
    notes.refuse(what, strange, columns.date, f"Add their periods to '{calendar.path}'.")
    return pd.DataFrame(
        {
            "source": raw.name,
            "row": raw.rows,
            "date": dates,
            "period": periods,
            "territory": _places(notes, columns.territory, places),
            "amount": _numbers(notes, columns.amount, source) * source.multiplier,
            "quantity": _numbers(notes, columns.quantity, source) if columns.quantity else np.nan,
        }
    )


def _convert(notes: _Notes, lines: pd.DataFrame, source: Source, rates: Rates) -> None:
    """Amounts into the measure's unit; a line whose rate is not known is refused."""
    if (column := source.columns.currency) and rates.own:
        each = rates.of(notes.raw.frame[column], lines["date"])
        at = np.flatnonzero(each.isna().to_numpy(bool) & ~notes.bad).tolist()
        what = f"{counted(len(at), 'row')} whose currency has no rate in its month"
        named = lacking(notes.raw.frame[column].iloc[at], lines["date"].iloc[at])
        notes.refuse(what, at, column, f"Add to the table that [rates] names: {named}.")
        lines["amount"] *= each.fillna(0.0)


def _subtotals(notes: _Notes, source: Source) -> None:
    """Rows such as 合计 or Total among the lines would be counted twice."""
    columns = source.columns
    for column in dict.fromkeys(
        [*columns.territory, columns.person, columns.product, columns.date]
    ):
        if not column or notes.raw.frame[column].dtype.kind in "Mif":
            continue
        values = notes.raw.frame[column]
        at = np.flatnonzero(are_totals(values) & ~notes.bad).tolist()
        labels = ", ".join(f'"{label}"' for label in values.iloc[at].astype("str").unique()[:8])
        effect = (
            "Totals among the lines would count twice: remove these rows, or write "
            f"leave_out = [{labels}] under [[source]]."
        )
        notes.refuse(f"{counted(len(at), 'total')} among the lines", at, column, effect)


def _dates(notes: _Notes, source: Source, calendar: FiscalCalendar, freq: str) -> pd.Series:
    raw, column = notes.raw, source.columns.date
    parsed = parse_dates(
        raw.frame[column].mask(notes.bad) if notes.bad.any() else raw.frame[column],
        cell=lambda at: raw.cell(at, column),
        date_format=source.date_format,
        day_first=source.day_first,
    )
    _repairs(notes, parsed, column)
    bad = [at for at in parsed.bad if not notes.bad[at]]
    fix = booking.mend(raw.frame[column].iloc[bad[0]]) if bad else ""
    notes.refuse(f"{counted(len(bad), 'date')} that cannot be read", bad, column, fix)
    coarse, lack, fix = booking.too_coarse(parsed, calendar, freq)
    coarse = [at for at in coarse if not notes.bad[at]]
    notes.refuse(f"{counted(len(coarse), 'date')} {lack}", coarse, column, fix)
    booking.refuse_sums(parsed.values, calendar, raw, column)
    return parsed.values


def _repairs(notes: _Notes, parsed: Parsed, column: str) -> None:
    for kind, at in parsed.repairs.items():
        notes.tell("repair", "read as", at, column, kind=kind)


def _numbers(notes: _Notes, column: str, source: Source) -> pd.Series:
    """Amounts of one column; text cells are parsed, empty ones are zero."""
    raw = notes.raw
    values = raw.frame[column]
    if values.dtype.kind in "if":
        numbers = values.astype("float64")
        empty = np.flatnonzero(numbers.isna()).tolist()
    else:
        numbers, empty = _numbers_in_text(notes, values, column, source)
    notes.tell("warning", "empty cells", empty, column)
    vast = np.flatnonzero(numbers.abs() > MOST).tolist()
    notes.refuse(f"{counted(len(vast), 'amount')} beyond {MOST:.0e}", vast, column, _DROPPED)
    return numbers.fillna(0.0)


def _numbers_in_text(
    notes: _Notes, values: pd.Series, column: str, source: Source
) -> tuple[pd.Series, list[int]]:
    raw = notes.raw
    written = values.map(lambda value: isinstance(value, str)).to_numpy(bool) & ~notes.bad
    numbers = pd.to_numeric(values.where(~written, np.nan), errors="coerce").astype("float64")
    at = np.flatnonzero(written)
    parsed = parse_numbers(
        values.iloc[at].reset_index(drop=True),
        cell=lambda position: raw.cell(int(at[position]), column),
        decimal=source.decimal,
    )
    numbers.iloc[at] = parsed.values.to_numpy()
    repairs = {kind: at[found].tolist() for kind, found in parsed.repairs.items()}
    _repairs(notes, Parsed(parsed.values, repairs, []), column)
    bad = at[parsed.bad].tolist()
    notes.refuse(
        f"{counted(len(bad), 'cell')} with text in place of a number",
        bad,
        column,
        _DROPPED,
    )
    return numbers, np.flatnonzero(numbers.isna() & ~notes.bad).tolist()


def _places(notes: _Notes, columns: Sequence[str], places: Names) -> pd.Series:
    """Path of the place of each line."""
    frame = notes.raw.frame
    if places.names:
        paths = _named(notes, columns[0], places, "territory")
        nowhere = np.flatnonzero((paths == "").to_numpy(bool) & ~notes.bad).tolist()
        notes.refuse(
            f"{counted(len(nowhere), 'row')} without a place",
            nowhere,
            columns[0],
            _DROPPED,
        )
        return paths
    codes = np.zeros(len(frame), dtype=np.int64)
    for column in columns:
        blank = np.flatnonzero((frame[column] == "").to_numpy(bool) & ~notes.bad).tolist()
        notes.refuse(f"{counted(len(blank), 'row')} without a place", blank, column, _DROPPED)
        part, names = pd.factorize(frame[column])
        codes = codes * len(names) + part
    group, _ = pd.factorize(codes)
    first = np.unique(group, return_index=True)[1]
    paths = np.array([join_path(row) for row in frame[list(columns)].iloc[first].to_numpy()])
    return pd.Series(paths[group] if len(paths) else [], index=frame.index, dtype="str")


def _named(notes: _Notes, column: str, names: Names, what: str) -> pd.Series:
    """What each key stands for; unknown keys are errors for places, warnings for others."""
    frame = notes.raw.frame
    if not column:
        return pd.Series(ALL_PRODUCTS if what == "product" else "", index=frame.index, dtype="str")
    codes, uniques = pd.factorize(frame[column])
    known = [names.of(key) for key in uniques]
    if names.names:
        strange = np.array([name is None for name in known] + [False])[codes]
        at = np.flatnonzero(strange & ~notes.bad).tolist()
        text = f"{counted(len(at), 'row')} with an unknown {what}"
        if what == "territory":
            notes.refuse(text, at, column, _DROPPED)
        else:
            notes.tell("warning", "unknown keys", at, column, kind=what)
    labels = [key if name is None else name for key, name in zip(uniques, known, strict=True)]
    fallback = "(none)" if what == "product" else ""
    values = np.array(
        [label.replace(SEPARATOR, "∕") if what == "person" else label for label in labels] + [""]
    )
    named = pd.Series(values[codes], index=frame.index, dtype="str")
    return named.mask(named == "", fallback) if fallback else named
