"""Units: what a column name or a title says that amounts are counted in, and how to show them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from salesforecast.history.organisation import Measure
from salesforecast.history.profiles import words

_CODES = "EUR|USD|CNY|RMB|GBP|JPY|CHF|AUD|CAD|HKD|TWD|SGD|INR|KRW|SEK|NOK|DKK|PLN|BRL|MXN|ZAR|AED"
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "CNY", "￥": "CNY", "₹": "INR", "₩": "KRW"}
_SCALES = {
    "百万": 1e6, "亿": 1e8, "万": 1e4, "千": 1e3,
    "thousand": 1e3, "thousands": 1e3, "k": 1e3, "t": 1e3, "000": 1e3,
    "million": 1e6, "millions": 1e6, "mio": 1e6, "mn": 1e6, "m": 1e6,
}  # fmt: skip
_SCALE = "thousands?|millions?|mio\\.?|mn|000s?|[ktm]"
_IN_BRACKETS = re.compile(r"[(（\[]\s*([^)）\]]+?)\s*[)）\]]")
_IN_TITLE = re.compile(r"(?:单位|[Uu]nit|[Cc]urrency)\s*[:：]\s*([^\s'/)）]+)")
_CURRENCY = re.compile(
    rf"(?:(?<![a-z])(?P<before>{_SCALE})\s*)?(?P<unit>(?<![a-z]){_CODES}|(?<=[ktm]){_CODES}|[€$£¥￥₹₩])"
    rf"(?:\s*(?P<after>{_SCALE})(?![a-z]))?(?![a-z])",
    re.IGNORECASE,
)
_IN_WORDS = re.compile(rf"\bin\s+(?={_CURRENCY.pattern})", re.IGNORECASE)
_YUAN = re.compile(r"[_\-/,，\s]*(?P<scale>百万|亿|万|千)?(?P<unit>元|人民币)$")
_SAYS_CURRENCY = re.compile(
    r"币[种别制]|货币|\bcurrency\b(?! ?(?:rate|key|id))|\bccy\b", re.IGNORECASE
)
_NO_UNIT = re.compile(
    r"(?:net|gross|total|actuals?|(?:ex|in)cl\.? .*|(?:ex|in)cluding .*|不?含税|未税|净额|实际)",
    re.IGNORECASE,
)
_CHINESE = re.compile(r"[一-鿿]")


@dataclass(frozen=True)
class Unit:
    """What amounts are counted in: `multiplier` of `name` each; `words` are those that say so."""

    name: str = ""
    multiplier: float = 1.0
    words: str = ""


def currencies_in(column: str, values: Iterable[str]) -> tuple[str, ...]:
    """Currencies that the cells of a column name; none where it is a column of something else."""
    named = tuple(sorted({value.strip() for value in values} - {""}))
    codes = all(value.upper() in _CODES.split("|") for value in named)
    return named if codes or _SAYS_CURRENCY.search(words(column)) else ()


def unit_of(column: str, titles: str = "") -> Unit:
    """Unit in a column name or in a title: `销售额(万元)`, `Net Sales EUR`, `单位：万元`, `in thousand EUR`."""
    found = _IN_BRACKETS.search(column)
    if found and not _NO_UNIT.fullmatch(found[1]):
        return _plain(found[1], found[0])
    if (found := _YUAN.search(column)) and column[: found.start()][-1:] != "单":
        return Unit("元", _SCALES.get(found["scale"] or "", 1.0), found[0])
    if found := _CURRENCY.search(re.sub(r"[_\-]", " ", column)):
        return _currency(found, column[found.start() : found.end()])
    if found := _IN_TITLE.search(titles):
        return _plain(found[1], "")
    if (found := _IN_WORDS.search(titles)) and (said := _CURRENCY.match(titles, found.end())):
        return _currency(said, "")
    for found in _IN_BRACKETS.finditer(titles):
        unit = _plain(found[1], "")
        if unit.name == "元" or unit.name in _CODES.split("|"):
            return unit
    return Unit()


def _plain(text: str, said: str) -> Unit:
    """A unit that stands for itself."""
    for sign in ("百万", "亿", "万", "千"):
        if text.startswith(sign):
            return Unit(text.removeprefix(sign) or "元", _SCALES[sign], said)
    if found := _CURRENCY.search(text):
        return _currency(found, said)
    return Unit(text, 1.0, said)


def _currency(found: re.Match[str], said: str) -> Unit:
    scale = (found["before"] or found["after"] or "").lower().strip(". ")
    unit = _SIGNS.get(found["unit"], found["unit"].upper())
    return Unit(unit, _SCALES.get(scale.removesuffix("s"), _SCALES.get(scale, 1.0)), said)


def measure_of(column: str, unit: Unit, size: float) -> Measure:
    """The measure of a column of amounts that come to `size` units a period."""
    bare = column.replace(unit.words, " ") if unit.words else column
    name = re.sub(r"\s+(?:in)?$", "", _IN_BRACKETS.sub("", words(bare))).strip()
    if size <= 1e6:
        display, divisor = "", 1
    elif _CHINESE.search(unit.name):
        display, divisor = f"万{unit.name}", 10_000
    else:
        display, divisor = f"thousand {unit.name}".strip(), 1000
    known = len(name) > 1 and name not in ("value", "amount in")
    return Measure(
        name=name if known else "sales", unit=unit.name, display=display, divisor=divisor
    )
