"""`job.toml`: which notebook, on which data, with what, until when, and who is told."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from salesforecast.errors import ParameterError, nearest, toml_advice
from salesforecast.masking import holds_credentials, refuse_secrets
from salesforecast.runs import DEADLINE

LONGEST = 200_000  # bytes; a job file is a page
OUTCOMES = ("success", "unchanged", "warning", "failure")
SHARES = ("fewer_lines", "lost_lines", "restated", "drop")  # of [gate]
KINDS = ("wecom", "dingtalk", "slack", "email")
_WORDS: Mapping[Any, str] = {
    str: "a text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    tuple[str, ...]: "a list of texts",
}


@dataclass(frozen=True)
class Thresholds:
    """`[gate]`: what the data may look like; beyond it the run stops. A negative number: never.

    Parameters
    ----------
    max_age_days
        Days since the newest sale.
    fewer_lines
        Share of the order lines by which the newest whole period may fall below the mean of the
        three before it.
    lost_lines
        Share of the order lines of the last run that may be missing from the periods it knew.
    restated
        Share by which the sales of a place in those periods may differ from the last run.
    drop
        Share by which the newest whole period of a place of the first level may fall below its
        own of a year before, or the mean of the three before it where there is none.
    empty_periods
        Periods without any sale between the first and the newest.
    accept
        Places and products that may be new, or gone: paths as the message writes them.
    """

    max_age_days: float = -1.0
    fewer_lines: float = 0.5
    lost_lines: float = 0.02
    restated: float = 0.02
    drop: float = 0.5
    empty_periods: int = 0
    accept: tuple[str, ...] = ()


@dataclass(frozen=True)
class Keep:
    """`[keep]`: the last `good` runs, and failed ones for `failed_days`. The newest good one stays."""

    good: int = 30
    failed_days: float = 30.0


@dataclass(frozen=True)
class Notice:
    """`[[notice]]`: who is told, and when.

    `address` is the variable of the environment that holds the webhook, or the mail server
    (`smtp://user:password@host:587`, `smtps://...`). E-mail goes `to` people.
    """

    kind: str
    address: str
    on: tuple[str, ...] = ("failure", "warning")
    to: tuple[str, ...] = ()
    sender: str = "salesforecast@localhost"
    language: str = "en"


@dataclass(frozen=True)
class JobFile:
    """A scheduled run. Paths are absolute; in the file they are relative to it."""

    notebook: str
    organisation: str = ""
    scenario: str = ""
    outputs: str = "outputs"
    deadline: float = DEADLINE
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    gate: Thresholds | None = None
    keep: Keep | None = None
    notices: tuple[Notice, ...] = ()
    path: Path = Path()

    @classmethod
    def read(cls, path: Path) -> JobFile:
        """Read a job file.

        Raises
        ------
        ParameterError
            If it is missing or no TOML, a name is unknown (the nearest known one and the line
            are named), a value has the wrong type, or a secret stands in it.
        """
        text = _text(path)
        try:
            content = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise _refused("the job file is not valid TOML.", f"{path.name}: {error}", toml_advice(text, error)) from error  # fmt: skip
        return _Reader(path.name, text).job(content, path.absolute().parent, path)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LONGEST:
            raise _refused("the job file is too long.", str(path), "keep it to a page.")
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused("the job file cannot be read as text.", f"{path}: {error}", "save it as UTF-8 text.") from error  # fmt: skip
    except (OSError, ValueError) as error:
        raise _refused("the job file cannot be read.", f"{path}: {getattr(error, 'strerror', None) or error}", "check the path.") from error  # fmt: skip


def _refused(what: str, where: str, fix: str) -> ParameterError:
    return ParameterError(what, where=where, fix=fix)


@dataclass(frozen=True)
class _Reader:
    """Turns parsed TOML into the dataclasses above; whatever is wrong is named with its line."""

    name: str
    text: str

    def job(self, content: Mapping[str, Any], folder: Path, path: Path) -> JobFile:
        parts = {"parameters": dict, "gate": dict, "keep": dict, "notice": list}
        hints = get_type_hints(JobFile)
        plain = {key for key, kind in hints.items() if kind in _WORDS}
        for key, value in content.items():
            self.known(key, [*plain, *parts], "")
            if key in parts and not isinstance(value, parts[key]):
                sign = f"[[{key}]]" if parts[key] is list else f"[{key}]"
                self.refuse(f"'{key}' is a table.", key, f"write {sign} above its lines.")
        if "notebook" not in content:
            self.refuse(
                "'notebook' is missing.", "", 'add a line: notebook = "quarterly_allocation".'
            )
        values = {key: self.value(hints[key], content[key], key) for key in plain if key in content}
        if values.get("deadline", 1.0) <= 0:
            self.refuse("the deadline is no time at all.", "deadline", "give seconds.")
        for key in ("organisation", "scenario", "outputs"):
            text = values.get(key, "outputs" if key == "outputs" else "")
            values[key] = str((folder / Path(text).expanduser()).resolve()) if text else ""
        parameters = dict(content.get("parameters", {}))
        refuse_secrets(parameters, where=f"{self.name}, [parameters]")
        self.scalars(parameters)
        gate, keep = content.get("gate"), content.get("keep")
        job = JobFile(
            **values,
            parameters=parameters,
            gate=None if gate is None else self.gate(gate),
            keep=None if keep is None else self.part(Keep, keep, "keep"),
            notices=tuple(self.notice(table) for table in content.get("notice", [])),
            path=path,
        )
        if job.keep and job.keep.good < 1:
            self.refuse("at least one good run is kept.", "good", "write good = 1 or more.")
        return job

    def scalars(self, parameters: Mapping[str, Any]) -> None:
        """A notebook's parameters are texts, numbers, true and false."""
        for key, value in parameters.items():
            if not isinstance(value, str | int | float | bool):
                self.refuse(
                    f"parameter '{key}' is no single value.", key, "give a text or a number."
                )

    def gate(self, table: Mapping[str, Any]) -> Thresholds:
        found: Thresholds = self.part(Thresholds, table, "gate")
        for key in SHARES:
            if (share := getattr(found, key)) > 1:
                percent = f"{share:g} % is {share / 100:g}" if share <= 100 else "5 % is 0.05"
                self.refuse(
                    f"'{key}' is a share, not {share:g}.", key, f"write a fraction: {percent}."
                )
        return found

    def notice(self, table: Any) -> Notice:
        if not isinstance(table, dict):
            self.refuse("'notice' is a table.", "notice", "write [[notice]] above its lines.")
        found: Notice = self.part(Notice, table, "notice")
        for value, known in ((found.kind, KINDS), (found.language, ("en", "zh"))):
            if value not in known:
                self.refuse(f"'{value}' is not known.", value, nearest(value, known))
        for word in found.on:
            if word not in OUTCOMES:
                self.refuse(f"'{word}' is no outcome of a run.", "on", nearest(word, OUTCOMES))
        if holds_credentials(found.address) or not re.fullmatch(r"[A-Za-z_]\w*", found.address):
            self.refuse(
                "an address is a secret and stands in the environment.",
                "address",
                'set a variable, and write its name: address = "SALES_WEBHOOK".',
            )
        if found.kind == "email" and not found.to:
            self.refuse("nobody gets this e-mail.", "to", 'write to = ["name@company.com"].')
        return found

    def part(self, kind: type, table: Mapping[str, Any], section: str) -> Any:
        hints = get_type_hints(kind)
        for key in table:
            self.known(key, list(hints), section)
        for part in dataclasses.fields(kind):
            if part.default is dataclasses.MISSING and part.name not in table:
                self.refuse(f"[{section}] lacks '{part.name}'.", section, f"add: {part.name} = ...")
        return kind(**{key: self.value(hints[key], value, key) for key, value in table.items()})

    def value(self, kind: Any, value: Any, key: str) -> Any:
        if kind == tuple[str, ...]:
            items = [value] if isinstance(value, str) else value
            if isinstance(items, list) and all(isinstance(item, str) for item in items):
                return tuple(items)
        elif kind is float and isinstance(value, int | float) and not isinstance(value, bool):
            if abs(value) < 1e12:
                return float(value)
        elif type(value) is kind:
            return value
        fix = f"give {_WORDS[kind]}."
        if percent := re.fullmatch(r"\s*([-+]?[\d.]+)\s*[%％]\s*", str(value)):
            fix = f"write a fraction: {float(percent[1]) / 100:.6g} is {percent[1]} %."
        self.refuse(f"'{key}' is {_WORDS[kind]}, not {value!r:.60}.", key, fix)
        raise AssertionError("refuse always raises")

    def known(self, key: str, keys: list[str], section: str) -> None:
        if key not in keys:
            inside = f" in [{section}]" if section else ""
            self.refuse(f"there is no '{key}'{inside}.", key, nearest(key, keys))

    def refuse(self, what: str, key: str, fix: str) -> None:
        lines = enumerate(self.text.splitlines(), start=1)
        at = next((n for n, line in lines if key and re.match(rf'\s*\[*\s*"?{re.escape(key)}\b', line)), 0)  # fmt: skip
        raise _refused(what, f"{self.name}{f', line {at}' if at else ''}", fix)
