"""The left panel: company total, what fair means, limits of the chosen unit, and the way back."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from html import escape
from math import isfinite
from pathlib import Path
from typing import Any

import ipywidgets

from salesforecast.hierarchy import ROOT
from salesforecast.rules import Ceiling, Floor, Lock
from salesforecast.widgets.session import KINDS, Limit, Session
from salesforecast.widgets.words import CRITERIA, LANGUAGES, criterion_label, say

SPAN = 0.3  # the slider goes this share below and above the forecast
_WIDE = {"width": "100%"}


class ScenarioEditor(ipywidgets.VBox):
    """Edit the session's scenario; what it shows is always what the session holds.

    Parameters
    ----------
    session
        What is edited and followed.
    save_to
        Where the button Save writes the scenario; no button if None.
    """

    def __init__(self, session: Session, *, save_to: str | Path | None = None) -> None:
        self.session, self.save_to = session, save_to
        self._showing = False
        self._make_total()
        self.criterion = ipywidgets.Dropdown(layout=_WIDE)
        self.limits_title = ipywidgets.HTML()
        self.amounts: dict[Limit, ipywidgets.Text] = {
            kind: ipywidgets.Text(
                continuous_update=False, layout=_WIDE, style={"description_width": "52px"}
            )
            for kind in KINDS
        }
        self.undo, self.redo, self.save = (
            ipywidgets.Button(layout={"width": "auto", "flex": "1 1 0", "padding": "0"})
            for _ in range(3)
        )
        self.saved = ipywidgets.HTML()
        self.language = ipywidgets.ToggleButtons(
            options=list(LANGUAGES.items()), value=session.language
        )
        self.language.style.button_width = "64px"
        self.total_title, self.criterion_title = ipywidgets.HTML(), ipywidgets.HTML()
        super().__init__(self._parts(), layout={"width": "212px", "flex": "0 0 212px"})
        self.add_class("sf-panel")
        self._show()
        self._listen()

    def _make_total(self) -> None:
        forecast = float(self.session.plan.units["forecast"].loc[ROOT]) / self.session.divisor
        step = slider_step(forecast)
        low, high = (round(forecast * share / step) * step for share in (1 - SPAN, 1 + SPAN))
        self.slider = ipywidgets.IntSlider(
            min=low, max=max(high, low + step), step=step, readout=False, layout=_WIDE
        )
        self.total = ipywidgets.BoundedIntText(
            min=0, max=10**9, step=step, continuous_update=False, layout=_WIDE
        )
        self.against = ipywidgets.HTML()

    def _parts(self) -> list[ipywidgets.Widget]:
        buttons = [self.undo, self.redo] + ([self.save] if self.save_to else [])
        return [
            self.language,
            self.total_title,
            self.total,
            self.slider,
            self.against,
            self.criterion_title,
            self.criterion,
            self.limits_title,
            *self.amounts.values(),
            ipywidgets.HBox(buttons),
            self.saved,
        ]

    def _listen(self) -> None:
        self.slider.observe(self._when_edited(self._on_slider), "value")
        self.total.observe(self._when_edited(self._on_total), "value")
        self.criterion.observe(self._when_edited(self._on_criterion), "value")
        self.language.observe(self._when_edited(self._on_language), "value")
        for kind, field in self.amounts.items():
            field.observe(self._when_edited(self._on_limit(kind)), "value")
        self.undo.on_click(lambda _: self.session.undo())
        self.redo.on_click(lambda _: self.session.redo())
        self.save.on_click(lambda _: self._on_save())
        self.session.observe(lambda _: self._show(), ["plan", "selection", "refusal", "language"])

    def _when_edited(self, act: Callable[[Any], object]) -> Callable[[Any], None]:
        """Act on what the planner does, not on what the program shows."""

        def edited(change: Any) -> None:
            if not self._showing:
                act(change["new"])
                self._show()

        return edited

    def _on_slider(self, amount: int) -> None:
        self.session.set_total(amount * self.session.divisor, gesture="slider")

    def _on_total(self, amount: int) -> None:
        self.session.set_total(amount * self.session.divisor)

    def _on_criterion(self, name: str) -> None:
        self.session.set_criterion(name)

    def _on_language(self, language: str) -> None:
        self.session.language = language

    def _on_limit(self, kind: Limit) -> Callable[[str], object]:
        setters = {
            Floor: self.session.set_floor,
            Ceiling: self.session.set_ceiling,
            Lock: self.session.set_lock,
        }

        def act(text: str) -> None:
            session = self.session
            try:
                amount = read_amount(text, divisor=session.divisor)
            except ValueError:
                session.refuse_text(text)
                return
            setters[kind](session.selection, amount)

        return act

    def _on_save(self) -> None:
        assert self.save_to is not None
        language = self.session.language
        try:
            path = self.session.save(self.save_to)
        except OSError as error:
            self.saved.value = _note(say(language, "not_saved", why=error.strerror))
            return
        self.saved.value = _note(say(language, "saved", path=path))

    def _show(self) -> None:
        """Set every control to what the session holds."""
        self._showing = True
        try:
            self._show_total()
            self._show_criterion()
            self._show_limits()
            self._show_buttons()
        finally:
            self._showing = False

    def _show_total(self) -> None:
        session, wording = self.session, self.session.wording
        company = session.plan.units.loc[ROOT]
        shown = round(session.total / session.divisor)
        self.total_title.value = _title(say(session.language, "company_total"), session.unit)
        self.total.value = shown
        self.slider.value = self._on_a_step(shown)
        self.against.value = _note(
            say(
                session.language,
                "against",
                stretch=wording.points(company["stretch"]),
                growth=wording.points(company["growth"]),
            )
        )

    def _on_a_step(self, amount: int) -> int:
        """The nearest place where the slider can stand: the browser moves it there anyway."""
        slider = self.slider
        steps = round((min(max(amount, slider.min), slider.max) - slider.min) / slider.step)
        return int(min(slider.min + steps * slider.step, slider.max))

    def _show_criterion(self) -> None:
        language, name = self.session.language, self.session.scenario.criterion
        self.criterion_title.value = _title(say(language, "fair_means"))
        names = list(dict.fromkeys([*CRITERIA, name]))
        options = [(criterion_label(language, each), each) for each in names]
        if list(self.criterion.options) != options:
            self.criterion.options = options
        self.criterion.value = name

    def _show_limits(self) -> None:
        session = self.session
        label = session.label(session.selection)
        self.limits_title.value = _title(say(session.language, "limits_of", label=label)) + _note(
            say(session.language, "pick_unit")
        )
        for kind, field in self.amounts.items():
            amount = session.limit(kind, session.selection)
            field.description = say(session.language, KINDS[kind])
            field.value = "" if amount is None else f"{amount / session.divisor:,.10g}"

    def _show_buttons(self) -> None:
        language = self.session.language
        for button, key in ((self.undo, "undo"), (self.redo, "redo"), (self.save, "save")):
            button.description = say(language, key)
        self.undo.disabled = not self.session.can_undo
        self.redo.disabled = not self.session.can_redo
        self.language.value = language


def slider_step(forecast: float) -> int:
    """A round step of the slider, in shown units: about a two-hundredth of the forecast."""
    wanted = max(forecast / 200, 1.0)
    power = 10 ** (len(str(int(wanted))) - 1)
    return int(
        next(digit * power for digit in (1, 2, 5, 10) if digit * power >= wanted or digit == 10)
    )


def read_amount(text: str, *, divisor: int) -> float | None:
    """What a planner typed, in the measure; None for an empty field.

    Raises
    ------
    ValueError
        If it is not a number.
    """
    plain = unicodedata.normalize("NFKC", text).strip().replace(",", "").replace(" ", "")
    if not plain:
        return None
    try:
        amount = float(plain.replace("−", "-")) * divisor
    except ValueError:
        raise ValueError(f"{text!r} is no amount") from None
    if not isfinite(amount):
        raise ValueError(f"{text!r} is no amount")
    return float(round(amount))


def _title(text: str, aside: str = "") -> str:
    return f"<h3>{escape(text)}<span>{escape(aside)}</span></h3>"


def _note(text: str) -> str:
    return f'<div class="sf-note">{escape(text)}</div>'
