"""Which runs there are, good and failed, and which of them are no longer kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from salesforecast.errors import ParameterError, nearest
from salesforecast.operations.jobfile import Keep
from salesforecast.operations.words import in_language, say
from salesforecast.publishing import (
    FAILED,
    MANIFEST,
    STAGING,
    job_folder,
    latest_run,
    read_json,
)
from salesforecast.worker import described, raised

LOG = "runs.log"


@dataclass(frozen=True)
class Run:
    """One run that is kept: its folder, and what its manifest says."""

    job: str
    run_id: str
    folder: Path
    manifest: Mapping[str, Any]
    latest: bool = False

    @property
    def good(self) -> bool:
        """Whether it published its results."""
        return self.folder.parent.name != FAILED

    def words(self, language: str = "en") -> str:
        """What came of it, in a line."""
        if self.good:
            told = [*self.manifest.get("findings", []), *self.manifest.get("gate", [])]
            warned = sum(one.get("severity") == "warning" for one in told)
            said = str(self.manifest.get("summary", "")).strip().splitlines()[-1:]
            return say(
                "warned", language, what=said[0] if said else say("done", language), n=warned
            )
        error = self.manifest.get("error")
        if not error:
            return say("no word", language)
        return headline(described(in_language(raised(error), language)), language)

    def row(self, language: str = "en") -> dict[str, Any]:
        """The run as a row of a list."""
        return {
            "job": self.job,
            "run": self.run_id,
            "status": "latest" if self.latest else "good" if self.good else "failed",
            "exit": 0 if self.good else self.manifest.get("exit_code", 1),
            "started": str(self.manifest.get("started", ""))[:16],
            "seconds": self.manifest.get("seconds"),
            "what": self.words(language),
        }


def headline(error: Mapping[str, Any], language: str = "en") -> str:
    """An error in a line: of several findings the first, and how many more there are."""
    findings = [one for one in error.get("findings", ()) if one["severity"] == "error"]
    if len(findings) < 2:
        return str(error["what"])
    return say("first of", language, what=findings[0]["what"], n=len(findings) - 1)


def runs_of(outputs: Path, job: str = "") -> list[Run]:
    """Every run that is kept, the newest last; of one job, or of all."""
    found = []
    for folder in sorted((outputs / "runs").glob(job or "*")):
        last = latest_run(outputs, folder.name)
        for path in [*folder.glob("*"), *(folder / FAILED).glob("*")]:
            if (
                path.is_dir()
                and not path.is_symlink()
                and path.name != FAILED
                and path.name[0] != "."
            ):
                newest = last is not None and path.name == last.name and path.parent == folder
                found.append(Run(folder.name, path.name, path, read_json(path / MANIFEST), newest))
    # of runs begun in the same second, the published one came last
    return sorted(found, key=lambda run: (run.manifest.get("started", ""), run.latest, run.run_id))


def find_run(outputs: Path, name: str, job: str = "") -> Run:
    """The run with this id, or an id that begins so; `latest` is the newest good one.

    Raises
    ------
    ParameterError
        If there is none, or several.
    """
    runs = runs_of(outputs, job)
    same = [run for run in runs if run.latest] if name == "latest" else []
    same = same or [run for run in runs if run.run_id == name or f"{run.job}/{run.run_id}" == name]
    same = same or [run for run in runs if name and run.run_id.startswith(name)]
    if len(same) == 1:
        return same[0]
    told = ", ".join(f"{run.job}/{run.run_id}" for run in same[:5])
    raise ParameterError(
        f"{'several runs begin with' if same else 'there is no run'} '{name[:80]}'.",
        where=str(outputs / "runs"),
        fix=f"say which: {told}."
        if same
        else nearest(name, [run.run_id for run in runs] or ["none yet"]),
    )


def run_before(outputs: Path, run: Run) -> Run | None:
    """The good run that a run followed."""
    good = [one for one in runs_of(outputs, run.job) if one.good and one.run_id != run.run_id]
    named = [one for one in good if one.run_id == run.manifest.get("previous")]
    earlier = [
        one for one in good if one.manifest.get("started", "") < run.manifest.get("started", "")
    ]
    return next(iter([*named, *reversed(earlier)]), None)


def sweep(
    outputs: Path,
    job: str,
    keep: Keep,
    *,
    now: datetime | None = None,
    waiting: Callable[[str], None],
) -> list[str]:
    """Remove the runs that are no longer kept, and return their ids.

    The last `keep.good` good runs stay, the newest and the one it followed always; failed ones
    stay for `keep.failed_days`. A run is renamed before it is removed: what is half removed is
    no run, and the next start clears it.
    """
    moment = now or datetime.now(UTC)
    oldest = (moment - timedelta(days=keep.failed_days)).isoformat(timespec="seconds")
    gone = []
    with job_folder(outputs, job, waiting=waiting) as folder:
        runs = runs_of(outputs, job)
        good = [run for run in runs if run.good]
        newest = next((run for run in good if run.latest), None)
        safe = {newest.run_id, newest.manifest.get("previous")} if newest else set()
        old = [run for run in good[: -keep.good] if run.run_id not in safe and newest]
        old += [run for run in runs if not run.good and _began(run) < oldest]
        for run in old:
            doomed = folder / f"{STAGING}old-{run.run_id}"
            os.replace(run.folder, doomed)
            shutil.rmtree(doomed, ignore_errors=True)
            gone.append(run.run_id)
    return gone


def _began(run: Run) -> str:
    """When a run began, in the words of a manifest; by its folder where that says nothing."""
    told = run.manifest.get("started")
    moment = datetime.fromtimestamp(run.folder.stat().st_mtime, UTC)
    return str(told or moment.isoformat(timespec="seconds"))
