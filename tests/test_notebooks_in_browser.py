"""The planner's notebook and the report, opened in a real browser and read back."""

from __future__ import annotations

import shutil

import pytest

from salesforecast import results, workbench
from salesforecast.hierarchy import ROOT
from salesforecast.planning.scenario import Scenario
from tests import browser, walks

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not browser.chromium(), reason=browser.MISSING),
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    browser.working_copy(folder)
    with browser.start_lab(folder) as started:
        yield started


@pytest.fixture(scope="module")
def desk(lab):
    """Each new screen is a copy of the planner's notebook in a page of its own."""
    screens = []
    with browser.open_browser() as chrome:

        def fresh(who):
            name = f"screen_{len(screens)}"
            notebooks = lab.folder / "notebooks"
            shutil.copy(notebooks / "plan_targets.ipynb", notebooks / f"{name}.ipynb")
            screens.append(walks.Screen(chrome.new_context(viewport=browser.WINDOW).new_page()))
            browser.run_all_cells(screens[-1].page, lab, f"notebooks/{name}.ipynb")
            return screens[-1]

        store = lab.folder / "outputs" / "plans.db"
        yield walks.Desk(fresh, store, lab.folder, thrifty=True)
        assert [url for screen in screens for url in screen.outside] == []
        assert [error for screen in screens for error in screen.broken] == []


@pytest.fixture
def page():
    with browser.open_page() as opened:
        yield opened


@pytest.mark.parametrize("name", ["load", "move_total", "refuse_and_repair", "upload"])
def test_a_planner_can_in_jupyterlab(name, desk):
    walks.WALKS[name](desk)


def test_the_page_says_what_the_kernels_session_says(lab, desk):
    screen = desk.open("Ann Lee")
    screen.type("total", "12,345")
    screen.until_total(12_345)
    name = "notebooks/" + max((lab.folder / "notebooks").glob("screen_*.ipynb")).name
    assert browser.until(lambda: lab.ask(name, "session.total") == 12_345_000)
    moved = lab.ask(name, "[session.label(session.plan.units.index[0]), session.unit]")
    assert all(words in screen.page.locator(".sf-screen").inner_text() for words in moved)


def test_the_report_opens_without_a_server_and_says_the_plans_total(adventureworks, page, tmp_path):
    plan = workbench.build_plan(adventureworks, Scenario(stretch=0.03))
    report = results.build_report(adventureworks, plan)
    written = results.write_results(report, tmp_path)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(written.as_uri())
    headline = page.locator("h1").inner_text()
    total = plan.units.loc[ROOT, "target"] / adventureworks.organisation.measure.divisor
    assert f"{total:,.0f}" in headline
    assert asked == [written.as_uri()]
    assert page.locator("script").count() == 0
