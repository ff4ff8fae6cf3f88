"""Columns, types and key of every table that passes between rooms, and the samples array."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from salesforecast.errors import TableError

TIME = "datetime64[us]"
ALL_PRODUCTS = "(all)"


@dataclass(frozen=True)
class Table:
    """The promise that a frame keeps: its columns, their types, and its key.

    Parameters
    ----------
    name
        What the table is called in messages.
    key
        Columns that together name a row; no two rows share them. May be empty.
    columns
        Column to dtype, key columns included, in order. Further columns are dropped.
    """

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, str] = field(hash=False)

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return `frame` with exactly these columns, types and order, sorted by its key.

        Raises
        ------
        TableError
            If a column is missing, a value cannot take its type, or a key repeats.
        """
        missing = [column for column in self.columns if column not in frame.columns]
        if missing:
            raise TableError(
                f"table '{self.name}' lacks the columns {missing}.",
                where=f"its columns are {list(frame.columns)}",
                fix="add them, or rename the ones that mean the same.",
            )
        try:
            out = frame[list(self.columns)].astype(dict(self.columns))
        except (ValueError, TypeError) as error:
            raise TableError(
                f"table '{self.name}' has a value of the wrong type.",
                where=str(error),
                fix=f"the types are {dict(self.columns)}.",
            ) from error
        if not self.key:
            return out.reset_index(drop=True)
        repeated = out[out.duplicated(list(self.key), keep=False)]
        if len(repeated):
            raise TableError(
                f"table '{self.name}' has {len(repeated)} rows that share a key.",
                where=f"first: {repeated.iloc[0][list(self.key)].to_dict()}",
                fix=f"keep one row for each {', '.join(self.key)}.",
            )
        return out.sort_values(list(self.key), kind="stable").reset_index(drop=True)


LINES = Table(  # order lines as read: credited to nobody yet
    name="lines",
    key=(),
    columns={
        "source": "str",  # file, as the user knows it
        "row": "int64",  # its row there, the header being row 1
        "date": TIME,
        "period": TIME,  # finest fiscal period that the line is booked in
        "territory": "str",  # path of the place that the order came from
        "person": "str",  # who sold it; empty when nobody did
        "product": "str",
        "amount": "float64",
        "quantity": "float64",
    },
)
ROSTER = Table(  # who holds which position at the cutoff
    name="roster",
    key=("person",),
    columns={"person": "str", "territory": "str", "node": "str", "start": TIME},
)
HISTORY = Table(  # regular: no period missing between a series' first and the cutoff
    name="history",
    key=("node", "product", "period"),
    columns={"node": "str", "product": "str", "period": TIME, "sales": "float64"},
)
FORECAST = Table(
    name="forecast",
    key=("node", "product", "period"),
    columns={
        "node": "str",
        "product": "str",
        "period": TIME,
        "base": "float64",
        "forecast": "float64",
    },
)
TARGETS = Table(
    name="targets",
    key=("node", "product", "period"),
    columns={"node": "str", "product": "str", "period": TIME, "target": "int64"},
)
NODE_TARGETS = Table(  # the one table that leaves the product: targets.csv
    name="targets.csv",
    key=("node", "period"),
    columns={
        "node": "str",
        "label": "str",
        "parent": "str",
        "level": "str",
        "period": TIME,
        "target": "int64",
        "assigned": "int64",
    },
)
ACTUALS = Table(
    name="actuals",
    key=("node", "period"),
    columns={"node": "str", "period": TIME, "actual": "float64"},
)


@dataclass(frozen=True)
class Samples:
    """Drawn futures of every leaf: the only place where uncertainty is kept.

    Parameters
    ----------
    values
        float64, shape (draw, leaf, period), in the measure's unit.
    leaves
        Leaf nodes, the labels of axis 1.
    periods
        First days, the labels of axis 2.
    """

    values: np.ndarray
    leaves: pd.Index
    periods: pd.DatetimeIndex

    def __post_init__(self) -> None:
        expected = (len(self.leaves), len(self.periods))
        if self.values.ndim != 3 or self.values.shape[1:] != expected:
            raise ValueError(f"values are {self.values.shape}, labels ask for (draw, *{expected})")

    def over(self, periods: pd.DatetimeIndex) -> pd.DataFrame:
        """Sum the draws over `periods`: a frame draw × leaf."""
        at = self.periods.get_indexer(periods)
        if (at < 0).any():
            raise ValueError(f"no samples for {list(periods[at < 0])}")
        return pd.DataFrame(self.values[:, :, at].sum(axis=2), columns=self.leaves)
