"""Capacities in the left panel: how much there is, and the people who make it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets

from salesforecast.planning.decision import Headcount
from salesforecast.rules import Capacity
from salesforecast.widgets import people, question
from salesforecast.widgets.question import read_amount
from salesforecast.widgets.session import Session
from salesforecast.widgets.words import say

_AUTO = {"width": "auto"}


class CapacityTable(ipywidgets.VBox):
    """Each capacity with what is used of it; people who start or leave, with a form for more.

    Shows the session's scenario and reports what is typed; call `show` when the session moved.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.rows, self.form = ipywidgets.VBox(), ipywidgets.VBox()
        self.note, self.title = ipywidgets.HTML(), ipywidgets.HTML()
        self.count, self.ramp, self.each = (ipywidgets.Text(layout={"width": "46px"}) for _ in range(3))  # fmt: skip
        self.start = ipywidgets.Dropdown(
            options=[f"{period:%Y-%m}" for period in session.plan.periods]
        )
        self.ramp_words, self.each_words = ipywidgets.HTML(), ipywidgets.HTML()
        self.act = ipywidgets.Button(layout=_AUTO)
        self.act.on_click(lambda _: self._on_act())
        for name in ("count", "ramp", "each", "start"):
            getattr(self, name).add_class(f"sf-field-people-{name}")
        self._drawn: object = None
        self._form_for: object = None
        super().__init__([self.rows, self.form])
        self.add_class("sf-capacity")

    def show(self) -> None:
        """Set every part to what the session holds; rows are made anew only where limits moved."""
        session = self.session
        heads, known = session.scenario.headcount, question.capacities(session.scenario)
        drawn = (known, heads, session.language)
        if drawn != self._drawn:
            self.rows.children = (
                *(self._amount_row(each) for each in known),
                *(row for head in heads for row in self._people_rows(head)),
            ) or (self.note,)
            self._drawn = drawn
        self.note.value = _note(say(session.language, "no_capacity"))
        self._show_used()
        self._show_form()

    def _show_used(self) -> None:
        """How much of each capacity the targets on the screen take up."""
        lines = self._lines()
        if not lines:
            return  # as usual: nothing to add up in the time of an edit
        limits = self.session.plan.scenario.limits(self.session.plan.periods)
        for line, capacity in zip(
            lines, (r for r in limits if isinstance(r, Capacity)), strict=True
        ):
            line.value = _note(self._used(capacity))

    def _lines(self) -> list[ipywidgets.HTML]:
        return [row.children[0] for row in self.rows.children if hasattr(row, "children")
                and "sf-line-used" in row.children[0]._dom_classes]  # fmt: skip

    def _used(self, capacity: Capacity) -> str:
        session = self.session
        parts = {
            "label": session.label(capacity.node),
            "unit": capacity.unit,
            "used": f"{question.used(session, capacity):,.0f}",
        }
        if any(head.node == capacity.node for head in session.scenario.headcount):
            return say(session.language, "people_line", amount=f"{capacity.amount:,.0f}", **parts)
        return say(session.language, "capacity_line", **parts)

    def _amount_row(self, capacity: Capacity) -> ipywidgets.Widget:
        name = ipywidgets.HTML()
        name.add_class("sf-line-used")
        field = ipywidgets.Text(continuous_update=False, layout={"width": "72px"})
        field.add_class("sf-field-capacity")
        field.value = f"{capacity.amount:,.10g}"
        field.observe(self._on_amount(capacity, field), "value")
        return ipywidgets.HBox([name, field], layout={"justify_content": "space-between"})

    def _on_amount(self, capacity: Capacity, field: ipywidgets.Text) -> Callable[[Any], None]:
        def typed(change: Any) -> None:
            try:
                amount = read_amount(change["new"], divisor=1)
            except ValueError:
                amount = None
            if amount is None:
                self.session.refuse_text(change["new"])
            elif amount != capacity.amount:
                question.set_capacity(self.session, capacity, amount)
            if capacity in self.session.scenario.rules:  # refused: the field says what holds
                field.value = f"{capacity.amount:,.10g}"

        return typed

    def _people_rows(self, head: Headcount) -> list[ipywidgets.Widget]:
        line = ipywidgets.HTML()
        line.add_class("sf-line-used")
        rows: list[ipywidgets.Widget] = [ipywidgets.HBox([line])]
        for at, entry in enumerate(people.entries(head)):
            key = "people_entry" if entry.count >= 0 else "people_leave"
            words = say(
                self.session.language, key, start=entry.start, count=f"{abs(entry.count):g}"
            )
            if entry.ramp:
                words += say(self.session.language, "people_ramp", ramp=f"{entry.ramp:g}")
            away = ipywidgets.Button(
                description="×", tooltip=say(self.session.language, "people_drop"), layout=_AUTO
            )
            away.on_click(lambda _, at=at: people.drop(self.session, head, at))
            rows.append(ipywidgets.HBox([ipywidgets.HTML(_note(words)), away]))
        return rows

    # ---- the form -------------------------------------------------------------------------

    def _head(self) -> Headcount | None:
        """Whose people the form adds to: those of the selected unit."""
        return people.head_of(self.session, self.session.selection)

    def _show_form(self) -> None:
        session, head = self.session, self._head()
        language = session.language
        key = (session.selection, head is None, language, session.divisor)
        if key == self._form_for:
            return
        self._form_for = key
        title = say(language, "people_of", label=session.label(session.selection))
        self.title.value = f"<h3>{escape(title)}</h3>"
        self.count.value, self.ramp.value = "1", "0"
        self.ramp_words.value = _note(say(language, "people_to_learn"))
        self.each_words.value = _note(say(language, "people_each", unit=session.unit))
        self.act.description = say(language, "people_begin" if head is None else "people_add")
        if head is None:
            self.form.children = (
                self.title,
                ipywidgets.HBox([self.each, self.each_words]),
                ipywidgets.HBox([self.count, self.act]),
            )
        else:
            self.form.children = (
                self.title,
                ipywidgets.HBox([self.count, self.start]),
                ipywidgets.HBox([self.ramp, self.ramp_words]),
                self.act,
            )

    def _on_act(self) -> None:
        head, session = self._head(), self.session
        count, ramp = (self._number(field.value) for field in (self.count, self.ramp))
        if count is None or ramp is None or not count or ramp < 0:
            return
        if head is not None:
            people.add(session, head, people.Entry(self.start.value, count, ramp))
            return
        each = self._number(self.each.value, divisor=session.divisor)
        if each is not None and each > 0 and count > 0:
            people.begin(session, session.selection, each, count)
        elif each is not None:
            session.refuse_text(self.each.value)

    def _number(self, text: str, *, divisor: int = 1) -> float | None:
        """What a field says; None when it was refused."""
        try:
            found = read_amount(text, divisor=divisor)
        except ValueError:
            found = None
        if found is None:
            self.session.refuse_text(text)
        return found


def _note(text: str) -> str:
    return f'<div class="sf-note">{escape(text)}</div>'
