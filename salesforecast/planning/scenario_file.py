"""How a scenario stands in its file: lines that are named in errors, comments that survive."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from salesforecast.errors import OrganisationError, nearest, toml_advice
from salesforecast.planning.corridors import Corridor
from salesforecast.planning.decision import Decision, Headcount
from salesforecast.planning.scenario import RULES, Scenario

_LISTS: Mapping[str, type] = {**RULES, "headcount": Headcount, "corridor": Corridor}
_FIELDS = {"headcount": "headcount", "corridor": "corridors"}  # key of a list to its field
_LATE = (
    "blend",
    "potential",
    "measure",
    "calendar",
    "data",
    "forecast",
    "first",
    "months",
    "draws",
    "cutoff",
    "replan",
)
_HIDDEN = ("rules", "corridors", "source")  # fields that are no keys
_KINDS: Mapping[str, tuple[type, ...]] = {
    "int | None": (int,),
    "float | None": (int, float),
    "float": (int, float),
    "int": (int,),
    "str": (str,),
    "Mapping[str, float]": (dict,),
    "Mapping[str, str]": (dict,),
    "tuple[Mapping[str, object], ...]": (list, tuple),
    "tuple[Rule, ...]": (tuple,),
    "tuple[Headcount, ...]": (tuple,),
    "tuple[Corridor, ...]": (tuple,),
    "Decision | None": (Decision,),
}
_IN_WORDS = {
    int: "a whole number", float: "a number", str: "a text in quotes", dict: "a table of numbers",
    tuple: "a list", list: "a list", Decision: "a table",
}  # fmt: skip
_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\-\"']+)\s*\]\]?")
_KEY = re.compile(r"^\s*(?:\"([^\"]+)\"|'([^']+)'|([A-Za-z0-9_\-]+))\s*[=.]")


def parse(text: str, *, where: str) -> Scenario:
    """Make a scenario of TOML text; errors name the line and the nearest right key."""
    try:
        raw = tomlkit.parse(text).unwrap()
    except TOMLKitError as error:
        raise OrganisationError(
            "the scenario cannot be read.",
            where=f"{where}: {error}",
            fix=toml_advice(text, error),
        ) from error
    place = _Place(where, text)
    made: dict[str, list[Any]] = {}
    for name, kind in _LISTS.items():
        entries = raw.pop(name, [])
        if not isinstance(entries, list):
            raise OrganisationError(
                f"'{name}' is not a list of limits.",
                where=place.at(name, 0, None),
                fix=f"write [[{name}]] in double brackets.",
            )
        made[name] = [_make(kind, e, place, (name, n)) for n, e in enumerate(entries)]
    rules = tuple(rule for name in RULES for rule in made[name])
    if "replan" in raw:
        raw["replan"] = _make(Decision, raw["replan"], place, ("replan", 0))
    known = [part.name for part in fields(Scenario) if part.name not in _HIDDEN]
    for name in raw:
        if name not in known:
            raise OrganisationError(
                f"'{name}' is not known.",
                where=place.at("", 0, name),
                fix=nearest(name, [*known, *_LISTS]),
            )
    lists = {part: tuple(made[name]) for name, part in _FIELDS.items()}
    values = raw | {"rules": rules, "source": text} | lists
    try:
        scenario: Scenario = _make(Scenario, values, place, ("", 0))
    except OrganisationError as error:
        keys = error.where.partition(" of the scenario")[0].split(" and ")
        lines = [str(n) for key in keys if (n := place.line("", 0, key))]
        if not lines or not error.what.startswith("the scenario contradicts"):
            raise
        raise OrganisationError(
            error.what, where=f"{where}, line {' and '.join(lines)}: {error.where}", fix=error.fix
        ) from None
    return scenario


class _Place:
    """Where a key stands in the text: for errors only, so a missing line is no error."""

    def __init__(self, where: str, text: str) -> None:
        self._where = where
        self._lines: dict[tuple[str, int, str | None], int] = {}
        seen: dict[str, int] = {}
        table, count = "", 0
        for number, words in enumerate(text.splitlines(), 1):
            if header := _HEADER.match(words):
                table = header.group(2).strip("\"'")
                count = seen.get(table, -1) + 1 if header.group(1) == "[[" else 0
                seen[table] = count
                self._lines.setdefault((table, count, None), number)
                if header.group(1) == "[":
                    self._lines.setdefault(("", 0, table), number)
            elif key := _KEY.match(words):
                name = next(group for group in key.groups() if group is not None)
                self._lines.setdefault((table, count, name), number)

    def line(self, table: str, count: int, key: str | None) -> int | None:
        """Number of the line, the first being 1; None when it is not found."""
        return self._lines.get((table, count, key))

    def at(self, table: str, count: int, key: str | None) -> str:
        """File, line and table, in words."""
        line = self.line(table, count, key) or self.line(table, count, None)
        said = f", line {line}" if line else ""
        return f"{self._where}{said}" + (f", [[{table}]]" if table else "")


def _make(kind: type, entry: Any, place: _Place, table: tuple[str, int]) -> Any:
    """Build one dataclass from a TOML table; unknown, missing or mistyped keys are refused."""
    known = {part.name: part for part in fields(kind)}
    if not isinstance(entry, dict):
        raise OrganisationError(
            "a limit is not a table.", where=place.at(*table, None), fix="write key = value lines."
        )
    for name, value in entry.items():
        if name not in known:
            raise OrganisationError(
                f"'{name}' is not known.", where=place.at(*table, name), fix=nearest(name, known)
            )
        kind_of = str(known[name].type)
        wanted = _KINDS[kind_of]
        shares = (
            value.values() if kind_of == "Mapping[str, float]" and isinstance(value, dict) else ()
        )
        odd = [share for share in shares if not _is_number(share)]
        if not isinstance(value, wanted) or isinstance(value, bool) or odd:
            raise OrganisationError(
                f"'{name}' is {odd[0] if odd else value!r}, which is not {_IN_WORDS[wanted[-1]]}.",
                where=place.at(*table, name),
                fix='write numbers without quotes or per cent signs: 0.05, not "5%".',
            )
    for name, part in known.items():
        if name not in entry and part.default is MISSING and part.default_factory is MISSING:
            raise OrganisationError(
                f"'{name}' is missing.", where=place.at(*table, None), fix=f"add {name} = ..."
            )
    listed = {name: tuple(v) if isinstance(v, list) else v for name, v in entry.items()}
    return kind(**listed)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def compose(scenario: Scenario) -> str:
    """The text of a scenario; lines of its source that still hold stay as they were."""
    if not scenario.source:
        return _afresh(scenario)
    before = Scenario.from_text(scenario.source)
    if before == scenario:
        return scenario.source
    document = tomlkit.parse(scenario.source)
    for part in fields(Scenario):
        old, new = getattr(before, part.name), getattr(scenario, part.name)
        if part.name in ("headcount", *_HIDDEN) or old == new:
            continue
        if new is None or (isinstance(new, Mapping) and not new):
            document.pop(part.name, None)
        elif part.name in document and not isinstance(new, Mapping | Decision):
            document[part.name] = new
        else:
            document.pop(part.name, None)
            _put(document, part.name, new)
    for name, kind in _LISTS.items():
        _keep_entries(document, name, _of(before, kind), _of(scenario, kind))
    text = tomlkit.dumps(document)
    # a document that the library cannot mend without changing its sense is written afresh
    return text if Scenario.from_text(text) == scenario else _afresh(scenario)


def _of(scenario: Scenario, kind: type) -> list[Any]:
    entries = (*scenario.rules, *scenario.headcount, *scenario.corridors)
    return [entry for entry in entries if type(entry) is kind]


def _put(document: Any, name: str, value: Any) -> None:
    """Add a key that was not there: plain ones above the tables, tables below."""
    if is_dataclass(value) or isinstance(value, Mapping):
        document.append(name, _entry(value))
        return
    rest = [(key, document.pop(key)) for key in list(document) if _is_table(document[key])]
    document.append(name, value)
    for key, table in rest:
        document.append(key, table)


def _is_table(item: Any) -> bool:
    return isinstance(item, tomlkit.items.Table | tomlkit.items.AoT)


def _keep_entries(document: Any, name: str, old: list[Any], new: list[Any]) -> None:
    """Make the list `name` hold `new`: entries that stay keep their comments."""
    if old == new:
        return
    array = document.get(name)
    stay: list[Any] = []
    for at in reversed(range(len(old))):
        if old[at] in new:
            stay.insert(0, old[at])
        else:
            del array[at]
    if array is not None and not len(array):
        document.pop(name)
        array = None
    if array is None and new:
        array = tomlkit.aot()
        document.append(name, array)
        array = document[name]
    for entry in new[len(stay) :] if new[: len(stay)] == stay else []:
        array.append(_entry(entry))


def _afresh(scenario: Scenario) -> str:
    document = tomlkit.document()
    document.add(tomlkit.comment("All assumptions of one plan. Amounts are in the measure's unit."))
    empty = Scenario()
    last: list[tuple[str, Any]] = []
    for part in fields(Scenario):
        value = getattr(scenario, part.name)
        if part.name in ("headcount", *_HIDDEN) or value is None:
            continue
        if part.name in _LATE and value == getattr(empty, part.name):
            continue
        if isinstance(value, Mapping | Decision):
            last.append((part.name, _entry(value)))
        else:
            document.append(part.name, value)
    for name, table in last:
        document.append(name, table)
    for name, kind in _LISTS.items():
        entries = _of(scenario, kind)
        if entries:
            array = tomlkit.aot()
            for entry in entries:
                array.append(_entry(entry))
            document.append(name, array)
    return tomlkit.dumps(document)


def _entry(value: Any) -> Any:
    """A table of a mapping, or of a dataclass without what says nothing."""
    table = tomlkit.table()
    if isinstance(value, Mapping):
        for key, one in value.items():
            table[key] = one
        return table
    for part in fields(value):
        one = getattr(value, part.name)
        if one is None or one in ("", float("inf"), float("-inf"), ()):
            continue
        if isinstance(one, Mapping):
            one = _inline(one)
        elif isinstance(one, tuple):
            array = tomlkit.array()
            for each in one:
                array.append(_inline(each))
            one = array
        table[part.name] = one
    return table


def _inline(value: Mapping[str, Any]) -> Any:
    table = tomlkit.inline_table()
    table.update(dict(value))
    return table
