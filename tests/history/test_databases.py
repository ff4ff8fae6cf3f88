"""Order lines from a real SQLite file and a real PostgreSQL server."""

import datetime as dt
import shutil
import sqlite3
from dataclasses import replace
from decimal import Decimal

import pytest

from salesforecast.errors import DataError, EngineError, OrganisationError, ParameterError
from salesforecast.history.load import load
from salesforecast.history.organisation import Columns, Organisation, Source

ROWS = [(1, dt.date(2025, 1 + at % 12, 3), Decimal("10.25"), "North", "007") for at in range(24)]
CREATE = "CREATE TABLE orders (id int, day date, amount numeric(12,2), region text, product text)"
INSERT = "INSERT INTO orders VALUES "


def _organisation(folder, path="sql:SALES_DATABASE:orders"):
    columns = Columns(date="day", amount="amount", territory=("region",), product="product")
    return Organisation("Tiny", (Source(path, columns),), ("region",), folder=folder)


@pytest.fixture
def sqlite(tmp_path, monkeypatch):
    path = tmp_path / "orders.db"
    connection = sqlite3.connect(path)
    connection.execute(CREATE)
    rows = [(a, day.isoformat(), float(c), d, e) for a, day, c, d, e in ROWS]
    connection.executemany(f"{INSERT} (?,?,?,?,?)", rows)
    connection.commit()
    monkeypatch.setenv("SALES_DATABASE", f"sqlite:///{path}")
    yield connection
    connection.close()


def test_a_table_is_read_and_a_query(sqlite, tmp_path):
    loaded = load(_organisation(tmp_path))
    assert loaded.lines["amount"].sum() == 24 * 10.25
    assert set(loaded.lines["product"]) == {"007"}
    assert list(loaded.inputs) == ["sql:SALES_DATABASE:orders"]
    (tmp_path / "mine.sql").write_text(
        "SELECT day, amount, region, product FROM orders WHERE day < '2025-07-01';"
    )
    part = load(_organisation(tmp_path, "sql:SALES_DATABASE:mine.sql"))
    assert len(part.lines) == 12


def test_the_path_of_a_table_is_written_as_it_was(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    _organisation(tmp_path).write(tmp_path / "elsewhere" / "organisation.toml")
    again = Organisation.read(tmp_path / "elsewhere" / "organisation.toml")
    assert again.sources[0].path == "sql:SALES_DATABASE:orders"


def test_the_digest_is_of_the_content_not_of_the_order(sqlite, tmp_path):
    before = load(_organisation(tmp_path))
    sqlite.execute("CREATE TABLE other AS SELECT * FROM orders ORDER BY day DESC, rowid DESC")
    sqlite.execute("DROP TABLE orders")
    sqlite.execute("ALTER TABLE other RENAME TO orders")
    sqlite.commit()
    assert load(_organisation(tmp_path)).inputs == before.inputs
    sqlite.execute("UPDATE orders SET amount = 11 WHERE rowid = 3")
    sqlite.commit()
    assert load(_organisation(tmp_path)).inputs != before.inputs


@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        ("sql:SALES_DATABASE:order", DataError, "did you mean 'orders'?"),
        ("sql:SALES_DATABASE:orders; DROP TABLE orders", DataError, "no such table"),
        ('sql:SALES_DATABASE:orders" --', DataError, "no such table"),
        ("sql:NOT_SET:orders", ParameterError, "NOT_SET is not set"),
        ("sql:sqlite///orders.db", OrganisationError, "names no table"),
        ("sql:SALES_DATABASE:nowhere.sql", DataError, "query cannot be read"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_run(sqlite, tmp_path, path, kind, words):
    with pytest.raises(kind, match=words.replace("?", r"\?")):
        load(_organisation(tmp_path, path))
    assert sqlite.execute("SELECT count(*) FROM orders").fetchone() == (24,)


def test_a_query_cannot_write(sqlite, tmp_path):
    (tmp_path / "bad.sql").write_text("DELETE FROM orders")
    with pytest.raises(EngineError, match="cannot be read"):
        load(_organisation(tmp_path, "sql:SALES_DATABASE:bad.sql"))
    assert sqlite.execute("SELECT count(*) FROM orders").fetchone() == (24,)


def test_a_missing_column_is_named_with_the_nearest(sqlite, tmp_path):
    organisation = _organisation(tmp_path)
    source = organisation.sources[0]
    wrong = replace(source, columns=replace(source.columns, amount="amounts"))
    with pytest.raises(DataError, match="did you mean 'amount'"):
        load(replace(organisation, sources=(wrong,)))


def test_postgresql_is_read_alike_and_its_loss_is_an_engines(tmp_path, monkeypatch):
    from benchmarks.postgres import MISSING, Server, programs

    if programs() is None or shutil.which("psql") is None:
        pytest.skip(MISSING)
    import psycopg

    server = Server()
    try:
        address = server.database("sales")
        with psycopg.connect(address) as connection:
            connection.execute(CREATE)
            connection.cursor().executemany(f"{INSERT} (%s,%s,%s,%s,%s)", ROWS)
            connection.execute("CREATE SCHEMA far; CREATE VIEW far.seen AS SELECT * FROM orders")
        monkeypatch.setenv("SALES_DATABASE", address.replace("planner@", "planner:hunter22@"))
        for table in ("orders", "far.seen"):
            loaded = load(_organisation(tmp_path, f"sql:SALES_DATABASE:{table}"))
            assert (len(loaded.lines), loaded.lines["amount"].sum()) == (24, 24 * 10.25)
        (tmp_path / "bad.sql").write_text("DELETE FROM orders RETURNING *")
        with pytest.raises(EngineError, match="cannot be read"):
            load(_organisation(tmp_path, "sql:SALES_DATABASE:bad.sql"))
        server.stop()
        with pytest.raises(EngineError) as lost:
            load(_organisation(tmp_path))
        assert "hunter22" not in str(lost.value)
    finally:
        server.remove()
