"""What amounts on the screen are counted in: `元`, `万元`, `亿元`; `USD`, `thousand USD`, `million USD`."""

from __future__ import annotations

import math

from salesforecast.history.organisation import Measure
from salesforecast.reporting.wording import Wording

DIVISORS = {"en": (1, 1_000, 1_000_000), "zh": (1, 10_000, 100_000_000)}
MOST_DECIMALS = 4


def own_divisor(measure: Measure) -> int:
    """The organisation's own: what amounts are counted in unless the planner says otherwise."""
    return max(int(measure.divisor), 1)


def divisors(measure: Measure, language: str) -> list[int]:
    """What the screen can count in, the smallest first: the usual ones and the organisation's own."""
    return sorted({*DIVISORS[language], own_divisor(measure)})


def decimals_of(measure: Measure, divisor: int, step: int = 1) -> int:
    """Decimals that say all of a multiple of `step`, or of the organisation's own unit; four at most."""
    larger = divisor / max(own_divisor(measure), step)
    return min(max(math.ceil(math.log10(larger)), 0), MOST_DECIMALS)


def wording_of(measure: Measure, language: str, divisor: int, step: int = 1) -> Wording:
    """How figures are said in a language and a unit, where targets are multiples of `step`."""
    return Wording(language, divisor, decimals_of(measure, divisor, step))


def unit_words(measure: Measure, wording: Wording) -> str:
    """What shown amounts are counted in: the organisation's own words, or `million USD`."""
    if wording.divisor == own_divisor(measure):
        return wording.unit(measure.unit, measure.display)
    return wording.scaled(measure.unit).strip()


def axis_marks(tick: float, wording: Wording) -> list[str]:
    """Nothing and three ticks as an axis says them: without decimals that are nought in all."""
    said = [wording.amount(at * tick) for at in range(4)]
    while "." in said[0] and all(text[-1] in "0." for text in said):
        said = [text[:-1] for text in said]
    return said
