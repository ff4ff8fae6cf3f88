"""`organisation.toml`: where a user's data are, and which column means what."""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePath
from typing import Any

from salesforecast.errors import OrganisationError
from salesforecast.fiscal import MONTHS, FiscalCalendar

PERIOD_NAMES = {"month": "M", "quarter": "Q", "year": "Y"}
_KINDS = {"str": str, "int": int, "float": (int, float), "bool | None": bool}


@dataclass(frozen=True)
class Measure:
    """What is planned: its name and unit, the money step of targets, and how people read it.

    `display` is the unit on screens and `divisor` how many `unit` it is: `thousand USD`, 1000.
    """

    name: str = "sales"
    unit: str = ""
    step: int = 1
    display: str = ""
    divisor: int = 1


@dataclass(frozen=True)
class Columns:
    """The user's name of each column; empty where his table has none.

    `territory` is one key into `[territories]`, or one column a level, top first.
    `line` are the columns that together name a row: no two rows share them.
    """

    date: str
    amount: str
    territory: tuple[str, ...]
    quantity: str = ""
    person: str = ""
    product: str = ""
    line: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """One table of order lines: a file, a pattern such as `orders-*.csv`, or a folder.

    A line belongs to the fiscal period of its date plus `shift_days`. Amounts are multiplied
    by `multiplier` (10000 where a table is in 万元). Rows whose place, person or product is in
    `leave_out` are not read: totals of others. What is empty is found out by reading.
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


@dataclass(frozen=True)
class Territories:
    """The places that exist: `key` and one column a level, top first; `none` are keys of no place."""

    path: str
    key: str
    columns: tuple[str, ...]
    none: tuple[str, ...] = ()


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
        path = Path(path)
        text = _read_text(path)
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise OrganisationError(
                "the organisation file is not valid TOML.",
                where=f"{path.name}: {error}",
                fix="texts stand in quotes, lists in [ ]; compare it with the sample file.",
            ) from error
        organisation = _Reader(path.name, text).organisation(content, path.absolute().parent)
        _check(organisation, path.name)
        return organisation

    def write(self, path: Path | str) -> None:
        """Write an organisation file; comments of a file that is there are kept."""
        from salesforecast.history.organisation_writer import write

        write(self, Path(path))


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise OrganisationError(
            "there is no organisation file.",
            where=str(path),
            fix="give its path, or make one with `salesforecast init FILE`.",
        ) from error
    except (UnicodeDecodeError, IsADirectoryError) as error:
        raise OrganisationError(
            "the organisation file cannot be read as text.",
            where=f"{path.name}: {error}",
            fix="save it as UTF-8 text.",
        ) from error


PARTS: Mapping[str, type] = {
    "measure": Measure,
    "territories": Territories,
    "people": People,
    "assignments": Assignments,
    "quota": Quota,
    "house": House,
}
TOP = ("name", "levels", "calendar", "source", "products", *PARTS)


@dataclass(frozen=True)
class _Reader:
    """Turns parsed TOML into the dataclasses above, naming the line of whatever is wrong."""

    name: str
    text: str

    def organisation(self, content: Mapping[str, Any], folder: Path) -> Organisation:
        self.known(content, TOP, "")
        self.required(content, ("name", "levels", "source"), "")
        calendar = self.calendar(self.table(content, "calendar"))
        parts = {
            key: self.part(PARTS[key], self.table(content, key), key)
            for key in PARTS
            if key in content
        }
        return Organisation(
            name=self.value("str", content["name"], "name", ""),
            levels=self.value("tuple[str, ...]", content["levels"], "levels", ""),
            sources=tuple(self.source(table) for table in self.tables(content, "source")),
            products=tuple(
                self.part(Lookup, table, "products") for table in self.tables(content, "products")
            ),
            calendar=FiscalCalendar(calendar["year_starts"]),
            freq=PERIOD_NAMES[calendar["period"]],
            folder=folder,
            **parts,
        )

    def calendar(self, table: Mapping[str, Any]) -> dict[str, Any]:
        self.known(table, ("year_starts", "period"), "calendar")
        first, period = table.get("year_starts", 1), table.get("period", "month")
        if first not in range(1, 13) or isinstance(first, bool):
            self.refuse(f"year_starts is a month from 1 to 12, not {first!r}.", "year_starts")
        if period not in PERIOD_NAMES:
            self.refuse(f"period is one of {list(PERIOD_NAMES)}, not {period!r}.", "period")
        return {"year_starts": first, "period": period}

    def source(self, table: Mapping[str, Any]) -> Source:
        fields = [field.name for field in dataclasses.fields(Source)]
        self.known(table, fields, "source")
        self.required(table, ("path", "columns"), "source")
        columns = self.part(Columns, self.table(table, "columns"), "source.columns")
        rest = {**table, "columns": columns}
        out: Source = self.part(Source, rest, "source")
        if out.decimal not in ("", ".", ","):
            self.refuse(f'decimal is "." or ",", not "{out.decimal}".', "decimal")
        return out

    def part(self, kind: type, table: Mapping[str, Any], section: str) -> Any:
        fields = {field.name: field for field in dataclasses.fields(kind)}
        self.known(table, tuple(fields), section)
        needed = [
            name
            for name, field in fields.items()
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        ]
        self.required(table, needed, section)
        return kind(
            **{key: self.value(str(fields[key].type), table[key], key, section) for key in table}
        )

    def value(self, kind: str, value: Any, key: str, section: str) -> Any:
        if kind == "Columns":
            return value
        if kind.startswith("tuple"):
            items = [value] if isinstance(value, str) else value
            if isinstance(items, list) and all(isinstance(item, (str, int)) for item in items):
                return tuple(str(item) for item in items)
            self.refuse(f"'{key}' is a text or a list of texts, not {value!r}.", key, section)
        wrong_bool = isinstance(value, bool) and kind != "bool | None"
        if wrong_bool or not isinstance(value, _KINDS[kind]):  # type: ignore[arg-type]
            self.refuse(f"'{key}' is of type {kind}, not {value!r}.", key, section)
        return float(value) if kind == "float" else value

    def table(self, content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = content.get(key, {})
        if not isinstance(value, dict):
            self.refuse(f"'{key}' is a table: write [{key}] above its keys.", key)
        return value

    def tables(self, content: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
        value = content.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.refuse(f"'{key}' may stand several times: write [[{key}]] above each.", key)
        return value

    def known(self, table: Mapping[str, Any], keys: Sequence[str], section: str) -> None:
        for key in table:
            if key in keys:
                continue
            near = difflib.get_close_matches(key, keys, n=1, cutoff=0.5)
            advice = f"did you mean '{near[0]}'?" if near else f"known are: {', '.join(keys)}."
            self.refuse(f"there is no key '{key}'.", key, section, fix=advice)

    def required(self, table: Mapping[str, Any], keys: Sequence[str], section: str) -> None:
        for key in keys:
            if key not in table:
                what = f"[{section}] lacks '{key}'." if section else f"'{key}' is missing."
                self.refuse(what, section.split(".")[0], fix=f"add a line: {key} = ...")

    def refuse(
        self, what: str, key: str, section: str = "", fix: str = "change this value."
    ) -> None:
        line = self.line_of(key, section)
        raise OrganisationError(what, where=f"{self.name}{line}", fix=fix)

    def line_of(self, key: str, section: str) -> str:
        """`, line 14`, of the first such key in its section; empty when it cannot be found."""
        inside = not section
        for number, line in enumerate(self.text.splitlines(), start=1):
            header = re.match(r"\s*\[+\s*([\w.]+)\s*\]+", line)
            if header:
                inside = inside or header[1].split(".")[0] == section.split(".")[0]
                if header[1] == key:
                    return f", line {number}"
            if inside and re.search(rf'(^|[\s{{,"]){re.escape(key)}"?\s*=', line.split("#")[0]):
                return f", line {number}"
        return ""


def _check(organisation: Organisation, name: str) -> None:
    """Refuse parts that contradict each other."""
    for problem, fix in _problems(organisation):
        raise OrganisationError(problem, where=name, fix=fix)


def _problems(organisation: Organisation) -> Iterator[tuple[str, str]]:
    levels = len(organisation.levels)
    if not levels:
        yield "there is no level.", "name at least one: levels = ['region']."
    if not organisation.sources:
        yield "there is no table of order lines.", "add one under [[source]]."
    if organisation.territories and len(organisation.territories.columns) != levels:
        yield (
            f"[territories] has {len(organisation.territories.columns)} columns for {levels} levels.",
            "name one column a level, top first.",
        )
    for source in organisation.sources:
        expected = 1 if organisation.territories else levels
        if len(source.columns.territory) != expected:
            yield (
                f"source '{source.path}' names {len(source.columns.territory)} territory columns, "
                f"{expected} {'is' if expected == 1 else 'are'} needed.",
                "name the key of [territories], or one column a level, top first.",
            )
    if organisation.measure.step < 1 or organisation.measure.divisor < 1:
        yield "step and divisor are at least 1.", "use step = 1 for whole units."
    if organisation.freq not in MONTHS:
        yield f"unknown period {organisation.freq!r}.", "use month, quarter or year."
