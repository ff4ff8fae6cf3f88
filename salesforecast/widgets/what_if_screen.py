"""The analyst's screen: what-ifs made by form, switched on and off, and what each would mean."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import ipywidgets

from salesforecast.widgets.change_forms import FORMS, Ask
from salesforecast.widgets.questions import Questions
from salesforecast.widgets.style import STYLE
from salesforecast.widgets.what_if import short_html, tornado_chart
from salesforecast.widgets.what_if_style import LAYOUT
from salesforecast.widgets.what_if_words import say
from salesforecast.widgets.words import LANGUAGES

VIEWS = ("short", "table", "moves", "tornado")
_WIDE = {"width": "100%"}
_AUTO = {"width": "auto"}
_MOST_ROWS = 6


class WhatIfScreen(ipywidgets.VBox):
    """Build what-ifs and see them beside the plan; shows `questions` and changes nothing else.

    Parameters
    ----------
    questions
        What is asked; it stays readable from the notebook's other cells.
    save_to
        Folder that files are saved in.
    level
        Last level of units that tables and charts show at first; empty: two below the company.
    """

    def __init__(
        self, questions: Questions, *, save_to: str | Path = "what_ifs", level: str = ""
    ) -> None:
        self.questions, self.save_to = questions, save_to
        self._showing, self._form_of = "", ""
        self._offered: tuple[str, ...] = ()
        self._make_controls(level)
        super().__init__(self._parts())
        self.add_class("sf")
        self.add_class("sf-what-if")
        self._show()
        self._listen()

    def _make_controls(self, level: str) -> None:
        levels = list(self.questions.plan.hierarchy.levels)
        self.title, self.told, self.effect = (ipywidgets.HTML() for _ in range(3))
        self.buttons = {
            name: ipywidgets.Button(layout=_AUTO)
            for name in ("undo", "redo", "save", "new", "drop", "add")
        }
        self.buttons["add"].add_class("sf-first-button")
        self.load = ipywidgets.FileUpload(accept=".toml", multiple=False, layout=_AUTO)
        self.language = ipywidgets.ToggleButtons(
            options=list(LANGUAGES.items()), value=self.questions.language
        )
        self.case = ipywidgets.Dropdown(layout=_WIDE)
        self.name = ipywidgets.Text(layout=_WIDE)
        self.kind = ipywidgets.Dropdown(layout=_WIDE)
        self.form = ipywidgets.VBox()
        self.fields: dict[str, ipywidgets.Widget] = {}
        self.changes = ipywidgets.VBox()
        self.view = ipywidgets.ToggleButtons()
        self.level = ipywidgets.Dropdown(
            options=[(name, name) for name in levels],
            value=level or levels[min(2, len(levels) - 1)],
        )
        self.level.layout.width = "160px"
        for field, name in ((self.case, "case"), (self.name, "name"), (self.kind, "kind")):
            field.add_class(f"sf-field-{name}")
        for name, button in self.buttons.items():
            button.add_class(f"sf-{name}")

    def _parts(self) -> list[ipywidgets.Widget]:
        buttons = self.buttons
        names = ("undo", "redo", "save")
        head = ipywidgets.HBox(
            [self.title, *(buttons[name] for name in names), self.load, self.language]
        )
        head.add_class("sf-bar")
        new = ipywidgets.HBox([self.name, buttons["new"]])
        form = ipywidgets.VBox([self.kind, self.form, buttons["add"]])
        form.add_class("sf-form")
        asked = ipywidgets.VBox([ipywidgets.HBox([self.case, buttons["drop"]]), self.changes, new])
        asked.add_class("sf-asked")
        body = ipywidgets.HBox([form, asked])
        body.add_class("sf-build")
        views = ipywidgets.HBox([self.view, self.level])
        views.add_class("sf-views")
        self.effect.add_class("sf-effect")
        return [ipywidgets.HTML(STYLE + LAYOUT), head, body, self.told, views, self.effect]

    def _listen(self) -> None:
        questions, buttons = self.questions, self.buttons
        buttons["undo"].on_click(lambda _: questions.undo())
        buttons["redo"].on_click(lambda _: questions.redo())
        buttons["save"].on_click(lambda _: questions.write(self.save_to))
        buttons["drop"].on_click(lambda _: questions.drop())
        buttons["new"].on_click(lambda _: self._on_new())
        buttons["add"].on_click(lambda _: self._on_add())
        self.load.observe(self._on_file, "value")
        self.language.observe(self._when_chosen("language"), "value")
        self.case.observe(self._when_chosen("chosen"), "value")
        self.kind.observe(lambda _: None if self._showing else self._show_form(), "value")
        for control in (self.view, self.level):
            control.observe(lambda _: None if self._showing else self._show_effect(), "value")
        questions.observe(self._show, ["cases", "chosen", "language"])
        questions.observe(self._show_told, ["told"])

    def _when_chosen(self, trait: str) -> Any:
        def chosen(change: Any) -> None:
            if not self._showing and change["new"] is not None:
                setattr(self.questions, trait, change["new"])

        return chosen

    # ---- what the analyst does ------------------------------------------------------------

    def typed(self) -> dict[str, Any]:
        """What stands in the fields of the form."""
        return {name: field.value for name, field in self.fields.items()}

    def _on_add(self) -> None:
        self.questions.form(self.kind.value, self.typed())

    def _on_new(self) -> None:
        if self.questions.new(self.name.value):
            self.name.value = ""

    def _on_file(self, change: Any) -> None:
        if change["new"]:
            given = change["new"][0]
            self.questions.load(given["name"], bytes(given["content"]))
            self.load.value = ()

    # ---- what it shows --------------------------------------------------------------------

    def _say(self, key: str, **parts: object) -> str:
        return say(self.questions.language, key, **parts)

    def _show(self, change: Any = None) -> None:
        """Set every control to what the questions hold; the form keeps what was typed."""
        self._showing = "all"
        try:
            self._show_words()
            self._show_changes()
        finally:
            self._showing = ""
        fresh = change is None or change["name"] == "language" or self._choices_moved()
        if fresh:
            self._show_form()
        self._show_told()
        self._show_effect()

    def _show_words(self) -> None:
        questions = self.questions
        self.title.value = f"<b>salesforecast</b> {escape(self._say('title'))}"
        for name, button in self.buttons.items():
            button.description = self._say(name)
        self.buttons["undo"].disabled = not questions.can_undo
        self.buttons["redo"].disabled = not questions.can_redo
        self.load.description = self._say("load")
        self.language.value = questions.language
        self.name.description = self._say("new_name")
        self.name.style.description_width = "initial"
        self.case.description, self.kind.description = self._say("case"), self._say("kind")
        self.case.style.description_width, self.kind.style.description_width = "60px", "112px"
        chosen, wording = self.level.value, questions.beside.wording
        self.level.options = [(wording.name("level", one), one) for _, one in self.level.options]
        self.level.value = chosen
        self.level.tooltip = self._say("down_to")
        self.case.options = [(case.name, at) for at, case in enumerate(questions.cases)]
        self.case.value = questions.cases.index(questions.case)
        kind, view = self.kind.value or next(iter(FORMS)), self.view.value or VIEWS[0]
        self.kind.options = [(self._say(f"kind_{name}"), name) for name in FORMS]
        self.kind.value = kind
        self.view.options = [(self._say(f"view_{name}"), name) for name in VIEWS]
        self.view.value = view

    def _show_changes(self) -> None:
        case = self.questions.case
        rows = [self._row(at, change, off=at in case.off) for at, change in enumerate(case.changes)]
        empty = ipywidgets.HTML(f'<div class="sf-note">{escape(self._say("nothing_yet"))}</div>')
        self.changes.children = tuple(rows) or (empty,)

    def _row(self, at: int, change: Any, *, off: object) -> ipywidgets.Widget:
        words = self.questions.said(change)
        on = ipywidgets.Checkbox(
            value=not off, description=words[:1].upper() + words[1:], indent=False, layout=_WIDE
        )
        away = ipywidgets.Button(description="×", tooltip=self._say("remove"), layout=_AUTO)
        on.observe(lambda _: self._on_switch(at), "value")
        away.on_click(lambda _: self.questions.remove(at))
        row = ipywidgets.HBox([on, away])
        row.add_class("sf-change")
        return row

    def _on_switch(self, at: int) -> None:
        if not self.questions.switch(at):
            self._show()  # the box says again what holds

    def _choices_moved(self) -> bool:
        nodes = tuple(self.questions.choices().hierarchy.leaf_paths)
        return nodes != self._offered

    def _show_form(self) -> None:
        """The fields of the chosen kind; what was chosen in fields of the same name stays."""
        kept, choices = self.typed(), self.questions.choices()
        same = self._form_of == self.kind.value
        self._form_of = self.kind.value
        self._offered = tuple(choices.hierarchy.leaf_paths)
        self.fields = {}
        for ask in FORMS[self.kind.value]:
            options = choices.of(ask)
            before = kept.get(ask.name) if options or same else None
            self.fields[ask.name] = self._field(ask, options, before)
            self.fields[ask.name].description = self._say(ask.words)
            self.fields[ask.name].style.description_width = "112px"
            self.fields[ask.name].add_class(f"sf-field-{ask.name}")
        self.form.children = tuple(self.fields.values())

    def _field(self, ask: Ask, options: list[tuple[str, str]], kept: Any) -> ipywidgets.Widget:
        if not options and ask.kind not in ("product", "month", "unit", "units", "team", "person"):
            hint = f"hint_{ask.name}" if ask.name in ("amount", "parts", "value") else ""
            field = ipywidgets.Text(value=ask.default if kept is None else kept, layout=_WIDE)
            field.placeholder = self._say(hint) if hint else ""
            return field
        values = [value for _, value in options]
        if ask.kind == "units":
            chosen = tuple(one for one in kept or () if one in values)
            return ipywidgets.SelectMultiple(options=options, value=chosen, rows=5, layout=_WIDE)
        value = kept if kept in values else values[0] if values else None
        return ipywidgets.Dropdown(options=options, value=value, layout=_WIDE)

    def _show_told(self, _: Any = None) -> None:
        kind, told = self.questions.told
        self.told.layout.display = "" if told else "none"
        name, role = ("sf-bad", "alert") if kind == "refused" else ("sf-good", "status")
        self.told.value = f'<div class="{name}" role="{role}">{escape(told)}</div>'

    def _show_effect(self) -> None:
        view, beside = self.view.value, self.questions.beside
        self.level.layout.visibility = "visible" if view in ("table", "moves") else "hidden"
        if view == "short" or (view == "moves" and len(beside.plans) < 2):
            self.effect.value = short_html(beside)
        elif view == "table":
            self.effect.value = beside.html(level=self.level.value)
        elif view == "moves":
            self.effect.value = beside.chart(level=self.level.value)
        else:
            found = self.questions.hangs_on()
            self.effect.value = tornado_chart(found, language=self.questions.language)
