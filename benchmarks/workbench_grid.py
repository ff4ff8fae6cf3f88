"""The planner's screen under the clock: from a key to new numbers in the grid and the chart.

Ids E03 and E04 of `make bench NAME=workbench`. A real Chromium on a real JupyterLab; the clock is
the page's own, from the key to the frame in which grid and chart both say something new.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import grid_company
from benchmarks.bench import row

HOME = Path(__file__).parents[1]

IDS = {
    "E03": "key press until grid and chart show the new numbers, 500 units",
    "E04": "5,000 units against 500: scroll and edit",
}
PEOPLE = {"500": 440, "5,000": 4450}  # of whom grid_company makes so many units, groups included
KEYS, WARM_UP, SCROLLS = 40, 5, 40
SETTLED = 300  # ms after which nothing of a key press is left to do
NAME = "speed.ipynb"
CODE = """
import ipywidgets
from salesforecast import desk
from salesforecast.widgets.planner import Planner
from salesforecast.widgets.saving import Shelf
from salesforecast.widgets.session import Session
session = Session(desk.open_year("company/organisation.toml", months=12, draws=400))
empty, echo = ipywidgets.IntSlider(max=10_000), ipywidgets.HTML("0")
empty.add_class("bench-empty")
echo.add_class("bench-echo")
empty.observe(lambda change: setattr(echo, "value", str(change["new"])), "value")
ipywidgets.VBox([empty, echo, Planner(session, Shelf(session, address="plans.db"))])
"""
CLOCK = """(signs) => {
  const look = () => signs.map(sign => document.querySelector(sign)?.innerHTML ?? "");
  window.bench = { taken: null };
  window.benchReady = () => {
    const before = look();
    window.bench = { taken: null, start: null };
    const key = () => { window.bench.start ??= performance.now(); };
    document.addEventListener("keydown", key, { capture: true, once: true });
    const turn = () => {
      const now = look();
      const moved = window.bench.start !== null && now.every((text, at) => text !== before[at]);
      if (moved) window.bench.taken = performance.now() - window.bench.start;
      else requestAnimationFrame(turn);
    };
    requestAnimationFrame(turn);
  };
}"""
SCROLL = """async (times) => {
  const holder = document.querySelector(".sf-g .tabulator-tableholder");
  const taken = [];
  const frame = () => new Promise(done => requestAnimationFrame(done));
  for (let at = 0; at < times; at += 1) {
    await frame();
    const start = performance.now();
    holder.scrollTop = (at + 1) * 700 % Math.max(holder.scrollHeight - 400, 700);
    await frame();
    await frame();
    taken.push(performance.now() - start);
  }
  holder.scrollTop = 0;
  return taken;
}"""
CELL = ".sf-g .tabulator-row[data-node='/'] [data-field='{}']"
GRID_AND_CHART = [CELL.format("stretch"), CELL.format("growth"), ".sf-part-history"]


def rows(only: frozenset[str] = frozenset(IDS)) -> list[dict[str, Any]]:
    """Measure both sizes, each on a JupyterLab of its own."""
    from salesforecast.widgets.target_grid import built
    from tests import browser

    if not browser.chromium() or not built():
        print(f"{browser.MISSING}; or no grid: run `python tools/grid.py`", file=sys.stderr)
        return []
    small = measured(PEOPLE["500"])
    out = _keys(small) if "E03" in only else []
    if "E04" in only:
        out += _sizes(small, measured(PEOPLE["5,000"]))
    return out


def measured(people: int) -> dict[str, np.ndarray]:
    """Milliseconds of every key press (until it is seen, CPU of the kernel, CPU of the page) and
    of every scroll, on a company of so many people."""
    from tests import browser

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "company").mkdir()
        grid_company.write(folder / "company", people=people)
        _notebook(folder / NAME)
        with browser.start_lab(folder) as lab, browser.open_page() as page:
            browser.run_all_cells(page, lab, NAME)
            page.locator(".sf-g .tabulator-row").first.wait_for(timeout=600_000)
            page.locator(".sf-screen:not(.sf-busy) svg.sf-total").wait_for(timeout=60_000)
            if page.locator(".sf-tour button").count():
                page.locator(".sf-tour button").click()
            page.locator(".sf-g-all").click()
            taken: dict[str, list[Any]] = {"empty": [], "slider": [], "edit": []}
            total = round(lab.ask(NAME, "session.total") / 1000)
            clock = _Clock(page, int(lab.ask(NAME, "__import__('os').getpid()")))
            for at in range(KEYS + WARM_UP):  # in turns, so that all meet the same machine
                taken["empty"].append(_slide(clock, ".bench-empty .noUi-handle", [".bench-echo"]))
                taken["slider"].append(
                    _slide(clock, ".sf-field-slider .noUi-handle", GRID_AND_CHART)
                )
                taken["edit"].append(_edit(clock, total + 37 * (at + 1)))
            taken["scroll"] = page.evaluate(SCROLL, SCROLLS + WARM_UP)
    return {what: np.array(each[WARM_UP:]) for what, each in taken.items()}


def _notebook(path: Path) -> None:
    import nbformat

    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    cell = nbformat.v4.new_code_cell(CODE)
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    path.write_text(json.dumps(notebook), "utf-8")


class _Clock:
    """Presses a key and measures what follows, in the page and in the kernel."""

    def __init__(self, page: Any, kernel: int) -> None:
        import psutil

        self.page, self.kernel = page, psutil.Process(kernel)
        self.browser = page.context.new_cdp_session(page)
        self.browser.send("Performance.enable")

    def press(self, key: str, signs: list[str]) -> tuple[float, float, float]:
        """Milliseconds until every one of `signs` says something new; CPU of kernel and page."""
        page = self.page
        page.wait_for_timeout(SETTLED)  # what came before is done
        page.evaluate(CLOCK, signs)
        page.evaluate("window.benchReady()")
        before = self._used()
        page.keyboard.press(key)
        page.wait_for_function("window.bench.taken !== null", timeout=60_000)
        page.wait_for_timeout(SETTLED)
        kernel, page_ = (now - then for now, then in zip(self._used(), before, strict=True))
        return float(page.evaluate("window.bench.taken")), kernel, page_

    def _used(self) -> tuple[float, float]:
        """CPU milliseconds of the kernel and of the page's process so far."""
        kernel = self.kernel.cpu_times()
        metrics = self.browser.send("Performance.getMetrics")["metrics"]
        page = next(each["value"] for each in metrics if each["name"] == "ProcessTime")
        return 1000 * (kernel.user + kernel.system), 1000 * page


def _slide(clock: _Clock, handle: str, signs: list[str]) -> tuple[float, float, float]:
    clock.page.locator(handle).focus()
    return clock.press("ArrowRight", signs)


def _edit(clock: _Clock, amount: int) -> tuple[float, float, float]:
    """A new company total typed into the grid; the clock starts with Enter."""
    clock.page.locator(CELL.format("target")).click()
    clock.page.keyboard.press("F2")
    clock.page.locator(f"{CELL.format('target')} input").fill(str(amount))
    return clock.press("Enter", GRID_AND_CHART)


def _keys(small: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    load = f"load {os.getloadavg()[0]:.1f}"
    middle = float(np.median(small["empty"][:, 0]))
    out = []
    for what, words in (("edit", "Enter in the grid"), ("slider", "arrow on the slider")):
        high = float(np.quantile(small[what][:, 0], 0.95))
        out.append(
            row(
                "E03",
                f"{words}, p95 of {KEYS} ({load})",
                high,
                "ms",
                aim="<= 200 idle",
                met=high <= 200,
            )
        )
        median = float(np.median(small[what][:, 0]))
        out.append(
            row("E03", f"{words}, median", median, "ms", peer="empty slider", peer_value=middle,
                ratio=median / middle, aim="<= 3", met=median <= 3 * middle)
        )  # fmt: skip
        for at, who in ((1, "kernel"), (2, "page")):
            used, idle = (float(small[name][:, at].mean()) for name in (what, "empty"))
            out.append(
                row("E03", f"{words}, CPU of the {who}, mean", used, "ms", peer="empty slider", peer_value=idle)
            )  # fmt: skip
    return out


def _sizes(small: dict[str, np.ndarray], large: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    out = []
    for what in ("edit", "scroll"):
        at = (slice(None), 0) if what == "edit" else slice(None)
        ours, theirs = (float(np.quantile(each[what][at], 0.95)) for each in (large, small))
        out.append(
            row("E04", f"{what}, p95 at 5,000 units", ours, "ms", peer="500 units", peer_value=theirs,
                ratio=ours / theirs, aim="<= 2", met=ours <= 2 * theirs)
        )  # fmt: skip
    return out
