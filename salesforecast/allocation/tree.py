"""A hierarchy as plain arrays, layer by layer, so that sums over groups need no loop over nodes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse

    from salesforecast.allocation.part import Part

PIECE = 32_768  # leaves that a processor keeps at hand


@dataclass(frozen=True)
class Layer:
    """All nodes of one depth, in the tree's order; positions count within the layer.

    Parameters
    ----------
    nodes
        Their places in the tree.
    up
        Position of each node's parent in the layer above.
    inner, starts
        Positions of the nodes that have children, and where the children of each
        start in the layer below.
    ends, leaves
        Positions of the nodes that are leaves, and their places among all leaves.
    """

    nodes: np.ndarray
    up: np.ndarray
    inner: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    leaves: np.ndarray

    @property
    def mixed(self) -> bool:
        """Whether it holds groups and leaves side by side."""
        return bool(len(self.inner)) and bool(len(self.ends))


@dataclass(frozen=True)
class Nested:
    """Groups alone, layer after layer.

    Parameters
    ----------
    order
        The leaves' places by parent, first the parents of the upper layers.
    mothers
        Place among all groups of the parent of each leaf, in that order.
    cuts
        Where each layer's groups start among all groups; one more at the end.
    ups
        For each layer: position of each group's parent among the groups of the layer above.
    """

    order: np.ndarray
    mothers: np.ndarray
    cuts: np.ndarray
    ups: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Tree:
    """Nodes in depth-first order, the root first, cut into layers.

    Parameters
    ----------
    parents
        int64, one a node: the place of its parent, -1 for the root.
    layers
        Top first.
    leaves
        Places of the leaves, in the tree's order; leaf arrays have this order.
    """

    parents: np.ndarray
    layers: tuple[Layer, ...]
    leaves: np.ndarray

    @classmethod
    def of(cls, parents: np.ndarray) -> Tree:
        """Cut the tree of `parents` (depth-first, -1 for the root at place 0) into layers.

        Raises
        ------
        ValueError
            If a parent does not stand before its children, or there are several roots.
        """
        parents = np.asarray(parents, dtype=np.int64)
        size = len(parents)
        if not size or parents[0] != -1 or (parents[1:] < 0).any():
            raise ValueError("the root, and only the root, has parent -1 and stands first")
        if (parents >= np.arange(size)).any():
            raise ValueError("a parent stands after its child")
        is_leaf = np.ones(size, dtype=bool)
        is_leaf[parents[1:]] = False
        leaf_place = np.cumsum(is_leaf) - 1
        layers = []
        nodes, up = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
        place = np.zeros(size, dtype=np.int64)
        by_depth = _depths(parents)
        order = np.argsort(by_depth, kind="stable")
        cuts = np.searchsorted(by_depth[order], np.arange(by_depth.max() + 2))
        for depth in range(len(cuts) - 1):
            nodes = order[cuts[depth] : cuts[depth + 1]]
            place[nodes] = np.arange(len(nodes))
            up = place[parents[nodes]] if depth else up
            if depth and (np.diff(up) < 0).any():
                raise ValueError("the nodes are not in depth-first order")
            below = order[cuts[depth + 1] : cuts[depth + 2]] if depth + 2 < len(cuts) else order[:0]
            inner = np.flatnonzero(~is_leaf[nodes])
            ends = np.flatnonzero(is_leaf[nodes])
            starts = np.flatnonzero(np.diff(place[parents[below]], prepend=-1))
            layers.append(Layer(nodes, up, inner, starts, ends, leaf_place[nodes[ends]]))
        return cls(parents, tuple(layers), np.flatnonzero(is_leaf))

    @cached_property
    def mixed(self) -> bool:
        """Whether some layer holds groups and leaves side by side."""
        return any(layer.mixed for layer in self.layers)

    @cached_property
    def runs(self) -> tuple[tuple[np.ndarray, slice], ...]:
        """For each `PIECE` leaves of the last layer: where its groups' leaves start, which groups.

        Positions of groups are among those with children in the layer above; the first of a
        piece may have begun in the piece before.
        """
        starts = self.layers[-2].starts
        out = []
        for first in range(0, len(self.leaves), PIECE):
            last = min(first + PIECE, len(self.leaves))
            group = int(np.searchsorted(starts, first, side="right")) - 1
            end = int(np.searchsorted(starts, last))
            out.append((np.maximum(starts[group:end] - first, 0), slice(group, end)))
        return tuple(out)

    @cached_property
    def above(self) -> tuple[np.ndarray, ...]:
        """For each layer: the position in it of every leaf's ancestor.

        Leaves that end higher up get the position after the layer's last node.
        """
        place = np.zeros(len(self.parents), dtype=np.int64)
        for layer in self.layers:
            place[layer.nodes] = np.arange(len(layer.nodes))
        at = self.leaves.copy()
        depth = np.zeros(len(self.parents), dtype=np.int64)
        for number, layer in enumerate(self.layers):
            depth[layer.nodes] = number
        out = []
        for number in range(len(self.layers) - 1, -1, -1):
            here = depth[at] == number
            out.append(np.where(here, place[at], len(self.layers[number].nodes)))
            at = np.where(here, np.maximum(self.parents[at], 0), at)
        return tuple(out[::-1])

    @cached_property
    def nested(self) -> Nested:
        """Where the groups stand among all groups, layer by layer: for sums over a mixed tree."""
        place = np.zeros(len(self.parents), dtype=np.int64)
        groups = [layer.nodes[layer.inner] for layer in self.layers if len(layer.inner)]
        if groups:
            place[np.concatenate(groups)] = np.arange(sum(map(len, groups)))
        cuts = np.cumsum([0, *map(len, groups)])
        ups = [
            place[self.parents[nodes]] - cut for nodes, cut in zip(groups[1:], cuts, strict=False)
        ]
        mothers = place[self.parents[self.leaves]]
        order = np.argsort(mothers, kind="stable")
        return Nested(order, mothers[order], cuts, (cuts[:0], *ups))

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """For each layer all its groups with what lies beneath them."""
        from salesforecast.allocation.part import parts_of

        return parts_of(self)

    @cached_property
    def summing(self) -> sparse.csr_array:
        """Sparse matrix node × leaf: 1 where the leaf lies in the node."""
        from scipy import sparse

        size, depth = len(self.leaves), len(self.layers)
        rows, columns = [], []
        for number in range(depth):
            nodes = np.append(self.layers[number].nodes, -1)[self.above[number]]
            rows.append(nodes[nodes >= 0])
            columns.append(np.flatnonzero(nodes >= 0))
        at = (np.concatenate(rows), np.concatenate(columns))
        return sparse.csr_array((np.ones(len(at[0])), at), shape=(len(self.parents), size))

    def total(self, leaf_values: np.ndarray) -> np.ndarray:
        """Sum leaf values to every node: an array on all nodes."""
        out = np.empty(len(self.parents), dtype=leaf_values.dtype)
        below = leaf_values[:0]
        for layer in reversed(self.layers):
            values = np.empty(len(layer.nodes), dtype=leaf_values.dtype)
            values[layer.ends] = leaf_values[layer.leaves]
            if len(layer.inner):
                values[layer.inner] = np.add.reduceat(below, layer.starts)
            out[layer.nodes] = below = values
        return out


def _depths(parents: np.ndarray) -> np.ndarray:
    """Depth of every node; pointers are doubled, so it takes log(depth) passes."""
    up = np.maximum(parents, 0)
    depth = (parents >= 0).astype(np.int64)
    while True:
        further = depth[up]
        if not further.any():
            return depth
        depth, up = depth + further, up[up]
