"""Commands for runs: `run JOB`, `runs`, `doctor`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from salesforecast.errors import EngineError, ParameterError

_OUTPUTS = click.option(
    "--outputs",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("outputs"),
    show_default=True,
    help="Where results are.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.argument("job")
@click.option("--organisation", help="Your organisation.toml; `salesforecast init` makes one.")
@click.option("--scenario", help="The assumptions of the plan (a scenario.toml).")
@click.option("-p", "parameters", multiple=True, metavar="NAME=VALUE", help="Set a parameter.")
@click.option(
    "--outputs",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where results go.  [default: outputs]",
)
@click.option(
    "--deadline",
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds that the run may take.  [default: an hour]",
)
@click.option("--force", is_flag=True, help="Run even if nothing has changed since the last run.")
@click.option("--dry-run", is_flag=True, help="Check the job and say what it would do.")
@click.option("--json", "as_json", is_flag=True, help="Print the run's manifest as JSON.")
def run(job: str, parameters: tuple[str, ...], **options: Any) -> None:
    """Run JOB (the name of a notebook, or a job.toml) and publish its results.

    Examples: salesforecast run quarterly_allocation -p stretch=0.05;  salesforecast run job.toml
    """
    from salesforecast.operations import schedule

    wanted = _job(job, dict(_pair(text) for text in parameters), options)
    if options["dry_run"]:
        checked = schedule.check(wanted)
        told = _foreseen(checked, schedule.unchanged(checked))
        click.echo(
            json.dumps(told, indent=2, ensure_ascii=False) if options["as_json"] else _listed(told)
        )
        return
    result = schedule.carry_out(wanted, force=options["force"], progress=_progress(wanted))
    if options["as_json"]:
        manifest = {**result.manifest, "folder": str(result.folder), "status": result.status}
        click.echo(json.dumps(manifest, indent=2, ensure_ascii=False))
        return
    click.echo(_closing(result))


def _job(name: str, parameters: dict[str, str], options: dict[str, Any]) -> Any:
    """A job file, or a notebook's name; what the command says besides wins."""
    from salesforecast.operations.jobfile import JobFile

    job = JobFile.read(Path(name)) if name.endswith(".toml") else JobFile(notebook=name)
    given = {key: options[key] for key in ("organisation", "scenario", "deadline") if options[key]}
    if options["outputs"] is not None:
        given["outputs"] = str(options["outputs"])
    return replace(job, parameters={**job.parameters, **parameters}, **given)


def _pair(text: str) -> tuple[str, str]:
    from salesforecast.masking import hide_credentials

    name, sign, value = text.partition("=")
    if not sign:
        raise ParameterError(
            f"'-p {hide_credentials(text)}' is not understood.",
            where="the command",
            fix="write -p name=value.",
        )
    return name.strip(), value


def _progress(job: Any) -> Callable[[str], None]:
    """Lines with the seconds since the start; on a terminal, also what is left of it."""
    start = time.monotonic()
    if not sys.stderr.isatty():
        return lambda line: click.echo(f"{time.monotonic() - start:6.1f} s  {line}", err=True)
    from salesforecast.publishing import MANIFEST, latest_run, read_json

    last = latest_run(Path(job.outputs), job.notebook)
    usual = read_json(last / MANIFEST).get("seconds") if last else None

    def tell(line: str) -> None:
        taken = time.monotonic() - start
        left = f"  (about {usual - taken:.0f} s left)" if usual and usual - taken >= 1 else ""
        bar = "━" * round(20 * min(1.0, taken / usual)) if usual else ""
        click.echo(f"{taken:6.1f} s  {bar:<20} {line}{click.style(left, dim=True)}", err=True)

    return tell


def _foreseen(checked: Any, same: str) -> dict[str, Any]:
    return {
        "job": checked.found.name,
        "notebook": str(checked.found.notebook),
        "parameters": dict(checked.values),
        "outputs": checked.job.outputs,
        "deadline": checked.job.deadline,
        "gate": checked.job.gate is not None,
        "notices": [f"{n.kind} on {', '.join(n.on)}" for n in checked.job.notices],
        "notes": list(checked.notes),
        "last run with these parameters": same or "none",
    }


def _listed(told: dict[str, Any]) -> str:
    lines = [
        "The job is in order; nothing was run.",
        *(f"  {key}: {value}" for key, value in told.items()),
    ]
    return "\n".join(lines)


def _closing(result: Any) -> str:
    """The summary, and where to look."""
    lines = [result.manifest.get("summary") or ""]
    if result.status == "unchanged":
        lines.append(
            f"Nothing has changed since run {result.run_id}: it was not repeated (--force does)."
        )
    for finding in result.manifest.get("gate", []):
        lines.append(f"{finding['severity']}: {finding['what']} ({finding['where']})")
    report = result.folder / "report.html"
    lines.append(f"Report:  {report}" if report.exists() else f"Results: {result.folder}")
    workbook = result.folder / "targets.xlsx"
    if workbook.exists():
        lines.append(f"Workbook: {workbook}")
    return "\n".join(line for line in lines if line)


@click.group(invoke_without_command=True)
@click.option("--job", default="", help="Of one job only.")
@_OUTPUTS
@_JSON
@click.pass_context
def runs(context: click.Context, job: str, outputs: Path, **options: Any) -> None:
    """List runs; show one, compare two, or explain what changed since the last time."""
    from salesforecast.operations.ledger import runs_of

    context.obj = outputs
    if context.invoked_subcommand:
        return
    rows = [found.row() for found in runs_of(outputs, job)]
    if options["as_json"]:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif not rows:
        click.echo(f"no run is kept in {outputs}")
    for row in [] if options["as_json"] else rows:
        taken = f"{row['seconds']:.0f} s" if row["seconds"] is not None else ""
        click.echo(
            f"{row['run']:<22} {row['status']:<6} exit {row['exit']}  {row['started']:<16} "
            f"{taken:>6}  {row['job']}: {row['what']}"
        )


@runs.command()
@click.argument("run", default="latest")
@_JSON
@click.pass_obj
def show(outputs: Path, run: str, **options: Any) -> None:
    """Show RUN: an id, how an id begins, or `latest`."""
    from salesforecast.operations.ledger import find_run

    found = find_run(outputs, run)
    if options["as_json"]:
        click.echo(json.dumps(dict(found.manifest), indent=2, ensure_ascii=False))
        return
    click.echo(f"{found.job} {found.run_id}: {found.words}\n  folder: {found.folder}")
    for name in ("started", "finished", "seconds", "parameters", "data", "error"):
        if found.manifest.get(name) not in (None, ""):
            told = found.manifest[name]
            if name == "data":
                told = {key: value for key, value in told.items() if key != "columns"}
            click.echo(f"  {name}: {told}")
    for finding in (*found.manifest.get("gate", []), *found.manifest.get("findings", [])):
        click.echo(f"  {finding['severity']}: {finding['what']} ({finding['where']})")


@runs.command()
@click.argument("before")
@click.argument("after", default="latest")
@_JSON
@click.pass_obj
def compare(outputs: Path, before: str, after: str, **options: Any) -> None:
    """Compare run BEFORE with run AFTER (the newest good one by default)."""
    from salesforecast.operations.changes import changes
    from salesforecast.operations.ledger import find_run

    newer = find_run(outputs, after)
    made = changes(find_run(outputs, before, newer.job), newer)
    click.echo(
        json.dumps(made.as_json(), indent=2, ensure_ascii=False)
        if options["as_json"]
        else made.words()
    )


@runs.command()
@click.argument("run", default="latest")
@_JSON
@click.pass_obj
def explain(outputs: Path, run: str, **options: Any) -> None:
    """Say what changed from the run before RUN: data, wishes, forecast, targets, and why."""
    from salesforecast.operations.changes import changes
    from salesforecast.operations.ledger import find_run, run_before

    after = find_run(outputs, run)
    before = run_before(outputs, after)
    if before is None:
        raise ParameterError(
            f"run '{after.run_id}' is the first that is kept.",
            where=str(outputs),
            fix="there is nothing to compare it with yet.",
        )
    made = changes(before, after)
    click.echo(
        json.dumps(made.as_json(), indent=2, ensure_ascii=False)
        if options["as_json"]
        else made.words()
    )


@click.command()
@click.option("--job", type=click.Path(path_type=Path), help="Also check what this job.toml needs.")
@_OUTPUTS
def doctor(outputs: Path, job: Path | None) -> None:
    """Check what a run needs: packages, kernel, store, sources, disk, clock; say how to mend it."""
    from salesforecast.operations.doctor import examine

    ill = False
    for check in examine(outputs, job):
        click.echo(f"{'good' if check.good else 'BAD ':<5} {check.what}: {check.words}")
        if not check.good and check.mend:
            click.echo(f"      mend: {check.mend}")
        ill = ill or not check.good
    sys.exit(EngineError.exit_code if ill else 0)


COMMANDS = (run, runs, doctor)
