"""Other libraries' forecasts, in an environment of their own; kept, so that each is made once."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.bench import HOME

NEEDED = ("statsforecast==2.1.1", "numpy==2.4.6")  # asks for an older pandas than other peers do
KEPT = HOME / "outputs" / "bench" / "libraries"
_ENVIRONMENT = HOME / ".venv-bench-forecast"


def library_forecasts(
    series: Sequence[np.ndarray], *, season: int, horizon: int, models: Sequence[str]
) -> dict[str, tuple[np.ndarray, float]]:
    """Model of statsforecast to its forecasts (series, horizon) and the CPU seconds of all.

    One series at a time, one thread. What was forecast before is read from `outputs/bench`.
    """
    found = {}
    missing = []
    for name in models:
        path = KEPT / f"{_digest(series, season, horizon, name)}.npz"
        if path.exists():
            with np.load(path) as kept:
                found[name] = (kept["ahead"], float(kept["cpu"]))
        else:
            missing.append(name)
    if missing:
        KEPT.mkdir(parents=True, exist_ok=True)
        for name, made in _run(series, season, horizon, missing).items():
            path = KEPT / f"{_digest(series, season, horizon, name)}.npz"
            np.savez(path, ahead=made[0], cpu=made[1])
            found[name] = made
    return found


def _digest(series: Sequence[np.ndarray], season: int, horizon: int, name: str) -> str:
    about = f"{NEEDED} {name} {season} {horizon} {[len(one) for one in series]}".encode()
    return hashlib.sha256(about + np.concatenate(series).tobytes()).hexdigest()[:20]


def _run(
    series: Sequence[np.ndarray], season: int, horizon: int, models: Sequence[str]
) -> dict[str, tuple[np.ndarray, float]]:
    python = _ENVIRONMENT / "bin" / "python"
    if not python.exists():
        print(f"making {_ENVIRONMENT.name} for statsforecast ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(_ENVIRONMENT)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *NEEDED], check=True)
    with tempfile.TemporaryDirectory() as folder:
        problem, result = Path(folder) / "problem.npz", Path(folder) / "result.npz"
        lengths = [len(one) for one in series]
        np.savez(
            problem,
            values=np.concatenate(series),
            starts=np.concatenate([[0], np.cumsum(lengths)]),
            season=season,
            horizon=horizon,
        )
        script = Path(__file__).with_name("library_models.py")
        threads = dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
        )
        subprocess.run(
            [str(python), str(script), str(problem), str(result), *models],
            check=True,
            env={**os.environ, **threads},
        )
        with np.load(result) as made:
            return {name: (made[name], float(made[f"{name}/cpu"])) for name in models}
