"""What was read becomes a scenario: wishes that hold up are taken, the others refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from salesforecast.exchange.notes import LoadedBack, Note
from salesforecast.exchange.reader import Reader, Wish
from salesforecast.exchange.stamp import LIMITS, Held
from salesforecast.planning.decision import Headcount
from salesforecast.planning.scenario import Scenario
from salesforecast.rules import Capacity, Rule


def taken(reader: Reader, made: Sequence[Headcount | Capacity]) -> LoadedBack:
    """The scenario with every wish that holds up, and the lists."""
    out, scenario = reader.out, reader.plan.scenario
    wishes = _held_up(_unique(out.wishes, reader), reader)
    changes = []
    rules = list(scenario.rules)
    for wish in wishes:
        rules = _with(rules, wish)
        changes.append(_changed(wish, reader))
    total = scenario.total
    if out.total is not None and out.total.held is not None:
        total = int(out.total.held.amount)
        words = reader.say(
            "change_total", old=reader.amount(reader.base.total), new=reader.amount(total)
        )
        changes.append(replace(out.total.at, words=words))
    people = list(scenario.headcount)
    for one in made:
        known: list[Any] = people if isinstance(one, Headcount) else rules
        changes += _put(known, one, reader)
    scenario = _scenario(scenario, rules, people, total, moved=bool(out.total))
    return LoadedBack(
        scenario, tuple(changes), tuple(out.repairs), tuple(out.refusals), tuple(out.notes)
    )


def _scenario(
    scenario: Scenario,
    rules: list[Rule],
    people: list[Headcount],
    total: int | None,
    *,
    moved: bool,
) -> Scenario:
    chance = None if moved else scenario.chance
    made = replace(
        scenario, rules=tuple(rules), headcount=tuple(people), total=total, chance=chance
    )
    return scenario if made == scenario else made


def _unique(wishes: Sequence[Wish], reader: Reader) -> list[Wish]:
    """One wish a unit and kind; sheets that contradict each other are refused."""
    by: dict[tuple[str, str], list[Wish]] = {}
    for wish in wishes:
        by.setdefault((wish.node, wish.kind), []).append(wish)
    kept = []
    for (node, _), same in by.items():
        if len({wish.held for wish in same}) == 1:
            kept.append(same[0])
            continue
        rows = ", ".join(f"{wish.at.sheet} {wish.at.row}" for wish in same)
        reader.refuse(same[-1].at, reader.say("twice", label=reader.label(node), rows=rows))
    return kept


def _held_up(wishes: Sequence[Wish], reader: Reader) -> list[Wish]:
    """The wishes whose unit's floor, ceiling and lock fit together."""
    now = {
        (rule.node, kind): Held(rule.amount)
        for kind, rule_type in LIMITS.items()
        for rule in reader.plan.scenario.rules
        if type(rule) is rule_type
    }
    wanted: dict[tuple[str, str], Held | None] = {**now}
    wanted |= {(wish.node, wish.kind): wish.held for wish in wishes}
    kept = []
    for wish in wishes:
        low, high, lock = (wanted.get((wish.node, kind)) for kind in ("floor", "ceiling", "lock"))
        below = low if wish.kind != "ceiling" else None
        above = high if wish.kind != "floor" else None
        why = ""
        if wish.held and wish.kind != "lock" and low and high and low.amount > high.amount:
            parts = {"floor": reader.amount(low.amount), "ceiling": reader.amount(high.amount)}
            why = reader.say("floor_above", **parts)
        elif wish.held and lock and _outside(lock, below, above):
            why = reader.say("lock_outside", lock=reader.amount(lock.amount))
        if why:
            reader.refuse(wish.at, why)
        else:
            kept.append(wish)
    return kept


def _outside(lock: Held, low: Held | None, high: Held | None) -> bool:
    return bool((low and lock.amount < low.amount) or (high and lock.amount > high.amount))


def _with(rules: list[Rule], wish: Wish) -> list[Rule]:
    """The rules with one limit set, changed where it stands, or released."""
    kind = LIMITS[wish.kind]
    at = [i for i, rule in enumerate(rules) if type(rule) is kind and rule.node == wish.node]
    made: list[Rule] = []
    if wish.held is not None:
        amount = wish.held.amount
        whole = int(amount) if amount.is_integer() else amount
        made = [kind(wish.node, whole, wish.held.owner, wish.held.reason)]
    out: list[Rule] = [rule for i, rule in enumerate(rules) if i not in at]
    place = at[0] if at else len(out)
    return [*out[:place], *made, *out[place:]]


def _changed(wish: Wish, reader: Reader) -> Note:
    known = reader.base.limits.get((wish.node, wish.kind))
    if wish.kind == "lock" and wish.held and wish.held != known:
        parts = {"old": reader.stood[wish.node], "new": wish.held.amount}
        said = {name: reader.amount(value) for name, value in parts.items()}
        words = reader.say("change_lock", label=reader.label(wish.node), **said)
        return replace(wish.at, words=words)
    new = reader.amount(wish.held.amount) if wish.held else reader.say("released")
    words = reader.say(
        "change",
        label=reader.label(wish.node),
        what=reader.head(wish.kind).lower() if reader.language == "en" else reader.head(wish.kind),
        old=reader.amount(known.amount if known else None),
        new=new,
    )
    if wish.held and known and wish.held.amount == known.amount:
        words += f" ({wish.held.owner}: {wish.held.reason})"
    return replace(wish.at, words=words)


def _put(known: list[Any], made: Headcount | Capacity, reader: Reader) -> list[Note]:
    """Set a group of people or a capacity in a list in place; the note of it, if it is new."""
    key = (type(made), made.node, made.unit)
    at = [
        i for i, one in enumerate(known)
        if isinstance(one, Headcount | Capacity) and (type(one), one.node, one.unit) == key
    ]  # fmt: skip
    if at and _same(known[at[0]], made):
        return []
    what = "people_of" if isinstance(made, Headcount) else "capacity_of"
    words = reader.say(
        "change",
        label=reader.label(made.node),
        what=reader.say(what, work=made.unit),
        old=_words(known[at[0]], reader) if at else reader.say("nothing"),
        new=_words(made, reader),
    )
    if at:
        known[at[0]] = made
    else:
        known.append(made)
    return [Note(words, unit=made.node, language=reader.language)]


def _same(old: Headcount | Capacity, new: Headcount | Capacity) -> bool:
    """Whether two groups say the same; mappings do not take part in `==` by content alone."""
    if isinstance(old, Headcount) and isinstance(new, Headcount):
        plain = [[{"count": 1, "ramp": 0, **entry} for entry in one.people] for one in (old, new)]
        return plain[0] == plain[1] and replace(old, people=()) == replace(new, people=())
    return old == new


def _words(one: Headcount | Capacity, reader: Reader) -> str:
    if isinstance(one, Capacity):
        return reader.say(
            "capacity_words", amount=f"{one.amount:,.2f}".removesuffix(".00"), work=one.unit
        )
    return "; ".join(
        reader.say("people_words", count=entry.get("count", 1), start=entry["start"])
        for entry in one.people
    )
