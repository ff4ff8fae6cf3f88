"""Expense budgets tied to a plan: by month, to the last unit, and held against what was spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tomlkit
from tomlkit.exceptions import TOMLKitError

from salesforecast.errors import DataError, ParameterError, nearest
from salesforecast.fiscal import PLAIN, FiscalCalendar
from salesforecast.hierarchy import ROOT
from salesforecast.planning.plan import Plan
from salesforecast.planning.spread import share

SALES, EVEN = "sales", "even"


@dataclass(frozen=True)
class Expense:
    """A category of the budget: people, promotion, travel, entertainment.

    Parameters
    ----------
    category
        Its name.
    node
        The unit that spends it.
    amount
        For the whole plan, in the measure's unit; or
    of_sales
        as a part of the unit's target: `0.03`.
    follows
        `"sales"`: the months' targets; `"even"`: all months alike.
    """

    category: str
    node: str = ROOT
    amount: float | None = None
    of_sales: float | None = None
    follows: str = SALES

    def __post_init__(self) -> None:
        given = [b for b in (self.amount, self.of_sales) if b is not None]
        if len(given) != 1 or given[0] < 0 or self.follows not in (SALES, EVEN):
            raise ParameterError(
                f"the expense '{self.category}' is not understood.",
                where=f"amount {self.amount}, of_sales {self.of_sales}, follows '{self.follows}'",
                fix='give an amount or of_sales (0.03), zero or more; follows "sales" or "even".',
            )


def read_expenses(path: str | Path) -> list[Expense]:
    """Read a file of `[[expense]]`; unknown keys are named with the nearest right one."""
    try:
        raw = tomlkit.parse(Path(path).read_bytes().decode("utf-8-sig")).unwrap()
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise ParameterError(
            "the budget cannot be read.", where=f"{path}: {error}", fix="mend the file."
        ) from error
    known = [part.name for part in fields(Expense)]
    out = []
    for name in raw:
        if name != "expense":
            raise ParameterError(
                f"'{name}' is not known.", where=str(path), fix="write [[expense]]."
            )
    if not raw.get("expense"):
        raise ParameterError(
            "the budget has no entry.", where=str(path), fix="write at least one [[expense]]."
        )
    for number, entry in enumerate(raw["expense"], 1):
        where = f"{path}, [[expense]] {number}"
        odd = [name for name in entry if name not in known]
        if odd:
            raise ParameterError(
                f"'{odd[0]}' is not known.", where=where, fix=nearest(odd[0], known)
            )
        if "category" not in entry:
            raise ParameterError("'category' is missing.", where=where, fix="name it.")
        out.append(Expense(**entry))
    return out


def budget(plan: Plan, expenses: Sequence[Expense]) -> pd.DataFrame:
    """What may be spent: one row a node, category and month, `node, category, period, budget`.

    int64; every category adds up to its amount, rounded, and follows the plan's months. A plan
    that is made anew brings a new budget where it is a part of sales.

    Raises
    ------
    ParameterError
        If a unit does not exist or a category of a unit is there twice.
    """
    months = plan.months
    rows: list[dict[str, Any]] = []
    seen: set[tuple[str, str]] = set()
    for one in expenses:
        if one.node not in months.index:
            fix = nearest(one.node, list(months.index))
            raise ParameterError(f"there is no unit '{one.node}'.", where=one.category, fix=fix)
        if (one.node, one.category) in seen:
            raise ParameterError(
                f"'{one.category}' of '{one.node}' is there twice.",
                where="the budget",
                fix="keep one.",
            )
        seen.add((one.node, one.category))
        asked = months.loc[one.node].to_numpy(dtype="float64")
        whole = one.amount if one.amount is not None else (one.of_sales or 0.0) * asked.sum()
        weights = asked if one.follows == SALES else np.ones(len(asked))
        parts = share(int(np.floor(whole + 0.5)), weights) if whole >= 0.5 else np.zeros(len(asked))
        rows += [
            {"node": one.node, "category": one.category, "period": period, "budget": int(part)}
            for period, part in zip(months.columns, parts, strict=True)
        ]
    return pd.DataFrame(rows, columns=["node", "category", "period", "budget"])


def read_spent(path: str | Path, calendar: FiscalCalendar = PLAIN) -> pd.DataFrame:
    """Read what was spent: a CSV with `node, category, period, spent`; a period is a month or a day.

    Raises
    ------
    DataError
        If a column lacks or a value cannot be read.
    """
    wanted = ["node", "category", "period", "spent"]
    try:
        table = pd.read_csv(path, encoding="utf-8-sig")
        lacking = [name for name in wanted if name not in table.columns]
        if lacking:
            raise ValueError(f"it lacks {', '.join(lacking)}")
        months = [calendar.named(text) for text in table["period"].astype("str")]
        return table[wanted].assign(period=months, spent=table["spent"].astype("float64"))
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise DataError(
            "what was spent cannot be read.",
            where=f"{path}: {error}",
            fix="write node,category,period,spent in UTF-8: Europe,travel,2013-09,1200.",
        ) from error


def held_against(
    allowed: pd.DataFrame, spent: pd.DataFrame, sales: pd.DataFrame, *, closed: pd.Timestamp
) -> pd.DataFrame:
    """The budget up to a month against what was spent: one row a node and category.

    Parameters
    ----------
    allowed
        From `budget`.
    spent
        `node, category, period, spent`, any number of rows each.
    sales
        int64 or float64, node × period: what was sold.
    closed
        First day of the last closed month.

    Returns
    -------
    pd.DataFrame
        `node, category, budget, spent, left` (negative: overspent), `used` (spent / budget) and
        `cost_ratio` (spent / sold): the ratio that must not rise.

    Raises
    ------
    DataError
        If something was spent that has no budget.
    """
    key = ["node", "category"]
    strange = spent.merge(allowed[key].drop_duplicates(), on=key, how="left", indicator=True)
    strange = strange[strange["_merge"] == "left_only"]
    if len(strange):
        raise DataError(
            f"'{strange.iloc[0]['category']}' of '{strange.iloc[0]['node']}' has no budget.",
            where=f"{len(strange)} rows of what was spent",
            fix="add an [[expense]] with amount = 0, or correct the name.",
        )
    until = allowed[allowed["period"] <= closed].groupby(key, sort=False)["budget"].sum()
    real = spent[spent["period"] <= closed].groupby(key)["spent"].sum()
    out = until.to_frame().join(real).fillna({"spent": 0.0}).reset_index()
    sold = sales.loc[:, sales.columns <= closed].sum(axis=1)
    out["left"] = out["budget"] - out["spent"]
    out["used"] = out["spent"] / out["budget"].where(out["budget"] > 0)
    base = out["node"].map(sold)
    out["cost_ratio"] = out["spent"] / base.where(base > 0)
    return out
