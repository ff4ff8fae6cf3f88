"""A run without its notebook: the same data, the same wishes, one plan, and nothing kept.

Whatever the run would refuse is refused here: data, files that the organisation declares
(overrides, drivers, projects), units and levels of the scenario, limits that contradict each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from salesforecast.errors import OrganisationError, ParameterError
from salesforecast.jobs import SAID_BY_SCENARIO


def wish_of(values: Mapping[str, Any]) -> Any:
    """The scenario of a run's parameters: its file, or what the parameters say.

    Raises
    ------
    ParameterError
        If a parameter is not what a scenario takes, or a language, a number of draws or a day.
    OrganisationError
        If the file cannot be understood.
    """
    from salesforecast.planning.scenario import Scenario
    from salesforecast.wishes import check_wish

    if values.get("scenario"):
        scenario = Scenario.read(Path(str(values["scenario"])))
    else:
        said = {
            name: values[name] for name in SAID_BY_SCENARIO if values.get(name) not in (None, "")
        }
        try:
            scenario = Scenario(**said)
        except OrganisationError as error:
            where = "the parameters of the run"
            raise ParameterError(error.what, where=where, fix=error.fix) from error
    check_wish(
        scenario, language=str(values.get("language", "en")), draws=int(values.get("draws", 1))
    )
    for name in ("first", "as_of"):
        if values.get(name):
            _day(values[name], name)
    return scenario


def work(request: Mapping[str, Any], tell: Callable[[str], None]) -> dict[str, Any]:
    """Plan once as the run would; called in a process of its own.

    Returns
    -------
    dict
        `lines, newest` of the data; `total, positions, first, last` of the plan.

    Raises
    ------
    SalesforecastError
        What the run would end with.
    """
    from salesforecast import workbench
    from salesforecast.planning.what_if import WhatIf

    tell("rehearsal")
    values = request["parameters"]
    scenario = wish_of(values)
    for path in str(values.get("files", "")).split(";"):
        if path.strip():
            WhatIf.read(Path(path.strip()))
    inputs, plan = _opened(values, scenario)
    language = str(values.get("language", "en"))
    plan = plan or workbench.build_plan(inputs, scenario, language=language, sentences="")
    lines = inputs.loaded.lines
    return {
        "lines": len(lines),
        "newest": f"{lines['date'].max():%Y-%m-%d}",
        "total": int(plan.units["target"].iloc[0]),
        "positions": int(plan.units["leaf"].sum()),
        "first": f"{plan.periods[0]:%Y-%m}",
        "last": f"{plan.periods[-1]:%Y-%m}",
    }


def _opened(values: Mapping[str, Any], scenario: Any) -> tuple[Any, Any]:
    """The inputs of the run's plan, and the plan itself where one is kept."""
    import pandas as pd

    from salesforecast import desk, workbench

    organisation, draws = str(values["organisation"]), int(values.get("draws", 1000))
    if values.get("name"):
        kept, _ = desk.version_of(values.get("store", ""), values["name"])
        return desk.reopen(organisation, kept, draws=draws), kept
    if "months" in values:
        first = pd.Timestamp(scenario.first or _day(values.get("first", ""), "first"))
        months = scenario.months or values["months"]
        return desk.open_for(organisation, scenario, first=first, months=months), None
    inputs = workbench.prepare(
        organisation, draws=draws, seed=scenario.seed, measure=scenario.measure
    )
    return inputs, None


def _day(text: object, name: str) -> Any:
    import pandas as pd

    try:
        return pd.Timestamp(str(text))
    except ValueError as error:
        raise ParameterError(
            f"parameter '{name}' cannot be '{text}'.",
            where="the parameters of the run",
            fix="write a date: 2026-03-31, or a month: 2026-03.",
        ) from error
