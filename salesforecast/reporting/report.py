"""What a report is made of, and the few facts that its page and workbook both state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import pandas as pd

from salesforecast.errors import Finding
from salesforecast.fiscal import FiscalCalendar
from salesforecast.hierarchy import ROOT, Hierarchy

TOO_LOW = 0.25  # a chance below this is shown in red and bold
QUOTAS = "the company's own quotas"  # a hindcast's method that is no rival: made from the actuals


class Planned(Protocol):
    """What a report reads of a plan; `salesforecast.planning.plan.Plan` is one."""

    @property
    def hierarchy(self) -> Hierarchy: ...
    @property
    def periods(self) -> pd.DatetimeIndex: ...
    @property
    def units(self) -> pd.DataFrame: ...
    @property
    def months(self) -> pd.DataFrame: ...
    @property
    def targets(self) -> pd.DataFrame: ...
    @property
    def calendar(self) -> FiscalCalendar: ...
    @property
    def freq(self) -> str: ...
    @property
    def chance_of_total(self) -> float: ...
    @property
    def scenario(self) -> Any: ...
    @property
    def limits(self) -> pd.DataFrame: ...

    def node_targets(self) -> pd.DataFrame: ...


class Replayed(Protocol):
    """What a report reads of a hindcast: attainment under each method."""

    @property
    def summary(self) -> pd.DataFrame: ...
    @property
    def detail(self) -> pd.DataFrame: ...
    @property
    def far_off(self) -> pd.DataFrame: ...
    @property
    def note(self) -> str: ...


@dataclass(frozen=True)
class Report:
    """One run's result, as people are going to read it.

    Parameters
    ----------
    organisation
        Name of the organisation.
    unit, divisor, unit_words
        Unit of the measure (`"USD"`), what amounts are divided by on the page (1000), and
        what one then calls it (`"thousand USD"`).
    quarter, span
        Name of the planned quarter (`"Q4 FY2013"`) and its months in words.
    plan
        The plan; `units` and `months` are on every node in the tree's order, amounts in `unit`.
    history
        `period` (first day of a quarter), `label`, `sales` (in `unit`) of the company, in order.
    findings
        What was noticed in the data.
    hindcast
        Attainment under each method; `summary` is on method, the plan's own criterion first.
        None when it was not asked for.
    run
        How it was made, in the order shown: `id`, `as_of`, `version`, `seed`, and, where they
        are known, `seconds` (stage -> s), `inputs` (path -> sha256), `parameters`, `versions`.
    changes
        `label`, `before`, `now`, `reason` of the units whose target moved since the last run.
    """

    organisation: str
    unit: str
    divisor: int
    unit_words: str
    quarter: str
    span: str
    plan: Planned
    history: pd.DataFrame
    findings: tuple[Finding, ...]
    hindcast: Replayed | None
    run: Mapping[str, Any] = field(hash=False)
    changes: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        if self.divisor < 1:
            raise ValueError(f"divisor is 1 or more, not {self.divisor}")
        nodes = self.plan.hierarchy.nodes.index
        for name in ("units", "months"):
            if not getattr(self.plan, name).index.equals(nodes):
                raise ValueError(f"plan.{name} is not on the nodes of the hierarchy, in its order")

    @property
    def company(self) -> pd.Series:
        """The root's row of `plan.units`."""
        return self.plan.units.loc[ROOT]

    @property
    def leaves(self) -> pd.DataFrame:
        """The leaf rows of `plan.units`."""
        return self.plan.units[self.plan.units["leaf"].astype(bool)]

    @property
    def held(self) -> pd.DataFrame:
        """Leaf rows whose target a limit holds."""
        return self.leaves[self.leaves["limit"] != ""]

    @property
    def free(self) -> pd.DataFrame:
        """Leaf rows with a target that no limit holds."""
        return self.leaves[(self.leaves["limit"] == "") & (self.leaves["target"] > 0)]

    @property
    def of_people(self) -> bool:
        """Whether the leaves are positions of people; places otherwise."""
        return self.plan.hierarchy.levels[-1] == "position"

    @property
    def hedged(self) -> bool:
        """Whether some unit is assigned more than its target."""
        return bool((self.plan.units["assigned"] != self.plan.units["target"]).any())

    @property
    def ours(self) -> str:
        """The hindcast's method that the plan uses: the first of its summary."""
        if self.hindcast is None or self.hindcast.summary.empty:
            return ""
        return str(self.hindcast.summary.index[0])

    def best_habit(self) -> pd.Series | None:
        """The hindcast's measures of the habit that had most people between 80 and 120 %."""
        if self.hindcast is None:
            return None
        summary = self.hindcast.summary
        rivals = summary[summary.index != QUOTAS].iloc[1:]
        return None if rivals.empty else rivals.loc[rivals["share_80_120"].idxmax()]

    def quarter_name(self, quarter: object) -> str:
        """Name of a quarter given by its first day, as the history calls it."""
        if not isinstance(quarter, pd.Timestamp):
            return str(quarter)
        found = self.history.loc[self.history["period"] == quarter, "label"]
        return str(found.iloc[0]) if len(found) else f"{quarter:%Y-%m-%d}"

    def binding(self) -> pd.DataFrame:
        """Rows of `plan.limits` whose unit would carry another target without the limit."""
        limits = self.plan.limits
        return limits[limits["held_at"] != limits["would_be"]]

    def label(self, node: str) -> tuple[str, str]:
        """Label of a node, and its parent's label where another unit has the same one.

        A unit that repeats its only parent's name (Canada in Canada) counts as one with it.
        """
        units = self.plan.units
        if node not in units.index:
            return node, ""
        own = units.loc[node]
        same = units[(units["label"] == own["label"]) & (units.index != node)]
        elsewhere = [n for n in same.index if n != own["parent"] and same.loc[n, "parent"] != node]
        return str(own["label"]), str(units["label"].get(own["parent"], "")) if elsewhere else ""

    def warnings(self) -> list[Finding]:
        """Findings that may change a result."""
        return [f for f in self.findings if f.severity not in ("note", "repair")]

    def repairs(self) -> list[Finding]:
        """What was read in another way than it was written."""
        return [f for f in self.findings if f.severity == "repair"]

    def notes(self) -> list[Finding]:
        """What moved the forecast besides time."""
        return [f for f in self.findings if f.severity == "note"]


def is_house(label: str) -> bool:
    """Whether a leaf's label names sales that no person owns: `(online)`."""
    return label.startswith("(") and label.endswith(")")


def folded(units: pd.DataFrame) -> pd.DataFrame:
    """Rows above the leaves, an only child folded into its parent.

    Returns
    -------
    pd.DataFrame
        `units` without leaves and without folded rows, in order. `label` is the one name of
        both (`Canada`) or both names (`Pacific: Australia`); `depth` counts shown rows only.
    """
    inner = units[~units["leaf"].astype(bool)]
    children = inner["parent"].value_counts()
    leaf_parents = set(units.loc[units["leaf"].astype(bool), "parent"])
    shown: dict[str, dict[str, Any]] = {}
    stands_for: dict[str, str] = {}
    for row in inner.to_dict("index").items():
        node, values = str(row[0]), row[1]
        parent = str(values["parent"])
        head = stands_for.get(parent, "")
        only = children.get(parent, 0) == 1 and parent not in leaf_parents and parent != ROOT
        if only and head:
            stands_for[node] = head
            if shown[head]["label"].split(": ")[-1] != values["label"]:
                shown[head]["label"] += f": {values['label']}"
            continue
        stands_for[node] = node
        shown[node] = {**values, "depth": shown[head]["depth"] + 1 if head else 0}
    return pd.DataFrame.from_dict(shown, orient="index", columns=list(inner.columns))
