"""All assumptions of a plan in one readable file: `scenario.toml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

import pandas as pd

from salesforecast.errors import OrganisationError
from salesforecast.fiscal import PLAIN, FiscalCalendar
from salesforecast.planning.corridors import Corridor, implied
from salesforecast.planning.decision import Decision, Headcount, capacities
from salesforecast.rules import Capacity, Ceiling, Floor, GrowthBand, Lock, Rule

RULES: Mapping[str, type] = {
    "floor": Floor,
    "ceiling": Ceiling,
    "lock": Lock,
    "growth_band": GrowthBand,
    "capacity": Capacity,
}


MOST_DRAWS = 100_000  # simulated futures: more do not fit into the memory of a laptop


@dataclass(frozen=True)
class Scenario:
    """What a planner decides; of the data and the forecast it says only which ones.

    Parameters
    ----------
    total
        Company target of the quarter, in the measure. None: from `chance` or `stretch`.
    chance
        Probability that each unit reaches its target (0 to 1); the total follows from it.
        Never together with `total`.
    stretch
        Company target / forecast - 1, where neither total nor chance is given.
    criterion
        What "fair" means, by its planners' name: `"equal chance"`, `"forecast"`,
        `"history"`, `"equal growth"` ...
    rules
        Floors, ceilings, locks, growth bands and capacities, in this order of kinds.
    step
        Targets are whole multiples of it, in the measure's unit.
    hedge
        Level name to over-assignment: with `{"country": 0.05}` the units right below a
        country are assigned 5 % more than the country.
    seed
        Seed of every random draw.
    blend
        Criterion to weight, where `criterion` is `"blend"`.
    measure
        What is planned; empty: the organisation's first measure.
    calendar
        Country code of the working-day calendar (`"CN"`, `"DE"`); empty: none.
    data
        File to sha256 of what the plan was made from; a run refuses other data.
    forecast
        Which forecast: the digest of its figures; empty: made anew.
    headcount
        People with start and ramp, who make capacities.
    potential
        Node to what could be sold there, in any unit (people, shops, a market's size): what the
        criterion "potential" splits by. A group's figure is spread over units without their own.
    corridors
        What months and products must lie between, and months that are locked.
    first, months, draws
        First month of the plan (`"2013-09"`), how many months, and how many simulated futures
        it was made from; empty or zero: as the call says. A saved plan's scenario has them.
    cutoff
        Last month that the forecast knew (`"2013-08"`); empty: the last complete month before
        the plan.
    replan
        What becomes of the gap when the plan is made anew during the year.
    source
        The text that it was read from, so that comments and order survive.
    """

    total: int | None = None
    chance: float | None = None
    stretch: float = 0.02
    criterion: str = "equal chance"
    rules: tuple[Rule, ...] = ()
    step: int = 1
    hedge: Mapping[str, float] = field(default_factory=dict, hash=False)
    seed: int = 0
    blend: Mapping[str, float] = field(default_factory=dict, hash=False)
    measure: str = ""
    calendar: str = ""
    data: Mapping[str, str] = field(default_factory=dict, hash=False)
    forecast: str = ""
    headcount: tuple[Headcount, ...] = ()
    potential: Mapping[str, float] = field(default_factory=dict, hash=False)
    corridors: tuple[Corridor, ...] = ()
    first: str = ""
    months: int = 0
    draws: int = 0
    cutoff: str = ""
    replan: Decision | None = None
    source: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        kinds = list(RULES.values())
        known = [rule for rule in self.rules if type(rule) in kinds]
        others = [rule for rule in self.rules if type(rule) not in kinds]
        known.sort(key=lambda rule: kinds.index(type(rule)))  # stable: as a file has them
        object.__setattr__(self, "rules", (*known, *others))
        problem, keys = contradiction(self)
        if problem:
            raise OrganisationError(
                f"the scenario contradicts itself: {problem}.",
                where=f"{' and '.join(keys)} of the scenario",
                fix=_FIXES.get(keys[0], _USUAL_FIX),
            )

    def limits(
        self, periods: pd.DatetimeIndex, *, fiscal: FiscalCalendar = PLAIN
    ) -> tuple[Rule, ...]:
        """The rules, the capacities of the people over `periods`, and what corridors imply."""
        people = capacities(self.headcount, periods, calendar=self.calendar, fiscal=fiscal)
        return (*self.rules, *people, *implied(self.corridors, periods))

    @classmethod
    def read(cls, path: str | Path) -> Scenario:
        """Read a `scenario.toml`.

        Raises
        ------
        OrganisationError
            If the file is missing or not TOML, or has an unknown key or a value of the
            wrong kind; the message names the line and the nearest right key.
        """
        try:
            text = Path(path).read_bytes().decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise OrganisationError(
                "the scenario cannot be read.",
                where=f"{path}: {error}",
                fix="check the path, and save the file as UTF-8 text.",
            ) from error
        return cls.from_text(text, where=str(path))

    @classmethod
    def from_text(cls, text: str, *, where: str = "scenario.toml") -> Scenario:
        """Make a scenario of the text of a `scenario.toml`; errors as in `read`."""
        from salesforecast.planning.scenario_file import parse

        return parse(text, where=where)

    def write(self, path: str | Path) -> None:
        """Write the scenario as TOML; `Scenario.read` gives an equal one back."""
        Path(path).write_text(self.to_text(), "utf-8", newline="")

    def to_text(self) -> str:
        """The scenario as the text of a `scenario.toml`; what it was read from, comments
        included, with only the changed lines changed."""
        from salesforecast.planning.scenario_file import compose

        return compose(self)


_MONTH = re.compile(r"(19|20|21)\d\d-(0[1-9]|1[0-2])")
_USUAL_FIX = "give a total or a chance or a stretch, and a step of 1 or more."
_FIXES = {
    "first": 'write the first month as "2013-09".',
    "cutoff": 'write the last month that is known as "2013-08"; it lies before the plan.',
    "seed": "write a whole number, zero or more.",
    "months": "write whole numbers, zero or more.",
    "draws": f"write 0 (as usual) or at most {MOST_DRAWS:,}.",
    "blend": "write weights of zero or more.",
    "potential": "write figures of zero or more.",
}


def contradiction(scenario: Scenario) -> tuple[str, tuple[str, ...]]:
    """What cannot be together in a scenario, and the keys that say it; empty when all is well."""
    if scenario.total is not None and scenario.chance is not None:
        return "a total and a chance are both given", ("total", "chance")
    if scenario.total is not None and scenario.total < 0:
        return f"the total {scenario.total} is negative", ("total",)
    if scenario.chance is not None and not 0 < scenario.chance < 1:
        return f"the chance {scenario.chance} is not between 0 and 1", ("chance",)
    if scenario.months < 0 or scenario.draws < 0:
        return "months and draws are counted", ("months", "draws")
    if scenario.draws > MOST_DRAWS:
        return f"{scenario.draws} simulated futures would not fit into memory", ("draws",)
    if scenario.seed < 0:
        return f"the seed {scenario.seed} is negative", ("seed",)
    for key, month in (("first", scenario.first), ("cutoff", scenario.cutoff)):
        if month and not _MONTH.fullmatch(month):
            return f"'{month}' is no month", (key,)
    if scenario.first and scenario.cutoff >= scenario.first:
        return f"the plan begins {scenario.first}, which its forecast knew", ("cutoff", "first")
    if scenario.step < 1:
        return f"the step {scenario.step} is less than one", ("step",)
    if scenario.stretch <= -1:
        return f"the stretch {scenario.stretch} leaves no target", ("stretch",)
    if any(weight < 0 for weight in scenario.blend.values()):
        return "a weight of the blend is negative", ("blend",)
    if any(not 0 <= amount < inf for amount in scenario.potential.values()):
        return "a potential is negative or endless", ("potential",)
    return "", ()
