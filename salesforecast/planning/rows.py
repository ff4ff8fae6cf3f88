"""Rows of the plan store: read and added through one connection, inside its transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from salesforecast.errors import ParameterError, nearest
from salesforecast.planning.versions import Version, sha256


@dataclass(frozen=True)
class Rows:
    """What one transaction sees and adds.

    Parameters
    ----------
    connection
        Open, in a transaction.
    address
        Of the store, as it may be shown.
    user, now
        Who acts, and when (ISO 8601).
    """

    connection: Connection
    address: str
    user: str
    now: str

    def names(self) -> list[str]:
        """Names of all plans."""
        return [
            str(n) for n in self._all("SELECT name FROM plan ORDER BY name", {}).scalars().all()
        ]

    def plan_id(self, name: str) -> int:
        """Key of a plan; a `ParameterError` names the nearest when there is none."""
        found = self._all("SELECT id FROM plan WHERE name = :name", {"name": name}).scalar()
        if found is None:
            known = self.names()
            raise ParameterError(
                f"there is no plan '{name}'.",
                where=self.address,
                fix=nearest(name, known)
                if known
                else "check --store: nothing is saved there; or save a plan first.",
            )
        return int(found)

    def lock_plan(self, name: str) -> int:
        """Key of the plan, made when it is new; held against other writers until the end."""
        self._all(
            "INSERT INTO plan (name, created_at, created_by) VALUES (:name, :at, :by)"
            " ON CONFLICT (name) DO NOTHING",
            {"name": name, "at": self.now, "by": self.user},
        )
        hold = " FOR UPDATE" if self.connection.dialect.name == "postgresql" else ""
        found = self._all(f"SELECT id FROM plan WHERE name = :name{hold}", {"name": name})
        return int(found.scalar_one())

    def version_id(self, name: str, number: int) -> int:
        """Key of a version."""
        found = self._all(
            "SELECT v.id FROM version v JOIN plan p ON p.id = v.plan_id"
            " WHERE p.name = :name AND v.number = :number",
            {"name": name, "number": number},
        ).scalar()
        if found is None:
            raise ParameterError(
                f"plan '{name}' has no version {number}.",
                where=self.address,
                fix="`salesforecast plans` lists them.",
            )
        return int(found)

    def number_of(self, token: str) -> int | None:
        """Number of the version that was saved with this token, if one was."""
        found: int | None = self._all(
            "SELECT number FROM version WHERE token = :token", {"token": token}
        ).scalar()
        return found

    def last_and_head(self, plan_id: int) -> tuple[int, int | None]:
        """Number of the newest version (0: none), and of the newest of the main line."""
        row = self._all(
            "SELECT max(number) AS last, max(CASE WHEN aside = 0 THEN number END) AS head"
            " FROM version WHERE plan_id = :plan",
            {"plan": plan_id},
        ).one()
        return row.last or 0, row.head

    def version(self, name: str, number: int) -> Version:
        """One version."""
        self.version_id(name, number)
        return self.versions(name, only=number)[0]

    def versions(self, name: str, *, only: int | None = None, after: int = 0) -> list[Version]:
        """Every version of a plan after one, the first first, or one of them."""
        rows = self._all(
            "SELECT v.number, v.parent, v.aside, v.author, v.saved_at, v.reason, v.total,"
            " v.digest, v.provenance, (SELECT a.status FROM act a WHERE a.version_id = v.id"
            " ORDER BY a.id DESC LIMIT 1) AS status FROM version v"
            " JOIN plan p ON p.id = v.plan_id WHERE p.name = :name AND v.number > :after"
            + (" AND v.number = :only" if only is not None else "")
            + " ORDER BY v.number",
            {"name": name, "after": after} | ({"only": only} if only is not None else {}),
        )
        return [
            Version(
                **{**row, "aside": bool(row["aside"]), "provenance": json.loads(row["provenance"])},
                plan=name,
            )
            for row in rows.mappings()
        ]

    def parts(self, name: str, number: int) -> dict[str, tuple[str, bytes]]:
        """Part name to sha256 and bytes."""
        rows = self._all(
            "SELECT name, sha256, body FROM part WHERE version_id = :version",
            {"version": self.version_id(name, number)},
        ).all()
        return {row.name: (row.sha256, bytes(row.body)) for row in rows}

    def acts(self, name: str) -> list[tuple[Any, ...]]:
        """Version, status, who, at, reason of every act, in order."""
        rows = self._all(
            "SELECT v.number, a.status, a.who, a.at, a.reason FROM act a"
            " JOIN version v ON v.id = a.version_id WHERE v.plan_id = :plan ORDER BY a.id",
            {"plan": self.plan_id(name)},
        )
        return [tuple(row) for row in rows.all()]

    def add_version(self, values: Mapping[str, Any], parts: Mapping[str, bytes]) -> int:
        """Add a version with its parts; return its key."""
        key = self._all(
            "INSERT INTO version (plan_id, number, parent, aside, author, saved_at, reason,"
            " token, total, digest, provenance) VALUES (:plan_id, :number, :parent, :aside,"
            " :author, :saved_at, :reason, :token, :total, :digest, :provenance) RETURNING id",
            {**values, "author": self.user, "saved_at": self.now},
        ).scalar_one()
        self.connection.execute(
            text("INSERT INTO part (version_id, name, sha256, body) VALUES (:v, :n, :s, :b)"),
            [{"v": key, "n": part, "s": sha256(body), "b": body} for part, body in parts.items()],
        )
        return int(key)

    def add_act(self, version_id: int, status: str, reason: str) -> None:
        """Add that a version became `status`."""
        self._all(
            "INSERT INTO act (version_id, status, who, at, reason)"
            " VALUES (:version_id, :status, :who, :at, :reason)",
            {"version_id": version_id, "status": status, "who": self.user}
            | {"at": self.now, "reason": reason},
        )

    def _all(self, statement: str, values: Mapping[str, Any]) -> Any:
        return self.connection.execute(text(statement), values)
