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
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from salesforecast.errors import ConflictError, ParameterError, nearest
from salesforecast.planning import schema
from salesforecast.planning.database import engine_of, in_words, shown
from salesforecast.planning.plan import Plan
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
    sha256,
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
            with self._reading() as connection:
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
        saved = self._writing(lambda c: self._insert(c, name, values, parts, opened))
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
        connection: Connection,
        name: str,
        values: Mapping[str, Any],
        parts: Mapping[str, bytes],
        opened: int | None,
    ) -> Version:
        plan_id = self._lock_plan(connection, name)
        row = connection.execute(
            text("SELECT number FROM version WHERE token = :token"), {"token": values["token"]}
        ).first()
        if row:  # an earlier try came through
            return self._read(connection, name, row.number)
        last = connection.execute(
            text("SELECT max(number) FROM version WHERE plan_id = :plan"), {"plan": plan_id}
        ).scalar()
        head = self._head(connection, plan_id)
        if opened is not None and (opened > (last or 0) or opened < 1):
            raise ParameterError(
                f"plan '{name}' has no version {opened}.",
                where="the version that was opened",
                fix=f"its versions are 1 to {last}." if last else "it has none yet: leave it out.",
            )
        number, now = (last or 0) + 1, self._now()
        version_id = connection.execute(
            text(
                "INSERT INTO version (plan_id, number, parent, aside, author, saved_at, reason,"
                " token, total, digest, provenance) VALUES (:plan_id, :number, :parent, :aside,"
                " :author, :saved_at, :reason, :token, :total, :digest, :provenance) RETURNING id"
            ),
            {**values, "plan_id": plan_id, "number": number, "parent": opened, "saved_at": now}
            | {"aside": int(opened != head), "author": self._who()},
        ).scalar_one()
        connection.execute(
            text("INSERT INTO part (version_id, name, sha256, body) VALUES (:v, :n, :s, :b)"),
            [
                {"v": version_id, "n": part, "s": sha256(body), "b": body}
                for part, body in parts.items()
            ],
        )
        self._act(connection, version_id, DRAFT, values["reason"])
        return self._read(connection, name, number)

    def _lock_plan(self, connection: Connection, name: str) -> int:
        """Row of the plan, made when it is new; held against other writers until the end."""
        connection.execute(
            text(
                "INSERT INTO plan (name, created_at, created_by) VALUES (:name, :at, :by)"
                " ON CONFLICT (name) DO NOTHING"
            ),
            {"name": name, "at": self._now(), "by": self._who()},
        )
        hold = " FOR UPDATE" if connection.dialect.name == "postgresql" else ""
        found = connection.execute(
            text(f"SELECT id FROM plan WHERE name = :name{hold}"), {"name": name}
        )
        return int(found.scalar_one())

    def _conflict(self, kept: Version, opened: int | None) -> ConflictError:
        with self._telling(), self._reading() as connection:
            since = [v for v in self._list(connection, kept.plan) if v.number > (opened or 0)]
        others = [v for v in since if v.number < kept.number and not v.aside]
        last = others[-1]
        names = ", ".join(dict.fromkeys(v.author for v in others))
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
        def move(connection: Connection) -> Version:
            plan_id = self._plan_id(connection, name)
            self._lock_plan(connection, name)
            now = self._read(connection, name, number)
            if now.status not in _FROM[status]:
                raise ParameterError(
                    f"version {number} of '{name}' is {now.status}, so it cannot become {status}.",
                    where=f"saved by {now.author}, {now.saved_at}",
                    fix=f"only what is {' or '.join(_FROM[status])} can become {status}.",
                )
            if status == APPROVED:
                for other in self._list(connection, name):
                    if other.status == APPROVED:
                        old = self._version_id(connection, plan_id, other.number)
                        self._act(connection, old, SUPERSEDED, f"by version {number}")
            self._act(connection, self._version_id(connection, plan_id, number), status, reason)
            return self._read(connection, name, number)

        return self._writing(move)

    def _act(self, connection: Connection, version_id: int, status: str, reason: str) -> None:
        connection.execute(
            text(
                "INSERT INTO act (version_id, status, who, at, reason)"
                " VALUES (:version_id, :status, :who, :at, :reason)"
            ),
            {"version_id": version_id, "status": status, "who": self._who()}
            | {"at": self._now(), "reason": reason},
        )

    # ---- reading ------------------------------------------------------------------------

    def plans(self) -> pd.DataFrame:
        """One row a plan: `plan, versions, head, approved, author, saved_at, reason` (of head)."""
        with self._telling(), self._reading() as connection:
            names = connection.execute(text("SELECT name FROM plan ORDER BY name")).scalars().all()
            rows = []
            for name in names:
                versions = self._list(connection, name)
                if versions:
                    head = [v for v in versions if not v.aside][-1]
                    approved = [v.number for v in versions if v.status == APPROVED]
                    numbers = (len(versions), head.number, approved[0] if approved else None)
                    rows.append((name, *numbers, head.author, head.saved_at, head.reason))
        columns = ["plan", "versions", "head", "approved", "author", "saved_at", "reason"]
        return pd.DataFrame(rows, columns=columns).astype({"approved": "Int64"})

    def versions(self, name: str) -> list[Version]:
        """Every version of a plan, the first first."""
        with self._telling(), self._reading() as connection:
            self._plan_id(connection, name)
            return self._list(connection, name)

    def version(self, name: str, number: int | None = None) -> Version:
        """One version; the newest of the main line unless `number` is given."""
        with self._telling(), self._reading() as connection:
            plan_id = self._plan_id(connection, name)
            chosen = self._head(connection, plan_id) if number is None else number
            return self._read(connection, name, chosen or 0)

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
        chosen = self.version(name, number)
        with self._telling(), self._reading() as connection:
            rows = connection.execute(
                text("SELECT name, sha256, body FROM part WHERE version_id = :version"),
                {
                    "version": self._version_id(
                        connection, self._plan_id(connection, name), chosen.number
                    )
                },
            ).all()
        parts = {row.name: (row.sha256, bytes(row.body)) for row in rows}
        return unpack(whole(parts, where=f"version {chosen.number} of '{name}'"))

    def diff(self, name: str, before: int, after: int) -> Difference:
        """What version `after` says otherwise than version `before`, down to a cell."""
        return difference(self.load(name, before), self.load(name, after))

    def acts(self, name: str) -> pd.DataFrame:
        """Who did what when: `version, status, who, at, reason`, in order."""
        with self._telling(), self._reading() as connection:
            plan_id = self._plan_id(connection, name)
            rows = connection.execute(
                text(
                    "SELECT v.number, a.status, a.who, a.at, a.reason FROM act a"
                    " JOIN version v ON v.id = a.version_id WHERE v.plan_id = :plan ORDER BY a.id"
                ),
                {"plan": plan_id},
            ).all()
        names = ["version", "status", "who", "at", "reason"]
        return pd.DataFrame([tuple(row) for row in rows], columns=names)

    def _plan_id(self, connection: Connection, name: str) -> int:
        found = connection.execute(
            text("SELECT id FROM plan WHERE name = :name"), {"name": name}
        ).scalar()
        if found is None:
            known = connection.execute(text("SELECT name FROM plan")).scalars().all()
            raise ParameterError(
                f"there is no plan '{name}'.",
                where=self.address,
                fix=nearest(name, known) if known else "save one first.",
            )
        return int(found)

    def _version_id(self, connection: Connection, plan_id: int, number: int) -> int:
        found = connection.execute(
            text("SELECT id FROM version WHERE plan_id = :plan AND number = :number"),
            {"plan": plan_id, "number": number},
        )
        return int(found.scalar_one())

    def _head(self, connection: Connection, plan_id: int) -> int | None:
        head: int | None = connection.execute(
            text("SELECT max(number) FROM version WHERE plan_id = :plan AND aside = 0"),
            {"plan": plan_id},
        ).scalar()
        return head

    def _read(self, connection: Connection, name: str, number: int) -> Version:
        found = self._list(connection, name, only=number)
        if not found:
            raise ParameterError(
                f"plan '{name}' has no version {number}.",
                where=self.address,
                fix="`salesforecast plans` lists them.",
            )
        return found[0]

    def _list(self, connection: Connection, name: str, only: int | None = None) -> list[Version]:
        rows = connection.execute(
            text(
                "SELECT v.number, v.parent, v.aside, v.author, v.saved_at, v.reason, v.total,"
                " v.digest, v.provenance, (SELECT a.status FROM act a WHERE a.version_id = v.id"
                " ORDER BY a.id DESC LIMIT 1) AS status FROM version v"
                " JOIN plan p ON p.id = v.plan_id WHERE p.name = :name"
                + (" AND v.number = :only" if only is not None else "")
                + " ORDER BY v.number"
            ),
            {"name": name} | ({"only": only} if only is not None else {}),
        ).mappings()
        return [
            Version(
                **{**row, "aside": bool(row["aside"]), "provenance": json.loads(row["provenance"])},
                plan=name,
            )
            for row in rows
        ]

    # ---- the connection -----------------------------------------------------------------

    def _who(self) -> str:
        return self._user or who()

    def _now(self) -> str:
        return self._clock().astimezone(UTC).isoformat(timespec="milliseconds")

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Turn what a database says into an error of ours; no password is ever repeated."""
        try:
            yield
        except SQLAlchemyError as error:
            raise in_words(error, self._engine) from None

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._engine.connect().execution_options(reading=True) as connection:
            yield connection

    def _writing(self, work: Callable[[Connection], _Result]) -> _Result:
        """Do `work` in one transaction; once more if the connection broke before its answer."""
        with self._telling():
            try:
                with self._engine.begin() as connection:
                    return work(connection)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
            with self._engine.begin() as connection:
                return work(connection)


def _software() -> str:
    try:
        return f"salesforecast {version('salesforecast')}"
    except PackageNotFoundError:
        return "salesforecast (not installed)"
