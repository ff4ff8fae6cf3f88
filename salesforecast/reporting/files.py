"""Targets as files that other programs read: `targets.csv` and `targets.parquet`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from salesforecast.reporting.report import Planned, Report
from salesforecast.tables import NODE_TARGETS, TARGETS

CSV, PARQUET = "targets.csv", "targets.parquet"
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_targets(made: Report | Planned, folder: Path) -> tuple[Path, Path]:
    """Write `targets.csv` and `targets.parquet` into `folder` and return their paths.

    The CSV is UTF-8 with a byte order mark and has one row a node and month, in the tree's
    order: `node, label, parent, level, period, target, assigned`, amounts in the measure's
    unit; `first_day, last_day` follow where months are not calendar months. A text that a spreadsheet would take for a formula gets a leading apostrophe. The
    parquet file has the full grain: leaf × product × month, and the texts as they are.

    Raises
    ------
    TableError
        If the plan's tables break the promise of `tables.py`.
    """
    plan = made.plan if isinstance(made, Report) else made
    folder = Path(folder)
    csv, parquet = folder / CSV, folder / PARQUET
    frame = in_tree_order(NODE_TARGETS.check(plan.node_targets()), plan.units.index)
    for column in ("node", "label", "parent", "level"):
        frame[column] = frame[column].map(disarmed)
    if not plan.calendar.plain:  # which days a month has, where its name does not say it
        periods = pd.DatetimeIndex(frame["period"])
        frame["first_day"] = plan.calendar.first_days(periods).strftime("%Y-%m-%d")
        last = plan.calendar.ends(periods, plan.freq) - pd.Timedelta(days=1)
        frame["last_day"] = last.strftime("%Y-%m-%d")
    frame["period"] = frame["period"].dt.strftime("%Y-%m-%d")
    frame.to_csv(csv, index=False, encoding="utf-8-sig", lineterminator="\n")
    TARGETS.check(plan.targets).to_parquet(parquet, index=False)
    return csv, parquet


def in_tree_order(frame: pd.DataFrame, nodes: pd.Index) -> pd.DataFrame:
    """`frame` (columns `node`, `period`) in the order of `nodes`, months in order."""
    place = pd.Series(range(len(nodes)), index=nodes)
    order = frame.assign(place=frame["node"].map(place)).sort_values(["place", "period"])
    return order.drop(columns="place").reset_index(drop=True)


def disarmed(text: str) -> str:
    """`text` with an apostrophe before it where a spreadsheet would run it as a formula."""
    return f"'{text}" if text.startswith(STARTS_A_FORMULA) else text
