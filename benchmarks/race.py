"""Run ours and a peer in turns, the peer in a process and an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks.bench import HOME

_ENVIRONMENT = HOME / ".venv-bench"


def environment() -> Path:
    """The peers' python; its environment is made from `peers.txt` if it is not there."""
    python = _ENVIRONMENT / "bin" / "python"
    if not python.exists():
        print("making .venv-bench for the peers ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(_ENVIRONMENT)], check=True)
        needed = str(Path(__file__).with_name("peers.txt"))
        subprocess.run([str(python), "-m", "pip", "install", "-q", "-r", needed], check=True)
    return python


class Peer(AbstractContextManager["Peer"]):
    """One peer process that waits for problems.

    Parameters
    ----------
    modules
        What it imports before the first problem.
    """

    def __init__(self, *modules: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            [str(environment()), str(Path(__file__).with_name("peers.py")), *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def solve(self, peer: str, problem: Mapping[str, Any]) -> tuple[np.ndarray, float]:
        """The peer's answer and the CPU seconds that it took.

        Raises
        ------
        RuntimeError
            If the peer ended without an answer; what it said went to stderr.
        """
        return self.again(peer, self.store(problem))

    def store(self, problem: Mapping[str, Any]) -> Path:
        """Write a problem down once, to be solved several times."""
        path = Path(self.folder.name) / f"{time.monotonic_ns()}.npz"
        np.savez(path, **problem)
        return path

    def again(self, peer: str, problem: Path) -> tuple[np.ndarray, float]:
        """Solve a stored problem."""
        assert self.process.stdin is not None and self.process.stdout is not None
        result = problem.with_suffix(".npy")
        request = {"peer": peer, "problem": str(problem), "result": str(result)}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"peer {peer} ended with {self.process.wait()}")
        return np.load(result), float(json.loads(line)["cpu"])

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.folder.cleanup()


def cpu(work: Callable[[], Any], times: int = 1) -> tuple[Any, float]:
    """The result of `work` and the median CPU seconds of `times` runs in this process."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        result = work()
        taken.append(time.process_time() - start)
    return result, median(taken)


def race(
    ours: Callable[[], Any],
    peer: Peer,
    name: str,
    problem: Mapping[str, Any],
    *,
    rounds: int = 5,
    times: int = 9,
) -> tuple[Any, float, np.ndarray, float]:
    """Ours (`times` runs) and the peer's, in turns: both results and median CPU seconds."""
    stored = peer.store(problem)
    ours()  # caches warm on both sides: the peer has imported what it needs
    mine, theirs = [], []
    for _ in range(rounds):
        result, taken = cpu(ours, times)
        mine.append(taken)
        answer, taken = peer.again(name, stored)
        theirs.append(taken)
    return result, median(mine), answer, median(theirs)


def as_rows(matrix: sparse.csr_matrix) -> dict[str, np.ndarray]:
    """A sparse matrix as plain arrays that can be stored."""
    matrix = sparse.csr_matrix(matrix)
    return {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr}
