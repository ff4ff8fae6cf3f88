"""Work that was not saved: kept beside the store while it is done, offered when its page opens again."""

from __future__ import annotations

import asyncio
import hashlib
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import tomlkit
import traitlets
from tomlkit.exceptions import TOMLKitError

from salesforecast.errors import SalesforecastError
from salesforecast.planning.scenario import Scenario
from salesforecast.widgets.saving import Shelf, when_words
from salesforecast.widgets.words import say

QUIET, MOST = 1.0, 10.0  # seconds after an edit, and at most, until it is written


@dataclass(frozen=True)
class Draft:
    """What a planner had not saved.

    Parameters
    ----------
    path
        Its file; empty if it has none yet.
    plan, who
        Name of the plan in the store, and whose work it is.
    at
        When it was written, ISO 8601 in UTC.
    opened
        Number of the version that it was made from; 0 if nothing was saved then.
    scenario
        The assumptions as they stood on the screen.
    """

    path: Path
    plan: str
    who: str
    at: str
    opened: int
    scenario: Scenario

    def write(self) -> None:
        """Write the file whole or not at all, readable by its owner only."""
        document = tomlkit.document()
        for name in ("plan", "who", "at", "opened"):
            document[name] = getattr(self, name)
        document["scenario"] = tomlkit.string(self.scenario.to_text(), multiline=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex[:8]}")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(tomlkit.dumps(document))
        beside.replace(self.path)

    @classmethod
    def read(cls, path: Path) -> Draft | None:
        """Read a draft; None for a file that is none (any more)."""
        try:
            said = tomlkit.parse(path.read_bytes().decode("utf-8")).unwrap()
            scenario = Scenario.from_text(str(said["scenario"]), where=path.name)
            return cls(path, said["plan"], said["who"], said["at"], int(said["opened"]), scenario)
        except (OSError, UnicodeDecodeError, TOMLKitError, KeyError, SalesforecastError):
            return None


class Drafts(traitlets.HasTraits):
    """Keeps a shelf's unsaved work in a file of its own, and offers what another time left.

    Traits: `offered` is the work that can be taken up (None: there is none). Nothing here ever
    changes a saved version.

    Parameters
    ----------
    shelf
        Whose working copy is kept, by the name of who works on it.
    folder
        Where the files are.
    later
        Calls a function after some seconds; on the kernel's own loop by default, at once where
        there is none.
    """

    offered = traitlets.Instance(Draft, allow_none=True)

    def __init__(
        self,
        shelf: Shelf,
        folder: str | Path,
        *,
        later: Callable[[float, Callable[[], object]], object] | None = None,
    ) -> None:
        super().__init__()
        self.shelf, self.folder = shelf, Path(folder)
        self.mine = uuid.uuid4().hex[:12]
        self._later = later or _on_the_loop
        self._since: datetime | None = None
        self._handle: object = None
        self._begun = ""
        shelf.session.observe(self._on_work, ["scenario"])
        shelf.observe(self._on_work, ["opened", "before"])

    def open(self) -> None:
        """Somebody came to the page: keep his work from now on, offer what he left before."""
        self._begun = self.shelf.acts_as()
        self._offer()

    def take_up(self) -> bool:
        """Go on with the work offered, on the version that it was made from; False if it cannot be."""
        draft, shelf = self.offered, self.shelf
        if draft is None:
            return False
        if draft.opened and (shelf.opened is None or shelf.opened.number != draft.opened):
            shelf.rest_on(draft.opened)
        words = say(shelf.session.language, "ask_draft", when=when_words(draft.at))
        if not shelf.session.take(words, draft.scenario):
            return False
        self.write()
        shelf.look()
        draft.path.unlink(missing_ok=True)
        self._offer()
        return True

    def discard(self) -> None:
        """Let the work offered go."""
        if self.offered is not None:
            self.offered.path.unlink(missing_ok=True)
        self._offer()

    def write(self) -> None:
        """Write what is not saved; take the file away when all is."""
        self._since = None
        if not self._begun:
            return
        path = self._path(self._begun)
        if not self.shelf.unsaved:
            path.unlink(missing_ok=True)
            return
        opened = self.shelf.opened.number if self.shelf.opened else 0
        now = datetime.now(UTC).isoformat(timespec="seconds")
        scenario = self.shelf.session.scenario
        try:
            Draft(path, self.shelf.name, self._begun, now, opened, scenario).write()
        except OSError as error:  # the disk is full or closed to us: said, the work goes on
            words = say(self.shelf.session.language, "draft_not_kept", why=error.strerror or "")
            self.shelf.told = ("refused", words)

    def _on_work(self, _: object) -> None:
        """Write soon: a second after the last edit, ten after the first that is not written."""
        now = datetime.now(UTC)
        self._since = self._since or now
        left = MOST - (now - self._since).total_seconds()
        self._handle = mark = object()
        self._later(max(min(QUIET, left), 0.0), lambda: self._if_last(mark))

    def _if_last(self, mark: object) -> None:
        waited = self._since and (datetime.now(UTC) - self._since).total_seconds() >= MOST
        if mark is self._handle or waited:
            self.write()

    def _offer(self) -> None:
        pattern = self._path(self._begun, "*").name
        found = [Draft.read(path) for path in self.folder.glob(pattern)] if self._begun else []
        known = [
            draft
            for draft in found
            if draft and (draft.plan, draft.who) == (self.shelf.name, self._begun)
            and draft.path != self._path(self._begun)
        ]  # fmt: skip
        for draft in [*known]:
            if draft.scenario == self.shelf.session.scenario:  # says nothing that is not here
                draft.path.unlink(missing_ok=True)
                known.remove(draft)
        self.offered = max(known, key=lambda draft: draft.at, default=None)

    def _path(self, who: str, mine: str = "") -> Path:
        whose = hashlib.sha256(f"{self.shelf.name}\0{who}".encode()).hexdigest()[:16]
        return self.folder / f"{whose}-{mine or self.mine}.toml"


def folder_beside(address: str) -> Path:
    """Where drafts are kept: beside the store's file, in `outputs` for a database server."""
    from salesforecast.planning.store import ADDRESS, DEFAULT

    place = address or os.environ.get(ADDRESS) or str(DEFAULT)
    return (DEFAULT if "://" in place else Path(place)).parent / "drafts"


def _on_the_loop(seconds: float, act: Callable[[], object]) -> object:
    try:
        return asyncio.get_running_loop().call_later(seconds, act)
    except RuntimeError:  # no kernel: a script, a test
        return act()
