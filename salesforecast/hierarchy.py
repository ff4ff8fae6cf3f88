"""One tree: company > group > country > territory > position, of any depth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesforecast.errors import DataError

if TYPE_CHECKING:
    from scipy import sparse

ROOT = "/"
SEPARATOR = "/"
_SLASH_IN_A_NAME = "∕"  # a slash inside a label would read as a level


def join_path(parts: Iterable[str]) -> str:
    """Make one node path of labels, top first; a slash inside a label becomes `∕`."""
    return SEPARATOR.join(part.strip().replace(SEPARATOR, _SLASH_IN_A_NAME) for part in parts)


def _order(path: str) -> tuple[tuple[bool, str], ...]:
    """Sort key of a path: by name, house leaves such as `(online)` after people."""
    return tuple((part.startswith("("), part) for part in path.split(SEPARATOR))


@dataclass(frozen=True)
class Hierarchy:
    """Nodes of one tree in depth-first order, the root first; siblings by name.

    Parameters
    ----------
    leaf_paths
        Paths without the root, top first: `"North America/Canada/Canada/Jae Pak"`.
        The order given does not matter. Make one with `Hierarchy.of`.
    levels
        Name of each depth, the root's first, the leaves' last: `("company", "group",
        "country", "territory", "position")`. A leaf always is on the last level.
    label
        What the root is called.
    """

    leaf_paths: tuple[str, ...]
    levels: tuple[str, ...]
    label: str

    @classmethod
    def of(cls, leaf_paths: Iterable[str], *, levels: Sequence[str], label: str) -> Hierarchy:
        """Build the tree over `leaf_paths`.

        Raises
        ------
        DataError
            If there is no leaf, a leaf repeats, or one leaf lies inside another.
        """
        paths = sorted(leaf_paths, key=_order)
        problem, where = _first_problem(paths)
        if problem:
            raise DataError(problem, where=where, fix="give every leaf a path of its own.")
        return cls(tuple(paths), tuple(levels), label)

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """Frame on node path (depth-first): `label`, `parent` (empty for the root), `level`, `depth`, `leaf`."""
        seen: dict[str, tuple[str, str, str, int, bool]] = {
            ROOT: (self.label, "", self.levels[0], 0, False)
        }
        leaves = set(self.leaf_paths)
        for path in self.leaf_paths:
            parts = path.split(SEPARATOR)
            for depth in range(1, len(parts) + 1):
                node = SEPARATOR.join(parts[:depth])
                if node in seen:
                    continue
                parent = SEPARATOR.join(parts[: depth - 1]) or ROOT
                is_leaf = node in leaves
                level = (
                    self.levels[-1] if is_leaf else self.levels[min(depth, len(self.levels) - 1)]
                )
                seen[node] = (parts[depth - 1], parent, level, depth, is_leaf)
        frame = pd.DataFrame.from_dict(
            seen, orient="index", columns=["label", "parent", "level", "depth", "leaf"]
        )
        frame.index = pd.Index(frame.index, name="node", dtype="str")
        return frame

    @cached_property
    def leaves(self) -> pd.Index:
        """Leaf paths in the tree's order."""
        return pd.Index(self.leaf_paths, name="node", dtype="str")

    @cached_property
    def parents(self) -> np.ndarray:
        """int64, one a node in the tree's order: the position of its parent, -1 for the root."""
        return self.nodes.index.get_indexer(self.nodes["parent"]).astype(np.int64)

    @cached_property
    def summing(self) -> sparse.csr_array:
        """Sparse matrix node × leaf: 1 where the leaf lies in the node."""
        from scipy import sparse  # only when it is needed: its import costs as much as pandas'

        position = {node: at for at, node in enumerate(self.nodes.index)}
        rows, columns = [], []
        for column, path in enumerate(self.leaf_paths):
            for node in [path, *self.ancestors(path)]:
                rows.append(position[node])
                columns.append(column)
        shape = (len(position), len(self.leaf_paths))
        return sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)

    def totals(self, leaf_values: pd.DataFrame) -> pd.DataFrame:
        """Sum leaf rows to every node: a frame on all nodes with the same columns and types.

        Raises
        ------
        DataError
            If a leaf is missing or there is a row that is no leaf.
        """
        aligned = leaf_values
        if not leaf_values.index.equals(self.leaves):
            stray = leaf_values.index.symmetric_difference(self.leaves)
            if len(stray) or leaf_values.index.has_duplicates:
                raise DataError(
                    "the rows are not the leaves of the hierarchy.",
                    where=f"first difference: {list(stray[:3])}",
                    fix="give exactly one row for each leaf.",
                )
            aligned = leaf_values.loc[self.leaves]
        summing = self.summing
        columns = {
            name: (summing.astype(column.dtype) if column.dtype.kind == "i" else summing)
            @ column.to_numpy()
            for name, column in aligned.items()
        }
        return pd.DataFrame(columns, index=self.nodes.index, columns=leaf_values.columns)

    def ancestors(self, node: str) -> list[str]:
        """Nodes above `node`, nearest first, the root last; none for the root."""
        if node == ROOT:
            return []
        parts = node.split(SEPARATOR)
        return [SEPARATOR.join(parts[:depth]) for depth in range(len(parts) - 1, 0, -1)] + [ROOT]

    def children(self, node: str) -> pd.Index:
        """Direct children of `node`, in the tree's order."""
        return self.nodes.index[self.nodes["parent"] == node]

    def within(self, node: str) -> pd.Index:
        """Leaves that lie in `node`; the leaf itself for a leaf.

        Raises
        ------
        DataError
            If there is no such node.
        """
        if node not in self.nodes.index:
            raise DataError(
                f"there is no unit '{node}'.",
                where=f"the hierarchy of '{self.label}'",
                fix=self._nearest(node),
            )
        if node == ROOT:
            return self.leaves
        inside = [p for p in self.leaf_paths if p == node or p.startswith(node + SEPARATOR)]
        return pd.Index(inside, name="node", dtype="str")

    def _nearest(self, name: str) -> str:
        """Words for a fix: the units called `name`, else the one spelled most like it."""
        called = self.nodes.index[self.nodes["label"] == name.rsplit(SEPARATOR, 1)[-1]]
        if len(called):
            return f"write the whole path: {' or '.join(repr(node) for node in called[:4])}."
        close = get_close_matches(name, [*self.nodes.index, *self.nodes["label"]], n=1)
        return f"did you mean '{close[0]}'?" if close else "see `targets.csv` for all of them."


def _first_problem(paths: Sequence[str]) -> tuple[str, str]:
    if not paths:
        return "the hierarchy is empty.", "no leaf was given"
    known = set(paths)
    if len(known) < len(paths):
        twice = next(a for a, b in pairwise(paths) if a == b)
        return "a leaf is listed twice.", f"'{twice}'"
    for path in paths:
        parts = path.split(SEPARATOR)
        if not all(parts):
            return "a path has an empty part.", f"'{path}'"
        for depth in range(1, len(parts)):
            if SEPARATOR.join(parts[:depth]) in known:
                return "a leaf lies inside another leaf.", f"'{path}'"
    return "", ""
