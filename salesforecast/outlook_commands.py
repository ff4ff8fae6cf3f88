"""Commands that ask a plan before it is approved: `days simulate tornado payout quantities`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from salesforecast.plan_tables import readable
from salesforecast.planning_commands import (
    JSON,
    MONTH,
    NUMBER,
    ORGANISATION,
    STORE,
    described,
    open_store,
    rows_of,
    say,
    year_of_plan,
)

_DRAWS = click.option(
    "--draws", type=click.IntRange(2), default=10_000, show_default=True, help="Simulated years."
)


def _kept(name: str, number: int | None, store: str | None) -> tuple[Any, Any]:
    """A plan (its approved version, else its newest) and which version it is."""
    with open_store(store) as opened:
        approved = opened.approved(name)
        version = opened.version(name, number or (approved.number if approved else None))
        return opened.load(name, version.number), version


@click.command()
@click.argument("name")
@click.argument("node", default="/")
@click.option("--month", type=MONTH, help="One month, such as 2014-02; the whole plan by default.")
@click.option("--grain", type=click.Choice(["day", "week"]), default="day", show_default=True)
@click.option("--calendar", help="Country of the working days (CN, DE); the scenario's by default.")
@click.option(
    "--own-days",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV of your own working days: date, working, name.",
)
@NUMBER
@STORE
@JSON
def days(name: str, node: str, **options: Any) -> None:
    """Cut the months of a unit (NODE) and of those right below it into days or weeks, exactly.

    Example: salesforecast days FY2014 "Europe/Germany" --month 2014-02 --calendar DE
    """

    from salesforecast import outlook
    from salesforecast.planning.workdays import WorkCalendar, read_overrides

    plan, _ = _kept(name, options["number"], options["store"])
    own = read_overrides(options["own_days"]) if options["own_days"] else {}
    calendar = WorkCalendar(options["calendar"] or plan.scenario.calendar, overrides=own)
    month = plan.calendar.named(options["month"]) if options["month"] else None
    found = outlook.days_of(plan, node, month=month, grain=options["grain"], calendar=calendar)
    long = found.T
    long.index = long.index.strftime("%Y-%m-%d")
    labels = plan.hierarchy.nodes["label"]
    words = long.rename(columns=labels).loc[(long != 0).any(axis=1)]
    total = f"in all: {', '.join(f'{labels[n]} {int(v):,}' for n, v in long.sum().items())}"
    say(
        options["as_json"],
        rows_of(long.rename_axis(options["grain"]).reset_index()),
        f"{readable(words).to_string()}\n{total}",
    )


@click.command()
@click.argument("name")
@click.option("--level", help="Units of this level; all above the positions by default.")
@_DRAWS
@NUMBER
@ORGANISATION
@STORE
@JSON
def simulate(name: str, **options: Any) -> None:
    """Draw the year of a plan many times: where each unit lands, and who reaches the target.

    Example: salesforecast simulate FY2014 --level country
    """
    from salesforecast import outlook
    from salesforecast.planning.schemes import persons

    plan, _ = _kept(name, options["number"], options["store"])
    inputs = year_of_plan(options["organisation"], plan)
    found = outlook.year_of(inputs, plan, draws=options["draws"], seed=plan.scenario.seed)
    units = plan.hierarchy.nodes[["label", "level", "leaf"]].join(found.units)
    shown = units[units["level"] == options["level"]] if options["level"] else units[~units["leaf"]]
    columns = ["label", "target", "mean", "q10", "q50", "q90", "chance", "expected_short"]
    people = plan.units["target"][persons(plan.hierarchy)]
    words = readable(shown[columns]).to_string()
    data = {"units": rows_of(units.rename_axis("node").reset_index()), "months": rows_of(found.months)}  # fmt: skip
    if len(people):
        share = found.reaching(people)
        data["people_reaching"] = {"mean": share.mean(), "q10": share.quantile(0.1), "q90": share.quantile(0.9)}  # fmt: skip
        words += (
            f"\nof {len(people)} people {share.mean():.0%} reach their target on average; "
            f"in 80 of 100 years {share.quantile(0.1):.0%} to {share.quantile(0.9):.0%}"
        )
    say(options["as_json"], data, words)


@click.command()
@click.argument("name")
@click.argument("questions", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@NUMBER
@ORGANISATION
@STORE
@JSON
def tornado(name: str, questions: tuple[Path, ...], **options: Any) -> None:
    """Say what the chance of a plan's total hangs on, the widest first; QUESTIONS are what-ifs.

    Example: salesforecast tornado FY2014 price_up.toml
    """
    from salesforecast import outlook
    from salesforecast.planning.what_if import WhatIf

    plan, _ = _kept(name, options["number"], options["store"])
    inputs = year_of_plan(options["organisation"], plan)
    asked = [WhatIf.read(path) for path in questions]
    found = outlook.hangs_on(inputs, plan, asked)
    base = float(found["base"].iloc[0])
    lines = [f"chance of the total {plan.scenario.total or plan.units['target'].iloc[0]:,}: {base:.0%}"]  # fmt: skip
    for name_of, row in found.iterrows():
        lines.append(
            f"{str(name_of)[:28]:<28} {row['low']:>5.0%} to {row['high']:>4.0%}   "
            f"{row['low_words']} | {row['high_words']}"
        )
    say(options["as_json"], rows_of(found.reset_index()), "\n".join(lines))


@click.command()
@click.argument("name")
@click.option(
    "--schemes",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of [[tiers]] and [[bonus]].",
)
@click.option("--budget", type=float, help="What may be paid out in all.")
@_DRAWS
@NUMBER
@ORGANISATION
@STORE
@JSON
def payout(name: str, schemes: Path, **options: Any) -> None:
    """Say what a plan pays out at 90, 100 and 110 %, and over the drawn year.

    Example: salesforecast payout FY2014 --schemes incentives.toml --budget 500000
    """
    from salesforecast import outlook
    from salesforecast.planning.schemes import read_schemes

    plan, _ = _kept(name, options["number"], options["store"])
    inputs = year_of_plan(options["organisation"], plan)
    found = outlook.pays(
        inputs,
        plan,
        read_schemes(schemes, plan.hierarchy),
        budget=options["budget"],
        draws=options["draws"],
        seed=plan.scenario.seed,
    )
    lines = [
        f"everybody at {row.attainment:.0%}: {row.payout:,.0f} ({row.cost_share:.2%} of their sales)"
        for row in found.at.itertuples()
    ]
    over = found.distribution
    lines.append(
        f"over the drawn year: {over['mean']:,.0f} on average, in 90 of 100 years "
        f"{over['q05']:,.0f} to {over['q95']:,.0f} ({over['cost_share']:.2%} of sales)"
    )
    if "budget_kept" in over:
        lines.append(f"within the budget of {options['budget']:,.0f}: {over['budget_kept']:.0%} of years")  # fmt: skip
    data = {
        "at": rows_of(found.at),
        "distribution": found.distribution.to_dict(),
        "people": rows_of(found.units.rename_axis("node").reset_index()),
    }
    say(options["as_json"], data, "\n".join(lines))


@click.command()
@click.argument("name")
@click.option("--save-as", help="Save the plan in pieces as a plan of this name.")
@click.option("--level", help="Pieces of the units of this level too.")
@NUMBER
@ORGANISATION
@STORE
@JSON
def quantities(name: str, **options: Any) -> None:
    """Turn a plan in money into pieces per product and month, for production and purchasing.

    Example: salesforecast quantities FY2014 --level country --save-as FY2014-pieces
    """
    from salesforecast import desk, outlook
    from salesforecast.errors import ParameterError

    plan, version = _kept(name, options["number"], options["store"])
    inputs = year_of_plan(options["organisation"], plan)
    follows = f"{name}, version {version.number}"
    found = outlook.quantities_of(inputs, plan, follows=follows)
    table = found.targets.pivot_table(
        index="product", columns="period", values="target", aggfunc="sum"
    )
    table.columns = table.columns.strftime("%Y-%m")
    data: dict[str, Any] = {"pieces": rows_of(table.reset_index()), "follows": follows}
    words = [readable(table).to_string()]
    if options["level"]:
        tree = plan.hierarchy
        above = {leaf: node for node in tree.nodes.index[tree.nodes["level"] == options["level"]]
                 for leaf in tree.within(node)}  # fmt: skip
        by = found.targets.assign(unit=found.targets["node"].map(above))
        units = by.pivot_table(index="unit", columns="product", values="target", aggfunc="sum")
        data["units"] = rows_of(units.reset_index())
        words.append(readable(units).to_string())
    if options["save_as"]:
        with open_store(options["store"]) as store:
            there = options["save_as"] in set(store.plans()["plan"])
            head = store.version(options["save_as"]).number if there else None
            if there and store.load(options["save_as"]).scenario.measure != found.scenario.measure:
                raise ParameterError(
                    f"'{options['save_as']}' is a plan of another measure.",
                    where="--save-as",
                    fix=f"save the pieces under a name of their own: {name}-pieces.",
                )
            saved = store.save(
                options["save_as"], found, reason=f"follows {follows}", opened=head,
                provenance={**desk.provenance(inputs), "follows": follows},
            )  # fmt: skip
        data["version"] = described(saved)
        words.append(f"saved version {saved.number} of '{options['save_as']}'")
    say(options["as_json"], data, "\n\n".join(words))


@click.command()
@click.argument("node")
@click.option("--first", type=MONTH, required=True, help="Month in which it began.")
@click.option("--months", type=click.IntRange(1), default=3, show_default=True, help="How long.")
@ORGANISATION
@JSON
def effect(node: str, **options: Any) -> None:
    """Say whether something moved the sales of NODE: sold against expected without it.

    Example: salesforecast effect "North America/Canada" --first 2013-06 --months 3
    """
    from dataclasses import asdict

    from salesforecast import desk, outlook

    inputs = desk.open_year(
        options["organisation"], first=options["first"], months=options["months"]
    )
    found = outlook.effect_of(inputs, node)
    data = asdict(found) | {"months": rows_of(found.months.reset_index())}
    say(options["as_json"], data, f"{node}, {found.words}\n{readable(found.months).to_string()}")


@click.command()
@click.option(
    "--horizon", type=click.IntRange(1), default=3, show_default=True, help="Periods ahead."
)
@click.option(
    "--origins", type=click.IntRange(1), default=6, show_default=True, help="Earlier cutoffs."
)
@ORGANISATION
@JSON
def backtest(**options: Any) -> None:
    """Forecast again as of earlier cutoffs: are ranges honest at every level, and worth having?

    Each level stands beside the same units forecast alone. Example: salesforecast backtest --horizon 6
    """
    from salesforecast import workbench
    from salesforecast.forecasting.backtest import backtest as tested
    from salesforecast.forecasting.backtest import beside_alone
    from salesforecast.history.series import build_history

    described = workbench.read_organisation(options["organisation"])
    loaded = workbench.load_measure(described)
    workbench.check(loaded, described)
    history = build_history(loaded.lines, described)
    found = tested(
        history.frame,
        history.hierarchy,
        cutoff=history.cutoff,
        horizon=options["horizon"],
        origins=options["origins"],
    )
    table = beside_alone(found)
    words = (
        f"{options['origins']} cutoffs, {options['horizon']} periods ahead each; forecast: all levels"
        " agree; alone: every unit by itself. Honest ranges cover 0.8 and 0.95 of what came."
    )
    say(
        options["as_json"], rows_of(table.reset_index()), f"{words}\n{table.round(3).T.to_string()}"
    )


@click.command()
@click.argument("name")
@click.option(
    "--budget",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of [[expense]].",
)
@click.option(
    "--spent",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV of what was spent: node, category, period, spent.",
)
@click.option("--closed", type=MONTH, help="With --spent: the last closed month.")
@NUMBER
@ORGANISATION
@STORE
@JSON
def expenses(name: str, budget: Path, **options: Any) -> None:
    """Make the expense budget of a plan by month, and hold it against what was spent.

    Example: salesforecast expenses FY2014 --budget budget.toml --spent spent.csv --closed 2014-02
    """

    from salesforecast import desk
    from salesforecast.errors import ParameterError
    from salesforecast.planning import expenses as costs

    plan, _ = _kept(name, options["number"], options["store"])
    allowed = costs.budget(plan, costs.read_expenses(budget))
    wide = allowed.pivot_table(index=["node", "category"], columns="period", values="budget")
    wide.columns = wide.columns.strftime("%Y-%m")
    data, words = {"budget": rows_of(allowed)}, readable(wide).to_string()
    if options["spent"]:
        if not options["closed"]:
            raise ParameterError(
                "--spent needs --closed.", where="the command", fix="name a month."
            )
        month = plan.calendar.named(options["closed"])
        inputs = year_of_plan(options["organisation"], plan)
        day = plan.calendar.dates(month)[1]
        sold = desk.sold(inputs, plan, as_of=day)
        leaves = sold.pivot_table(index="node", columns="period", values="actual")
        sums = plan.hierarchy.totals(leaves.reindex(plan.hierarchy.leaves).fillna(0.0))
        spent = costs.read_spent(options["spent"], plan.calendar)
        held = costs.held_against(allowed, spent, sums, closed=month)
        data["held"] = rows_of(held)
        words += f"\n\nuntil {month:%Y-%m}:\n{readable(held).to_string(index=False)}"
    say(options["as_json"], data, words)


COMMANDS = (days, simulate, tornado, payout, quantities, effect, backtest, expenses)
