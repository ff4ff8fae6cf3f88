"""What a run needs, checked one by one before it is needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from smtplib import SMTPException
from typing import TYPE_CHECKING

from salesforecast.errors import SalesforecastError
from salesforecast.jobs import notebook_places
from salesforecast.masking import hide_credentials
from salesforecast.operations.notices import reach
from salesforecast.publishing import MAIN_JOB, is_whole, latest_run

if TYPE_CHECKING:
    from salesforecast.operations.jobfile import Notice
    from salesforecast.operations.schedule import Checked

_KERNEL_SECONDS = 60
_LEAST_FREE = 2**30  # bytes: a run of a large company and its workbook
_SLACK = 120.0  # seconds


@dataclass(frozen=True)
class Check:
    """One thing that a run needs: what was seen, whether that is good, and how to mend it."""

    what: str
    words: str
    good: bool = True
    mend: str = ""


def examine(outputs: Path, job: Path | None = None) -> list[Check]:
    """Check what a run needs, and what `job` (a job.toml) needs besides; nothing is left behind.

    Results of a job go where it says, `outputs` is looked at without one.
    """
    outputs, name = _results(job, outputs)
    checks: list[Callable[[], Check]] = [
        _python,
        _packages,
        _notebooks,
        _kernel,
        _kernels_left,
        lambda: _place(outputs),
        lambda: _disk(outputs),
        lambda: _clock(outputs),
        lambda: _store(outputs),
        lambda: _last_run(outputs, name),
    ]
    found = [check() for check in checks]
    return [*found, *examine_job(job)] if job else found


def _results(job: Path | None, outputs: Path) -> tuple[Path, str]:
    """Where results go, and the name of their job; a job that cannot be read is told of later."""
    from salesforecast.operations.jobfile import JobFile

    try:
        read = JobFile.read(job) if job else None
    except SalesforecastError:
        return outputs, MAIN_JOB
    return (Path(read.outputs), read.notebook) if read else (outputs, MAIN_JOB)


def _python() -> Check:
    found = ".".join(str(part) for part in sys.version_info[:3])
    good = sys.version_info >= (3, 11)
    return Check("Python", f"{found} ({sys.executable})", good, "install Python 3.11 to 3.13.")


def _packages() -> Check:
    missing = []
    for line in requires("salesforecast") or []:
        name = line.split(";")[0].split(">")[0].split("[")[0].strip()
        if "extra ==" in line:
            continue
        try:
            version(name)
        except PackageNotFoundError:
            missing.append(name)
    words = f"missing: {', '.join(missing)}" if missing else "all there"
    return Check("packages", words, not missing, "pip install salesforecast, or make setup.")


def _notebooks() -> Check:
    for place in notebook_places():
        if (place / f"{MAIN_JOB}.ipynb").is_file():
            return Check("notebooks", str(place))
    words = f"no {MAIN_JOB}.ipynb in {notebook_places()[0]}"
    return Check(
        "notebooks",
        words,
        good=False,
        mend="run in the project's folder, or `salesforecast lab` once.",
    )


def _kernel() -> Check:
    """Start the interpreter as a kernel would be, far enough to see its parts load."""
    command = [
        sys.executable,
        "-c",
        "import ipykernel.kernelapp, zmq; print(ipykernel.__version__)",
    ]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=_KERNEL_SECONDS)
    except subprocess.TimeoutExpired:
        words = f"did not answer within {_KERNEL_SECONDS} s"
        return Check("kernel", words, good=False, mend="free memory and processor, then try again.")
    last = (told.stdout if told.returncode == 0 else told.stderr).strip().splitlines()[-1:]
    mend = "install it anew: python -m pip install --force-reinstall ipykernel pyzmq."
    return Check("kernel", f"ipykernel {''.join(last)}", told.returncode == 0, mend)


def _kernels_left() -> Check:
    """Kernels whose run is gone: they hold memory and nobody reads them."""
    import psutil

    left = []
    for process in psutil.process_iter(["pid"]):
        with suppress(psutil.Error, OSError):
            parent = process.environ().get("JPY_PARENT_PID", "")
            orphan = parent.isdigit() and not psutil.pid_exists(int(parent))
            if orphan and any("ipykernel" in part for part in process.cmdline()):
                left.append(str(process.pid))
    words = f"left by runs that are gone: {', '.join(left)}" if left else "none left by other runs"
    return Check("kernels", words, not left, f"end them: kill {' '.join(left)}")


def _nearest(path: Path) -> Path:
    return next(p for p in [path.resolve(), *path.resolve().parents] if p.exists())


def _place(outputs: Path) -> Check:
    """Whether results can be written, and whether `latest` can be a link there."""
    nearest = _nearest(outputs)
    try:
        with tempfile.TemporaryDirectory(dir=nearest, prefix=".doctor-") as folder:
            try:
                os.symlink("here", Path(folder) / "link")
                words = f"{outputs} can be written"
            except OSError:
                words = f"{outputs} can be written; no links there: `latest.txt` names the last run"
    except OSError as error:
        words = f"{nearest} cannot be written ({error.strerror})"
        mend = (
            "choose another folder (`outputs` in the job file, or --outputs), or ask for the right."
        )
        if nearest.is_file():
            words = f"{nearest} is a file, no folder"
            mend = f"move it away, or {mend}"
        return Check("outputs", words, good=False, mend=mend)
    return Check("outputs", words)


def _disk(outputs: Path) -> Check:
    free = shutil.disk_usage(_nearest(outputs)).free
    words = f"{free / 2**30:,.1f} GB free"
    mend = "remove old runs ([keep] in the job file does it by itself), or use another disk."
    return Check("disk", words, free > _LEAST_FREE, mend)


def _clock(outputs: Path) -> Check:
    """Whether the clock stands behind what has already happened here."""
    now = time.time()
    newest = max(
        (p.stat().st_mtime for p in [Path(__file__), *outputs.glob("runs/*/*")]), default=now
    )
    behind = newest - now
    words = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    if behind > _SLACK:
        words += f", {behind / 3600:.1f} h behind the newest file"
    mend = "set it (timedatectl set-ntp true): runs are named and aged by it."
    return Check("clock", words, behind <= _SLACK, mend)


def _store(outputs: Path) -> Check:
    """Whether the plan store, where there is one, can be opened and is sound."""
    address = os.environ.get("SALESFORECAST_STORE", "")
    path = outputs / "plans.db"
    if not address and not path.is_file():
        return Check("store", "no plan has been saved yet")
    from salesforecast.planning.store import Store

    try:
        with Store(None if address else path) as store:
            count = len(store.plans())
    except SalesforecastError as error:
        words = f"{hide_credentials(error.what)} ({hide_credentials(error.where)})"
        return Check("store", words, good=False, mend=error.fix)
    return Check("store", f"{count} plans")


def _last_run(outputs: Path, job: str) -> Check:
    last = latest_run(outputs, job)
    if last is None:
        return Check("last run", "none yet")
    if is_whole(last):
        return Check("last run", last.name)
    words = f"{last.name}, altered after it was published"
    return Check(
        "last run", words, good=False, mend="run again: an altered run is repeated by itself."
    )


def examine_job(path: Path) -> list[Check]:
    """What a job file needs: itself, its sources, the variables that it names."""
    from salesforecast.fingerprint import databases
    from salesforecast.operations.jobfile import JobFile
    from salesforecast.operations.schedule import check

    try:
        job = JobFile.read(path)
        checked = check(job)
        organisation = Path(str(checked.values.get("organisation") or ""))
    except SalesforecastError as error:
        return [Check("job", f"{error.what} ({error.where})", good=False, mend=error.fix)]
    found = [Check("job", str(path)), *(_notice(notice) for notice in job.notices)]
    for name in databases(organisation) if organisation.is_file() else []:
        if not os.environ.get(name):
            found.append(_unset(name))
    if organisation.is_file():
        found += _sources(organisation)
    return found if any(not one.good for one in found) else [*found, _plan(checked)]


def _unset(name: str) -> Check:
    mend = f"set {name} where the schedule runs (docs/schedules.md says how)."
    return Check("environment", f"{name} is not set", good=False, mend=mend)


def _notice(notice: Notice) -> Check:
    """Whether the address can be one, and whether a mail server answers; nothing is sent."""
    address = os.environ.get(notice.address, "")
    if not address:
        return _unset(notice.address)
    try:
        reach(notice, address)
    except (ValueError, OSError, SMTPException) as error:
        words = f"{notice.kind} ({notice.address}): {hide_credentials(str(error)) or type(error).__name__}"
        mend = f"correct {notice.address} where the schedule runs, or see that the server is up."
        return Check("notice", words, good=False, mend=mend)
    return Check("notice", f"{notice.kind} ({notice.address})")


def _plan(checked: Checked) -> Check:
    """Whether a plan comes of it: data, scenario and limits together (`schedule.rehearse`)."""
    from salesforecast.operations.schedule import rehearse

    try:
        told = rehearse(checked, progress=lambda _: None)
    except SalesforecastError as error:
        words = f"{hide_credentials(error.what)} ({hide_credentials(error.where)})"
        return Check("plan", words, good=False, mend=error.fix)
    if not told:
        return Check("plan", "the job reads no organisation")
    words = (
        f"{told['total']:,} over {told['positions']} positions, {told['first']} to {told['last']}"
    )
    return Check("plan", words)


def _sources(organisation: Path) -> list[Check]:
    """Whether every table can be read; the data gate looks at what is in them."""
    from salesforecast.history.load import load
    from salesforecast.history.organisation import Organisation
    from salesforecast.history.raw import counted

    try:
        loaded = load(Organisation.read(organisation))
    except SalesforecastError as error:
        words = f"{hide_credentials(error.what)} ({hide_credentials(error.where)})"
        return [Check("sources", words, good=False, mend=error.fix)]
    newest = loaded.lines["date"].max()
    words = f"{counted(len(loaded.inputs), 'table')}, {len(loaded.lines):,} order lines, newest {newest:%Y-%m-%d}"
    return [Check("sources", words)]
