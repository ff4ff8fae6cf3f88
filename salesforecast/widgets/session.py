"""What a planner is working on: one scenario, its plan, and every step back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import traitlets

from salesforecast import workbench
from salesforecast.allocation import explain
from salesforecast.errors import InfeasibleError, ParameterError, SalesforecastError
from salesforecast.hierarchy import ROOT
from salesforecast.history.organisation import Measure
from salesforecast.planning.plan import Plan
from salesforecast.planning.scenario import Scenario
from salesforecast.reporting.labels import place_label
from salesforecast.reporting.wording import Wording
from salesforecast.rules import Ceiling, Floor, Lock
from salesforecast.widgets import repairs
from salesforecast.widgets.repairs import KINDS, Way
from salesforecast.widgets.steps import Steps
from salesforecast.widgets.units import divisors, own_divisor, unit_words, wording_of
from salesforecast.widgets.words import LANGUAGES, criterion_label, say

__all__ = ["KINDS", "Limit", "Refusal", "Session", "limits_of", "place_label"]
Limit = type[Floor] | type[Ceiling] | type[Lock]


def limits_of(scenario: Scenario, kind: Limit) -> dict[str, float]:
    """Node to amount of every floor, ceiling or lock of a scenario, in the measure."""
    return {
        rule.node: rule.amount
        for rule in scenario.rules
        if isinstance(rule, Floor | Ceiling | Lock) and isinstance(rule, kind)
    }


@dataclass(frozen=True)
class Typed:
    """The cell of the grid that a wish was typed into, and what was typed; empty for elsewhere."""

    node: str = ""
    field: str = ""
    text: str = ""


NOWHERE = Typed()


@dataclass(frozen=True)
class Refusal:
    """A wish that was not applied: what was asked, why it cannot be, and what could be instead.

    Parameters
    ----------
    asked
        The wish in words.
    why
        What contradicts what, and the ways out.
    ways
        What could be instead, the cheapest first; each was tried and has a plan.
    typed
        Where it was typed, if it was in the grid.
    """

    asked: str
    why: str
    ways: tuple[Way, ...] = ()
    typed: Typed = NOWHERE

    @property
    def instead(self) -> Scenario | None:
        """The cheapest way's scenario; None if no way is known."""
        return self.ways[0].scenario if self.ways else None

    @property
    def changes(self) -> str:
        """What the cheapest way changes, in words."""
        return self.ways[0].words if self.ways else ""

    def words(self, language: str) -> str:
        """The refusal as one paragraph."""
        head = say(language, "not_applied", asked=self.asked)
        return f"{head} {self.why} {say(language, 'stayed')}"


class Session(traitlets.HasTraits):
    """One planner's working copy. Needs no screen; the widgets show it and follow it.

    Traits: `scenario` and `plan` always belong together, `selection` is a node, `refusal`
    is the last wish that was refused (None once a wish is applied), `language` is `en` or
    `zh`, `divisor` what shown and typed amounts are counted in. Observe `plan` to follow
    every change.

    Parameters
    ----------
    inputs
        What `workbench.prepare` returned; it is not changed.
    scenario
        Where to start; the default assumptions if None.
    owner
        Who sets limits here; kept with every floor, ceiling and lock.
    language
        Of the screen and its messages: `en` or `zh`.
    build
        Function of inputs and scenario that makes the plan; `workbench.build_plan` if None.

    Raises
    ------
    InfeasibleError
        If the first scenario already contradicts itself: there is nothing to go back to.
    """

    scenario = traitlets.Instance(Scenario)
    plan = traitlets.Instance(Plan)
    selection = traitlets.Unicode(ROOT)
    refusal = traitlets.Instance(Refusal, allow_none=True)
    language = traitlets.Enum(tuple(LANGUAGES.values()), default_value="en")
    divisor = traitlets.Int(1)

    def __init__(
        self,
        inputs: Any,
        scenario: Scenario | None = None,
        *,
        owner: str = "",
        language: str = "en",
        build: Callable[[Any, Scenario], Plan] | None = None,
    ) -> None:
        first = scenario or Scenario()
        self._build = build or partial(workbench.build_plan, sentences="")
        self.inputs, self.owner = inputs, owner
        super().__init__(
            scenario=first,
            plan=self._build(inputs, first),
            language=language,
            divisor=own_divisor(self.measure),
        )
        self.first = first
        self._steps: Steps[tuple[Scenario, Plan]] = Steps()
        self._gesture = ""

    @traitlets.observe("language", "divisor")
    def _drop_refusal(self, _: object) -> None:
        self.refusal = None  # its words are in the language and the unit that were left
        if self.divisor not in divisors(self.measure, self.language):
            self.divisor = own_divisor(self.measure)

    @property
    def measure(self) -> Measure:
        """What is planned, and how people read it."""
        measure: Measure = self.inputs.organisation.measure
        return measure

    @property
    def total(self) -> int:
        """The company's target, in the measure."""
        return int(self.plan.units["target"].loc[ROOT])

    @property
    def wording(self) -> Wording:
        """How figures are said in the language and the unit of the screen."""
        wording = wording_of(self.measure, self.language, self.divisor, self.plan.scenario.step)
        return replace(wording, calendar=self.inputs.organisation.calendar)

    @property
    def unit(self) -> str:
        """What shown amounts are counted in: `thousand USD`."""
        return unit_words(self.measure, self.wording)

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self._steps.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether a step was taken back and not replaced."""
        return self._steps.can_redo

    def label(self, node: str) -> str:
        """What people call `node`; a house leaf with its place: `France (online)`."""
        return place_label(self.plan.units, node, self.wording)

    def sentence(self, node: str) -> str:
        """Why the target of `node` is what it is, as one sentence that can be forwarded."""
        return explain.sentence(
            self.plan.explanation,
            node,
            language=self.language,
            unit=self.divisor,
            unit_name=self.unit,
            decimals=self.wording.decimals,
        )

    def limit(self, kind: Limit, node: str) -> float | None:
        """The amount of the floor, ceiling or lock on `node`, in the measure; None if there is none."""
        found = [amount for at, amount in limits_of(self.scenario, kind).items() if at == node]
        return found[0] if found else None

    def set_total(self, amount: int, *, gesture: str = "") -> bool:
        """Ask for a company total, in the measure; False if it was refused.

        Changes with the same `gesture` that follow one another, such as those of one pull
        at a slider, are one step for `undo`.
        """
        asked = say(self.language, "ask_total", amount=self._amount(amount))
        return self.wish(asked, gesture=gesture, total=int(amount), chance=None)

    def set_criterion(self, name: str) -> bool:
        """Change what fair means; the total stays as it is on the screen."""
        asked = say(self.language, "ask_criterion", name=criterion_label(self.language, name))
        return self.wish(asked, criterion=name)

    def set_floor(self, node: str, amount: float | None) -> bool:
        """Set the least that `node` may be asked, in the measure; None releases it."""
        return self._set_limit(Floor, node, amount)

    def set_ceiling(self, node: str, amount: float | None) -> bool:
        """Set the most that `node` may be asked, in the measure; None releases it."""
        return self._set_limit(Ceiling, node, amount)

    def set_lock(self, node: str, amount: float | None) -> bool:
        """Fix the target of `node`, in the measure; None releases it."""
        return self._set_limit(Lock, node, amount)

    def refuse_text(self, text: str, *, node: str = "", field: str = "") -> None:
        """Refuse something typed (into a cell of the grid) that is no amount; nothing moves."""
        what, fix = (say(self.language, key, text=text) for key in ("no_amount", "no_amount_fix"))
        asked = say(self.language, "ask_text", text=text)
        self._refuse(asked, ParameterError(what, where="", fix=fix), Typed(node, field, text))

    def undo(self) -> bool:
        """Go one step back; False if there is none. The plan is not computed again."""
        return self._travel(self._steps.undo((self.scenario, self.plan)))

    def redo(self) -> bool:
        """Take the last undone step again; False if there is none."""
        return self._travel(self._steps.redo((self.scenario, self.plan)))

    def forget_steps(self) -> None:
        """Let what is on the screen be the beginning: nothing before it can be undone to."""
        self._steps.forget()

    def save(self, path: str | Path) -> Path:
        """Write the scenario as TOML and return where it is; makes the folder if needed."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        self.scenario.write(target)
        return target

    def _set_limit(self, kind: Limit, node: str, amount: float | None) -> bool:
        if node not in self.plan.units.index:
            raise ValueError(f"there is no unit {node!r}")
        others = tuple(
            rule for rule in self.scenario.rules if not (type(rule) is kind and rule.node == node)
        )
        words = say(self.language, KINDS[kind]).lower()
        label = self.label(node)
        if amount is None:
            asked = say(self.language, "ask_release", kind=words, label=label)
            return self.wish(asked, rules=others)
        asked = say(
            self.language, "ask_limit", kind=words, label=label, amount=self._amount(amount)
        )
        if amount < 0:
            what, fix = (say(self.language, key) for key in ("negative", "negative_fix"))
            return self._refuse(asked, ParameterError(what, where="", fix=fix))
        return self.wish(asked, rules=(*others, kind(node, amount, owner=self.owner)))

    def effect_of(self, way: Way) -> str:
        """What a way out would do, in words: how many targets move, whose most, and the chance."""
        leaves = self.plan.units["leaf"].astype(bool)
        now = self.plan.units.loc[leaves, "target"]
        moved = way.plan.units["target"].reindex(now.index) - now
        moved = moved[moved != 0]
        parts = {
            "total": f"{self._amount(way.plan.units['target'].loc[ROOT])}",
            "before": self.wording.in_100(self.plan.chance_of_total),
            "after": self.wording.in_100(way.plan.chance_of_total),
        }
        if moved.empty:
            return say(self.language, "way_nobody", **parts)
        most = str(moved.abs().idxmax())
        by = self.wording.change(float(moved[most]))
        return say(
            self.language, "way_effect", count=len(moved), label=self.label(most), by=by, **parts
        )

    def accept_repair(self, at: int = 0) -> bool:
        """Take a way that the refusal offers instead of the wish; False if it offers none."""
        refusal = self.refusal
        if refusal is None or not 0 <= at < len(refusal.ways):
            return False
        way = refusal.ways[at]
        self._step(way.scenario, way.plan)
        return True

    def wish(
        self, asked: str, *, gesture: str = "", typed: Typed = NOWHERE, **changes: Any
    ) -> bool:
        """Try a changed scenario (`changes`: its fields): taken with its plan, or refused.

        `asked` says the wish in words; of a refused one nothing has moved.
        """
        try:
            scenario = replace(self.scenario, **changes)
        except SalesforecastError as error:
            return self._refuse(asked, error, typed)
        return self.take(asked, scenario, gesture=gesture, typed=typed)

    def take(
        self,
        asked: str,
        scenario: Scenario,
        *,
        gesture: str = "",
        typed: Typed = NOWHERE,
    ) -> bool:
        """Try a whole scenario, such as one that was loaded; otherwise as `wish`."""
        if scenario == self.scenario:
            self.refusal = None
            return True
        try:
            plan = self._build(self.inputs, scenario)
        except InfeasibleError as error:
            self.refusal = self._contradiction(asked, scenario, error, typed)
            return False
        except SalesforecastError as error:
            return self._refuse(asked, error, typed)
        self._step(scenario, plan, gesture=gesture)
        return True

    def _step(self, scenario: Scenario, plan: Plan, *, gesture: str = "") -> None:
        """One step ahead, which `undo` takes back."""
        going_on = gesture if gesture == self._gesture else ""
        self._steps.leave((self.scenario, self.plan), going_on=going_on)
        self._gesture = gesture
        self._show(scenario, plan)

    def _refuse(self, asked: str, error: SalesforecastError, typed: Typed = NOWHERE) -> bool:
        parts = (error.what, error.where, error.fix)
        why = " ".join(_sentence(part) for part in parts if part)
        self.refusal = Refusal(asked, why, typed=typed)
        return False

    def _contradiction(
        self, asked: str, scenario: Scenario, error: InfeasibleError, typed: Typed
    ) -> Refusal:
        """Who contradicts whom, in the screen's language, and the ways out that have a plan."""
        where, fix = repairs.told(error, self.wording)
        table = repairs.Table(self.inputs, self.scenario, self._build, self.label, self.wording)
        ways = repairs.ways(table, scenario, error)
        why = _sentence(where) if ways else f"{_sentence(where)} {_sentence(fix)}"
        return Refusal(asked, why, ways, typed)

    def _amount(self, amount: float) -> str:
        return f"{self.wording.amount(amount)} {self.unit}"

    def _travel(self, found: tuple[Scenario, Plan] | None) -> bool:
        self._gesture = ""
        if found is None:
            return False
        self._show(*found)
        return True

    def _show(self, scenario: Scenario, plan: Plan) -> None:
        with self.hold_trait_notifications():
            self.scenario, self.plan, self.refusal = scenario, plan, None


def _sentence(text: str) -> str:
    words = text.strip()
    words = words[:1].upper() + words[1:]
    return words if words.endswith((".", "。", "!", "?")) else words + "."
