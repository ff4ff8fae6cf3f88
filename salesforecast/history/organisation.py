"""`organisation.toml`: where a user's data are, and which column means what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path, PurePath

from salesforecast.errors import ParameterError, nearest
from salesforecast.fiscal import FiscalCalendar
from salesforecast.history.declared import Declared

PERIOD_NAMES = {"month": "M", "quarter": "Q", "year": "Y"}


@dataclass(frozen=True)
class Measure:
    """What is planned: its name and unit, and how people read it.

    `display` is the unit on screens and `divisor` how many `unit` it is: `thousand USD`, 1000.
    An organisation with several says for each the `column` that it stands in (empty: `amount`),
    what is taken off it (`minus`: the column of cost, for profit), and its own `multiplier`
    (0: that of the table).
    """

    name: str = "sales"
    unit: str = ""
    display: str = ""
    divisor: int = 1
    column: str = ""
    minus: str = ""
    multiplier: float = 0.0


@dataclass(frozen=True)
class Columns:
    """The user's name of each column; empty where his table has none.

    `territory` is one key into `[territories]`, or one column a level, top first.
    `currency` says what an amount is in; `[rates]` turns it into that of the measure.
    `line` are the columns that together name a row: no two rows share them. Where months stand
    side by side (`Source.month_columns`) there is no `amount`, and `date` is the column of the
    year, empty where the names of the months say it.
    """

    date: str = ""
    amount: str = ""
    territory: tuple[str, ...] = ()
    quantity: str = ""
    person: str = ""
    product: str = ""
    line: tuple[str, ...] = ()
    currency: str = ""


@dataclass(frozen=True)
class Source:
    """One table of order lines: a file, a pattern such as `orders-*.csv`, or a folder.

    A line belongs to the fiscal period of its date plus `shift_days`. Amounts are multiplied
    by `multiplier` (10000 where a table is in 万元). Rows whose place, person, product or date is
    in `leave_out` are not read: totals of others. With `month_columns` a table has a column a
    month (`2025-01`, `Jan-25`, `2025年1月`), week (`2025-W05`) or quarter (`2025Q1`) with the amounts
    in it. A table with a `measure` is of
    that one only (cash received). What is empty is found out by reading.
    """

    path: str
    columns: Columns
    shift_days: int = 0
    multiplier: float = 1.0
    date_format: str = ""
    day_first: bool | None = None
    decimal: str = ""
    encoding: str = ""
    sheet: str = ""
    leave_out: tuple[str, ...] = ()
    month_columns: bool = False
    measure: str = ""


@dataclass(frozen=True)
class Territories:
    """The places that exist: `key` and one column a level, top first; `none` are keys of no place."""

    path: str
    key: str
    columns: tuple[str, ...]
    none: tuple[str, ...] = ()


@dataclass(frozen=True)
class RateTable:
    """What one unit of a `currency` is worth in a `month`, in `unit`.

    Measures in that unit are converted; others (pieces) are not.
    """

    path: str
    unit: str
    month: str
    currency: str
    rate: str


@dataclass(frozen=True)
class Lookup:
    """One join from a key in the lines to what it stands for; several follow each other."""

    path: str
    key: str
    value: str


@dataclass(frozen=True)
class People:
    """Who sells: key, name columns, home territory, and when they came and left.

    A person has left from the date in `left` on, or when `status` is one of `status_left`.
    """

    path: str
    key: str
    name: tuple[str, ...]
    territory: str = ""
    hired: str = ""
    left: str = ""
    status: str = ""
    status_left: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assignments:
    """Who was in which territory from when on; wins over the home in `[people]`."""

    path: str
    person: str
    territory: str
    start: str
    end: str = ""


@dataclass(frozen=True)
class House:
    """Names of the leaves that no person holds: no seller, a manager, a person who left."""

    online: str = "(online)"
    manager: str = "(manager)"
    open: str = "(open)"


@dataclass(frozen=True)
class Quota:
    """The company's own quotas of the past, a row a person and quarter."""

    path: str
    person: str
    date: str
    amount: str
    shift_days: int = 0


@dataclass(frozen=True)
class Organisation:
    """Everything that `load` needs to know about a user's data.

    Parameters
    ----------
    name
        The company: the label of the root.
    sources
        Tables of order lines.
    levels
        Names of the levels of places, top first, without the company and without positions.
    calendar
        Fiscal calendar.
    freq
        Finest period that is planned: `"M"`, `"Q"` or `"Y"`.
    folder
        Paths in the file are relative to it.
    declared
        What moves sales besides time: holidays, events, drivers, changes of regions.
    further
        Measures besides the usual one: cash received, profit, quantity.
    rates
        What other currencies are worth, month by month.
    """

    name: str
    sources: tuple[Source, ...]
    levels: tuple[str, ...]
    measure: Measure = field(default_factory=Measure)
    calendar: FiscalCalendar = field(default_factory=FiscalCalendar)
    freq: str = "M"
    territories: Territories | None = None
    products: tuple[Lookup, ...] = ()
    people: People | None = None
    assignments: Assignments | None = None
    quota: Quota | None = None
    house: House = field(default_factory=House)
    folder: Path = Path()
    declared: Declared = field(default_factory=Declared)
    further: tuple[Measure, ...] = ()
    rates: RateTable | None = None

    @property
    def measures(self) -> tuple[Measure, ...]:
        """All that can be planned, the usual one first."""
        return (self.measure, *self.further)

    def measuring(self, name: str) -> Organisation:
        """The same organisation with another of its measures in place of the usual one.

        Raises
        ------
        ParameterError
            If it has no such measure.
        """
        known = {measure.name: measure for measure in self.measures}
        if name and name not in known:
            raise ParameterError(
                f"the measure '{name}' is not planned.",
                where=f"organisation '{self.name}'",
                fix=nearest(name, known),
            )
        chosen = known[name] if name else self.measure
        own = tuple(source for source in self.sources if source.measure == chosen.name)
        sources = own or tuple(source for source in self.sources if not source.measure)
        further = tuple(other for other in self.measures if other != chosen)
        taken = tuple(_of_measure(source, chosen) for source in sources)
        return replace(self, measure=chosen, further=further, sources=taken)

    @property
    def has_people(self) -> bool:
        """Whether any table says who sold."""
        return any(source.columns.person for source in self.sources)

    @property
    def tree_levels(self) -> tuple[str, ...]:
        """Names of all levels of the hierarchy, company first, leaves last."""
        return ("company", *self.levels, *(("position",) if self.has_people else ()))

    def source_of(self, file: str) -> Source:
        """The source that a file (as messages call it) was read for."""
        names = [PurePath(source.path).as_posix() for source in self.sources]
        for source, name in zip(self.sources, names, strict=True):
            if name == "." or fnmatch(file, name) or file.startswith(f"{name}/"):
                return source
        for source, name in zip(self.sources, names, strict=True):
            if fnmatch(PurePath(file).name, PurePath(name).name):
                return source
        return self.sources[0]

    @classmethod
    def read(cls, path: Path | str) -> Organisation:
        """Read an organisation file.

        Raises
        ------
        OrganisationError
            If the file is missing or no TOML, a key is unknown (the nearest known one and the
            line are named), a value has the wrong type, or two parts contradict each other.
        """
        from salesforecast.history.organisation_reader import read

        return read(Path(path))

    def write(self, path: Path | str) -> None:
        """Write an organisation file; comments of a file that is there are kept."""
        from salesforecast.history.organisation_writer import write

        write(self, Path(path))


def _of_measure(source: Source, measure: Measure) -> Source:
    """A table whose amounts are those of a measure."""
    if not measure.column:
        return source
    columns = replace(source.columns, amount=measure.column)
    return replace(source, columns=columns, multiplier=measure.multiplier or source.multiplier)


PARTS: Mapping[str, type] = {
    "measure": Measure,
    "territories": Territories,
    "people": People,
    "assignments": Assignments,
    "quota": Quota,
    "rates": RateTable,
    "house": House,
}
