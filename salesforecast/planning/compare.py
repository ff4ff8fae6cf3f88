"""Plans side by side: what they ask, how fair and how likely they are, who wins and who loses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesforecast.hierarchy import ROOT
from salesforecast.planning.plan import Plan


@dataclass(frozen=True)
class Comparison:
    """Any number of plans beside the first.

    Parameters
    ----------
    summary
        On plan: `total, change, change_share, growth, stretch, chance_of_total,
        lowest_chance, highest_chance` (over leaves with a target), `reaching` (expected share
        of them that reach it), `gini` (of stretched targets over forecasts), `limits` (that
        hold a unit), `winners, losers` (leaves that are asked less or more than in the first).
    units
        On every node of any plan: `label`, one column `target` a plan (missing where it has no
        such unit), and a `change` for each but the first; columns are (plan, figure).
    binding
        One row a plan and limit that holds: `plan, limit, label, effect, owner, reason`.
    """

    summary: pd.DataFrame
    units: pd.DataFrame
    binding: pd.DataFrame

    def moved_most(self, name: str, *, count: int = 5) -> pd.DataFrame:
        """The units that plan `name` asks most more and most less of than the first."""
        change = self.units[(name, "change")].dropna()
        change = change[change != 0].sort_values(kind="stable")
        at = change.index if len(change) <= 2 * count else change.index[
            np.r_[:count, len(change) - count : len(change)]
        ]  # fmt: skip
        rows = self.units.loc[at]
        return pd.DataFrame({"label": rows[("", "label")], "change": change[at]})


def compare(plans: Mapping[str, Plan]) -> Comparison:
    """Set plans side by side; the first is what the others are compared with."""
    if not plans:
        raise ValueError("there is no plan to compare")
    names = list(plans)
    first = plans[names[0]].units
    order = list(dict.fromkeys(node for plan in plans.values() for node in plan.units.index))
    columns: dict[tuple[str, str], pd.Series] = {}
    labels = pd.concat([plan.units["label"] for plan in plans.values()])
    columns[("", "label")] = labels[~labels.index.duplicated()].reindex(order)
    for name, plan in plans.items():
        target = plan.units["target"].astype("Int64").reindex(order)
        columns[(name, "target")] = target
        if name != names[0]:
            columns[(name, "change")] = target - columns[(names[0], "target")]
    rows = {name: _summary(plan, first) for name, plan in plans.items()}
    summary = pd.DataFrame.from_dict(rows, orient="index").rename_axis("plan")
    binding = [
        plan.limits[plan.limits["effect"] != 0].assign(plan=name)
        for name, plan in plans.items()
        if len(plan.limits)
    ]
    wanted = ["plan", "limit", "label", "effect", "owner", "reason"]
    held = (
        pd.concat(binding, ignore_index=True)[wanted] if binding else pd.DataFrame(columns=wanted)
    )
    return Comparison(summary, pd.DataFrame(columns), held)


def _summary(plan: Plan, first: pd.DataFrame) -> dict[str, float]:
    units = plan.units
    top, leaves = units.loc[ROOT], units[units["leaf"] & (units["target"] > 0)]
    base = float(first.loc[ROOT, "target"])
    both = units[units["leaf"]].join(first["target"].rename("was"), how="inner")
    change = both["target"] - both["was"]
    return {
        "total": int(top["target"]),
        "change": int(top["target"] - base),
        "change_share": float(top["target"] / base - 1) if base else float("nan"),
        "growth": float(top["growth"]),
        "stretch": float(top["stretch"]),
        "chance_of_total": float(top["chance"]),
        "lowest_chance": float(leaves["chance"].min()),
        "highest_chance": float(leaves["chance"].max()),
        "reaching": float(leaves["chance"].mean()),
        "gini": gini(
            (leaves["target"] / leaves["forecast"].where(leaves["forecast"] > 0)).dropna()
        ),
        "limits": int((plan.limits["effect"] != 0).sum()) if len(plan.limits) else 0,
        "winners": int((change < 0).sum()),
        "losers": int((change > 0).sum()),
    }


def gini(values: pd.Series) -> float:
    """Gini coefficient of values of zero or more: 0 when all are equal."""
    known = np.sort(values.to_numpy(dtype="float64"))
    if not len(known) or not known.sum() > 0:
        return 0.0
    place = np.arange(1, len(known) + 1)
    return float((2 * place - len(known) - 1) @ known / (len(known) * known.sum()))
