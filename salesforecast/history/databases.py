"""Tables in a database: `path = "sql:SALES_DATABASE:orders"` wherever a file may be named.

`SALES_DATABASE` is the variable of the environment that holds the address (SQLAlchemy's way of
writing it; so no password stands in a file), `orders` a table, or a view, or `schema.table`, or the name
of a file `….sql` beside the organisation file with one SELECT in it. Everything is read in a
transaction that cannot write.
"""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesforecast.errors import DataError, EngineError, OrganisationError, ParameterError
from salesforecast.fingerprint import DATABASE
from salesforecast.history.raw import Raw, Want, as_text, missing_columns
from salesforecast.masking import hide_credentials

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Select, TextClause

_BATCH = 50_000


def is_database(path: str | Path) -> bool:
    """Whether what an organisation file calls a path is a table in a database."""
    return str(path).startswith(DATABASE) or Path(path).name.startswith(DATABASE)


def read_database(path: Path, want: Want, *, name: str) -> Raw:
    """Read the wanted columns of a table or of a query.

    Rows come in an order of their own that depends on their content only, and so does the
    digest: a database that hands out the same rows in another order has not changed.

    Raises
    ------
    ParameterError
        If the variable of the address is not set or is no address.
    EngineError
        If the database cannot be reached, or is lost while it is read.
    DataError
        If there is no such table or column, or no row.
    """
    from sqlalchemy.exc import SQLAlchemyError

    variable, what = parts(path.name)
    engine = _engine(variable)
    try:
        with engine.connect() as connection:
            _only_read(connection)
            header, statement = _asked(connection, what, path.parent, want, name)
            frame = pd.concat(list(_batches(connection, statement)), ignore_index=True)
    except SQLAlchemyError as error:
        raise _lost(error, engine, name) from error
    finally:
        engine.dispose()
    if missing := missing_columns(want.of(header).columns, header, name):
        raise missing
    wanted = want.of(header).columns or header
    frame = frame[wanted]
    for column in wanted:
        frame[column] = (
            as_text(frame[column]) if column in (want.text or ()) else _typed(frame[column])
        )
    order = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    at = np.argsort(order, kind="stable")
    digest = hashlib.sha256(",".join(wanted).encode() + order[at].tobytes()).hexdigest()
    frame = frame.iloc[at].reset_index(drop=True)
    return Raw(frame, np.arange(1, len(frame) + 1), tuple(header), name, digest, ())


def parts(name: str) -> tuple[str, str]:
    """The variable and the table of `sql:VARIABLE:table`.

    Raises
    ------
    OrganisationError
        If it is written otherwise.
    """
    found = re.fullmatch(r"sql:([A-Za-z_][A-Za-z0-9_]*):([^/\\]+)", name)
    if not found:
        raise OrganisationError(
            f"'{hide_credentials(name)}' names no table of a database.",
            where="a `path` of the organisation file",
            fix='write path = "sql:VARIABLE:table"; VARIABLE is set to the database\'s address.',
        )
    return found[1], found[2]


def _engine(variable: str) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.engine import URL, make_url
    from sqlalchemy.exc import ArgumentError

    address = os.environ.get(variable, "")
    try:
        url = make_url(address)
    except ArgumentError:
        raise ParameterError(
            f"the variable {variable} {'holds no database address' if address else 'is not set'}.",
            where="the environment of this run",
            fix=f"set it: {variable}=postgresql://user@host/database or sqlite:///orders.db.",
        ) from None
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "").absolute()
        if not file.is_file():
            raise EngineError(
                "the database's file is not there.", where=str(file), fix=f"check {variable}."
            )
        query = {"mode": "ro", "uri": "true"}
        url = URL.create(url.drivername, database=f"file:{file}", query=query)
    try:
        return create_engine(url)
    except (ModuleNotFoundError, ArgumentError) as error:
        raise EngineError(
            f"the driver for {url.get_backend_name()} is not installed.",
            where=f"the variable {variable}",
            fix="install it, for PostgreSQL: pip install 'salesforecast[postgres]'.",
        ) from error


def _only_read(connection: Connection) -> None:
    from sqlalchemy import text

    if connection.dialect.name in ("postgresql", "mysql", "mariadb", "oracle"):
        connection.execute(text("SET TRANSACTION READ ONLY"))


def _asked(
    connection: Connection, what: str, folder: Path, want: Want, name: str
) -> tuple[list[str], Select[Any] | TextClause]:
    """Every column that there is, and the statement that asks for the wanted ones."""
    from sqlalchemy import column, inspect, select, table, text

    if what.endswith(".sql"):
        try:
            query = (folder / what).read_text("utf-8-sig").strip().rstrip(";")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(
                "the query cannot be read.", where=f"{what}: {error}", fix="put the file there."
            ) from error
        with connection.execute(text(query)) as result:
            return list(result.keys()), text(query)
    schema, _, plain = what.rpartition(".")
    look = inspect(connection)
    known = [*look.get_table_names(schema or None), *look.get_view_names(schema or None)]
    if plain not in known:
        near = difflib.get_close_matches(plain, known, n=1)
        raise DataError(
            "there is no such table in the database.",
            where=name,
            fix=f"did you mean '{near[0]}'?" if near else "check the name after the second colon.",
        )
    header = [str(one["name"]) for one in look.get_columns(plain, schema or None)]
    wanted = want.of(header).columns
    if missing := missing_columns(wanted, header, name):
        raise missing
    columns: list[Any] = [column(one) for one in wanted or header]
    return header, select(*columns).select_from(table(plain, schema=schema or None))


def _batches(connection: Connection, statement: Any) -> Iterator[pd.DataFrame]:
    """The rows, some at a time; an empty frame with the names where there are none."""
    result = connection.execution_options(stream_results=True, max_row_buffer=_BATCH).execute(
        statement
    )
    names: Sequence[str] = list(result.keys())
    yield pd.DataFrame(columns=names, dtype="object")
    for rows in result.partitions(_BATCH):
        yield pd.DataFrame(rows, columns=names, dtype="object")


def _typed(values: pd.Series) -> pd.Series:
    """Numbers as float64 and days as dates, where all are; else what the database gave."""
    kinds = set(values.dropna().map(type))
    if kinds and kinds <= {int, float, Decimal}:
        return values.astype("float64")
    if kinds and kinds <= {dt.date, dt.datetime, pd.Timestamp}:
        days = values.map(lambda v: v.replace(tzinfo=None) if isinstance(v, dt.datetime) else v)
        return pd.to_datetime(days).astype("datetime64[us]")
    return values.where(values.notna(), "").astype("str")


def _lost(error: Exception, engine: Engine, name: str) -> EngineError:
    from sqlalchemy.exc import DBAPIError

    told = " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())
    if engine.url.password:
        told = told.replace(str(engine.url.password), "***")
    return EngineError(
        "the database cannot be read.",
        where=f"{name}: {told[:300]}",
        fix="check that it runs, that the address is right, and that this user may read; then run again.",
    )
