"""What a planner decides about the gap so far, and about the people who sell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

import pandas as pd

from salesforecast.errors import OrganisationError, nearest
from salesforecast.fiscal import PLAIN, FiscalCalendar
from salesforecast.planning.workdays import WorkCalendar
from salesforecast.rules import Capacity

RECOVER, ABSORB, AMOUNT = "recover", "absorb", "amount"
UNIT, REGION, COMPANY = "unit", "region", "company"
KEEP, RELEASE = "keep", "release"
_WORDS = {
    "gap": (RECOVER, ABSORB, AMOUNT),
    "carried_by": (UNIT, REGION, COMPANY),
    "surplus": (KEEP, RELEASE),
}


@dataclass(frozen=True)
class Decision:
    """What becomes of the gap of closed periods, and who carries it in the open ones.

    Parameters
    ----------
    gap
        `"recover"` all of it, `"absorb"` all of it (open periods stay), or an `"amount"`.
    amount
        What is recovered with `gap = "amount"`, in the measure; the rest is absorbed.
    carried_by
        `"unit"`: each unit its own shortfall; `"region"`: the units below the same parent,
        net, together; `"company"`: everybody, net.
    surplus
        What becomes of a carrier that is ahead: `"keep"` leaves its open targets;
        `"release"` lowers them, so that the year's total stays as it was.
    budget
        Most that may move in all: sum of absolute changes over open cells. None: any.
    cells
        Most cells that may change. None: any.
    """

    gap: str = ABSORB
    amount: int | None = None
    carried_by: str = UNIT
    surplus: str = KEEP
    budget: int | None = None
    cells: int | None = None

    def __post_init__(self) -> None:
        for name, known in _WORDS.items():
            if getattr(self, name) not in known:
                raise OrganisationError(
                    f"'{name}' cannot be '{getattr(self, name)}'.",
                    where="[replan] of the scenario",
                    fix=nearest(str(getattr(self, name)), known),
                )
        wrong = ""
        if (self.gap == AMOUNT) != (self.amount is not None):
            wrong = "an amount goes with gap = 'amount', and only with it"
        elif any(n is not None and n < 0 for n in (self.amount, self.budget, self.cells)):
            wrong = "amount, budget and cells are zero or more"
        if wrong:
            raise OrganisationError(
                f"the decision contradicts itself: {wrong}.",
                where="[replan] of the scenario",
                fix="give gap = 'recover', 'absorb', or 'amount' with amount = ...",
            )


@dataclass(frozen=True)
class Headcount:
    """People who work in `node`: each adds to a capacity from his start on.

    Parameters
    ----------
    node
        Where they work.
    per_month, per_day
        What one trained person does a month (`80` visits), or on each working day of it (`40`
        calls) by the scenario's calendar; one of the two.
    unit
        Of what they do: `"visits"`.
    uses
        Node to use per unit of target, as in `Capacity`.
    people
        Entries `start` (first month, `"2013-09"`), `count` (may be negative: people who
        leave), `ramp` (months until they work fully; 0: from the first day).
    """

    node: str
    unit: str
    uses: Mapping[str, float] = field(hash=False)
    per_month: float = 0.0
    per_day: float = 0.0
    people: tuple[Mapping[str, object], ...] = field(default=(), hash=False)
    owner: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        if (self.per_month > 0) == (self.per_day > 0):
            raise OrganisationError(
                "what one person does is said for a month or for a working day.",
                where=f"[[headcount]] of '{self.node}'",
                fix="write per_month = 80 or per_day = 4.",
            )
        for entry in self.people:
            unknown = set(entry) - {"start", "count", "ramp"}
            if unknown or "start" not in entry:
                raise OrganisationError(
                    f"an entry of people has {sorted(entry)}.",
                    where=f"[[headcount]] of '{self.node}'",
                    fix='write { start = "2013-09", count = 1, ramp = 3 }.',
                )
            self._readable(entry)

    def _readable(self, entry: Mapping[str, object]) -> None:
        """Refuse a start that is no month, a count or a ramp that is no number."""
        try:
            since = pd.Timestamp(str(entry["start"]))
            ramp, count = (float(str(entry.get(k, 0))) for k in ("ramp", "count"))
            good = since == since and 0 <= ramp < 1200 and isfinite(count)
        except ValueError:
            good = False
        if not good:
            raise OrganisationError(
                f"an entry of people cannot be read: {dict(entry)}.",
                where=f"[[headcount]] of '{self.node}'",
                fix='write a month and numbers: { start = "2013-09", count = 1, ramp = 3 }.',
            )

    def working(self, periods: pd.DatetimeIndex) -> pd.Series:
        """Full people at work in each month of `periods`, learners counted in part."""
        out = pd.Series(0.0, index=periods)
        for entry in self.people:
            start = pd.Timestamp(str(entry["start"]))
            ramp = float(str(entry.get("ramp", 0)))
            since = (periods.year - start.year) * 12 + periods.month - start.month
            part = ((since + 1) / (ramp + 1)).to_numpy().clip(0.0, 1.0)
            out += float(str(entry.get("count", 1))) * part
        return out

    def capacity(
        self, periods: pd.DatetimeIndex, *, calendar: str = "", fiscal: FiscalCalendar = PLAIN
    ) -> Capacity:
        """What these people can do over `periods`, as a limit on targets."""
        each = pd.Series(self.per_month, index=periods)
        if self.per_day:
            each = self.per_day * WorkCalendar(calendar, fiscal=fiscal).count(periods)
        amount = float((self.working(periods) * each).sum())
        return Capacity(self.node, amount, self.unit, self.uses, self.owner, self.reason)


def capacities(
    heads: Sequence[Headcount],
    periods: pd.DatetimeIndex,
    *,
    calendar: str = "",
    fiscal: FiscalCalendar = PLAIN,
) -> tuple[Capacity, ...]:
    """Limits that follow from the people over `periods`, by the country's working days."""
    return tuple(head.capacity(periods, calendar=calendar, fiscal=fiscal) for head in heads)
