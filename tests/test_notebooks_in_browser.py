"""The planner's notebook and the report, opened in a real browser and read back."""

from __future__ import annotations

import re
import shutil

import browser
import pytest

from salesforecast import results, workbench
from salesforecast.hierarchy import ROOT
from salesforecast.planning.scenario import Scenario

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not browser.chromium(), reason=browser.MISSING),
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    notebooks = browser.working_copy(folder)
    for name in ("slider", "limits"):  # a kernel of its own for each test
        shutil.copy(notebooks / "plan_targets.ipynb", notebooks / f"{name}.ipynb")
    with browser.start_lab(folder) as started:
        yield started


@pytest.fixture
def page():
    with browser.open_page() as opened:
        yield opened


def _company_target(page) -> str:
    return page.locator(f"tr[data-node='{ROOT}'] td.sf-target").first.inner_text().strip()


def _open_planner(page, lab, notebook):
    """Run a notebook; returns what asks its kernel."""
    browser.run_all_cells(page, lab, notebook)
    page.locator(".sf-grid").first.wait_for(timeout=120_000)
    return lambda expression: lab.ask(notebook, expression)


def test_a_slider_moved_in_jupyterlab_moves_every_number(lab, page):
    asked, broken = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: broken.append(str(error)))
    ask = _open_planner(page, lab, "notebooks/slider.ipynb")
    total = ask("session.total")
    assert not ask("session.can_undo"), "showing the screen changed the plan"
    assert _company_target(page) == f"{total / 1000:,.0f}"

    handle = page.locator(".sf-panel .noUi-handle")
    before = float(handle.get_attribute("aria-valuenow"))
    handle.focus()
    for _ in range(3):
        handle.press("ArrowRight")
    after = float(handle.get_attribute("aria-valuenow"))
    assert after > before
    assert browser.until(lambda: ask("session.total") == after * 1000)
    assert browser.until(lambda: _company_target(page) == f"{after:,.0f}")
    _same_on_the_page(ask, page)

    outside = [url for url in asked if not re.match(r"(https?|ws)://127\.0\.0\.1|data:|blob:", url)]
    assert outside == []
    assert broken == []


def _same_on_the_page(ask, page) -> None:
    """Every row of the grid on the page says the session's target."""
    targets = ask(
        "{node: session.wording.amount(amount) for node, amount in session.plan.units['target'].items()}"
    )
    shown = page.locator(".sf-scroll .sf-grid tr[data-node]").evaluate_all(
        "rows => rows.map(row => [row.dataset.node, row.querySelector('.sf-target').innerText.trim()])"
    )
    assert len(shown) > 20
    assert dict(shown) == {node: targets[node] for node, _ in shown}
    field = page.locator(".sf-panel input[type=number]")
    assert int(field.input_value()) == round(ask("session.total") / 1000)


def test_a_limit_typed_in_jupyterlab_holds_or_is_refused_with_a_way_out(lab, page):
    ask = _open_planner(page, lab, "notebooks/limits.ipynb")
    page.locator(".sf-units button", has_text="Jae Pak").click()
    floor, ceiling = (page.locator(".sf-panel input[type=text]").nth(at) for at in (0, 1))
    ceiling.fill("800")
    ceiling.press("Enter")
    row = page.locator("tr[data-node$='Jae Pak']")
    row.locator("td.sf-set", has_text="800").wait_for()
    assert row.locator("td.sf-target").inner_text().strip() == "800"

    floor.fill("900")
    floor.press("Enter")
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "Not applied: floor of 900" in alert.inner_text()
    assert browser.until(lambda: floor.input_value() == "")
    assert ask("len(session.scenario.rules)") == 1

    page.locator("button", has_text="Instead: Floor of Jae Pak: 900 → 800").click()
    alert.wait_for(state="detached")
    assert browser.until(lambda: floor.input_value() == "800")
    assert row.locator("td.sf-target").inner_text().strip() == "800"

    for left in (1, 0):
        page.locator("button", has_text="Undo").click()
        assert browser.until(lambda left=left: ask("len(session.scenario.rules)") == left)
    assert browser.until(lambda: row.locator("td.sf-set").count() == 0)


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
