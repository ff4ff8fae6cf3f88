"""Commands for Excel and back: `workbook`, `template`, `load`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from salesforecast.errors import DataError, ParameterError

_ORGANISATION = click.option(
    "--organisation",
    default="data/adventureworks/organisation.toml",
    show_default=True,
    help="Your organisation.toml.",
)
_STORE = click.option(
    "--store", help="File or postgresql:// address of the plans.  [default: outputs/plans.db]"
)
_LANGUAGE = click.option(
    "--language", type=click.Choice(["en", "zh"]), default="en", show_default=True
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_OUT = click.argument("out", type=click.Path(dir_okay=False, path_type=Path))


def _plan(source: str, options: dict[str, Any]) -> tuple[Any, Any, str, Any]:
    """The plan of a scenario file or of a saved version, its measure, what it is called, and the
    inputs that it was made from (None for a saved one)."""
    from salesforecast import workbench
    from salesforecast.planning.scenario import Scenario

    organisation = workbench.read_organisation(options["organisation"])
    if not source or source.endswith(".toml") or Path(source).is_file():
        scenario = Scenario.read(source) if source else Scenario()
        inputs = workbench.prepare(organisation, seed=scenario.seed)
        plan = workbench.build_plan(inputs, scenario, language=options["language"])
        return plan, organisation.measure, Path(source).name, inputs
    from salesforecast.planning.store import Store

    name, sign, number = source.rpartition(":")
    if not sign:
        name, number = source, ""
    if number and not number.isdigit():
        raise ParameterError(
            f"'{number}' is no version.", where=source, fix="write NAME or NAME:3."
        )
    with Store(options["store"]) as store:
        version = store.version(name, int(number) if number else None)
        plan = store.load(name, version.number)
    return plan, organisation.measure, f"{name}, version {version.number}", None


def _written(out: Path, data: bytes, words: str, *, as_json: Any) -> None:
    import hashlib

    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(data)
    said = {"path": str(out), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    click.echo(json.dumps(said, indent=2, ensure_ascii=False) if as_json else words)


@click.command()
@click.argument("source", metavar="VERSION|SCENARIO")
@_OUT
@_ORGANISATION
@_STORE
@_LANGUAGE
@_JSON
def workbook(source: str, out: Path, **options: Any) -> None:
    """Write a plan as an Excel workbook to be filled in (OUT), for planners.

    The plan is a saved one (FY2014, or FY2014:3 for its third version) or that of a scenario.toml.
    Fill in the blue cells, then give the file to `salesforecast load`.

    Example: salesforecast workbook scenario.toml planner.xlsx --language zh
    """
    from salesforecast.exchange.planner_book import planner_workbook

    plan, measure, name, _ = _plan(source, options)
    data = planner_workbook(plan, measure, language=options["language"], name=name)
    words = f"Wrote {out}: fill in the blue cells, save it in Excel, then: salesforecast load {out}"
    _written(out, data, words, as_json=options["as_json"])


@click.command()
@_OUT
@click.option("--scenario", default="", help="What is known already (a scenario.toml).")
@_ORGANISATION
@_LANGUAGE
@_JSON
def template(out: Path, scenario: str, **options: Any) -> None:
    """Write an Excel template (OUT) for floors, ceilings, locks, people and capacities.

    Example: salesforecast template inputs.xlsx --scenario scenario.toml
    """
    from salesforecast.exchange.template import input_template

    plan, measure, name, _ = _plan(scenario, {**options, "store": None})
    data = input_template(plan, measure, language=options["language"], name=name)
    words = f"Wrote {out}: fill in the lists, save it in Excel, then: salesforecast load {out}"
    _written(out, data, words, as_json=options["as_json"])


@click.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--scenario",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("scenario.toml"),
    show_default=True,
    help="What is changed by the file; made if it is not there. Its comments stay.",
)
@click.option("--version", "source", help="Saved plan that the file was made from: FY2014:3.")
@click.option("--good", is_flag=True, help="Take what can be read even if some cells are refused.")
@click.option("--dry-run", is_flag=True, help="Only say what would be taken.")
@click.option("--owner", default="", help="Who sets the limits where the file does not say.")
@_ORGANISATION
@_STORE
@_LANGUAGE
@_JSON
def load_file(file: Path, scenario: Path, **options: Any) -> None:
    """Read a workbook, template or CSV that was filled in, and write what it says to a scenario.

    Shows every change, what was read in other than the plain way, and every refused cell. With
    refused cells nothing is written (exit code 3) unless --good is given.

    Example: salesforecast load planner.xlsx --scenario scenario.toml
    """
    from dataclasses import replace

    from salesforecast import workbench
    from salesforecast.exchange.load_back import load_back

    known = scenario.exists()
    source = options["source"] or (str(scenario) if known else "")
    plan, measure, _, inputs = _plan(source, options)
    if (
        options["source"] and known
    ):  # the file's comments and keys stay, its limits are the version's
        from salesforecast.planning.scenario import Scenario

        own = replace(plan.scenario, source=Scenario.read(scenario).source)
        plan = replace(plan, scenario=own)
    loaded = load_back(
        file.read_bytes(), file.name, plan, measure,
        language=options["language"], owner=options["owner"],
    )  # fmt: skip
    taken = not loaded.refusals or options["good"]
    write = taken and bool(loaded.changes) and not options["dry_run"]
    if not options["as_json"]:
        click.echo(_said(loaded))
    if write:
        if inputs is not None:  # a scenario that no plan satisfies is never written
            workbench.build_plan(inputs, loaded.scenario, language=options["language"])
        scenario.parent.mkdir(parents=True, exist_ok=True)
        loaded.scenario.write(scenario)
    if options["as_json"]:
        said = {**loaded.to_dict(), "written": str(scenario) if write else None}
        click.echo(json.dumps(said, indent=2, ensure_ascii=False))
    else:
        click.echo(_ending(loaded, str(scenario) if write else ""))
    if loaded.refusals and not options["good"]:
        click.get_current_context().exit(DataError.exit_code)


def _said(loaded: Any) -> str:
    """The lists, one line a note."""
    parts = []
    for name, heading in (
        ("changes", "Changes"), ("repairs", "Read as it was meant"),
        ("refusals", "Not taken"), ("notes", "Notes"),
    ):  # fmt: skip
        notes = getattr(loaded, name)
        if notes:
            lines = [f"{heading} ({len(notes)}):", *(f"  {note}" for note in notes), ""]
            parts.append("\n".join(lines))
    return "\n".join(parts)


def _ending(loaded: Any, written: str) -> str:
    if written:
        return f"Wrote {written}."
    if not loaded.changes:
        return "Nothing was changed."
    if loaded.refusals:
        return "Nothing was written: mend the cells, or take the rest with --good."
    return "Nothing was written."


COMMANDS = (workbook, template, load_file)
