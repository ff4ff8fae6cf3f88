"""Who does the chunks' work: this process, or the workers of a Dask cluster, by plain futures.

What comes out does not depend on it: a chunk's result depends on the chunk only, and results come
in the order of the chunks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from salesforecast.errors import EngineError, ParameterError

if TYPE_CHECKING:
    from distributed import Client

Item = TypeVar("Item")
Answer = TypeVar("Answer")
# Dask looks at its workers' memory, load and stacks so often that watching costs as much as sending.
WATCH = {
    "distributed.worker.memory.monitor-interval": "2s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.profile.enabled": False,
}
# Dask tells glibc to give memory back at every chance, so that each array is fetched anew page by
# page: twice the CPU. These keep a chunk's memory for the next one.
MALLOC = {"MALLOC_TRIM_THRESHOLD_": 2**28, "MALLOC_MMAP_THRESHOLD_": 2**25}
AHEAD = 3  # chunks a worker that wait for it: enough to keep it busy, few enough for memory


class Spread(Protocol):
    """Calls a function of one item for each, and gives the answers in order."""

    def __call__(
        self, work: Callable[[Item], Answer], items: Iterable[Item]
    ) -> Iterator[Answer]: ...


def in_turn(work: Callable[[Item], Answer], items: Iterable[Item]) -> Iterator[Answer]:
    """One after the other, in this process."""
    for item in items:
        yield work(item)


@contextmanager
def spreading(*, workers: int = 1, scheduler: str = "") -> Iterator[Spread]:
    """This process, `workers` processes of this machine, or the cluster of a Dask scheduler.

    A chunk whose worker dies is done again by another one.

    Parameters
    ----------
    workers
        Processes of this machine; 1 is this process.
    scheduler
        Address of a Dask scheduler that runs (`tcp://host:8786`); wins over `workers`. Its
        workers need the same version of this package; they send results back, so that no folder
        needs to be shared.

    Raises
    ------
    ParameterError
        If Dask is not installed.
    EngineError
        If the scheduler cannot be reached, or workers die again and again.
    """
    if workers == 1 and not scheduler:
        yield in_turn
        return
    try:
        import dask
        from distributed import Client, LocalCluster
    except ModuleNotFoundError as error:
        raise ParameterError(
            "Dask is not installed, so the work stays in one process.",
            where="workers or scheduler",
            fix="leave them out, or: pip install 'salesforecast[large]'.",
        ) from error
    if scheduler:
        try:
            client = Client(scheduler, timeout="20s")
        except (OSError, ValueError) as error:
            raise EngineError(
                "the Dask scheduler does not answer.",
                where=f"{scheduler}: {error}",
                fix="start it (`dask scheduler`), or leave the address out.",
            ) from error
        with client:
            yield _on(client)
        return
    memory = {f"distributed.nanny.pre-spawn-environ.{name}": v for name, v in MALLOC.items()}
    with (
        dask.config.set(memory | WATCH),
        LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        Client(cluster) as client,
    ):
        yield _on(client)


def _on(client: Client) -> Spread:
    def spread(work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        from distributed.scheduler import KilledWorker

        room = AHEAD * max(len(client.scheduler_info(n_workers=-1)["workers"]), 1)
        waiting: deque[Any] = deque()
        try:
            for item in items:
                waiting.append(client.submit(work, item, pure=False))
                if len(waiting) >= room:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except KilledWorker as error:
            raise EngineError(
                "workers died again and again on the same chunk.",
                where=str(error)[:300],
                fix="give them more memory; what is finished is kept, so run it again.",
            ) from error
        finally:
            client.cancel(list(waiting))

    return spread
