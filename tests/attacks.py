"""Fifty malicious inputs: each must be refused in words, or come out as the plain text that it is."""

from __future__ import annotations

import csv
import gzip
import io
import json
import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd

from salesforecast import workbench
from salesforecast.errors import SalesforecastError
from salesforecast.history.load import load
from salesforecast.history.organisation import Organisation
from salesforecast.jobs import find_job
from salesforecast.operations.jobfile import JobFile
from salesforecast.operations.ledger import find_run
from salesforecast.planning.scenario import Scenario
from salesforecast.planning.store import Store
from salesforecast.results import build_report, write_results

MOST_MEMORY = 700 * 2**20  # bytes that a refusal may take
TOML = """
name = "Tiny"
levels = ["region"]
[[source]]
path = "{path}"
[source.columns]
date = "date"
amount = "amount"
territory = ["region"]
person = "person"
product = "product"
"""
HEAD = "date,region,person,product,amount\n"
LINE = "2025-01-15,North,Ann,pens,100\n"


def refused(work: Callable[[], object]) -> bool:
    """Whether `work` is refused with an error of ours, in words that can be read, in little memory."""
    tracemalloc.start()
    try:
        work()
    except SalesforecastError as error:
        words = str(error)
        memory = tracemalloc.get_traced_memory()[1]
        return error.exit_code in (2, 3) and len(words) < 5000 and memory < MOST_MEMORY
    finally:
        tracemalloc.stop()
    return False


# Names that a spreadsheet or a browser would run.

NAMES = [
    "=cmd|' /C calc'!A0", "+1+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example","x")', "＝1+1", "\t=1+1", "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "' onmouseover='alert(1)", "]]></style><svg onload=alert(1)>", "'=1+1",
]  # fmt: skip
_written: dict[Path, Path] = {}


def _written_with_names(folder: Path) -> Path:
    """A run's files for a company in which every unit has a name of `NAMES`."""
    if folder.parent not in _written:
        rows = [
            {"date": f"{month:%Y-%m-15}", "region": name, "person": f"{name} person", "product": f"{name} product", "amount": 100 + at}
            for at, name in enumerate(NAMES)
            for month in pd.date_range("2024-01-01", periods=24, freq="MS")
        ]  # fmt: skip
        pd.DataFrame(rows).to_csv(folder / "orders.csv", index=False)
        (folder / "organisation.toml").write_text(TOML.format(path="orders.csv"), "utf-8")
        inputs = workbench.prepare(folder / "organisation.toml", draws=20)
        plan = workbench.build_plan(inputs, Scenario())
        write_results(build_report(inputs, plan), folder)
        _written[folder.parent] = folder
    return _written[folder.parent]


def name_is_only_text(name: str) -> Callable[[Path], bool]:
    """The name comes out of csv, workbook and page as text."""

    def attack(folder: Path) -> bool:
        made = _written_with_names(folder)
        with (made / "targets.csv").open(encoding="utf-8-sig", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        own = name.strip().replace("/", "∕")  # a slash parts the levels of a path
        named = [cell for cell in cells if own in cell]
        csv_safe = bool(named) and not any(
            cell.lstrip(" ").startswith(tuple("=+-@\t\r＝")) for cell in named
        )
        book = openpyxl.load_workbook(made / "targets.xlsx")
        inside = [
            c for page in book for row in page.iter_rows() for c in row if own in str(c.value or "")
        ]
        xlsx_safe = all(c.data_type == "s" and c.hyperlink is None for c in inside)
        page = (made / "report.html").read_text("utf-8")
        html_safe = not any(
            tag in page
            for tag in ("<script>alert", "<img src=x", "<svg onload", "' onmouseover='alert")
        )
        return csv_safe and xlsx_safe and html_safe

    return attack


# Ways into other folders.


def _job_file(folder: Path, text: str) -> object:
    (folder / "job.toml").write_text(text, "utf-8")
    return JobFile.read(folder / "job.toml")


def job_name(name: str) -> Callable[[Path], bool]:
    """A job's name is a name."""

    def attack(folder: Path) -> bool:
        (folder / "evil.ipynb").write_text("{}")
        inner = folder / "notebooks"
        inner.mkdir()
        return refused(lambda: find_job(name, inner))

    return attack


def run_name(name: str) -> Callable[[Path], bool]:
    """A run's name is one of those that are kept."""
    return lambda folder: refused(lambda: find_run(folder, name))


def source(content: bytes, name: str = "orders.csv", path: str = "") -> Callable[[Path], bool]:
    """A delivery that is no table, or more than one."""

    def attack(folder: Path) -> bool:
        (folder / name).write_bytes(content)
        (folder / "organisation.toml").write_text(TOML.format(path=path or name), "utf-8")
        return refused(lambda: load(Organisation.read(folder / "organisation.toml")))

    return attack


# Deliveries that unpack to more than they say.


def _workbook(sheet: bytes, *, lie: bool = False) -> bytes:
    book = io.BytesIO()
    made = openpyxl.Workbook()
    made.active.append(["date", "region", "person", "product", "amount"])
    made.save(book)
    out = io.BytesIO()
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            data = sheet if info.filename == "xl/worksheets/sheet1.xml" else old.read(info)
            new.writestr(info.filename, data)
    packed = out.getvalue()
    if lie:  # every record says that its part is small
        size = struct.pack("<I", len(sheet))
        packed = packed.replace(size, struct.pack("<I", 1000))
    return packed


def _sheet(body: str, end: str = "") -> bytes:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<?xml version="1.0"?><worksheet xmlns="{space}"><sheetData>{body}</sheetData>{end}</worksheet>'.encode()


def workbook(body: str = "", *, end: str = "", lie: bool = False) -> Callable[[Path], bool]:
    """A workbook whose sheet is made by hand."""
    return lambda folder: source(_workbook(_sheet(body, end), lie=lie), "orders.xlsx")(folder)


def gzip_bomb(folder: Path) -> bool:
    """200 kB that unpack to 200 MB."""
    return source(gzip.compress(bytes(200 * 2**20)), "orders.csv.gz")(folder)


def nested_gzip(folder: Path) -> bool:
    """A gzip within a gzip is no table."""
    return source(gzip.compress(gzip.compress((HEAD + LINE).encode())), "orders.csv.gz")(folder)


def pickled(name: str) -> Callable[[Path], bool]:
    """A pickle is never loaded."""

    def attack(folder: Path) -> bool:
        mark = folder / "run"
        data = pickle.dumps(_Runs(str(mark)))
        return source(data, name)(folder) and not mark.exists()

    return attack


class _Runs:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return (open, (self.path, "w"))


# SQL in names.


def sql_in_plan_name(name: str) -> Callable[[Path], bool]:
    """A plan's name is text to the store: asked for, it is not there, and nothing else changes."""

    def attack(folder: Path) -> bool:
        with Store(folder / "plans.db") as store:
            before = list(store.plans().columns)
            gone = (
                refused(lambda: store.read(name))
                if hasattr(store, "read")
                else _unknown(store, name)
            )
            return gone and list(store.plans().columns) == before

    return attack


def _unknown(store: Store, name: str) -> bool:
    return refused(lambda: store.versions(name)) or len(store.versions(name)) == 0


def sql_path(path: str) -> Callable[[Path], bool]:
    """A table's name is an identifier, not a statement."""

    def attack(folder: Path) -> bool:
        import os
        import sqlite3

        database = folder / "orders.db"
        with sqlite3.connect(database) as connection:
            connection.execute("CREATE TABLE orders (date, region, person, product, amount)")
            connection.execute("INSERT INTO orders VALUES ('2025-01-15','North','Ann','pens',1)")
        os.environ["ATTACKED"] = f"sqlite:///{database}"
        (folder / "delete.sql").write_text("DELETE FROM orders")
        try:
            ended = source(b"", path=path)(folder) or _engine_refused(folder)
        finally:
            del os.environ["ATTACKED"]
        with sqlite3.connect(database) as connection:
            return ended and connection.execute("SELECT count(*) FROM orders").fetchone() == (1,)

    return attack


def _engine_refused(folder: Path) -> bool:
    try:
        load(Organisation.read(folder / "organisation.toml"))
    except SalesforecastError as error:
        return error.exit_code == 5
    return False


# TOML and parameters.


def toml(text: str, kind: str = "job") -> Callable[[Path], bool]:
    """A file of settings that is not what it seems."""

    def attack(folder: Path) -> bool:
        path = folder / f"{kind}.toml"
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        readers = {
            "job": JobFile.read,
            "organisation": Organisation.read,
            "scenario": Scenario.read,
        }
        return refused(lambda: readers[kind](path))

    return attack


def parameter(value: str) -> Callable[[Path], bool]:
    """A parameter's text arrives in the notebook's cell as that text, and runs nothing."""

    def attack(folder: Path) -> bool:
        from papermill.translators import PythonTranslator

        cell = PythonTranslator.codify({"note": value}, "injected")
        given: dict[str, object] = {}
        exec(compile(cell, "cell", "exec"), {"__builtins__": {}}, given)
        return given == {"note": value} and not (folder / "owned").exists()

    return attack


def notebook_parameters(text: str) -> Callable[[Path], bool]:
    """A notebook's own parameters are read as values, never run."""

    def attack(folder: Path) -> bool:
        cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": [text]}
        (folder / "job.ipynb").write_text(json.dumps({"cells": [cell]}))
        return (
            refused(lambda: find_job("job", folder).settle({})) and not Path("/tmp/owned").exists()
        )

    return attack


_FAR = '<row r="1"><c r="A1" t="inlineStr"><is><t>date</t></is></c><c r="XFD1048576"><v>1</v></c></row>'
_BILLION = '<row r="1"><c r="A1" t="inlineStr"><is><t>&lol9;</t></is></c></row>'
_WIDE_HEAD = ",".join(f"c{at}" for at in range(200_000))

ATTACKS: dict[str, Callable[[Path], bool]] = {
    **{f"name {name!r}": name_is_only_text(name) for name in NAMES},
    **{f"job {name!r}": job_name(name) for name in ("../evil", "..", "/etc/passwd", "..\\evil", "a/../../evil", ".evil", "evil\x00")},
    **{f"run {name!r}": run_name(name) for name in ("../../etc", "/etc", "", "%2e%2e/", "latest/../..")},
    "source /etc/passwd": source(b"", path="/etc/passwd"),
    "source in a far folder": source(b"", path="../../../../../../etc/*"),
    "gzip bomb": gzip_bomb,
    "gzip in gzip": nested_gzip,
    "workbook bomb": workbook("<row/>" * 30_000_000),
    "workbook bomb that lies": workbook("<row/>" * 30_000_000, lie=True),
    "one stray cell": workbook(_FAR),
    "entities": workbook(_BILLION),
    "merged everything": workbook('<row r="1"><c r="A1"><v>1</v></c></row>', end='<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'),
    "pickle as csv": pickled("orders.csv"),
    "pickle as pkl": pickled("orders.pkl"),
    "pickle as parquet": pickled("orders.parquet"),
    "huge cell": source((HEAD + LINE + f'2025-01-16,"{"x" * 30_000_000}').encode()),
    "unclosed quote": source((HEAD + LINE + '2025-01-16,"North,Ann,pens,100\n' + LINE * 50_000).encode()),
    "200,000 columns": source(f"{_WIDE_HEAD}\n".encode()),
    "NUL bytes": source(b"date,region\x00,person\n" + bytes(10_000)),
    "plan ';DROP": sql_in_plan_name("x'; DROP TABLE versions; --"),
    'plan "UNION': sql_in_plan_name('x" UNION SELECT * FROM versions --'),
    "table ;DROP": sql_path("sql:ATTACKED:orders; DROP TABLE orders"),
    "table UNION": sql_path("sql:ATTACKED:orders UNION SELECT 1"),
    "query that writes": sql_path("sql:ATTACKED:delete.sql"),
    "toml 5%": toml('notebook = "x"\ndeadline = 5%'),
    "toml twice": toml('notebook = "x"\nnotebook = "y"'),
    "toml deep": toml("notebook = " + "[" * 50_000),
    "toml deep organisation": toml("name = " + "[" * 50_000, "organisation"),
    "toml deep scenario": toml("total = " + "[" * 50_000, "scenario"),
    "toml vast": toml('notebook = "' + "x" * 10_000_000 + '"'),
    "toml no text": toml('notebook = "\udcff\udcfe"'),
    "toml infinite": toml('notebook = "x"\ndeadline = inf'),
    "toml vast number": toml("total = " + "9" * 5000, "scenario"),
    "toml secret": toml('notebook = "x"\n[parameters]\ndb_password = "hunter22"'),
    "toml webhook": toml('notebook = "x"\n[[notice]]\nkind = "slack"\naddress = "https://hooks.example/T0/x"'),
    "parameter that ends its text": parameter('"; open("owned", "w"); x = "'),
    "parameter with lines": parameter("a\nimport os\nos.mkdir('owned')\n\"\"\"'''"),
    "parameter with braces": parameter("{open('owned','w')}\\x00\u2028"),
    "notebook that calls": notebook_parameters("x: str = __import__('os').system('touch /tmp/owned')"),
    "notebook with a secret": notebook_parameters('api_token: str = "hunter22"'),
}  # fmt: skip
