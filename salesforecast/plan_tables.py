"""Tables of plans as planners read them in a terminal: whole amounts with separators, per cents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

SHARES = (
    "growth",
    "stretch",
    "chance",
    "attainment",
    "change_share",
    "reaching",
    "used",
    "cost_ratio",
)
SUMMARY = {  # figures of a comparison, in words
    "total": "company total",
    "change": "change",
    "change_share": "change in %",
    "growth": "growth on last year",
    "stretch": "above the forecast",
    "chance_of_total": "chance of the total",
    "lowest_chance": "lowest chance of a position",
    "highest_chance": "highest chance of a position",
    "reaching": "positions expected to reach it",
    "gini": "unevenness of stretch (0: even)",
    "limits": "limits that hold",
    "winners": "positions asked less",
    "losers": "positions asked more",
}


def readable(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers as planners write them: whole amounts with separators, shares in per cent."""
    shown = frame.copy()
    for column in shown.columns[[kind.kind in "iuf" for kind in shown.dtypes]]:
        shown[column] = [_figure(str(column), value) for value in frame[column]]
    return shown


def _figure(name: str, value: Any) -> str:
    import pandas as pd

    if pd.isna(value):
        return ""
    if name in SHARES or name.endswith(("_chance", "chance_of_total")):
        return f"{value:+.1%}" if name == "change_share" else f"{value:.1%}"
    if name == "gini":
        return f"{value:.2f}"
    return f"{value:+,.0f}" if name == "change" else f"{value:,.0f}"


def side_by_side(summary: pd.DataFrame) -> str:
    """Plans beside each other, a figure a line (`compare.Comparison.summary`)."""
    import pandas as pd

    lines = {SUMMARY.get(str(name), str(name)): [_figure(str(name), v) for v in summary[name]]
             for name in summary.columns}  # fmt: skip
    return pd.DataFrame.from_dict(lines, orient="index", columns=summary.index).to_string()


def moved(table: pd.DataFrame) -> str:
    """Units with what is asked more or less of them, by name; the path stays behind it."""
    shown = readable(table.rename_axis("path").reset_index())
    return shown[["label", "change", "path"]].to_string(index=False)


def differing(units: pd.DataFrame, cells: pd.DataFrame, *, most: int = 20) -> str:
    """Two versions: units first, then the first cells that differ."""
    import pandas as pd

    some = cells.head(most)
    if "period" in some:
        some = some.assign(period=pd.to_datetime(some["period"]).dt.strftime("%Y-%m"))
    more = f"\n... and {len(cells) - most:,} more (--json lists all)" if len(cells) > most else ""
    return (
        f"{readable(units).to_string()}\n\n{len(cells):,} cells differ:\n"
        f"{readable(some).to_string(index=False)}{more}"
    )
