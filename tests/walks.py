"""What a planner does on the screen, in a real browser; every step reads its numbers back.

Each walk takes a `Desk`: where a screen opens for a planner, and the store behind it. The same
walks go through the app and through JupyterLab; the tests take some, the benchmark all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from salesforecast.hierarchy import ROOT
from salesforecast.planning.plan import Plan
from salesforecast.planning.store import Store
from tests import browser

STEP = 100  # of the slider, in thousands
OUTSIDE = re.compile(r"(?!(https?|wss?)://127\.0\.0\.1|data:|blob:|about:)")


@dataclass
class Screen:
    """One planner's page."""

    page: Any
    asked: list[str] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda socket: self.sockets.append(socket.url))
        self.page.on("pageerror", lambda error: self.broken.append(str(error)))

    @property
    def outside(self) -> list[str]:
        """Requests that left the machine."""
        return [url for url in (*self.asked, *self.sockets) if OUTSIDE.match(url)]

    def wait(self) -> None:
        """Until the numbers stand there and the browser's side is heard."""
        self.page.locator(".sf-right svg.sf-total").wait_for(timeout=60_000)
        self.page.locator(".sf-screen:not(.sf-busy)").wait_for(timeout=60_000)
        self.page.locator(".tabulator-row [data-field='target']").first.wait_for(timeout=60_000)
        begin = self.page.locator(".sf-tour button")
        if begin.count():
            begin.click()

    def at(self, name: str) -> Any:
        """An input of the left panel, by its name."""
        return self.page.locator(f".sf-field-{name} input, .sf-field-{name} select").first

    def button(self, words: str) -> Any:
        return self.page.locator(".sf-bar button, .sf-under button").filter(has_text=words).first

    def number(self, selector: str) -> int:
        return int(
            re.sub(r"[^\d−-]", "", self.page.locator(selector).first.inner_text()).replace("−", "-")
        )

    @property
    def total(self) -> int:
        """The company total as the status line says it, in thousands."""
        return self.number(".sf-status b")

    @property
    def field_total(self) -> int:
        return int(self.at("total").input_value().replace(",", ""))

    @property
    def chosen(self) -> int:
        """Target of the selected unit, as the right side says it."""
        return self.number(".sf-chosen span b")

    def type(self, name: str, text: str) -> None:
        self.at(name).fill(text)
        self.at(name).press("Enter")

    def choose(self, label: str) -> None:
        """Select a person by the fairness strip."""
        self.page.locator("svg.sf-strip g").filter(has_text=label).first.click()
        seen(
            lambda: label in self.page.locator(".sf-chosen").inner_text(),
            f"{label} was not selected",
        )

    def node(self, label: str) -> str:
        """The path of a person, whose row is brought into sight and selected."""
        self.choose(label)
        row = self.page.locator(".tabulator-row.sf-g-on").first
        row.wait_for()
        return str(row.get_attribute("data-node"))

    def _cell(self, node: str, name: str) -> Any:
        return self.page.locator(f".tabulator-row[data-node='{node}'] [data-field='{name}']").first

    def cell(self, node: str, name: str) -> str:
        """What a cell of the grid says."""
        return str(self._cell(node, name).inner_text()).strip()

    def click_cell(self, node: str, name: str) -> None:
        self._cell(node, name).click()

    def type_cell(self, node: str, name: str, text: str) -> None:
        self.click_cell(node, name)
        self.page.keyboard.press("F2")
        box = self._cell(node, name).locator("input")
        box.fill(text)
        box.press("Enter")

    def paste(self, text: str) -> None:
        """Paste as a browser does after Ctrl+C in Excel."""
        self.page.evaluate(
            """text => {
              const data = new DataTransfer();
              data.setData("text/plain", text);
              const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
              document.querySelector(".sf-g-table").dispatchEvent(event);
            }""",
            text,
        )

    def save(self, reason: str) -> None:
        self.button("Save…").click()
        box = self.page.locator(".sf-sheet:visible input").first
        box.fill(reason)
        box.press("Enter")

    def told(self, words: str) -> None:
        """Wait for a message under the head."""
        self.page.locator(".sf-under").get_by_text(words).first.wait_for(timeout=60_000)

    def undo_all(self) -> None:
        button = self.button("Undo")
        for _ in range(30):
            if not button.is_enabled():
                return
            before = self.page.locator(".sf-field-total input").input_value()
            button.click()
            self.page.wait_for_timeout(250)
            if before == self.page.locator(".sf-field-total input").input_value():
                self.page.wait_for_timeout(250)
        raise AssertionError("what was done cannot be undone")

    def until_total(self, total: int) -> None:
        seen(lambda: self.total == total, f"the page says {self.total}, not {total}")
        seen(lambda: self.field_total == total, f"the field says {self.field_total}, not {total}")


@dataclass
class Desk:
    """Where a new screen opens for a planner (`fresh`), and the store that it saves to.

    With `thrifty` a planner's screen is used again, every step undone; a kernel is spared.
    """

    fresh: Callable[[str], Screen]
    store: Path
    folder: Path
    thrifty: bool = False
    known: dict[str, Screen] = field(default_factory=dict)

    def open(self, who: str, *, fresh: bool = False) -> Screen:
        """A planner's screen with the steps of earlier walks undone, or a new one."""
        if fresh or not self.thrifty or who not in self.known:
            self.known[who] = self.fresh(who)
            self.known[who].wait()
        else:
            self.known[who].undo_all()
        return self.known[who]

    def newest(self) -> tuple[Any, Plan]:
        """The newest version in the store, and its plan."""
        with Store(self.store) as store:
            name = str(store.plans()["plan"].iloc[0])
            version = store.version(name)
            return version, store.load(name, version.number)

    def saved_total(self) -> int:
        return round(self.newest()[1].units.loc[ROOT, "target"] / 1000)


def seen(holds: Callable[[], object], otherwise: str) -> None:
    """Fail with words unless `holds()` comes true within some seconds."""
    if not browser.until(holds, seconds=30):
        raise AssertionError(otherwise)


def load(desk: Desk) -> None:
    """The page opens with numbers, the same everywhere."""
    screen = desk.open("Ann Lee")
    assert screen.total == screen.field_total == screen.chosen > 1_000
    waterfall = screen.page.locator("svg.sf-why text").all_text_contents()
    figures = [
        int(re.sub(r"[^\d−]", "", t).replace("−", "-"))
        for t in waterfall
        if re.fullmatch(r"[+−]?[\d,]+", t)
    ]
    assert sum(figures[:-1]) == figures[-1] == screen.total


def move_total(desk: Desk) -> None:
    """The slider by keys: total, field and consequences follow."""
    screen = desk.open("Ann Lee")
    handle = screen.page.locator(".sf-field-slider .noUi-handle")
    before, fan = screen.total, screen.page.locator("svg.sf-history").inner_html()
    handle.focus()
    for _ in range(3):
        handle.press("ArrowRight")
    now = int(float(handle.get_attribute("aria-valuenow")))
    assert now > before
    screen.until_total(now)
    assert screen.chosen == now
    assert screen.page.locator("svg.sf-history").inner_html() != fan
    screen.page.locator(".sf-part-moved tr").first.wait_for()


def lock(desk: Desk) -> None:
    """A lock holds while the total moves, and is listed."""
    screen = desk.open("Ann Lee")
    screen.choose("Jae Pak")
    screen.type("lock", "850")
    seen(lambda: screen.chosen == 850, "the lock does not hold")
    total = screen.total + 300
    screen.type("total", f"{total:,}")
    screen.until_total(total)
    assert screen.chosen == 850
    assert "Jae Pak, lock 850" in screen.page.locator(".sf-by-hand").inner_text()


def edit(desk: Desk) -> None:
    """A target typed into the grid holds, the others take the rest; parents add up."""
    screen = desk.open("Ann Lee")
    total, node = screen.total, screen.node("Jae Pak")
    siblings = screen.page.locator(f".tabulator-row[data-node^='{node.rsplit('/', 1)[0]}/']")
    before = siblings.locator("[data-field='target']").all_inner_texts()
    screen.type_cell(node, "target", "1,111")
    seen(lambda: screen.cell(node, "target") == "1,111", "the target does not hold")
    assert screen.total == total
    assert siblings.locator("[data-field='target']").all_inner_texts() != before
    parent = node.rsplit("/", 1)[0].removesuffix("/Canada")  # an only child is folded away

    def apart() -> int:
        parts = siblings.locator("[data-field='target']").all_inner_texts()
        above = screen.cell(parent, "target")
        return abs(sum(int(part.replace(",", "")) for part in parts) - int(above.replace(",", "")))

    seen(lambda: apart() <= siblings.count(), f"parts do not add up: {apart()} apart")


def paste(desk: Desk) -> None:
    """A block as Excel gives it: full-width digits and 万 are read, what is no amount is told by cell."""
    screen = desk.open("Ann Lee")
    node = screen.node("Jae Pak")
    screen.click_cell(node, "floor")
    screen.paste("７００\t150万")
    seen(lambda: screen.cell(node, "floor") == "700", "the floor was not read")
    seen(lambda: screen.cell(node, "ceiling") == "1,500", "the ceiling was not read")
    read = screen.page.locator(".sf-g-findings")
    read.wait_for()
    assert "read as 1,500" in read.inner_text()
    read.locator("button").last.click()
    screen.click_cell(node, "floor")
    screen.paste("about 300")
    refused = screen.page.locator(".sf-g-refusal")
    refused.wait_for()
    assert "about 300" in refused.inner_text()
    refused.locator("button").last.click()
    seen(lambda: screen.cell(node, "floor") == "700", f"now {screen.cell(node, 'floor')}")


def refuse_and_repair(desk: Desk) -> None:
    """A wish against another is refused under its row, nothing moves; the repair is one press."""
    screen = desk.open("Ann Lee")
    node, total = screen.node("Jae Pak"), screen.total
    screen.type_cell(node, "ceiling", "800")
    seen(lambda: screen.cell(node, "target") == "800", "the ceiling does not hold")
    screen.type_cell(node, "floor", "900")
    alert = screen.page.locator(".sf-g-refusal").first
    alert.wait_for()
    assert "Not applied" in alert.inner_text() and "Jae Pak" in alert.inner_text()
    assert " asks for 900," in alert.inner_text(), (
        "the refusal speaks in another unit than the screen"
    )
    assert screen.cell(node, "target") == "800" and screen.total == total
    alert.locator("button").first.click()
    seen(lambda: screen.cell(node, "floor") == "800", "the repair was not taken")
    assert screen.cell(node, "target") == "800" and screen.total == total


def undo(desk: Desk) -> None:
    """Every step back and forth again."""
    screen = desk.open("Ann Lee")
    first = screen.total
    for at in (1, 2):
        screen.type("total", f"{first + 100 * at:,}")
        screen.until_total(first + 100 * at)
    for total in (first + 100, first):
        screen.button("Undo").click()
        screen.until_total(total)
    screen.button("Redo").click()
    screen.until_total(first + 100)


def save(desk: Desk) -> None:
    """Saved with a reason, in the holder's name; the store says the page's numbers."""
    screen = desk.open("Ann Lee")
    total = screen.total + 200
    screen.type("total", f"{total:,}")
    screen.until_total(total)
    screen.save("agreed on Monday")
    screen.told("Saved as v")
    version, _ = desk.newest()
    assert version.reason == "agreed on Monday"
    assert desk.saved_total() == total
    seen(lambda: version.author in screen.page.locator(".sf-told").inner_text(), "no author")
    again = desk.open("Ann Lee", fresh=True)
    assert again.total == total


def conflict(desk: Desk) -> None:
    """Two planners on one version: the second is told who was first, and both are kept."""
    ann, bo = desk.open("Ann Lee"), desk.open("Bo Chen", fresh=True)
    start = ann.total
    mine = bo.total + 500
    bo.type("total", f"{mine:,}")
    bo.until_total(mine)
    ann.type("total", f"{start + 400:,}")
    ann.until_total(start + 400)
    ann.save("Ann's view")
    ann.told("Saved as v")
    hers, _ = desk.newest()
    bars = bo.page.locator(".sf-conflict").get_by_role("alert")  # unsaved work may have one, too
    bar = bars.filter(has_text="saved v")
    bar.wait_for(timeout=60_000)  # without pressing anything
    seen(
        lambda: f"{hers.author} saved v{hers.number}" in bar.inner_text(),
        "it is not said who was first",
    )
    assert bo.total == mine, "theirs replaced mine"
    bo.button("Save mine").click()
    box = bo.page.locator(".sf-sheet:visible input").first
    box.fill("Bo's view")
    box.press("Enter")
    bo.told("Saved as v")
    last, _ = desk.newest()
    assert last.parent == hers.number and desk.saved_total() == mine
    with Store(desk.store) as store:
        kept = store.load(last.plan, hers.number)
    assert round(kept.units.loc[ROOT, "target"] / 1000) == start + 400


def download(desk: Desk) -> None:
    """The workbook holds the page's total and every unit."""
    from openpyxl import load_workbook

    screen = desk.open("Ann Lee")
    path = _downloaded(screen, desk.folder)
    book = load_workbook(path, data_only=True)
    figures = {cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row}
    numbers = {round(each) for each in figures if isinstance(each, int | float)}
    assert screen.total in numbers
    assert any("Jae Pak" in str(each) for each in figures)


def upload(desk: Desk) -> None:
    """A floor typed into the downloaded workbook comes back by cell, and holds."""
    from openpyxl import load_workbook

    screen = desk.open("Ann Lee")
    path = _downloaded(screen, desk.folder)
    book = load_workbook(path)
    sheet, row, columns = _row_of(book, "Jae Pak")
    target = sheet.cell(row, columns["Target"]).value
    sheet.cell(row, columns["Floor"]).value = 1_234
    sheet.cell(row, columns["Reason"]).value = "two large orders"
    assert target != 1_234
    changed = desk.folder / "changed.xlsx"
    book.save(changed)
    screen.button("Load Excel…").click()
    with screen.page.expect_file_chooser() as waiting:
        screen.button("Choose a file").click()
    waiting.value.set_files(str(changed))
    found = screen.page.locator(".sf-sheet:visible .sf-found, .sf-sheet:visible .sf-bad").first
    found.wait_for(timeout=60_000)
    words = screen.page.locator(".sf-sheet:visible").inner_text()
    screen.button("Apply the good ones").click()
    screen.choose("Jae Pak")
    seen(lambda: screen.at("floor").input_value() == "1,234", f"the floor was not taken: {words}")
    seen(lambda: screen.chosen >= 1_234, "the floor does not hold")


def language(desk: Desk) -> None:
    """One switch, every word; the numbers stay."""
    screen = desk.open("Ann Lee")
    total = screen.total
    screen.page.get_by_role("button", name="中文").click()
    screen.page.get_by_text("公司总目标").locator("visible=true").first.wait_for()
    screen.page.get_by_text("数字由来").first.wait_for()
    screen.until_total(total)
    assert "千美元" in screen.page.locator(".sf-panel").inner_text()
    screen.page.get_by_role("button", name="English").click()
    screen.page.get_by_text("Why this number").first.wait_for()
    assert screen.total == total


WALKS: Mapping[str, Callable[[Desk], None]] = {
    walk.__name__: walk
    for walk in (
        load, move_total, edit, lock, paste, refuse_and_repair, undo, save, conflict, download, upload, language,
    )
}  # fmt: skip


def _downloaded(screen: Screen, folder: Path) -> Path:
    with screen.page.expect_download(timeout=60_000) as waiting:
        screen.button("Download Excel").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def _row_of(book: Any, label: str) -> tuple[Any, int, dict[str, int]]:
    """Where a unit stands in a workbook: sheet, row, and its columns by their heads."""
    for sheet in book:
        for row in sheet.iter_rows():
            if any(str(cell.value or "").strip() == label for cell in row):
                for above in range(row[0].row - 1, 0, -1):
                    heads = {
                        str(c.value).split("\n")[0].split(" (")[0].strip(): c.column
                        for c in sheet[above]
                        if c.value
                    }
                    if {"Floor", "Reason"} <= heads.keys():
                        return sheet, row[0].row, heads
    raise AssertionError(f"{label} stands nowhere in the workbook")
