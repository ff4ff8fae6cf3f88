"""What an analyst is asking: named what-ifs beside one plan, changed live; needs no screen."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import traitlets

from salesforecast import desk, outlook, workbench
from salesforecast.errors import InfeasibleError, SalesforecastError
from salesforecast.planning.changes import Change
from salesforecast.planning.changes_zh import said
from salesforecast.planning.plan import Plan
from salesforecast.planning.scenario import Scenario
from salesforecast.planning.what_if import WhatIf
from salesforecast.reporting.wording import Wording
from salesforecast.widgets import repairs
from salesforecast.widgets.change_forms import Choices, Typed, read_change
from salesforecast.widgets.steps import Steps
from salesforecast.widgets.what_if import SideBySide
from salesforecast.widgets.what_if_words import refused, say
from salesforecast.widgets.words import LANGUAGES

Answer = Plan | InfeasibleError


@dataclass(frozen=True)
class Case:
    """One what-if as it is being made.

    Parameters
    ----------
    name
        What it is called beside the plan.
    changes
        In order, those that are switched off included.
    off
        Places of the changes that are switched off, the first being 0.
    """

    name: str
    changes: tuple[Change, ...] = ()
    off: frozenset[int] = frozenset()

    @property
    def question(self) -> WhatIf:
        """What is asked: the changes that are switched on."""
        on = (change for at, change in enumerate(self.changes) if at not in self.off)
        return WhatIf(self.name, tuple(on))

    def switched(self, at: int) -> Case:
        """With the change at a place on instead of off, or off instead of on."""
        return replace(self, off=self.off ^ {at})

    def without(self, at: int) -> Case:
        """Without the change at a place."""
        kept = tuple(change for place, change in enumerate(self.changes) if place != at)
        off = frozenset(place - (place > at) for place in self.off if place != at)
        return replace(self, changes=kept, off=off)


class Questions(traitlets.HasTraits):
    """Named what-ifs beside a plan. Nothing is saved but by `write`.

    Traits: `cases` in order, `chosen` the place of the one being changed, `told` the last
    thing to say, as `(kind, words)` with kind `saved`, `refused` or an empty text, and
    `language`. What is refused moves nothing. Observe `cases` to follow every change.

    Parameters
    ----------
    inputs, scenario
        What the plan and every what-if are made from.
    asked
        What-ifs to begin with.
    language
        Of the screen: `en` or `zh`.
    """

    cases = traitlets.Tuple()
    chosen = traitlets.Int(0)
    told = traitlets.Tuple(("", ""))
    language = traitlets.Enum(tuple(LANGUAGES.values()), default_value="en")

    def __init__(
        self,
        inputs: workbench.Inputs,
        scenario: Scenario,
        asked: tuple[WhatIf, ...] | list[WhatIf] = (),
        *,
        language: str = "en",
    ) -> None:
        super().__init__(language=language)
        self.inputs, self.scenario = inputs, scenario
        self.plan = workbench.build_plan(inputs, scenario)
        self._answers: dict[tuple[Change, ...], Answer] = {(): self.plan}
        self._hangs: dict[tuple[str, str, tuple[Change, ...]], pd.DataFrame] = {}
        self._steps: Steps[tuple[Case, ...]] = Steps()
        cases = tuple(Case(question.name, question.changes) for question in asked)
        for case in cases:
            self._answer(case.question)
        self.cases = cases or (Case(say(language, "first_name", number=1)),)

    @traitlets.observe("language")
    def _drop_told(self, _: object) -> None:
        self.told = ("", "")  # its words are in the language that was left

    # ---- what is shown ------------------------------------------------------------------

    @property
    def case(self) -> Case:
        """The what-if that is being changed."""
        case: Case = self.cases[min(self.chosen, len(self.cases) - 1)]
        return case

    @property
    def beside(self) -> SideBySide:
        """The plan and every what-if that changes something; those without a plan with the reason."""
        measure = self.inputs.organisation.measure
        wording = self._wording
        plans = {say(self.language, "plan"): self.plan}
        no_plan, changes = {}, {}
        for case in self.cases:
            if not case.changes:
                continue
            found = self._answer(case.question)
            if isinstance(found, Plan):
                plans[case.name] = found
            else:
                where, fix = repairs.told(found, wording)
                no_plan[case.name] = say(self.language, "no_plan", why=f"{where} {fix}".strip())
            changes[case.name] = self.said(case.question)
        return SideBySide(plans, no_plan, changes, wording, wording.unit(measure.unit, measure.display))  # fmt: skip

    def said(self, change: Change) -> str:
        """A change as the screen says it: in its language, units by their labels."""
        return said(change, self.language, labels=self.plan.units["label"].to_dict())

    def hangs_on(self) -> pd.DataFrame:
        """The tornado of the plan, with a row for each what-if; rows are made once."""
        swings = outlook.swings_of(self.plan, language=self.language)
        rows = [self._hanging("", (), swings=swings)]
        rows += [
            self._hanging(case.name, case.question.changes, swings={})
            for case in self.cases
            if case.question.changes
        ]
        return outlook.widest_first(pd.concat(rows))

    def choices(self) -> Choices:
        """What the fields of a form can be chosen from, after the changes made so far."""
        found = self._answer(self.case.question)
        frame = self.inputs.forecast.frame
        return Choices(
            (found if isinstance(found, Plan) else self.plan).hierarchy,
            tuple(sorted(map(str, frame["product"].unique()))),
            tuple(f"{month:%Y-%m}" for month in sorted(frame["period"].unique())),
            self._wording.divisor,
            self.language,
            lambda label: self._wording.name("label", label),
        )

    # ---- what is asked ------------------------------------------------------------------

    def form(self, kind: str, typed: Typed) -> bool:
        """Add the change that stands in a form's fields; False if it was refused."""
        try:
            change = read_change(kind, typed, self.choices())
        except SalesforecastError as error:
            return self._refuse(say(self.language, f"kind_{kind}"), error)
        return self.add(change)

    def add(self, change: Change) -> bool:
        """Add a change to the chosen what-if; False if it does not fit."""
        case = replace(self.case, changes=(*self.case.changes, change))
        return self._put(case, self.said(change))

    def switch(self, at: int) -> bool:
        """Switch a change of the chosen what-if off, or on again; False if that does not fit."""
        return self._put(self.case.switched(at), self.said(self.case.changes[at]))

    def remove(self, at: int) -> bool:
        """Take a change out of the chosen what-if; False if a later one rests on it."""
        return self._put(self.case.without(at), self.said(self.case.changes[at]))

    def new(self, name: str = "") -> bool:
        """Begin a what-if and choose it; False if there is one of that name."""
        names = [case.name for case in self.cases]
        free = (
            say(self.language, "first_name", number=n) for n in range(len(names) + 1, 1_000_000)
        )
        wanted = name.strip() or next(one for one in free if one not in names)
        if wanted in names:
            self.told = ("refused", say(self.language, "name_taken", name=wanted))
            return False
        return self._step((*self.cases, Case(wanted)), chosen=len(self.cases))

    def drop(self) -> bool:
        """Remove the chosen what-if; an empty one takes the place of the last."""
        cases = tuple(case for case in self.cases if case is not self.case)
        return self._step(cases or (Case(say(self.language, "first_name", number=1)),), chosen=0)

    def undo(self) -> bool:
        """Go one step back; False if there is none."""
        return self._travel(self._steps.undo(self.cases))

    def redo(self) -> bool:
        """Take the last undone step again; False if there is none."""
        return self._travel(self._steps.redo(self.cases))

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self._steps.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether a step was taken back and not replaced."""
        return self._steps.can_redo

    # ---- files --------------------------------------------------------------------------

    def load(self, name: str, content: bytes) -> bool:
        """Take up a what-if file as a further what-if; False if it cannot be read or does not fit."""
        asked = say(self.language, "asked_file", file=name)
        try:
            text = content.decode("utf-8-sig")
            question = WhatIf.from_text(text, where=name, name=Path(name).stem)
            self._answer(question)
        except UnicodeDecodeError:
            self.told = ("refused", self._not_applied(asked, say(self.language, "file_text")))
            return False
        except SalesforecastError as error:
            return self._refuse(asked, error)
        names = [case.name for case in self.cases]
        called = next(
            one for n in range(1, 1_000_000)
            if (one := question.name if n == 1 else f"{question.name} ({n})") not in names
        )  # fmt: skip
        self._step((*self.cases, Case(called, question.changes)), chosen=len(self.cases))
        count = len(question.changes)
        self.told = ("saved", say(self.language, "loaded", name=called, count=count))
        return True

    def write(self, folder: str | Path) -> Path | None:
        """Write the chosen what-if into `folder`, as far as it is switched on; None if it was not."""
        case, language = self.case, self.language
        if not case.question.changes:
            self.told = ("refused", say(language, "nothing_to_save", name=case.name))
            return None
        path = Path(folder) / f"{file_name(case.name)}.toml"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            case.question.write(path)
        except OSError as error:
            self.told = ("refused", say(language, "not_saved", why=str(error)))
            return None
        months = len(self.plan.periods)
        words = say(language, "saved", path=path, file=path.name, months=months)
        off = say(language, "saved_on_only", count=len(case.off)) if case.off else ""
        self.told = ("saved", f"{words} {off}".strip())
        return path

    # ---- inside -------------------------------------------------------------------------

    @property
    def _wording(self) -> Wording:
        divisor = self.inputs.organisation.measure.divisor
        return Wording(language=self.language, divisor=divisor)

    def _answer(self, question: WhatIf) -> Answer:
        """What a question's changes come to, made once; a `SalesforecastError` if one does not fit."""
        if question.changes not in self._answers:
            try:
                found: Answer = desk.ask(self.inputs, self.scenario, question)
            except InfeasibleError as error:
                found = error
            self._answers[question.changes] = found
        return self._answers[question.changes]

    def _hanging(self, name: str, changes: tuple[Change, ...], *, swings: Any) -> pd.DataFrame:
        key = (self.language, name, changes)
        if key not in self._hangs:
            questions = [WhatIf(name, changes)] if changes else []
            self._hangs[key] = outlook.hangs_on(
                self.inputs, self.plan, questions, language=self.language, swings=swings
            )
        return self._hangs[key]

    def _put(self, case: Case, asked: str) -> bool:
        """Let `case` stand in the place of the chosen one, if its changes fit."""
        try:
            self._answer(case.question)
        except SalesforecastError as error:
            return self._refuse(asked, error)
        at = self.cases.index(self.case)
        return self._step((*self.cases[:at], case, *self.cases[at + 1 :]), chosen=at)

    def _step(self, cases: tuple[Case, ...], *, chosen: int) -> bool:
        self._steps.leave(self.cases)
        self._show(cases, chosen=chosen)
        return True

    def _travel(self, cases: tuple[Case, ...] | None) -> bool:
        if cases is None:
            return False
        self._show(cases, chosen=min(self.chosen, len(cases) - 1))
        return True

    def _show(self, cases: tuple[Case, ...], *, chosen: int) -> None:
        with self.hold_trait_notifications():
            self.told = ("", "")
            self.cases, self.chosen = cases, chosen

    def _refuse(self, asked: str, error: SalesforecastError) -> bool:
        self.told = ("refused", self._not_applied(asked, refused(error, self.language)))
        return False

    def _not_applied(self, asked: str, why: str) -> str:
        words = say(self.language, "not_applied", asked=asked, why=why)
        return f"{words} {say(self.language, 'nothing_moved')}"


def file_name(name: str) -> str:
    """A what-if's name as the name of a file: letters of any script, figures, `-` and `_`."""
    return re.sub(r"[^\w-]+", "_", name).strip("_") or "what_if"
