"""Numbers as people write them: `1,234.50`, `(300)`, `¥1.2万`, `１２３`; in doubt, refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesforecast.errors import DataError

MISSING = {"", "-", "--", "–", "—", "n/a", "na", "nan", "null", "none", "无", "#n/a", "."}
FACTORS = {"亿": 1e8, "万": 1e4, "千": 1e3, "%": 0.01}
_MONEY = re.compile(r"(?:[$€£¥₩₹₽]|usd|eur|gbp|cny|rmb|jpy|元|圆|人民币)", re.IGNORECASE)
_SHAPE = re.compile(r"[0-9]+(?:[.,' ][0-9]+)*|[.,][0-9]+")
_GROUPED = re.compile(r"[0-9]{1,3}([,.' ])(?:[0-9]{2,3}\1)*[0-9]{3}")


@dataclass(frozen=True)
class Parsed:
    """Values read from text: what was repaired on the way, and where nothing could be read.

    `repairs` maps a description to the positions it concerns; `bad` are positions.
    """

    values: pd.Series
    repairs: dict[str, list[int]]
    bad: list[int]


@dataclass(frozen=True)
class _Piece:
    """One cell taken apart: the digits with their separators, and the factor before them."""

    at: int
    body: str
    factor: float


def parse_numbers(text: pd.Series, *, cell: Callable[[int], str], decimal: str = "") -> Parsed:
    """Read numbers from text.

    The decimal mark is the declared one, else what the column proves: `1.234,5` or `1,234,567`
    or `3,5` do, `1,234` alone does not. Full-width digits, currency signs, brackets for negative
    numbers, `万`, `亿` and `%` are read and listed as repairs.

    Parameters
    ----------
    text
        str; empty text and dashes are missing values.
    cell
        Names the cell at a position, for messages: `"orders.csv, row 14, column 'Sales'"`.
    decimal
        `"."` or `","` when the user declared it.

    Raises
    ------
    DataError
        If the decimal mark is ambiguous, or cells contradict each other.
    """
    raw = text.fillna("").astype("str")
    values = pd.to_numeric(raw, errors="coerce").to_numpy("float64", na_value=np.nan).copy()
    odd = ~np.isfinite(values) | raw.str.fullmatch(r"\d{1,3}\.\d{3}").to_numpy(bool)
    if decimal == ",":
        odd |= raw.str.contains(".", regex=False).to_numpy(bool)
    values[odd] = np.nan
    repairs: dict[str, list[int]] = {}
    pieces: list[_Piece] = []
    bad: list[_Piece] = []
    for at in np.flatnonzero(odd):
        piece = _take_apart(int(at), raw.iloc[at], repairs)
        if piece is None:
            continue
        (pieces if _SHAPE.fullmatch(piece.body) else bad).append(piece)
    plain_dot = bool(raw[~odd].str.contains(".", regex=False).any())
    mark = _decimal_mark(pieces, decimal, "." if plain_dot else "", cell, raw)
    for piece in pieces:
        number = _value(piece.body, mark)
        if number is None:
            bad.append(piece)
            continue
        values[piece.at] = number * piece.factor
        if re.search(r"[,' ]" if mark == "." else r"[.' ]", piece.body):
            repairs.setdefault("thousands separators", []).append(piece.at)
        if mark == "," and "," in piece.body:
            repairs.setdefault("decimal comma", []).append(piece.at)
    return Parsed(pd.Series(values, index=text.index), repairs, sorted(piece.at for piece in bad))


def _take_apart(at: int, cell_text: str, repairs: dict[str, list[int]]) -> _Piece | None:
    """Strip signs, units and currency; None for a missing value."""
    body = unicodedata.normalize("NFKC", cell_text).strip()
    if body.lower() in MISSING:
        return None
    if body != cell_text.strip():
        repairs.setdefault("full-width characters", []).append(at)
    factor = 1.0
    bare = _MONEY.sub("", body).strip()
    if bare != body:
        repairs.setdefault("currency signs", []).append(at)
    bare = bare.replace("−", "-")
    if bare.startswith("(") and bare.endswith(")"):
        bare, factor = bare[1:-1].strip().removeprefix("-"), -factor  # (-5) and (5) are minus five
        repairs.setdefault("brackets for negative numbers", []).append(at)
    while bare and bare[-1] in FACTORS:
        repairs.setdefault(f"the unit {bare[-1]}", []).append(at)
        bare, factor = bare[:-1].strip(), factor * FACTORS[bare[-1]]
    if bare.startswith("-"):
        bare, factor = bare[1:].strip(), -factor
    elif bare.endswith("-"):  # one sign only: "--5" and "-5-" say nothing for sure
        bare, factor = bare[:-1].strip(), -factor
    return _Piece(at, bare.removeprefix("+").strip(), factor)


def _evidence(body: str) -> str:
    """The decimal mark that this text proves, `?` when it could be either, empty for none."""
    marks = [character for character in body if character in ".,"]
    if not marks:
        return ""
    if len(set(marks)) == 2:
        return marks[-1]
    other = "," if marks[0] == "." else "."
    if len(marks) > 1:
        return other
    whole, _, part = body.partition(marks[0])
    whole = whole.replace(" ", "").replace("'", "")
    if len(part) != 3 or len(whole) > 3 or whole in ("", "0") or whole.startswith("0"):
        return marks[0]
    return "?"


def _decimal_mark(
    pieces: list[_Piece],
    declared: str,
    plain: str,
    cell: Callable[[int], str],
    raw: pd.Series,
) -> str:
    """The one decimal mark of a column, declared or proven."""
    if declared:
        return declared
    proofs: dict[str, str] = {plain: "other cells"} if plain else {}
    doubtful = None
    for piece in pieces:
        mark = _evidence(piece.body)
        if mark == "?":
            doubtful = doubtful or piece
        elif mark and _value(piece.body, mark) is not None:
            proofs.setdefault(mark, f"{cell(piece.at)}: '{raw.iloc[piece.at]}'")
    if len(proofs) == 2:
        raise DataError(
            "the decimal mark differs within one column.",
            where=f"decimal point in {proofs['.']}; decimal comma in {proofs[',']}",
            fix='write all numbers of the column in one way, or declare decimal = "." or "," '
            "under [[source]].",
        )
    if proofs:
        return next(iter(proofs))
    if doubtful is not None:
        body = doubtful.body
        raise DataError(
            "the decimal mark is ambiguous: no cell of the column shows what it is.",
            where=f"{cell(doubtful.at)}: '{raw.iloc[doubtful.at]}' could be "
            f"{re.sub('[.,]', '', body)} or {re.sub('[.,]', '.', body)}",
            fix='declare it under [[source]]: decimal = "." when 1,234 is a thousand and more, '
            'decimal = "," when 1,234 is a little more than one.',
        )
    return "."


def _value(body: str, mark: str) -> float | None:
    whole, found, part = body.partition(mark)
    if not whole.isdigit() and whole:
        if not _GROUPED.fullmatch(whole):
            return None
        whole = re.sub(r"[,.' ]", "", whole)
    if found and not part.isdigit():
        return None
    return float(f"{whole or '0'}.{part or '0'}")
