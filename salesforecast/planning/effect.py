"""Did it work? What was sold against what would have been expected without it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesforecast.errors import ParameterError, nearest
from salesforecast.hierarchy import ROOT, Hierarchy
from salesforecast.tables import Samples

SURE = 0.9  # a chance above it, or below its counterpart, is called clear


@dataclass(frozen=True)
class Effect:
    """What a training, a promotion, a price or a change of regions brought.

    Parameters
    ----------
    actual
        Sold by the units concerned, in the months since.
    expected
        What would have been expected without it: the forecast of the day before, moved as the
        units that are not concerned moved against theirs.
    effect, share
        actual - expected, and as a part of `expected`.
    low80, high80
        In 80 of 100 simulated cases the effect lies between.
    chance_of_gain
        Share of simulated cases in which it brought anything.
    others
        What the others sold against their forecast (1.1: a tenth more); 1 where there are none.
    months
        On period: `actual, expected, effect`.
    words
        The verdict in one sentence.
    """

    actual: float
    expected: float
    effect: float
    share: float
    low80: float
    high80: float
    chance_of_gain: float
    others: float
    months: pd.DataFrame
    words: str


def evaluate(actuals: pd.DataFrame, samples: Samples, hierarchy: Hierarchy, node: str) -> Effect:
    """Hold what a unit sold against a forecast that knew nothing of the measure.

    In every simulated case the unit's draw is moved by the factor between what the others
    really sold and what they were drawn to sell, so a market that moved for everybody is not
    taken for an effect, and what nobody could foresee widens the range.

    Parameters
    ----------
    actuals
        `ACTUALS` of every leaf in the months since.
    samples
        Drawn on the day before, of the same leaves and months.
    node
        The unit concerned.

    Raises
    ------
    ParameterError
        If there is no such unit, or nobody was expected to sell anything.
    """
    known = list(hierarchy.nodes.index)
    if node not in hierarchy.nodes.index:
        raise ParameterError(f"there is no unit '{node}'.", where="node", fix=nearest(node, known))
    periods = pd.DatetimeIndex(np.unique(actuals["period"].to_numpy()))
    sold = actuals.pivot_table(index="node", columns="period", values="actual", aggfunc="sum")
    sold = sold.reindex(index=samples.leaves, columns=periods).fillna(0.0)
    drawn = samples.values[:, :, samples.periods.get_indexer(periods)]
    inside = samples.leaves.isin(hierarchy.within(node))
    own, rest = drawn[:, inside].sum(axis=1), drawn[:, ~inside].sum(axis=(1, 2))
    if not own.mean() > 0:
        raise ParameterError(
            f"nothing was expected of '{node}'.",
            where=f"{periods[0]:%Y-%m} to {periods[-1]:%Y-%m}",
            fix="name a unit that was expected to sell.",
        )
    others = float(sold[~inside].to_numpy().sum())
    comparable = node != ROOT and others > 0 and bool((rest > 0).all())
    factor = others / rest if comparable else np.ones(len(own))
    without = own.sum(axis=1) * factor
    actual = float(sold[inside].to_numpy().sum())
    expected = float(without.mean())
    cases = actual - without
    low, high = np.quantile(cases, [0.1, 0.9])
    chance = float((cases > 0).mean())
    months = pd.DataFrame({"actual": sold[inside].sum()})
    months["expected"] = (own * factor[:, None]).mean(axis=0)
    months["effect"] = months["actual"] - months["expected"]
    share = actual / expected - 1
    moved = others / float(rest.mean()) if comparable else 1.0
    verdict = "no clear effect"
    if chance > SURE or chance < 1 - SURE:
        verdict = "a clear gain" if chance > SURE else "a clear loss"
    words = (
        f"{verdict}: sold {actual:,.0f}, expected without it {expected:,.0f} ({share:+.1%}); "
        f"in 80 of 100 cases {low:+,.0f} to {high:+,.0f}"
    )
    words += f"; the others sold {moved:.0%} of their forecast" if comparable else ""
    return Effect(actual, expected, actual - expected, share, float(low), float(high), chance, moved, months, words)  # fmt: skip
