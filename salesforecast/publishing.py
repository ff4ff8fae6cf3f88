"""A run's folder appears whole or not at all, and `latest` always names a whole one.

The order of a publication, each step kept on disk (fsync) before the next:
all files of `.staging-<run id>` -> rename to `<run id>` -> rename a new link over `latest`.
A process that is killed anywhere leaves `latest` on a whole run; the next start clears what it left.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from salesforecast.errors import EngineError, ParameterError
from salesforecast.fingerprint import sha256

MAIN_JOB = "quarterly_allocation"
MANIFEST = "manifest.json"
STAGING = ".staging-"
NEW_LINK = ".latest-"
LOCK = ".lock"
FAILED = "failed"
_WAIT_SECONDS = 0.2


def new_run_id() -> str:
    """Name a run after the moment it starts (UTC) and six random digits; names sort by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid4().hex[:6]}"


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty when there is none that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def latest_run(outputs: Path, job: str) -> Path | None:
    """Folder of the last good run of `job`; `None` when there is none."""
    link = outputs / "runs" / job / "latest"
    if link.is_dir():
        return link.resolve()
    with suppress(OSError):
        named = link.parent / link.with_suffix(".txt").read_text(encoding="utf-8").strip()
        return named if named.is_dir() else None
    return None


@contextmanager
def job_folder(outputs: Path, job: str, *, waiting: Callable[[str], None]) -> Iterator[Path]:
    """Hold the only lock of `job` and yield its folder; what dead runs left is cleared.

    A second run waits for the first and says so once through `waiting`. Folders that were
    made for the lock and stay empty are removed again.

    Raises
    ------
    ParameterError
        If `outputs` cannot be written.
    """
    folder = outputs / "runs" / job
    made = [p for p in (folder, folder.parent, outputs) if not p.exists()]
    try:
        handle = _lock(folder / LOCK, waiting=waiting)
    except OSError as error:
        raise ParameterError(
            "the outputs folder cannot be written.",
            where=f"{error.filename or folder}: {error.strerror or error}",
            fix="choose another with --outputs, or ask for the right to write there.",
        ) from error
    try:
        _clear(folder, outputs=outputs, job=job)
        yield folder
    finally:
        if os.name != "nt":  # Windows does not remove a file that is open
            (folder / LOCK).unlink(missing_ok=True)
        os.close(handle)
        for path in made:
            with suppress(OSError):  # not empty: a run is in it
                path.rmdir()


@contextmanager
def staged(
    job: str,
    outputs: Path | None = None,
    *,
    describe: Callable[[Path], Mapping[str, Any]] = lambda _: {},
    waiting: Callable[[str], None] = print,
) -> Iterator[Path]:
    """Yield an empty folder that is published as a run of `job` when the block succeeds.

    What is written to the folder appears in `outputs/runs/<job>/<run id>/` whole, or not at
    all if the block raises. Without `outputs`, the folder of that name in the working directory
    is taken, or beside it if that is `notebooks`. `describe` is called with the finished folder;
    what it returns goes into `manifest.json`.
    """
    if outputs is None:
        here = Path.cwd()
        outputs = (here.parent if here.name == "notebooks" else here) / "outputs"
    with job_folder(outputs, job, waiting=waiting) as folder:
        run_id = new_run_id()
        staging = new_staging(folder, run_id)
        try:
            yield staging
            manifest = {"job": job, "run_id": run_id, "status": "good", **describe(staging)}
            write_manifest(staging, manifest, folder=folder)
            publish(staging, folder, outputs=outputs)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise


def new_staging(folder: Path, run_id: str) -> Path:
    """Make the folder in which the run `run_id` is prepared."""
    staging = folder / f"{STAGING}{run_id}"
    staging.mkdir(parents=True)
    return staging


def write_manifest(staging: Path, manifest: Mapping[str, Any], *, folder: Path) -> dict[str, Any]:
    """Write `manifest` with every result's hash and the name of the run that it follows.

    Returns what was written: `manifest` with `results` (file to sha256) and `previous`.
    """
    results = {path.relative_to(staging).as_posix(): sha256(path) for path in _files(staging)}
    whole = {**manifest, "results": results, "previous": _linked(folder)}
    _write(staging / MANIFEST, json.dumps(whole, indent=2, ensure_ascii=False, default=str) + "\n")
    return whole


def is_whole(folder: Path) -> bool:
    """Whether `folder` holds a run with every result that its manifest names, unaltered."""
    results = read_json(folder / MANIFEST).get("results")
    return isinstance(results, dict) and all(
        sha256(folder / name) == digest for name, digest in results.items()
    )


def publish(staging: Path, folder: Path, *, outputs: Path) -> Path:
    """Turn a finished staging folder into the run that `latest` names; return its folder.

    Raises
    ------
    EngineError
        If the disk refuses; `latest` then still names the run before.
    """
    run_id = staging.name.removeprefix(STAGING)
    try:
        _sync_tree(staging)
        os.replace(staging, folder / run_id)
        _sync(folder)
        _point_latest(folder, run_id, outputs=outputs)
    except OSError as error:
        raise EngineError(
            "the results could not be put in place.",
            where=f"{error.filename or folder}: {error.strerror or error}",
            fix="free space on the disk or the name 'latest', then run again.",
        ) from error
    return folder / run_id


def set_aside(staging: Path, folder: Path) -> Path:
    """Move what a failed run has written to `failed/<run id>`; `latest` is not touched."""
    kept = folder / FAILED / staging.name.removeprefix(STAGING)
    kept.parent.mkdir(exist_ok=True)
    os.replace(staging, kept)
    return kept


def _point_latest(folder: Path, run_id: str, *, outputs: Path) -> None:
    """Let `latest` name `run_id`; that of `outputs` leads through the main job's, made first."""
    through, above = f"runs/{MAIN_JOB}/latest", outputs / "latest"
    if folder.name == MAIN_JOB and not (above.is_symlink() and os.readlink(above) == through):
        _swap_link(above, through, plain=f"runs/{MAIN_JOB}/{run_id}")
    _swap_link(folder / "latest", run_id)


def _swap_link(link: Path, target: str, *, plain: str = "") -> None:
    """Make `link` name `target` in one step; a text file `latest.txt` where links cannot be."""
    new = link.with_name(f"{NEW_LINK}{uuid4().hex[:8]}")
    try:
        os.symlink(target, new, target_is_directory=True)
    except (OSError, NotImplementedError):
        _write(new, f"{plain or target}\n")
        os.replace(new, link.with_suffix(".txt"))
    else:
        os.replace(new, link)
    _sync(link.parent)


def _linked(folder: Path) -> str:
    """Run id that `latest` names; empty when there is none."""
    link = folder / "latest"
    if link.is_symlink():
        return os.readlink(link)
    with suppress(OSError):
        return link.with_suffix(".txt").read_text(encoding="utf-8").strip()
    return ""


def _clear(folder: Path, *, outputs: Path, job: str) -> None:
    """Remove what killed runs left, and finish a publication that lacked only its link.

    Called with the lock held: no other run of this job is alive.
    """
    for left in folder.glob(f"{STAGING}*"):
        shutil.rmtree(left, ignore_errors=True)
    places = (folder, outputs) if job == MAIN_JOB else (folder,)
    for place in places:
        link = place / "latest"
        if link.exists() and not link.is_symlink():
            raise EngineError(
                "the name 'latest' is taken, so the next run could not be found by it.",
                where=str(link),
                fix="give that file or folder another name.",
            )
        for left in place.glob(f"{NEW_LINK}*"):
            left.unlink(missing_ok=True)
    before = _linked(folder)
    for run in sorted(path.parent for path in folder.glob(f"*/{MANIFEST}")):
        if not run.is_symlink() and run.name != before:
            manifest = read_json(run / MANIFEST)
            if manifest.get("previous") == before:
                _point_latest(folder, run.name, outputs=outputs)
                before = run.name


def _lock(path: Path, *, waiting: Callable[[str], None]) -> int:
    """Open `path` and lock it; wait while another process holds it."""
    told = False
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # the run before us removed its empty folder just now
            continue
        if _try_lock(handle) and _still_there(handle, path):
            os.ftruncate(handle, 0)
            os.lseek(handle, 0, os.SEEK_SET)
            os.write(handle, f"process {os.getpid()}".encode())
            return handle
        if not told:
            holder = os.pread(handle, 100, 0).decode() if hasattr(os, "pread") else ""
            waiting(f"another run of this job is at work ({holder or 'another process'}): waiting.")
            told = True
        os.close(handle)
        time.sleep(_WAIT_SECONDS)


def _still_there(handle: int, path: Path) -> bool:
    """Whether `path` still is the file that `handle` locked: its last owner may have removed it."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def _try_lock(handle: int) -> bool:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(handle, 1000, os.SEEK_SET)  # a byte beyond the text, so that others can read it
        attempt = lambda: msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # noqa: E731
    else:
        import fcntl

        attempt = lambda: fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # noqa: E731
    try:
        attempt()
    except (BlockingIOError, PermissionError):
        return False
    return True


def _write(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        data = text.encode()
        while data:
            data = data[os.write(handle, data) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)


def _sync_tree(folder: Path) -> None:
    """Keep every file and folder below `folder` on disk, itself last."""
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            _sync(Path(place, name))
        _sync(Path(place))


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows keeps folders by itself
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
