"""What moves sales besides time, as `organisation.toml` declares it: facts, nothing computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

AHEAD = ("ask", "last", "last year")


@dataclass(frozen=True)
class WorkDays:
    """`[calendar]`: which days are worked.

    `country` (ISO code) and `subdivision` bring public holidays and make-up days, `own_days` is a
    CSV with `date`, `working` and `name` that wins over them. With `working_days` it is learned
    what one working day more in a period sells.
    """

    country: str = ""
    subdivision: str = ""
    own_days: str = ""
    working_days: bool = False


@dataclass(frozen=True)
class Holiday:
    """`[[holiday]]`: moves through the calendar; its days, those before and after are learned.

    `days` are first days of each year's, past and to come; without them the country's public
    holiday of that English name is taken.
    """

    name: str
    country: str = ""
    days: tuple[str, ...] = ()


@dataclass(frozen=True)
class Event:
    """`[[event]]`: something of its own in named periods, past or to come.

    What its past periods show is taken out of them and put into those to come. One that never was
    before needs an `effect`: 0.1 for a tenth more.
    """

    name: str
    periods: tuple[str, ...]
    node: str = ""
    product: str = ""
    effect: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Drivers:
    """`[drivers]`: a table of what drives sales, a row a period (and place and product).

    `columns` are what is learned from, those in `logarithm` by their logarithm (a price). `node`
    are the columns of the place, top first; `ahead` says what holds in periods to come that the
    table does not know: they are asked for, stay as they were `last`, or are as `last year`.
    """

    path: str
    period: str
    columns: tuple[str, ...]
    node: tuple[str, ...] = ()
    product: str = ""
    logarithm: tuple[str, ...] = ()
    ahead: str = "ask"


@dataclass(frozen=True)
class Treatment:
    """`[treatment]`: what in the past does not say what comes.

    `outliers` are replaced by what was usual, history before a lasting `shifts` is lifted to
    what came after, exceptional `growth` is damped. `keep` names what is left as it is: "East/Ann, pens,
    2024-05" (a finding names it so).
    """

    outliers: bool = False
    shifts: bool = False
    growth: bool = False
    keep: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pipeline:
    """`[pipeline]`: a table of projects, a row a project and, where known, the day it was stated.

    `probability` is a column; without one each stage has its share in `stages`.
    """

    path: str
    value: str
    date: str
    node: tuple[str, ...] = ()
    stage: str = ""
    probability: str = ""
    as_of: str = ""
    stages: Mapping[str, float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class RegionChange:
    """`[[region]]`: places renamed, merged or split `since` a period; history is re-stated.

    `shares` of a split are those of what each part sold since, unless they are given.
    """

    was: tuple[str, ...]
    now: tuple[str, ...]
    since: str
    shares: tuple[float, ...] = ()


@dataclass(frozen=True)
class Opening:
    """`[[opening]]`: a place that has not sold yet, `size` times as large as those it is `like`."""

    node: str
    since: str
    like: tuple[str, ...] = ()
    size: float = 1.0


@dataclass(frozen=True)
class Declared:
    """Everything that moves sales besides time; nothing by default."""

    work: WorkDays = field(default_factory=WorkDays)
    holidays: tuple[Holiday, ...] = ()
    events: tuple[Event, ...] = ()
    drivers: Drivers | None = None
    treatment: Treatment = field(default_factory=Treatment)
    pipeline: Pipeline | None = None
    regions: tuple[RegionChange, ...] = ()
    openings: tuple[Opening, ...] = ()
    overrides: str = ""

    @property
    def moves_forecast(self) -> bool:
        """Whether a forecast depends on anything of it."""
        work = self.work.working_days
        rest = (self.holidays, self.events, self.drivers, self.pipeline, self.openings)
        treated = self.treatment.outliers or self.treatment.shifts or self.treatment.growth
        return bool(work or treated or self.overrides or any(rest))


LISTS: Mapping[str, tuple[str, type]] = {  # [[key]] in the file -> field and kind
    "holiday": ("holidays", Holiday),
    "event": ("events", Event),
    "region": ("regions", RegionChange),
    "opening": ("openings", Opening),
}
TABLES: Mapping[str, type] = {"drivers": Drivers, "treatment": Treatment, "pipeline": Pipeline}
WORK_KEYS = tuple(part.name for part in fields(WorkDays))  # beside the fiscal keys of [calendar]
KEYS = (*LISTS, *TABLES, "overrides")


def problem(declared: Declared) -> tuple[str, str]:
    """What contradicts itself, and what would mend it; empty when nothing does."""
    drivers, pipeline, work = declared.drivers, declared.pipeline, declared.work
    if drivers and drivers.ahead not in AHEAD:
        return f"[drivers] ahead is one of {list(AHEAD)}.", 'write ahead = "ask".'
    if drivers and (stray := set(drivers.logarithm) - set(drivers.columns)):
        return f"[drivers] logarithm names {sorted(stray)}.", "name them in columns, too."
    if pipeline and not (pipeline.probability or (pipeline.stage and pipeline.stages)):
        return (
            "[pipeline] does not say how probable a project is.",
            "name the column probability, or stage and a [pipeline.stages] with a share each.",
        )
    if work.working_days and not (work.country or work.own_days):
        return "working_days need a calendar.", 'write country = "CN", or own_days.'
    for holiday in declared.holidays:
        if not (holiday.days or holiday.country or work.country):
            return f"nobody knows when '{holiday.name}' is.", 'write country = "CN", or days.'
    for change in declared.regions:
        if len(change.now) > 1 and (len(change.was) > 1 or len(change.now) == len(change.was)):
            return f"{list(change.was)} cannot be split at once.", "write one [[region]] for each."
        if change.shares and len(change.shares) != len(change.now):
            return f"shares of {list(change.now)} are {list(change.shares)}.", "give one for each."
    return "", ""
