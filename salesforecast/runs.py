"""Run a job: its notebook through papermill, into a folder that appears whole or not at all."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Any

from salesforecast import errors, publishing
from salesforecast.errors import (
    DataError,
    DeadlineError,
    EngineError,
    ParameterError,
    SalesforecastError,
)
from salesforecast.fingerprint import sha256, software, tables
from salesforecast.jobs import FOLDER, PATHS, Job, find_job
from salesforecast.publishing import (
    MANIFEST,
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

__all__ = ["RESULT", "STAGE", "RunResult", "announce", "latest_run", "run", "sha256", "staged"]

RESULT = "result.json"  # what the notebook tells us: stages, findings, inputs, seed, summary
DEADLINE = 3600.0  # seconds; a kernel that hangs must not hold a night's runs up for ever
STAGE = "stage: "  # a line of a cell's output that starts so is shown while the run works


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
    started, clock, cpu = datetime.now(UTC), time.perf_counter(), _cpu()

    def describe(folder: Path) -> dict[str, Any]:
        return {
            "parameters": dict(parameters or {}),
            "versions": software(),
            **_results(folder),
            **_taken(started, clock, cpu),
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
) -> RunResult:
    """Run `job` and publish its results in `outputs/runs/<job>/<run id>/`.

    A run whose parameters, inputs and software are those of the last good run is not
    repeated unless `force` is true or that run's files were altered. A second run of the same job waits for the first.

    Parameters
    ----------
    job
        Name of a notebook in `notebooks`, without `.ipynb`.
    parameters
        Values for names in the notebook's parameters cell; text is read as their type.
    outputs
        Folder of all results; made when it does not exist.
    deadline
        Seconds that one cell may take.
    progress
        Called with one line a stage, while the notebook runs.

    Raises
    ------
    ParameterError
        If the job, a parameter or a file does not exist; nothing in `outputs` changes.
    DataError
        If the notebook refuses the data; nothing in `outputs` changes.
    InfeasibleError, EngineError, DeadlineError, SalesforecastError
        If the run fails; the notebook with its failing cell is kept in `failed/<run id>/`.
    """
    found = find_job(job, notebooks)
    values = found.settle(parameters)
    outputs = outputs.resolve()
    fingerprint = _fingerprint(found, values)
    with job_folder(outputs, job, waiting=progress) as folder:
        last = latest_run(outputs, job)
        manifest = read_json(last / MANIFEST) if last else {}
        if last and not force and _same(manifest, fingerprint) and is_whole(last):
            return RunResult(job, last.name, last, "unchanged", manifest)
        run_id = new_run_id()
        staging = new_staging(folder, run_id)
        started, clock, cpu = datetime.now(UTC), time.perf_counter(), _cpu()
        progress("start")
        try:
            _execute(found, values, staging, deadline=deadline, progress=progress)
        except (DataError, ParameterError):
            shutil.rmtree(staging)
            raise
        except SalesforecastError as error:
            kept = set_aside(staging, folder)
            _open_again(kept / f"{job}.ipynb", staging.name, run_id)
            raise _with_place(error, kept / f"{job}.ipynb") from error
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        _open_again(staging / f"{job}.ipynb", staging.name, run_id)
        manifest = {
            "job": job,
            "run_id": run_id,
            "status": "good",
            **fingerprint,
            **_results(staging),
            **_taken(started, clock, cpu),
        }
        manifest = write_manifest(staging, manifest, folder=folder)
        return RunResult(
            job, run_id, publish(staging, folder, outputs=outputs), "published", manifest
        )


def _execute(
    job: Job,
    values: Mapping[str, Any],
    staging: Path,
    *,
    deadline: float,
    progress: Callable[[str], None],
) -> None:
    """Run the notebook in a kernel; the executed one is written to `staging`."""
    with _quick_import():
        import papermill
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")  # this environment's kernel, no other
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # its errors reach us as exceptions
    try:
        papermill.execute_notebook(
            _plain(job.notebook),
            _plain(staging / f"{job.name}.ipynb"),
            parameters={**values, **({FOLDER: str(staging)} if job.writes else {})},
            kernel_name="python3",
            progress_bar=False,
            stdout_file=_Lines(progress),
            extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
            cwd=job.notebook.parent,
            execution_timeout=ceil(deadline),
        )
    except PapermillExecutionError as error:
        raise _from_kernel(error, job) from None
    except CellTimeoutError as error:
        raise DeadlineError(
            f"the run was stopped: a step took longer than {deadline:,g} s.",
            where=f"job '{job.name}'",
            fix="allow more time with --deadline, or give it less data.",
        ) from error
    except (DeadKernelError, NoSuchKernel, RuntimeError) as error:
        raise EngineError(
            "the notebook's kernel died or did not start.",
            where=f"job '{job.name}': {str(error).strip() or type(error).__name__}",
            fix="free memory and try again; `salesforecast doctor` checks the kernel.",
        ) from error


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


@contextmanager
def _quick_import() -> Iterator[None]:
    """Import papermill without `rfc3987_syntax`, half of its start.

    jsonschema takes that package only to check the format of internationalised addresses,
    which notebooks do not hold, and does without it when it cannot be imported.
    """
    name = "rfc3987_syntax"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # Python's way to say "not there"
    try:
        yield
    finally:
        del sys.modules[name]


class _Lines:
    """A file that hands on the complete lines that begin with `STAGE`, without that word."""

    def __init__(self, progress: Callable[[str], None]) -> None:
        self._progress, self._rest = progress, ""

    def write(self, text: str) -> None:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.startswith(STAGE):
                self._progress(line.removeprefix(STAGE))

    def flush(self) -> None:
        """Nothing is held back but an unfinished line."""


def _plain(path: Path) -> str:
    """A path for papermill, which reads braces as places for parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _from_kernel(error: Any, job: Job) -> SalesforecastError:
    """The error that a cell raised: ours word for word, any other as a bug of ours."""
    kind = getattr(errors, error.ename, None)
    words = re.fullmatch(r"(.*?)\n  where: (.*?)\n  fix: (.*)", error.evalue, flags=re.DOTALL)
    if words and isinstance(kind, type) and issubclass(kind, SalesforecastError):
        return kind(words[1], where=words[2], fix=words[3])
    frames = re.findall(r"File (\S+?salesforecast\S+?):(\d+)", _without_colour(error.traceback))
    place = f", {frames[-1][0]}:{frames[-1][1]}" if frames else ""
    return SalesforecastError(
        f"the notebook stopped: {error.ename}: {error.evalue}",
        where=f"job '{job.name}', cell {error.exec_count}{place}",
        fix="this is a bug of ours: please report it with the notebook that was kept.",
    )


def _without_colour(traceback: list[str]) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(traceback))


def _with_place(error: SalesforecastError, notebook: Path) -> SalesforecastError:
    """The same error, saying where its notebook was kept."""
    fix = f"{error.fix}\n  notebook with the failing cell: {notebook}"
    return type(error)(error.what, where=error.where, fix=fix)


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


def _fingerprint(job: Job, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a result depends on: parameters, the content of every input, software."""
    named = [Path(str(values[name])) for name in PATHS if values.get(name)]
    inputs = [job.notebook, *named, *(path for toml in named for path in tables(toml))]
    return {
        "parameters": dict(values),
        "inputs": {str(path): sha256(path) for path in dict.fromkeys(inputs)},
        "versions": software(),
    }


def _same(manifest: Mapping[str, Any], fingerprint: Mapping[str, Any]) -> bool:
    """Whether a run with `fingerprint` would read what the run of `manifest` read."""
    known = set(fingerprint["inputs"].values())
    return all(
        manifest.get(key) == value for key, value in fingerprint.items()
    ) and known.issuperset(
        manifest.get("read", {}).values()  # otherwise a file changed while that run worked
    )


def _taken(started: datetime, clock: float, cpu: float) -> dict[str, Any]:
    """When a run that began then ended, and what it took."""
    return {
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - clock, 3),
        "cpu_seconds": round(_cpu() - cpu, 3),
    }


def _cpu() -> float:
    """CPU seconds of this process and of its children that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
