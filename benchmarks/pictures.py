"""Make the README's pictures from the sample organisation: `make pictures`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from salesforecast import replay, results, workbench
from salesforecast.planning.scenario import Scenario
from tests import browser

PICTURES = browser.REPOSITORY / "docs" / "pictures"
ORGANISATION = browser.REPOSITORY / "data" / "adventureworks" / "organisation.toml"
_SHOW = """page => {
  const top = document.querySelector('.sf-panel').getBoundingClientRect().top;
  const view = document.querySelector('.jp-WindowedPanel-outer');
  const grid = document.querySelector('.sf-scroll');
  grid.scrollTop = Math.round(grid.scrollTop / 22) * 22;  // whole rows
  view.scrollTop += top - view.getBoundingClientRect().top - 6;
}"""


def report(page: Any, folder: Path) -> None:
    """The top of the report that `make run` writes."""
    inputs = workbench.prepare(ORGANISATION)
    plan = workbench.build_plan(inputs, Scenario())
    made = results.build_report(inputs, plan, hindcast=replay.hindcast(inputs, Scenario()))
    page.goto(results.write_results(made, folder).as_uri())
    page.screenshot(path=PICTURES / "report.png")


def planner(page: Any, lab: browser.Lab) -> None:
    """The planner's screen in JupyterLab: a lock, the chosen person, and a moved total."""
    browser.run_all_cells(page, lab, "notebooks/plan_targets.ipynb")
    page.locator(".sf-grid").first.wait_for(timeout=120_000)
    page.keyboard.press("Control+b")  # hide the file browser
    page.locator(".sf-units button", has_text="Jae Pak").click()
    lock = page.locator(".sf-panel input[type=text]").nth(2)
    lock.fill("1,000")
    lock.press("Enter")
    page.locator(".sf-locked").wait_for()
    handle = page.locator(".sf-panel .noUi-handle")
    handle.focus()
    handle.press("ArrowRight")
    page.wait_for_timeout(1_500)
    page.mouse.move(640, 60)
    page.evaluate(_SHOW)
    page.wait_for_timeout(1_000)
    page.screenshot(path=PICTURES / "planner.png")


def main() -> int:
    """Write both pictures; 2 when there is no Chromium."""
    if not browser.chromium():
        print(browser.MISSING, file=sys.stderr)
        return 2
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, browser.open_page() as page:
        folder = Path(name)
        browser.working_copy(folder)
        report(page, folder)
        with browser.start_lab(folder) as lab:
            planner(page, lab)
    print(f"{PICTURES}: {', '.join(sorted(path.name for path in PICTURES.glob('*.png')))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
