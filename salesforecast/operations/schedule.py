"""Carry out a job: gate, run, what changed, what is kept, who is told, one line in the log."""

from __future__ import annotations

import os
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from salesforecast import runs
from salesforecast.errors import DataError, Finding, ParameterError, SalesforecastError
from salesforecast.fingerprint import databases
from salesforecast.jobs import Job, find_job
from salesforecast.masking import Mask
from salesforecast.operations.gate import DataGate
from salesforecast.operations.jobfile import JobFile
from salesforecast.operations.ledger import LOG, find_run, headline, run_before, sweep
from salesforecast.operations.notices import Told, send
from salesforecast.operations.rehearsal import wish_of
from salesforecast.operations.words import language_of, say
from salesforecast.publishing import MANIFEST, latest_run, read_json
from salesforecast.runs import RunResult
from salesforecast.worker import described, supervise

if TYPE_CHECKING:
    from salesforecast.history.organisation import Organisation


@dataclass(frozen=True)
class Checked:
    """A job whose file, notebook, parameters, organisation and scenario are in order.

    `notes` are what a reader should know although it stops nothing.
    """

    job: JobFile
    found: Job
    values: Mapping[str, Any] = field(hash=False)
    notes: tuple[str, ...] = ()


def check(job: JobFile, *, notebooks: Path | None = None) -> Checked:
    """Whatever can be refused without a kernel is refused here.

    Raises
    ------
    ParameterError, OrganisationError
        If a name or a value is wrong, or a file is not there or not understood.
    """
    from salesforecast.history.organisation import Organisation

    found = find_job(job.notebook, notebooks)
    values = found.settle(wishes(job))
    if values.get("organisation"):
        _measured(Organisation.read(str(values["organisation"])), str(values.get("measure", "")))
    wish_of(values)
    language, notes = language_of(values), []
    if values.get("scenario"):
        path = Path(str(values["scenario"]))
        said = tomllib.loads(path.read_text("utf-8-sig"))
        given = [name for name in ("total", "chance", "stretch") if name in said]
        if len(given) > 1:
            names = (" 和 " if language == "zh" else " and ").join(given)
            told = {"file": path.name, "names": names, "first": given[0]}
            notes.append(say("scenario twice", language, **told))
    for name in dict.fromkeys(_variables(job)):
        if not os.environ.get(name):
            notes.append(say("not set", language, name=name))
    return Checked(job, found, values, tuple(notes))


def _measured(organisation: Organisation, measure: str) -> None:
    """Refuse a measure that the organisation does not have: it was asked for by the call."""
    try:
        organisation.measuring(measure)
    except DataError as error:
        where = "the parameters of the run"
        raise ParameterError(error.what, where=where, fix=error.fix) from error


def rehearse(
    checked: Checked, *, progress: Callable[[str], None] = print, as_of: datetime | None = None
) -> dict[str, Any]:
    """Do what the run would do up to its plan, without its notebook, and keep nothing.

    Returns
    -------
    dict
        What the data are and what would be planned (`rehearsal.work`), with `gate`, the findings
        of the data gate; empty when the job reads no organisation.

    Raises
    ------
    SalesforecastError
        What the run would end with.
    """
    job = checked.job
    if not checked.values.get("organisation"):
        return {}
    until = time.monotonic() + job.deadline
    gate, looked = _gate(checked, as_of), {}
    if gate:
        with TemporaryDirectory(prefix="salesforecast-") as staging:
            last = latest_run(Path(job.outputs), checked.found.name)
            looked = dict(gate(Path(staging), last, deadline=until, progress=progress))
    request = {"parameters": dict(checked.values)}
    module = "salesforecast.operations.rehearsal"
    told = supervise(module, request, deadline=until, progress=progress)
    return {**told, "gate": looked.get("gate", [])}


def wishes(job: JobFile) -> dict[str, Any]:
    """What the notebook is told."""
    named = {name: getattr(job, name) for name in ("organisation", "scenario")}
    return {**job.parameters, **{name: path for name, path in named.items() if path}}


def carry_out(
    job: JobFile,
    *,
    notebooks: Path | None = None,
    force: bool = False,
    progress: Callable[[str], None] = print,
    as_of: datetime | None = None,
) -> RunResult:
    """Run a job as its file says; what fails is told and logged before it is raised.

    Parameters
    ----------
    as_of
        Today; by default this machine's clock. Freshness is measured from it.
    """
    mask = Mask.of(extra=_variables(job))
    try:
        checked = check(job, notebooks=notebooks)
        language = language_of(checked.values)
        for note in checked.notes:
            progress(f"{say('note', language)}{say('colon', language)}{note}")
        result = _run(checked, notebooks=notebooks, force=force, progress=progress, as_of=as_of)
    except SalesforecastError as error:
        _end(job, _failed(job, error), mask, progress, code=error.exit_code)
        raise
    except KeyboardInterrupt:
        if job.path != Path():
            _log(job, "stopped by hand or by the system", progress)
        raise
    _end(job, _told(job, result), mask, progress, run_id=result.run_id)
    if job.keep:
        outputs = Path(job.outputs)
        gone = sweep(outputs, checked.found.name, job.keep, waiting=progress)
        if gone:
            progress(f"{len(gone)} old runs removed")
    return result


def _run(
    checked: Checked,
    *,
    notebooks: Path | None,
    force: bool,
    progress: Callable[[str], None],
    as_of: datetime | None,
) -> RunResult:
    job, gate = checked.job, _gate(checked, as_of)
    about = {"thresholds": _plain(asdict(job.gate))} if job.gate else {}
    return runs.run(
        job.notebook,
        wishes(job),
        outputs=Path(job.outputs),
        notebooks=notebooks,
        force=force,
        deadline=job.deadline,
        progress=progress,
        gate=gate,
        about=about,
        secrets=_variables(job),
        keep_refused=job.path != Path(),
    )


def _gate(checked: Checked, as_of: datetime | None) -> DataGate | None:
    """What looks at the data: where the job asks for it, or a database has to be read to be known."""
    organisation, wanted = str(checked.values.get("organisation") or ""), checked.job.gate
    asked = wanted is not None or (organisation and databases(Path(organisation)))
    return DataGate(organisation, wanted, as_of) if organisation and asked else None


def _plain(table: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON gives it back, so that it compares equal with a manifest."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in table.items()}


def _variables(job: JobFile) -> tuple[str, ...]:
    """Variables of the environment that this job reads."""
    named = databases(Path(job.organisation)) if job.organisation else []
    return (*(notice.address for notice in job.notices), *named)


def _told(job: JobFile, result: RunResult) -> Told:
    """What there is to say about a run that ended well."""
    manifest = result.manifest
    findings = [*manifest.get("gate", []), *manifest.get("findings", [])]
    warnings = [Finding(**one) for one in findings if one.get("severity") == "warning"]
    outcome = "unchanged" if result.status == "unchanged" else "warning" if warnings else "success"
    said = str(manifest.get("summary", "")).strip().splitlines()[-1:]
    lines = _largest(job, result) if outcome != "unchanged" else {}
    headline = said[0] if said else f"run {result.run_id}"
    return Told(job.notebook, outcome, headline, warnings, lines, report=str(result.folder))


def _largest(job: JobFile, result: RunResult) -> dict[str, list[str]]:
    """The largest changes since the run before, in words of each language that is told."""
    from salesforecast.operations.changes import changes

    outputs = Path(job.outputs)
    run = find_run(outputs, result.run_id, result.job)
    before = run_before(outputs, run)
    if before is None:
        return {}
    lines = {}
    for language in {notice.language for notice in job.notices}:
        rows = changes(before, run, language=language).units.head(3)
        lines[language] = [
            f"{row['label']}: {row['change']:+,.0f} ({row['why']})" for _, row in rows.iterrows()
        ]
    return lines


def _failed(job: JobFile, error: SalesforecastError) -> Told:
    last = latest_run(Path(job.outputs), job.notebook)
    report = str(last) if last else ""
    return Told(job.notebook, "failure", headline(described(error)), error=error, report=report)


def _end(
    job: JobFile,
    told: Told,
    mask: Mask,
    progress: Callable[[str], None],
    *,
    code: int = 0,
    run_id: str = "",
) -> None:
    """Tell people, and write the line that an operator reads."""
    if job.path == Path():
        return  # called by hand: who called reads it himself
    sent = send(job, told, mask=mask, log=progress)
    words = f"exit {code}  {told.outcome:<9} {run_id or '-':<24} {told.headline}"
    failed = [line for line in sent if "NOT sent" in line]
    _log(job, mask.text("; ".join([words, *failed])), progress)


def _log(job: JobFile, words: str, progress: Callable[[str], None]) -> None:
    path = Path(job.outputs) / "runs" / job.notebook / LOG
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}  {' '.join(words.split())}\n")
    except OSError as error:
        progress(f"the log cannot be written ({error})")


def unchanged(checked: Checked) -> str:
    """Id of the last run if its parameters were the same; its data are compared by the run."""
    last = latest_run(Path(checked.job.outputs), checked.found.name)
    same = last and read_json(last / MANIFEST).get("parameters") == dict(checked.values)
    return last.name if last and same else ""
