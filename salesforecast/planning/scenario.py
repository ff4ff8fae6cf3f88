"""All assumptions of a plan in one readable file: `scenario.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from salesforecast.errors import OrganisationError, nearest
from salesforecast.rules import Capacity, Ceiling, Floor, GrowthBand, Lock, Rule

RULES: Mapping[str, type] = {
    "floor": Floor,
    "ceiling": Ceiling,
    "lock": Lock,
    "growth_band": GrowthBand,
    "capacity": Capacity,
}
_RULE_NAMES = {kind: name for name, kind in RULES.items()}


@dataclass(frozen=True)
class Scenario:
    """What a planner decides; the data and the forecast are not in it.

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
        Floors, ceilings, locks, growth bands and capacities.
    step
        Targets are whole multiples of it, in the measure's unit.
    hedge
        Level name to over-assignment: with `{"country": 0.05}` the units right below a
        country are assigned 5 % more than the country.
    seed
        Seed of every random draw.
    """

    total: int | None = None
    chance: float | None = None
    stretch: float = 0.02
    criterion: str = "equal chance"
    rules: tuple[Rule, ...] = ()
    step: int = 1
    hedge: Mapping[str, float] = field(default_factory=dict, hash=False)
    seed: int = 0

    def __post_init__(self) -> None:
        problem = ""
        if self.total is not None and self.chance is not None:
            problem = "a total and a chance are both given"
        elif self.total is not None and self.total < 0:
            problem = f"the total {self.total} is negative"
        elif self.chance is not None and not 0 < self.chance < 1:
            problem = f"the chance {self.chance} is not between 0 and 1"
        elif self.step < 1:
            problem = f"the step {self.step} is less than one"
        elif self.stretch <= -1:
            problem = f"the stretch {self.stretch} leaves no target"
        if problem:
            raise OrganisationError(
                f"the scenario contradicts itself: {problem}.",
                where="total, chance, stretch or step of the scenario",
                fix="give a total or a chance or a stretch, and a step of 1 or more.",
            )

    @classmethod
    def read(cls, path: str | Path) -> Scenario:
        """Read a `scenario.toml`.

        Raises
        ------
        OrganisationError
            If the file is missing or not TOML, or has an unknown key or a value of the
            wrong kind; the message names the nearest right key.
        """
        try:
            text = Path(path).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise OrganisationError(
                "the scenario cannot be read.", where=f"{path}: {error}", fix="mend the file."
            ) from error
        return cls.from_text(text, where=str(path))

    @classmethod
    def from_text(cls, text: str, *, where: str = "scenario.toml") -> Scenario:
        """Make a scenario of the text of a `scenario.toml`; errors as in `read`."""
        try:
            raw = tomlkit.parse(text).unwrap()
        except TOMLKitError as error:
            raise OrganisationError(
                "the scenario cannot be read.", where=f"{where}: {error}", fix="mend the file."
            ) from error
        rules: list[Rule] = []
        for name, kind in RULES.items():
            entries = raw.pop(name, [])
            if not isinstance(entries, list):
                raise OrganisationError(
                    f"'{name}' is not a list of limits.",
                    where=where,
                    fix=f"write [[{name}]] in double brackets.",
                )
            rules += [_make(kind, entry, f"{where}, [[{name}]]") for entry in entries]
        scenario: Scenario = _make(cls, raw | {"rules": tuple(rules)}, where)
        return scenario

    def write(self, path: str | Path) -> None:
        """Write the scenario as TOML; `Scenario.read` gives an equal one back."""
        Path(path).write_text(self.to_text(), "utf-8")

    def to_text(self) -> str:
        """The scenario as the text of a `scenario.toml`."""
        document = tomlkit.document()
        document.add(
            tomlkit.comment("All assumptions of one plan. Amounts are in the measure's unit.")
        )
        for part in fields(self):
            value = getattr(self, part.name)
            if part.name != "rules" and value is not None:
                document[part.name] = dict(value) if isinstance(value, Mapping) else value
        for rule in self.rules:
            name = _RULE_NAMES[type(rule)]
            if name not in document:
                document[name] = tomlkit.aot()
            document[name].append(_entry(rule))
        return tomlkit.dumps(document)


def _entry(rule: Rule) -> Any:
    entry = tomlkit.table()
    for part in fields(rule):  # type: ignore[arg-type]
        value = getattr(rule, part.name)
        if value not in ("", float("inf"), float("-inf")):
            entry[part.name] = dict(value) if isinstance(value, Mapping) else value
    return entry


_KINDS: Mapping[str, tuple[type, ...]] = {
    "int | None": (int,),
    "float | None": (int, float),
    "float": (int, float),
    "int": (int,),
    "str": (str,),
    "Mapping[str, float]": (dict,),
    "tuple[Rule, ...]": (tuple,),
}


def _make(kind: type, entry: Any, where: str) -> Any:
    """Build one dataclass from a TOML table; unknown, missing or mistyped keys are refused."""
    known = {part.name: part for part in fields(kind)}
    if not isinstance(entry, dict):
        raise OrganisationError(
            "a limit is not a table.", where=where, fix="write key = value lines."
        )
    for name, value in entry.items():
        if name not in known:
            raise OrganisationError(
                f"'{name}' is not known.", where=where, fix=nearest(name, known)
            )
        wanted = _KINDS[str(known[name].type)]
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise OrganisationError(
                f"'{name}' is {value!r}, which is not a {wanted[-1].__name__}.",
                where=where,
                fix='write numbers without quotes or per cent signs: 0.05, not "5%".',
            )
    for name, part in known.items():
        if name not in entry and part.default is MISSING and part.default_factory is MISSING:
            raise OrganisationError(f"'{name}' is missing.", where=where, fix=f"add {name} = ...")
    return kind(**entry)
