"""Broken and odd inputs, made from real order lines of the sample organisation.

Used by the tests and by the benchmarks: each case is a folder with an organisation file and the
tables it names.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd

SAMPLE = Path(__file__).parents[2] / "data" / "adventureworks"

MAPPING = """\
name = "Cases"
levels = ["group", "country", "territory"]

[measure]
name = "revenue"
unit = "USD"

[[source]]
path = "{path}"
shift_days = -3
{extra}
[source.columns]
date = "{date}"
amount = "{amount}"
territory = {territory}
person = "{person}"
line = ["{order}", "{line}"]
"""
NAMES = {
    "date": "Order date",
    "amount": "Sales",
    "person": "Salesperson",
    "order": "Order",
    "line": "Line",
}
PLACES = ["Group", "Country", "Territory"]
CHINESE = {
    "Order": "订单编号",
    "Line": "行号",
    "Order date": "订单日期",
    "Group": "大区",
    "Country": "国家",
    "Territory": "地区",
    "Salesperson": "业务员",
    "Sales": "销售额",
}


def lines() -> pd.DataFrame:
    """Every hundredth reseller order line: 533 real rows over 32 months, amounts in cents."""
    facts = pd.read_csv(SAMPLE / "FactResellerSales.csv.gz").iloc[::100]
    places = pd.read_csv(SAMPLE / "DimSalesTerritory.csv", keep_default_na=False)
    people = pd.read_csv(SAMPLE / "DimEmployee_sales.csv")
    joined = facts.merge(places, on="SalesTerritoryKey").merge(
        people[["EmployeeKey", "FirstName", "LastName"]], on="EmployeeKey"
    )
    return pd.DataFrame(
        {
            "Order": joined["SalesOrderNumber"],
            "Line": joined["SalesOrderLineNumber"],
            "Order date": joined["OrderDate"],
            "Group": joined["SalesTerritoryGroup"],
            "Country": joined["SalesTerritoryCountry"],
            "Territory": joined["SalesTerritoryRegion"],
            "Salesperson": joined["FirstName"] + " " + joined["LastName"],
            "Sales": joined["SalesAmount"].round(2),
        }
    ).sort_values(["Order date", "Order", "Line"], ignore_index=True)


def mapping(path: str = "orders.csv", extra: str = "", **names: str) -> str:
    """An organisation file for the lines; `names` rename columns, `extra` goes under the source."""
    territory = names.pop("territory", '["' + '", "'.join(PLACES) + '"]')
    return MAPPING.format(path=path, extra=extra, territory=territory, **{**NAMES, **names})


def _case(folder: Path, text: str, data: bytes, name: str = "orders.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    file = folder / "organisation.toml"
    file.write_text(text, encoding="utf-8")
    return file


def _csv(frame: pd.DataFrame, encoding: str = "utf-8") -> bytes:
    return frame.to_csv(index=False, lineterminator="\r\n").encode(encoding)


def missing_column(folder: Path) -> Path:
    """The amounts are called otherwise than the mapping says."""
    return _case(folder, mapping(), _csv(lines().rename(columns={"Sales": "Sales (net)"})))


def ambiguous_dates(folder: Path) -> Path:
    """No day is above the 12th: 03/04 may be 3 April or 4 March."""
    frame = lines()
    days = pd.to_datetime(frame["Order date"])
    frame["Order date"] = [f"{day.day % 12 + 1:02d}/{day.month:02d}/{day.year}" for day in days]
    return _case(folder, mapping(), _csv(frame))


def text_in_amounts(folder: Path) -> Path:
    """Two amounts are remarks."""
    frame = lines()
    frame["Sales"] = frame["Sales"].astype("object")
    frame.loc[[7, 12], "Sales"] = ["see invoice", "12 bikes"]
    return _case(folder, mapping(), _csv(frame))


def unknown_territory(folder: Path) -> Path:
    """An order comes from a territory that the list of territories does not know."""
    frame = lines()
    frame.loc[4, "Territory"] = "Atlantis"
    text = mapping(territory='"Territory"').replace("[[source]]", _TERRITORIES + "[[source]]", 1)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "territories.csv").write_bytes(
        pd.read_csv(SAMPLE / "DimSalesTerritory.csv", keep_default_na=False)
        .to_csv(index=False)
        .encode()
    )
    return _case(folder, text, _csv(frame))


_TERRITORIES = """\
[territories]
path = "territories.csv"
key = "SalesTerritoryRegion"
columns = ["SalesTerritoryGroup", "SalesTerritoryCountry", "SalesTerritoryRegion"]
none = ["NA"]

"""


def duplicate_rows(folder: Path) -> Path:
    """Three rows stand twice: an export that was appended to itself."""
    frame = lines()
    return _case(folder, mapping(), _csv(pd.concat([frame, frame.iloc[10:13]])))


def empty_file(folder: Path) -> Path:
    """The export wrote nothing."""
    return _case(folder, mapping(), b"")


def one_period(folder: Path) -> Path:
    """Only one month of history."""
    frame = lines()
    return _case(folder, mapping(), _csv(frame[frame["Order date"] == "2013-02-28"]))


def ambiguous_decimal(folder: Path) -> Path:
    """Every amount looks like 1,234: a thousand and more, or a little more than one."""
    frame = lines()
    frame["Sales"] = [
        f"{int(amount) % 9 + 1},{int(amount * 7) % 1000:03d}" for amount in frame["Sales"]
    ]
    return _case(folder, mapping(), _csv(frame))


def encrypted_workbook(folder: Path) -> Path:
    """A workbook with a password: a compound file with an EncryptedPackage stream."""
    return _case(folder, mapping("orders.xlsx"), compound_file(), "orders.xlsx")


def no_table(folder: Path) -> Path:
    """A picture of the table instead of the table."""
    return _case(folder, mapping(), picture())


BROKEN: dict[str, tuple[Callable[[Path], Path], str]] = {  # maker, and words the error must say
    "missing column": (missing_column, "did you mean 'Sales (net)' for 'Sales'"),
    "ambiguous dates": (ambiguous_dates, "day_first = true"),
    "text in amounts": (text_in_amounts, "row 9 'see invoice'"),
    "unknown territory": (unknown_territory, "row 6 'Atlantis'"),
    "duplicate rows": (duplicate_rows, "3 rows with the key of another"),
    "empty file": (empty_file, "the file is empty"),
    "one period of history": (one_period, "only one period of history"),
    "ambiguous decimal mark": (ambiguous_decimal, 'decimal = ","'),
    "encrypted workbook": (encrypted_workbook, "encrypted with a password"),
    "a file that is no table": (no_table, "a PNG picture"),
}


def broken_inputs(folder: Path) -> dict[str, Path]:
    """Make the ten broken inputs: name to organisation file. Each must be refused."""
    return {name: make(folder / name) for name, (make, _) in BROKEN.items()}


def gb18030(folder: Path) -> tuple[Path, float, tuple[str, ...]]:
    """Chinese column names and dates like 2013/2/28 in GB18030: what Excel in China saves."""
    frame = lines()
    days = pd.to_datetime(frame["Order date"])
    total = frame["Sales"].sum()
    frame["Order date"] = [f"{day.year}/{day.month}/{day.day}" for day in days]
    names = {key: CHINESE[value] for key, value in NAMES.items()}
    territory = '["' + '", "'.join(CHINESE[place] for place in PLACES) + '"]'
    text = mapping(territory=territory, **names)
    file = _case(folder, text, _csv(frame.rename(columns=CHINESE), "gb18030"))
    return file, total, ("gb18030", "dates as year, month, day")


def byte_order_mark(folder: Path) -> tuple[Path, float, tuple[str, ...]]:
    """UTF-8 with a byte order mark: what Excel elsewhere saves."""
    frame = lines()
    file = _case(folder, mapping(), _csv(frame, "utf-8-sig"))
    return file, frame["Sales"].sum(), ("byte order mark",)


def thousands_separators(folder: Path) -> tuple[Path, float, tuple[str, ...]]:
    """Amounts such as "1,234.50"."""
    frame = lines()
    total = frame["Sales"].sum()
    frame["Sales"] = [f"{amount:,.2f}" for amount in frame["Sales"]]
    return _case(folder, mapping(), _csv(frame)), total, ("thousands separators",)


def full_width_digits(folder: Path) -> tuple[Path, float, tuple[str, ...]]:
    """Amounts and dates typed with a Chinese keyboard: １２３．４５."""
    frame = lines()
    total = frame["Sales"].sum()
    wide = str.maketrans("0123456789.-", "０１２３４５６７８９．－")
    frame["Sales"] = [f"{amount:.2f}".translate(wide) for amount in frame["Sales"]]
    frame["Order date"] = [day.translate(wide) for day in frame["Order date"]]
    return (
        _case(folder, mapping(), _csv(frame)),
        total,
        ("full-width characters", "full-width dates"),
    )


def ten_thousands(folder: Path) -> tuple[Path, float, tuple[str, ...]]:
    """Amounts such as 0.123450万."""
    frame = lines()
    total = frame["Sales"].sum()
    frame["Sales"] = [f"{amount / 1e4:.6f}万" for amount in frame["Sales"]]
    return _case(folder, mapping(), _csv(frame)), total, ("万",)


def declared_dates(folder: Path) -> tuple[Path, float, tuple[str, ...]]:
    """Dates such as 05-02-2013, declared as day, month, year; by themselves ambiguous."""
    frame = lines()
    days = pd.to_datetime(frame["Order date"])
    frame = frame[days.dt.day <= 12]
    total = frame["Sales"].sum()
    frame = frame.assign(**{"Order date": [f"{day:%d-%m-%Y}" for day in days[days.dt.day <= 12]]})
    text = mapping(extra='date_format = "%d-%m-%Y"\n')
    return _case(folder, text, _csv(frame)), total, ("as declared",)


ODD: dict[str, Callable[[Path], tuple[Path, float, tuple[str, ...]]]] = {
    "GB18030 with Chinese headers": gb18030,
    "byte order mark": byte_order_mark,
    "thousands separators": thousands_separators,
    "full-width digits": full_width_digits,
    "万": ten_thousands,
    "dd-mm-yyyy declared": declared_dates,
}


def odd_inputs(folder: Path) -> dict[str, tuple[Path, float, tuple[str, ...]]]:
    """Make the six odd inputs: name to (organisation file, true total, words of its repairs)."""
    return {name: make(folder / name) for name, make in ODD.items()}


def picture() -> bytes:
    """A real PNG of 8 × 8 grey pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    pixels = zlib.compress(b"".join(b"\x00" + b"\x80" * 8 for _ in range(8)))
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def compound_file() -> bytes:
    """A compound file as Office writes it for an encrypted workbook.

    One FAT sector, one directory sector, and the streams EncryptionInfo and EncryptedPackage
    (4,096 bytes each, so that they need no mini stream).
    """
    size, end, free = 512, 0xFFFFFFFE, 0xFFFFFFFF
    header = struct.pack(
        "<8s16sHHHHH6sIIIIIIIII109I",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, b"",
        0, 1, 1, 0, 4096, end, 0, end, 0, 0, *[free] * 108,
    )  # fmt: skip
    chain = [0xFFFFFFFD, end, *range(3, 10), end, *range(11, 18), end]
    fat = struct.pack("<128I", *chain, *[free] * (128 - len(chain)))

    def entry(
        name: str, kind: int, child: int, start: int, length: int, right: int = free
    ) -> bytes:
        text = name.encode("utf-16-le")
        return struct.pack(
            "<64sHBBIII16sI8s8sIQ",
            text, len(text) + 2 if name else 0, kind, 1, free, right, child, b"", 0, b"", b"",
            start, length,
        )  # fmt: skip

    directory = (
        entry("Root Entry", 5, 1, end, 0)
        + entry("EncryptionInfo", 2, free, 2, 4096, right=2)
        + entry("EncryptedPackage", 2, free, 10, 4096)
        + entry("", 0, free, 0, 0)
    )
    streams = struct.pack("<HHI", 4, 4, 0x40).ljust(4096, b"\x00") + bytes(range(256)) * 16
    assert len(header) == size
    assert len(directory) == size
    return header + fat + directory + streams
