"""The lists of an input template read back: limits, people who start or leave, capacities."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pandas as pd

from salesforecast.errors import DataError
from salesforecast.exchange.amounts import Amounts, read_amounts
from salesforecast.exchange.notes import Note
from salesforecast.exchange.reader import Reader
from salesforecast.exchange.stamp import Held
from salesforecast.exchange.tables import Sheet, is_a_head
from salesforecast.exchange.words import kind_of, per_of
from salesforecast.history.dates import parse_dates
from salesforecast.planning.decision import Headcount
from salesforecast.rules import Capacity

_ALIKE = 1e-9
Group = dict[tuple[str, str], list[int]]


def read_limits(sheet: Sheet, reader: Reader, *, multiplier: float, unit: str) -> None:
    """Floors, ceilings and locks, a row each; an emptied amount releases."""
    amounts = read_amounts(sheet, ("amount",), multiplier=multiplier, unit=unit)
    first: dict[tuple[str, str], int] = {}
    for row in sheet.rows:
        word = sheet.text(row, "limit")
        filled = sheet.value(row, "amount") not in ("", None)
        node = _node(sheet, reader, row, filled=filled or bool(word))
        if not node:
            continue
        kind = kind_of(word)
        if not kind:
            reader.refuse(sheet.note("", row, "limit", node), reader.say("no_kind", text=word))
            continue
        at = sheet.note("", row, "amount", node)
        if why := amounts.refused.get((row, "amount")):
            reader.refuse(at, why)
            continue
        if (node, kind) in first:
            _second(sheet, reader, amounts, row, first[node, kind], node, kind)
            continue
        first[node, kind] = row
        _limit(sheet, reader, amounts, row, node, kind, multiplier, unit)


def _limit(
    sheet: Sheet, reader: Reader, amounts: Amounts, row: int, node: str, kind: str,
    multiplier: float, unit: str,
) -> None:  # fmt: skip
    at = sheet.note("", row, "amount", node)
    known = reader.base.limits.get((node, kind))
    amount = amounts.read[row, "amount"]
    if amount.value is None:
        if known and reader.stamped:
            reader.wish(node, kind, None, at)
        return
    owner = sheet.text(row, "owner") or (known.owner if known else reader.owner)
    reason = (
        sheet.text(row, "reason") if "reason" in sheet.columns else known.reason if known else ""
    )
    if known and abs(amount.value - known.amount) <= reader.close(multiplier):
        same = (owner, reason) == tuple(" ".join(t.split()) for t in (known.owner, known.reason))
        if not same:
            reader.wish(node, kind, Held(known.amount, owner, reason), at)
        return
    value = reader.taken(node, kind, amount, at, text=sheet.text(row, "amount"), unit=unit)
    if value is not None:
        reader.wish(node, kind, Held(value, owner, reason), at)


def _second(
    sheet: Sheet, reader: Reader, amounts: Amounts, row: int, before: int, node: str, kind: str
) -> None:
    """A second row of a limit: left alone if it says the same, else none of them is taken."""
    old, new = (amounts.read[at, "amount"].value for at in (before, row))
    if old == new:
        return
    out = reader.out
    out.wishes[:] = [wish for wish in out.wishes if (wish.node, wish.kind) != (node, kind)]
    words = reader.say("twice", label=reader.label(node), rows=f"{before + 1}, {row + 1}")
    reader.refuse(sheet.note("", row, "amount", node), words)


def _node(sheet: Sheet, reader: Reader, row: int, *, filled: bool) -> str:
    """The unit of a row; where there is none, that is said."""
    (name, above), path = sheet.named(row), sheet.text(row, "path")
    if is_a_head(name) or not (filled or name):
        return ""
    if not name and not path:
        reader.refuse(sheet.note("", row, "unit"), reader.say("no_name"))
        return ""
    node, why = reader.places.find(name, path, sheet.text(row, "level"), above)
    if not node and filled:
        reader.refuse(sheet.note("", row, "unit"), why)
    elif not node:
        reader.out.notes.append(sheet.note(reader.say("left_out", text=name), row, "unit"))
    return node


def read_people(sheet: Sheet, reader: Reader, *, multiplier: float, unit: str) -> list[Headcount]:
    """Groups of people, one a unit and kind of work; a group with a cell in doubt is not taken."""
    numbers = read_amounts(sheet, ("count", "ramp", "does"), multiplier=1.0, unit="", scaled=False)
    money = read_amounts(sheet, ("brings",), multiplier=multiplier, unit=unit)
    starts = _starts(sheet)
    made = []
    for (node, work), rows in _groups(sheet, reader, ("start", "count", "does")).items():
        refused = [_doubts(sheet, reader, row, node, numbers, money, starts) for row in rows]
        if any(refused):
            continue
        head = _headcount(sheet, reader, node, work, rows, numbers, money, starts)
        if head:
            made.append(head)
    return made


def _groups(sheet: Sheet, reader: Reader, fields: tuple[str, ...]) -> Group:
    groups: Group = {}
    for row in sheet.rows:
        filled = any(sheet.value(row, name) not in ("", None) for name in fields)
        node = _node(sheet, reader, row, filled=filled)
        if node and filled:
            groups.setdefault((node, sheet.text(row, "work")), []).append(row)
    return groups


def _doubts(
    sheet: Sheet, reader: Reader, row: int, node: str, numbers: Amounts, money: Amounts,
    starts: dict[int, pd.Timestamp | Note],
) -> bool:  # fmt: skip
    """Refuse the cells of a row that cannot be read; whether there were any."""
    found = False
    for name in ("count", "ramp", "does", "brings"):
        why = numbers.refused.get((row, name)) or money.refused.get((row, name))
        if why:
            reader.refuse(sheet.note("", row, name, node), why)
            found = True
    start = starts.get(row)
    if isinstance(start, Note):
        reader.refuse(start, start.words)
        found = True
    read = numbers.read.get((row, "count"))
    if not _per(sheet, row):
        words = reader.say("no_per", text=sheet.text(row, "per"))
        reader.refuse(sheet.note("", row, "per", node), words)
        found = True
    for name, missing in (
        ("start", start is None),
        ("work", not sheet.text(row, "work")),
        ("count", read is not None and read.value is not None and read.value % 1 != 0),
    ):
        if missing:
            key = "no_number" if name == "count" else "missing_cell"
            column = sheet.names.get(name, reader.head(name))
            words = reader.say(key, column=column, text=sheet.text(row, name))
            reader.refuse(sheet.note("", row, name, node), words)
            found = True
    return found


def _headcount(
    sheet: Sheet, reader: Reader, node: str, work: str, rows: list[int], numbers: Amounts,
    money: Amounts, starts: dict[int, pd.Timestamp | Note],
) -> Headcount | None:  # fmt: skip
    each = _one(sheet, reader, node, rows, "does", lambda r: _number(numbers, r, "does"))
    brings = _one(sheet, reader, node, rows, "brings", lambda r: _number(money, r, "brings"))
    pers = {_per(sheet, row) for row in rows}
    if not each or not brings:
        return None
    if len(pers) > 1:
        words = reader.say("differs", column=sheet.names["per"], label=reader.label(node))
        reader.refuse(sheet.note("", rows[0], "per", node), words)
        return None
    people = []
    for row in rows:
        count, ramp = _number(numbers, row, "count"), _number(numbers, row, "ramp")
        start = starts[row]
        assert isinstance(start, pd.Timestamp)
        if start.day > 1:  # a day, not the name of a month
            start = reader.plan.calendar.start_of(start, "M")
        entry: dict[str, object] = {
            "start": f"{start:%Y-%m}",
            "count": 1 if count is None else int(count),
        }
        people.append(entry | ({"ramp": int(ramp)} if ramp else {}))
    old = next(
        (h for h in reader.plan.scenario.headcount if (h.node, h.unit) == (node, work)), None
    )
    uses = _uses(dict(old.uses) if old else {}, {node: 1.0 / brings})
    owner, reason = _words(sheet, reader, rows)
    does = {"per_day" if pers == {"day"} else "per_month": each}
    return Headcount(node, work, uses, people=tuple(people), owner=owner, reason=reason, **does)


def _per(sheet: Sheet, row: int) -> str:
    """Whether a person's work is said for a month or a working day; a month where nothing is said."""
    text = sheet.text(row, "per")
    return per_of(text) if text else "month"


def _words(sheet: Sheet, reader: Reader, rows: list[int]) -> tuple[str, str]:
    owner = next((text for row in rows if (text := sheet.text(row, "owner"))), reader.owner)
    return owner, next((text for row in rows if (text := sheet.text(row, "reason"))), "")


def _uses(old: dict[str, float], new: dict[str, float]) -> dict[str, float]:
    """The new uses, or the old ones where they are the same to a rounding."""
    same = set(old) == set(new) and all(abs(old[n] / new[n] - 1) < _ALIKE for n in new)
    return old if same else new


def _number(amounts: Amounts, row: int, name: str) -> float | None:
    found = amounts.read.get((row, name))
    return found.value if found else None


def _one(
    sheet: Sheet, reader: Reader, node: str, rows: list[int], name: str,
    value: Callable[[int], float | None],
) -> float | None:  # fmt: skip
    """The one value of a group; missing or differing ones are refused."""
    said = {v for row in rows if (v := value(row)) is not None}
    if len(said) == 1 and next(iter(said)) > 0:
        return said.pop()
    column = sheet.names.get(name, reader.head(name))
    label = reader.label(node)
    key = "differs" if len(said) > 1 else "missing_cell"
    reader.refuse(sheet.note("", rows[0], name, node), reader.say(key, column=column, label=label))
    return None


def read_capacities(
    sheet: Sheet, reader: Reader, *, multiplier: float, unit: str
) -> list[Capacity]:
    """Capacities, one a unit and kind of work; rows of the same one name further users."""
    numbers = read_amounts(sheet, ("amount",), multiplier=1.0, unit="", scaled=False)
    money = read_amounts(sheet, ("brings",), multiplier=multiplier, unit=unit)
    made = []
    for (node, work), rows in _groups(sheet, reader, ("amount", "brings", "used_by")).items():
        amount = None
        uses: dict[str, float] = {}
        bad = False
        for row in rows:
            for name, found in (("amount", numbers), ("brings", money)):
                if why := found.refused.get((row, name)):
                    reader.refuse(sheet.note("", row, name, node), why)
                    bad = True
            user, why = node, ""
            if text := sheet.text(row, "used_by"):
                user, why = reader.places.find(text)
            brings = _number(money, row, "brings")
            if why or not brings or brings <= 0:
                column = sheet.names.get("brings", reader.head("brings"))
                words = why or reader.say("missing_cell", column=column)
                reader.refuse(sheet.note("", row, "used_by" if why else "brings", node), words)
                bad = True
            else:
                uses[user] = 1.0 / brings
        amount = _one(sheet, reader, node, rows, "amount", lambda r: _number(numbers, r, "amount"))
        if bad or amount is None or not work:
            continue
        old = [r for r in reader.plan.scenario.rules if isinstance(r, Capacity)]
        known = next((r for r in old if (r.node, r.unit) == (node, work)), None)
        owner, reason = _words(sheet, reader, rows)
        made.append(
            Capacity(
                node, amount, work, _uses(dict(known.uses) if known else {}, uses), owner, reason
            )
        )
    return made


def _starts(sheet: Sheet) -> dict[int, pd.Timestamp | Note]:
    """The month that each row begins in, or why it cannot be read; rows without one are left out."""
    out: dict[int, pd.Timestamp | Note] = {}
    for row in sheet.rows:
        value = sheet.value(row, "start")
        if value in ("", None) or is_a_head(sheet.text(row, "unit")):
            continue
        out[row] = _start(sheet, row, value)
    return out


def _start(sheet: Sheet, row: int, value: Any) -> pd.Timestamp | Note:
    at = sheet.note("", row, "start")
    if isinstance(value, bool):
        return sheet.note(sheet.say("no_date", text=value), row, "start")
    if isinstance(value, int | float) and 10_000 < value < 100_000 and float(value).is_integer():
        value = value + sheet.page.shift  # a day's serial number, of 1900 or of 1904
    given = pd.Series(
        [value if isinstance(value, date | int | float) else str(value)], dtype="object"
    )
    try:
        parsed = parse_dates(given, cell=lambda _: at.cell)
    except DataError:
        return sheet.note(sheet.say("date_ambiguous", text=value), row, "start")
    if parsed.bad or isinstance(value, timedelta):
        return sheet.note(sheet.say("no_date", text=value), row, "start")
    return pd.Timestamp(parsed.values.iloc[0])
