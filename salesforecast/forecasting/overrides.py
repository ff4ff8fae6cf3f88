"""What analysts know better: overrides with author and reason, coherent, and judged later."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from salesforecast.errors import DataError, nearest, toml_advice
from salesforecast.forecasting.forecast import Forecast
from salesforecast.forecasting.moved import moved
from salesforecast.forecasting.reconcile import reconcile
from salesforecast.hierarchy import ROOT, Hierarchy

SAME = 1e-6  # relative difference up to which an agreed sum is met


@dataclass(frozen=True)
class Override:
    """Another figure than the models', and why.

    Parameters
    ----------
    node
        Whose forecast; `/` for the company.
    periods
        First days or months: `("2014-01", "2014-02")`.
    cutoff
        The last period that was known when it was made: `"2013-11"`.
    value
        What is expected over these periods together, in the measure's unit; or
    change
        against the models: 0.1 for a tenth more.
    """

    node: str
    periods: tuple[str, ...]
    cutoff: str
    author: str
    reason: str
    value: float | None = None
    change: float | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.change is None):
            raise self.refused("gives neither a value nor a change, or both.", "give one of them.")
        if not self.periods:
            raise self.refused("names no period.", 'write periods = ["2014-01"].')
        if self.change is not None and self.change < -1:
            raise self.refused(f"takes away {-self.change:.0%}.", "write -0.1 for a tenth less.")
        if not self.author.strip() or not self.reason.strip():
            raise self.refused("has no author or no reason.", "say who changed it, and why.")

    def refused(self, what: str, fix: str) -> DataError:
        """The error that says what is wrong with it."""
        return DataError(f"the override {what}", where=f"override of '{self.node}'", fix=fix)

    @property
    def months(self) -> pd.DatetimeIndex:
        """First days of its periods."""
        return _days(self.periods, self)

    @property
    def made(self) -> pd.Timestamp:
        """Its cutoff as a date."""
        return _days((self.cutoff,), self)[0]


def _days(texts: Sequence[str], override: Override) -> pd.DatetimeIndex:
    try:
        return pd.DatetimeIndex([pd.Timestamp(str(text)) for text in texts], dtype="datetime64[us]")
    except ValueError as error:
        raise override.refused(f"has a wrong period: {error}.", 'write "2014-01".') from None


def read_overrides(path: Path) -> tuple[Override, ...]:
    """Read `overrides.toml`: a list of `[[override]]`; no file means none.

    Raises
    ------
    DataError
        If it is no TOML, or an override lacks something, or says something unknown.
    """
    if not path.exists():
        return ()
    text = ""
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(
            "the overrides cannot be read.",
            where=f"{path.name}: {error}",
            fix=toml_advice(text, error),
        ) from error
    return tuple(
        _one(table, path.name, n) for n, table in enumerate(content.get("override", []), 1)
    )


def _one(table: Mapping[str, Any], name: str, number: int) -> Override:
    where = f"{name}, override {number}"
    known = [part.name for part in fields(Override)]
    for key in table:
        if key not in known:
            raise DataError(f"there is no key '{key}'.", where=where, fix=nearest(key, known))
    for key in known[:5]:
        if key not in table:
            raise DataError(f"'{key}' is missing.", where=where, fix=f"add a line: {key} = ...")
    periods = table["periods"]
    texts = (periods,) if isinstance(periods, str) else tuple(str(one) for one in periods)
    for key in ("value", "change"):
        if key in table and (
            isinstance(table[key], bool) or not isinstance(table[key], int | float)
        ):
            raise DataError(f"'{key}' is a number.", where=where, fix=f"write {key} = 0.1")
    return Override(**{**table, "periods": texts})


def add_override(path: Path, override: Override) -> None:
    """Write one more override at the end of `overrides.toml`; what is there stays as it is."""
    import tomlkit

    document = (
        tomlkit.parse(path.read_text(encoding="utf-8")) if path.exists() else tomlkit.document()
    )
    told = {key: value for key, value in asdict(override).items() if value is not None}
    table = tomlkit.table()
    for key, value in told.items():
        table.add(key, list(value) if isinstance(value, tuple) else value)
    if "override" not in document:
        document.add("override", tomlkit.aot())
    document["override"].append(table)
    path.write_text(tomlkit.dumps(document), encoding="utf-8", newline="\n")


def in_force(overrides: Sequence[Override], cutoff: pd.Timestamp) -> list[Override]:
    """Those that were made by the cutoff and speak of later periods, the earlier made first."""
    made = [one for one in overrides if one.made <= cutoff and (one.months > cutoff).any()]
    return sorted(made, key=lambda one: one.made)


def override(
    made: Forecast, hierarchy: Hierarchy, overrides: Sequence[Override]
) -> tuple[Forecast, pd.DataFrame]:
    """The forecast with every override met exactly, and everything else as near as before.

    A node's change goes to its leaves in proportion to their forecasts; nodes above it move along
    unless they are overridden themselves, then its siblings give way. Samples move with
    their leaves. Of two overrides of one node and period the later in the list holds.

    Returns
    -------
    pd.DataFrame
        A row an override: its own fields, `without` and `with`, the node's forecast over its
        periods before and after.

    Raises
    ------
    DataError
        If a node or a period is not forecast, or overrides contradict each other.
    """
    table = made.frame.set_index(["node", "product", "period"])["forecast"].unstack("period")
    values = table.fillna(0.0).to_numpy()
    nodes = table.index.get_level_values("node")
    agreed: dict[str, dict[int, float]] = {}
    rows = []
    for one in overrides:
        if one.node not in hierarchy.nodes.index:
            raise one.refused("is of no unit.", nearest(one.node, hierarchy.nodes.index))
        at = table.columns.get_indexer(one.months)
        if (at < 0).all():
            raise one.refused(
                "names no period that is forecast.", f"from {table.columns[0]:%Y-%m} on."
            )
        inside = nodes.isin(hierarchy.within(one.node)).astype(float)
        steps = at[at >= 0]
        before = inside @ values[:, steps]
        after = (
            before * (1 + one.change) if one.change is not None else _spread(one, before, len(at))
        )
        agreed.setdefault(one.node, {}).update(zip(steps.tolist(), after.tolist(), strict=True))
        rows.append({**asdict(one), "without": before.sum(), "with": after.sum()})
    moved_values = _solve(values, nodes, hierarchy, agreed)
    _refuse_unmet(moved_values, nodes, hierarchy, agreed)
    after_frame = pd.DataFrame(moved_values, index=table.index, columns=table.columns)
    long = after_frame.T.unstack().rename("forecast").reset_index()
    kept = made.frame.drop(columns="forecast").merge(
        long, on=["node", "product", "period"], how="left", validate="one_to_one"
    )
    return moved(made, kept), pd.DataFrame(rows)


def _spread(one: Override, before: np.ndarray, periods: int) -> np.ndarray:
    """A value over its periods as the models had them; those already closed are left out."""
    value = float(one.value or 0.0) * len(before) / periods
    total = before.sum()
    shares = before / total if total > 0 else np.full(len(before), 1 / len(before))
    out: np.ndarray = value * shares
    return out


def _solve(
    values: np.ndarray,
    nodes: pd.Index,
    hierarchy: Hierarchy,
    agreed: Mapping[str, Mapping[int, float]],
) -> np.ndarray:
    """Each period's leaf series nearest to `values` with the agreed sums exact."""
    out = values.copy()
    for step in sorted({step for held in agreed.values() for step in held}):
        names = [node for node, held in agreed.items() if step in held]
        sums = np.stack([nodes.isin(hierarchy.within(name)) for name in names]).astype(float)
        wanted = np.array([agreed[name][step] for name in names])
        base = values[:, [step]]
        size = np.maximum(np.abs(base[:, 0]), 1e-6 * max(float(np.abs(base).max()), 1e-6))
        summing = sparse.csr_array(np.vstack([np.eye(len(base)), sums]))
        out[:, [step]] = reconcile(
            np.vstack([base, wanted[:, None]]),
            summing,
            np.r_[size, sums @ size],
            locked={len(base) + i: np.array([value]) for i, value in enumerate(wanted)},
            floor=np.minimum(base, 0.0),
        )
    return out


def _refuse_unmet(
    values: np.ndarray,
    nodes: pd.Index,
    hierarchy: Hierarchy,
    agreed: Mapping[str, Mapping[int, float]],
) -> None:
    for node, held in agreed.items():
        inside = nodes.isin(hierarchy.within(node)).astype(float)
        for step, wanted in held.items():
            got = float(inside @ values[:, step])
            if abs(got - wanted) > SAME * max(abs(wanted), 1.0):
                label = hierarchy.label if node == ROOT else node
                raise DataError(
                    f"the overrides contradict each other: '{label}' should be {wanted:,.0f}, "
                    f"the others leave {got:,.0f}.",
                    where=f"overrides of {sorted(agreed)}",
                    fix="change one of them, or leave the sum or one of its parts open.",
                )


def value_added(table: pd.DataFrame) -> pd.DataFrame:
    """Whether overrides helped: errors with and without them, against what came.

    Parameters
    ----------
    table
        A row an override: `without`, `with`, `actual` (NaN while not known yet).

    Returns
    -------
    pd.DataFrame
        The same with `error_without` and `error_with` (absolute, over the actual), `added` (the
        former less the latter: positive where the override helped) and `helped`.
    """
    size = table["actual"].abs().where(table["actual"] != 0)
    without = (table["without"] - table["actual"]).abs() / size
    with_it = (table["with"] - table["actual"]).abs() / size
    added = without - with_it
    helped = (added > 0).astype("object").where(added.notna(), None)
    return table.assign(error_without=without, error_with=with_it, added=added, helped=helped)
