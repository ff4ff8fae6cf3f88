"""Which stage runs, and what each took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Stages:
    """Says which stage runs, and keeps what each took.

    `with stages("history"): ...` prints `stage: history` and adds wall and CPU seconds;
    a stage entered twice adds up, and a stage inside another is taken out of the outer one.
    """

    wall: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    quiet: bool = False
    _open: list[str] = field(default_factory=list)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        if not self.quiet and name not in self.wall:
            print(f"stage: {name}", flush=True)
        self._open.append(name)
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self._open.pop()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            self._add(name, wall, cpu)
            if self._open:
                self._add(self._open[-1], -wall, -cpu)

    def _add(self, name: str, wall: float, cpu: float) -> None:
        self.wall[name] = self.wall.get(name, 0.0) + wall
        self.cpu[name] = self.cpu.get(name, 0.0) + cpu
