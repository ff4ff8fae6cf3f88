"""The sheet of targets read back: floors, ceilings, typed targets, locks, the company's total."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from salesforecast.exchange.amounts import Amount, Amounts, read_amounts
from salesforecast.exchange.planner_book import FIELDS
from salesforecast.exchange.reader import Reader, Wish, differing
from salesforecast.exchange.stamp import Held
from salesforecast.exchange.tables import Sheet, above, in_order, is_a_head
from salesforecast.exchange.words import NO, TOTALS, WORDS, YES, plain
from salesforecast.hierarchy import ROOT

INPUTS = ("floor", "ceiling", "target", "lock")
_KNOWN = ("baseline", "forecast", "plan")
_RATIOS = {"growth": "baseline", "stretch": "forecast"}
_ALIKE = 0.006  # a ratio shown in per cent with one decimal


@dataclass(frozen=True)
class _Context:
    """One sheet with what its cells say."""

    sheet: Sheet
    reader: Reader
    amounts: Amounts
    multiplier: float
    unit: str
    rows: Mapping[str, int]
    dropped: frozenset[tuple[str, str]]
    leaves: frozenset[str]

    def amount(self, node: str, name: str) -> Amount | None:
        """What a cell says; None where there is no such column, or the cell was refused."""
        return self.amounts.read.get((self.rows[node], name)) if node in self.rows else None


def read_targets(sheet: Sheet, reader: Reader, *, multiplier: float, unit: str) -> None:
    """Read a sheet of targets into `reader.out`; every cell is taken, refused, or as it was."""
    rows, dropped = _rows(sheet, reader)
    amounts = read_amounts(
        sheet,
        ("floor", "ceiling", "target", *_KNOWN),
        multiplier=multiplier,
        unit=unit,
        known={row: reader.known(node) for node, row in rows.items()},
    )
    leaves = frozenset(reader.plan.hierarchy.leaf_paths)
    made = _Context(sheet, reader, amounts, multiplier, unit, rows, dropped, leaves)
    sums = _sums(made)
    for node, row in rows.items():
        _refused_cells(made, node, row)
        for kind in ("floor", "ceiling"):
            _limit(made, node, row, kind)
        _target(made, node, row, sums)
        _known_cells(made, node, row)
    _total(made)
    _others(made)
    if reader.stamped and not in_order(sheet, FIELDS):
        reader.out.notes.append(sheet.note(reader.say("other_order"), sheet.head))


def _rows(sheet: Sheet, reader: Reader) -> tuple[dict[str, int], frozenset[tuple[str, str]]]:
    """Node to its row; and node with field where several rows of a unit contradict each other."""
    found: dict[str, list[int]] = {}
    for row in sheet.rows:
        (name, over), path = sheet.named(row), sheet.text(row, "path")
        if is_a_head(name):
            continue
        filled = any(
            sheet.value(row, each) not in ("", None)
            or sheet.place(row, each) in sheet.page.formulas
            for each in INPUTS
            if each in sheet.columns
        )
        if not name and not path:
            if filled:
                reader.refuse(sheet.note("", row, "unit"), reader.say("no_name"))
            continue
        node, why = reader.places.find(name, path, sheet.text(row, "level"), over)
        if node:
            found.setdefault(node, []).append(row)
        elif plain(name) in TOTALS:
            reader.out.notes.append(sheet.note(reader.say("total_left_out"), row, "unit"))
        elif filled:
            reader.refuse(sheet.note("", row, "unit"), why)
        else:
            text = name or path
            reader.out.notes.append(sheet.note(reader.say("left_out", text=text), row, "unit"))
    dropped = set()
    for node, rows in found.items():
        for name in differing(sheet, rows, INPUTS) if len(rows) > 1 else []:
            said = ", ".join(str(row + 1) for row in rows)
            words = reader.say("twice", label=reader.label(node), rows=said)
            reader.refuse(sheet.note("", rows[1], name, node), words)
            dropped.add((node, name))
    reader.out.seen.update(found)
    return {node: rows[0] for node, rows in found.items()}, frozenset(dropped)


def _refused_cells(made: _Context, node: str, row: int) -> None:
    for name in ("floor", "ceiling", "target"):
        why = made.amounts.refused.get((row, name))
        formula = (
            name in made.sheet.columns and made.sheet.place(row, name) in made.sheet.page.formulas
        )
        total = name == "target" and formula and not _is_leaf(made, node)
        if why and not total:  # a total is summed by us
            made.reader.refuse(made.sheet.note("", row, name, node), why)


def _is_leaf(made: _Context, node: str) -> bool:
    return node in made.leaves


def _texts(made: _Context, node: str, row: int) -> tuple[str, str, bool]:
    """Who set the limits of a row and why, and whether that was changed."""
    base = [made.reader.base.limits.get((node, kind)) for kind in ("lock", "floor", "ceiling")]
    first = next((held for held in base if held), None)
    known = (first.owner, first.reason) if first else ("", "")
    if not {"owner", "reason"} & set(made.sheet.columns):
        return (*known, False)
    said = tuple(
        made.sheet.text(row, name) if name in made.sheet.columns else old
        for name, old in zip(("owner", "reason"), known, strict=True)
    )
    same = [" ".join(text.split()) for text in known] == list(said)
    return (*known, False) if same else (said[0], said[1], True)


def _held(made: _Context, node: str, row: int, amount: float) -> Held:
    owner, reason, _ = _texts(made, node, row)
    return Held(amount, owner or made.reader.owner, reason)


def _limit(made: _Context, node: str, row: int, kind: str) -> None:
    """A floor or a ceiling that was set, changed, emptied, or given another reason."""
    reader, known = made.reader, made.reader.base.limits.get((node, kind))
    amount = made.amount(node, kind)
    if amount is None or (node, kind) in made.dropped:
        return
    at = made.sheet.note("", row, kind, node)
    if amount.value is None:
        if known and reader.stamped:
            reader.wish(node, kind, None, at)
        return
    if known and abs(amount.value - known.amount) <= reader.close(made.multiplier):
        owner, reason, changed = _texts(made, node, row)
        if changed:
            reader.wish(node, kind, Held(known.amount, owner, reason), at)
        return
    text = made.sheet.text(row, kind)
    value = reader.taken(node, kind, amount, at, text=text, unit=made.unit)
    if value is not None:
        reader.wish(node, kind, _held(made, node, row, value), at)


def _sums(made: _Context) -> pd.Series:
    """On node, in the measure: the positions' targets as the file has them, added up."""
    hierarchy = made.reader.plan.hierarchy
    close = made.reader.close(made.multiplier)
    values = {}
    for leaf in hierarchy.leaves:
        old = made.reader.stood[str(leaf)]
        amount = made.amount(str(leaf), "target") if (leaf, "target") not in made.dropped else None
        typed = amount.value if amount is not None and amount.value is not None else float(old)
        values[leaf] = float(old) if abs(typed - old) <= close else typed
    frame = pd.DataFrame({"target": pd.Series(values, dtype="float64")}, index=hierarchy.leaves)
    return hierarchy.totals(frame)["target"]


def _target(made: _Context, node: str, row: int, sums: pd.Series) -> None:
    """A target that was typed is a lock; so is one with a yes beside it."""
    reader, sheet = made.reader, made.sheet
    known = reader.base.limits.get((node, "lock"))
    typed, refused = _typed(made, node, row, sums)
    wanted = _yes(made, node, row, known)
    if refused or wanted is None:
        return
    at = sheet.note("", row, "target" if typed is not None else "lock", node)
    if typed is not None and node == ROOT:
        reader.out.total = Wish(node, "total", Held(typed), at)
    elif typed is not None:
        reader.wish(node, "lock", _held(made, node, row, typed), at)
    elif wanted and known is None:
        value = reader.whole(Amount(float(sums[node])), at, step=reader.step)
        reader.wish(node, "lock", _held(made, node, row, value or 0.0), at)
    elif known and not wanted and (reader.stamped or sheet.text(row, "lock")):
        reader.wish(node, "lock", None, at)
    elif known:
        owner, reason, changed = _texts(made, node, row)
        if changed:
            reader.wish(node, "lock", Held(known.amount, owner, reason), at)


def _typed(made: _Context, node: str, row: int, sums: pd.Series) -> tuple[float | None, bool]:
    """A target that differs from what stood there, and whether the cell was refused."""
    reader, sheet = made.reader, made.sheet
    if "target" not in sheet.columns:
        return None, False
    leaf = _is_leaf(made, node)
    if not leaf and sheet.place(row, "target") in sheet.page.formulas:
        return None, False
    if (row, "target") in made.amounts.refused or (node, "target") in made.dropped:
        return None, True
    amount = made.amount(node, "target")
    old = reader.stood[node]
    if amount is None or amount.value is None:
        return None, False
    close = reader.close(made.multiplier)
    if abs(amount.value - old) <= close:
        return None, False
    if not leaf and abs(amount.value - sums[node]) <= close * len(
        reader.plan.hierarchy.within(node)
    ):
        return None, False  # a total that was copied as a value
    at, text = sheet.note("", row, "target", node), sheet.text(row, "target")
    value = reader.taken(node, "lock", amount, at, text=text, unit=made.unit)
    return value, value is None


def _yes(made: _Context, node: str, row: int, known: Held | None) -> bool | None:
    """Whether a unit is to be locked; None where what stands there is neither yes nor no."""
    sheet = made.sheet
    if "lock" not in sheet.columns or (node, "lock") in made.dropped:
        return known is not None
    text = sheet.text(row, "lock")
    at = sheet.note("", row, "lock", node)
    if sheet.place(row, "lock") in sheet.page.formulas and not text:
        why = made.reader.say("no_cache", text=sheet.page.formulas[sheet.place(row, "lock")])
        made.reader.refuse(at, why)
        return None
    word = plain(text)
    if word in YES or word in NO:
        return word in YES
    made.reader.refuse(at, made.reader.say("no_yes", text=text))
    return None


def _known_cells(made: _Context, node: str, row: int) -> None:
    """Figures that are not to be filled in, and were: said, so that nobody waits for an effect."""
    sheet, reader = made.sheet, made.reader
    if sheet.page.text or not reader.base.divisor or reader.base.digest != made.reader.digest:
        return
    unit = reader.units[node]
    stood = {"baseline": "baseline", "forecast": "forecast", "plan": "target"}
    for name in _KNOWN:
        amount = made.amounts.read.get((row, name))
        why = made.amounts.refused.get((row, name), "")
        moved = amount is not None and (
            amount.value is None or abs(amount.value - float(unit[stood[name]])) > made.multiplier
        )
        if why or (moved and not pd.isna(unit[stood[name]])):
            words = reader.say("known_only", column=sheet.names[name])
            reader.refuse(sheet.note("", row, name, node), words)
    target = made.amount(node, "target")
    for name, over in _RATIOS.items():
        value = sheet.value(row, name)
        if name not in sheet.columns or sheet.place(row, name) in sheet.page.formulas:
            continue
        known = float(unit[over])
        now = target.value if target is not None and target.value is not None else unit["target"]
        alike = isinstance(value, float) and known > 0 and abs(value - (now / known - 1)) < _ALIKE
        if value not in ("", None) and not alike:
            words = reader.say("computed", column=sheet.names[name])
            reader.refuse(sheet.note("", row, name, node), words)


def _total(made: _Context) -> None:
    """The company's total above the table."""
    labels = {plain(words["company_total"]) for words in WORDS.values()}
    place = above(made.sheet, lambda text: text in labels)
    if place is None:
        return
    row, column = place
    page = replace(made.sheet.page, grid=made.sheet.page.grid[: row + 1])
    cell = replace(
        made.sheet, page=page, head=row - 1, columns={"total": column},
        names={"total": made.reader.say("company_total")},
    )  # fmt: skip
    amounts = read_amounts(
        cell,
        ("total",),
        multiplier=made.multiplier,
        unit=made.unit,
        known={row: made.reader.known(ROOT)},
    )
    at = cell.note("", row, "total", ROOT)
    if why := amounts.refused.get((row, "total")):
        made.reader.refuse(at, why)
        return
    amount = amounts.read[row, "total"]
    base = made.reader.base
    if amount.value is None or abs(amount.value - base.total) <= made.reader.close(made.multiplier):
        return
    text = cell.text(row, "total")
    value = made.reader.taken(ROOT, "lock", amount, at, text=text, unit=made.unit)
    if value is not None:
        made.reader.out.total = Wish(ROOT, "total", Held(value), at)


def _others(made: _Context) -> None:
    """Text that was read as the amount that stood there anyway: counted, not listed."""
    told = {note.cell for note in made.reader.out.repairs if note.sheet == made.sheet.page.name}
    count = sum(
        bool(amount.text) and made.sheet.note("", row, name).cell not in told
        for (row, name), amount in made.amounts.read.items()
        if name in INPUTS
    )
    if count:
        words = made.reader.say("others_read", count=count)
        made.reader.out.notes.append(made.sheet.note(words, made.sheet.head))
