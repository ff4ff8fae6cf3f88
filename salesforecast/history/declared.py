"""What moves sales besides time, as `organisation.toml` declares it: facts, nothing computed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields

import pandas as pd

from salesforecast.errors import nearest

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
    for wrong in (_countries, _dates, _sizes, _places):
        for said in wrong(declared):
            return said
    return "", ""


def _countries(declared: Declared) -> Iterator[tuple[str, str]]:
    named = [declared.work.country, *(one.country for one in declared.holidays)]
    asked = [country for country in named if country]
    if not asked:
        return
    import holidays

    known = sorted(holidays.list_supported_countries(include_aliases=False))
    for country in asked:
        if country not in known:
            close = nearest(country.upper(), known) if len(country) == 2 else 'such as "CN".'
            yield f"no country '{country}' is known.", f"write its code of two letters: {close}"


def _dates(declared: Declared) -> Iterator[tuple[str, str]]:
    told = [(f"the event '{one.name}'", one.periods) for one in declared.events]
    told += [(f"the holiday '{one.name}'", one.days) for one in declared.holidays]
    told += [(f"the change to {list(one.now)}", (one.since,)) for one in declared.regions]
    told += [(f"the opening of '{one.node}'", (one.since,)) for one in declared.openings]
    for what, dates in told:
        for text in dates:
            if not _is_date(text):
                yield f"{what} has no date '{text}'.", 'write "2026-05" or "2026-05-20".'


def _is_date(text: str) -> bool:
    try:
        return bool(pd.notna(pd.Timestamp(text)))
    except ValueError:
        return False


def _sizes(declared: Declared) -> Iterator[tuple[str, str]]:
    for event in declared.events:
        if event.effect is not None and not -1 < event.effect < math.inf:
            yield (
                f"the event '{event.name}' cannot have the effect {event.effect:g}.",
                "write a fraction above -1: -0.1 for a tenth less.",
            )
    for opening in declared.openings:
        if not 0 < opening.size < math.inf:
            yield (
                f"'{opening.node}' cannot be {opening.size:g} times as large as others.",
                "write size = 0.5 for half as large.",
            )
    for change in declared.regions:
        if change.shares and not (min(change.shares) >= 0 and 0 < sum(change.shares) < math.inf):
            yield (
                f"shares of {list(change.now)} are {list(change.shares)}.",
                "give zero or more for each, not all zero: shares = [0.4, 0.6].",
            )
    stages = declared.pipeline.stages if declared.pipeline else {}
    for stage, share in stages.items():
        if not 0 <= share <= 1:
            yield f"projects in '{stage}' come with {share:g}.", "write a share from 0 to 1."


def _places(declared: Declared) -> Iterator[tuple[str, str]]:
    for change in declared.regions:
        if len(change.now) > 1 and (len(change.was) > 1 or len(change.now) == len(change.was)):
            yield f"{list(change.was)} cannot be split at once.", "write one [[region]] for each."
        if change.shares and len(change.shares) != len(change.now):
            yield f"shares of {list(change.now)} are {list(change.shares)}.", "give one for each."
    for at, change in enumerate(declared.regions):
        for other in declared.regions[at + 1 :]:
            if (
                change.since == other.since
                and {*change.was} & {*other.now}
                and {*change.now} & {*other.was}
            ):
                yield (
                    f"{list(change.was)} and {list(other.was)} become each other.",
                    "write one [[region]]: was = [both], now = [both in their new order].",
                )
