"""What opens under the head: a reason to save, a comparison, a file that came back, a conflict."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import ipywidgets
import pandas as pd

from salesforecast.exchange.notes import LoadedBack
from salesforecast.widgets.page import Page
from salesforecast.widgets.saving import Shelf
from salesforecast.widgets.session import Session
from salesforecast.widgets.words import say

MOST_ROWS = 12


class Sheet(ipywidgets.VBox):
    """Something that is open or not; subclasses fill it and say what its buttons do."""

    def __init__(self, session: Session, shelf: Shelf) -> None:
        self.session, self.shelf = session, shelf
        self.close_button = ipywidgets.Button(layout={"width": "auto"})
        self.close_button.on_click(lambda _: self.close_sheet())
        super().__init__(layout={"display": "none"})
        self.add_class("sf-sheet")
        session.observe(lambda _: self.show() if self.is_open else None, ["language", "divisor"])

    @property
    def is_open(self) -> bool:
        """Whether it is on the screen."""
        return self.layout.display != "none"

    def open_sheet(self) -> None:
        """Fill it and put it on the screen."""
        self.layout.display = ""
        self.show()

    def close_sheet(self) -> None:
        """Take it off the screen."""
        self.layout.display = "none"

    def show(self) -> None:
        """Set every part to what session and shelf hold."""
        self.close_button.description = say(self.session.language, "close")


class SaveSheet(Sheet):
    """Asks for the reason, then saves or hands in."""

    def __init__(self, session: Session, shelf: Shelf) -> None:
        super().__init__(session, shelf)
        self.title = ipywidgets.HTML()
        self.reason = ipywidgets.Text(layout={"width": "420px"})
        self.reason.add_class("sf-field-reason")
        self.act = ipywidgets.Button(layout={"width": "auto"})
        self.act.add_class("sf-first-button")
        self.children = [ipywidgets.HBox([self.title, self.reason, self.act, self.close_button])]
        self.on_top = False
        self.act.on_click(lambda _: self._save())
        self.reason.on_msg(self._on_key)

    def show(self) -> None:
        super().show()
        language = self.session.language
        self.title.value = f"<b>{escape(say(language, 'why_saved'))}</b>"
        self.reason.placeholder = say(language, "reason_example")
        self.act.description = say(language, "save_now")

    def _on_key(self, _: Any, said: dict[str, Any], __: Any) -> None:
        if said.get("event") == "submit":  # Enter, not a click elsewhere
            self._save()

    def _save(self) -> None:
        if self.shelf.save(self.reason.value, on_top=self.on_top):
            self.reason.value, self.on_top = "", False
            self.close_sheet()


class CompareSheet(Sheet):
    """The working copy beside any saved version: who moved, and which assumptions changed."""

    def __init__(self, session: Session, shelf: Shelf) -> None:
        super().__init__(session, shelf)
        self.choose = ipywidgets.Dropdown(layout={"width": "420px"})
        self.choose.add_class("sf-field-version")
        self.table = ipywidgets.HTML()
        self.start = ipywidgets.Button(layout={"width": "auto"})
        head = ipywidgets.HBox([self.choose, self.start, self.close_button])
        self.children = [head, self.table]
        self.choose.observe(lambda _: self._show_table(), "value")
        self.start.on_click(lambda _: shelf.start_from(self.choose.value))
        session.observe(lambda _: self._show_table() if self.is_open else None, ["plan"])

    def show(self) -> None:
        super().show()
        language, shelf = self.session.language, self.shelf
        self.start.description = say(language, "start_from_this")
        chosen = self.choose.value
        options = [
            (say(language, "version_line", **shelf.told_of(version)), version.number)
            for version in shelf.versions()
        ]
        self.choose.options = options
        numbers = [number for _, number in options]
        if numbers:
            self.choose.value = chosen if chosen in numbers else numbers[0]
        self._show_table()

    def _show_table(self) -> None:
        if self.choose.value is None:
            return
        number = self.choose.value
        found = self.shelf.compare(number)
        self.table.value = compare_html(self.session, number, found.units, found.scenario)


class LoadSheet(Sheet):
    """A file that came back: what was read as what, what was refused; taken or left as a whole."""

    def __init__(self, session: Session, shelf: Shelf, page: Page) -> None:
        super().__init__(session, shelf)
        self.page = page
        self.found: LoadedBack | None = None
        self._given: tuple[str, bytes] | None = None
        self.words, self.report = ipywidgets.HTML(), ipywidgets.HTML()
        self.file = ipywidgets.FileUpload(
            accept=".xlsx,.xlsm,.xls,.csv", layout={"width": "auto"}, multiple=False
        )
        self.template, self.take, self.leave = (
            ipywidgets.Button(layout={"width": "auto"}) for _ in range(3)
        )
        self.take.add_class("sf-first-button")
        head = ipywidgets.HBox([self.words, self.file, self.template, self.close_button])
        self.answer = ipywidgets.HBox([self.take, self.leave])
        self.children = [head, self.report, self.answer]
        self.file.observe(self._on_file, "value")
        self.template.on_click(lambda _: self._on_template())
        self.take.on_click(lambda _: self._on_take())
        self.leave.on_click(lambda _: self._on_leave())

    def show(self) -> None:
        super().show()
        language = self.session.language
        self.words.value = f"<b>{escape(say(language, 'load_words'))}</b>"
        self.file.description = say(language, "choose_file")
        self.template.description = say(language, "template")
        self.take.description = say(language, "apply_good")
        self.leave.description = say(language, "apply_none")
        if self.found is not None and self._given is not None:
            self.read(*self._given)  # told again, in the language and the unit of now
        self._show_found()

    def _show_found(self) -> None:
        found = self.found
        self.answer.layout.display = "none" if found is None else ""
        unit = self.session.unit
        self.report.value = "" if found is None else found_html(self.session.language, found, unit)
        self.take.disabled = found is None or not found.changes

    def _on_file(self, change: Any) -> None:
        if change["new"]:
            given = change["new"][0]
            self.read(given["name"], bytes(given["content"]))
            self.file.value = ()

    def read(self, name: str, content: bytes) -> None:
        """Read a file and show what it would change; nothing is applied yet."""
        from salesforecast.errors import SalesforecastError
        from salesforecast.exchange.load_back import load_back

        session = self.session
        self._given = name, content
        try:
            self.found = load_back(
                content,
                name,
                session.plan,
                session.inputs.organisation.measure,
                language=session.language,
                owner=session.owner,
                divisor=session.divisor,
            )
        except SalesforecastError as error:
            self.found = None
            words = f"{error.what} {error.where}. {error.fix}"
            self.report.value = f'<div class="sf-bad" role="alert">{escape(words)}</div>'
            return
        self._show_found()

    def _on_take(self) -> None:
        if self.found is None:
            return
        words = say(self.session.language, "ask_file")
        self.session.take(words, self.found.scenario)
        self._on_leave()

    def _on_leave(self) -> None:
        self.found = self._given = None
        self._show_found()
        self.close_sheet()

    def _on_template(self) -> None:
        from salesforecast.exchange.template import input_template

        session = self.session
        measure = session.inputs.organisation.measure
        content = input_template(session.plan, measure, language=session.language)
        self.page.hand_over(f"{self.shelf.name} template.xlsx", content)


class ConflictBar(ipywidgets.HBox):
    """Says who saved meanwhile, and lets the planner choose; both versions are kept."""

    def __init__(self, session: Session, shelf: Shelf) -> None:
        self.session, self.shelf = session, shelf
        self.words = ipywidgets.HTML()
        self.compare, self.mine, self.theirs = (
            ipywidgets.Button(layout={"width": "auto"}) for _ in range(3)
        )
        super().__init__([self.words, self.compare, self.mine, self.theirs])
        self.add_class("sf-conflict")
        self._show()
        self.theirs.on_click(lambda _: shelf.take_newer())
        session.observe(self._show, ["plan", "language"])
        shelf.observe(self._show, ["newer", "opened"])

    def _show(self, _: Any = None) -> None:
        language, newer = self.session.language, self.shelf.newer
        self.layout.display = "none" if newer is None else ""
        if newer is None:
            return
        opened = self.shelf.opened.number if self.shelf.opened else 0
        key = "conflict" if opened else "conflict_first"
        told = say(language, key, opened=opened, **self.shelf.told_of(newer))
        self.words.value = f'<div role="alert">{escape(told)}</div>'
        self.compare.description = say(language, "compare")
        self.mine.description = say(language, "save_mine")
        self.mine.disabled = not self.shelf.unsaved
        self.theirs.description = say(language, "take_theirs", number=newer.number)


def compare_html(session: Session, number: int, units: pd.DataFrame, scenario: str) -> str:
    """The units that moved since a version, the largest change first, and the changed assumptions."""
    language, wording = session.language, session.wording
    if units.empty and not scenario:
        return f'<div class="sf-note">{say(language, "same_as", number=number)}</div>'
    order = units["change"].abs().sort_values(ascending=False, kind="stable").index
    shown = units.loc[order[:MOST_ROWS]]
    heads = "".join(
        f"<th>{escape(say(language, key, number=number))}</th>"
        for key in ("unit", "in_version", "now", "change")
    )
    rows = "".join(
        f'<tr data-sf-node="{escape(str(node), quote=True)}"><td>{escape(_name(session, str(node)))}</td>'
        f"<td>{wording.amount(row['before'])}</td><td>{wording.amount(row['after'])}</td>"
        f"<td><b>{wording.change(row['change'])}</b></td></tr>"
        for node, row in shown.iterrows()
    )
    more = len(units) - len(shown)
    note = f'<div class="sf-note">{say(language, "more", count=more)}</div>' if more > 0 else ""
    said = "".join(f"<div>{escape(line)}</div>" for line in changed_lines(scenario)[:MOST_ROWS])
    title = say(language, "assumptions")
    return (
        f'<div class="sf-compare"><div><table class="sf-list"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table>{note}</div>"
        f'<div class="sf-diff"><h3>{escape(title)}</h3>{said}</div></div>'
    )


def changed_lines(diff: str) -> list[str]:
    """The changed lines of a scenario, old and new value on one: `total: 12700000 → 11900000`."""
    removed: dict[str, str] = {}
    out: list[str] = []
    for line in diff.splitlines():
        if line[:3] in ("+++", "---") or line[:1] not in ("+", "-"):
            continue
        key, sign, value = line[1:].partition(" = ")
        if line[0] == "-":
            out.append(line)
            if sign:
                removed[key] = line
        elif sign and removed.get(key) in out:
            old = removed.pop(key)
            out[out.index(old)] = f"{key}: {old.partition(' = ')[2]} → {value}"
        else:
            out.append(line)
    return [line for line in out if line[1:].strip()]


def _name(session: Session, node: str) -> str:
    return session.label(node) if node in session.plan.units.index else node


def found_html(language: str, found: LoadedBack, unit: str) -> str:
    """What a file would change, what was repaired, and what was refused, each with its cell."""
    parts = [
        _listed(say(language, key, count=len(notes)), notes, kind)
        for key, notes, kind in (
            ("file_refused", found.refusals, "sf-bad"),
            ("file_changes", found.changes, ""),
            ("file_repairs", found.repairs, ""),
            ("file_notes", found.notes, ""),
        )
        if notes
    ]
    if not parts:
        return f'<div class="sf-note">{say(language, "file_same")}</div>'
    counted = escape(say(language, "file_unit", unit=unit))
    return "".join([f'<div class="sf-note">{counted}</div>', *parts])


def _listed(title: str, notes: Sequence[object], kind: str) -> str:
    lines = "".join(f"<li>{escape(str(note))}</li>" for note in notes[:50])
    more = f"<li>… {len(notes) - 50}</li>" if len(notes) > 50 else ""
    return f'<div class="sf-found {kind}"><b>{escape(title)}</b><ul>{lines}{more}</ul></div>'
