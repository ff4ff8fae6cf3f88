"""Say things in the reader's language: sentences by name, and numbers by its rules."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from salesforecast.errors import ParameterError
from salesforecast.findings import filled
from salesforecast.fiscal import PLAIN, FiscalCalendar
from salesforecast.reporting import words_en, words_zh

MINUS = "−"
THIN = "\u00a0"  # English sets a space before the percent sign that does not break
CATALOGUES = {"en": words_en, "zh": words_zh}
_SCALES_ZH = {1: "", 1_000: "千", 10_000: "万", 1_000_000: "百万", 100_000_000: "亿"}
_SCALES_EN = {1: "", 1_000: "thousand ", 1_000_000: "million ", 1_000_000_000: "billion "}


@dataclass(frozen=True)
class Wording:
    """The words and number rules of one page.

    Parameters
    ----------
    language
        `"en"` or `"zh"`.
    divisor
        What amounts are divided by before they are shown.
    decimals
        Of every amount, where the unit is so large that whole ones would say too little.
    calendar
        Which days the months are made of; where they are not plain months it is said.
    """

    language: str = "en"
    divisor: int = 1
    decimals: int = 0
    calendar: FiscalCalendar = PLAIN

    def __post_init__(self) -> None:
        if self.language not in CATALOGUES:
            raise ParameterError(
                f"there is no language '{self.language}'.",
                where="the parameter 'language'",
                fix=f"use one of: {', '.join(CATALOGUES)}.",
            )

    def say(self, key: str, **values: object) -> str:
        """The sentence called `key` as plain text, filled in."""
        return filled(CATALOGUES[self.language].WORDS[key].replace("**", ""), values)

    def knows(self, key: str) -> bool:
        """Whether there is a sentence called `key`."""
        return key in CATALOGUES[self.language].WORDS

    def because(self, owner: str, reason: str) -> str:
        """Who set a limit, and why; either may be empty."""
        if owner and reason:
            return self.say("to_who", owner=owner, reason=reason)
        return owner or reason

    def html(self, key: str, **values: object) -> str:
        """The sentence called `key` as HTML: values escaped, `**bold**` set bold."""
        text = CATALOGUES[self.language].WORDS[key]
        text = escape(text, quote=False).replace("&lt;br&gt;", "<br>")
        text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
        safe = {n: v if isinstance(v, int) else escape(str(v)) for n, v in values.items()}
        return filled(text, safe)

    def name(self, kind: str, word: str) -> str:
        """A stored word (`kind` is criterion, method, level, limit, label, severity, unit) as it is said.

        What the catalogue does not know is said as it was written; `limit` words may carry an
        object after a colon, which stays.
        """
        names = CATALOGUES[self.language].NAMES
        if f"{kind} {word}" in names:
            return names[f"{kind} {word}"]
        head, colon, rest = word.partition(":")
        if kind == "limit" and colon and f"limit {head}" in names:
            return f"{names[f'limit {head}']}：{rest.strip()}"
        return word

    def unit(self, unit: str, unit_words: str) -> str:
        """What shown amounts are counted in: `thousand USD`, `万元`."""
        if (
            self.language == "zh"
            and self.divisor in _SCALES_ZH
            and f"unit {unit}" in words_zh.NAMES
        ):
            return _SCALES_ZH[self.divisor] + words_zh.NAMES[f"unit {unit}"]
        return unit_words or (self.scaled(unit).strip() if unit else "")

    def scaled(self, unit: str) -> str:
        """What amounts are counted in, for any unit: `million USD`, `亿元`."""
        if self.language == "zh":
            return _SCALES_ZH.get(self.divisor, f"{self.divisor:,} ") + self.name("unit", unit)
        return _SCALES_EN.get(self.divisor, f"{self.divisor:,} ") + unit

    def quarter(self, quarter: str) -> str:
        """Name of a quarter: `Q4 FY2013`, `2013财年第4季度`."""
        found = re.fullmatch(r"Q(\d) (FY)?(\d{4})", quarter)
        if self.language != "zh" or not found:
            return quarter
        return f"{found[3]}{'财年' if found[2] else '年'}第{found[1]}季度"

    def short_quarter(self, quarter: str) -> str:
        """Name of a quarter without its year: `Q4`, `第4季度`."""
        if self.language == "zh" and re.match(r"Q\d", quarter):
            return f"第{quarter[1]}季度"
        return quarter.split(" ")[0]

    def span(self, span: str, periods: pd.DatetimeIndex) -> str:
        """The months in words, `span` itself in English; with their days where they are not plain."""
        if self.language == "zh" and len(periods):
            first, last = periods[0], periods[-1]
            until = f"{last.year}年{last.month}月" if last.year != first.year else f"{last.month}月"
            span = f"{first.year}年{first.month}月至{until}"
        if self.calendar.plain or len(periods) < 2:
            return span
        shown = periods if len(periods) <= 3 else periods[[0, -1]]
        said = [f"P{self.calendar.number(period)} {self.days(period)}" for period in shown]
        if self.language == "zh":
            return f"{span}，{('、' if len(periods) <= 3 else '至').join(said)}"
        return f"{span} ({(', ' if len(periods) <= 3 else ' to ').join(said)})"

    def month(self, period: pd.Timestamp) -> str:
        """Head of a month's column: `Sep`, `9月`; `P9 Sep` where months are not plain ones."""
        name = f"{period.month}月" if self.language == "zh" else period.strftime("%b")
        return name if self.calendar.plain else f"P{self.calendar.number(period)} {name}"

    def days(self, period: pd.Timestamp) -> str:
        """First and last day of a month: `30 Apr–27 May`, `4月30日–5月27日`."""
        both = self.calendar.dates(period)
        if self.language == "zh":
            return "–".join(f"{day.month}月{day.day}日" for day in both)
        return "–".join(f"{day.day} {day:%b}" for day in both)

    def amount(self, value: float) -> str:
        """An amount in the page's unit: `7,350`, `−12`; one decimal below one; `–` when missing."""
        if pd.isna(value):
            return self.say("none")
        shown = value / self.divisor
        small = 0.05 <= abs(shown) < 0.95 and self.divisor > 1 and shown % 1
        text = f"{abs(shown):,.{self.decimals or int(bool(small))}f}"
        return f"{MINUS}{text}" if shown < 0 and re.search("[1-9]", text) else text

    def change(self, value: float) -> str:
        """A signed amount; zero has no sign."""
        text = self.amount(value)
        return f"+{text}" if value > 0 and re.search("[1-9]", text) else text

    def points(self, fraction: float) -> str:
        """Per cent with a sign, without the percent sign: `+9.2`, `−0.4`, `0.0`; `+1,240` of many."""
        if not math.isfinite(fraction):
            return self.say("none")
        share = abs(fraction) * 100
        text = f"{share:.1f}" if share < 999.95 else f"{share:,.0f}"
        sign = "" if text == "0.0" else "+" if fraction > 0 else MINUS
        return sign + text

    def percent(self, fraction: float, decimals: int = 0) -> str:
        """`40 %` in English, `40%` in Chinese; `–` when missing."""
        if pd.isna(fraction):
            return self.say("none")
        text = f"{abs(fraction) * 100:.{decimals}f}"
        sign = MINUS if fraction < 0 and float(text) else ""
        return f"{sign}{text}%" if self.language == "zh" else f"{sign}{text}{THIN}%"

    def chance(self, fraction: float) -> str:
        """A chance as a percentage that is 0 or 100 only when it is certain in the simulation."""
        if pd.isna(fraction):
            return self.say("none")
        return self.percent(off_the_ends(fraction))

    def in_100(self, fraction: float) -> str:
        """A chance as a count out of 100: `45`."""
        return f"{off_the_ends(fraction) * 100:.0f}"

    def criterion(self, criterion: str | Mapping[str, float]) -> str:
        """How the total is split, as the end of a sentence."""
        if isinstance(criterion, str):
            return self.name("criterion", criterion)
        joint = "、" if self.language == "zh" else ", "
        parts = (f"{self.percent(w)} {self.name('criterion', n)}" for n, w in criterion.items())
        return joint.join(parts)

    def count(self, key: str, n: int, **values: object) -> str:
        """`one unit` or `3 units`, by the catalogue's `key_1` and `key_n`."""
        return self.say(f"{key}_1" if n == 1 else f"{key}_n", n=n, **values)

    def method(self, method: str) -> str:
        """A hindcast's method as the head of a row."""
        return opened(self.name("method", method))

    def level(self, level: str) -> str:
        """A level as a heading: `Territory`, `地区`."""
        return opened(self.name("level", level))

    def date(self, value: Any) -> str:
        """A day as `30 Aug 2013` or `2013年8月30日`, a month as `Aug 2013`; other text as it is."""
        try:
            day = pd.Timestamp(value)
        except (ValueError, TypeError):
            return str(value)
        if re.fullmatch(r"\d{4}-\d{2}", str(value)):
            return f"{day.year}年{day.month}月" if self.language == "zh" else f"{day:%b %Y}"
        if self.language == "zh":
            return f"{day.year}年{day.month}月{day.day}日"
        return f"{day.day} {day:%b %Y}"


def opened(text: str) -> str:
    """`text` with a capital at its start, as a sentence or a heading opens."""
    return text[:1].upper() + text[1:]


def off_the_ends(fraction: float) -> float:
    """A chance as it is shown: 0 or 1 only when it is certain in the simulation."""
    if 0 < fraction < 0.01:
        return 0.01
    return 0.99 if 0.99 < fraction < 1 else fraction
