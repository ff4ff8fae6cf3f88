"""Ways out of a wish that contradicts a limit: the cheapest, the most that fits, a release."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from salesforecast import workbench
from salesforecast.allocation import conflicts
from salesforecast.allocation.conflicts import Change, Conflict
from salesforecast.allocation.wording import Voice, kind, new_value
from salesforecast.errors import InfeasibleError, SalesforecastError
from salesforecast.planning.plan import Plan
from salesforecast.planning.scenario import Scenario
from salesforecast.reporting.wording import Wording
from salesforecast.rules import Ceiling, Floor, Lock, Rule
from salesforecast.widgets.grid_words import grid_say
from salesforecast.widgets.words import say

KINDS: dict[type, str] = {Floor: "floor", Ceiling: "ceiling", Lock: "lock"}
OFFERED = 3


@dataclass(frozen=True)
class Way:
    """One way out: in words, the scenario that it makes, and the plan of that."""

    words: str
    scenario: Scenario
    plan: Plan


@dataclass(frozen=True)
class Table:
    """What is needed to find ways: the plan as it stands, how plans are built, how units are called."""

    inputs: Any
    kept: Scenario
    build: Callable[[Any, Scenario], Plan]
    label: Callable[[str], str]
    wording: Wording


def ways(table: Table, wished: Scenario, error: InfeasibleError) -> tuple[Way, ...]:
    """Ways to have a plan instead of `wished`, each of which was tried and has one.

    The cheapest comes first, then what changes only the wish itself, then releasing a limit.
    """
    found: list[Way] = []
    for words, scenario in _candidates(table, wished, error.conflicts):
        if scenario == table.kept or any(way.scenario == scenario for way in found):
            continue
        try:
            plan = table.build(table.inputs, scenario)
        except SalesforecastError:
            continue  # it ends one contradiction and meets another
        found.append(Way(words, scenario, plan))
        if len(found) == OFFERED:
            break
    return tuple(found)


def _candidates(
    table: Table, wished: Scenario, found: Sequence[Conflict]
) -> Iterator[tuple[str, Scenario]]:
    asked = {at for at, rule in enumerate(wished.rules) if rule not in table.kept.rules}
    if found:
        yield from _applied(table, wished, asked, [c for each in found for c in each.repairs])
    if len(found) != 1:
        return
    options = found[0].options
    own = [option for option in options if all(change.place in asked for change in option)]
    for option in own:
        yield from _applied(table, wished, asked, option)
    others = [(rule, at) for rule, at in _named(wished, found[0]) if at not in asked]
    for rule, at in sorted(others, key=lambda each: not isinstance(each[0], Lock)):
        yield from _applied(table, wished, asked, [Change(rule, None, at)])
    for option in options:
        if option not in own:
            yield from _applied(table, wished, asked, option)


def _named(wished: Scenario, conflict: Conflict) -> list[tuple[Rule, int]]:
    return [(rule, wished.rules.index(rule)) for rule in conflict.rules if rule in wished.rules]


def _applied(
    table: Table, wished: Scenario, asked: set[int], changes: Sequence[Change]
) -> Iterator[tuple[str, Scenario]]:
    """The scenario with `changes`; nothing where they touch what is not in the scenario."""
    if not changes or any(change.place >= len(wished.rules) for change in changes):
        return
    rules: list[Rule | None] = list(wished.rules)
    total: float | None = None
    for change in changes:
        if change.place < 0:
            total = change.to if isinstance(change.to, int | float) else total
        else:
            rules[change.place] = None if isinstance(change.to, int | float) else change.to
    scenario = replace(wished, rules=tuple(rule for rule in rules if rule is not None))
    if total is not None:
        scenario = replace(scenario, total=int(total), chance=None)
    joint = "；" if table.wording.language == "zh" else "; "
    yield joint.join(_words(table, change, wished, asked) for change in changes), scenario


def _words(table: Table, change: Change, wished: Scenario, asked: set[int]) -> str:
    """One change as a button says it: `Raise the ceiling of Southwest to 8,300`."""
    language = table.wording.language
    if change.rule is None:
        what, old = grid_say(language, "the_total"), float(workbench.total_of(table.inputs, wished))
    elif isinstance(change.rule, Floor | Ceiling | Lock):
        called = say(language, KINDS[type(change.rule)]).lower()
        what = grid_say(language, "limit_of", kind=called, label=table.label(change.rule.node))
        old = change.rule.amount
    else:
        return _other(table, change, change.rule)
    if change.to is None:
        return grid_say(language, "release", what=what)
    new = change.to.amount if isinstance(change.to, Floor | Ceiling | Lock) else change.to
    assert isinstance(new, int | float)  # a repair keeps a limit's kind
    key = ("use" if new < old else "use_least") if change.place in asked else ""
    key = key or ("raise" if new > old else "lower")
    return grid_say(language, key, what=what, amount=table.wording.amount(new))


def _other(table: Table, change: Change, rule: Rule) -> str:
    """A change of a growth corridor or a capacity: `The growth corridor of Ann: −5.0 % … ∞`."""
    language, voice = table.wording.language, Voice(table.wording.language, table.wording.divisor)
    what = grid_say(language, "limit_of", kind=kind(rule, voice), label=table.label(rule.node))
    if change.to is None or isinstance(change.to, int | float):
        return grid_say(language, "release", what=what)
    new, _ = new_value(rule, change.to, voice)
    said = grid_say(language, "change_to", what=what, amount=new)
    return said[:1].upper() + said[1:]


def told(error: InfeasibleError, wording: Wording) -> tuple[str, str]:
    """What contradicts what, and the ways out, in words and in the unit of the screen."""
    words = conflicts.infeasible(
        error.conflicts, language=wording.language, divisor=wording.divisor
    )
    return words.where, words.fix
