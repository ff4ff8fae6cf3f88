"""The planner's notebook and the report, opened in a real browser and read back."""

from __future__ import annotations

import shutil

import pytest

from salesforecast import results, workbench
from salesforecast.hierarchy import ROOT
from salesforecast.planning.changes import Shock
from salesforecast.planning.scenario import Scenario
from salesforecast.planning.what_if import WhatIf
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
            browser.needs_grid()
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


def test_an_analyst_builds_a_what_if_in_jupyterlab_and_saves_it(lab, page):
    browser.run_all_cells(page, lab, "notebooks/what_if.ipynb")
    screen = page.locator(".sf-what-if")
    screen.locator(".sf-short").wait_for(timeout=120_000)
    screen.locator(".sf-field-name input").fill("a bad year")
    screen.get_by_role("button", name="New", exact=True).click()
    screen.locator(".sf-field-kind select").select_option(label="Sales change")
    screen.locator(".sf-field-factor input").fill("−20")
    screen.locator(".sf-field-factor input").press("Tab")
    screen.get_by_role("button", name="Add the change").click()
    row = screen.locator("tr[data-case='a bad year']")
    row.wait_for(timeout=60_000)
    plan = screen.locator("tr[data-case='the plan'] td").nth(3).inner_text()
    fallen = row.locator("td").nth(3).inner_text()
    said = [int(words.replace(",", "")) for words in (plan, fallen)]
    assert said[1] == pytest.approx(0.8 * said[0], abs=1)
    screen.locator(".sf-change input[type=checkbox]").click()
    assert browser.until(lambda: row.locator("td").nth(3).inner_text() == plan), "it is still on"
    screen.locator(".sf-change input[type=checkbox]").click()
    assert browser.until(lambda: row.locator("td").nth(3).inner_text() == fallen)
    screen.get_by_role("button", name="Save as a file").click()
    path = lab.folder / "outputs" / "what_ifs" / "a_bad_year.toml"
    assert browser.until(path.is_file)
    assert WhatIf.read(path) == WhatIf("a bad year", (Shock(0.8),))


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
