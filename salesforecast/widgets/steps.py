"""Steps of a screen that can be taken back, and taken again."""

from __future__ import annotations

from typing import Generic, TypeVar

State = TypeVar("State")


class Steps(Generic[State]):
    """What was shown before the present state, and what was taken back since."""

    def __init__(self) -> None:
        self._past: list[State] = []
        self._future: list[State] = []

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether a step was taken back and not replaced."""
        return bool(self._future)

    def leave(self, now: State, *, going_on: str = "") -> None:
        """Go ahead from `now`; a step that goes on (said why) is one with the step before."""
        if not going_on:
            self._past.append(now)
        self._future.clear()

    def undo(self, now: State) -> State | None:
        """What was shown before `now`; None if there is nothing."""
        return _travel(now, self._past, self._future)

    def redo(self, now: State) -> State | None:
        """What was taken back last; None if there is nothing."""
        return _travel(now, self._future, self._past)

    def forget(self) -> None:
        """Let the present state be the beginning."""
        self._past.clear()
        self._future.clear()


def _travel(now: State, source: list[State], target: list[State]) -> State | None:
    if not source:
        return None
    target.append(now)
    return source.pop()
