"""D02 to D04: many writers, kills at every disk call, and databases that fail, on the real store."""

from __future__ import annotations

import multiprocessing
import os
import pwd
import random
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import killing, postgres
from benchmarks.bench import row
from salesforecast.errors import ConflictError, EngineError
from salesforecast.hierarchy import Hierarchy
from salesforecast.planning.plan import Plan
from salesforecast.planning.scenario import Scenario
from salesforecast.planning.store import Store
from salesforecast.tables import TARGETS

SAVES, WRITERS = 200, 8


def sample_plan(first: int = 100) -> Plan:
    """Three people, two products, three months."""
    tree = Hierarchy.of(["w/a", "w/b", "s/c"], levels=("company", "region", "person"), label="C")
    months = pd.date_range("2013-09-01", periods=3, freq="MS", unit="us")
    rows = [
        {"node": leaf, "product": product, "period": month, "target": first + n}
        for n, leaf in enumerate(tree.leaves)
        for month in months
        for product in ("Bikes", "Clothing")
    ]
    none = pd.DataFrame()
    return Plan(Scenario(), tree, months, targets=TARGETS.check(pd.DataFrame(rows)), units=tree.nodes,
                explanation=none, limits=none)  # fmt: skip


def _write(address: str, worker: int, saves: int, told: Any) -> None:
    plan = sample_plan(1000 * worker)
    with Store(address, user=f"worker {worker}") as store:
        head = store.version("Q").number
        for turn in range(saves):
            try:
                head = store.save("Q", plan, reason=f"{worker}/{turn}", opened=head).number
            except ConflictError:
                head = store.version("Q").number
            told.put(f"{worker}/{turn}")


def many_writers(address: str) -> tuple[int, int, int, float]:
    """Lost and doubled versions, how many stood aside, and seconds."""
    with Store(address, user="first") as store:
        store.save("Q", sample_plan(), reason="first")
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    start = time.perf_counter()
    workers = [
        context.Process(target=_write, args=(address, n, SAVES, told)) for n in range(WRITERS)
    ]
    for worker in workers:
        worker.start()
    acknowledged = [told.get(timeout=600) for _ in range(WRITERS * SAVES)]
    for worker in workers:
        worker.join()
    seconds = time.perf_counter() - start
    with Store(address) as store:
        versions = store.versions("Q")[1:]
    reasons = [v.reason for v in versions]
    lost = len(set(acknowledged) - set(reasons))
    doubled = len(reasons) - len(set(reasons))
    return lost, doubled, sum(v.aside for v in versions), seconds


def d02() -> list[dict[str, Any]]:
    out = []
    with tempfile.TemporaryDirectory() as folder:
        places = {"SQLite": str(Path(folder) / "plans.db")}
        server = None
        if postgres.programs():
            server = postgres.Server()
            places["PostgreSQL"] = server.database("writers")
        for name, address in places.items():
            lost, doubled, aside, seconds = many_writers(address)
            what = f"{WRITERS} processes x {SAVES} saves on {name}, {aside} conflicts, {seconds:.0f} s: lost + duplicated"
            out.append(row("D02", what, lost + doubled, "versions", aim=0, met=lost + doubled == 0))
        if server:
            server.remove()
        else:
            print(postgres.MISSING)
    return out


def _holds(folder: Path, before: list[str]) -> bool:
    """The store opens, every version is whole, none that was there is gone, and it saves."""
    with Store(folder / "plans.db", user="after") as store:
        versions = store.versions("Q")
        reasons = [v.reason for v in versions]
        for version in versions:
            store.load("Q", version.number)
        if reasons[: len(before)] != before or len(reasons) > len(before) + 1:
            return False
        head = store.version("Q").number
        return store.save("Q", sample_plan(7), reason="next", opened=head).number == head + 1


def d03(repeats: int = 5, at_random: int = 30) -> list[dict[str, Any]]:
    """Kills on SQLite at every disk call, before and after it, and at random; PostgreSQL at random."""
    out = []
    if killing.possible():
        out.append(_kills_at_each_call(repeats, at_random))
    if postgres.programs():
        out.append(_kills_of_a_server(at_random))
    return out


def _kills_at_each_call(repeats: int, at_random: int) -> dict[str, Any]:
    base = Path(tempfile.mkdtemp())
    with Store(base / "plans.db", user="first") as store:
        store.save("Q", sample_plan(), reason="1")
        store.save("Q", sample_plan(2), reason="2", opened=1)
    here = Path(tempfile.mkdtemp())

    def fresh() -> None:
        shutil.rmtree(here)
        shutil.copytree(base, here)

    def save() -> None:
        with Store(here / "plans.db", user="child") as store:
            store.save("Q", sample_plan(3), reason="3", opened=2)

    fresh()
    calls = killing.run(save, stop_at=None, after=False)
    good = tried = 0
    for _ in range(repeats):
        for at in range(1, calls + 1):
            for after in (False, True):
                fresh()
                killing.run(save, stop_at=at, after=after)
                tried += 1
                good += _holds(here, ["1", "2"])
    rng = random.Random(0)
    for _ in range(at_random):
        fresh()
        _kill_soon(save, rng.random() * 0.05)
        tried += 1
        good += _holds(here, ["1", "2"])
    shutil.rmtree(here)
    shutil.rmtree(base)
    what = f"SQLite: killed before and after each of {calls} disk calls, {repeats} times, and {at_random} at random: {tried} kills, store whole"
    return row("D03", what, good, "kills", aim=f"all {tried}", met=good == tried)


def _kill_soon(work: Callable[[], None], seconds: float) -> None:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _keep_saving(address: str, told: Any) -> None:
    with Store(address, user="child") as store:
        head, turn = store.version("Q").number, 0
        while True:
            turn += 1
            reason = f"{os.getpid()}/{turn}"
            try:
                head = store.save("Q", sample_plan(turn), reason=reason, opened=head).number
            except EngineError:  # the server was taken away
                return
            told.send(reason)


def _kills_of_a_server(kills: int) -> dict[str, Any]:
    server = postgres.Server()
    address = server.database("kills")
    with Store(address, user="first") as store:
        store.save("Q", sample_plan(), reason="first")
    rng, good = random.Random(1), 0
    context = multiprocessing.get_context("spawn")
    for turn in range(kills):
        ours, theirs = context.Pipe(duplex=False)
        child = context.Process(target=_keep_saving, args=(address, theirs), daemon=True)
        child.start()
        theirs.close()
        acknowledged = [ours.recv()]
        time.sleep(rng.random() * 0.2)
        if turn % 2:
            server.stop(signal.SIGQUIT)  # every server process ends at once
        child.kill()
        child.join()
        while ours.poll():
            try:
                acknowledged.append(ours.recv())
            except EOFError:
                break
        if turn % 2:
            server.start()
        with Store(address) as store:
            reasons = [v.reason for v in store.versions("Q")]
            store.load("Q")
        good += set(acknowledged) <= set(reasons) and len(reasons) == len(set(reasons))
    server.remove()
    what = f"PostgreSQL: client killed {kills} times in the middle of saving, every other time the server too: acknowledged versions all there"
    return row("D03", what, good, "kills", aim=f"all {kills}", met=good == kills)


def _refused(work: Callable[[], Any], words: str) -> bool:
    try:
        work()
    except EngineError as error:
        said = words in str(error) and bool(error.where) and bool(error.fix)
        if not said:
            print(error)
        return said
    return False


def d04() -> list[dict[str, Any]]:
    """Ways to fail: the error is clear, and what was saved before is whole."""
    done: dict[str, bool] = {}
    with tempfile.TemporaryDirectory() as name:
        done["no more pages"] = _pages_end(Path(name))
    done["file size limit"] = _file_limit()
    if os.geteuid() == 0:
        done["full disk"] = _full_disk()
    done["read-only folder"] = read_only_folder()
    if postgres.programs():
        done["server gone"] = _server_gone()
    good = sum(done.values())
    what = "clear error and nothing lost: " + ", ".join(
        f"{name} {'yes' if ok else 'NO'}" for name, ok in done.items()
    )
    return [row("D04", what, good, "ways", aim=f"all {len(done)}", met=good == len(done))]


def _big() -> Plan:
    plan = sample_plan()
    return replace(plan, level_words="".join(random.Random(0).choices("abcdefgh", k=400_000)))


def _still(path: Path) -> bool:
    with Store(path) as store:
        return [v.reason for v in store.versions("Q")] == ["1"] and len(store.load("Q").targets) > 0


def _pages_end(folder: Path) -> bool:
    with Store(folder / "plans.db", user="a") as store:
        store.save("Q", sample_plan(), reason="1")
        with store._engine.begin() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar() or 0
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 1}")
        said = _refused(lambda: store.save("Q", _big(), reason="2", opened=1), "disk is full")
    return said and _still(folder / "plans.db")


def _in_child(work: Callable[[], bool]) -> bool:
    child = os.fork()
    if child == 0:
        good = False
        try:
            good = work()
        finally:
            os._exit(0 if good else 1)
    return os.waitpid(child, 0)[1] == 0


def _file_limit() -> bool:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "plans.db"
        with Store(path, user="a") as store:
            store.save("Q", sample_plan(), reason="1")

        def limited() -> bool:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
            with Store(path, user="a") as store:
                return _refused(lambda: store.save("Q", _big(), reason="2", opened=1), "disk")

        return _in_child(limited) and _still(path)


def _full_disk() -> bool:
    with tempfile.TemporaryDirectory() as name:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", name])
        if mounted.returncode:
            return False
        try:
            path = Path(name) / "plans.db"
            with Store(path, user="a") as store:
                store.save("Q", sample_plan(), reason="1")
                said = _refused(
                    lambda: store.save("Q", _big(), reason="2", opened=1), "disk is full"
                )
            return said and _still(path)
        finally:
            subprocess.run(["umount", name], check=True)


def read_only_folder() -> bool:
    """Saving into a closed folder, as `nobody`, in a child: a clear error and nothing lost."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with Store(folder / "plans.db", user="a") as store:
            store.save("Q", sample_plan(), reason="1")
        folder.chmod(0o555)
        (folder / "plans.db").chmod(0o444)

        def as_nobody() -> bool:
            if os.geteuid() == 0:
                os.setuid(pwd.getpwnam("nobody").pw_uid)

            def write() -> None:
                with Store(folder / "plans.db", user="b") as store:
                    store.save("Q", sample_plan(), reason="2", opened=1)

            return _refused(write, "plan store") and _refused(
                lambda: Store(folder / "new" / "plans.db"), "cannot be made"
            )

        good = _in_child(as_nobody)
        folder.chmod(0o755)
        (folder / "plans.db").chmod(0o644)
        return good and _still(folder / "plans.db")


def _server_gone() -> bool:
    server = postgres.Server()
    try:
        address = server.database("gone")
        with Store(address, user="a") as store:
            store.save("Q", sample_plan(), reason="1")
            server.stop(signal.SIGQUIT)
            said = _refused(lambda: store.save("Q", sample_plan(), reason="2", opened=1), "reached")
            server.start()
            return said and [v.reason for v in store.versions("Q")] == ["1"]
    finally:
        server.remove()
