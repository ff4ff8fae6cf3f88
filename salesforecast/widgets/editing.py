"""What a planner does in the grid's cells: read as written, checked cell by cell, wished for at once."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from salesforecast.hierarchy import ROOT
from salesforecast.rules import Ceiling, Floor, Lock, Rule
from salesforecast.widgets.grid_words import grid_say
from salesforecast.widgets.question import read_amount
from salesforecast.widgets.session import KINDS, Limit, Session, Typed
from salesforecast.widgets.words import say

FIELDS: dict[str, Limit] = {"target": Lock, "floor": Floor, "ceiling": Ceiling}
_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?|-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_SHOWN = 12  # findings listed; the rest is counted by what is applied


@dataclass(frozen=True)
class Cell:
    """What was written into one cell; `node` and `field` are None outside the grid."""

    node: str | None
    field: str | None
    text: str


@dataclass(frozen=True)
class CellFinding:
    """A cell that was read otherwise than it was written (`repaired`) or not at all (`refused`)."""

    kind: str
    words: str


@dataclass(frozen=True)
class Outcome:
    """What became of an edit.

    Parameters
    ----------
    applied
        Whether the plan took it; a refused wish stands in the session's `refusal`.
    told
        One sentence for the grid's line; empty if there is nothing to say.
    findings
        Cell by cell.
    good
        Where some cells could not be read: the others, which may be applied alone.
    """

    applied: bool
    told: str = ""
    findings: tuple[CellFinding, ...] = ()
    good: tuple[Cell, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class _Read:
    cell: Cell
    amount: float | None = None
    finding: CellFinding | None = None


def edit(session: Session, cells: Sequence[Cell], *, good_only: str = "") -> Outcome:
    """Set targets, floors and ceilings as typed or pasted; all together are one step for `undo`.

    A target that is set becomes a lock of that unit, and the others are re-balanced; a
    parent's is spread over its units by the criterion. The company's is the company total.
    An empty text releases. `+5 %` in a target's cell is growth on last year.

    Parameters
    ----------
    good_only
        Any text: cells that cannot be read are left out without asking again.

    Returns
    -------
    Outcome
        Nothing was applied if a cell could not be read and `good_only` is empty.
    """
    cells = [cell for cell in cells if not _stray_empty(cell)]
    toggles = [cell for cell in cells if cell.field == "lock" and cell.node is not None]
    if toggles and len(toggles) == len(cells):
        cells = [_toggled(session, cell) for cell in toggles]
    read = [_read(session, cell) for cell in cells]
    bad = [each for each in read if each.finding is not None and each.finding.kind == "refused"]
    good = [each for each in read if each not in bad]
    findings = tuple(each.finding for each in read if each.finding is not None)
    if bad and len(read) == 1:
        only = bad[0].cell
        session.refuse_text(only.text, node=only.node or "", field=only.field or "")
        return Outcome(applied=False)
    if bad and not good_only:
        return Outcome(applied=False, findings=findings, good=tuple(each.cell for each in good))
    if not good:
        return Outcome(applied=False)
    before = session.scenario
    taken = _wish(session, good)
    told = _told(session, good) if taken and session.scenario != before else ""
    if not taken or good_only:
        return Outcome(applied=taken, told=told)
    if len(read) == 1:  # one cell's repair is said in the line, a block's is listed
        return Outcome(applied=True, told=" ".join([*(f.words for f in findings), told]).strip())
    return Outcome(applied=True, told=told, findings=findings)


def _stray_empty(cell: Cell) -> bool:
    return cell.text.strip() == "" and (cell.node is None or cell.field not in (*FIELDS, "lock"))


def _toggled(session: Session, cell: Cell) -> Cell:
    """A press on a padlock: the target as it stands is locked, or a lock is released."""
    node = str(cell.node)
    if session.limit(Lock, node) is not None:
        return Cell(node, "target", "")
    return Cell(node, "target", str(session.plan.units.loc[node, "target"] / session.divisor))


def _read(session: Session, cell: Cell) -> _Read:
    """One cell's amount in the measure, in whole steps; None releases."""
    language = session.language

    def refused(key: str) -> _Read:
        words = grid_say(language, key, cell=_name(session, cell), text=cell.text.strip())
        return _Read(cell, finding=CellFinding("refused", words))

    if cell.node is None or cell.field is None or cell.node not in session.plan.units.index:
        return refused("no_cell")
    if cell.field not in FIELDS or (cell.node == ROOT and cell.field != "target"):
        return refused("not_editable")
    text = unicodedata.normalize("NFKC", cell.text).strip()
    try:
        amount = _growth(session, cell.node, text) if text.endswith("%") else None
        if amount is None:
            amount = read_amount(text, divisor=session.divisor)
    except ValueError:
        return refused("not_read")
    if amount is None:
        return _Read(cell)
    if math.isnan(amount):
        return refused("growth_of_nothing")
    step = session.scenario.step
    amount = float(math.floor(amount / step + 0.5) * step)
    if amount < 0:
        return refused("negative_cell")
    if _PLAIN.fullmatch(cell.text.strip()):
        return _Read(cell, amount)
    words = grid_say(
        language,
        "read_as",
        cell=_name(session, cell),
        text=cell.text.strip(),
        amount=f"{session.wording.amount(amount)} {session.unit}",
    )
    return _Read(cell, amount, CellFinding("repaired", words))


def _growth(session: Session, node: str, text: str) -> float:
    """`+5 %`: last year's sales and so much more; a percentage without a sign is no amount."""
    found = re.fullmatch(r"([+−-])\s*([0-9]+(?:\.[0-9]+)?)\s*%", text)
    if found is None:
        raise ValueError(f"{text!r} is no amount")
    share = float(found[2]) / 100 * (1 if found[1] == "+" else -1)
    last = float(session.plan.units.loc[node, "baseline"])
    return last * (1 + share) if last > 0 else math.nan


def _name(session: Session, cell: Cell) -> str:
    """The cell as people call it: `Jae Pak, Floor`."""
    known = cell.node is not None and cell.node in session.plan.units.index
    label = session.label(str(cell.node)) if known else "?"
    column = say(session.language, cell.field) if cell.field in (*FIELDS, "lock") else ""
    return say(session.language, "place", label=label, kind=column) if column else label


def _wish(session: Session, read: Sequence[_Read]) -> bool:
    total, rules = None, list(session.scenario.rules)
    for each in read:
        node, kind = str(each.cell.node), FIELDS[str(each.cell.field)]
        if node == ROOT:
            total = each.amount
            continue
        same = next((rule for rule in rules if type(rule) is kind and rule.node == node), None)
        if same is not None and each.amount == getattr(same, "amount", None):
            continue
        rules = [rule for rule in rules if rule is not same]
        if each.amount is not None:
            rules.append(_limit(kind, node, each.amount, session.owner))
    first = read[0].cell
    typed = Typed(str(first.node), str(first.field), first.text)
    asked, limits = _asked(session, read), tuple(rules)
    if total is None:
        return session.wish(asked, typed=typed, rules=limits)
    return session.wish(asked, typed=typed, rules=limits, total=int(total), chance=None)


def _limit(kind: Limit, node: str, amount: float, owner: str) -> Rule:
    return kind(node, amount, owner=owner)


def _asked(session: Session, read: Sequence[_Read]) -> str:
    language = session.language
    if len(read) > 1:
        return grid_say(language, "asked_cells", count=len(read))
    cell, amount = read[0].cell, read[0].amount
    label, kind = session.label(str(cell.node)), say(language, str(cell.field)).lower()
    if amount is None:
        return say(language, "ask_release", kind=kind, label=label)
    shown = f"{session.wording.amount(amount)} {session.unit}"
    if cell.field == "target":
        return grid_say(language, "asked", amount=shown, label=label)
    return say(language, "ask_limit", kind=kind, label=label, amount=shown)


def _told(session: Session, read: Sequence[_Read]) -> str:
    language = session.language
    if len(read) > 1:
        return grid_say(language, "set_cells", count=len(read))
    cell, amount = read[0].cell, read[0].amount
    node, kind = str(cell.node), FIELDS[str(cell.field)]
    label, words = session.label(node), say(language, KINDS[kind]).lower()
    if amount is None:
        return grid_say(language, "released", kind=words, label=label)
    shown = session.wording.amount(amount)
    if node == ROOT:
        return grid_say(language, "set_total", amount=shown)
    if kind is not Lock:
        return grid_say(language, "set", kind=words, label=label, amount=shown)
    children = len(session.plan.hierarchy.children(node))
    key = "by_hand_parent" if children else "by_hand"
    return grid_say(language, key, label=label, amount=shown, count=children)


def headline(session: Session, outcome: Outcome) -> str:
    """What stands over a list of findings."""
    language = session.language
    bad = sum(found.kind == "refused" for found in outcome.findings)
    if outcome.applied or not bad:
        return grid_say(language, "repaired_title", count=len(outcome.findings))
    return grid_say(language, "found", bad=bad, count=bad + len(outcome.good))
