"""Make the README's pictures from the sample organisation: `make pictures`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from salesforecast import replay, results, workbench
from salesforecast.planning.scenario import Scenario
from tests import browser, walks

PICTURES = browser.REPOSITORY / "docs" / "pictures"
ORGANISATION = browser.REPOSITORY / "data" / "adventureworks" / "organisation.toml"


def report(page: Any, folder: Path) -> None:
    """The top of the report that `make run` writes."""
    inputs = workbench.prepare(ORGANISATION)
    plan = workbench.build_plan(inputs, Scenario())
    made = results.build_report(inputs, plan, hindcast=replay.hindcast(inputs, Scenario()))
    page.goto(results.write_results(made, folder).as_uri())
    page.screenshot(path=PICTURES / "report.png")


def planner(chrome: Any, app: browser.App) -> None:
    """The planner's screen: a saved plan, a moved total, a lock, and a wish that is refused."""
    page = chrome.new_context(viewport=browser.WINDOW).new_page()
    page.goto(app.links["Ann Lee"])
    screen = walks.Screen(page)
    screen.wait()
    screen.save("First draft")
    screen.told("Saved as v1")
    screen.type("total", "12,600")
    screen.until_total(12_600)
    screen.type_cell(screen.node("Linda Mitchell"), "target", "1,000")
    node = screen.node("Jae Pak")
    screen.type_cell(node, "ceiling", "950")
    screen.page.mouse.move(640, 20)
    screen.page.wait_for_timeout(2_000)
    page.screenshot(path=PICTURES / "planner.png")
    page.get_by_role("button", name="中文").click()
    page.get_by_text("数字由来").first.wait_for()
    screen.type_cell(node, "floor", "1,200")
    page.locator(".sf-g-refusal").wait_for()
    screen.page.mouse.move(640, 20)
    screen.page.wait_for_timeout(2_000)
    page.screenshot(path=PICTURES / "planner-zh.png")


def main() -> int:
    """Write the pictures; 2 when there is no Chromium."""
    if not browser.chromium():
        print(browser.MISSING, file=sys.stderr)
        return 2
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, browser.open_page() as page:
        folder = Path(name)
        report(page, folder)
    with (
        tempfile.TemporaryDirectory() as name,
        browser.start_app(Path(name), "Ann Lee", warm=1) as app,
        browser.open_browser() as chrome,
    ):
        planner(chrome, app)
    print(f"{PICTURES}: {', '.join(sorted(path.name for path in PICTURES.glob('*.png')))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
