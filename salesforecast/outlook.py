"""Questions to a plan before it is approved: the year drawn, what it pays, what it hangs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from salesforecast import desk
from salesforecast.errors import DataError, ParameterError, nearest
from salesforecast.hierarchy import ROOT
from salesforecast.history.series import actuals
from salesforecast.planning.appraise import Bonus, Payout, Tiers, payout
from salesforecast.planning.basis import Basis
from salesforecast.planning.changes import Change, Leave, Price, Shock
from salesforecast.planning.changes_zh import said
from salesforecast.planning.effect import Effect, evaluate
from salesforecast.planning.plan import Plan
from salesforecast.planning.quantities import prices, quantity_plan
from salesforecast.planning.schemes import persons
from salesforecast.planning.simulate import Simulation, simulate
from salesforecast.planning.what_if import WhatIf, tornado
from salesforecast.planning.workdays import WorkCalendar, daily, weekly
from salesforecast.tables import Samples
from salesforecast.workbench import Inputs

MOST_UNITS, MOST_PEOPLE = 8, 3  # rows of the tornado
PRODUCT_SWING, PRICE_SWING, ELASTICITY = 0.10, 0.05, -1.5
QUANTITY = "quantity"
PRICES = {"en": "prices", "zh": "价格"}


def year_of(inputs: Inputs, plan: Plan, *, draws: int = 10_000, seed: int = 0) -> Simulation:
    """The plan's span drawn `draws` times, from person to company, as of its beginning."""
    known = inputs.forecast.samples
    at = known.periods.get_indexer(plan.periods)
    samples = Samples(known.values[:, :, at], known.leaves, plan.periods)
    targets = plan.units["target"].astype("float64")
    return simulate(samples, plan.hierarchy, draws=draws, seed=seed, targets=targets)


def pays(
    inputs: Inputs,
    plan: Plan,
    schemes: Mapping[str, Sequence[Tiers | Bonus]],
    *,
    budget: float | None = None,
    draws: int = 10_000,
    seed: int = 0,
) -> Payout:
    """What a plan pays out at 90, 100 and 110 %, and as a distribution over the drawn year."""
    year = year_of(inputs, plan, draws=draws, seed=seed).year
    paid = [leaf for leaf in persons(plan.hierarchy) if schemes.get(leaf)]
    if not paid:
        raise ParameterError(
            "nobody is paid by these schemes.",
            where="the plan has no people, or no entry names a unit with people",
            fix="write [[tiers]] without a node to pay everybody.",
        )
    return payout(plan.units["target"][paid], year, schemes, budget=budget)


def swings_of(plan: Plan, *, language: str = "en") -> dict[str, tuple[Change, Change]]:
    """Assumptions that a plan hangs on, each with a low and a high change.

    The largest units right below the company at the ends of their own 80 % range, products a
    tenth less and more, prices 5 % up and down, and the largest people leaving.
    """
    units, hierarchy = plan.units, plan.hierarchy
    out: dict[str, tuple[Change, Change]] = {}
    below = units.loc[hierarchy.children(ROOT)].sort_values("forecast", ascending=False)
    for node, row in below[below["forecast"] > 0].head(MOST_UNITS).iterrows():
        low, high = (
            Shock(max(float(row[end] / row["forecast"]), 0.0), str(node))
            for end in ("low80", "high80")
        )
        out[str(row["label"])] = low, high
    products = plan.targets.groupby("product")["target"].sum().sort_values(ascending=False)
    for product in products.index[:MOST_UNITS] if len(products) > 1 else []:
        out[str(product)] = (
            Shock(1 - PRODUCT_SWING, product=str(product)),
            Shock(1 + PRODUCT_SWING, product=str(product)),
        )
    out[PRICES[language]] = Price(PRICE_SWING, ELASTICITY), Price(-PRICE_SWING, ELASTICITY)
    people = units.loc[persons(hierarchy)].sort_values("forecast", ascending=False)
    for leaf, row in people.head(MOST_PEOPLE).iterrows():
        out[str(row["label"])] = Leave(str(leaf)), WhatIf("stays")
    return out


def hangs_on(
    inputs: Inputs,
    plan: Plan,
    questions: Sequence[WhatIf] = (),
    *,
    language: str = "en",
    swings: Mapping[str, tuple[Change, Change]] | None = None,
) -> pd.DataFrame:
    """A tornado of the plan's assumptions and of further what-ifs: the chance of its total.

    Parameters
    ----------
    swings
        The assumptions looked at; by default those of `swings_of`.

    Returns
    -------
    pd.DataFrame
        On assumption, the widest first: `low_words`, `high_words` (what changes), `base, low,
        high, low_change, high_change, width` of the chance to reach the plan's total (or the
        total that a what-if names), and `landing, landing_low, landing_high`, the mean of the
        span's sales.
    """
    total = float(plan.units.loc[ROOT, "target"])
    looked_at = dict(swings_of(plan, language=language) if swings is None else swings)
    looked_at |= {question.name: (question, WhatIf("as planned")) for question in questions}
    basis = desk.basis_of(inputs, plan.scenario)

    def ends(changed: Basis) -> np.ndarray:
        at = changed.samples.periods.get_indexer(plan.periods)
        return np.asarray(changed.samples.values[:, :, at].sum(axis=(1, 2)))

    def chance(changed: Basis) -> float:
        named = changed.scenario.total
        asked = total if named is None or named == basis.scenario.total else named
        return float((ends(changed) >= asked).mean())

    table = tornado(basis, looked_at, chance)
    landing = tornado(basis, looked_at, lambda changed: float(ends(changed).mean()))
    table["landing"] = landing["base"]
    table["landing_low"], table["landing_high"] = landing["low"], landing["high"]
    labels = plan.units["label"].to_dict()
    for at, end in enumerate(("low_words", "high_words")):
        told = [said(looked_at[str(name)][at], language, labels=labels) for name in table.index]
        table.insert(at, end, told)
    return widest_first(table)


def widest_first(table: pd.DataFrame) -> pd.DataFrame:
    """A tornado's rows in order: by width of the chance, then of the landing."""
    order = np.lexsort((-(table["landing_high"] - table["landing_low"]).abs(), -table["width"]))
    return table.iloc[order]


def days_of(
    plan: Plan,
    node: str = ROOT,
    *,
    month: pd.Timestamp | None = None,
    grain: str = "day",
    calendar: WorkCalendar | None = None,
) -> pd.DataFrame:
    """Targets by day or week of a unit, the units right below it, by working days; exact.

    Days are cut for every person and added up, so they tie out in both directions: a unit's
    days are the sum of those below it, and its month the sum of its days.

    Parameters
    ----------
    month
        One month only; None: the whole plan.
    grain
        `"day"` or `"week"` (named by its first day, a Monday but where business months are weeks;
        a week over the month's end has both parts only where both months are asked for).
    calendar
        Which days are worked; by default that of the plan's scenario.

    Returns
    -------
    pd.DataFrame
        int64, node (the unit first) × day or week.
    """
    if grain not in ("day", "week"):
        raise ValueError(f"a grain is 'day' or 'week', not {grain!r}")
    if node not in plan.hierarchy.nodes.index:
        known = list(plan.hierarchy.nodes.index)
        raise ParameterError(f"there is no unit '{node}'.", where="node", fix=nearest(node, known))
    months = plan.months
    if month is not None:
        if month not in months.columns:
            raise ParameterError(
                f"the plan has no {month:%Y-%m}.",
                where="month",
                fix=f"it has {plan.periods[0]:%Y-%m} to {plan.periods[-1]:%Y-%m}.",
            )
        months = months[[month]]
    leaves = plan.hierarchy.within(node)
    used = replace(calendar or WorkCalendar(plan.scenario.calendar), fiscal=plan.calendar)
    cut = daily(months.loc[leaves], used, step=plan.scenario.step)
    shown = {node: leaves}
    below = plan.hierarchy.children(node)
    shown |= {child: plan.hierarchy.within(child) for child in below if len(below) > 1}
    out = pd.DataFrame({name: cut.loc[leaves].sum() for name, leaves in shown.items()}).T
    out.index.name = "node"
    return weekly(out, plan.calendar) if grain == "week" else out


def quantities_of(inputs: Inputs, plan: Plan, *, follows: str = "") -> Plan:
    """A plan in pieces that follows a plan in money, for production and purchasing.

    Prices are those of the last twelve months before the plan (of all the past for a product
    that was not sold since), so that a product's pieces are its money by its present price.

    Parameters
    ----------
    follows
        What it follows, in words: `"FY2014, version 3"`; it stands in every sentence.

    Raises
    ------
    DataError
        If a product was never sold in pieces.
    """
    lines = inputs.loaded.lines
    past = lines[(lines["period"] < plan.periods[0]) & (lines["quantity"] > 0)]
    recent = past[past["period"] >= plan.periods[0] - pd.DateOffset(years=1)]
    older = past[~past["product"].isin(recent["product"])]
    known = pd.concat([recent, older])
    missing = sorted(set(plan.targets["product"]) - set(known["product"]))
    if missing:
        raise DataError(
            f"product '{missing[0]}' was never sold in pieces.",
            where="the order lines before the plan",
            fix="name the column of quantities in organisation.toml.",
        )
    sums = known.groupby("product", as_index=False)[["amount", "quantity"]].sum()
    price = prices(sums.assign(node="(all)"))
    asked = plan.targets.assign(target=plan.targets["target"].clip(lower=0))
    pieces = quantity_plan(asked, price)
    return _in_pieces(plan, pieces, follows)


def effect_of(inputs: Inputs, node: str) -> Effect:
    """What a measure brought that began with the first month of `inputs`: sold against expected.

    Parameters
    ----------
    inputs
        Of `desk.open_year`, `first` the month in which it began, over the months to look at.

    Raises
    ------
    DataError
        If the data end before the last of these months does.
    """
    last = inputs.loaded.lines["period"].max()
    if last < inputs.quarter[-1]:
        raise DataError(
            "not all of these months have been sold yet.",
            where=f"the data end with {last:%Y-%m}, the last month asked for is {inputs.quarter[-1]:%Y-%m}",
            fix="look at fewer months.",
        )
    sold = actuals(inputs.loaded.lines, inputs.organisation, inputs.history, inputs.quarter)
    return evaluate(sold, inputs.forecast.samples, inputs.hierarchy, node)


def _in_pieces(plan: Plan, pieces: pd.DataFrame, follows: str) -> Plan:
    units = plan.units[["label", "parent", "level", "depth", "leaf"]].copy()
    for name in ("baseline", "forecast", "low80", "high80", "growth", "stretch", "chance"):
        units[name] = np.nan
    leaf = pieces.groupby("node")["target"].sum().reindex(plan.hierarchy.leaves).fillna(0)
    units["target"] = plan.hierarchy.totals(leaf.astype("int64").to_frame("target"))["target"]
    units["assigned"] = units["target"]
    units["limit"] = ""
    words = f"Pieces that the plan in money asks for{f' ({follows})' if follows else ''}."
    units["sentence"] = words
    scenario = replace(
        plan.scenario, measure=QUANTITY, total=int(units.loc[ROOT, "target"]), chance=None,
        rules=(), corridors=(), headcount=(), step=1, hedge={}, source="",
    )  # fmt: skip
    empty = plan.limits.iloc[:0]
    return replace(
        plan, scenario=scenario, targets=pieces, spread=None, units=units, limits=empty, level_words=words,
        explanation=units[["target"]], findings=(),
    )  # fmt: skip
