"""`Organisation` to TOML: comments of a file that is there are kept."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from salesforecast.history.databases import is_database
from salesforecast.history.declared import LISTS, TABLES, Declared
from salesforecast.history.organisation import PARTS, PERIOD_NAMES, Organisation

_HEAD = """\
# How salesforecast reads the tables of this organisation. Correct whatever is wrong here.
# Texts stand in "quotes", lists in [brackets]; what follows a # is a remark.
"""
_REMARKS = {
    "levels": "levels of places, from the top down",
    "column": "where this measure stands in the tables",
    "minus": "what is taken off it, such as the column of cost",
    "unit": "such as USD, CNY, pieces; what people read beside amounts",
    "display": "what people read on screens",
    "divisor": "how many units one of them is",
    "year_starts": "month in which the fiscal year starts",
    "year_named": "called after the calendar year of its start or end",
    "months": "weeks of a quarter's three months; calendar months without it",
    "year_ends": "last day of a year of weeks",
    "month_starts": "day on which a business month opens",
    "period": "the finest period that is planned: month, quarter or year",
    "path": "a file, a folder, or a pattern such as orders-*.csv",
    "territory": "one column a level, top first; or the key of [territories]",
    "person": "who sold it",
    "product": "product or category",
    "line": "together unique, so that no sale counts twice",
    "currency": "what an amount is in; [rates] turns it into the unit",
    "shift_days": "a line belongs to the period of its date plus this",
    "multiplier": "amounts in the table times this are in the unit above",
    "day_first": "whether 03/04 is 3 April",
    "date_format": "how dates are written",
    "decimal": "decimal mark of numbers",
    "leave_out": "rows of these are totals of others: not read",
    "month_columns": "the table has a column a month, week or quarter: 2025-01, Jan-25, 2025-W05, 2025Q1",
}


def write(organisation: Organisation, path: Path) -> None:
    """Write an organisation file, into the one that is there if there is one."""
    import tomlkit

    content = plain(_moved(organisation, path.parent))
    if path.exists():
        document = tomlkit.parse(path.read_text(encoding="utf-8-sig"))
        _update(document, content)
        text = tomlkit.dumps(document)
    else:
        text = _HEAD + "\n" + tomlkit.dumps(_fresh(content))
    path.write_text(text, encoding="utf-8", newline="\n")


def _moved(organisation: Organisation, folder: Path) -> Organisation:
    """The organisation with its paths as seen from another folder."""
    if folder.resolve() == organisation.folder.resolve():
        return organisation

    def path_from(part: Any) -> Any:
        return replace(part, path=_relative(organisation.folder / part.path, folder))

    parts = ("territories", "people", "assignments", "quota", "rates")
    calendar = organisation.calendar
    if calendar.path:
        calendar = path_from(calendar)
    there = {name: getattr(organisation, name) for name in parts}
    told = organisation.declared
    own = {"overrides": told.overrides, "own_days": told.work.own_days}
    own = {key: _relative(organisation.folder / one, folder) for key, one in own.items() if one}
    declared = replace(
        told,
        overrides=own.get("overrides", ""),
        work=replace(told.work, own_days=own.get("own_days", "")),
        drivers=told.drivers and path_from(told.drivers),
        pipeline=told.pipeline and path_from(told.pipeline),
    )
    return replace(
        organisation,
        folder=folder,
        calendar=calendar,
        declared=declared,
        sources=tuple(path_from(source) for source in organisation.sources),
        products=tuple(path_from(step) for step in organisation.products),
        **{name: path_from(part) for name, part in there.items() if part},
    )


def _relative(path: Path, folder: Path) -> str:
    if is_database(path):
        return path.name
    try:
        return os.path.relpath(path.resolve(), folder.resolve()).replace(os.sep, "/")
    except ValueError:  # another drive
        return str(path.resolve())


def plain(organisation: Organisation) -> dict[str, Any]:
    """The organisation as TOML says it, without what is as by default."""
    content: dict[str, Any] = {
        "name": organisation.name,
        "levels": list(organisation.levels),
    }
    if organisation.declared.overrides:
        content["overrides"] = organisation.declared.overrides
    names = {freq: name for name, freq in PERIOD_NAMES.items()}
    calendar = {"year_starts": 1} | _table(organisation.calendar)
    calendar.pop("firsts", None)  # they are read from `path`
    calendar["period"] = names[organisation.freq]
    parts = {key: _table(getattr(organisation, key)) for key in PARTS if getattr(organisation, key)}
    measure = {"name": organisation.measure.name, "unit": organisation.measure.unit}
    measures: Any = measure | parts.pop("measure", {})
    if organisation.further:
        measures = [measures, *({"name": m.name} | _table(m) for m in organisation.further)]
    content |= {"measure": measures, "calendar": calendar}
    content["source"] = [_table(source) for source in organisation.sources]
    if organisation.products:
        content["products"] = [_table(step) for step in organisation.products]
    content["calendar"] |= _table(organisation.declared.work)
    parts |= _declared(organisation.declared)
    return content | {key: part for key, part in parts.items() if part}


def _declared(declared: Declared) -> dict[str, Any]:
    """What moves sales besides time, by the names of its sections."""
    tables = {key: _table(part) for key in TABLES if (part := getattr(declared, key))}
    return tables | {
        key: [_table(one) for one in getattr(declared, name)] for key, (name, _) in LISTS.items()
    }


def _table(part: Any) -> dict[str, Any]:
    """Fields of a dataclass that differ from their default, nested ones last."""
    out: dict[str, Any] = {}
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        if value == field.default or value == {}:
            continue
        if dataclasses.is_dataclass(value):
            value = _table(value)
        elif isinstance(value, tuple):
            value = list(value) if len(value) != 1 or field.name == "territory" else value[0]
        out[field.name] = value
    return dict(sorted(out.items(), key=lambda item: isinstance(item[1], dict)))


def _fresh(content: dict[str, Any]) -> Any:
    """A new document with a remark beside the first key of each name that needs one."""
    import tomlkit

    document = tomlkit.document()
    remarks = dict(_REMARKS)
    for key, value in content.items():
        _add(document, key, value, remarks)
    return document


def _add(table: Any, key: str, value: Any, remarks: dict[str, str]) -> None:
    item = _item(value, remarks)
    if key in remarks and not isinstance(value, dict):
        item.comment(remarks.pop(key))
    table.add(key, item)


def _item(value: Any, remarks: dict[str, str]) -> Any:
    import tomlkit

    if isinstance(value, dict):
        table = tomlkit.table()
        for key, inner in value.items():
            _add(table, key, inner, remarks)
        return table
    if isinstance(value, list) and value and isinstance(value[0], dict):
        tables = tomlkit.aot()
        for inner in value:
            tables.append(_item(inner, remarks))
        return tables
    return tomlkit.item(value)


def _update(there: Any, wanted: dict[str, Any]) -> None:
    """Make a parsed table say what is wanted; what already says it stays as it is."""
    for key in [key for key in there if key not in wanted]:
        if not _is_default(there[key]):
            del there[key]
    for key, value in wanted.items():
        if key not in there:
            there.add(key, _item(value, {}))
        elif isinstance(value, list) and isinstance(_said(there[key]), dict):
            there[key] = _item(value, {})  # one table becomes several
        elif isinstance(value, dict):
            _update(there[key], value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            _update_tables(there, key, value)
        elif _said(there[key]) != _said(value):
            there[key] = value


def _update_tables(there: Any, key: str, wanted: list[dict[str, Any]]) -> None:
    tables = there[key]
    while len(tables) > len(wanted):
        del tables[-1]
    for at, value in enumerate(wanted):
        if at < len(tables):
            _update(tables[at], value)
        else:
            tables.append(_item(value, {}))


def _said(value: Any) -> Any:
    """A value without its TOML dress; a text and a list of one text say the same."""
    bare = value.unwrap() if hasattr(value, "unwrap") else value
    return bare[0] if isinstance(bare, list) and len(bare) == 1 else bare


def _is_default(value: Any) -> bool:
    """Whether a key that is not wanted may stay: it only spells out a default."""
    if isinstance(value, dict):
        return all(_is_default(inner) for inner in value.values())
    return _said(value) in ("", False, 0, 1, 1.0, "(online)", "(manager)", "(open)")
