"""How the plan store reaches its database, and what a database's complaints mean."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from salesforecast.errors import EngineError, ParameterError

PATIENCE = 60.0  # seconds that a save waits for others
_POSTGRES = {"connect_timeout": 10, "client_encoding": "utf8"}


def engine_of(address: str | Path, *, trusted: bool) -> Engine:
    """An engine for a SQLite file or a PostgreSQL address.

    Parameters
    ----------
    address
        A path, or `postgresql://...`.
    trusted
        Whether it came from the environment, so that a password may stand in it.
    """
    url = _url(address)
    if url.password is not None and not trusted:
        raise ParameterError(
            "the address of the store carries a password.",
            where=url.render_as_string(hide_password=True),
            fix="put the whole address into SALESFORECAST_STORE, or the password into PGPASSWORD.",
        )
    try:
        if url.drivername.startswith("sqlite"):
            return _sqlite(url)
        return create_engine(url, pool_pre_ping=True, connect_args=_POSTGRES)
    except ModuleNotFoundError as error:
        raise EngineError(
            f"the driver '{error.name}' for {url.get_backend_name()} is not installed.",
            where=url.render_as_string(hide_password=True),
            fix="install it: pip install 'psycopg[binary]'.",
        ) from error


def _url(address: str | Path) -> URL:
    words = str(address)
    if "://" not in words:
        return URL.create("sqlite", database=str(Path(words).absolute()))
    try:
        url = make_url(words)
    except (ArgumentError, ValueError):
        url = None
    backend = url.get_backend_name() if url else ""
    if url is None or backend not in ("sqlite", "postgresql"):
        raise ParameterError(
            "the address of the store is not understood.",
            where=f"it begins with '{words.partition('://')[0]}://'",
            fix="give a file (outputs/plans.db) or postgresql://user@host/database.",
        )
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if not url.database or url.database == ":memory:":
        raise ParameterError(
            "plans are kept in a file, not in memory.", where=words, fix="give a path."
        )
    return url


def _sqlite(url: URL) -> Engine:
    path = Path(url.database or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(
            "the folder of the plan store cannot be made.",
            where=f"{path.parent}: {error.strerror}",
            fix="choose another place with --store, or make the folder.",
        ) from error
    engine = create_engine(url, connect_args={"timeout": PATIENCE})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _: object) -> None:
    """Write-ahead log, every commit on the disk before it is acknowledged, keys enforced."""
    connection.isolation_level = None  # transactions are ours: see _begin
    cursor = connection.cursor()
    _use_log(cursor)
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _use_log(cursor: Any) -> None:
    """Switch to the write-ahead log; two processes that do it at once may have to wait."""
    import sqlite3

    until = time.monotonic() + PATIENCE
    while True:
        try:
            if cursor.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                return
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _begin(connection: Any) -> None:
    reading = connection.get_execution_options().get("reading")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def shown(engine: Engine) -> str:
    """The store's address as it may be shown: no password."""
    url = engine.url
    if url.get_backend_name() == "sqlite":
        return url.database or ""
    return url.set(drivername="postgresql").render_as_string(hide_password=True)


_MEANINGS = (
    ("disk is full", "the disk is full", "make room, then save again"),
    ("no space left", "the disk of the database server is full", "make room there"),
    ("readonly", "the plan store may only be read here", "ask for the right to write, or use --store"),
    ("read-only", "the plan store may only be read here", "ask for the right to write, or use --store"),
    ("unable to open", "the plan store cannot be opened", "check that the folder is there and yours"),
    ("locked", "others keep the plan store busy", "try again in a minute"),
    ("malformed", "the plan store is damaged", "restore it from a backup"),
    ("not a database", "the file is no plan store", "choose another file with --store"),
    ("password", "the database did not accept the login", "check SALESFORECAST_STORE or PGPASSWORD"),
    ("authentication", "the database did not accept the login", "check SALESFORECAST_STORE or PGPASSWORD"),
    ("does not exist", "the database or its user does not exist", "check the address of the store"),
    ("never altered", "a saved version is never altered", "save a new version"),
    ("disk i/o error", "the disk failed", "check it, then save again"),
)  # fmt: skip


def in_words(error: SQLAlchemyError, engine: Engine) -> EngineError:
    """What a database complained about, for people; its own words follow, without passwords."""
    told = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    told = " ".join(told.split())
    if engine.url.password:
        told = told.replace(str(engine.url.password), "***")
    meant = [(what, fix) for part, what, fix in _MEANINGS if part in told.lower()]
    if meant:
        what, fix = meant[0]
    else:
        gone = isinstance(error, DBAPIError) and engine.url.get_backend_name() != "sqlite"
        what = "the database cannot be reached" if gone else "the plan store failed"
        fix = "check that it runs and try again"
    return EngineError(
        f"{what}.",
        where=f"{shown(engine)}: {told[:300]}",
        fix=f"{fix}.",
    )
