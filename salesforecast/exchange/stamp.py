"""Which plan a workbook belongs to, and what stood in it when it was made."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from salesforecast.exchange.words import KINDS
from salesforecast.planning.plan import Plan
from salesforecast.rules import Ceiling, Floor, Lock

SHEET = "salesforecast"  # a sheet that no one sees: the stamp and what stood in the cells
LIMITS: Mapping[str, type[Floor] | type[Ceiling] | type[Lock]] = {
    "floor": Floor, "ceiling": Ceiling, "lock": Lock,
}  # fmt: skip
_IN_TEXT = re.compile(r"(?:stamp|标识)\s*[:：]\s*([0-9a-f]{10})", re.IGNORECASE)


@dataclass(frozen=True)
class Held:
    """One floor, ceiling or lock as a cell holds it; several of a kind on a node show the tightest."""

    amount: float
    owner: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Base:
    """What a workbook is compared with: only what differs from it was typed by somebody.

    Parameters
    ----------
    organisation, periods
        Whose plan of which months: `"2013-09 2013-11"`.
    digest
        Ten hexadecimal digits of targets and limits.
    name
        What the plan is called where it came from (`"FY2014, version 3"`); may be empty.
    divisor
        What one shown amount is in the measure (1000, 10000); 0 when the file does not say.
    total
        Company target.
    targets
        Node to target, on every node.
    limits
        (Node, `floor` or `ceiling` or `lock`) to what it is.
    """

    organisation: str
    periods: str
    digest: str
    name: str
    divisor: int
    total: int
    targets: Mapping[str, int]
    limits: Mapping[tuple[str, str], Held]

    @property
    def plan_words(self) -> str:
        """The plan as a message names it."""
        name = f"{self.name}, " if self.name else ""
        return f"{name}{self.organisation}, {self.periods} ({self.digest})"


def base_of(plan: Plan, *, divisor: int, name: str = "") -> Base:
    """What a workbook of `plan` holds when it is made."""
    targets = {str(node): int(target) for node, target in plan.units["target"].items()}
    limits: dict[tuple[str, str], Held] = {}
    for kind, rule_type in LIMITS.items():
        for rule in plan.scenario.rules:
            if type(rule) is rule_type:
                made = Held(float(rule.amount), rule.owner, rule.reason)
                limits[rule.node, kind] = _tighter(kind, limits.get((rule.node, kind)), made)
    periods = f"{plan.periods[0]:%Y-%m} {plan.periods[-1]:%Y-%m}"
    base = Base(
        plan.hierarchy.label, periods, "", name, divisor, targets[str(plan.units.index[0])],
        targets, limits,
    )  # fmt: skip
    text = "\n".join("\t".join(map(str, row)) for row in rows_of(base) if row[0] != "name")
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    return Base(**{**vars(base), "digest": digest})


def _tighter(kind: str, known: Held | None, other: Held) -> Held:
    if known is None:
        return other
    if kind == "ceiling":
        return min(known, other, key=lambda held: held.amount)
    return max(known, other, key=lambda held: held.amount)


def rows_of(base: Base) -> Iterator[tuple[Any, ...]]:
    """The rows of the hidden sheet; `read_base` makes the same of them again."""
    for name in ("organisation", "periods", "digest", "name", "divisor", "total"):
        yield (name, getattr(base, name))
    for node, target in base.targets.items():
        yield ("target", node, target)
    for (node, kind), held in base.limits.items():
        yield (kind, node, held.amount, held.owner, held.reason)


def read_base(grid: Sequence[Sequence[Any]]) -> Base | None:
    """What stood in a workbook, from its hidden sheet; None when that is not whole."""
    said: dict[str, Any] = {}
    targets: dict[str, int] = {}
    limits: dict[tuple[str, str], Held] = {}
    try:
        for kind, *values in grid:
            if kind == "target":
                targets[str(values[0])] = round(float(values[1]))
            elif kind in KINDS["en"]:
                owner, reason = [*values[2:4], "", ""][:2]  # Excel drops columns that are empty
                limits[str(values[0]), kind] = Held(float(values[1]), str(owner), str(reason))
            elif kind:
                said[str(kind)] = values[0]
        return Base(
            str(said["organisation"]), str(said["periods"]), str(said["digest"]),
            str(said["name"]), round(float(said["divisor"])), round(float(said["total"])),
            targets, limits,
        )  # fmt: skip
    except (KeyError, ValueError, TypeError, IndexError):
        return None


def stamp_in(text: str) -> str:
    """The digest in a title such as `Stamp: 12ab34cd56`; empty when there is none."""
    found = _IN_TEXT.search(text)
    return found[1].lower() if found else ""
