"""A first organisation file for a new user: what the columns of his table probably mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from salesforecast.errors import DataError, Finding
from salesforecast.history.dates import parse_dates
from salesforecast.history.load import load
from salesforecast.history.organisation import Columns, Measure, Organisation, Source
from salesforecast.history.profiles import Profile, profile, words
from salesforecast.history.sources import read_table
from salesforecast.history.subtotals import subtotal_products
from salesforecast.history.validate import validate

_LINES_A_LEAF = 1.0  # fewer order lines a period than this are too few to plan a place by
_PEOPLE, _PLACES, _PRODUCTS = 500, 2000, 60
_MONTH_NAME = re.compile(
    r"(?:\d{4}\s*[-/.年]?\s*)?(?:\d{1,2}月?|[一二三四五六七八九十]+月)|\d{6}|(?:Q[1-4]|[A-Z][a-z]{2,8})"
    r"(?:[-\s]*\d{2,4})?"
)
_UNIT_IN_TITLE = re.compile(r"(?:单位|[Uu]nit|[Cc]urrency)\s*[:：]\s*([^\s'/)）]+)")
_UNIT = re.compile(r"[(（\[]\s*([^)）\]]+?)\s*[)）\]]\s*$")


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
    raw = read_table(path)
    columns = [profile(name, raw.frame[name]) for name in raw.header]
    roles = _Roles.find(columns, path.name)
    freq = _freq(roles.date)
    unit = _unit(roles.amount.name, " ".join(finding.where for finding in raw.findings))
    organisation = _organisation(path, roles, freq, unit)
    notes = _notes(roles, columns, organisation)
    organisation, mended, found = _try_out(organisation)
    return Guess(organisation, (*notes, *mended), (*_small(roles.amount), *found))


@dataclass(frozen=True)
class _Roles:
    """The column of each role, and the ones that were looked at and left."""

    date: Profile
    amount: Profile
    quantity: Profile | None
    person: Profile | None
    product: Profile | None
    places: tuple[Profile, ...]
    line: tuple[Profile, ...]
    dropped: tuple[str, ...]

    @classmethod
    def find(cls, columns: Sequence[Profile], name: str) -> _Roles:
        date = _best(columns, "date", kinds=("date",)) or _first(columns, "date")
        if date is None:
            raise _side_by_side(columns, name) or _none("dates", name, columns)
        rest = [column for column in columns if column is not date and column.kind != "date"]
        numbers = [column for column in rest if column.kind == "number"]
        quantity = _best(numbers, "quantity")
        amount = _best([c for c in numbers if c is not quantity], "amount") or quantity
        amount = amount or _last([c for c in numbers if c.distinct > 20])
        if amount is None:
            raise _none("amounts", name, columns)
        quantity = None if quantity is amount else quantity
        taken = [amount, quantity]
        members = [c for c in rest if not any(c is t for t in taken) and _is_dimension(c)]
        person = _best([c for c in members if c.distinct <= _PEOPLE], "person")
        members = [c for c in members if c is not person]
        chosen = [c for c in members if c.says("place") > 0 and 1 < c.distinct <= _PLACES]
        products = [c for c in members if not any(c is p for p in chosen)]
        product = _product(products)
        periods = max(1, _periods(date))
        places, dropped = _chain(chosen, len(date.values), periods)
        if not places:
            spare = [c for c in products if c is not product and 1 < c.distinct <= _PLACES]
            places = sorted(spare, key=lambda c: c.distinct)[:1]
        if not places and product is not None:
            places, product = [product], None
        if not places:
            raise _none("places", name, columns)
        line = _line([c for c in columns if c.kind != "date"], len(date.values))
        return cls(date, amount, quantity, person, product, tuple(places), line, tuple(dropped))


def _best(columns: Sequence[Profile], role: str, kinds: Sequence[str] = ()) -> Profile | None:
    """The column whose name fits best, the earlier one of equals."""
    fitting = [c for c in columns if c.says(role) > 0 and (not kinds or c.kind in kinds)]
    return max(fitting, key=lambda c: c.says(role), default=None)


def _first(columns: Sequence[Profile], kind: str) -> Profile | None:
    return next((column for column in columns if column.kind == kind), None)


def _last(columns: Sequence[Profile]) -> Profile | None:
    return columns[-1] if columns else None


def _none(what: str, name: str, columns: Sequence[Profile]) -> DataError:
    return DataError(
        f"no column of {what} was found.",
        where=f"{name}, whose columns are {[column.name for column in columns]}",
        fix="name the columns as people would (date, sales, region, ...), or copy the sample "
        "organisation.toml and fill it in by hand.",
    )


def _side_by_side(columns: Sequence[Profile], name: str) -> DataError | None:
    """The error for a table with a column a month; None when it is none."""
    months = [column.name for column in columns if _MONTH_NAME.fullmatch(column.name.strip())]
    if len(months) < 3:
        return None
    return DataError(
        f"the months stand side by side, in {len(months)} columns.",
        where=f"{name}, columns {', '.join(months[:4])} ...",
        fix="put them below each other, in one column of dates and one of amounts (in Excel: Data > "
        "From Table > Transform > Unpivot Columns).",
    )


def _is_dimension(column: Profile) -> bool:
    """Whether its values can be names: text, or whole numbers that a name explains."""
    if column.kind == "text":
        return True
    if column.kind != "number" or column.filled < 0.5:
        return False
    named = max(column.says(role) for role in ("person", "place", "product")) > 0
    numbers = pd.to_numeric(column.values.head(1000), errors="coerce")
    return named and bool((numbers % 1 == 0).all())


def _product(columns: Sequence[Profile]) -> Profile | None:
    """The column to plan products by: a category rather than single articles."""
    named = [c for c in columns if c.says("product") > 0 and 1 < c.distinct <= _PRODUCTS]
    return max(named, key=lambda c: (c.says("product"), -c.distinct), default=None)


def _chain(columns: Sequence[Profile], rows: int, periods: int) -> tuple[list[Profile], list[str]]:
    """Places from the top down: each lies in exactly one of the level above."""
    chain: list[Profile] = []
    dropped = []
    for column in sorted(columns, key=lambda c: c.distinct):
        if rows / (column.distinct * periods) < _LINES_A_LEAF and chain:
            dropped.append(f"{column.name}: {column.distinct} places have too few sales each")
        elif chain and not _lies_in(column.values, chain[-1].values):
            dropped.append(f"{column.name}: does not lie within {chain[-1].name}")
        else:
            chain.append(column)
    return chain, dropped


def _lies_in(inner: pd.Series, outer: pd.Series) -> bool:
    """Whether nearly every value of `inner` comes with one value of `outer` only."""
    both = pd.DataFrame({"inner": inner.astype("str"), "outer": outer.astype("str")}).dropna()
    pairs = both.value_counts()
    most = pairs.groupby("inner").max().sum()
    return len(both) > 0 and bool(most / len(both) > 0.99) and inner.nunique() > outer.nunique()


def _line(columns: Sequence[Profile], rows: int) -> tuple[Profile, ...]:
    """Columns that name a row: one, or an order and its line."""
    named = sorted(
        (c for c in columns if c.says("line") > 0), key=lambda c: c.says("line"), reverse=True
    )
    single = [c for c in named if c.distinct == rows]
    if single:
        return (single[0],)
    for at, left in enumerate(named):
        for right in named[at + 1 :]:
            both = pd.DataFrame({"left": left.values, "right": right.values})
            if len(both) == rows and not both.duplicated().any():
                return (right, left) if right.distinct > left.distinct else (left, right)
    return ()


def _days(date: Profile) -> pd.Series:
    if date.ambiguous:
        return pd.Series([], dtype="datetime64[us]")
    days = parse_dates(date.values, cell=lambda at: f"row {at + 2}").values
    return pd.Series(np.sort(days.dropna().unique()))


def _periods(date: Profile) -> int:
    return int(_days(date).dt.to_period("M").nunique()) if not date.ambiguous else 12


def _freq(date: Profile) -> str:
    """The finest period that the dates allow: months, quarters or years."""
    days = _days(date)
    if len(days) < 2:
        return "M"
    gap = days.diff().dt.days.median()
    return "Y" if gap > 300 else "Q" if gap > 80 else "M"


def _organisation(
    path: Path, roles: _Roles, freq: str, unit_and_factor: tuple[str, float]
) -> Organisation:
    columns = Columns(
        date=roles.date.name,
        amount=roles.amount.name,
        territory=tuple(place.name for place in roles.places),
        quantity=roles.quantity.name if roles.quantity else "",
        person=roles.person.name if roles.person else "",
        product=roles.product.name if roles.product else "",
        line=tuple(column.name for column in roles.line),
    )
    unit, multiplier = unit_and_factor
    size = float(pd.to_numeric(roles.amount.values, errors="coerce").abs().sum()) * multiplier
    thousands = size / max(1, _periods(roles.date)) > 1e6
    measure = Measure(
        name=_measure_name(roles.amount.name),
        unit=unit,
        display=f"thousand {unit}".strip() if thousands else "",
        divisor=1000 if thousands else 1,
    )
    source = Source(path=path.name, columns=columns, multiplier=multiplier)
    return Organisation(
        name=path.name.split(".")[0],
        sources=(source,),
        levels=tuple(place.name for place in roles.places),
        measure=measure,
        freq=freq,
        folder=path.parent,
    )


def _measure_name(column: str) -> str:
    name = _UNIT.sub("", words(column)).strip()
    return name if len(name) > 1 and name != "value" else "sales"


def _unit(name: str, titles: str) -> tuple[str, float]:
    """Unit behind a column name or in a title, and its factor: `销售额(万元)`, `单位：万元`."""
    found = _UNIT.search(name) or _UNIT_IN_TITLE.search(titles)
    if not found:
        return "", 1.0
    unit = found[1]
    for sign, factor in (("百万", 1e6), ("亿", 1e8), ("万", 1e4), ("千", 1e3)):
        if unit.startswith(sign):
            return unit.removeprefix(sign) or "元", factor
    return unit, 1.0


def _try_out(organisation: Organisation) -> tuple[Organisation, list[str], list[Finding]]:
    """Read the table by the mapping; mend what is plain: totals among products, sliding days."""
    notes = []
    try:
        loaded = load(organisation)
        changes: dict[str, Any] = {}
        totals = subtotal_products(loaded.lines)
        if totals:
            changes["leave_out"] = totals
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
    middle = pd.to_numeric(amount.values, errors="coerce").abs().median()
    if not middle < 20:
        return []
    what = f"amounts are small: half of them are below {middle:,.1f}"
    effect = "Targets are whole units; in finer units (`multiplier`) they would be less coarse."
    return [Finding("warning", what, f"column '{amount.name}'", effect)]


def _notes(roles: _Roles, columns: Sequence[Profile], organisation: Organisation) -> list[str]:
    days = _days(roles.date)
    span = f": {days.iloc[0]:%Y-%m-%d} to {days.iloc[-1]:%Y-%m-%d}" if len(days) else ""
    period = {"M": "months", "Q": "quarters", "Y": "years"}[organisation.freq]
    places = " > ".join(f"{place.name} ({place.distinct})" for place in roles.places)
    used = {roles.date.name, roles.amount.name} | {c.name for c in (*roles.places, *roles.line)}
    notes = [
        f"date: '{roles.date.name}'{span}; planned in {period}",
        f"amount: '{roles.amount.name}'",
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
