"""Amounts as people type them into a sheet: read into the measure, or refused by cell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from math import isfinite

import pandas as pd

from salesforecast.errors import DataError
from salesforecast.exchange.tables import Sheet
from salesforecast.history.headers import Area
from salesforecast.history.numbers import MISSING, Parsed, parse_numbers

_ERROR = re.compile(r"#(?:REF|DIV/0|N/A|NAME\?|VALUE|NUM|NULL|SPILL|CALC|GETTING_DATA)[!?]?", re.I)
_SCALED = re.compile(r"[万亿千](?:元|圆|人民币|rmb|cny)?\)?-?$", re.IGNORECASE)
_LATIN_SCALE = re.compile(r"(?P<body>.*\d)\s*(?P<scale>thousands?|millions?|mio|mn|k|m)\.?$", re.I)
_LATIN = {"t": 1e3, "k": 1e3, "m": 1e6}
_CHINESE = re.compile(r"[万亿千０-９，．]")
_MONEY = re.compile(r"[$€£¥￥₩₹₽]|usd|eur|gbp|cny|rmb|jpy|元|圆|人民币", re.IGNORECASE)


FAR_OFF = 500.0  # an amount this many times what a unit sells is a slip of the unit


@dataclass(frozen=True)
class Amount:
    """What a cell says: an amount in the measure, None for an empty cell; `text` if it was repaired."""

    value: float | None
    text: str = ""


@dataclass
class Amounts:
    """What the cells of some columns say; a place is in exactly one of both."""

    read: dict[tuple[int, str], Amount] = field(default_factory=dict)
    refused: dict[tuple[int, str], str] = field(default_factory=dict)


def read_amounts(
    sheet: Sheet, fields: Sequence[str], *, multiplier: float, unit: str, scaled: bool = True,
    known: Mapping[int, float] | None = None,
) -> Amounts:  # fmt: skip
    """Read every cell of `fields` below the names.

    Numbers are multiplied by `multiplier`, text that names its own scale (`1200万`, `3 million`) is
    not. The decimal mark of text is proven over all the columns together, as people write one way.

    Parameters
    ----------
    multiplier
        What one of the sheet's amounts is in the measure.
    unit
        What the sheet counts in, for messages.
    known
        Row to what its unit sells: of two ways to read a text, the one that can be meant.
    scaled
        False for plain numbers that are no money: counts, months.
    """
    out = Amounts()
    texts: dict[tuple[int, str], str] = {}
    for row in sheet.rows:
        for name in fields:
            if name not in sheet.columns:
                continue
            read = _cell(sheet, row, name, multiplier)
            if isinstance(read, str):
                out.refused[row, name] = read
            elif read is not None:
                out.read[row, name] = read
            else:
                texts[row, name] = str(sheet.value(row, name)).strip()
    for place, text in list(texts.items()):
        refused = _refused_text(sheet, text, unit, multiplier, scaled=scaled)
        if refused:
            out.refused[place] = refused
            del texts[place]
    _parse(sheet, texts, multiplier, out, known or {})
    return out


def _cell(sheet: Sheet, row: int, name: str, multiplier: float) -> Amount | str | None:
    """An amount, the reason of a refusal, or None for text that is still to be read."""
    place, value = sheet.place(row, name), sheet.value(row, name)
    page = sheet.page
    if place in page.formulas and value in ("", None):
        return sheet.say("no_cache", text=page.formulas[place])
    if value not in ("", None) and any(_spans(area, place) for area in page.merged):
        return sheet.say("merged", text=value)
    if place in page.errors:
        return sheet.say("error_value", text=page.errors[place])
    if value in ("", None):
        return Amount(None)
    if isinstance(value, bool):
        return sheet.say("no_amount", text=str(value).upper())
    if isinstance(value, date | time | timedelta):
        return sheet.say("a_date", text=value)
    if isinstance(value, int | float):
        if "%" in page.formats.get(place, ""):
            return sheet.say("percent", text=f"{100 * value:.6g}%")
        return (
            Amount(float(value) * multiplier)
            if isfinite(value)
            else sheet.say("no_amount", text=value)
        )
    return None


def _spans(area: Area, place: tuple[int, int]) -> bool:
    """Whether a place lies in cells that are merged over several rows."""
    (top, left), (bottom, right) = area
    return bottom > top and top <= place[0] <= bottom and left <= place[1] <= right


def _refused_text(sheet: Sheet, text: str, unit: str, multiplier: float, *, scaled: bool) -> str:
    """Why a text can be no amount here; empty when it may be one."""
    bare = unicodedata.normalize("NFKC", text).strip()
    if _ERROR.fullmatch(bare):
        return sheet.say("error_value", text=text)
    if bare.endswith(("%", "‰")):
        return sheet.say("percent", text=text)
    has_scale = bool(_SCALED.search(bare) or _LATIN_SCALE.fullmatch(_MONEY.sub("", bare).strip()))
    if scaled and multiplier != 1 and _MONEY.search(bare) and not has_scale:
        return sheet.say("currency", text=text, unit=unit)
    return ""


def _parse(
    sheet: Sheet, texts: Mapping[tuple[int, str], str], multiplier: float, out: Amounts,
    known: Mapping[int, float],
) -> None:  # fmt: skip
    places = list(texts)
    factors: list[float] = []
    bodies: list[str] = []
    for place in places:
        body, factor = _without_scale(texts[place], multiplier)
        bodies.append(body)
        factors.append(factor)
    series = pd.Series(bodies, dtype="str")
    whole = _numbers(series, sheet, places, mark="." if sheet.language == "zh" else "")
    for at, place in enumerate(places):
        text, body, factor = texts[place], bodies[at], factors[at]
        if unicodedata.normalize("NFKC", body).strip().lower() in MISSING:
            out.read[place] = Amount(None, text)
            continue
        parsed, position = whole, at
        if parsed is None:
            parsed, position = _alone(series.iloc[[at]], sheet, text), 0
        if parsed is None:
            ways = _ways(series.iloc[[at]])
            meant = [w for w in ways if _can_be(w * factor, known.get(place[0], 0.0))]
            if len(meant) == 1:
                out.read[place] = Amount(meant[0] * factor, text)
            else:
                why = " / ".join(f"{way:,.10g}" for way in ways)
                out.refused[place] = sheet.say("ambiguous", text=text, why=why)
        elif position in parsed.bad or pd.isna(parsed.values.iloc[position]):
            out.refused[place] = sheet.say("no_amount", text=text)
        else:
            odd = any(position in positions for positions in parsed.repairs.values())
            said = "" if sheet.page.text and body == text and not odd else text
            out.read[place] = Amount(float(parsed.values.iloc[position]) * factor, said)


def _alone(text: pd.Series, sheet: Sheet, written: str) -> Parsed | None:
    """One text read by itself; Chinese units and full-width digits have a decimal point."""
    return _numbers(text, sheet, [], mark="." if _CHINESE.search(written) else "")


def _ways(text: pd.Series) -> list[float]:
    """The two numbers that a text can be."""
    parsed = (parse_numbers(text, cell=lambda _: "", decimal=mark) for mark in ".,")
    return [float(each.values.iloc[0]) for each in parsed]


def _can_be(amount: float, known: float) -> bool:
    """Whether an amount is of the order of what a unit sells; without knowing it, any is."""
    return known <= 0 or known / FAR_OFF <= amount <= known * FAR_OFF


def _without_scale(text: str, multiplier: float) -> tuple[str, float]:
    """Text without a Latin scale, and what its number is to be multiplied by."""
    bare = unicodedata.normalize("NFKC", text).strip()
    if _SCALED.search(bare):
        return text, 1.0
    found = _LATIN_SCALE.fullmatch(_MONEY.sub("", bare).strip())
    if found:
        return found["body"], _LATIN[found["scale"][0].lower()]
    return text, multiplier


def _numbers(
    texts: pd.Series, sheet: Sheet, places: Sequence[tuple[int, str]], *, mark: str
) -> Parsed | None:
    """Texts as numbers; None where the decimal mark is in doubt."""

    def cell(at: int) -> str:
        return sheet.note("", *places[at]).cell if places else ""

    try:
        return parse_numbers(texts, cell=cell, decimal=mark)
    except DataError:
        return None
