"""What is asked for each kind of what-if change, and how what was typed becomes a change."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesforecast.errors import ParameterError
from salesforecast.hierarchy import ROOT, SEPARATOR, Hierarchy
from salesforecast.history.numbers import parse_numbers
from salesforecast.planning.basis import child_of
from salesforecast.planning.changes import Change
from salesforecast.planning.what_if import make
from salesforecast.reporting.report import is_house
from salesforecast.widgets.question import read_amount, read_share
from salesforecast.widgets.what_if_words import say
from salesforecast.widgets.words import CRITERIA

Typed = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class Ask:
    """One field of a form.

    Parameters
    ----------
    name
        Of the field; its words are the catalogue's.
    kind
        What is given: `unit`, `units`, `team` (a unit with people right below it), `person`,
        `product`, `month`, `share` (a percentage), `amount` (in the screen's unit), `number`,
        `count`, `text` or `choice`.
    default
        What stands in the field at first.
    needed
        Any text: it may not stay empty.
    choices
        Of a `choice`.
    """

    name: str
    kind: str
    default: str = ""
    needed: str = ""
    choices: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Key of its name in the catalogue."""
        return (
            f"field_{self.name}_month"
            if (self.name, self.kind) == ("new", "month")
            else f"field_{self.name}"
        )


_NEEDED = "needed"
_UNIT, _PRODUCT = Ask("node", "unit"), Ask("product", "product")
_FIRST, _LAST = Ask("first", "month"), Ask("last", "month")
_LABEL = Ask("label", "text", needed=_NEEDED)
SETTINGS = ("total", "chance", "stretch", "criterion", "step", "seed")

FORMS: Mapping[str, tuple[Ask, ...]] = {
    "shock": (_UNIT, Ask("factor", "share", "-10", _NEEDED), _PRODUCT, _FIRST, _LAST),
    "leave": (Ask("leaf", "person"), Ask("start", "month"), Ask("kept", "share", "60", _NEEDED)),
    "hire": (
        Ask("node", "team"),
        Ask("count", "count", "1", _NEEDED),
        Ask("start", "month"),
        Ask("ramp", "count", "3", _NEEDED),
        Ask("productivity", "share", "100", _NEEDED),
        Ask("new", "share", "50", _NEEDED),
    ),
    "assume": (
        Ask("setting", "choice", choices=SETTINGS),
        Ask("value", "text", needed=_NEEDED),
    ),
    "limit": (
        Ask("kind", "choice", choices=("floor", "ceiling", "lock")),
        _UNIT,
        Ask("amount", "amount"),
        Ask("reason", "text"),
    ),
    "price": (
        _UNIT,
        Ask("change", "share", "+5", _NEEDED),
        Ask("elasticity", "number", "-1.5", _NEEDED),
        _PRODUCT,
        _FIRST,
        _LAST,
        Ask("measure", "choice", choices=("money", "quantity")),
    ),
    "promotion": (
        _UNIT,
        _PRODUCT,
        Ask("uplift", "share", "30", _NEEDED),
        Ask("old", "month", needed=_NEEDED),
        Ask("new", "month", needed=_NEEDED),
    ),
    "slip": (
        Ask("product", "product", needed=_NEEDED),
        Ask("months", "count", "1", _NEEDED),
        _UNIT,
    ),
    "cap": (
        Ask("amount", "number", needed=_NEEDED),
        Ask("unit", "text", needed=_NEEDED),
        _UNIT,
        Ask("use", "number", "1", _NEEDED),
    ),
    "merge": (Ask("nodes", "units", needed=_NEEDED), _LABEL),
    "split": (_UNIT, Ask("parts", "text", needed=_NEEDED)),
    "rename": (_UNIT, _LABEL),
    "new_region": (
        Ask("above", "unit"),
        _LABEL,
        Ask("like", "units", needed=_NEEDED),
        Ask("size", "share", "100", _NEEDED),
        Ask("wider", "number", "2", _NEEDED),
        Ask("floor", "amount"),
    ),
}


@dataclass(frozen=True)
class Choices:
    """What the fields of a form can be chosen from, and how amounts are typed.

    Parameters
    ----------
    hierarchy
        The units, as they are after the changes made so far.
    products, months
        Those of the forecast, months as `2013-09`.
    divisor
        What typed amounts are counted in.
    language
        Of the refusals.
    called
        What people call a label in that language.
    """

    hierarchy: Hierarchy
    products: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    divisor: int = 1
    language: str = "en"
    called: Callable[[str], str] = str

    def of(self, ask: Ask) -> list[tuple[str, str]]:
        """Words and value of what can be chosen in a field; the first is chosen at first."""
        if ask.kind in ("unit", "units", "team", "person"):
            return self._units(ask.kind)
        if ask.kind in ("product", "month"):
            known = self.products if ask.kind == "product" else self.months
            anything = [] if ask.needed else [(say(self.language, f"any_{ask.kind}"), "")]
            return anything + [(one, one) for one in known]
        return [(say(self.language, f"choice_{choice}"), choice) for choice in ask.choices]

    def _units(self, kind: str) -> list[tuple[str, str]]:
        nodes = self.hierarchy.nodes
        people = nodes["leaf"] & ~nodes["label"].map(is_house)
        shown = pd.Series(data=True, index=nodes.index)
        if kind == "person":
            shown = people
        elif kind == "team":
            shown = nodes.index.to_series().isin(set(nodes.loc[people, "parent"]))
        elif kind == "units":
            shown = nodes.index.to_series() != ROOT
        return [
            (
                "\u2003" * (0 if kind == "person" else int(row.depth)) + self._label(row, kind),
                str(node),
            )
            for node, row in zip(nodes.index[shown], nodes[shown].itertuples(), strict=True)
        ]

    def _label(self, row: Any, kind: str) -> str:
        """A person with his team: labels repeat."""
        label = self.called(str(row.label))
        if kind != "person" or row.parent == ROOT:
            return label
        return f"{label} · {str(row.parent).rpartition(SEPARATOR)[2]}"


def read_change(kind: str, typed: Typed, choices: Choices) -> Change:
    """Make a change of what stands in the fields of its form.

    Raises
    ------
    ParameterError
        If a field is empty that may not be, or holds something that cannot be read; in the
        language of `choices`.
    """
    read: dict[str, Any] = {}
    for ask in FORMS[kind]:
        given = typed.get(ask.name, "")
        if not given and ask.needed:
            name = say(choices.language, ask.words)
            raise _refused(choices, "field_empty", field=name)
        value = _value(ask, given, choices)
        if value not in (None, "", ()):
            read[ask.name] = value
    entry = _ENTRIES[kind](read, choices) if kind in _ENTRIES else read
    return make({"what": kind, **entry}, kind)


def _value(ask: Ask, given: str | Sequence[str], choices: Choices) -> Any:
    if not isinstance(given, str):
        return tuple(given)
    reader = _READERS.get(ask.kind)
    if reader is None:
        return given.strip()
    try:
        return reader(given, choices)
    except ValueError:
        name = say(choices.language, ask.words)
        raise _refused(choices, "field_unread", field=name, text=given) from None


def _number(text: str, _: object = None) -> float | None:
    plain = unicodedata.normalize("NFKC", text).replace("−", "-").strip()
    if not plain:
        return None
    read = parse_numbers(pd.Series([plain]), cell=lambda _: "", decimal=".")
    if read.bad or "%" in plain:
        raise ValueError(text)
    value = float(read.values.iloc[0])
    return int(value) if value == int(value) else value


def _count(text: str, _: object = None) -> int | None:
    value = _number(text)
    if value is not None and value != int(value):
        raise ValueError(text)
    return None if value is None else int(value)


def _amount(text: str, choices: Choices) -> int | None:
    amount = read_amount(text, divisor=choices.divisor)
    return None if amount is None else int(amount)


_READERS: Mapping[str, Callable[[str, Choices], Any]] = {
    "number": _number,
    "count": _count,
    "amount": _amount,
    "share": lambda text, _: None if (share := read_share(text)) is None else round(share, 10),
}


def _refused(choices: Choices, key: str, **parts: object) -> ParameterError:
    what, _, fix = say(choices.language, key, **parts).partition("|")
    return ParameterError(what, where="", fix=fix)


def _shock(read: dict[str, Any], _: Choices) -> dict[str, Any]:
    return {**read, "factor": round(1 + read["factor"], 10)}


def _cap(read: dict[str, Any], _: Choices) -> dict[str, Any]:
    uses = {read.pop("node", ROOT): read.pop("use")}
    return {**read, "uses": uses}


def _assume(read: dict[str, Any], choices: Choices) -> dict[str, Any]:
    name, text = read["setting"], read["value"]
    try:
        value = _setting(name, text, choices)
    except ValueError:
        raise _refused(
            choices, "field_unread", field=say(choices.language, f"choice_{name}"), text=text
        ) from None
    return {"settings": {name: value}}


def _setting(name: str, text: str, choices: Choices) -> Any:
    if name == "total":
        return _amount(text, choices)
    if name in ("chance", "stretch"):
        share = read_share(text)
        return None if share is None else round(share, 10)
    if name in ("step", "seed"):
        return _count(text)
    known = {words: key for key, said in CRITERIA.items() for words in (key, *said.values())}
    return known.get(text, text)


def _split(read: dict[str, Any], choices: Choices) -> dict[str, Any]:
    """`North: Ann, Bo; South: Cy`, with Chinese marks as well."""
    text = unicodedata.normalize("NFKC", read["parts"]).replace("、", ",").replace("；", ";")
    parts = [part.partition(":") for part in text.split(";") if part.strip()]
    if any(not (name.strip() and colon and children.strip()) for name, colon, children in parts):
        name = say(choices.language, "field_parts")
        raise _refused(choices, "field_unread", field=name, text=read["parts"])
    named = {
        name.strip(): tuple(child.strip() for child in re.split(",", children) if child.strip())
        for name, _, children in parts
    }
    return {"node": read.get("node", ROOT), "parts": named}


def _new_region(read: dict[str, Any], choices: Choices) -> dict[str, Any]:
    """The path of its one leaf, as deep as the others: levels between carry its name."""
    above, label = read.pop("above", ROOT), read.pop("label")
    nodes = choices.hierarchy.nodes
    deepest = int(nodes["depth"].max())
    path = child_of(above, label)
    for _ in range(int(nodes.loc[above, "depth"]) + 1, deepest - 1):
        path = child_of(path, label)
    if int(nodes.loc[above, "depth"]) + 1 < deepest:
        path = child_of(path, "(open)")
    return {"path": path, **read}


_ENTRIES: Mapping[str, Callable[[dict[str, Any], Choices], dict[str, Any]]] = {
    "shock": _shock,
    "cap": _cap,
    "assume": _assume,
    "split": _split,
    "new_region": _new_region,
}
