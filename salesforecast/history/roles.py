"""Which column of a table plays which part: date, amount, places, person, product, key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesforecast.errors import DataError
from salesforecast.history.dates import parse_dates
from salesforecast.history.months import side_by_side
from salesforecast.history.profiles import Profile
from salesforecast.history.raw import counted

_LINES_A_LEAF = 0.5  # fewer order lines a period than this are too few to plan a place by
_PEOPLE, _PLACES, _PRODUCTS = 20_000, 2000, 60
_LISTED = 20  # columns that a refusal says something about


@dataclass(frozen=True)
class Roles:
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
    def find(cls, columns: Sequence[Profile], name: str) -> Roles:
        date = _best(columns, "date", kinds=("date",)) or _first(columns, "date")
        if date is None:
            raise side_by_side([c.name for c in columns], name) or _none("dates", name, columns)
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
        periods = max(1, periods_of(date))
        places, dropped = _chain(chosen, len(date.values), periods)
        if not places:
            spare = [c for c in products if c is not product and 1 < c.distinct <= _PLACES]
            places = sorted(spare, key=lambda c: c.distinct)[:1]
        if not places and product is not None:
            places, product = [product], None
        if not places:  # everything in one place, or known by the person only
            one = _best([c for c in members if c.filled > 0], "place") or person
            places, person = ([one] if one else []), (None if one is person else person)
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
    kind = {"dates": "date", "amounts": "number"}.get(what, "text")
    looked = "".join(
        f"\n    {column.name}: {_why_not(column, kind)}" for column in columns[:_LISTED]
    )
    more = f"\n    and {len(columns) - _LISTED} more" if len(columns) > _LISTED else ""
    return DataError(
        f"no column of {what} was found.",
        where=f"{name}, column by column:{looked}{more}",
        fix="name the columns as people would (date, sales, region, ...), or copy the sample "
        "organisation.toml and fill it in by hand.",
    )


def _why_not(column: Profile, kind: str) -> str:
    """Why a column was not taken for dates, amounts or names."""
    if column.kind == "empty":
        return "it is empty"
    shown = ", ".join(f"'{value}'" for value in column.values.astype("str").unique()[:2])
    held = {"text": "text", "number": "numbers", "date": "dates"}[column.kind]
    if column.kind != kind:
        return f"holds {held}, such as {shown}"
    if kind == "text":
        return f"{column.distinct} different texts, such as {shown}; its name says no place"
    return f"{held} such as {shown}; its name says something else"


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
            dropped.append(
                f"{column.name}: {counted(column.distinct, 'place')} with too few sales each"
            )
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


def days_of(date: Profile) -> pd.Series:
    if date.ambiguous:
        return pd.Series([], dtype="datetime64[us]")
    days = parse_dates(date.values, cell=lambda at: f"row {at + 2}").values
    return pd.Series(np.sort(days.dropna().unique()))


def periods_of(date: Profile) -> int:
    return int(days_of(date).dt.to_period("M").nunique()) if not date.ambiguous else 12


def freq_of(date: Profile) -> str:
    """The finest period that the dates allow: months, quarters or years."""
    days = days_of(date)
    if len(days) < 2:
        return "M"
    gap = days.diff().dt.days.median()
    return "Y" if gap > 300 else "Q" if gap > 80 else "M"
