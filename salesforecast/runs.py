"""Run a job: its notebook through papermill, into a folder that appears whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from salesforecast import publishing
from salesforecast.errors import (
    DataError,
    DeadlineError,
    EngineError,
    ParameterError,
    SalesforecastError,
)
from salesforecast.fingerprint import DATABASE, databases, sha256, software, tables
from salesforecast.jobs import FOLDER, PATHS, Job, find_job
from salesforecast.kernels import STAGE
from salesforecast.masking import Mask
from salesforecast.publishing import (
    MANIFEST,
    STAGING,
    is_whole,
    job_folder,
    latest_run,
    new_run_id,
    new_staging,
    publish,
    read_json,
    set_aside,
    write_manifest,
)
from salesforecast.worker import described, disk_refused, raised, supervise

__all__ = ["RESULT", "STAGE", "RunResult", "announce", "latest_run", "run", "sha256", "staged"]

RESULT = "result.json"  # what the notebook tells us: stages, findings, inputs, seed, summary
KEPT = "inputs"  # copies of the organisation and the scenario, so that runs can be compared
DEADLINE = 3600.0  # seconds; a run that hangs must not hold a night's runs up for ever


@dataclass(frozen=True)
class RunResult:
    """One run: where its results are, and whether they are new.

    Parameters
    ----------
    job, run_id, folder
        The job, the run's name, and its folder.
    status
        `"published"`, or `"unchanged"` when the last run had the same input.
    manifest
        Content of the run's `manifest.json`.
    """

    job: str
    run_id: str
    folder: Path
    status: str
    manifest: Mapping[str, Any]


class Gate(Protocol):
    """What looks at the data before a run: see `salesforecast.operations.gate`."""

    def __call__(
        self,
        staging: Path,
        last: Path | None,
        *,
        deadline: float,
        progress: Callable[[str], None],
    ) -> Mapping[str, Any]:
        """Refuse the data (`DataError`), or return what the manifest says of them.

        `read` maps what was read to its sha256. Files written to `staging` are kept.
        """

    def recall(self, last: Path) -> None:
        """Refuse data that have not changed since the run in `last` but are too old by now."""


def announce(stage: str, words: str = "") -> None:
    """Print the line by which a notebook tells the terminal that `stage` starts."""
    print(f"{STAGE}{stage}{' - ' if words else ''}{words}", flush=True)


@contextmanager
def staged(
    job: str, outputs: Path | None = None, *, parameters: Mapping[str, Any] | None = None
) -> Iterator[Path]:
    """Yield a folder that is published as a run of `job` when the block succeeds.

    For a notebook that runs on its own (plain papermill, JupyterLab) and so has no `folder`.
    Without `outputs`, the folder of that name in the working directory is taken, or beside it
    if that is `notebooks`.
    """
    taken = _clock()

    def describe(folder: Path) -> dict[str, Any]:
        return {
            "parameters": dict(parameters or {}),
            "versions": software(),
            **_results(folder),
            **taken(),
        }

    with publishing.staged(job, outputs, describe=describe) as folder:
        yield folder


def run(
    job: str,
    parameters: Mapping[str, object],
    *,
    outputs: Path,
    notebooks: Path | None = None,
    force: bool = False,
    deadline: float = DEADLINE,
    progress: Callable[[str], None] = print,
    gate: Gate | None = None,
    about: Mapping[str, Any] | None = None,
    secrets: tuple[str, ...] = (),
    keep_refused: bool = False,
) -> RunResult:
    """Run `job` and publish its results in `outputs/runs/<job>/<run id>/`.

    A run whose parameters, inputs and software are those of the last good run is not
    repeated unless `force` is true or that run's files were altered. A second run of the same
    job waits for the first. Secrets of the environment are masked in whatever is kept or said.

    Parameters
    ----------
    job
        Name of a notebook in `notebooks`, without `.ipynb`.
    parameters
        Values for names in the notebook's parameters cell; text is read as their type.
    outputs
        Folder of all results; made when it does not exist.
    deadline
        Seconds that the whole run may take, its waiting for others not counted.
    progress
        Called with one line a stage, while the notebook runs.
    gate
        Looks at the data before the notebook does.
    about
        Further entries of the manifest that a result depends on.
    secrets
        Variables of the environment to be masked whatever their name.
    keep_refused
        Keep a record of a run whose data were refused, too, in `failed/<run id>/`.

    Raises
    ------
    ParameterError
        If the job, a parameter or a file does not exist; nothing in `outputs` changes.
    DataError
        If the data are refused; `latest` is as it was.
    InfeasibleError, EngineError, DeadlineError, SalesforecastError
        If the run fails; the notebook with its failing cell is kept in `failed/<run id>/`.
    """
    found = find_job(job, notebooks)
    values = found.settle(parameters)
    outputs = outputs.resolve()
    mask = Mask.of(extra=secrets)
    fingerprint = mask.tree({**_fingerprint(found, values), **(about or {})})

    def tell(line: str) -> None:
        progress(mask.text(line))

    with job_folder(outputs, job, waiting=progress) as folder:
        last = latest_run(outputs, job)
        manifest = read_json(last / MANIFEST) if last else {}
        same = last is not None and not force and _same(manifest, fingerprint) and is_whole(last)
        if same and last and not any(databases(path) for path in _named(values)):
            if gate:
                gate.recall(last)
            return RunResult(job, last.name, last, "unchanged", manifest)
        taken, until = _clock(), time.monotonic() + deadline
        tell("start")
        staging = new_staging(folder, run_id := new_run_id())
        about_run = {"job": job, "run_id": run_id, **fingerprint}
        try:
            looked = dict(gate(staging, last, deadline=until, progress=tell)) if gate else {}
            if same and last and looked.get("read") and looked["read"] == manifest.get("read"):
                shutil.rmtree(staging)
                return RunResult(job, last.name, last, "unchanged", manifest)
            told = _executed(found, values, staging, looked, until=until, tell=tell)
            mask.folder(staging)
            whole = {**about_run, **looked, **told, "status": "good", **taken()}
            manifest = write_manifest(staging, mask.tree(whole), folder=folder)
            published = publish(staging, folder, outputs=outputs)
        except (SalesforecastError, OSError) as error:
            why = _in_words(error, mask, deadline=deadline)
            record = {**about_run, "status": "failed", "error": described(why), **taken()}
            raise _aside(staging, folder, mask, why, record, keep_refused=keep_refused) from error
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        return RunResult(job, run_id, published, "published", manifest)


def _executed(
    found: Job,
    values: Mapping[str, Any],
    staging: Path,
    looked: Mapping[str, Any],
    *,
    until: float,
    tell: Callable[[str], None],
) -> dict[str, Any]:
    """Let a process of its own run the notebook; return what it reported."""
    notebook = staging / f"{found.name}.ipynb"
    order = {
        "notebook": str(found.notebook),
        "output": str(notebook),
        "parameters": {**values, **({FOLDER: str(staging)} if found.writes else {})},
    }
    supervise("salesforecast.kernels", order, deadline=until, progress=tell)
    told = _results(staging)
    _refuse_moved(looked.get("read", {}), told["read"])
    _open_again(notebook, staging.name, staging.name.removeprefix(STAGING))
    _keep_copies(staging, values)
    return told


def _in_words(error: Exception, mask: Mask, *, deadline: float) -> SalesforecastError:
    """What failed, without secrets; a disk that refuses is an engine that fails."""
    if isinstance(error, OSError):
        error = disk_refused(f"{error.filename or 'the outputs folder'}: {error.strerror or error}")
    assert isinstance(error, SalesforecastError)
    what = error.what
    if isinstance(error, DeadlineError):
        what = f"the run was stopped: it took longer than {deadline:,g} s."
    told = {**described(error), "what": what}
    return raised(mask.tree(told))


def _aside(
    staging: Path,
    folder: Path,
    mask: Mask,
    error: SalesforecastError,
    record: Mapping[str, Any],
    *,
    keep_refused: bool,
) -> SalesforecastError:
    """Keep what a failed run has left, and why it failed; return the error, saying where."""
    refused = isinstance(error, DataError | ParameterError)
    if not staging.is_dir() or (refused and not keep_refused):
        shutil.rmtree(staging, ignore_errors=True)
        return error
    notebook = staging / f"{record['job']}.ipynb"
    try:
        _open_again(notebook, staging.name, str(record["run_id"]))
        mask.folder(staging)
        whole = {**record, "exit_code": error.exit_code, "read": _results(staging)["read"]}
        write_manifest(staging, mask.tree(whole), folder=folder)
    except (OSError, EngineError):  # a full disk: what is there is kept as it is, or not at all
        if mask.found_in(staging):
            shutil.rmtree(staging, ignore_errors=True)
            return error
    kept = set_aside(staging, folder)
    there = (kept / notebook.name).exists()
    words = "notebook with the failing cell" if there else "kept"
    fix = f"{error.fix}\n  {words}: {kept / notebook.name if there else kept}"
    return raised({**described(error), "fix": fix})


def _refuse_moved(looked: Mapping[str, str], read: Mapping[str, str]) -> None:
    """Refuse a result of other data than those that were looked at.

    Raises
    ------
    DataError
        If a delivery arrived between the look and the reading.
    """
    moved = sorted(name for name in looked if name in read and looked[name] != read[name])
    if moved:
        raise DataError(
            "the data changed while the run was at work.",
            where=", ".join(moved),
            fix="run again when the delivery is complete.",
        )


def _keep_copies(staging: Path, values: Mapping[str, Any]) -> None:
    """Copy the organisation and the scenario into the run."""
    for path in _named(values):
        (staging / KEPT).mkdir(exist_ok=True)
        shutil.copyfile(path, staging / KEPT / path.name)


def _open_again(notebook: Path, staging: str, run_id: str) -> None:
    """Let an executed notebook be run again by hand: it forgets the folder that is gone."""
    content = read_json(notebook)
    if not content:
        return  # the kernel never started
    for cell in content.get("cells", []):
        if "injected-parameters" in cell["metadata"].get("tags", []):
            cell["source"] = [x for x in cell["source"] if not x.startswith(f"{FOLDER} = ")]
    content.get("metadata", {}).get("papermill", {}).get("parameters", {}).pop(FOLDER, None)
    text = json.dumps(content, indent=1, ensure_ascii=False).replace(staging, run_id)
    notebook.write_text(text + "\n", encoding="utf-8")


def _results(staging: Path) -> dict[str, Any]:
    """What the notebook reported."""
    result = read_json(staging / RESULT)
    return {
        "read": dict(result.get("inputs", {})),
        "seed": result.get("seed"),
        "stages": result.get("stages", []),
        "findings": result.get("findings", []),
        "summary": result.get("summary", ""),
    }


def _named(values: Mapping[str, Any]) -> list[Path]:
    """The user's files among the parameters."""
    return [Path(str(values[name])) for name in PATHS if values.get(name)]


def _fingerprint(job: Job, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a result depends on: parameters, the content of every input, software."""
    named = _named(values)
    inputs = [job.notebook, *named, *(path for toml in named for path in tables(toml))]
    return {
        "parameters": dict(values),
        "inputs": {str(path): sha256(path) for path in dict.fromkeys(inputs)},
        "versions": software(),
    }


def _same(manifest: Mapping[str, Any], fingerprint: Mapping[str, Any]) -> bool:
    """Whether a run with `fingerprint` would read what the run of `manifest` read."""
    known = set(fingerprint["inputs"].values())
    read = manifest.get("read", {})
    of_files = [digest for name, digest in read.items() if DATABASE not in name]
    return all(
        manifest.get(key) == value for key, value in fingerprint.items()
    ) and known.issuperset(of_files)  # otherwise a file changed while that run worked


def _clock() -> Callable[[], dict[str, Any]]:
    """Start measuring; what is returned says when the run began and ended, and what it took."""
    started, clock, cpu = datetime.now(UTC), time.perf_counter(), _cpu()

    def taken() -> dict[str, Any]:
        return {
            "started": started.isoformat(timespec="seconds"),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - clock, 3),
            "cpu_seconds": round(_cpu() - cpu, 3),
        }

    return taken


def _cpu() -> float:
    """CPU seconds of this process and of its children that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
