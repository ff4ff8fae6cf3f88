"""Wishes that were read from cells, gathered: one a unit and kind, or refused where they differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pandas as pd

from salesforecast.exchange.amounts import FAR_OFF, Amount
from salesforecast.exchange.book import decimals_of
from salesforecast.exchange.notes import Note
from salesforecast.exchange.places import Places
from salesforecast.exchange.stamp import Base, Held
from salesforecast.exchange.tables import Sheet
from salesforecast.exchange.words import HEADS, say
from salesforecast.history.organisation import Measure
from salesforecast.planning.plan import Plan, round_to_step
from salesforecast.reporting.labels import place_labels
from salesforecast.reporting.wording import Wording


@dataclass(frozen=True)
class Wish:
    """A limit to be set, or to be released with `held` None; `at` is its cell."""

    node: str
    kind: str
    held: Held | None
    at: Note


@dataclass
class Gathered:
    """All that a file said so far; the only thing here that grows."""

    wishes: list[Wish] = field(default_factory=list)
    total: Wish | None = None
    repairs: list[Note] = field(default_factory=list)
    refusals: list[Note] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Reader:
    """What every sheet of a file is read against: the plan, what stood in it, the words.

    `stamped` is whether the file says which plan it was made from: only then does an empty cell say
    that something was taken away. `divisor` is what the reader counts amounts in.
    """

    plan: Plan
    base: Base
    places: Places
    measure: Measure
    language: str
    owner: str
    digest: str
    out: Gathered
    stamped: bool = False
    divisor: int = 1

    def say(self, key: str, **parts: object) -> str:
        """The words for `key`."""
        return say(self.language, key, **parts)

    def head(self, name: str) -> str:
        """What a column is called in the reader's language."""
        return HEADS[self.language][name]

    def label(self, node: str) -> str:
        """What people call a unit."""
        return self._labels[node]

    @cached_property
    def _labels(self) -> dict[str, str]:
        return place_labels(self.plan.units, Wording(self.language, 1))

    @cached_property
    def _sold(self) -> dict[str, float]:
        most = self.plan.units[["forecast", "baseline", "target"]].astype("float64").max(axis=1)
        return {str(node): float(value) for node, value in most.items()}

    def amount(self, value: float | None) -> str:
        """An amount in full: `12,000,000`, or as a reader who counts in 万 has it: `1,200`."""
        if value is None:
            return self.say("nothing")
        if self.divisor == 1:
            return f"{value:,.2f}".removesuffix(".00")
        return f"{value / self.divisor:,.8f}".rstrip("0").rstrip(".")

    @cached_property
    def stood(self) -> dict[str, int]:
        """Node to the target that stood in the file when it was made, else the plan's."""
        now = {str(node): int(value) for node, value in self.plan.units["target"].items()}
        return {**now, **self.base.targets}

    @cached_property
    def units(self) -> dict[str, dict[str, Any]]:
        """Node to its row of the plan."""
        return {str(node): row for node, row in self.plan.units.to_dict("index").items()}

    @property
    def step(self) -> int:
        """The money step of targets and locks."""
        return self.plan.scenario.step

    def close(self, multiplier: float) -> float:
        """How far two amounts may be apart and still be shown alike."""
        shown = multiplier / 10 ** decimals_of(max(round(multiplier), 1), self.step)
        return 0.5 * max(shown, 1.0) if shown >= 1 else 0.5 * shown

    def refuse(self, at: Note, words: str) -> None:
        """Note a cell that is not taken."""
        space = " " if self.language == "en" else ""
        said = f"{words}{space}{self.say('kept_old')}"
        self.out.refusals.append(replace(at, words=said))

    def known(self, node: str) -> float:
        """What a unit sells or is asked, the largest of what is known: a wish is compared with it."""
        return self._sold[node]

    def whole(self, amount: Amount, at: Note, *, step: int) -> float | None:
        """An amount as a multiple of `step`, said where it was not one or was repaired."""
        if amount.value is None:
            return None
        made = float(round_to_step(pd.Series([amount.value]).to_numpy(), step)[0])
        if abs(made - amount.value) > max(1e-6, 1e-9 * abs(amount.value)):
            text = amount.text or self.amount(amount.value)
            words = self.say("read_as_rounded", text=text, value=self.amount(made))
            self.out.repairs.append(replace(at, words=words))
        elif amount.text:
            words = self.say("read_as", text=amount.text, value=self.amount(made))
            self.out.repairs.append(replace(at, words=words))
        return made

    def taken(
        self, node: str, kind: str, amount: Amount, at: Note, *, text: str, unit: str
    ) -> float | None:
        """An amount that may be meant, as a whole number (of steps for a lock); else it is refused.

        Parameters
        ----------
        text
            What stands in the cell.
        unit
            What the sheet counts in.
        """
        if amount.value is None or not self._plausible(node, amount.value, at, text, unit):
            return None
        return self.whole(amount, at, step=self.step if kind == "lock" else 1)

    def _plausible(self, node: str, value: float, at: Note, text: str, unit: str) -> bool:
        if value < 0:
            self.refuse(at, self.say("negative", text=text))
            return False
        known = self.known(node)
        parts = {"text": text, "value": self.amount(value), "known": self.amount(round(known))}
        if known > 0 and value > FAR_OFF * known:
            self.refuse(at, self.say("too_large", unit=unit, **parts))
            return False
        if 0 < value < known / FAR_OFF:
            self.refuse(at, self.say("too_small", unit=unit, **parts))
            return False
        return True

    def wish(self, node: str, kind: str, held: Held | None, at: Note) -> None:
        """Keep a wish, with the unit that it is about."""
        self.out.wishes.append(Wish(node, kind, held, replace(at, unit=node)))


def differing(sheet: Sheet, rows: Iterable[int], fields: Iterable[str]) -> list[str]:
    """Fields in which rows of the same unit do not say the same."""
    rows = list(rows)
    return [
        name
        for name in fields
        if name in sheet.columns and len({sheet.text(row, name) for row in rows}) > 1
    ]
