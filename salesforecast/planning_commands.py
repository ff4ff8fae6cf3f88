"""Commands for plans that live through the year: `plan plans show compare diff approve track replan what-if`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from salesforecast import plan_tables
from salesforecast.plan_tables import readable

STORE = click.option(
    "--store", help="File or postgresql:// address of the plans.  [default: outputs/plans.db]"
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
ORGANISATION = click.option(
    "--organisation",
    default="data/adventureworks/organisation.toml",
    show_default=True,
    help="Your organisation.toml.",
)
_REASON = click.option("--reason", required=True, help="Why; it is kept with the version.")
NUMBER = click.option("--version", "number", type=int, help="Its number; the newest by default.")
DATE = click.DateTime(["%Y-%m-%d", "%Y-%m"])


class Month(click.ParamType):
    """A month (`2014-02`), or a day in it; which month that is, the business calendar says."""

    name = "YYYY-MM"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        DATE.convert(value, param, ctx)  # refuses what is none
        return str(value)


MONTH = Month()


def open_store(store: str | None) -> Any:
    from salesforecast.planning.store import Store

    return Store(store)


def say(as_json: Any, data: Any, words: str) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=False, default=str) if as_json else words)


def rows_of(frame: Any) -> Any:
    """A frame as JSON can hold it; what is missing becomes null."""
    return json.loads(frame.to_json(orient="records", date_format="iso", force_ascii=False))


def described(version: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(version)


def _line(version: Any) -> str:
    aside = " (aside: somebody saved first)" if version.aside else ""
    return (
        f"version {version.number} of '{version.plan}'{aside}: {version.status}, total "
        f"{version.total:,}, by {version.author} at {version.saved_at}: {version.reason}"
    )


def year_of_plan(organisation: str, plan: Any) -> Any:
    """The inputs of a saved plan, as of its beginning."""
    from salesforecast import desk

    return desk.reopen(organisation, plan)


@click.command()
@click.argument("scenario", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", required=True, help="What the plan is called.")
@_REASON
@click.option("--first", type=MONTH, help="First month; by default the next quarter's.")
@click.option("--months", type=click.IntRange(1), help="How long.  [default: 12]")
@click.option("--opened", type=int, help="Version that you changed; none for a new plan.")
@ORGANISATION
@STORE
@JSON
def plan(scenario: Path, name: str, reason: str, **options: Any) -> None:
    """Make a plan of SCENARIO (a scenario.toml) and save it as a new version.

    Example: salesforecast plan scenario.toml --name FY2014 --reason "first draft"

    With the criterion "least change" or "few changes" it stays near to the approved (else the
    newest) version of the same name, or to last year's sales if there is none.
    """
    from salesforecast import desk, workbench
    from salesforecast.planning.scenario import Scenario

    wish = Scenario.read(scenario)
    inputs = desk.open_for(
        options["organisation"], wish, first=options["first"], months=options["months"]
    )
    with open_store(options["store"]) as store:
        saved = name in set(store.plans()["plan"])
        before = desk.from_store(options["store"], name) if saved else None
        made = workbench.build_plan(inputs, desk.recorded(inputs, wish), before=before)
        version = store.save(
            name, made, reason=reason, opened=options["opened"], provenance=desk.provenance(inputs)
        )
    say(options["as_json"], described(version), f"saved {_line(version)}")


@click.command()
@STORE
@JSON
def plans(**options: Any) -> None:
    """List the plans of the store.

    Example: salesforecast plans
    """
    with open_store(options["store"]) as store:
        listed = store.plans()
    words = readable(listed).to_string(index=False) if len(listed) else "no plan has been saved yet"
    say(options["as_json"], rows_of(listed), words)


@click.command()
@click.argument("name")
@click.option("--scenario", "as_file", is_flag=True, help="Print its scenario.toml instead.")
@NUMBER
@STORE
@JSON
def show(name: str, **options: Any) -> None:
    """Show a plan: its versions, and the targets of its upper levels.

    Example: salesforecast show FY2014 --version 2

    With --scenario: the file that makes this very plan again.
    """
    with open_store(options["store"]) as store:
        versions = store.versions(name)
        chosen = store.version(name, options["number"])
        kept = store.load(name, chosen.number)
    if options["as_file"]:
        say(options["as_json"], {"scenario": kept.scenario.to_text()}, kept.scenario.to_text())
        return
    units = kept.units
    top = units[~units["leaf"]]
    table = top[["label", "target", "growth", "stretch", "chance"]]
    said = "\n".join(_line(version) for version in versions)
    data = {
        "version": described(chosen),
        "versions": [described(v) for v in versions],
        "units": rows_of(units.rename_axis("node").reset_index()),
    }
    say(
        options["as_json"],
        data,
        f"{said}\n\nversion {chosen.number}:\n{readable(table).to_string()}",
    )


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME[:VERSION]...")
@STORE
@JSON
def compare(names: tuple[str, ...], **options: Any) -> None:
    """Set plans or versions side by side; the first is what the others are compared with.

    Example: salesforecast compare FY2014:1 FY2014:3
    """
    from salesforecast.planning.compare import compare as side_by_side

    with open_store(options["store"]) as store:
        found = {}
        for name in names:
            plan_name, number = _version_of(name)
            found[name] = store.load(plan_name, number)
    _compared(side_by_side(found), as_json=options["as_json"])


def _version_of(words: str) -> tuple[str, int | None]:
    from salesforecast.errors import ParameterError

    name, sign, number = words.rpartition(":")
    if not sign:
        return words, None
    if not number.isdigit():
        raise ParameterError(f"'{number}' is no version.", where=words, fix="write NAME or NAME:3.")
    return name, int(number)


def _compared(found: Any, *, as_json: Any) -> None:
    most = {name: found.moved_most(name) for name in found.summary.index[1:]}
    moves = [
        f"\n{name}: most less and more\n{plan_tables.moved(table)}"
        if len(table)
        else f"\n{name}: no unit's target changes"
        for name, table in most.items()
    ]
    data = {
        "summary": rows_of(found.summary.reset_index()),
        "binding": rows_of(found.binding),
    }
    say(as_json, data, "\n".join([plan_tables.side_by_side(found.summary), *moves]))


@click.command()
@click.argument("name")
@click.argument("before", type=int)
@click.argument("after", type=int)
@STORE
@JSON
def diff(name: str, before: int, after: int, **options: Any) -> None:
    """Show what version AFTER says otherwise than version BEFORE, down to a cell.

    Example: salesforecast diff FY2014 1 2
    """
    with open_store(options["store"]) as store:
        found = store.diff(name, before, after)
    data = {
        "cells": rows_of(found.cells),
        "units": rows_of(found.units.rename_axis("node").reset_index()),
        "scenario": found.scenario,
    }
    words = "nothing differs"
    if not found.none:
        words = f"{plan_tables.differing(found.units, found.cells)}\n{found.scenario}"
    say(options["as_json"], data, words)


@click.command()
@click.argument("name")
@NUMBER
@click.option("--reason", default="", help="Why; it is kept.")
@click.option("--propose", is_flag=True, help="Only hand it in for approval.")
@STORE
@JSON
def approve(name: str, reason: str, **options: Any) -> None:
    """Approve a version (a draft is proposed first); the approved one before is superseded.

    Example: salesforecast approve FY2014 --version 2 --reason "signed by the board"
    """
    with open_store(options["store"]) as store:
        version = store.version(name, options["number"])
        if version.status == "draft":
            version = store.propose(name, version.number, reason=reason)
        if not options["propose"]:
            version = store.approve(name, version.number, reason=reason)
    say(options["as_json"], described(version), _line(version))


@click.command()
@click.argument("name")
@click.option(
    "--as-of", type=MONTH, required=True, help="Last day that the actuals cover; or month."
)
@click.option("--level", help="Rank the units of this level; the uppermost by default.")
@click.option(
    "--version", "number", type=int, help="Its number; else the approved, else the newest."
)
@ORGANISATION
@STORE
@JSON
def track(name: str, as_of: str, **options: Any) -> None:
    """Set actuals against a plan (the approved version, else the newest) as of a day.

    Example: salesforecast track FY2014 --as-of 2014-03-31 --level country
    """
    from salesforecast import desk

    with open_store(options["store"]) as store:
        approved = store.approved(name)
        number = options["number"] or (approved.number if approved else None)
        kept = store.load(name, number)
    inputs = year_of_plan(options["organisation"], kept)
    found = desk.track_plan(inputs, kept, as_of=kept.calendar.until(as_of))
    top = found.units[~found.units["leaf"]]
    columns = ["label", "target", "expected", "actual", "gap", "attainment", "landing", "chance", "state"]  # fmt: skip
    level = options["level"] or kept.hierarchy.levels[1]
    ranks = readable(found.ranking(level)).to_string(index=False)
    words = f"{readable(top[columns]).to_string()}\n\nranking, {level}:\n{ranks}"
    say(options["as_json"], rows_of(found.units.rename_axis("node").reset_index()), words)


@click.command()
@click.argument("name")
@click.option("--closed", type=MONTH, required=True, help="The last closed month.")
@click.option(
    "--gap",
    type=click.Choice(["recover", "absorb", "amount"]),
    default="absorb",
    show_default=True,
    help="What becomes of the gap so far.",
)
@click.option("--amount", type=int, help="With --gap amount: how much is recovered.")
@click.option(
    "--carried-by",
    type=click.Choice(["unit", "region", "company"]),
    default="unit",
    show_default=True,
    help="Who carries it.",
)
@click.option(
    "--surplus",
    type=click.Choice(["keep", "release"]),
    default="keep",
    show_default=True,
    help="What becomes of those who are ahead.",
)
@click.option("--budget", type=int, help="Most that may move in all.")
@click.option("--cells", type=int, help="Most figures that may change.")
@click.option("--reason", default="", help="Why; by default the decision in words.")
@click.option("--dry-run", is_flag=True, help="Only show; save nothing.")
@ORGANISATION
@STORE
@JSON
def replan(name: str, closed: str, reason: str, **options: Any) -> None:  # fmt: skip
    """Set the open months of a plan by a decision on the gap, and save a new version.

    Example: salesforecast replan FY2014 --closed 2014-02 --gap recover --carried-by region
    """

    from salesforecast import desk
    from salesforecast.planning.decision import Decision

    decision = Decision(
        gap=options["gap"],
        amount=options["amount"],
        carried_by=options["carried_by"],
        surplus=options["surplus"],
        budget=options["budget"],
        cells=options["cells"],
    )
    with open_store(options["store"]) as store:
        head = store.version(name)
        kept = store.load(name, head.number)
        inputs = year_of_plan(options["organisation"], kept)
        month = kept.calendar.named(closed)
        made, moves = desk.replan_year(inputs, kept, closed=month, decision=decision)
        words = f"{moves.words}\n{readable(moves.moves).to_string(index=False) if len(moves.moves) else ''}"
        data: dict[str, Any] = {"words": moves.words, "moves": rows_of(moves.moves)}
        if not options["dry_run"]:
            version = store.save(
                name, made, reason=reason or moves.words, opened=head.number,
                provenance=desk.provenance(inputs),
            )  # fmt: skip
            data["version"] = described(version)
            words += f"\nsaved {_line(version)}"
    say(options["as_json"], data, words)


@click.command("what-if")
@click.argument("scenario", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument(
    "questions",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--first", type=MONTH, help="First month; by default the next quarter's.")
@click.option("--months", type=click.IntRange(1), help="How long.  [default: 12]")
@ORGANISATION
@JSON
def what_if(scenario: Path, questions: tuple[Path, ...], **options: Any) -> None:  # fmt: skip
    """Set the plan of SCENARIO beside what-if files: lists of [[change]], each with `what`.

    Example: salesforecast what-if scenario.toml price_up.toml one_less.toml
    """
    from salesforecast import desk
    from salesforecast.planning.compare import compare as side_by_side
    from salesforecast.planning.scenario import Scenario
    from salesforecast.planning.what_if import WhatIf

    wish = Scenario.read(scenario)
    asked = [WhatIf.read(path) for path in questions]
    inputs = desk.open_for(
        options["organisation"], wish, first=options["first"], months=options["months"]
    )
    for question in asked:
        click.echo(f"{question.name}: {question.words()}", err=True)
    found = side_by_side(desk.side_by_side(inputs, wish, asked))
    _compared(found, as_json=options["as_json"])


COMMANDS = (plan, plans, show, compare, diff, approve, track, replan, what_if)
