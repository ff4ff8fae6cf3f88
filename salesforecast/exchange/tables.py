"""Find the table on a page: which column holds what, in which unit, in which rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from salesforecast.errors import DataError
from salesforecast.exchange.notes import Note
from salesforecast.exchange.pages import Page
from salesforecast.exchange.words import HEADS, field_of, plain, say
from salesforecast.history.headers import ZONE, find_header
from salesforecast.history.units import Unit, unit_of

_INPUTS = {"floor", "ceiling", "target", "lock"}
_KINDS: Mapping[str, tuple[set[str], set[str]]] = {  # all of the first, one of the second
    "limits": ({"unit", "limit", "amount"}, {"amount"}),
    "people": ({"unit", "work"}, {"start", "count", "does"}),
    "capacities": ({"unit", "work", "amount"}, {"brings", "used_by"}),
}


@dataclass(frozen=True)
class Sheet:
    """A page whose columns are known.

    Parameters
    ----------
    page
        Where it stands.
    kind
        `targets`, `limits`, `people` or `capacities`.
    head
        Row of the columns' names, from 0.
    columns
        Field to its column, from 0.
    names
        Field to what its column is called here.
    unit
        What amounts are counted in, where the sheet says so.
    titles
        Text above the columns' names.
    language
        Of messages.
    levels
        The columns that name a unit, left to right: one, or one a level of places.
    """

    page: Page
    kind: str
    head: int
    columns: Mapping[str, int]
    names: Mapping[str, str]
    unit: Unit
    titles: str
    language: str
    levels: tuple[int, ...] = ()

    def named(self, row: int) -> tuple[str, tuple[str, ...]]:
        """What a row calls its unit, and the places above it where there is a column a level."""
        said = [" ".join(str(self.page.value(row, column)).split()) for column in self.levels]
        filled = [text for text in said if text]
        return (filled[-1], tuple(filled[:-1])) if filled else ("", ())

    @property
    def rows(self) -> Iterator[int]:
        """Rows below the names that hold anything, from 0."""
        for row in range(self.head + 1, len(self.page.grid)):
            if any(value not in ("", None) for value in self.page.grid[row]):
                yield row

    def value(self, row: int, field: str) -> Any:
        """What stands in a field of a row; `""` where there is no such column."""
        return self.page.value(row, self.columns[field]) if field in self.columns else ""

    def text(self, row: int, field: str) -> str:
        """The same as text of one line; whole numbers without a point."""
        value = self.value(row, field)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return "" if value is None else " ".join(str(value).split())

    def place(self, row: int, field: str) -> tuple[int, int]:
        """Row and column of a field."""
        return row, self.columns[field]

    def note(self, words: str, row: int, field: str = "", unit: str = "") -> Note:
        """A note about a cell, or about a row."""
        column = self.columns.get(field, self.columns.get("unit", 0))
        name = self.names.get(field, "") if field else ""
        cell = f"{letters(column)}{row + 1}"
        return Note(words, self.page.name, cell, row + 1, name, unit, self.language)

    def say(self, key: str, **parts: object) -> str:
        """The words for `key`."""
        return say(self.language, key, **parts)


def letters(column: int) -> str:
    """A column as Excel names it: 0 is `A`, 26 is `AA`."""
    out, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        out = chr(65 + rest) + out
    return out


def find_table(page: Page, language: str) -> tuple[Sheet | None, list[Note]]:
    """The table on a page and what is not plain about it; None where no known columns stand."""
    zone = page.grid[:ZONE]
    known = {_line(value) for row in zone for value in row if field_of(value)}
    best = max((_fields_in(row) for row in zone), key=len, default=set())
    if not _kind(best):
        return None, []
    width = max(len(row) for row in zone)
    padded = [[*row, *[""] * (width - len(row))] for row in zone]
    try:
        found = find_header(padded, sorted(known), page.name or "", page.merged)
        names, last = found.names, found.last
    except DataError:  # figures among the names; the row with most known names is the one
        counts = [len(_fields_in(row)) for row in zone]
        last = counts.index(max(counts))
        names = [_line(value) for value in zone[last]]
    notes: list[Note] = []
    columns: dict[str, int] = {}
    twice: dict[str, list[str]] = {}
    levels: list[int] = []
    for at, name in enumerate(names):
        field = _field_of_name(name)
        if field == "unit":
            levels.append(at)
        if not field:
            continue
        if field in columns and field != "unit":
            twice.setdefault(field, [letters(columns[field])]).append(letters(at))
        else:
            columns[field] = at
    for field, places in twice.items():
        said = say(language, "two_columns", columns=", ".join(places), column=names[columns[field]])
        notes.append(Note(said, page.name, f"{places[0]}{last + 1}", last + 1, "", "", language))
        del columns[field]
    kind = _kind(set(columns))
    if not kind:
        return None, notes
    titles = " ".join(
        _line(value) for row in zone[:last] for value in row if value not in ("", None)
    )
    heads = {field: names[at] for field, at in columns.items()}
    unit = next(
        (u for f in ("target", "amount", "floor") if (u := unit_of(heads.get(f, ""))).name), None
    )
    sheet = Sheet(
        page,
        kind,
        last,
        columns,
        heads,
        unit or unit_of("", titles),
        titles,
        language,
        tuple(levels),
    )
    return sheet, notes


def _line(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())


def _field_of_name(name: str) -> str:
    """The field of a joined name: the whole of it, without a number, or its last words."""
    bare = name.rsplit(" (", 1)[0]
    return field_of(name) or field_of(bare) or field_of(bare.rsplit(" ", 1)[-1])


def _fields_in(row: list[Any]) -> set[str]:
    return {field for value in row if (field := field_of(value))}


def _kind(fields: set[str]) -> str:
    """What the columns hold, empty when they are not those of one of our sheets."""
    for kind, (every, one) in _KINDS.items():
        if every <= fields and one & fields:
            return kind
    named = fields & {"unit", "path"}
    return "targets" if named and fields & _INPUTS and "gap" not in fields else ""


def in_order(sheet: Sheet, fields: tuple[str, ...]) -> bool:
    """Whether the columns stand as they were written."""
    places = [sheet.columns[field] for field in fields if field in sheet.columns]
    return places == sorted(places)


def above(sheet: Sheet, accepts: Callable[[str], bool]) -> tuple[int, int] | None:
    """The first filled cell to the right of a label above the table; None where there is none."""
    for row in range(sheet.head):
        line = sheet.page.grid[row]
        for at, value in enumerate(line):
            if isinstance(value, str) and accepts(plain(value)):
                right = [c for c in range(at + 1, len(line)) if line[c] != value]
                filled = [
                    c for c in right if line[c] not in ("", None) or (row, c) in sheet.page.formulas
                ]
                return (row, filled[0]) if filled else None
    return None


def is_a_head(text: str) -> bool:
    """Whether a cell holds the name of a column, as a repeated row of names does."""
    return plain(text) in {plain(HEADS[lang]["unit"]) for lang in HEADS}
