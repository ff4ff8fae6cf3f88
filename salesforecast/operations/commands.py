"""Commands for runs: `run JOB`, `runs`, `doctor`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from salesforecast.errors import EngineError, Finding, ParameterError, SalesforecastError

_OUTPUTS = click.option(
    "--outputs",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("outputs"),
    show_default=True,
    help="Where results are.",
)
_HERE = click.option(
    "--outputs",
    "there",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where results are.  [default: as for `runs`]",
)
_LANGUAGE = click.option(
    "--language", type=click.Choice(["en", "zh"]), help="Of the words.  [default: the run's]"
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
@click.option(
    "--dry-run",
    is_flag=True,
    help="Check job, data and plan; say what a run would do; keep nothing.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the run's manifest as JSON.")
def run(job: str, parameters: tuple[str, ...], **options: Any) -> None:
    """Run JOB (the name of a notebook, or a job.toml) and publish its results.

    Examples: salesforecast run quarterly_allocation -p stretch=0.05;  salesforecast run job.toml
    """
    from salesforecast.operations import schedule
    from salesforecast.operations.words import language_of

    wanted = _job(job, dict(_pair(text) for text in parameters), options)
    language = language_of(wanted.parameters)
    progress = _progress(wanted, language)
    with _errors_in(language):
        if options["dry_run"]:
            checked = schedule.check(wanted)
            foreseen = schedule.rehearse(checked, progress=progress)
            seen = (foreseen, schedule.unchanged(checked))
            told = _foreseen(checked, *seen)
            _say(options, told, lambda: _listed(checked, *seen, language))
            return
        result = schedule.carry_out(wanted, force=options["force"], progress=progress)
    manifest = {**result.manifest, "folder": str(result.folder), "status": result.status}
    _say(options, manifest, lambda: _closing(result))


def _say(options: dict[str, Any], data: Any, words: Callable[[], str]) -> None:
    as_json = options["as_json"]
    click.echo(json.dumps(data, indent=2, ensure_ascii=False) if as_json else words())


@contextmanager
def _errors_in(language: str) -> Iterator[None]:
    """Errors of the block are told in the language of the job; English ones as by any command."""
    from salesforecast.operations.words import message

    try:
        yield
    except SalesforecastError as error:
        if language == "en":
            raise
        click.echo(message(error, language), err=True)
        sys.exit(error.exit_code)


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


def _progress(job: Any, language: str) -> Callable[[str], None]:
    """Lines with the seconds since the start; on a terminal, also what is left of it."""
    from salesforecast.operations.words import say, stage
    from salesforecast.publishing import MANIFEST, latest_run, read_json

    start, seconds = time.monotonic(), say("unit of time", language)
    live = sys.stderr.isatty()
    last = latest_run(Path(job.outputs), job.notebook) if live else None
    usual = read_json(last / MANIFEST).get("seconds") if last else None

    def tell(line: str) -> None:
        taken, words = time.monotonic() - start, stage(line, language)
        if not live:
            click.echo(f"{taken:6.1f} {seconds}  {words}", err=True)
            return
        left = say("left", language, n=usual - taken) if usual and usual - taken >= 1 else ""
        bar = "━" * round(20 * min(1.0, taken / usual)) if usual else ""
        click.echo(
            f"{taken:6.1f} {seconds}  {bar:<20} {words}{click.style(left, dim=True)}", err=True
        )

    return tell


def _foreseen(checked: Any, foreseen: dict[str, Any], same: str) -> dict[str, Any]:
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
        "foreseen": foreseen,
    }


def _listed(checked: Any, foreseen: dict[str, Any], same: str, language: str) -> str:
    """What a run would do, a line each."""
    from salesforecast.operations import words

    def word(key: str, **figures: object) -> str:
        return words.say(key, language, **figures)

    job, values = checked.job, checked.values
    notices = [
        word("notice", kind=n.kind, outcomes=", ".join(word(f"on {on}") for on in n.on))
        for n in job.notices
    ]
    told = [
        ("job", [f"{checked.found.name} ({checked.found.notebook})"]),
        ("parameters", [f"{name} = {value}" for name, value in values.items() if value != ""]),
        ("outputs", [job.outputs]),
        ("deadline", [word("seconds", n=job.deadline)]),
        ("gate", [word("gate on" if job.gate else "gate off")]),
        ("read", [word("data read", n=foreseen["lines"], newest=foreseen["newest"])] if foreseen else []),
        ("would plan", [word("plan", **{**foreseen, "n": foreseen["positions"]})] if foreseen else []),
        ("notices", notices or [word("nobody")]),
        ("last run", [same or word("none")]),
        ("notes", [*checked.notes, *(words.line(Finding(**one), language) for one in foreseen.get("gate", ()))]),
    ]  # fmt: skip
    lines = [word("in order")]
    for key, whats in told:
        if whats:
            head = f"  {word(key)}{word('colon')}"
            lines += [f"{head}{whats[0]}", *(f"    {what}" for what in whats[1:])]
    return "\n".join(lines)


def _closing(result: Any) -> str:
    """The summary, and where to look, in the language of the run."""
    from salesforecast.operations.words import language_of, line, say

    language = language_of(result.manifest.get("parameters", {}))
    lines = [result.manifest.get("summary") or ""]
    if result.status == "unchanged":
        lines.append(say("unchanged", language, run=result.run_id))
    lines += [line(Finding(**one), language) for one in result.manifest.get("gate", [])]
    report = result.folder / "report.html"
    there = report.exists()
    lines.append(
        say("report" if there else "results", language, path=report if there else result.folder)
    )
    workbook = result.folder / "targets.xlsx"
    if workbook.exists():
        lines.append(say("planner", language, path=workbook))
    return "\n".join(line for line in lines if line)


@click.group(invoke_without_command=True)
@click.option("--job", default="", help="Of one job only.")
@_OUTPUTS
@_LANGUAGE
@_JSON
@click.pass_context
def runs(context: click.Context, job: str, outputs: Path, **options: Any) -> None:
    """List runs; show one, compare two, or explain what changed since the last time."""
    from salesforecast.operations.ledger import runs_of
    from salesforecast.operations.words import language_of, say

    context.obj = outputs
    if context.invoked_subcommand:
        return
    found = runs_of(outputs, job)
    newest = dict(found[-1].manifest.get("parameters", {})) if found else {}
    language = options["language"] or language_of(newest)
    rows = [one.row(language) for one in found]
    _say(options, rows, lambda: _rows(rows, language) or say("no runs", language, path=outputs))


def _rows(rows: list[dict[str, Any]], language: str) -> str:
    from salesforecast.operations.words import say

    lines = []
    for row in rows:
        taken = say("seconds", language, n=row["seconds"]) if row["seconds"] is not None else ""
        status = say(row["status"], language)
        lines.append(
            f"{row['run']:<24} {status:<6} exit {row['exit']}  {row['started']:<16} "
            f"{taken:>6}  {row['job']}: {row['what']}"
        )
    return "\n".join(lines)


@runs.command()
@click.argument("run", default="latest")
@_HERE
@_LANGUAGE
@_JSON
@click.pass_obj
def show(outputs: Path, run: str, there: Path | None, **options: Any) -> None:
    """Show RUN: an id, how an id begins, or `latest`."""
    from salesforecast.operations import words
    from salesforecast.operations.ledger import find_run

    found = find_run(there or outputs, run)
    language = options["language"] or words.language_of(found.manifest.get("parameters", {}))
    _say(options, dict(found.manifest), lambda: _shown(found, language))


def _shown(found: Any, language: str) -> str:
    from salesforecast.operations.words import in_language, line, say
    from salesforecast.worker import raised

    manifest = found.manifest
    told = [("folder", found.folder)]
    told += [(name, manifest[name]) for name in ("started", "finished") if manifest.get(name)]
    if manifest.get("seconds") is not None:
        told.append(("took", say("seconds", language, n=manifest["seconds"])))
    given = [f"{name} = {v}" for name, v in manifest.get("parameters", {}).items() if v != ""]
    told += [("parameters", "; ".join(given))] if given else []
    if data := manifest.get("data"):
        told.append(("read", say("data read", language, n=data["lines"], newest=data["newest"])))
    if manifest.get("error"):
        error = in_language(raised(manifest["error"]), language)
        told += [("where", error.where), ("fix", error.fix)]
    colon = say("colon", language)
    lines = [f"{found.job} {found.run_id}: {found.words(language)}"]
    lines += [f"  {say(key, language)}{colon}{what}" for key, what in told]
    findings = (*manifest.get("gate", []), *manifest.get("findings", []))
    return "\n".join([*lines, *(f"  {line(Finding(**one), language)}" for one in findings)])


@runs.command()
@click.argument("before")
@click.argument("after", default="latest")
@_HERE
@_LANGUAGE
@_JSON
@click.pass_obj
def compare(outputs: Path, before: str, after: str, there: Path | None, **options: Any) -> None:
    """Compare run BEFORE with run AFTER (the newest good one by default)."""
    from salesforecast.operations.ledger import find_run

    newer = find_run(there or outputs, after)
    _compared(find_run(there or outputs, before, newer.job), newer, options)


@runs.command()
@click.argument("run", default="latest")
@_HERE
@_LANGUAGE
@_JSON
@click.pass_obj
def explain(outputs: Path, run: str, there: Path | None, **options: Any) -> None:
    """Say what changed from the run before RUN: data, wishes, forecast, targets, and why."""
    from salesforecast.operations.ledger import find_run, run_before
    from salesforecast.operations.words import language_of, say

    after = find_run(there or outputs, run)
    before = run_before(there or outputs, after)
    language = options["language"] or language_of(after.manifest.get("parameters", {}))
    if before is None:
        with _errors_in(language):
            raise ParameterError(
                say("first kept", language, run=after.run_id),
                where=str(there or outputs),
                fix=say("no other", language),
            )
    _compared(before, after, options)


def _compared(before: Any, after: Any, options: dict[str, Any]) -> None:
    from salesforecast.operations.changes import changes
    from salesforecast.operations.words import language_of

    language = options["language"] or language_of(after.manifest.get("parameters", {}))
    made = changes(before, after, language=language)
    _say(options, made.as_json(), made.words)


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
