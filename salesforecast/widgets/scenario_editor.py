"""The left panel: where to start, the total or a chance, what fair means, and the common limits."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets

from salesforecast.hierarchy import ROOT
from salesforecast.rules import Ceiling, Floor, Lock
from salesforecast.widgets import question
from salesforecast.widgets.capacity_table import CapacityTable
from salesforecast.widgets.question import read_amount, read_share
from salesforecast.widgets.saving import Shelf
from salesforecast.widgets.session import KINDS, Limit, Session
from salesforecast.widgets.units import divisors, own_divisor, unit_words, wording_of
from salesforecast.widgets.words import CRITERIA, criterion_label, say

SPAN = 0.3  # the slider goes this share below and above the forecast
_WIDE = {"width": "100%"}
_HALF = {"width": "50%"}


class ScenarioEditor(ipywidgets.VBox):
    """Edit the session's scenario; what it shows is always what the session holds.

    Parameters
    ----------
    session
        What is edited and followed.
    shelf
        Whose versions can be started from; no chooser if None.
    """

    def __init__(self, session: Session, shelf: Shelf | None = None) -> None:
        self.session, self.shelf = session, shelf
        self._showing, self._shown = False, 0
        self._listed: tuple[Any, ...] = ()
        self._make_total()
        self.titles = {name: ipywidgets.HTML() for name in _TITLES}
        self.start = ipywidgets.Dropdown(layout=_WIDE)
        self.chance = _field()
        self.criterion = ipywidgets.Dropdown(layout=_WIDE)
        self.blend = ipywidgets.IntSlider(min=0, max=100, step=5, readout=False, layout=_WIDE)
        self.low, self.high = _field(_HALF), _field(_HALF)
        self.step = _field()
        self.hedges = {level: _field(_WIDE, described=True) for level in self._levels()}
        self.amounts: dict[Limit, ipywidgets.Text] = {
            kind: _field(_WIDE, described=True) for kind in KINDS
        }
        self.capacity = CapacityTable(session)
        self.by_hand = ipywidgets.HTML()
        super().__init__(self._parts())
        self.add_class("sf-panel")
        for name, field in self._fields().items():
            field.add_class(f"sf-field-{name}")
        self._show()
        self._show_start()
        self._listen()

    def _levels(self) -> list[str]:
        return list(self.session.plan.hierarchy.levels)[:-1]

    def _make_total(self) -> None:
        self.scale = own_divisor(
            self.session.measure
        )  # of the slider, whatever the screen counts in
        forecast = float(self.session.plan.units["forecast"].loc[ROOT]) / self.scale
        step = slider_step(forecast)
        low, high = (round(forecast * share / step) * step for share in (1 - SPAN, 1 + SPAN))
        self.slider = ipywidgets.IntSlider(
            min=low, max=max(high, low + step), step=step, readout=False, layout=_WIDE
        )
        self.total, self.unit = _field(), ipywidgets.Dropdown()
        self.against = ipywidgets.HTML()

    def _parts(self) -> list[ipywidgets.Widget]:
        titles = self.titles
        start = [titles["start"], self.start] if self.shelf is not None else []
        return [
            *start,
            self._with_unit(),
            self.total,
            self.slider,
            self.against,
            titles["chance"],
            self.chance,
            titles["fair"],
            self.criterion,
            titles["blend"],
            self.blend,
            titles["corridor"],
            ipywidgets.HBox([self.low, self.high]),
            titles["step"],
            self.step,
            titles["limits"],
            *self.amounts.values(),
            titles["hedge"],
            *self.hedges.values(),
            titles["capacity"],
            self.capacity,
            titles["by_hand"],
            self.by_hand,
        ]

    def _with_unit(self) -> ipywidgets.Widget:
        """The total's title, and what amounts are counted in."""
        row = ipywidgets.HBox([self.titles["total"], self.unit])
        row.add_class("sf-titled")
        return row

    def _fields(self) -> dict[str, ipywidgets.Widget]:
        """Every control by its name; the page's styles and tests know it by that."""
        names = (
            "start",
            "total",
            "unit",
            "slider",
            "chance",
            "criterion",
            "blend",
            "low",
            "high",
            "step",
        )
        limits = {KINDS[kind]: field for kind, field in self.amounts.items()}
        return {name: getattr(self, name) for name in names} | limits

    def _listen(self) -> None:
        session = self.session
        asked: dict[ipywidgets.Widget, Callable[[Any], object]] = {
            self.slider: lambda amount: session.set_total(amount * self.scale, gesture="slider"),
            self.total: self._amount(session.set_total),
            self.chance: self._share(lambda share: question.set_chance(session, share)),
            self.criterion: lambda name: question.set_fairness(
                session, name, question.blended(session.scenario)
            ),
            self.blend: lambda share: question.set_fairness(
                session, question.main_criterion(session.scenario), share / 100, gesture="blend"
            ),
            self.step: self._amount(lambda step: question.set_step(session, step), divisor=1),
            self.start: self._on_start,
            self.unit: lambda divisor: session.set_trait("divisor", divisor),
        }
        for field in (self.low, self.high):
            asked[field] = self._on_corridor
        for kind, field in self.amounts.items():
            asked[field] = self._on_limit(kind)
        for level, field in self.hedges.items():
            asked[field] = self._on_hedge(level)
        for field, act in asked.items():
            field.observe(self._when_edited(act), "value")
        session.observe(
            lambda _: self._show(), ["plan", "selection", "refusal", "language", "divisor"]
        )
        if self.shelf is not None:
            self.shelf.observe(lambda _: self._show_start(), ["opened", "newer"])
            session.observe(lambda _: self._show_start(), ["language"])

    def _when_edited(self, act: Callable[[Any], object]) -> Callable[[Any], None]:
        """Act on what the planner does, not on what the program shows."""

        def edited(change: Any) -> None:
            if not self._showing:
                before = self._shown
                act(change["new"])
                if self._shown == before:  # nothing came of it: the field goes back
                    self._show()

        return edited

    def _amount(
        self, act: Callable[[Any], object], *, divisor: int | None = None
    ) -> Callable[[str], object]:
        """Read a typed amount; refuse what is none; an empty field changes nothing."""

        def read(text: str) -> None:
            try:
                amount = read_amount(text, divisor=divisor or self.session.divisor)
            except ValueError:
                self.session.refuse_text(text)
                return
            if amount is not None:
                act(int(amount))

        return read

    def _share(self, act: Callable[[float | None], object]) -> Callable[[str], object]:
        def read(text: str) -> None:
            try:
                share = read_share(text)
            except ValueError:
                self.session.refuse_text(text)
                return
            act(share)

        return read

    def _on_corridor(self, text: str) -> None:
        try:
            low, high = (read_share(field.value) for field in (self.low, self.high))
        except ValueError:
            self.session.refuse_text(text)
            return
        question.set_corridor(self.session, low, high)

    def _on_hedge(self, level: str) -> Callable[[str], object]:
        return self._share(lambda share: question.set_hedge(self.session, level, share or 0.0))

    def _on_limit(self, kind: Limit) -> Callable[[str], object]:
        session = self.session
        setters = {Floor: session.set_floor, Ceiling: session.set_ceiling, Lock: session.set_lock}

        def act(text: str) -> None:
            try:
                amount = read_amount(text, divisor=session.divisor)
            except ValueError:
                session.refuse_text(text)
                return
            setters[kind](session.selection, amount)

        return act

    def _on_start(self, number: int | None) -> None:
        if self.shelf is not None and number:
            self.shelf.start_from(number)
            self._show_start()

    def _show(self) -> None:
        """Set every control to what the session holds."""
        self._shown += 1
        self._showing = True
        try:
            self._show_total()
            self._show_fairness()
            self._show_common()
            self._show_limits()
            self._title("capacity")
            self.capacity.show()
        finally:
            self._showing = False

    def _title(self, name: str, aside: str = "", **parts: object) -> None:
        words = say(self.session.language, _TITLES[name], **parts)
        self.titles[name].value = f"<h3>{escape(words)}<span>{escape(aside)}</span></h3>"

    def _show_start(self) -> None:
        if self.shelf is None:
            return
        language, shelf = self.session.language, self.shelf
        self._title("start")
        options = [(say(language, "working_copy"), 0)]
        for version in shelf.versions()[:30]:
            told = shelf.told_of(version)
            options.append((say(language, "version_line", **told), version.number))
        self._showing = True
        try:
            self.start.options, self.start.value = options, 0
        finally:
            self._showing = False

    def _show_total(self) -> None:
        session, wording = self.session, self.session.wording
        company = session.plan.units.loc[ROOT]
        shown = round(session.total / self.scale)
        self._title("total")
        self._show_unit()
        self.total.value = wording.amount(session.total)
        self.slider.value = self._on_a_step(shown)
        points = {name: wording.points(company[name]) for name in ("stretch", "growth")}
        self.against.value = _note(say(session.language, "against", **points))
        self._title("chance")
        self.chance.value = f"{100 * question.common_chance(session):.0f}"
        asked = session.scenario.chance is not None
        self.chance.remove_class("sf-given") if not asked else self.chance.add_class("sf-given")

    def _show_unit(self) -> None:
        """What can be counted in, and what is."""
        session, measure = self.session, self.session.measure
        options = [
            (unit_words(measure, wording_of(measure, session.language, divisor)), divisor)
            for divisor in divisors(measure, session.language)
        ]
        if list(self.unit.options) != options:
            self.unit.options = options
        self.unit.value = session.divisor

    def _on_a_step(self, amount: int) -> int:
        """The nearest place where the slider can stand: the browser moves it there anyway."""
        slider = self.slider
        steps = round((min(max(amount, slider.min), slider.max) - slider.min) / slider.step)
        return int(min(slider.min + steps * slider.step, slider.max))

    def _show_fairness(self) -> None:
        session = self.session
        language, name = session.language, question.main_criterion(session.scenario)
        self._title("fair")
        names = list(dict.fromkeys([*CRITERIA, name]))
        options = [(criterion_label(language, each), each) for each in names]
        if list(self.criterion.options) != options:
            self.criterion.options = options
        self.criterion.value = name
        share = question.blended(session.scenario)
        self.blend.value = round(100 * share)
        self.blend.disabled = name == question.BLENDED
        self._title("blend", session.wording.percent(share))

    def _show_common(self) -> None:
        session = self.session
        self._title("corridor", "%")
        for field, end in zip(
            (self.low, self.high), question.corridor(session.scenario), strict=True
        ):
            field.value = "" if end is None else f"{100 * end:+.10g}".replace("-", "−")
        measure = session.inputs.organisation.measure
        self._title("step", session.wording.name("unit", measure.unit))
        self.step.value = f"{session.scenario.step:,}"
        self._title("hedge", "%")
        for level, field in self.hedges.items():
            field.description = session.wording.name("level", level)
            field.value = f"{100 * session.scenario.hedge.get(level, 0.0):.10g}"

    def _show_limits(self) -> None:
        session = self.session
        self._title("limits", label=session.label(session.selection))
        for kind, field in self.amounts.items():
            amount = session.limit(kind, session.selection)
            field.description = say(session.language, KINDS[kind])
            field.value = "" if amount is None else f"{amount / session.divisor:,.10g}"
        self._title("by_hand")
        listed = (session.scenario.rules, session.language, session.divisor)
        if listed != self._listed:  # a total that moves under hundreds of locks lists none anew
            self.by_hand.value = by_hand_html(session)
        self._listed = listed


_TITLES = {
    "start": "start_from",
    "total": "company_total",
    "chance": "or_chance",
    "fair": "fair_means",
    "blend": "blend_with",
    "corridor": "corridor",
    "step": "round_to",
    "limits": "limits_of",
    "hedge": "hedge_per_level",
    "capacity": "capacity",
    "by_hand": "set_by_hand",
}


def _field(layout: dict[str, str] | None = None, *, described: bool = False) -> ipywidgets.Text:
    style = {"description_width": "76px"} if described else {}
    return ipywidgets.Text(continuous_update=False, layout=layout or _WIDE, style=style)


def by_hand_html(session: Session) -> str:
    """Every limit of a unit that somebody set, with owner and reason; each leads to its unit."""
    language = session.language
    rows = [
        f'<div data-sf-node="{escape(rule.node, quote=True)}" tabindex="0">'
        f"<b>{escape(_place(session, rule))} {session.wording.amount(rule.amount)}</b>"
        f"<span>{escape(session.wording.because(rule.owner, rule.reason))}</span></div>"
        for rule in session.scenario.rules
        if isinstance(rule, Floor | Ceiling | Lock)
    ]
    words = "".join(rows) or _note(say(language, "no_limit_set"))
    return f'<div class="sf-by-hand">{words}</div>'


def _place(session: Session, rule: Floor | Ceiling | Lock) -> str:
    kind = say(session.language, KINDS[type(rule)]).lower()
    return say(session.language, "place", label=session.label(rule.node), kind=kind)


def slider_step(forecast: float) -> int:
    """A round step of the slider, in shown units: about a two-hundredth of the forecast."""
    wanted = max(forecast / 200, 1.0)
    power = 10 ** (len(str(int(wanted))) - 1)
    return int(
        next(digit * power for digit in (1, 2, 5, 10) if digit * power >= wanted or digit == 10)
    )


def _note(text: str) -> str:
    return f'<div class="sf-note">{escape(text)}</div>'
