"""Tables of the plan store and the steps that bring an older store up to date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from salesforecast.errors import EngineError

_LOCK = 5_417_201  # any number of our own: two processes never migrate at once


@dataclass(frozen=True)
class Step:
    """One change of the tables, released with a version of the software.

    Parameters
    ----------
    number
        The schema that the store has afterwards; numbers grow by one.
    what
        In words.
    statements
        SQL with `{id}` (a growing key) and `{bytes}`, which differ between databases.
    only
        Statements for one database only: dialect name to SQL.
    """

    number: int
    what: str
    statements: tuple[str, ...]
    only: tuple[tuple[str, str], ...] = ()


_TYPES = {
    "sqlite": {"id": "INTEGER PRIMARY KEY AUTOINCREMENT", "bytes": "BLOB"},
    "postgresql": {
        "id": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "bytes": "BYTEA",
    },
}
_KEPT = ("version", "part", "act")  # tables whose rows never change and never go


def _keep_rows() -> tuple[tuple[str, str], ...]:
    """Triggers that refuse to alter or delete what was saved."""
    out = [
        (
            "postgresql",
            "CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'a saved version is never altered'; END $$",
        )
    ]
    for table in _KEPT:
        for act in ("UPDATE", "DELETE"):
            out.append(
                (
                    "sqlite",
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} BEGIN "
                    "SELECT RAISE(ABORT, 'a saved version is never altered'); END",
                )
            )
            out.append(
                (
                    "postgresql",
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                    "FOR EACH ROW EXECUTE FUNCTION kept()",
                )
            )
    return tuple(out)


STEPS: tuple[Step, ...] = (
    Step(
        1,
        "plans, versions with their parts, and what was done with them by whom",
        (
            "CREATE TABLE plan (id {id}, name TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL,"
            " created_by TEXT NOT NULL)",
            "CREATE TABLE version (id {id}, plan_id BIGINT NOT NULL REFERENCES plan(id),"
            " number INTEGER NOT NULL, parent INTEGER, aside INTEGER NOT NULL,"
            " author TEXT NOT NULL, saved_at TEXT NOT NULL, reason TEXT NOT NULL,"
            " token TEXT NOT NULL UNIQUE, total BIGINT NOT NULL, digest TEXT NOT NULL,"
            " provenance TEXT NOT NULL, UNIQUE (plan_id, number))",
            "CREATE TABLE part (version_id BIGINT NOT NULL REFERENCES version(id),"
            " name TEXT NOT NULL, sha256 TEXT NOT NULL, body {bytes} NOT NULL,"
            " PRIMARY KEY (version_id, name))",
            "CREATE TABLE act (id {id}, version_id BIGINT NOT NULL REFERENCES version(id),"
            " status TEXT NOT NULL, who TEXT NOT NULL, at TEXT NOT NULL, reason TEXT NOT NULL)",
            "CREATE INDEX act_version ON act (version_id)",
        ),
        _keep_rows(),
    ),
)


def migrate(connection: Connection, *, steps: Sequence[Step] = STEPS) -> int:
    """Bring the store behind `connection` up to the last of `steps`; return its schema number.

    Runs in the caller's transaction: all steps or none.

    Raises
    ------
    EngineError
        If the store was written by a newer version of the software.
    """
    dialect = connection.dialect.name
    if dialect == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    connection.execute(
        text("CREATE TABLE IF NOT EXISTS schema_step (number INTEGER PRIMARY KEY, at TEXT)")
    )
    have = connection.execute(text("SELECT max(number) FROM schema_step")).scalar() or 0
    newest = steps[-1].number
    if have > newest:
        raise EngineError(
            f"the plan store has schema {have}; this version of the software knows {newest}.",
            where="the table schema_step of the store",
            fix="update the software, or open another store.",
        )
    for step in steps[have:]:
        for statement in step.statements:
            connection.execute(text(statement.format(**_TYPES[dialect])))
        for only, statement in step.only:
            if only == dialect:
                connection.exec_driver_sql(statement)
        connection.execute(
            text("INSERT INTO schema_step (number, at) VALUES (:number, :at)"),
            {"number": step.number, "at": datetime.now(UTC).isoformat()},
        )
    return newest


def is_current(connection: Connection, *, steps: Sequence[Step] = STEPS) -> bool:
    """Whether the store has every one of `steps`; it is only read."""
    if not connection.dialect.has_table(connection, "schema_step"):
        return False
    have = connection.execute(text("SELECT max(number) FROM schema_step")).scalar()
    return have == steps[-1].number
