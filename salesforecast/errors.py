"""Every error and finding that a user can meet: each says what, where, and how to fix it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal

Severity = Literal["error", "warning", "note", "repair"]


@dataclass(frozen=True)
class Finding:
    """One thing that was noticed in the user's data, and what it means for the result.

    Parameters
    ----------
    severity
        `error` stops a run, `warning` goes into the report, `note` says what moved the forecast
        besides time, `repair` what was read how.
    what
        The observation, in the words of a planner: `"2 dates could not be read"`.
    where
        File, row, column or cell: `"orders.csv, row 14, column 'Order date'"`.
    effect
        What was done about it, or what to do.
    rows
        How many rows it concerns; 0 when it concerns no row in particular.
    code, figures
        What kind of observation it is and what its sentences speak of, so that it can be said in
        another language (`salesforecast.findings`); empty where it is in English only.
    """

    severity: Severity
    what: str
    where: str
    effect: str
    rows: int = 0
    code: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return f"{self.severity}: {self.what} ({self.where}). {self.effect}"


class SalesforecastError(Exception):
    """An error of the user's data or wishes; what, where and fix are all asked for."""

    exit_code = 1

    def __init__(self, what: str, *, where: str, fix: str) -> None:
        super().__init__(what, where, fix)
        self.what, self.where, self.fix = what, where, fix

    def __str__(self) -> str:
        return f"{self.what}\n  where: {self.where}\n  fix: {self.fix}"


class ParameterError(SalesforecastError):
    """A command or job was called wrongly."""

    exit_code = 2


class DataError(SalesforecastError):
    """The user's data was refused; `findings` lists every reason, not only the first.

    A single one is the error itself, in its words.
    """

    exit_code = 3

    def __init__(
        self, what: str, *, where: str, fix: str, findings: Sequence[Finding] = ()
    ) -> None:
        super().__init__(what, where=where, fix=fix)
        self.findings = tuple(findings)

    def __str__(self) -> str:
        several = self.findings if len(self.findings) > 1 else ()
        return super().__str__() + "".join(f"\n  - {finding}" for finding in several)


class TableError(DataError):
    """A table that passes between rooms has the wrong columns, types or keys."""


class OrganisationError(DataError):
    """`organisation.toml` or `scenario.toml` cannot be understood."""


class InfeasibleError(SalesforecastError):
    """No plan satisfies every limit; `where` names the limits that contradict each other.

    `conflicts` holds them one by one (`salesforecast.allocation.conflicts.Conflict`).
    """

    exit_code = 4
    conflicts: tuple[Any, ...] = ()


class ConflictError(SalesforecastError):
    """Somebody else saved first; `kept` is the version that holds what was about to be saved."""

    exit_code = 2

    def __init__(self, what: str, *, where: str, fix: str, kept: object = None) -> None:
        super().__init__(what, where=where, fix=fix)
        self.kept = kept


class EngineError(SalesforecastError):
    """A notebook kernel or another engine failed."""

    exit_code = 5


class DeadlineError(SalesforecastError):
    """A run was stopped because it took longer than it was allowed."""

    exit_code = 6


def nearest(word: str, known: Iterable[str]) -> str:
    """Words to put into a fix: the known name nearest to `word`, or all of them."""
    names = list(known)
    close = get_close_matches(word, names, n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'?" if close else f"use one of: {', '.join(names)}."


def toml_advice(text: str, error: object) -> str:
    """Words to put into a fix: what to do about a line that is no TOML, usual slips by name."""
    found = re.search(r"at line (\d+)", str(error))
    lines = text.splitlines()
    line = lines[int(found[1]) - 1] if found and 0 < int(found[1]) <= len(lines) else ""
    value = line.partition("=")[2].split("#")[0].strip()
    if percent := re.fullmatch(r"([-+]?\d*\.?\d+)\s*[%％]", value):
        share = f"{float(percent[1]) / 100:.6g}"
        return f"write a fraction, without a per cent sign: {share} is {percent[1]} %."
    if re.fullmatch(r"[-+]?\d{1,3}([,，' ]\d{3})+", value):
        return f"write numbers without separators: {re.sub('[^0-9+-]', '', value)}."
    if "twice" in str(error) or "overwrite" in str(error):
        return "write each [section] and each name in it once: put the lines together."
    return (
        "texts stand in quotes, lists in [ ], each line is `name = value`, and paths have / "
        "instead of \\."
    )
