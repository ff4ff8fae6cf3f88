"""Real order tables, spoilt at random, beside a second reader that knows no more than the file says.

Used by the tests and by the benchmark. The second reader splits lines with the standard library
and adds `Decimal`s; of the odd ways to write a number it knows the meaning, because it wrote them.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pandas as pd

from salesforecast.errors import SalesforecastError
from salesforecast.history.load import Loaded, load
from salesforecast.history.organisation import Columns, Organisation, Source
from salesforecast.history.series import build_history
from salesforecast.history.validate import refuse_errors, validate
from tests.history.cases import lines

SHARED = Path(__file__).parents[3] / "shared" / "data"
Rows = list[list[str]]


@dataclass(frozen=True)
class Base:
    """A table as text, the header first, and what its columns mean."""

    name: str
    rows: Rows
    columns: Columns


def bases() -> list[Base]:
    """Rows of three real tables; those of shared data only where it stands beside the checkout."""
    found = [_base("adventureworks", lines(), 150, "Order date", "Sales", ("Group", "Country"))]
    superstore = SHARED / "superstore_cn" / "orders_utf8.csv.gz"
    if superstore.is_file():
        frame = pd.read_csv(superstore)[
            ["行 ID", "订单日期", "地区", "省/自治区", "类别", "销售额"]
        ]
        found.append(_base("superstore", frame, 150, "订单日期", "销售额", ("地区", "省/自治区")))
    retail = SHARED / "uci_online_retail" / "online_retail_daily_country.csv.gz"
    if retail.is_file():
        found.append(_base("retail", pd.read_csv(retail), 150, "ds", "net_sales", ("Country",)))
    return found


def _base(name: str, frame: pd.DataFrame, n: int, date: str, amount: str, places: tuple) -> Base:
    part = frame.sample(n, random_state=0).sort_index()
    part[date] = pd.to_datetime(part[date]).dt.strftime("%Y-%m-%d")
    part[amount] = part[amount].map("{:.2f}".format)
    rows = [list(map(str, part.columns)), *part.astype("str").to_numpy().tolist()]
    return Base(name, rows, Columns(date, amount, places))


def _full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


# Ways to write an amount, each with what it means as a function of the amount; None: no number.
ODD: tuple[tuple[Callable[[Decimal], str], Callable[[Decimal], Decimal] | None], ...] = (
    (lambda v: f"{v:,.2f}", lambda v: v),
    (lambda v: f"¥{v:,.2f}", lambda v: v),
    (lambda v: f" {v} ", lambda v: v),
    (lambda v: f"\u00a0{v}", lambda v: v),
    (lambda v: _full_width(f"{v}"), lambda v: v),
    (lambda v: f"{v / 10000}万", lambda v: v),
    (lambda v: f"({abs(v)})", lambda v: -abs(v)),
    (lambda v: f"{abs(v)}-", lambda v: -abs(v)),
    (lambda v: f"\u2212{abs(v)}", lambda v: -abs(v)),
    (lambda v: f"'{v}", lambda v: v),
    (lambda v: f"{v:e}", lambda v: v),
    (lambda v: f"+{abs(v)}", lambda v: abs(v)),
    (lambda v: f"{v:,.2f}".replace(",", " "), lambda v: v),
    (lambda v: f"{v}%", lambda v: v / 100),  # listed as read so
    (lambda v: "n/a", lambda v: Decimal(0)),  # listed as empty
    (lambda v: "abc", None),
    (lambda v: "#REF!", None),
    (lambda v: "#NAME?", None),
    (lambda v: f"={v}+1", None),
    (lambda v: "1e300", None),
    (lambda v: "inf", None),
    (lambda v: "nan", lambda v: Decimal(0)),
    (lambda v: "0x1F", None),
    (lambda v: "1.2.3", None),
    (lambda v: "1,23,4", None),
    (lambda v: "--5", None),
    (lambda v: "TRUE", None),
    (lambda v: "2017-04-27", None),
    (lambda v: "12:30", None),
    (lambda v: f"{v} {v}", None),
    (lambda v: "\u0661\u0662", None),
    (lambda v: "½", None),
    (lambda v: "９" * 400, None),
    (lambda v: "1_000", None),
    (lambda v: "\x00", None),
    (lambda v: "", lambda v: Decimal(0)),
)
DATES = (
    "2017/04/27", "27.04.2017", "04/27/2017", "2017年4月27日", "42852", "20170427", "", "soon", "2017-02-31",
    "1902-01-01", "2099-12-31", "2017-04-27T23:59:59+14:00", "0000-00-00", "2017-13-01", "２０１７-０４-２７",
    "99999999999", "-1", "27-Apr-17", "2017-04-27 00:00", "1e5", "NaT", "\t", "2017Q2", "0001-01-01",
)  # fmt: skip
PLACES = (
    "", " ", "Total", "合计", "小计", "Grand Total", "a/b", "/", "..", "\u202eevil", "x" * 5000, "😀", "=1+1",
    "NA", "null", "line\nbreak", 'quo"te', "\u3000华东 ", "华\u200b东", "A\x00B", "#N/A", "-", "\ufeff", ",",
)  # fmt: skip


class Spoilt:
    """One table with its slips; `content` is the file, `meanings` what odd cells mean."""

    def __init__(self, base: Base, seed: int) -> None:
        self.base, self.random = base, random.Random(f"{base.name} {seed}")
        self.rows = [list(row) for row in base.rows]
        self.meanings: dict[str, Decimal | None] = {}
        self.delimiter, self.encoding, self.ending = ",", "utf-8", "\n"
        self.packed = False
        self.done: list[str] = []
        header = base.rows[0]
        self.date, self.amount = (
            header.index(base.columns.date),
            header.index(base.columns.amount),
        )
        self.place = header.index(self.random.choice(base.columns.territory))
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            if len(self.rows) < 2 or not self.rows[0]:
                break  # nothing is left to spoil
            slip = self.random.choice(SLIPS)
            self.done.append(slip.__name__.strip("_"))
            slip(self)
        self.text = self._text()
        self.content = self.text.encode(self.encoding, "replace")
        if self.random.random() < 0.15:
            self._break_bytes()
        self.plain = self.content  # as it is before it is packed
        if self.packed:
            self.content = gzip.compress(self.content)

    def at(self) -> int:
        return self.random.randrange(1, len(self.rows)) if len(self.rows) > 1 else 0

    def _text(self) -> str:
        out = io.StringIO()
        csv.writer(out, delimiter=self.delimiter, lineterminator=self.ending).writerows(self.rows)
        return out.getvalue()

    def _break_bytes(self) -> None:
        self.done.append("bytes")
        body = bytearray(self.content)
        how = self.random.randrange(4)
        if how == 0:
            body = body[: self.random.randrange(len(body) + 1)]
        for _ in range(self.random.randrange(1, 6) if how == 1 and body else 0):
            body[self.random.randrange(len(body))] = self.random.randrange(256)
        if how == 2:
            at = self.random.randrange(len(body) + 1)
            body[at:at] = self.random.choice(
                (b"\x00" * 9, b'"', b"\xff\xfe", b"\r", b"\x1a", b",,")
            )
        if how == 3:
            body += self.random.choice((b"\n\n\n", b"EOF", b'"', b"Total,,,,,,99\n", b"\x1a"))
        self.content = bytes(body)

    def expected(self) -> Decimal | None:
        """What the amounts of the file add up to; None where it cannot be said."""
        try:
            text = self.plain.decode(self.encoding, "replace")
            table = list(
                csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=self.delimiter)
            )
        except (UnicodeError, csv.Error):
            return None
        name = self.base.columns.amount
        head = next((at for at, row in enumerate(table) if name in [c.strip() for c in row]), None)
        if head is None:
            return None
        column = [c.strip() for c in table[head]].index(name)
        total = Decimal(0)
        for row in table[head + 1 :]:
            cell = row[column] if column < len(row) else ""
            if cell in self.meanings:
                meaning = self.meanings[cell]
                if meaning is None:
                    return None
                total += meaning
                continue
            if not cell.strip() or cell.strip() == name:
                continue
            try:
                value = Decimal(cell)
            except InvalidOperation:
                return None
            if not value.is_finite():
                return None
            total += value
        return total


def _amount(one: Spoilt) -> None:
    at = one.at()
    try:
        value = Decimal(one.rows[at][one.amount])
    except (InvalidOperation, IndexError):
        return
    write, meaning = one.random.choice(ODD)
    cell = write(value)
    one.meanings[cell] = None if meaning is None else meaning(value)
    one.rows[at][one.amount] = cell


def _date(one: Spoilt) -> None:
    _put(one, one.date, one.random.choice(DATES))


def _place(one: Spoilt) -> None:
    _put(one, one.place, one.random.choice(PLACES))


def _put(one: Spoilt, column: int, cell: str) -> None:
    at = one.at()
    if at and column < len(one.rows[at]):
        one.rows[at][column] = cell


def _twice(one: Spoilt) -> None:
    at = one.at()
    one.rows.insert(at, list(one.rows[at]))


def _gone(one: Spoilt) -> None:
    del one.rows[one.at() :]


def _blank_row(one: Spoilt) -> None:
    one.rows.insert(one.at(), [""] * len(one.rows[0]))


def _short_row(one: Spoilt) -> None:
    at = one.at()
    one.rows[at] = one.rows[at][: one.random.randrange(len(one.rows[at]) + 1)]


def _long_row(one: Spoilt) -> None:
    one.rows[one.at()] += ["7", ""][: one.random.randrange(1, 3)]


def _total_row(one: Spoilt) -> None:
    row = [""] * max(len(one.rows[0]), one.amount + 1)
    row[0], row[one.amount] = one.random.choice(PLACES[2:6]), "123456.00"
    one.rows.append(row)


def _header_again(one: Spoilt) -> None:
    one.rows.insert(one.at() + 1, list(one.rows[0]))


def _header(one: Spoilt) -> None:
    at = one.random.randrange(len(one.rows[0]))
    name = one.rows[0][at]
    one.rows[0][at] = one.random.choice(
        (name.upper(), f" {name} ", "", name + name, one.rows[0][0], name[:-1], f"{name}\n")
    )


def _title(one: Spoilt) -> None:
    one.rows[:0] = [["Orders of the year"], []][: one.random.randrange(1, 3)]


def _order(one: Spoilt) -> None:
    body = one.rows[1:]
    one.random.shuffle(body)
    one.rows[1:] = body


def _column_gone(one: Spoilt) -> None:
    at = one.random.randrange(len(one.rows[0]))
    one.rows = [row[:at] + row[at + 1 :] for row in one.rows]


def _form(one: Spoilt) -> None:
    one.delimiter = one.random.choice((";", "\t", "|", ","))
    one.ending = one.random.choice(("\n", "\r\n", "\r"))
    one.encoding = one.random.choice(("utf-8-sig", "gb18030", "utf-16", "utf-8"))
    one.packed = one.random.random() < 0.2


def _one_place(one: Spoilt) -> None:
    for row in one.rows[1:]:
        if one.place < len(row):
            row[one.place] = "Only"


def _comma_decimals(one: Spoilt) -> None:
    for row in one.rows[1:]:
        if one.amount < len(row) and re.fullmatch(r"-?[0-9]+\.[0-9]+", row[one.amount]):
            value = Decimal(row[one.amount])
            row[one.amount] = row[one.amount].replace(".", ",")
            one.meanings[row[one.amount]] = value


SLIPS = (
    _amount, _amount, _amount, _date, _date, _place, _place, _twice, _gone, _blank_row, _short_row, _long_row,
    _total_row, _header_again, _header, _title, _order, _column_gone, _form, _form, _one_place, _comma_decimals,
)  # fmt: skip


def organisation(base: Base, folder: Path) -> Organisation:
    """What a user would have written for the table as it was before."""
    places = base.columns.territory
    levels = tuple(f"level {n}" for n in range(len(places)))
    return Organisation("Co", (Source("orders.csv", base.columns),), levels, folder=folder)


def verdict(one: Spoilt, folder: Path) -> str:
    """`refused`, `read`, or what went wrong: `traceback ...`, `silent ...`."""
    (folder / "orders.csv").write_bytes(one.content)
    company = organisation(one.base, folder)
    try:
        loaded = load(company)
        findings = validate(loaded, company)
        refuse_errors(findings)
        history = build_history(loaded.lines, company)
    except SalesforecastError:
        return "refused"
    except Exception:  # noqa: BLE001 - a bug is what is looked for
        return f"traceback {one.done} {traceback.format_exc(limit=-2)}"
    return _compared(one, loaded, float(history.frame["sales"].sum()), history.cutoff)


def _compared(one: Spoilt, loaded: Loaded, history: float, cutoff: pd.Timestamp) -> str:
    total = float(loaded.lines["amount"].sum())
    seen = float(loaded.lines.loc[loaded.lines["period"] <= cutoff, "amount"].sum())
    if abs(history - seen) > 0.005:
        return f"silent {one.done}: history {history} of lines {seen}"
    expected = one.expected()
    if expected is None:
        return f"silent {one.done}: {total} read where a plain reader cannot tell"
    if abs(float(expected) - total) > 0.005:
        return f"silent {one.done}: {total} read, the file says {expected}"
    return "read"
