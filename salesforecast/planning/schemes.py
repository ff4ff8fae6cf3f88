"""What people are paid by, in a file: commission tiers and bonuses, and whom they pay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import tomlkit
from tomlkit.exceptions import TOMLKitError

from salesforecast.errors import ParameterError, SalesforecastError, nearest
from salesforecast.hierarchy import ROOT, Hierarchy
from salesforecast.planning.appraise import Bonus, Tiers

_KEYS = {
    "tiers": ("node", "rates", "marginal"),
    "bonus": ("node", "amount", "factors", "smooth"),
}


def read_schemes(path: str | Path, hierarchy: Hierarchy) -> dict[str, list[Tiers | Bonus]]:
    """Read a file of `[[tiers]]` and `[[bonus]]`; person to what that person is paid by.

    `node` says whom an entry pays: everybody below it, the whole company without it. Of the
    entries of one kind the nearest above a person counts. House leaves are paid nothing.

    Raises
    ------
    ParameterError
        If the file cannot be read, or names an unknown key or unit; with the nearest right one.
    """
    try:
        raw = tomlkit.parse(Path(path).read_bytes().decode("utf-8-sig")).unwrap()
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise ParameterError(
            "the schemes cannot be read.", where=f"{path}: {error}", fix="mend the file."
        ) from error
    for name in raw:
        if name not in _KEYS:
            raise ParameterError(
                f"'{name}' is not known.", where=str(path), fix=nearest(name, list(_KEYS))
            )
    people = persons(hierarchy)
    out: dict[str, list[Tiers | Bonus]] = {leaf: [] for leaf in people}
    for kind in _KEYS:
        entries = raw.get(kind, [])
        nearest_above: dict[str, tuple[int, Tiers | Bonus]] = {}
        for number, entry in enumerate(entries, 1):
            node, scheme = _made(kind, dict(entry), f"{path}, [[{kind}]] {number}", hierarchy)
            depth = int(hierarchy.nodes.loc[node, "depth"])
            for leaf in hierarchy.within(node).intersection(people):
                if leaf not in nearest_above or depth >= nearest_above[leaf][0]:
                    nearest_above[leaf] = depth, scheme
        for leaf, (_, scheme) in nearest_above.items():
            out[leaf].append(scheme)
    return out


def persons(hierarchy: Hierarchy) -> pd.Index:
    """Leaves that are people: no house leaf such as `(online)`."""
    labels = hierarchy.nodes["label"][hierarchy.leaves]
    return hierarchy.leaves[~labels.str.startswith("(").to_numpy()]


def _made(
    kind: str, entry: dict[str, Any], where: str, hierarchy: Hierarchy
) -> tuple[str, Tiers | Bonus]:
    node = str(entry.pop("node", ROOT))
    if node not in hierarchy.nodes.index:
        known = list(hierarchy.nodes.index)
        raise ParameterError(f"there is no unit '{node}'.", where=where, fix=nearest(node, known))
    for name in entry:
        if name not in _KEYS[kind]:
            raise ParameterError(
                f"'{name}' is not known.", where=where, fix=nearest(name, _KEYS[kind])
            )
    try:
        if kind == "tiers":
            return node, Tiers(_pairs(entry["rates"]), marginal=bool(entry.get("marginal", True)))
        factors = _pairs(entry.get("factors", [[1.0, 1.0]]))
        smooth = bool(entry.get("smooth", False))
        return node, Bonus(float(entry["amount"]), factors, smooth=smooth)
    except SalesforecastError as error:
        raise ParameterError(error.what, where=f"{where}: {error.where}", fix=error.fix) from error
    except (KeyError, TypeError, ValueError) as error:
        raise ParameterError(
            "the entry lacks something, or a value is no number.",
            where=f"{where}: {error}",
            fix="write rates = [[0.0, 0.01], [1.0, 0.02]], or amount = 2000.",
        ) from error


def _pairs(listed: Sequence[Sequence[float]]) -> tuple[tuple[float, float], ...]:
    return tuple((float(begin), float(value)) for begin, value in listed)
