"""Every version of every plan, kept for good: SQLite in a file, or PostgreSQL by its address."""

from __future__ import annotations

import getpass
import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from salesforecast.errors import ConflictError, ParameterError
from salesforecast.planning import schema
from salesforecast.planning.database import engine_of, in_words, shown
from salesforecast.planning.plan import Plan
from salesforecast.planning.rows import Rows
from salesforecast.planning.versions import (
    APPROVED,
    DRAFT,
    PROPOSED,
    SUPERSEDED,
    Difference,
    Version,
    difference,
    digest_of,
    pack,
    total_of,
    unpack,
    whole,
)

DEFAULT = Path("outputs") / "plans.db"
USER, ADDRESS = "SALESFORECAST_USER", "SALESFORECAST_STORE"
_FROM = {PROPOSED: (DRAFT,), APPROVED: (PROPOSED,), DRAFT: (PROPOSED,)}
_Result = TypeVar("_Result")


def who() -> str:
    """Who acts: `SALESFORECAST_USER`, or the user of the operating system."""
    return os.environ.get(USER) or getpass.getuser()


class Store:
    """Plans with all their versions. It only adds: a version that was saved is never altered.

    Parameters
    ----------
    address
        A file (SQLite; made when it is not there) or `postgresql://user@host/database`. By
        default what `SALESFORECAST_STORE` says, else `outputs/plans.db`. A password never
        stands in the address given here: it comes from `SALESFORECAST_STORE`, `PGPASSWORD`
        or a pgpass file.
    user
        Who acts; by default `who()`. The planner's app gives the holder of a personal link.
    clock
        Gives the time of an act; the real one by default.

    Raises
    ------
    ParameterError
        If the address carries a password or is of a database that is not known.
    EngineError
        If the store cannot be opened.
    """

    def __init__(
        self,
        address: str | Path | None = None,
        *,
        user: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        steps: Sequence[schema.Step] = schema.STEPS,
    ) -> None:
        given = address if address is not None else os.environ.get(ADDRESS) or DEFAULT
        self._engine = engine_of(given, trusted=address is None)
        self._user, self._clock = user, clock
        self.address = shown(self._engine)
        with self._telling():
            with self._engine.connect().execution_options(reading=True) as connection:
                ready = schema.is_current(connection, steps=steps)
            if not ready:
                with self._engine.begin() as connection:
                    schema.migrate(connection, steps=steps)

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- saving -------------------------------------------------------------------------

    def save(
        self,
        name: str,
        plan: Plan,
        *,
        reason: str,
        opened: int | None = None,
        provenance: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> Version:
        """Save `plan` as the next version of the plan called `name`.

        Parameters
        ----------
        reason
            Why it was made; never empty.
        opened
            Number of the version that it was made from; None for a plan's first.
        provenance
            Where its figures came from: data hash, forecast. The software version is added.
        token
            The same token saves once, however often it is tried.

        Raises
        ------
        ConflictError
            If somebody saved since `opened`. Nothing is lost: the version is kept aside, and
            the error names both.
        EngineError
            If the database refuses; nothing was saved then.
        """
        if not name.strip() or not reason.strip():
            raise ParameterError(
                "a plan is saved under a name and for a reason.",
                where=f"name '{name}', reason '{reason}'",
                fix="give both.",
            )
        token = token or uuid.uuid4().hex
        sources = {**(provenance or {}), "software": _software()}
        parts = pack(plan)
        values = {
            "token": token,
            "reason": reason,
            "total": total_of(plan),
            "digest": digest_of(plan),
            "provenance": json.dumps(sources, ensure_ascii=False, sort_keys=True),
        }
        saved = self._writing(lambda rows: self._insert(rows, name, values, parts, opened))
        if saved.aside:
            raise self._conflict(saved, opened)
        return saved

    def restore(self, name: str, number: int, *, reason: str, opened: int) -> Version:
        """Save an older version again as the newest; `opened` as in `save`."""
        old = self.version(name, number)
        sources = {**old.provenance, "restored": f"version {number}"}
        plan = self.load(name, number)
        return self.save(name, plan, reason=reason, opened=opened, provenance=sources)

    def _insert(
        self,
        rows: Rows,
        name: str,
        values: Mapping[str, Any],
        parts: Mapping[str, bytes],
        opened: int | None,
    ) -> Version:
        plan_id = rows.lock_plan(name)
        earlier = rows.number_of(values["token"])
        if earlier is not None:  # an earlier try came through
            return rows.version(name, earlier)
        last, head = rows.last_and_head(plan_id)
        if opened is not None and not 1 <= opened <= last:
            raise ParameterError(
                f"plan '{name}' has no version {opened}.",
                where="the version that was opened",
                fix=f"its versions are 1 to {last}." if last else "it has none yet: leave it out.",
            )
        number, aside = last + 1, int(opened != head)
        here = {"plan_id": plan_id, "number": number, "parent": opened, "aside": aside}
        key = rows.add_version({**values, **here}, parts)
        rows.add_act(key, DRAFT, values["reason"])
        return rows.version(name, number)

    def _conflict(self, kept: Version, opened: int | None) -> ConflictError:
        with self._reading() as rows:
            since = rows.versions(kept.plan, after=opened or 0)
        others = [v for v in since if v.number < kept.number and not v.aside]
        # opening a version that stands aside, or an old one, is told by the head then
        last = others[-1] if others else self.version(kept.plan)
        names = ", ".join(dict.fromkeys(v.author for v in others)) or last.author
        return ConflictError(
            f"'{kept.plan}' was changed by {names} since you opened it.",
            where=f"version {last.number} of {last.saved_at} ('{last.reason}'); "
            + (f"you had opened version {opened}" if opened else "you saved it as a new plan"),
            fix=f"your figures are kept as version {kept.number}: compare the two, then save "
            f"what you want on top of version {last.number}.",
            kept=kept,
        )

    # ---- status -------------------------------------------------------------------------

    def propose(self, name: str, number: int, *, reason: str = "") -> Version:
        """Hand a draft in for approval."""
        return self._move(name, number, PROPOSED, reason)

    def withdraw(self, name: str, number: int, *, reason: str = "") -> Version:
        """Make a proposed version a draft again."""
        return self._move(name, number, DRAFT, reason)

    def approve(self, name: str, number: int, *, reason: str = "") -> Version:
        """Approve a proposed version; the one approved before becomes superseded.

        Raises
        ------
        ParameterError
            If it is not proposed, or there is no such version.
        """
        return self._move(name, number, APPROVED, reason)

    def _move(self, name: str, number: int, status: str, reason: str) -> Version:
        def move(rows: Rows) -> Version:
            rows.plan_id(name)
            rows.lock_plan(name)
            now = rows.version(name, number)
            if now.status not in _FROM[status]:
                raise ParameterError(
                    f"version {number} of '{name}' is {now.status}, so it cannot become {status}.",
                    where=f"saved by {now.author}, {now.saved_at}",
                    fix=f"only what is {' or '.join(_FROM[status])} can become {status}.",
                )
            if status == APPROVED:
                for other in rows.versions(name):
                    if other.status == APPROVED:
                        old = rows.version_id(name, other.number)
                        rows.add_act(old, SUPERSEDED, f"by version {number}")
            rows.add_act(rows.version_id(name, number), status, reason)
            return rows.version(name, number)

        return self._writing(move)

    # ---- reading ------------------------------------------------------------------------

    def plans(self) -> pd.DataFrame:
        """One row a plan: `plan, versions, head, approved, author, saved_at, reason` (of head)."""
        with self._reading() as rows:
            listed = {name: rows.versions(name) for name in rows.names()}
        lines = []
        for name, versions in listed.items():
            head = versions[(_head(versions) or 1) - 1]
            approved = [v.number for v in versions if v.status == APPROVED]
            numbers = (len(versions), head.number, approved[0] if approved else None)
            lines.append((name, *numbers, head.author, head.saved_at, head.reason))
        columns = ["plan", "versions", "head", "approved", "author", "saved_at", "reason"]
        return pd.DataFrame(lines, columns=columns).astype({"approved": "Int64"})

    def versions(self, name: str) -> list[Version]:
        """Every version of a plan, the first first."""
        with self._reading() as rows:
            rows.plan_id(name)
            return rows.versions(name)

    def version(self, name: str, number: int | None = None) -> Version:
        """One version; the newest of the main line unless `number` is given."""
        with self._reading() as rows:
            plan_id = rows.plan_id(name)
            chosen = rows.last_and_head(plan_id)[1] if number is None else number
            return rows.version(name, chosen or 0)

    def approved(self, name: str) -> Version | None:
        """The approved version, if there is one."""
        return next((v for v in self.versions(name) if v.status == APPROVED), None)

    def load(self, name: str, number: int | None = None) -> Plan:
        """The plan as it was saved, equal in every part.

        Raises
        ------
        EngineError
            If its bytes are not those that were saved.
        """
        chosen = self.version(name, number).number
        with self._reading() as rows:
            parts = rows.parts(name, chosen)
        return unpack(whole(parts, where=f"version {chosen} of '{name}'"))

    def diff(self, name: str, before: int, after: int) -> Difference:
        """What version `after` says otherwise than version `before`, down to a cell."""
        return difference(self.load(name, before), self.load(name, after))

    def acts(self, name: str) -> pd.DataFrame:
        """Who did what when: `version, status, who, at, reason`, in order."""
        with self._reading() as rows:
            lines = rows.acts(name)
        return pd.DataFrame(lines, columns=["version", "status", "who", "at", "reason"])

    # ---- the connection -----------------------------------------------------------------

    def _rows(self, connection: Connection) -> Rows:
        now = self._clock().astimezone(UTC).isoformat(timespec="milliseconds")
        return Rows(connection, self.address, self._user or who(), now)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Turn what a database says into an error of ours; no password is ever repeated."""
        try:
            yield
        except SQLAlchemyError as error:
            raise in_words(error, self._engine) from None

    @contextmanager
    def _reading(self) -> Iterator[Rows]:
        with (
            self._telling(),
            self._engine.connect().execution_options(reading=True) as connection,
        ):
            yield self._rows(connection)

    def _writing(self, work: Callable[[Rows], _Result]) -> _Result:
        """Do `work` in one transaction; once more if the connection broke before its answer."""
        with self._telling():
            try:
                with self._engine.begin() as connection:
                    return work(self._rows(connection))
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
            with self._engine.begin() as connection:
                return work(self._rows(connection))


def _head(versions: Sequence[Version]) -> int | None:
    """Number of the newest version of the main line."""
    return max((v.number for v in versions if not v.aside), default=None)


def _software() -> str:
    try:
        return f"salesforecast {version('salesforecast')}"
    except PackageNotFoundError:
        return "salesforecast (not installed)"
