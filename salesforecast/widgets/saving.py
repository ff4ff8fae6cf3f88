"""The working copy and the store: what it rests on, saved with a reason, and who saved meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets

from salesforecast import desk
from salesforecast.errors import ConflictError, ParameterError, SalesforecastError
from salesforecast.planners import may_approve, planner
from salesforecast.planning.plan import Plan
from salesforecast.planning.scenario import Scenario
from salesforecast.planning.versions import (
    APPROVED,
    DRAFT,
    PROPOSED,
    Difference,
    Version,
    difference,
)
from salesforecast.widgets.approval import Act, last_act
from salesforecast.widgets.session import Session
from salesforecast.widgets.words import say

if TYPE_CHECKING:
    from salesforecast.planning.store import Store


class Shelf(traitlets.HasTraits):
    """One plan of the store beside the session that works on it. Needs no screen.

    Traits: `opened` is the version that the working copy rests on (None: nothing is saved
    yet), `act` what was last done with it, `before` that version's plan (the session's first one if nothing is saved), `newer`
    a version that somebody saved since (None: nobody did), `told` the last thing to say to
    the planner, as `(kind, words)` with kind `saved`, `refused` or an empty text.

    Parameters
    ----------
    session
        What is saved; on opening it takes up the newest version's scenario.
    name
        What the plan is called; by default the organisation and the first period.
    address
        Of the store, as `planning.store.Store` takes it; the usual one if empty.
    save_to
        Where each saved scenario is written too, as TOML; nowhere if None.
    acts_as
        Gives the name behind every act; `planners.planner` by default.
    """

    opened = traitlets.Instance(Version, allow_none=True)
    act = traitlets.Instance(Act, allow_none=True)
    before = traitlets.Instance(Plan)
    newer = traitlets.Instance(Version, allow_none=True)
    told = traitlets.Tuple(("", ""))

    def __init__(
        self,
        session: Session,
        name: str = "",
        *,
        address: str | Path = "",
        save_to: str | Path | None = None,
        acts_as: Callable[[], str] = planner,
    ) -> None:
        super().__init__(before=session.plan)
        self.session, self.address, self.save_to = session, str(address), save_to
        self.name = name or default_name(session)
        self.acts_as = acts_as
        self._rests_on: Scenario | None = None
        self.look()
        self.refresh()

    @property
    def unsaved(self) -> bool:
        """Whether the working copy says something that no version says."""
        return self.session.scenario != (self._rests_on or self.before.scenario)

    def versions(self) -> list[Version]:
        """Every version of the plan, the newest first; none if nothing is saved."""
        if not self._is_there():
            return []  # looking makes no store
        with self._store() as store:
            known = self.name in set(store.plans()["plan"])
            return store.versions(self.name)[::-1] if known else []

    def look(self) -> None:
        """See in the store who saved meanwhile, and what became of the version in hand."""
        versions = self.versions()
        head = next((version for version in versions if not version.aside), None)
        mine = self.opened and next(v for v in versions if v.number == self.opened.number)
        if mine != self.opened:
            self._now(mine)
            self._tell_decision()
        newer = head if head and (mine is None or head.number > mine.number) else None
        if newer != self.newer:
            self.newer = newer

    def refresh(self) -> None:
        """Go on from the newest version if nothing of ours would be lost; no step to undo."""
        if self.newer is not None and not self.unsaved:
            with self.session.hold_trait_notifications():
                if self.take_newer():
                    self.session.forget_steps()

    def take_newer(self) -> bool:
        """Go on from the newest version; what was not saved stays one undo away."""
        return self.newer is not None and self.start_from(self.newer.number)

    def start_from(self, number: int) -> bool:
        """Take up the scenario of version `number`; False if today's data refuse it."""
        plan, version = self._load(number)
        words = say(self.session.language, "ask_version", number=number)
        taken = self.session.take(words, plan.scenario)
        head = self.newer or self.opened
        if taken and head is not None and number == head.number:
            self._rest(version, plan)
        return taken

    def rest_on(self, number: int) -> None:
        """Let version `number` be what the working copy was made from: who saved since is told."""
        plan, version = self._load(number)
        with self.hold_trait_notifications():
            self._rests_on, self.before = plan.scenario, plan
            self._now(version)
        self.look()

    def save(self, reason: str, *, on_top: bool = False) -> bool:
        """Save the working copy as the next version; False if it was kept aside or refused.

        With `on_top` it follows the newest version although somebody saved since: theirs
        stays a version, mine becomes the newest.
        """
        language = self.session.language
        author = self.acts_as()
        if not reason.strip() or not author:
            key = "reason_needed" if author else "nobody"
            self.told = ("refused", say(language, key))
            return False
        base = self.newer if on_top and self.newer is not None else self.opened
        plan = self.session.plan
        try:
            with self._store(author) as store:
                version = store.save(
                    self.name,
                    plan,
                    reason=reason.strip(),
                    opened=base.number if base else None,
                    provenance=desk.provenance(self.session.inputs),
                )
        except ConflictError as error:
            return self._kept_aside(error)
        except SalesforecastError as error:
            return self._refuse(error)
        self._rest(version, plan)
        self._write()
        self.told = ("saved", say(language, "saved_as", **self.told_of(version)))
        return True

    def submit(self, reason: str = "") -> bool:
        """Hand the version in hand in for approval, or take it back if it was handed in."""
        if self.opened is None or self.unsaved:
            self.told = ("refused", say(self.session.language, "save_first"))
            return False
        back = self.opened.status == PROPOSED
        return self._move(
            "withdraw" if back else "propose", reason, "withdrawn" if back else "submitted"
        )

    def decide(self, what: str, reason: str = "") -> bool:
        """`approve` the version in hand, or `send_back` it with a reason; False if that was refused.

        What is decided is the saved version: with figures that were changed since nothing is.
        """
        language, version = self.session.language, self.opened
        if version is None or not self.can_decide:
            key = "decide_saved_only" if self.unsaved else "not_yours"
            number = version.number if version else 0
            self.told = ("refused", say(language, key, number=number))
            return False
        if what == "send_back" and not reason.strip():
            self.told = ("refused", say(language, "send_back_needs"))
            return False
        if what == "approve":
            return self._move("approve", reason.strip(), "approved_now")
        return self._move("withdraw", reason.strip(), "sent_back_now")

    def _move(self, act: str, reason: str, told: str) -> bool:
        """One step of the version in hand in the store; somebody else's in between is told."""
        version, language = self.opened, self.session.language
        assert version is not None  # the callers looked
        try:
            with self._store(self.acts_as()) as store:
                moved = getattr(store, act)(self.name, version.number, reason=reason)
        except ParameterError:
            self.look()
            status = say(language, f"status_{self.opened.status}") if self.opened else ""
            parts = {"number": version.number, "status": status}
            self.told = ("refused", say(language, "decided_meanwhile", **parts))
            return False
        except SalesforecastError as error:
            return self._refuse(error)
        self._now(moved)
        self.told = ("saved", say(language, told, number=moved.number, author=moved.author))
        return True

    def _now(self, version: Version | None) -> None:
        """Let `version` be the one in hand, with what was last done with it."""
        act = None
        if version is not None:
            with self._store() as store:
                act = last_act(store.acts(self.name), version.number)
        with self.hold_trait_notifications():
            self.opened, self.act = version, act

    def _tell_decision(self) -> None:
        """Say what somebody else decided on the version in hand."""
        act, version = self.act, self.opened
        if act is None or version is None or act.who == self.acts_as():
            return
        parts = {"number": version.number, "who": act.who, "when": when_words(act.at)}
        if act.sent_back:
            words = say(self.session.language, "sent_back_by", reason=act.reason, **parts)
            self.told = ("refused", words)
        elif act.status == APPROVED:
            key = "approved_by_because" if act.reason else "approved_by"
            self.told = ("saved", say(self.session.language, key, reason=act.reason, **parts))

    @property
    def can_submit(self) -> bool:
        """Whether the version in hand can be handed in, or taken back by who handed it in."""
        if self.opened is None:
            return False
        mine = self.act is None or self.act.submitter in ("", self.acts_as())
        return self.opened.status == DRAFT or (self.opened.status == PROPOSED and mine)

    @property
    def awaits_me(self) -> bool:
        """Whether the version in hand was handed in, and who works here may decide on it."""
        if self.opened is None or self.opened.status != PROPOSED or self.act is None:
            return False
        return may_approve(self.acts_as(), self.act.submitter)

    @property
    def can_decide(self) -> bool:
        """Whether it can be decided now: what is on the screen is the saved version."""
        return self.awaits_me and not self.unsaved

    def compare(self, number: int) -> Difference:
        """What the working copy says otherwise than version `number`."""
        return difference(self._load(number)[0], self.session.plan)

    def told_of(self, version: Version) -> Mapping[str, Any]:
        """A version in words: its number, author, reason, and when in local time."""
        return {
            "number": version.number,
            "author": version.author,
            "when": when_words(version.saved_at),
            "reason": version.reason,
        }

    def _load(self, number: int) -> tuple[Plan, Version]:
        with self._store() as store:
            return store.load(self.name, number), store.version(self.name, number)

    def _rest(self, version: Version, plan: Plan) -> None:
        self._rests_on = self.session.scenario
        with self.hold_trait_notifications():
            self.before, self.newer = plan, None
            self._now(version)

    def _kept_aside(self, error: ConflictError) -> bool:
        self.look()
        number = error.kept.number if isinstance(error.kept, Version) else 0
        self.told = ("refused", say(self.session.language, "kept_aside", number=number))
        return False

    def _refuse(self, error: SalesforecastError) -> bool:
        self.told = ("refused", f"{error.what} {error.where}. {error.fix}")
        return False

    def _write(self) -> None:
        if self.save_to is not None:
            self.session.save(self.save_to)

    def _store(self, author: str = "") -> Store:
        from salesforecast.planning.store import Store

        return Store(self.address or None, user=author or None)

    def _is_there(self) -> bool:
        from salesforecast.planning.store import ADDRESS, DEFAULT

        place = self.address or os.environ.get(ADDRESS) or str(DEFAULT)
        return "://" in place or Path(place).is_file()


def when_words(at: str) -> str:
    """A time (ISO 8601) in local words: the hour, and the day if it is not today."""
    when = datetime.fromisoformat(at).astimezone()
    today = when.date() == datetime.now().astimezone().date()
    return f"{when:%H:%M}" if today else f"{when:%Y-%m-%d %H:%M}"


def default_name(session: Session) -> str:
    """What a plan is called if nobody named it: the organisation and the time that it is for."""
    periods = session.inputs.quarter
    until = f" to {periods[-1]:%Y-%m}" if len(periods) > 3 else ""  # a quarter says its first month
    return f"{session.inputs.organisation.name} {periods[0]:%Y-%m}{until}"
