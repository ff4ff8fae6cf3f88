"""Simulated futures with what every plan asks of them: sums of nodes, chances, curves of an equal chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from salesforecast.allocation.fairness import Criterion, build
from salesforecast.allocation.measures import chances
from salesforecast.hierarchy import Hierarchy
from salesforecast.planning.scenario import Scenario
from salesforecast.wishes import criterion_of

KEPT = 10_000_000  # draws of nodes that are held: 80 MB


@dataclass(frozen=True, eq=False)
class Futures:
    """Draws that no scenario changes; what is computed from them alone is computed once.

    Parameters
    ----------
    hierarchy
        Whose leaves were drawn.
    leaves
        On leaf, as `allocate` takes them.
    draws
        draw × leaf, in the order of the hierarchy's leaves.
    """

    hierarchy: Hierarchy
    leaves: pd.DataFrame
    draws: pd.DataFrame

    def sums(self) -> np.ndarray:
        """The draws of every node, node × draw."""
        return self._kept if self._kept is not None else self._summed()

    def chances(self, targets: pd.Series) -> pd.Series:
        """Share of draws in which each node sells at least its target, as `measures.chances`."""
        return chances(targets, self.draws, self.hierarchy, sums=self._kept)

    def criterion(self, scenario: Scenario) -> str | Mapping[str, float] | Criterion:
        """What a scenario splits by: for an equal chance its curves, which sort every draw.

        Neither limits nor totals change these, and so they are made once a step.
        """
        wanted = criterion_of(scenario)
        if wanted != "equal chance":
            return wanted
        if scenario.step not in self._even:
            none, step = np.zeros(len(self.leaves)), scenario.step
            self._even[step] = build(
                wanted, self.leaves, low=none, high=none, total=0, step=step, draws=self.draws
            )
        return self._even[scenario.step]

    @cached_property
    def _kept(self) -> np.ndarray | None:
        """The sums, where they do not fill the memory."""
        fits = len(self.hierarchy.nodes) * len(self.draws) <= KEPT
        return self._summed() if fits else None

    @cached_property
    def _even(self) -> dict[int, Criterion]:
        return {}

    def _summed(self) -> np.ndarray:
        return self.hierarchy.summing @ self.draws.to_numpy().T
