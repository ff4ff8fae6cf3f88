"""The grid in a real JupyterLab: what it says is what the session holds, whatever a planner does."""

from __future__ import annotations

import json
import urllib.request

import pytest

from salesforecast.widgets.target_grid import built
from tests import browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not browser.chromium(), reason=browser.MISSING),
    pytest.mark.skipif(not built(), reason=browser.NO_GRID),
]
NAME = "grid.ipynb"
CODE = """
import ipywidgets
from salesforecast import workbench
from salesforecast.rules import Capacity
from salesforecast.widgets.session import Session
from salesforecast.widgets.target_grid import TargetGrid
session = Session(workbench.prepare("data/adventureworks/organisation.toml", draws=200), owner="Dee")
grid = TargetGrid(session)
box = ipywidgets.VBox([grid], layout={"height": "500px", "width": "900px"})
box
"""
AMOUNTS = ("baseline", "forecast", "floor", "ceiling", "target")
SAID = """{node: [session.wording.amount(unit["baseline"]), session.wording.amount(unit["forecast"]),
  *[session.wording.amount(session.limit(kind, node)) if session.limit(kind, node) is not None else "–"
    for kind in (__import__("salesforecast.rules").rules.Floor, __import__("salesforecast.rules").rules.Ceiling)],
  session.wording.amount(unit["target"]), session.wording.points(unit["growth"]),
  session.wording.points(unit["stretch"]), session.wording.chance(unit["chance"]),
  session.wording.name("limit", unit["limit"])]
  for node, unit in session.plan.units.to_dict("index").items()}"""
COLUMNS = (*AMOUNTS, "growth", "stretch", "chance", "limit")


class Grid:
    """The grid on the page and the kernel behind it."""

    def __init__(self, page, lab):
        self.page, self.lab = page, lab
        page.locator(".sf-g .tabulator-row").first.wait_for(timeout=120_000)
        self.nodes = self.ask("list(session.plan.units.index)")

    def ask(self, expression):
        return self.lab.ask(NAME, expression)

    def person(self, name):
        return next(node for node in self.nodes if node.endswith(name))

    def cell(self, node, field):
        return self.page.locator(f".sf-g .tabulator-row[data-node='{node}'] [data-field='{field}']")

    def go(self, node, field):
        self.cell(node, field).click()

    def type(self, node, field, text):
        self.go(node, field)
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")

    def until(self, holds, words):
        assert browser.until(holds, seconds=20), words

    def says(self, node, field, text):
        """Wait until the kernel's answer stands in a cell, not only what was typed."""
        cell = self.cell(node, field)

        def said():
            return cell.inner_text().strip() == text and "waiting" not in str(
                cell.get_attribute("class")
            )

        self.until(said, f"{node} {field} does not say {text!r}")

    def shown(self):
        """Every row on the page, found by scrolling: node to texts."""
        rows = self.page.evaluate(
            """async columns => {
              const holder = document.querySelector(".sf-g .tabulator-tableholder");
              const found = {};
              for (let top = 0; ; top += 200) {
                holder.scrollTop = top;
                await new Promise(done => setTimeout(done, 60));
                for (const row of document.querySelectorAll(".sf-g .tabulator-row[data-node]"))
                  found[row.dataset.node] = columns.map(name =>
                    row.querySelector(`[data-field=${name}]`).innerText.trim());
                if (top > holder.scrollHeight) break;
              }
              holder.scrollTop = 0;
              return found;
            }""",
            list(COLUMNS),
        )
        return dict(rows)

    def same_as_session(self):
        said, shown = self.ask(SAID), self.shown()
        assert set(shown) <= set(said) and len(shown) > 30
        assert shown == {node: [text.strip() for text in said[node]] for node in shown}

    def paste(self, text):
        self.page.evaluate(
            """text => {
              const data = new DataTransfer();
              data.setData("text/plain", text);
              const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
              document.querySelector(".sf-g-table").dispatchEvent(event);
            }""",
            text,
        )


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grid")
    browser.working_copy(folder)
    notebook = {
        "cells": [{"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "source": CODE,
                   "execution_count": None}],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip
    (folder / NAME).write_text(json.dumps(notebook), "utf-8")
    broken = []
    with browser.start_lab(folder) as lab, browser.open_page() as page:
        page.on("pageerror", lambda error: broken.append(str(error)))
        browser.run_all_cells(page, lab, NAME)
        yield Grid(page, lab)
        assert broken == []


@pytest.fixture(autouse=True)
def afresh(grid):
    """Each test begins with the first scenario and no refusal."""
    grid.ask("[session.take('', session.first), session.forget_steps()] and None")
    grid.ask("[setattr(session, 'refusal', None), setattr(session, 'language', 'en')] and None")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_figure_on_the_page_is_the_sessions(grid, language):
    grid.ask(f"setattr(session, 'language', '{language}')")
    ask = {"en": "We ask", "zh": "要求"}[language]
    grid.page.locator(".sf-g .tabulator-col-title", has_text=ask).first.wait_for()
    grid.type(grid.person("Jae Pak"), "target", "850")
    grid.says(grid.person("Jae Pak"), "target", "850")
    grid.type("Europe", "ceiling", "2,800")
    grid.says("Europe", "ceiling", "2,800")
    grid.same_as_session()


def test_keys_alone_edit_undo_and_redo(grid):
    page, person = grid.page, grid.person("Jae Pak")
    before = grid.ask(f"session.wording.amount(session.plan.units.at['{person}', 'target'])")
    grid.says(person, "target", before)  # the page, too, is afresh
    grid.go(person, "forecast")
    for key in ("ArrowRight",) * 4:
        page.keyboard.press(key)
    page.keyboard.press("F2")
    page.keyboard.press("Escape")
    assert grid.ask("len(session.scenario.rules)") == 0
    page.keyboard.press("F2")
    page.keyboard.insert_text("９００")  # as an input method does
    page.keyboard.press("Tab")
    grid.says(person, "target", "900")
    assert "Set by hand" in page.locator(".sf-g-note").inner_text()
    page.keyboard.press("Control+z")
    grid.says(person, "target", before)
    page.keyboard.press("Control+y")
    grid.says(person, "target", "900")
    grid.ask("session.undo()")
    grid.says(person, "target", before)
    note = page.locator(".sf-g-note")
    grid.until(lambda: "Blue" in note.inner_text(), "what was said of the act before stays")
    grid.ask("session.redo()")
    grid.says(person, "target", "900")
    grid.go(person, "lock")
    grid.until(lambda: grid.ask("session.scenario.rules == ()"), "the padlock did not open")


def test_the_unit_of_the_cursor_is_the_sessions_and_the_cursor_never_jumps_back(grid):
    chosen = "session.selection"
    grid.go("Europe", "unit")
    grid.until(lambda: grid.ask(chosen) == "Europe", "a click does not choose the unit")
    for _ in range(3):
        grid.page.keyboard.press("ArrowDown")
        grid.page.wait_for_timeout(100)  # each row is told on its own
    last = grid.page.locator(".sf-g .tabulator-row:has(.sf-g-at)").get_attribute("data-node")
    grid.until(lambda: grid.ask(chosen) == last, "keys do not choose the unit")
    grid.ask("setattr(session, 'selection', 'Europe')")
    at = grid.page.locator(".sf-g .tabulator-row[data-node='Europe'] .sf-g-at")
    grid.until(lambda: at.count() == 1, "the cursor does not follow what is chosen elsewhere")


def test_the_tree_folds_and_is_searched_by_keys(grid):
    page = grid.page
    grid.go("Europe", "unit")
    page.keyboard.press("ArrowLeft")
    grid.until(lambda: grid.cell("Europe/France", "target").count() == 0, "Europe did not fold")
    page.keyboard.press("ArrowRight")
    grid.cell("Europe/France", "target").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("jae")
    grid.until(lambda: page.locator(".sf-g .tabulator-row").count() <= 5, "nothing was searched")
    assert grid.cell(grid.person("Jae Pak"), "target").count() == 1
    page.keyboard.press("Escape")
    grid.until(lambda: page.locator(".sf-g .tabulator-row").count() > 10, "the search stayed")


def test_a_block_from_excel_is_pasted_cell_by_cell(grid):
    page = grid.page
    first = "Europe/France"

    grid.go(first, "floor")
    grid.paste("５００\t200万\r\nabout 3\t2,000")
    box = page.get_by_role("alertdialog")
    box.wait_for()
    assert "'about 3' is not an amount" in box.inner_text() and "read as" in box.inner_text()
    assert grid.ask("len(session.scenario.rules)") == 0
    box.get_by_role("button", name="Apply the other 3").click()
    grid.until(lambda: grid.ask("len(session.scenario.rules)") in (1, 2, 3), "nothing was pasted")


def test_a_marked_block_is_filled_down_and_copied(grid):
    page = grid.page
    rows = [
        row.get_attribute("data-node")
        for row in page.locator(".sf-g .tabulator-row[data-node]").all()
    ]
    people = [node for node in rows if grid.ask(f"bool(session.plan.units.loc[{node!r}, 'leaf'])")][
        :2
    ]
    above = rows[rows.index(people[0]) :][:2]
    grid.type(above[0], "ceiling", "5,000")
    grid.says(above[0], "ceiling", "5,000")
    grid.go(above[0], "ceiling")
    page.keyboard.press("Shift+ArrowDown")
    copied = page.evaluate(
        """() => {
          const data = new DataTransfer();
          const event = new ClipboardEvent("copy", { clipboardData: data, bubbles: true, cancelable: true });
          document.querySelector(".sf-g-table").dispatchEvent(event);
          return data.getData("text/plain");
        }"""
    )
    assert copied == "5000\n"
    page.keyboard.press("Control+d")
    grid.says(above[1], "ceiling", "5,000")


def test_a_refused_edit_stands_under_its_row_with_ways_out(grid):
    page, person = grid.page, grid.person("Jae Pak")
    grid.type(person, "target", "850")
    grid.says(person, "target", "850")
    total = grid.cell("/", "target").inner_text()
    canada = "North America/Canada"
    grid.type(canada, "ceiling", "800")
    alert = page.locator(".sf-g-refusal[role=alert]")
    alert.wait_for()
    assert alert.locator("xpath=..").get_attribute("data-node") == canada
    assert grid.cell(canada, "ceiling").inner_text().strip() == "800"
    grid.cell(canada, "unit").click()
    page.keyboard.press("Escape")
    alert.wait_for(state="detached")
    assert grid.cell("/", "target").inner_text() == total
    grid.type(canada, "ceiling", "800")
    alert.get_by_role("button").first.click()
    alert.wait_for(state="detached")
    grid.says(canada, "target", "800")


def test_an_edit_made_while_the_kernel_is_away_is_sent_again(grid):
    page, lab, person = grid.page, grid.lab, grid.person("Jae Pak")
    kernel = lab.kernel(NAME)["id"]
    address = f"http://127.0.0.1:{lab.port}/api/kernels/{kernel}/restart?token={lab.token}"
    urllib.request.urlopen(urllib.request.Request(address, method="POST"), timeout=30).close()
    grid.type(person, "target", "777")
    waits = page.locator(".sf-g-waits")
    waits.wait_for(timeout=20_000)
    assert "to be sent again: 1" in waits.inner_text()
    browser.run_all_cells(page, lab, NAME)
    page.locator(".sf-g .tabulator-row").first.wait_for(timeout=120_000)
    grid.says(person, "target", "777")
    grid.until(lambda: not page.locator(".sf-g-waits").is_visible(), "the bar stayed")
    assert grid.ask("session.total > 0 and len(session.scenario.rules)") == 1
