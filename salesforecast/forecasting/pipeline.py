"""The pipeline as a second opinion: what open projects promise, weighted by how right that was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

FEWEST = 3  # earlier statements whose outcome is known, before the pipeline moves a forecast
SHY = 2.0  # outcomes' worth of belief that the pipeline says nothing


@dataclass(frozen=True)
class Opinion:
    """What the pipeline says of one unit beside the models.

    Parameters
    ----------
    node
        Whose projects.
    weighted
        Value times probability by expected period.
    coverage
        Sales over what the pipeline had promised, in the past: projects are not all of sales, and
        not all that they promise.
    outcomes
        Number of past statements that this was learned from.
    error_models, error_pipeline
        Mean absolute error over sales, of either, in the past; NaN with no outcome.
    weight
        Share of the pipeline in the blend; 0 with fewer than three outcomes.
    """

    node: str
    weighted: pd.Series
    coverage: float
    outcomes: int
    error_models: float
    error_pipeline: float
    weight: float

    def says(self) -> pd.Series:
        """Sales that the pipeline stands for, by period."""
        return self.weighted * self.coverage


def weigh(projects: pd.DataFrame, periods: pd.DatetimeIndex) -> pd.Series:
    """Value times probability of the projects expected in each of `periods`.

    Parameters
    ----------
    projects
        One row a project: `value`, `probability`, `period` (the expected one; overdue ones
        count in the first period).
    """
    due = projects["period"].where(projects["period"] >= periods[0], periods[0])
    amount = projects["value"] * projects["probability"]
    return amount.groupby(due).sum().reindex(periods, fill_value=0.0)


def form_opinion(
    node: str,
    weighted: pd.Series,
    past: Sequence[Mapping[str, float]],
) -> Opinion:
    """Calibrate the pipeline by its past, and weigh it against the models by past errors.

    Weights are inverse to squared errors; an outcome's own calibration is made without it, and
    two outcomes' worth of doubt stand against the pipeline.

    Parameters
    ----------
    weighted
        By period to come, of the latest statement.
    past
        One a former statement: `pipeline` (weighted value over the horizon then), `models` and
        `actual` over the same periods.
    """
    table = pd.DataFrame(list(past), columns=["pipeline", "models", "actual"], dtype=float)
    table = table[(table["pipeline"] > 0) & table["actual"].notna()]
    count, size = len(table), float(table["actual"].abs().sum())
    if count == 0 or size == 0:
        return Opinion(node, weighted, 1.0, count, np.nan, np.nan, 0.0)
    promised, came = table["pipeline"].to_numpy(), table["actual"].to_numpy()
    others = (
        [np.delete(np.arange(count), i) for i in range(count)] if count > 1 else [np.array([0])]
    )
    ratio = np.array([came[at].sum() / promised[at].sum() for at in others])
    of_pipeline, of_models = promised * ratio - came, table["models"].to_numpy() - came
    weight = 0.0
    if count >= FEWEST:
        ours, theirs = float((of_models**2).mean()), float((of_pipeline**2).mean())
        share = ours / (ours + theirs) if ours + theirs > 0 else 0.0
        weight = share * count / (count + SHY)
    return Opinion(
        node,
        weighted,
        float(came.sum() / promised.sum()),
        count,
        float(np.abs(of_models).sum()) / size,
        float(np.abs(of_pipeline).sum()) / size,
        weight,
    )


def blend(models: pd.Series, opinion: Opinion) -> pd.Series:
    """Models and pipeline mixed over the whole horizon; months keep a mix of both timings."""
    says = opinion.says().reindex(models.index, fill_value=0.0)
    return (1 - opinion.weight) * models + opinion.weight * says
