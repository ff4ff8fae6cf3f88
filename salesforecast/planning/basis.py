"""What a plan is made from, and what a what-if may change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from salesforecast.errors import ParameterError, nearest
from salesforecast.hierarchy import ROOT, SEPARATOR, Hierarchy
from salesforecast.planning.scenario import Scenario
from salesforecast.tables import FORECAST, HISTORY, Samples

TINY = 1e-9


@dataclass(frozen=True)
class Basis:
    """Assumptions, organisation, past and future; never altered, only made anew.

    Parameters
    ----------
    scenario, hierarchy
        As the plan has them.
    forecast
        `FORECAST` of the leaves; every leaf and product has every period ahead.
    samples
        Draws of the leaves, products summed; their mean is the forecast.
    history
        `HISTORY` of the leaves.
    """

    scenario: Scenario
    hierarchy: Hierarchy
    forecast: pd.DataFrame
    samples: Samples
    history: pd.DataFrame

    def leaves(self, periods: pd.DatetimeIndex) -> pd.DataFrame:
        """On leaf: `forecast` over `periods`, `history` of the same periods a year before,
        `last_four` (what a quarter of the last twelve months held).

        Where the year before is not over, the forecast stands for what is not yet known of it.
        """
        before = periods - pd.DateOffset(years=1)
        unknown = self.forecast[self.forecast["period"].isin(before)]
        ahead = self.forecast[self.forecast["period"].isin(periods)]
        past = self.history[self.history["period"].isin(before)].groupby("node")["sales"].sum()
        year = self.history["period"] > self.history["period"].max() - pd.DateOffset(months=12)
        columns = {
            "forecast": ahead.groupby("node")["forecast"].sum(),
            "history": past.add(unknown.groupby("node")["forecast"].sum(), fill_value=0.0),
            "last_four": self.history[year].groupby("node")["sales"].sum() / 4,
        }
        return pd.DataFrame(columns).reindex(self.hierarchy.leaves).fillna(0.0)

    def within(self, node: str) -> pd.Index:
        """Leaves of a node, or a `ParameterError` with the nearest name."""
        if node not in self.hierarchy.nodes.index:
            known = list(self.hierarchy.nodes.index)
            raise ParameterError(
                f"there is no unit '{node}'.", where="the change", fix=nearest(node, known)
            )
        return self.hierarchy.within(node)


def scale(basis: Basis, factor: pd.Series) -> Basis:
    """Multiply the forecast's rows by `factor` (on their index); the draws follow, cell by cell.

    A cell's draws are multiplied by what its mean is multiplied by, so their spread stays in
    proportion.
    """
    frame = basis.forecast.copy()
    for column in ("base", "forecast"):
        frame[column] = frame[column] * factor.to_numpy()
    return follow(basis, frame)


def follow(basis: Basis, frame: pd.DataFrame) -> Basis:
    """Set the forecast to `frame` (same leaves) and let the draws keep its means."""
    old = _cells(basis.forecast, basis.samples)
    new = _cells(frame, basis.samples)
    known = np.abs(old) > TINY
    ratio = np.where(known, new / np.where(known, old, 1.0), 0.0)
    values = basis.samples.values * ratio
    values = values + np.where(known, 0.0, new)  # nothing was expected: no spread is known
    samples = replace(basis.samples, values=values)
    return replace(basis, forecast=FORECAST.check(frame), samples=samples)


def _cells(frame: pd.DataFrame, samples: Samples) -> np.ndarray:
    """Forecast leaf × period in the order of the samples."""
    wide = frame.pivot_table(index="node", columns="period", values="forecast", aggfunc="sum")
    return wide.reindex(index=samples.leaves, columns=samples.periods).fillna(0.0).to_numpy()


def move(basis: Basis, new_path: Callable[[str], str]) -> Basis:
    """Give every leaf the path that `new_path` says; leaves that meet are added up."""
    paths = {leaf: new_path(leaf) for leaf in basis.hierarchy.leaf_paths}
    hierarchy = Hierarchy.of(
        dict.fromkeys(paths.values()),
        levels=basis.hierarchy.levels,
        label=basis.hierarchy.label,
    )
    at = hierarchy.leaves.get_indexer([paths[leaf] for leaf in basis.samples.leaves])
    old = basis.samples.values
    values = np.zeros((len(old), len(hierarchy.leaves), old.shape[2]))
    for before, after in enumerate(at):
        values[:, after] += old[:, before]
    return replace(
        basis,
        hierarchy=hierarchy,
        forecast=_renamed(basis.forecast, paths, FORECAST.check, ["base", "forecast"]),
        history=_renamed(basis.history, paths, HISTORY.check, ["sales"]),
        samples=Samples(values, hierarchy.leaves, basis.samples.periods),
    )


def _renamed(
    frame: pd.DataFrame,
    paths: dict[str, str],
    check: Callable[[pd.DataFrame], pd.DataFrame],
    values: list[str],
) -> pd.DataFrame:
    moved = frame.assign(node=frame["node"].map(paths))
    return check(moved.groupby(["node", "product", "period"], as_index=False)[values].sum())


def add_leaf(
    basis: Basis, path: str, forecast: pd.DataFrame, draws: np.ndarray, history: pd.DataFrame
) -> Basis:
    """Add a leaf with its forecast rows, draws (draw × period) and past rows.

    Raises
    ------
    ParameterError
        If the path is taken, or does not fit into the tree.
    """
    if path in basis.hierarchy.nodes.index or path == ROOT:
        raise ParameterError(
            f"there is a unit '{path}' already.", where="the change", fix="choose another name."
        )
    hierarchy = Hierarchy.of(
        [*basis.hierarchy.leaf_paths, path],
        levels=basis.hierarchy.levels,
        label=basis.hierarchy.label,
    )
    values = np.zeros((draws.shape[0], len(hierarchy.leaves), draws.shape[1]))
    values[:, hierarchy.leaves.get_indexer(basis.samples.leaves)] = basis.samples.values
    values[:, hierarchy.leaves.get_loc(path)] = draws
    return replace(
        basis,
        hierarchy=hierarchy,
        forecast=FORECAST.check(pd.concat([basis.forecast, forecast.assign(node=path)])),
        history=HISTORY.check(pd.concat([basis.history, history.assign(node=path)])),
        samples=Samples(values, hierarchy.leaves, basis.samples.periods),
    )


def parent_of(path: str) -> str:
    """Path of the node above; the root's for a node right below it."""
    return path.rpartition(SEPARATOR)[0] or ROOT


def child_of(parent: str, label: str) -> str:
    """Path of a node below `parent`."""
    return label if parent == ROOT else f"{parent}{SEPARATOR}{label}"
