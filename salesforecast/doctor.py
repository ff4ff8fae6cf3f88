"""What a run needs, checked one by one before it is needed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from salesforecast.jobs import notebook_places
from salesforecast.publishing import MAIN_JOB, is_whole, latest_run

_KERNEL_SECONDS = 60


@dataclass(frozen=True)
class Check:
    """One thing that a run needs: whether it is there, and what was seen or how to get it."""

    what: str
    words: str
    good: bool = True


def examine(outputs: Path) -> list[Check]:
    """Check Python, packages, notebooks, the kernel and `outputs`; nothing is left behind."""
    checks: list[Callable[[], Check]] = [
        _python,
        _packages,
        _notebooks,
        _kernel,
        lambda: _place(outputs),
        lambda: _last_run(outputs),
    ]
    return [check() for check in checks]


def _python() -> Check:
    found = ".".join(str(part) for part in sys.version_info[:3])
    return Check("Python", f"{found} ({sys.executable})", good=sys.version_info >= (3, 11))


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
    words = f"missing: {', '.join(missing)}; pip install salesforecast" if missing else "all there"
    return Check("packages", words, good=not missing)


def _notebooks() -> Check:
    for place in notebook_places():
        if (place / f"{MAIN_JOB}.ipynb").is_file():
            return Check("notebooks", str(place))
    return Check("notebooks", f"no {MAIN_JOB}.ipynb in {notebook_places()[0]}", good=False)


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
        return Check("kernel", f"did not answer within {_KERNEL_SECONDS} s", good=False)
    last = (told.stdout if told.returncode == 0 else told.stderr).strip().splitlines()[-1:]
    return Check("kernel", f"ipykernel {''.join(last)}", good=told.returncode == 0)


def _place(outputs: Path) -> Check:
    """Whether results can be written, and whether `latest` can be a link there."""
    nearest = next(
        path for path in [outputs.resolve(), *outputs.resolve().parents] if path.exists()
    )
    try:
        with tempfile.TemporaryDirectory(dir=nearest, prefix=".doctor-") as folder:
            try:
                os.symlink("here", Path(folder) / "link")
                words = f"{outputs} can be written"
            except OSError:
                words = f"{outputs} can be written; no links there: `latest.txt` names the last run"
    except OSError as error:
        return Check("outputs", f"{nearest} cannot be written ({error.strerror})", good=False)
    return Check("outputs", words)


def _last_run(outputs: Path) -> Check:
    last = latest_run(outputs, MAIN_JOB)
    if last is None:
        return Check("last run", "none yet")
    altered = "" if is_whole(last) else ", altered after it was published"
    return Check("last run", f"{last.name}{altered}")
