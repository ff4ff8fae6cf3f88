"""Whether a scenario can be planned at all: refused before anything is computed, with a reason."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from math import isfinite
from pathlib import Path

import pandas as pd

from salesforecast.allocation.fairness import CRITERIA
from salesforecast.errors import DataError, ParameterError, nearest
from salesforecast.hierarchy import Hierarchy
from salesforecast.planning.scenario import Scenario

MOST = 2**53  # money above it is no longer exact
LANGUAGES = ("en", "zh")


def check_wish(scenario: Scenario, *, language: str = "en", draws: int = 1) -> None:
    """Refuse what no data could make right.

    Raises
    ------
    ParameterError
        If a number is not finite or out of its range, or a criterion or language is unknown.
    """
    if language not in LANGUAGES:
        _refuse(f"the language '{language}' is not known", "language", nearest(language, LANGUAGES))
    if draws < 1:
        _refuse(
            f"{draws} simulated futures are too few", "draws", "ask for 1 or more; 1000 is usual."
        )
    if not isfinite(scenario.stretch):
        _refuse(f"the stretch {scenario.stretch} is no number", "stretch", "0.05 means 5 %.")
    if scenario.stretch >= 2:  # a slip of the unit; a company that grows so fast knows its total
        far = f"a stretch of {scenario.stretch:g} is {100 * scenario.stretch:,.0f} % above the forecast"
        _refuse(far, "stretch", "0.05 means 5 %; where so much is meant, give a total.")
    if scenario.total is not None and scenario.total > MOST:
        _refuse("the total is too large to be exact", "total", "plan in a coarser unit.")
    for level, share in scenario.hedge.items():
        if not (isfinite(share) and 0 <= share <= 10):
            _refuse(f"the hedge of '{level}' is {share}", "hedge", "0.05 means 5 % more.")
    for rule in scenario.rules:
        for part in fields(rule):  # type: ignore[arg-type]
            value = getattr(rule, part.name)
            # growth bands may be open at one end; amounts may not
            if part.name == "amount" and not (isfinite(value) and abs(value) <= MOST):
                _refuse(
                    f"the amount of the {rule.words()} is no amount", rule.node, "write a number."
                )
    for name in scenario.blend if scenario.criterion == "blend" else (scenario.criterion,):
        if name not in CRITERIA:
            _refuse(f"a plan cannot be split by '{name}'", "criterion", nearest(name, CRITERIA))


def check_fit(
    scenario: Scenario,
    hierarchy: Hierarchy,
    *,
    measure: str,
    data: Mapping[str, str],
    forecast: pd.DataFrame,
    periods: pd.DatetimeIndex,
    draws: int,
) -> None:
    """Refuse a scenario that was made for another organisation, other data or another forecast.

    Parameters
    ----------
    measure
        What the organisation plans.
    data
        Path to sha256 of what was read.
    forecast
        `FORECAST` that the plan would be made from.
    periods, draws
        The plan's, and how many simulated futures it would be made from.

    Raises
    ------
    DataError
        If a unit, a level or the measure does not exist, or data, forecast, months or draws
        are others.
    """
    for rule in scenario.rules:
        for node in (rule.node, *getattr(rule, "uses", {})):
            if node not in hierarchy.nodes.index:
                hierarchy.within(node)  # says which node there is none of
    for level in scenario.hedge:
        if level not in hierarchy.levels:
            _unfit(f"there is no level '{level}'", "hedge", nearest(level, hierarchy.levels))
    if scenario.measure not in ("", measure):
        _unfit(f"the measure '{scenario.measure}' is not planned", "measure", f"it is '{measure}'.")
    begins, length = f"{periods[0]:%Y-%m}", len(periods)
    if scenario.first not in ("", begins) or scenario.months not in (0, length):
        _unfit(
            f"the plan would have {length} months from {begins}",
            "first or months",
            "open these months, or change the lines.",
        )
    if scenario.draws not in (0, draws):
        _unfit(f"{draws} futures were simulated", "draws", f"simulate {scenario.draws}.")
    read = {Path(name).name: digest for name, digest in data.items()}
    for name, digest in scenario.data.items():
        if read.get(Path(name).name) != digest:
            _unfit(
                f"'{name}' is not the file that the scenario was made from",
                "[data]",
                "bring the old file back, or remove the line to plan from what is there.",
            )
    if scenario.forecast and scenario.forecast != forecast_digest(forecast):
        _unfit(
            "the forecast is not the one that the scenario was made from",
            "forecast",
            "bring the old data back, or remove the line to forecast anew.",
        )


def criterion_of(scenario: Scenario) -> str | Mapping[str, float]:
    """The scenario's criterion as `allocate` takes it: a name, or the weights of a blend."""
    return dict(scenario.blend) if scenario.criterion == "blend" else scenario.criterion


def forecast_digest(frame: pd.DataFrame) -> str:
    """Sha256 of a forecast's figures, to a millionth."""
    text = frame.round({"base": 6, "forecast": 6}).to_csv(index=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _refuse(what: str, where: str, fix: str) -> None:
    raise ParameterError(f"{what}.", where=where, fix=fix)


def _unfit(what: str, where: str, fix: str) -> None:
    raise DataError(f"{what}.", where=f"{where} of the scenario", fix=fix)
