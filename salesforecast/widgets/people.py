"""People who make a capacity: who starts or leaves when, as wishes of a session; needs no screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from salesforecast.planning.decision import Headcount
from salesforecast.widgets.session import Session
from salesforecast.widgets.words import say


@dataclass(frozen=True)
class Entry:
    """People who start together; a negative count are people who leave.

    Parameters
    ----------
    start
        First month, `2013-09`.
    count
        How many; negative: they leave.
    ramp
        Months until they work fully; 0: from the first day.
    """

    start: str
    count: float = 1
    ramp: float = 0

    def as_written(self) -> Mapping[str, object]:
        """The entry as a scenario keeps it."""
        values: dict[str, object] = {"start": self.start, "count": self.count}
        return {**values, "ramp": self.ramp} if self.ramp else values


def entries(head: Headcount) -> list[Entry]:
    """The people of a headcount, in its order."""
    return [
        Entry(str(each["start"]), *(float(str(each.get(k, d))) for k, d in (("count", 1), ("ramp", 0))))
        for each in head.people
    ]  # fmt: skip


def head_of(session: Session, node: str) -> Headcount | None:
    """The headcount of a unit; None if it has none."""
    return next((head for head in session.scenario.headcount if head.node == node), None)


def begin(session: Session, node: str, each: float, count: float) -> bool:
    """Let `count` people who work in `node` since before the plan sell at most `each` a month."""
    words = say(session.language, "ask_people_begin", label=session.label(node), count=f"{count:g}")
    before = f"{session.plan.periods[0]:%Y-%m}"
    head = Headcount(
        node,
        session.measure.unit or session.measure.name,
        {node: 1.0},
        per_month=each,
        people=(Entry(before, count).as_written(),),
        owner=session.owner,
    )
    return session.wish(words, headcount=(*session.scenario.headcount, head))


def add(session: Session, head: Headcount, entry: Entry) -> bool:
    """Let people start (or, with a negative count, leave) where `head` counts them."""
    key = "ask_people" if entry.count > 0 else "ask_people_leave"
    words = say(
        session.language,
        key,
        label=session.label(head.node),
        count=f"{abs(entry.count):g}",
        start=entry.start,
    )
    return _wish(session, words, head, replace(head, people=(*head.people, entry.as_written())))


def drop(session: Session, head: Headcount, at: int) -> bool:
    """Take an entry back; the last one takes the headcount with it."""
    words = say(session.language, "ask_people_without", label=session.label(head.node))
    kept = tuple(each for place, each in enumerate(head.people) if place != at)
    return _wish(session, words, head, replace(head, people=kept) if kept else None)


def _wish(session: Session, words: str, old: Headcount, new: Headcount | None) -> bool:
    heads = [new if head is old else head for head in session.scenario.headcount]
    return session.wish(words, headcount=tuple(head for head in heads if head is not None))
