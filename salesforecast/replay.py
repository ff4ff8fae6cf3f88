"""Past quarters replayed as of then: what each way to split the target would have asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from salesforecast.allocation.allocate import allocate
from salesforecast.fiscal import MONTHS
from salesforecast.history.series import actuals, build_history, condense, read_quotas
from salesforecast.planning.hindcast import NEAR, Hindcast, fill_missing_quarters, score
from salesforecast.planning.scenario import Scenario
from salesforecast.references import with_references
from salesforecast.reporting.wording import Wording
from salesforecast.wishes import criterion_of
from salesforecast.workbench import Inputs, Stages, build_forecast, total_of

LAST_YEAR = "pro rata, same quarter last year"
LAST_FOUR = "pro rata, last four quarters"
QUOTAS = "the company's own quotas"
FIRST_QUARTER = 4  # the fifth that is known
SUSPICIOUS = 0.6  # quotas whose spread is below this share of every other way's


@dataclass(frozen=True)
class _Quarter:
    """One replayed quarter: what was known, and what came true (on leaf)."""

    past: Inputs
    total: int
    actual: pd.Series


def hindcast(
    inputs: Inputs,
    scenario: Scenario,
    *,
    draws: int = 500,
    stages: Stages | None = None,
    language: str = "en",
) -> Hindcast | None:
    """Replay every quarter from the fifth known on and score the ways to split it.

    Returns
    -------
    Hindcast or None
        None where fewer than five whole quarters are known: there is nothing to replay.
    """
    stages = stages or Stages(quiet=True)
    cells = condense(inputs.loaded.lines)
    known = replayed_quarters(inputs)
    if not known:
        return None
    details, reasons = [], []
    words = Wording(language, 1)
    quotas = read_quotas(inputs.organisation)
    for first in known:
        with stages("hindcast"):
            quarter = _replay(inputs, cells, scenario, first, draws=draws, stages=stages)
            detail = _detail(quarter, scenario, quotas)
            details.append(detail)
            ours = detail[detail["method"] == scenario.criterion]
            reasons.append(_far_off(quarter, ours, words))
    with stages("hindcast"):
        detail = pd.concat(details, ignore_index=True)
        far = pd.concat(reasons, ignore_index=True)
        far = far.sort_values("attainment", key=lambda a: (a - 1).abs(), ascending=False)
        scored = score(detail, far_off=far.reset_index(drop=True), note="", seed=scenario.seed)
        return replace(scored, note=_note(scored, inputs.organisation.has_people, words))


def _note(scored: Hindcast, has_people: bool, words: Wording) -> str:
    """The rules of the comparison, in words."""
    said = ["replay_rules", "replay_people" if has_people else "replay_places"]
    spread = scored.summary["spread"]
    if QUOTAS in spread.index:
        said.append("replay_quotas")
        if spread[QUOTAS] < SUSPICIOUS * spread.drop(QUOTAS).min():
            said.append("replay_quotas_close")
    return ("" if words.language == "zh" else " ").join(words.say(key) for key in said)


def replayed_quarters(inputs: Inputs) -> list[pd.Timestamp]:
    """First days of the quarters that can be replayed, the earliest first; may be none."""
    return list(company_quarters(inputs)["period"])[FIRST_QUARTER:]


def company_quarters(inputs: Inputs) -> pd.DataFrame:
    """The company's sales by whole quarter: `period, label, sales`, the earliest first."""
    calendar = inputs.organisation.calendar
    sales = inputs.history.frame.groupby("period", as_index=False)["sales"].sum()
    sales["quarter"] = calendar.opening(sales["period"], inputs.span)
    table = sales.groupby("quarter").agg(sales=("sales", "sum"), periods=("period", "size"))
    whole = table[table["periods"] == len(inputs.quarter)]["sales"]
    kept = whole.rename_axis("period").reset_index()
    kept["label"] = [calendar.label(first, inputs.span) for first in kept["period"]]
    return kept[["period", "label", "sales"]]


def _replay(
    inputs: Inputs,
    cells: pd.DataFrame,
    scenario: Scenario,
    first: pd.Timestamp,
    *,
    draws: int,
    stages: Stages,
) -> _Quarter:
    cutoff = first - pd.DateOffset(months=MONTHS[inputs.organisation.freq])
    history = build_history(cells, inputs.organisation, cutoff=cutoff)
    with stages("forecast"):
        past = build_forecast(
            inputs.organisation,
            inputs.loaded,
            (),
            history,
            draws=draws,
            seed=scenario.seed,
            missing="leave",
        )
    free = replace(scenario, total=None, chance=None, rules=())
    sold = actuals(cells, inputs.organisation, history, past.quarter)
    actual = sold.groupby("node")["actual"].sum().reindex(history.hierarchy.leaves)
    return _Quarter(past, total_of(past, free), actual)


def _detail(quarter: _Quarter, scenario: Scenario, quotas: pd.DataFrame) -> pd.DataFrame:
    """Target and attainment of every person under every method."""
    past = quarter.past
    by_habit = _habits(past)
    people = _scored(past)
    calendar = past.organisation.calendar
    known = with_references(
        past.leaves, scenario, past.hierarchy, past.quarter, gaps="forecast", fiscal=calendar
    )
    asked = {
        scenario.criterion: _targets(quarter, scenario, known, criterion_of(scenario)),
        **{
            name: _targets(quarter, scenario, past.leaves.assign(history=column), "history")
            for name, column in by_habit.items()
        },
    }
    given = quotas[quotas["period"] == past.quarter[0]].set_index("person")["quota"]
    if len(given):
        asked[QUOTAS] = people.map(given).dropna()
    rows = []
    for method, targets in asked.items():
        frame = pd.DataFrame({"target": targets.reindex(people.index)}).dropna()
        frame["method"], frame["label"] = method, people.reindex(frame.index)
        frame["actual"] = quarter.actual.reindex(frame.index)
        rows.append(frame.rename_axis("node").reset_index())
    detail = pd.concat(rows, ignore_index=True)
    detail["quarter"] = past.quarter[0]
    detail["attainment"] = (detail["actual"] / detail["target"]).where(detail["target"] > 0)
    return detail


def _scored(past: Inputs) -> pd.Series:
    """Name of every unit that is scored, on leaf: people, or places where no table names any."""
    people = past.history.roster.set_index("node")["person"]
    people = people[people.index.isin(past.hierarchy.leaves)]
    if len(people) or past.organisation.has_people:
        return people
    return past.hierarchy.nodes.loc[past.hierarchy.leaves, "label"]


def _targets(
    quarter: _Quarter,
    scenario: Scenario,
    leaves: pd.DataFrame,
    criterion: str | Mapping[str, float],
) -> pd.Series:
    past = quarter.past
    allocation = allocate(
        quarter.total,
        past.hierarchy,
        leaves,
        criterion=criterion,
        step=scenario.step,
        draws=past.draws,
    )
    return allocation.targets


def _habits(past: Inputs) -> Mapping[str, pd.Series]:
    """What planners do by habit: references on leaf, joiners' missing quarters filled."""
    sales = past.history.frame
    calendar = past.organisation.calendar
    quarter = calendar.opening(sales["period"], past.span)
    table = sales.assign(quarter=quarter).pivot_table(
        index="node", columns="quarter", values="sales", aggfunc="sum"
    )
    last = table.iloc[:, -4:]
    filled = fill_missing_quarters(last).reindex(past.hierarchy.leaves).fillna(0.0)
    return {LAST_YEAR: filled.iloc[:, 0], LAST_FOUR: filled.mean(axis=1)}


def _far_off(quarter: _Quarter, detail: pd.DataFrame, words: Wording) -> pd.DataFrame:
    """Who missed or exceeded by more than 20 %, and what can be said about why."""
    past = quarter.past
    label = past.organisation.calendar.label(past.quarter[0], past.span)
    far = detail[(detail["attainment"] < NEAR[0]) | (detail["attainment"] > NEAR[1])]
    starts = past.history.roster.set_index("node")["start"]
    opening = past.history.frame["period"].min() + pd.DateOffset(months=1)
    months = past.history.frame.groupby("node")["period"].nunique()
    company = quarter.actual.sum() / past.leaves["forecast"].sum()
    whys = []
    for node, actual, attained in far[["node", "actual", "attainment"]].itertuples(index=False):
        seen = past.leaves.loc[node]
        facts = []
        if months.get(node, 0) < 12:
            facts.append(words.say("why_months", n=months.get(node, 0)))
        start = starts.get(node, opening)
        moved = opening < start > past.quarter[0] - pd.DateOffset(years=1)
        if moved and months.get(node, 0) >= 12:
            facts.append(words.say("why_moved", month=f"{start:%Y-%m}"))
        if seen["history"] > 0:
            facts.append(
                words.say(
                    "why_last_year",
                    sold=f"{actual / seen['history']:.1f}",
                    expected=f"{seen['forecast'] / seen['history']:.1f}",
                )
            )
        if abs(company - 1) > 0.1 and (company > 1) == (attained > 1):  # else it is no reason
            facts.append(words.say("why_company", percent=words.percent(company)))
        whys.append(
            ("；" if words.language == "zh" else "; ").join(facts) or words.say("why_unknown")
        )
    columns = ["label", "target", "actual", "attainment"]
    return far[columns].assign(quarter=label, why=whys)[["quarter", *columns, "why"]]
