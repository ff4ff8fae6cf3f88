"""Second opinions: the pipeline of projects, and places that have no history yet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from salesforecast.errors import DataError
from salesforecast.fiscal import MONTHS
from salesforecast.forecasting.forecast import Forecast, forecast
from salesforecast.forecasting.moved import moved
from salesforecast.forecasting.openings import Borrowed, borrow, nearest, ramp_of, widen
from salesforecast.forecasting.overrides import Override, override
from salesforecast.forecasting.pipeline import Opinion, blend, form_opinion, weigh
from salesforecast.hierarchy import ROOT, SEPARATOR, Hierarchy
from salesforecast.history.further import read_pipeline
from salesforecast.history.organisation import Organisation
from salesforecast.history.series import History
from salesforecast.influences.ledger import OPINIONS, Ledger, percent
from salesforecast.tables import FORECAST, Samples

STATEMENTS = 6  # earlier statements of the pipeline that are judged, at most
JUDGED = 3  # periods ahead that they are judged over
FEW_DRAWS = 50  # a look back needs means only


def ask_pipeline(
    made: Forecast, organisation: Organisation, history: History, ledger: Ledger
) -> Forecast:
    """Blend the projects' weighted value into the forecast, unit by unit, as far as it earned it."""
    projects = read_pipeline(organisation)
    names = projects["node"].unique()
    if ledger.missing == "leave":
        names = np.array([name for name in names if name in history.hierarchy.nodes.index])
    named = _topmost(names, history.hierarchy, organisation)
    periods = made.samples.periods
    current = _stated(projects, _after(history.cutoff, organisation))
    pasts = _past(projects, named, organisation, history)
    agreed, rows = [], []
    for node in named:
        own = current[_within(current["node"], node)]
        opinion = form_opinion(node, weigh(own, periods), pasts[node])
        leaves = history.hierarchy.within(node)
        models = made.frame[made.frame["node"].isin(leaves)].groupby("period")["forecast"].sum()
        models = models.reindex(periods).fillna(0.0)
        after = blend(models, opinion)
        rows.append(_row(opinion, models, after))
        _say(opinion, models, after, ledger)
        if opinion.weight > 0:
            agreed += [
                Override(node, (f"{at:%Y-%m-%d}",), f"{history.cutoff:%Y-%m-%d}", "pipeline", "blend",
                         value=float(value))
                for at, value in after.items()
            ]  # fmt: skip
    ledger.opinions = pd.DataFrame(rows, columns=OPINIONS)
    if not agreed:
        return made
    blended, _ = override(made, history.hierarchy, agreed)
    ledger.step("pipeline", made.frame, blended.frame)
    return blended


def _row(opinion: Opinion, models: pd.Series, after: pd.Series) -> tuple[object, ...]:
    return (
        opinion.node, float(opinion.weighted.sum()), opinion.coverage, opinion.outcomes,
        opinion.error_models, opinion.error_pipeline, opinion.weight,
        float(models.sum()), float(after.sum()),
    )  # fmt: skip


def _say(opinion: Opinion, models: pd.Series, after: pd.Series, ledger: Ledger) -> None:
    facts: dict[str, Any] = {
        "node": opinion.node,
        "value": float(opinion.weighted.sum()),
        "n": opinion.outcomes,
    }
    if not opinion.weight:
        ledger.note("pipeline shown", "[pipeline]", **facts)
        return
    change = after.sum() / models.sum() - 1 if models.sum() else float("nan")
    ledger.note(
        "pipeline",
        "[pipeline]",
        **facts,
        coverage=opinion.coverage,
        ours=opinion.error_pipeline,
        theirs=opinion.error_models,
        weight=opinion.weight,
        change=percent(change),
    )


def _topmost(names: np.ndarray, tree: Hierarchy, organisation: Organisation) -> list[str]:
    """Units that projects are named for, without those inside another one."""
    stray = sorted(set(names) - set(tree.nodes.index))
    if stray:
        raise DataError(
            f"the pipeline names {len(stray)} units that do not exist.",
            where=f"{organisation.declared.pipeline and organisation.declared.pipeline.path}: '{stray[0]}'",
            fix="write the unit's whole path, as targets.csv names it.",
        )
    above = {name: set(tree.ancestors(name)) for name in names}
    return sorted(name for name in names if not above[name] & set(names))


def _within(nodes: pd.Series, node: str) -> pd.Series:
    return (node == ROOT) | (nodes == node) | nodes.str.startswith(node + SEPARATOR)


def _stated(projects: pd.DataFrame, by: pd.Timestamp) -> pd.DataFrame:
    """The latest statement of the pipeline before a day; rows without a day always hold."""
    known = projects[projects["as_of"].isna() | (projects["as_of"] < by)]
    dated = known["as_of"].dropna()
    return known if dated.empty else known[known["as_of"].isna() | (known["as_of"] == dated.max())]


def _after(cutoff: pd.Timestamp, organisation: Organisation) -> pd.Timestamp:
    """End of the first planned period: what was stated before it is known when planning."""
    step = pd.DateOffset(months=MONTHS[organisation.freq])
    return organisation.calendar.ends(pd.DatetimeIndex([cutoff + step]), organisation.freq)[0]


def _past(
    projects: pd.DataFrame, named: list[str], organisation: Organisation, history: History
) -> dict[str, list[dict[str, float]]]:
    """What earlier statements, and the models then, said of periods that are known now."""
    step = pd.DateOffset(months=MONTHS[organisation.freq])
    days = sorted(projects["as_of"].dropna().unique())
    starts = organisation.calendar.start(pd.Series(days, dtype="datetime64[us]"), organisation.freq)
    frame = history.frame
    out: dict[str, list[dict[str, float]]] = {node: [] for node in named}
    judged = sorted({s for s in starts if s + step * (JUDGED - 1) <= history.cutoff})[-STATEMENTS:]
    for first in judged:
        cutoff = first - step
        if frame["period"].min() > cutoff - 11 * step:
            continue
        known = frame[frame["period"] <= cutoff]
        tree = Hierarchy.of(
            known["node"].unique(), levels=organisation.tree_levels, label=organisation.name
        )
        then = forecast(known, tree, cutoff=cutoff, horizon=JUDGED, draws=FEW_DRAWS)
        stated = _stated(projects, _after(cutoff, organisation))
        periods = then.samples.periods
        for node in named:
            inside = _within(then.frame["node"], node)
            came = frame[_within(frame["node"], node) & frame["period"].isin(periods)]
            out[node].append(
                {
                    "pipeline": float(weigh(stated[_within(stated["node"], node)], periods).sum()),
                    "models": float(then.frame.loc[inside, "forecast"].sum()),
                    "actual": float(came["sales"].sum()),
                }
            )
    return out


def open_places(
    made: Forecast,
    organisation: Organisation,
    history: History,
    season: int,
    ledger: Ledger,
    *,
    seed: int,
) -> tuple[Forecast, History]:
    """Add the places that have not sold yet: profile borrowed, analogues named, range wide."""
    fresh = []
    year = history.frame[history.frame["period"] > history.cutoff - pd.DateOffset(years=1)]
    sales, ramp = year.groupby("node")["sales"].sum(), ramp_of(history.frame, season)
    for one in organisation.declared.openings:
        unknown = ledger.missing == "leave" and not set(one.like) <= set(sales.index)
        since = organisation.calendar.since(one.since)
        if unknown or since > made.samples.periods[-1]:
            continue
        if history.frame["node"].eq(one.node).any():
            ledger.note("opened", "[[opening]]", node=one.node)
        else:
            fresh.append(one)
    if not fresh:
        return made, history
    paths = [*history.hierarchy.leaf_paths, *(one.node for one in fresh)]
    tree = Hierarchy.of(paths, levels=organisation.tree_levels, label=organisation.name)
    borrowed = []
    for one in fresh:
        stray = sorted(set(one.like) - set(sales.index))
        like = one.like or nearest(one.node, tree, sales)
        if stray or not like:
            raise DataError(
                f"'{one.node}' has no place to borrow from.",
                where=f"[[opening]] like = {list(one.like)}",
                fix="name positions that sold within the last year, as targets.csv names them.",
            )
        since = organisation.calendar.since(one.since)
        borrowed.append(borrow(one.node, since, like, made.frame, ramp, size=one.size))
    wider = replace(history, hierarchy=tree)
    after = _with_rows(made, tree, borrowed)
    spreads = {one.node: one.spread for one in borrowed}
    drawn = after.samples
    values = widen(drawn.values, drawn.leaves, spreads, seed=seed)
    after = replace(after, samples=Samples(values, drawn.leaves, drawn.periods))
    ledger.step("opening", made.frame, after.frame)
    for place in borrowed:
        ledger.note(
            "opening",
            "[[opening]]",
            node=place.node,
            value=float(place.ahead.sum()),
            like=", ".join(place.analogues),
            low=float(np.exp(-place.spread)),
            high=float(np.exp(place.spread)),
        )
    return after, wider


def _with_rows(made: Forecast, tree: Hierarchy, borrowed: list[Borrowed]) -> Forecast:
    """The forecast with rows and draws of further leaves."""
    rows = [
        one.ahead.rename("forecast").reset_index().assign(node=one.node, base=one.ahead.to_numpy())
        for one in borrowed
    ]
    frame = FORECAST.check(pd.concat([made.frame, *rows], ignore_index=True))
    drawn = made.samples
    values = np.zeros((len(drawn.values), len(tree.leaves), len(drawn.periods)))
    values[:, tree.leaves.get_indexer(drawn.leaves)] = drawn.values
    return moved(replace(made, samples=Samples(values, tree.leaves, drawn.periods)), frame)
