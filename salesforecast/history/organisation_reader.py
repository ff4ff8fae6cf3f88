"""TOML to `Organisation`: whatever is wrong is named with its line and the nearest right thing."""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from salesforecast.errors import OrganisationError, toml_advice
from salesforecast.fiscal import MONTHS, FiscalCalendar
from salesforecast.history import calendars, declared
from salesforecast.history.organisation import (
    PARTS,
    PERIOD_NAMES,
    Columns,
    Lookup,
    Measure,
    Organisation,
    Source,
)
from salesforecast.history.raw import counted

_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "str": ((str,), "a text in quotes"),
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "float | None": ((int, float), "a number"),
    "bool": ((bool,), "true or false"),
    "bool | None": ((bool,), "true or false"),
}
TOP = ("name", "levels", "calendar", "source", "products", *PARTS, *declared.KEYS)


def read(path: Path) -> Organisation:
    """Read an organisation file; see `Organisation.read`."""
    text = _read_text(path)
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise OrganisationError(
            "the organisation file is not valid TOML.",
            where=f"{path.name}: {error}",
            fix=toml_advice(text, error),
        ) from error
    organisation = _Reader(path.name, text).organisation(content, path.absolute().parent)
    _check(organisation, path.name)
    return organisation


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


@dataclass(frozen=True)
class _Reader:
    """Turns parsed TOML into the dataclasses above, naming the line of whatever is wrong."""

    name: str
    text: str

    def organisation(self, content: Mapping[str, Any], folder: Path) -> Organisation:
        self.known(content, TOP, "")
        self.required(content, ("name", "levels", "source"), "")
        calendar, freq = self.calendar(self.table(content, "calendar"), folder)
        parts = {
            key: self.part(PARTS[key], self.table(content, key), key)
            for key in PARTS
            if key in content and key != "measure"
        }
        measures = self.measures(content)
        return Organisation(
            name=self.value("str", content["name"], "name", ""),
            levels=self.value("tuple[str, ...]", content["levels"], "levels", ""),
            sources=tuple(self.source(table) for table in self.tables(content, "source")),
            products=tuple(
                self.part(Lookup, table, "products") for table in self.tables(content, "products")
            ),
            calendar=calendar,
            freq=freq,
            folder=folder,
            declared=self.declared(content),
            measure=measures[0],
            further=measures[1:],
            **parts,
        )

    def measures(self, content: Mapping[str, Any]) -> tuple[Measure, ...]:
        """`[measure]`, or several as `[[measure]]`, the usual one first."""
        if not isinstance(content.get("measure"), list):
            return (self.part(Measure, self.table(content, "measure"), "measure"),)
        found = tuple(self.part(Measure, one, "measure") for one in self.tables(content, "measure"))
        if not found or len({one.name for one in found}) < len(found):
            self.refuse("measures have names of their own.", "measure", fix="name each otherwise.")
        return found

    def declared(self, content: Mapping[str, Any]) -> declared.Declared:
        """What moves sales besides time."""
        work = self.table(content, "calendar")
        parts: dict[str, Any] = {
            key: self.part(kind, self.table(content, key), key)
            for key, kind in declared.TABLES.items()
            if key in content
        }
        for key, (name, kind) in declared.LISTS.items():
            parts[name] = tuple(self.part(kind, one, key) for one in self.tables(content, key))
        parts["overrides"] = self.value("str", content.get("overrides", ""), "overrides", "")
        days = {key: work[key] for key in declared.WORK_KEYS if key in work}
        return declared.Declared(work=self.part(declared.WorkDays, days, "calendar"), **parts)

    def calendar(self, table: Mapping[str, Any], folder: Path) -> tuple[FiscalCalendar, str]:
        """The fiscal calendar, and the finest period that is planned."""
        self.known(table, (*calendars.KEYS, "period", *declared.WORK_KEYS), "calendar")
        key, what, fix = calendars.problem(table)
        if key:
            at = "calendar" if key == "path" else ""  # every source has one, too
            self.refuse(what, key, at, fix or "change this value.")
        period = table.get("period", "month")
        if period in calendars.FINER:
            self.refuse(
                f"targets are not planned by {period}.",
                "period",
                fix='write period = "month"; `salesforecast days` cuts a plan into days and weeks of work.',
            )
        if period not in PERIOD_NAMES:
            self.refuse(f"period is one of {list(PERIOD_NAMES)}, not {period!r}.", "period")
        return calendars.calendar_of(table, folder), PERIOD_NAMES[period]

    def source(self, table: Mapping[str, Any]) -> Source:
        fields = [field.name for field in dataclasses.fields(Source)]
        self.known(table, fields, "source")
        self.required(table, ("path", "columns"), "source")
        named = self.table(table, "columns")
        wide = table.get("month_columns") is True
        needed = ("territory",) if wide else ("date", "amount", "territory")
        self.known(named, [field.name for field in dataclasses.fields(Columns)], "source.columns")
        self.required(named, needed, "source.columns")
        for key in ("amount", "quantity") if wide else ():
            if key in named:
                fix = f"take {key} out, or month_columns if the table has no column a month."
                self.refuse(f"'{key}' has no place beside month_columns.", key, "source", fix)
        columns = self.part(Columns, named, "source.columns")
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
        if kind.startswith("tuple[float"):
            numbers = value if isinstance(value, list) else [value]
            return tuple(self.value("float", number, key, section) for number in numbers)
        if kind.startswith("tuple"):
            items = [value] if isinstance(value, str) else value
            if isinstance(items, list) and all(isinstance(item, (str, int)) for item in items):
                return tuple(str(item) for item in items)
            self.refuse(f"'{key}' is a text or a list of texts, not {value!r}.", key, section)
        if kind.startswith("Mapping"):
            shares = self.table({key: value}, key)
            return {name: self.value("float", one, name, section) for name, one in shares.items()}
        types, words = _KINDS[kind]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            self.refuse(f"'{key}' is {words}, not {value!r}.", key, section)
        return float(value) if kind.startswith("float") else value

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
    contradiction = declared.problem(organisation.declared)
    if contradiction[0]:
        yield contradiction
    if not levels:
        yield "there is no level.", "name at least one: levels = ['region']."
    if not organisation.sources:
        yield "there is no table of order lines.", "add one under [[source]]."
    if organisation.territories and len(organisation.territories.columns) != levels:
        yield (
            f"[territories] has {counted(len(organisation.territories.columns), 'column')} for "
            f"{counted(levels, 'level')}.",
            "name one column a level, top first.",
        )
    for source in organisation.sources:
        expected = 1 if organisation.territories else levels
        if len(source.columns.territory) != expected:
            yield (
                f"source '{source.path}' names "
                f"{counted(len(source.columns.territory), 'territory column')}, "
                f"{expected} {'is' if expected == 1 else 'are'} needed.",
                "name the key of [territories], or one column a level, top first.",
            )
    if any(s.columns.currency for s in organisation.sources) and organisation.rates is None:
        yield "a source has a currency, but there are no rates.", "add a [rates] table."
    units = {measure.unit for measure in organisation.measures}
    if organisation.rates and organisation.rates.unit not in units - {""}:
        yield (
            f"[rates] are in '{organisation.rates.unit}', but no measure is.",
            "write the same unit under [measure] and [rates].",
        )
    names = [measure.name for measure in organisation.measures]
    for source in organisation.sources:
        if source.measure and source.measure not in names:
            yield (
                f"source '{source.path}' is of a measure '{source.measure}' that is not there.",
                f"name one of: {', '.join(names)}.",
            )
    if any(measure.divisor < 1 for measure in organisation.measures):
        yield "the divisor is at least 1.", "use divisor = 1 for whole units."
    if organisation.freq not in MONTHS:
        yield f"unknown period {organisation.freq!r}.", "use month, quarter or year."
