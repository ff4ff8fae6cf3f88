"""The walk through the rooms: the one place where stages meet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from pathlib import Path

import numpy as np
import pandas as pd

from salesforecast.allocation.allocate import Allocation, allocate
from salesforecast.allocation.conflicts import told_in
from salesforecast.allocation.explain import explain, sentence
from salesforecast.errors import DataError, Finding
from salesforecast.fiscal import MONTHS
from salesforecast.forecasting.forecast import Forecast
from salesforecast.forecasting.oddities import unsaid
from salesforecast.futures import Futures
from salesforecast.grain import Shape, corridor_limits, grain_of, months_of, within
from salesforecast.hierarchy import Hierarchy
from salesforecast.history.load import Loaded
from salesforecast.history.measures import load_measure
from salesforecast.history.organisation import Organisation
from salesforecast.history.series import History, build_history
from salesforecast.history.validate import refuse_errors, validate
from salesforecast.influences.ledger import Influences, Missing
from salesforecast.influences.walk import forecast_with
from salesforecast.jobs import beside_notebooks
from salesforecast.lifted import Prices
from salesforecast.planning.plan import Plan, hedge_on_path, round_to_step
from salesforecast.planning.reach import unequal
from salesforecast.planning.scenario import Scenario
from salesforecast.references import with_references
from salesforecast.reporting.report import folded
from salesforecast.reporting.wording import off_the_ends
from salesforecast.rules import Rule
from salesforecast.stages import Stages
from salesforecast.wishes import MOST, check_fit, check_wish, criterion_of

HORIZON_QUARTERS = 2


@dataclass(frozen=True)
class Inputs:
    """Everything that a plan is made from and that no scenario changes.

    Parameters
    ----------
    organisation, loaded, findings, history, forecast
        What the stages handed on.
    quarter
        The months to plan.
    leaves
        On leaf, float64, over the quarter: `forecast` (mean), `history` (the same quarter a
        year before), `last_four` (a quarter of the last twelve months).
    draws
        Samples over the quarter, draw × leaf.
    influences
        What moved the forecast besides time.
    """

    organisation: Organisation
    loaded: Loaded
    findings: tuple[Finding, ...]
    history: History
    forecast: Forecast
    quarter: pd.DatetimeIndex
    leaves: pd.DataFrame
    draws: pd.DataFrame
    influences: Influences = field(default_factory=Influences)

    @property
    def hierarchy(self) -> Hierarchy:
        """The organisation at the cutoff."""
        return self.history.hierarchy

    @cached_property
    def expected(self) -> pd.DataFrame:
        """The tree's nodes with what no scenario moves: `baseline, forecast, low80, high80`."""
        hierarchy = self.hierarchy
        sums = hierarchy.totals(self.leaves[["history", "forecast"]])
        low, high = np.quantile(self.futures.sums().T, [0.1, 0.9], axis=0)
        names = {"baseline": sums["history"], "forecast": sums["forecast"]}
        return hierarchy.nodes.assign(**names, low80=low, high80=high)

    @cached_property
    def futures(self) -> Futures:
        """The draws, with what every plan asks of them anew."""
        return Futures(self.hierarchy, self.leaves, self.draws)

    @cached_property
    def shape(self) -> Shape:
        """How the forecast lies over the months and products of the plan."""
        ahead = self.forecast.frame[self.forecast.frame["period"].isin(self.quarter)]
        return Shape.of(ahead, self.hierarchy.leaves)

    @property
    def span(self) -> str:
        """What is planned at once: `"Q"`, or `"Y"` where sales are known by the year only."""
        return "Y" if self.organisation.freq == "Y" else "Q"


def prepare(
    organisation: str | Path | Organisation,
    *,
    draws: int = 1000,
    seed: int = 0,
    measure: str = "",
    stages: Stages | None = None,
) -> Inputs:
    """Load, validate, regularise and forecast: the slow part, once for any number of plans.

    Raises
    ------
    DataError
        If the data is refused; every reason is listed.
    """
    stages = stages or Stages(quiet=True)
    with stages("load"):
        described = read_organisation(organisation, measure=measure)
        loaded = load_measure(described)
    with stages("validate"):
        findings = check(loaded, described)
    with stages("history"):
        history = build_history(loaded.lines, described)
    with stages("forecast"):
        return build_forecast(
            described, loaded, (*findings, *history.findings), history, draws=draws, seed=seed
        )


def read_organisation(
    organisation: str | Path | Organisation, *, measure: str = ""
) -> Organisation:
    """Read an `organisation.toml`, or take one that was read; with one of its measures chosen."""
    if not isinstance(organisation, Organisation):
        organisation = Organisation.read(beside_notebooks(str(organisation)))
    return organisation.measuring(measure)


def check(loaded: Loaded, organisation: Organisation) -> tuple[Finding, ...]:
    """All findings of loading and validation, or `DataError` if one of them is an error."""
    findings = validate(loaded, organisation)
    refuse_errors(findings)
    return findings


def months_ahead(organisation: Organisation, cutoff: pd.Timestamp) -> int:
    """Months after `cutoff` that are forecast to plan the next quarter: to the end of the one after."""
    quarter, step = planned_periods(organisation, cutoff), MONTHS[organisation.freq]
    last = quarter[-1] + pd.DateOffset(months=len(quarter) * step * (HORIZON_QUARTERS - 1))
    return int((last.year - cutoff.year) * 12 + last.month - cutoff.month)


def build_forecast(
    organisation: Organisation,
    loaded: Loaded,
    findings: tuple[Finding, ...],
    history: History,
    *,
    draws: int,
    seed: int,
    missing: Missing = "ask",
) -> Inputs:
    """Forecast the next two quarters and gather what the first of them is planned from.

    A replay leaves out what is declared but was not known then (`missing="leave"`).
    """
    step = MONTHS[organisation.freq]
    quarter = planned_periods(organisation, history.cutoff)
    ahead = months_ahead(organisation, history.cutoff)
    made, history, influences = forecast_with(
        organisation, history, horizon=ahead // step, draws=draws, seed=seed, missing=missing
    )
    findings = (*findings, *unequal(organisation.calendar, quarter, organisation.freq))
    return Inputs(
        organisation,
        loaded,
        (*findings, *influences.findings, *unsaid(made.findings, findings)),
        history,
        made,
        quarter,
        _leaves(history, made, quarter, step),
        made.samples.over(quarter)[history.hierarchy.leaves],
        influences,
    )


def planned_periods(organisation: Organisation, cutoff: pd.Timestamp) -> pd.DatetimeIndex:
    """The periods planned next: a quarter's months, a whole quarter, or a whole year.

    `organisation.freq` says how finely sales are known, and so how finely targets are set.
    """
    calendar, freq = organisation.calendar, organisation.freq
    if freq == "M":
        return calendar.next_quarter(cutoff)
    return calendar.periods(cutoff + pd.DateOffset(months=MONTHS[freq]), 1, freq)


def _leaves(history: History, made: Forecast, quarter: pd.DatetimeIndex, step: int) -> pd.DataFrame:
    """References of every leaf over the quarter; zero where it sold nothing."""
    sales = history.frame
    year_before = quarter - pd.DateOffset(years=1)
    recent = sales[sales["period"] > history.cutoff - pd.DateOffset(years=1)]
    quarters = 12 / (len(quarter) * step)
    ahead = made.frame[made.frame["period"].isin(quarter)]
    columns = {
        "forecast": ahead.groupby("node")["forecast"].sum(),
        "history": sales[sales["period"].isin(year_before)].groupby("node")["sales"].sum(),
        "last_four": recent.groupby("node")["sales"].sum() / quarters,
    }
    return pd.DataFrame(columns).reindex(history.hierarchy.leaves).fillna(0.0)


def total_of(inputs: Inputs, scenario: Scenario) -> int:
    """The company target: given, or from the chance, or the forecast plus the stretch."""
    if scenario.total is not None:
        return scenario.total
    if scenario.chance is not None:
        wanted = float(inputs.draws.quantile(1 - scenario.chance).sum())
    else:
        wanted = float(inputs.leaves["forecast"].sum()) * (1 + scenario.stretch)
    if not 0 <= wanted <= MOST:
        raise DataError(
            f"the company target would be {wanted:,.0f}.",
            where=f"the forecast of the quarter adds up to {inputs.leaves['forecast'].sum():,.0f}",
            fix="give a total in the scenario; a target is zero or more, and exact up to 2^53.",
        )
    total = int(round_to_step(np.array([wanted]), scenario.step)[0])
    if not total and wanted >= 1:
        raise DataError(
            "the money step is larger than what is to be planned.",
            where=f"step {scenario.step:,}; the company target would be {wanted:,.0f}",
            fix=f"write a smaller step, such as {10 ** max(len(str(int(wanted))) - 4, 0):,}.",
        )
    return total


def build_plan(
    inputs: Inputs,
    scenario: Scenario,
    *,
    language: str = "en",
    before: Plan | None = None,
    sentences: str = "every unit",
) -> Plan:
    """Allocate, cascade and explain: from a scenario to a plan, in well under a second.

    Parameters
    ----------
    before
        The plan that `least change` and `few changes` stay near to; by default last year's sales.
    sentences
        Which units get their `sentence`; empty: none, which a live screen asks for one by one.

    Raises
    ------
    InfeasibleError
        If no plan satisfies every limit; the message says which ones and what would.
    """
    check_wish(scenario, language=language)
    check_fit(
        scenario,
        inputs.hierarchy,
        measure=inputs.organisation.measure.name,
        data=inputs.loaded.inputs,
        forecast=inputs.forecast.frame,
        periods=inputs.quarter,
        draws=len(inputs.draws),
    )
    total = total_of(inputs, scenario)
    known, shape = inputs.leaves, inputs.shape
    if before is not None:
        old = before.targets.groupby("node")["target"].sum()
        known = known.assign(plan=old.reindex(known.index).fillna(0.0).astype("float64"))
    calendar = inputs.organisation.calendar
    known = with_references(known, scenario, inputs.hierarchy, inputs.quarter, fiscal=calendar)

    def allocated(rules: tuple[Rule, ...]) -> Allocation:
        return _allocate(inputs, known, replace(scenario, rules=rules), total)

    with told_in(language):
        allocation = _allocate(inputs, known, scenario, total)
    explained = explain(
        allocation,
        inputs.hierarchy,
        known,
        criterion=criterion_of(scenario),
        draws=inputs.draws,
    )
    units = _units(inputs, scenario, allocation)

    @cache
    def by_month() -> pd.DataFrame:
        return months_of(allocation.targets, shape, step=scenario.step)

    @cache
    def grains() -> tuple[pd.DataFrame, pd.DataFrame]:
        free = grain_of(by_month(), shape, step=scenario.step)
        kept = within(free, scenario.corridors, inputs.hierarchy, step=scenario.step)
        return kept, corridor_limits(free, kept, scenario.corridors, inputs.hierarchy)

    prices = Prices(allocation, scenario.rules, inputs.hierarchy, allocated, language)

    def limits() -> pd.DataFrame:
        own = prices.table()
        if not scenario.corridors:
            return own
        parts = [part for part in (own, grains()[1]) if len(part)]
        return pd.concat(parts, ignore_index=True)

    if scenario.corridors:
        with told_in(language):
            grains()  # refused now, not when somebody reads them
    if sentences:
        measure = inputs.organisation.measure
        unit, name = measure.divisor, measure.display or measure.unit
        units["sentence"] = [
            sentence(explained, node, language=language, unit=unit, unit_name=name)
            for node in units.index
        ]
    return Plan(
        scenario=scenario,
        hierarchy=inputs.hierarchy,
        periods=inputs.quarter,
        units=units,
        explanation=explained,
        targets=lambda: grains()[0],
        limits=limits,
        level_words=allocation.level_words,
        findings=allocation.findings,
        calendar=calendar,
        freq=inputs.organisation.freq,
        spread=None if scenario.corridors else by_month,
        binding=None if scenario.corridors else [partial(prices.row, at) for at in prices.holding],
    )


def _allocate(inputs: Inputs, leaves: pd.DataFrame, scenario: Scenario, total: int) -> Allocation:
    return allocate(
        total,
        inputs.hierarchy,
        leaves,
        criterion=inputs.futures.criterion(scenario),
        rules=scenario.limits(inputs.quarter, fiscal=inputs.organisation.calendar),
        step=scenario.step,
        draws=inputs.draws,
    )


def _units(inputs: Inputs, scenario: Scenario, allocation: Allocation) -> pd.DataFrame:
    """One row a node: what is known, what is asked, and what it means."""
    known = inputs.expected
    target = allocation.nodes["target"].to_numpy()
    factor = hedge_on_path(inputs.hierarchy, scenario.hedge).to_numpy()
    return known.assign(
        target=target,
        assigned=round_to_step(target * factor, scenario.step),
        growth=_against(target, known["baseline"]),
        stretch=_against(target, known["forecast"]),
        chance=inputs.futures.chances(allocation.targets),
        limit=allocation.nodes["limit"],
    )


def _against(target: np.ndarray, known: pd.Series) -> np.ndarray:
    """How far the targets lie above what is known; missing where there is nothing to compare with."""
    base = known.to_numpy(dtype=float)
    out = np.full(len(base), np.nan)
    return np.divide(target, base, out=out, where=base > 0) - 1


def summary(plan: Plan, *, divisor: int = 1) -> pd.DataFrame:
    """The table that a run ends with: every unit above the positions, an only child folded in."""
    top = folded(plan.units)
    names = [
        ("  " * depth) + label for depth, label in zip(top["depth"], top["label"], strict=True)
    ]
    return pd.DataFrame(
        {
            "unit": names,
            "last year": (top["baseline"] / divisor).round().astype("int64").to_numpy(),
            "forecast": (top["forecast"] / divisor).round().astype("int64").to_numpy(),
            "target": (top["target"] / divisor).round().astype("int64").to_numpy(),
            "growth %": (100 * top["growth"]).round(1).to_numpy(),
            "chance %": (100 * top["chance"].map(off_the_ends)).round().astype("int64").to_numpy(),
        }
    )
