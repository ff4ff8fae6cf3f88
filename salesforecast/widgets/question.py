"""What a planner asks, beside the company total: chance, blend, corridor, step, hedge, capacity."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from math import inf, isfinite

import pandas as pd

from salesforecast.history.numbers import FACTORS, parse_numbers
from salesforecast.planning.scenario import Scenario
from salesforecast.rules import Capacity, GrowthBand
from salesforecast.widgets.charts import people
from salesforecast.widgets.session import Session
from salesforecast.widgets.words import criterion_label, say

_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")
BLENDED = "history"  # what a criterion is blended with


def set_chance(session: Session, chance: float | None) -> bool:
    """Ask for a target that everybody reaches with `chance`; None keeps the total of the screen."""
    if chance is None:
        return session.set_total(session.total)
    words = say(session.language, "ask_chance", chance=session.wording.in_100(chance))
    return session.wish(words, chance=chance, total=None)


def common_chance(session: Session) -> float:
    """The chance asked for; else that of the person in the middle."""
    asked = session.scenario.chance
    return asked if asked is not None else float(people(session.plan)["chance"].median())


def main_criterion(scenario: Scenario) -> str:
    """What fair means; of a blend, what weighs beside last year's shares."""
    if scenario.criterion != "blend":
        return scenario.criterion
    others = {name: weight for name, weight in scenario.blend.items() if name != BLENDED}
    return max(others, key=others.__getitem__, default=BLENDED)


def blended(scenario: Scenario) -> float:
    """Weight of last year's shares in the criterion, 0 to 1."""
    if scenario.criterion != "blend":
        return 0.0
    whole = sum(scenario.blend.values()) or 1.0
    return scenario.blend.get(BLENDED, 0.0) / whole


def set_fairness(session: Session, name: str, share: float, *, gesture: str = "") -> bool:
    """Split by `name`, with last year's shares weighing `share`; the total stays as it is."""
    language = session.language
    words = say(language, "ask_criterion", name=criterion_label(language, name))
    if share <= 0 or name == BLENDED:
        return session.wish(words, gesture=gesture, criterion=name, blend={})
    percent = session.wording.percent(share)
    words = say(language, "ask_blend", name=criterion_label(language, name), share=percent)
    weights = {name: round(1 - share, 4), BLENDED: round(share, 4)}
    return session.wish(words, gesture=gesture, criterion="blend", blend=weights)


def set_step(session: Session, step: float) -> bool:
    """Make every target a whole multiple of `step`, in the measure."""
    words = say(session.language, "ask_step", amount=session.wording.amount(step))
    total = session.scenario.total
    whole = max(round(step), 1)
    if total is not None:
        total = round(total / whole) * whole
    return session.wish(words, step=whole, total=total)


def set_hedge(session: Session, level: str, share: float) -> bool:
    """Assign the units right below `level` so much more than the level itself carries."""
    words = say(
        session.language,
        "ask_hedge",
        level=session.wording.name("level", level),
        share=session.wording.percent(share, 1),
    )
    hedge = {**session.scenario.hedge, level: share}
    return session.wish(words, hedge={name: part for name, part in hedge.items() if part})


def corridor(scenario: Scenario) -> tuple[float | None, float | None]:
    """The growth corridor that every person shares: least and most; None where it is open."""
    bands = [rule for rule in scenario.rules if isinstance(rule, GrowthBand)]
    if len({(band.low, band.high) for band in bands}) != 1:
        return None, None
    low, high = bands[0].low, bands[0].high
    return (low if low > -inf else None), (high if high < inf else None)


def set_corridor(session: Session, low: float | None, high: float | None) -> bool:
    """Let nobody's growth on last year leave `low` to `high`; None opens an end.

    Holds for the people who sold something a year before.
    """
    language, wording = session.language, session.wording
    percent = "%" if language == "zh" else " %"
    ends = (
        say(language, "open") if end is None else f"{wording.points(end)}{percent}"
        for end in (low, high)
    )
    words = say(language, "ask_corridor", low=next(ends), high=next(ends))
    others = tuple(rule for rule in session.scenario.rules if not isinstance(rule, GrowthBand))
    if low is None and high is None:
        return session.wish(words, rules=others)
    chosen = people(session.plan)
    bands = tuple(
        GrowthBand(
            str(node),
            -inf if low is None else low,
            inf if high is None else high,
            owner=session.owner,
        )
        for node in chosen.index[chosen["baseline"] > 0]
    )
    return session.wish(words, rules=(*others, *bands))


def capacities(scenario: Scenario) -> list[Capacity]:
    """The capacities that the scenario gives as such (those of people come on top)."""
    return [rule for rule in scenario.rules if isinstance(rule, Capacity)]


def set_capacity(session: Session, old: Capacity, amount: float) -> bool:
    """Change how much there is of a capacity, in its own unit."""
    words = say(
        session.language,
        "ask_capacity",
        label=session.label(old.node),
        amount=f"{amount:,.10g}",
        unit=old.unit,
    )
    rules = tuple(
        replace(rule, amount=amount) if rule is old else rule for rule in session.scenario.rules
    )
    return session.wish(words, rules=rules)


def used(session: Session, capacity: Capacity) -> float:
    """How much of a capacity the targets on the screen take up."""
    row = capacity.row(session.plan.hierarchy, pd.Series(dtype="float64"))
    return float(
        (session.plan.units["target"].reindex(row.coefficients.index) * row.coefficients).sum()
    )


def read_amount(text: str, *, divisor: int) -> float | None:
    """What a planner typed, in the measure; None for an empty field.

    Plain figures are in the screen's unit; `1.2亿` and `800万` are what they say.

    Raises
    ------
    ValueError
        If it is not a number.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain:
        return None
    if _PLAIN.fullmatch(plain):
        amount = float(plain)
    else:
        read = parse_numbers(pd.Series([plain]), cell=lambda _: "", decimal=".")
        amount = float(read.values.iloc[0]) if not read.bad and "%" not in plain else float("nan")
    if not any(mark in plain for mark in FACTORS):
        amount *= divisor
    if not isfinite(amount):
        raise ValueError(f"{text!r} is no amount")
    return float(round(amount))


def read_share(text: str) -> float | None:
    """A typed percentage as a fraction: `25`, `+25 %`, `−5`; None for an empty field.

    Raises
    ------
    ValueError
        If it is not a number.
    """
    plain = unicodedata.normalize("NFKC", text).strip().rstrip("%").strip()
    if not plain:
        return None
    share = float(plain.replace("−", "-").replace(",", "")) / 100
    if not isfinite(share):
        raise ValueError(f"{text!r} is no share")
    return share
