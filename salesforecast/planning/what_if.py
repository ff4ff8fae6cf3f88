"""Named changes together: composed in order, taken back one by one, read from a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pandas as pd
import tomlkit
from tomlkit.exceptions import TOMLKitError

from salesforecast.errors import ParameterError, SalesforecastError, nearest, toml_advice
from salesforecast.planning.basis import Basis
from salesforecast.planning.changes import (
    Assume,
    CapPlant,
    Change,
    Hire,
    Leave,
    Limit,
    MovePromotion,
    Price,
    Shock,
    Slip,
)
from salesforecast.planning.reshape import Merge, NewRegion, Rename, Split

CHANGES: Mapping[str, type] = {
    "assume": Assume,
    "cap": CapPlant,
    "hire": Hire,
    "leave": Leave,
    "limit": Limit,
    "merge": Merge,
    "new_region": NewRegion,
    "price": Price,
    "promotion": MovePromotion,
    "rename": Rename,
    "shock": Shock,
    "slip": Slip,
    "split": Split,
}
_NAMES = {kind: name for name, kind in CHANGES.items()}


@dataclass(frozen=True)
class WhatIf:
    """A question: what if these things changed?

    Parameters
    ----------
    name
        What it is called beside the plan.
    changes
        Applied in order, each on what the one before gave.
    """

    name: str
    changes: tuple[Change, ...] = ()

    def apply(self, basis: Basis) -> Basis:
        """The basis with every change; `basis` itself stays as it was.

        Raises
        ------
        SalesforecastError
            If a change does not fit; the message says which.
        """
        for number, change in enumerate(self.changes, 1):
            try:
                basis = change.apply(basis)
            except SalesforecastError as error:
                raise ParameterError(
                    error.what,
                    where=f"'{self.name}', change {number} ({change.words()}): {error.where}",
                    fix=error.fix,
                ) from error
        return basis

    def then(self, *changes: Change) -> WhatIf:
        """The same question with further changes."""
        return replace(self, changes=(*self.changes, *changes))

    def without(self, number: int) -> WhatIf:
        """The same question without its change of this number, the first being 1."""
        if not 1 <= number <= len(self.changes):
            raise ParameterError(
                f"'{self.name}' has no change {number}.",
                where="the what-if",
                fix=f"its changes are 1 to {len(self.changes)}.",
            )
        kept = (c for at, c in enumerate(self.changes, 1) if at != number)
        return replace(self, changes=tuple(kept))

    def words(self) -> str:
        """What changes, in one sentence."""
        return "; ".join(change.words() for change in self.changes) or "nothing changes"

    @classmethod
    def read(cls, path: str | Path) -> WhatIf:
        """Read a what-if file: `name = ...` and a list of `[[change]]`, each with `what` it is."""
        try:
            text = Path(path).read_bytes().decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable(path, error) from error
        return cls.from_text(text, where=str(path), name=Path(path).stem)

    @classmethod
    def from_text(cls, text: str, *, where: str, name: str = "what-if") -> WhatIf:
        """Make a what-if of a file's text; `where` and `name` (if it says none) are the file's."""
        try:
            raw = tomlkit.parse(text).unwrap()
        except TOMLKitError as error:
            raise _unreadable(where, error, text) from error
        for key in raw:
            if key not in ("name", "change"):
                raise ParameterError(
                    f"'{key}' is not known.", where=where, fix=nearest(key, ("name", "change"))
                )
        entries = raw.get("change", [])
        changes = [make(entry, f"{where}, change {n}") for n, entry in enumerate(entries, 1)]
        return cls(str(raw.get("name", name)), tuple(changes))

    def to_text(self) -> str:
        """It as the text of a what-if file; `from_text` gives an equal one back."""
        document = tomlkit.document()
        document["name"] = self.name
        array = tomlkit.aot()
        for change in self.changes:
            entry = tomlkit.table()
            entry["what"] = _NAMES[type(change)]
            for part in fields(change):  # type: ignore[arg-type]
                value = getattr(change, part.name)
                if value not in (None, ""):
                    entry[part.name] = _plain(value)
            array.append(entry)
        document["change"] = array
        return tomlkit.dumps(document)

    def write(self, path: str | Path) -> None:
        """Write it as TOML; `WhatIf.read` gives an equal one back."""
        Path(path).write_text(self.to_text(), "utf-8", newline="")


def _unreadable(where: str | Path, error: Exception, text: str = "") -> ParameterError:
    fix = toml_advice(text, error) if text else "check the path; save the file as UTF-8 text."
    return ParameterError("the what-if cannot be read.", where=f"{where}: {error}", fix=fix)


def make(entry: Mapping[str, Any], where: str) -> Change:
    """Make one change of `what` it is and its settings; unknown and missing names are refused."""
    values = dict(entry)
    kind = str(values.pop("what", ""))
    if kind not in CHANGES:
        raise ParameterError(
            f"'{kind}' is no kind of change.", where=where, fix=nearest(kind, CHANGES)
        )
    known = {part.name for part in fields(CHANGES[kind])}
    for name in values:
        if name not in known:
            raise ParameterError(
                f"'{name}' is not known.", where=where, fix=nearest(name, sorted(known))
            )
    values = {name: _hashed(value) for name, value in values.items()}
    try:
        change: Change = CHANGES[kind](**values)
    except TypeError as error:
        raise ParameterError(
            f"a change of kind '{kind}' lacks something.",
            where=f"{where}: {str(error).partition('()')[2].strip()}",
            fix=f"it has: {', '.join(sorted(known))}.",
        ) from error
    return change


def _hashed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _hashed(one) for key, one in value.items()}
    return tuple(value) if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        table.update({key: _plain(one) for key, one in value.items()})
        return table
    return list(value) if isinstance(value, tuple) else value


def tornado(
    basis: Basis,
    swings: Mapping[str, tuple[Change, Change]],
    value: Callable[[Basis], float],
) -> pd.DataFrame:
    """What each assumption is worth: the value with it low and high, all others as they are.

    Parameters
    ----------
    swings
        Name of an assumption to its low and its high change.
    value
        What is looked at, such as the chance of the total under a fixed plan.

    Returns
    -------
    pd.DataFrame
        On name, the widest first: `base, low, high, low_change, high_change, width`.
    """
    base = value(basis)
    rows = {}
    for name, (low, high) in swings.items():
        below, above = value(low.apply(basis)), value(high.apply(basis))
        rows[name] = {
            "base": base,
            "low": below,
            "high": above,
            "low_change": below - base,
            "high_change": above - base,
            "width": max(below, above, base) - min(below, above, base),
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "assumption"
    return table.sort_values("width", ascending=False, kind="stable")
