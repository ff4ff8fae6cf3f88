"""A plan through its year: opened, asked what if, tracked and re-planned; where stages meet."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from salesforecast import workbench
from salesforecast.errors import DataError, ParameterError
from salesforecast.forecasting.forecast import Forecast, forecast
from salesforecast.forecasting.oddities import unsaid
from salesforecast.hierarchy import ROOT
from salesforecast.history.load import Loaded
from salesforecast.history.measures import load_measure
from salesforecast.history.organisation import Organisation
from salesforecast.history.series import (
    actuals,
    build_history,
    known_until,
    last_complete_period,
    longest_pause,
)
from salesforecast.influences.walk import forecast_with
from salesforecast.planning.basis import Basis
from salesforecast.planning.corridors import check_corridors, locked_cells
from salesforecast.planning.decision import Decision
from salesforecast.planning.plan import Plan, hedge_on_path, round_to_step
from salesforecast.planning.reach import check_reach, far_ahead, unequal
from salesforecast.planning.replan import Replan, replan
from salesforecast.planning.scenario import Scenario
from salesforecast.planning.track import Tracking, track
from salesforecast.planning.what_if import WhatIf
from salesforecast.planning.workdays import WorkCalendar
from salesforecast.tables import ALL_PRODUCTS, HISTORY, Samples
from salesforecast.wishes import forecast_digest
from salesforecast.workbench import Inputs

SETTLED = "settled"  # column of a plan's units: gap that was decided on


def open_year(
    organisation: str | Path | Organisation,
    *,
    first: pd.Timestamp | str | None = None,
    months: int = 12,
    draws: int = 1000,
    seed: int = 0,
    measure: str = "",
    cutoff: str = "",
) -> Inputs:
    """Prepare a plan of any length as of the month before `first`, or as of the data's end.

    Months between the data's end and the plan are forecast, never taken for months without
    sales; where last year's figures are not known yet, their forecast stands for them.

    Parameters
    ----------
    first
        First month of the plan, or a text that names it or a day in it; by default the quarter
        after the data. What is known later is not looked at, but stays in `loaded` as actuals.
    measure
        Which of the organisation's measures; empty: its first.
    cutoff
        Last month that the forecast may know, of a plan that was made earlier.

    Raises
    ------
    DataError
        If the data is refused, or ends before `cutoff`.
    """
    described = workbench.read_organisation(organisation, measure=measure)
    if described.freq != "M":
        raise ParameterError(
            "a plan through the year is made of months.",
            where=f"the calendar of '{described.name}' has periods of length '{described.freq}'",
            fix="plan it quarter by quarter or year by year with quarterly_allocation.",
        )
    if isinstance(first, str):
        first = described.calendar.named(first)
    loaded = load_measure(described)
    findings = workbench.check(loaded, described)
    known = _known(loaded, described, first, cutoff)
    start = described.calendar.next_quarter(known)[0] if first is None else first
    check_reach(known, start, months)
    history = build_history(loaded.lines, described, cutoff=known)
    periods = described.calendar.periods(pd.Timestamp(start), months, "M")
    _ = described.calendar.ends(periods)  # refuses months that a table of one's own does not know
    ahead = (periods[-1].year - history.cutoff.year) * 12 + periods[-1].month - history.cutoff.month
    made, history, influences = forecast_with(
        described,
        history,
        horizon=max(ahead, workbench.months_ahead(described, history.cutoff)),  # as a quarter's run
        draws=draws,
        seed=seed,
        missing="ask" if first is None else "leave",
    )
    basis = Basis(Scenario(), history.hierarchy, made.frame, made.samples, history.frame)
    draws_over = made.samples.over(periods)[history.hierarchy.leaves]
    since = history.frame["period"].min()
    said = (
        *findings,
        *history.findings,
        *far_ahead(since, history.cutoff, periods[-1]),
        *unequal(described.calendar, periods),
    )
    everything = (*said, *influences.findings, *unsaid(made.findings, said))
    leaves = basis.leaves(periods)
    return Inputs(
        described, loaded, everything, history, made, periods, leaves, draws_over, influences
    )


def _known(
    loaded: Loaded, organisation: Organisation, first: pd.Timestamp | None, cutoff: str
) -> pd.Timestamp:
    """The last month to forecast from: complete, before `first`, and no later than `cutoff`."""
    last = last_complete_period(loaded.lines, organisation)
    if cutoff:
        asked = pd.Timestamp(cutoff)
        if asked > loaded.lines["period"].max():
            raise DataError(
                f"the data end with {last:%Y-%m}.",
                where=f"the plan was made from sales up to {cutoff}",
                fix="bring the newer orders back, or remove `cutoff` from the scenario.",
            )
        return asked
    return last if first is None else min(last, pd.Timestamp(first) - pd.DateOffset(months=1))


def basis_of(inputs: Inputs, scenario: Scenario) -> Basis:
    """What a what-if may change."""
    made = inputs.forecast
    return Basis(scenario, inputs.hierarchy, made.frame, made.samples, inputs.history.frame)


def inputs_of(basis: Basis, inputs: Inputs) -> Inputs:
    """The inputs with a changed basis in place of their own."""
    made: Forecast = replace(inputs.forecast, frame=basis.forecast, samples=basis.samples)
    history = replace(inputs.history, frame=basis.history, hierarchy=basis.hierarchy)
    draws = basis.samples.over(inputs.quarter)[basis.hierarchy.leaves]
    leaves = basis.leaves(inputs.quarter)
    return replace(inputs, forecast=made, history=history, leaves=leaves, draws=draws)


def ask(inputs: Inputs, scenario: Scenario, question: WhatIf) -> Plan:
    """The plan as it would be, if."""
    changed = question.apply(basis_of(inputs, scenario))
    return workbench.build_plan(inputs_of(changed, inputs), changed.scenario)


def keeping_total(inputs: Inputs, scenario: Scenario) -> Scenario:
    """The scenario with its company target written down, so that every what-if keeps it."""
    return replace(scenario, total=workbench.total_of(inputs, scenario), chance=None)


def side_by_side(inputs: Inputs, scenario: Scenario, questions: list[WhatIf]) -> dict[str, Plan]:
    """The plan and any number of what-ifs, for `compare`."""
    plans = {"plan": workbench.build_plan(inputs, scenario)}
    return plans | {question.name: ask(inputs, scenario, question) for question in questions}


def from_store(address: str, name: str) -> Plan:
    """The approved version of a plan, or its newest; an empty address is the usual store."""
    return version_of(address, name)[0]


def version_of(address: str, name: str) -> tuple[Plan, str]:
    """The same with its version in words: `FY2014, version 3, approved`."""
    from salesforecast.planning.store import Store

    with Store(address or None) as store:
        approved = store.approved(name)
        version = approved or store.version(name)
        said = f"{name}, version {version.number}, {version.status}"
        return store.load(name, version.number), said


def provenance(inputs: Inputs) -> Mapping[str, str]:
    """Where a plan's figures came from: hash of data and of the forecast."""
    data = hashlib.sha256()
    for name in sorted(map(str, inputs.loaded.inputs)):
        data.update(f"{Path(name).name} {inputs.loaded.inputs[name]}\n".encode())
    return {
        "data": data.hexdigest(),
        "forecast": forecast_digest(inputs.forecast.frame),
        "cutoff": f"{inputs.history.cutoff:%Y-%m-%d}",
        "organisation": inputs.organisation.name,
    }


def recorded(inputs: Inputs, scenario: Scenario) -> Scenario:
    """The scenario with everything that its plan was made from: the same file, the same plan.

    Measure, first month, length, number of draws, seed, sha256 of every data file, and digest
    of the forecast; a plan from other data or another forecast is refused.
    """
    return replace(
        scenario,
        measure=inputs.organisation.measure.name,
        first=f"{inputs.quarter[0]:%Y-%m}",
        months=len(inputs.quarter),
        draws=len(inputs.draws),
        cutoff=f"{inputs.history.cutoff:%Y-%m}",
        data={Path(name).name: digest for name, digest in inputs.loaded.inputs.items()},
        forecast=forecast_digest(inputs.forecast.frame),
    )


def open_for(
    organisation: str | Path | Organisation,
    scenario: Scenario,
    *,
    first: pd.Timestamp | str | None = None,
    months: int | None = None,
) -> Inputs:
    """The inputs that a scenario asks for; what it does not say is as given, or a year.

    Raises
    ------
    ParameterError
        If the scenario says another month or length than the call.
    """
    described = workbench.read_organisation(organisation, measure=scenario.measure)
    if isinstance(first, str):
        first = described.calendar.named(first)
    begins = pd.Timestamp(scenario.first) if scenario.first else first
    length = scenario.months or months or 12
    if (first is not None and begins != pd.Timestamp(first)) or (months or length) != length:
        raise ParameterError(
            "the call asks for other months than the scenario.",
            where=f"the scenario says {length} months from {scenario.first or 'anywhere'}",
            fix="leave --first and --months out, or change the scenario.",
        )
    _ = WorkCalendar(scenario.calendar)  # refuses a country that it does not know
    return open_year(
        described,
        first=begins,
        months=length,
        draws=scenario.draws or 1000,
        seed=scenario.seed,
        measure=scenario.measure,
        cutoff=scenario.cutoff,
    )


def reopen(organisation: str | Path | Organisation, plan: Plan, *, draws: int = 1000) -> Inputs:
    """The inputs of a saved plan, as they were known when it was made."""
    made = plan.scenario
    return open_year(
        organisation,
        first=plan.periods[0],
        months=len(plan.periods),
        draws=made.draws or draws,
        seed=made.seed,
        measure=made.measure,
        cutoff=made.cutoff,
    )


def sold(inputs: Inputs, plan: Plan, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """`ACTUALS` of the plan's leaves up to `as_of`, credited as the plan's roster has it.

    Raises
    ------
    DataError
        If `as_of` lies further after everything that was read than sales ever paused.
    """
    begun = inputs.organisation.calendar.first_days(plan.periods)
    periods = plan.periods[begun <= as_of]
    if not len(periods):
        raise ParameterError(
            "no period of the plan has begun.",
            where=f"it is {as_of:%Y-%m-%d}, and the plan begins {begun[0]:%Y-%m-%d}",
            fix="give a later day.",
        )
    return _credited(inputs, periods, as_of=as_of)


def _credited(inputs: Inputs, periods: pd.DatetimeIndex, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """`ACTUALS` of `periods` up to `as_of`; refused where the data end before."""
    known, calendar = inputs.loaded.lines, inputs.organisation.calendar
    last, after = known["period"].max(), pd.Timestamp(as_of).normalize() + pd.Timedelta(days=1)
    until = known_until(known, inputs.organisation)
    silent = after - until > longest_pause(known) + pd.Timedelta(days=1)
    if silent or (periods[calendar.ends(periods) <= after] > last).any():
        raise DataError(
            f"the data end with {until:%Y-%m-%d}: what came later would look as if nothing was sold.",
            where=f"as of {as_of:%Y-%m-%d}",
            fix=f"bring newer orders, or look as of {until:%Y-%m-%d}.",
        )
    lines = known[known["date"] < after]
    return actuals(lines, inputs.organisation, inputs.history, periods)


def ahead(inputs: Inputs, plan: Plan, *, closed: pd.Timestamp, draws: int, seed: int) -> Samples:
    """Samples of what is left of a plan, forecast anew from what its positions sold so far."""
    frame = sales_until(inputs, closed)
    left = int((plan.periods > closed).sum())
    made = forecast(frame, plan.hierarchy, cutoff=closed, horizon=left, draws=draws, seed=seed)
    return made.samples


def sales_until(inputs: Inputs, closed: pd.Timestamp) -> pd.DataFrame:
    """`HISTORY` of the leaves up to a closed month, of all products together."""
    past = inputs.history.frame.groupby(["node", "period"], as_index=False)["sales"].sum()
    since = pd.date_range(inputs.history.cutoff, closed, freq="MS", inclusive="right", unit="us")
    day = inputs.organisation.calendar.dates(closed)[1]
    new = _credited(inputs, since, as_of=day).rename(columns={"actual": "sales"})
    rows = pd.concat([past, new])
    return HISTORY.check(rows.assign(product=ALL_PRODUCTS))


def track_plan(inputs: Inputs, plan: Plan, *, as_of: pd.Timestamp, draws: int = 500) -> Tracking:
    """How a plan stands on a day: actuals, pace by season and working days, landing, chance."""
    day, calendar = pd.Timestamp(as_of).normalize(), inputs.organisation.calendar
    months = plan.periods[calendar.ends(plan.periods) <= day + pd.Timedelta(days=1)]
    closed = months[-1] if len(months) else plan.periods[0] - pd.DateOffset(months=1)
    samples = None
    if closed < plan.periods[-1] and len(months):
        samples = ahead(inputs, plan, closed=closed, draws=draws, seed=plan.scenario.seed)
    elif not len(months):
        samples = inputs.forecast.samples
    country = plan.scenario.calendar
    return track(
        plan.targets,
        sold(inputs, plan, as_of=day),
        plan.hierarchy,
        as_of=day,
        samples=samples,
        gone=WorkCalendar(country, fiscal=calendar).share_gone if country else None,
        calendar=calendar,
    )


def replan_year(
    inputs: Inputs, plan: Plan, *, closed: pd.Timestamp, decision: Decision | None = None
) -> tuple[Plan, Replan]:
    """The plan for what is left of its year, by a decision (default: that of its scenario).

    Returns
    -------
    tuple
        The new plan, whose units say in `settled` what has been decided on, and the moves.
    """
    chosen = decision or plan.scenario.replan or Decision()
    day = inputs.organisation.calendar.dates(closed)[1]
    leaves = plan.hierarchy.leaves
    corridors = plan.scenario.corridors
    settled = plan.units[SETTLED][leaves] if SETTLED in plan.units else None
    made = replan(
        plan.targets,
        sold(inputs, plan, as_of=day),
        plan.hierarchy,
        closed=closed,
        decision=chosen,
        settled=settled,
        step=plan.scenario.step,
        rules=plan.scenario.limits(plan.periods, fiscal=plan.calendar),
        baseline=plan.units["baseline"][leaves],
        locked=locked_cells(corridors, plan.targets, plan.hierarchy),
    )
    check_corridors(corridors, plan.targets, made.targets, plan.hierarchy)
    scenario = replace(plan.scenario, replan=chosen)
    changed = replace(plan, scenario=scenario, targets=made.targets, spread=None)
    return replace(changed, units=_units(changed, made)), made


def _units(plan: Plan, made: Replan) -> pd.DataFrame:
    """The plan's units with their new targets, and what has been decided on."""
    units = plan.units.copy()
    units["target"] = plan.months.sum(axis=1)
    factor = hedge_on_path(plan.hierarchy, plan.scenario.hedge)
    exact = (units["target"] * factor).to_numpy()
    units["assigned"] = round_to_step(np.asarray(exact), plan.scenario.step)
    target = units["target"]
    units["growth"] = (target / units["baseline"] - 1).where(units["baseline"] > 0)
    units["stretch"] = (target / units["forecast"] - 1).where(units["forecast"] > 0)
    decided = plan.hierarchy.totals(made.settled.to_frame(SETTLED))[SETTLED]
    units[SETTLED] = decided
    units["chance"] = units["chance"].where(~units.index.isin(_moved(made, plan)))
    return units


def _moved(made: Replan, plan: Plan) -> set[str]:
    """Units whose target changed: their chance is to be had from tracking."""
    out = set(made.moves["node"])
    for node in list(out):
        out |= set(plan.hierarchy.ancestors(node))
    return out | ({ROOT} if out else set())
