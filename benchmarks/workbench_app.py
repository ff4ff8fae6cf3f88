"""The planner's screen in a real Chromium: walks, requests that leave, time to numbers, axe, hangs.

Ids E01, E02, E05, E08 and E09 of `make bench NAME=workbench`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.bench import row

HOME = Path(__file__).parents[1]

IDS = {
    "E01": "walks through the screen, numbers read back from page and store",
    "E02": "requests that leave the machine",
    "E05": "page with numbers ÷ Voila with an empty notebook, both with warm kernels",
    "E08": "axe-core: serious findings in our own parts",
    "E09": "widget notebooks executed headless: hangs and failures",
}
ROUNDS = 5  # of E05, interleaved
WARM = 30  # s until a kernel is surely warm again
RUNS = 100  # of E09, over all notebooks
HANG = 300  # seconds after which an execution counts as hung
NOTEBOOKS = ("plan_targets", "what_if", "fair_splits", "forecast_lab")


def rows(only: frozenset[str] = frozenset(IDS)) -> list[dict[str, Any]]:
    """Measure what is asked for."""
    from tests import browser

    if not browser.chromium() and only - {"E09"}:
        print(browser.MISSING, file=sys.stderr)
        only &= {"E09"}
    out = []
    if only & {"E01", "E02"}:
        out += [line for line in _walked() if line["id"] in only]
    for id, measure in (("E05", _time_to_numbers), ("E08", _axe), ("E09", _headless)):
        if id in only:
            out += measure()
    return out


def _walked() -> list[dict[str, Any]]:
    """E01, E02: every walk with a page of its own, in the app and in JupyterLab."""
    from tests import walks

    lines, outside = [], []
    for place, opened in (("app", _app_desk), ("JupyterLab", _lab_desk)):
        good, failed = 0, []
        with opened() as (desk, screens):
            for name, walk in walks.WALKS.items():
                try:
                    walk(desk)
                    good += 1
                except Exception as error:  # noqa: BLE001 - whatever stops a walk is its result
                    failed.append(name)
                    print(f"{place} {name}: {error}", file=sys.stderr)
                    traceback.print_exc(limit=-2)
                for screen in screens:
                    screen.page.close()
            outside += [url for screen in screens for url in screen.outside]
        what = f"walks in the {place}" + (f"; failed: {', '.join(failed)}" if failed else "")
        aim = f"{len(walks.WALKS)} of {len(walks.WALKS)}"
        lines.append(
            row("E01", what, good, f"of {len(walks.WALKS)}", aim=aim, met=good == len(walks.WALKS))
        )
    what = "requests that leave the machine, all walks in both"
    return [*lines, row("E02", what, len(outside), "requests", aim=0, met=not outside)]


@contextmanager
def _app_desk() -> Iterator[tuple[Any, list[Any]]]:
    from tests import browser, walks

    screens: list[Any] = []
    with (
        tempfile.TemporaryDirectory() as name,
        browser.start_app(Path(name), "Ann Lee", "Bo Chen") as app,
        browser.open_browser() as chrome,
    ):

        def fresh(who: str) -> Any:
            context = chrome.new_context(viewport=browser.WINDOW)
            screens.append(walks.Screen(context.new_page()))
            screens[-1].page.goto(app.links[who])
            return screens[-1]

        yield walks.Desk(fresh, app.store, Path(name)), screens


@contextmanager
def _lab_desk() -> Iterator[tuple[Any, list[Any]]]:
    import shutil

    from tests import browser, walks

    screens: list[Any] = []
    with tempfile.TemporaryDirectory() as name:
        notebooks = browser.working_copy(Path(name))
        with browser.start_lab(Path(name)) as lab, browser.open_browser() as chrome:

            def fresh(_: str) -> Any:
                copy = notebooks / f"screen_{len(screens)}.ipynb"
                shutil.copy(notebooks / "plan_targets.ipynb", copy)
                context = chrome.new_context(viewport=browser.WINDOW)
                screens.append(walks.Screen(context.new_page()))
                browser.run_all_cells(screens[-1].page, lab, f"notebooks/{copy.name}")
                return screens[-1]

            yield walks.Desk(fresh, Path(name) / "outputs" / "plans.db", Path(name)), screens


def _time_to_numbers() -> list[dict[str, Any]]:
    """E05: from the address to the company total on the page, against an empty notebook's page."""
    from tests import browser

    ours, theirs = [], []
    with (
        tempfile.TemporaryDirectory() as name,
        browser.start_app(Path(name), "Ann Lee", warm=1) as app,
        _plain_voila(Path(name)) as plain,
        browser.open_browser() as chrome,
    ):
        for _ in range(ROUNDS):
            for taken, address, sign in (
                (ours, app.links["Ann Lee"], ".sf-screen:not(.sf-busy) svg.sf-total"),
                (theirs, plain, "text=ready"),
            ):
                time.sleep(WARM)  # until a kernel is warm again
                page = chrome.new_context(viewport=browser.WINDOW).new_page()
                start = time.perf_counter()
                page.goto(address)
                page.locator(sign).first.wait_for(timeout=60_000)
                taken.append(time.perf_counter() - start)
                page.close()
    ratio = median(ours) / median(theirs)
    return [
        row(
            "E05",
            f"page with numbers, median of {ROUNDS}",
            median(ours),
            "s",
            peer="Voila, empty notebook",
            peer_value=median(theirs),
            ratio=ratio,
            aim="<= 2",
            met=ratio <= 2,
        )
    ]


@contextmanager
def _plain_voila(folder: Path) -> Iterator[str]:
    """Stock Voila with a warm kernel on a notebook of one printed word; gives its address."""
    import nbformat

    from tests import browser

    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("print('ready')")],
        metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "x"}},
    )
    path = folder / "empty.ipynb"
    nbformat.write(notebook, path)
    port = browser._free_port()
    command = [sys.executable, "-m", "voila", str(path), "--no-browser", f"--port={port}"]
    command += ["--preheat_kernel=True", "--pool_size=1", "--Voila.port_retries=0"]
    with (folder / "voila.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield f"http://127.0.0.1:{port}/"
        finally:
            server.terminate()
            server.wait(30)


def _axe() -> list[dict[str, Any]]:
    """E08: every state of the screen that is one press away, both languages.

    What Tabulator itself draws is not ours: its findings are counted apart.
    """
    from axe_playwright_python.sync_playwright import Axe

    found: set[tuple[str, str]] = set()
    with _app_desk() as (desk, _):
        screen = desk.open("Ann Lee")
        for state, act in _states(screen):
            act()
            screen.page.wait_for_timeout(600)
            for finding in (
                Axe().run(screen.page, {"include": [".sf-screen"]}).response["violations"]
            ):
                if finding["impact"] not in ("serious", "critical"):
                    continue
                for node in finding["nodes"]:
                    place = str(node["target"][0])
                    theirs = screen.page.locator(place).first.evaluate(
                        "node => Boolean(node.closest('.tabulator'))"
                    )
                    whose = "tabulator" if theirs else "ours"
                    if (finding["id"], whose) not in found:
                        print(f"{state}: {whose}: {finding['id']}: {place}", file=sys.stderr)
                    found.add((finding["id"], whose))
    ours = sorted(name for name, whose in found if whose == "ours")
    others = len(found) - len(ours)
    what = f"kinds of serious findings in our own parts over {len(_states(None))} states"
    what += f" ({others} more inside Tabulator's markup)" + (f": {', '.join(ours)}" if ours else "")
    return [row("E08", what, len(ours), "findings", aim=0, met=not ours)]


def _states(screen: Any) -> list[tuple[str, Callable[[], object]]]:
    """Named states of the screen and what leads to each from the one before."""

    def refused() -> None:
        screen.choose("Jae Pak")
        screen.type("ceiling", "800")
        screen.page.wait_for_timeout(500)
        screen.type("floor", "900")

    def chinese() -> None:
        screen.page.get_by_role("button", name="中文").click()

    return [
        ("opened", lambda: None),
        ("load sheet", lambda: screen.button("Load Excel…").click()),
        ("saved", lambda: screen.save("for axe")),
        ("compare sheet", lambda: screen.button("Compare…").click()),
        ("refused", refused),
        ("chinese", chinese),
    ]


def _headless() -> list[dict[str, Any]]:
    """E09: papermill runs each widget notebook again and again, each in a process of its own."""
    hung, failed, start = 0, 0, time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        for at in range(RUNS):
            notebook = NOTEBOOKS[at % len(NOTEBOOKS)]
            target = Path(name) / f"{notebook}.ipynb"
            command = [sys.executable, "-m", "papermill", str(HOME / "notebooks" / target.name)]
            command += [str(target), "--no-progress-bar", "-p", "draws", "200"]
            try:
                done = subprocess.run(
                    command,
                    cwd=HOME / "notebooks",
                    env=os.environ
                    | {"OMP_NUM_THREADS": "1", "SALESFORECAST_STORE": f"{name}/p.db"},
                    timeout=HANG,
                    capture_output=True,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                hung += 1
                continue
            print(f"run {at + 1}: {notebook} ended with {done.returncode}", file=sys.stderr)
            if done.returncode:
                failed += 1
                print(f"{notebook}: {done.stderr.decode()[-600:]}", file=sys.stderr)
    taken = (time.perf_counter() - start) / RUNS
    what = f"hangs and failures in {RUNS} executions ({', '.join(NOTEBOOKS)}; {taken:.1f} s each)"
    met = hung == 0 and failed == 0
    return [row("E09", what, f"{hung} and {failed}", "hangs and failures", aim="0", met=met)]
