"""Criteria side by side, a conflict and its repair, and an explanation: what `fair_splits` shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from salesforecast import workbench
from salesforecast.allocation import measures
from salesforecast.allocation.allocate import Allocation, allocate
from salesforecast.allocation.churn import reallocate
from salesforecast.allocation.conflicts import Conflict
from salesforecast.allocation.explain import explain, labels, sentence
from salesforecast.hierarchy import ROOT
from salesforecast.reporting.figures import BAD, EDIT, INK, INK2
from salesforecast.rules import Ceiling, Floor, Rule
from salesforecast.widgets.style import LINE

CRITERIA: tuple[str | dict[str, float], ...] = (
    "forecast",
    "history",
    "equal growth",
    "equal uplift",
    "capacity",
    "equal headroom",
    "potential",
    "least change",
    "few changes",
    "equal chance",
    {"forecast": 0.5, "history": 0.5},
)
_SVG = '<svg width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" font-size="11" font-family="Segoe UI, Noto Sans CJK SC, Noto Sans, sans-serif">{marks}</svg>'


def references(inputs: workbench.Inputs, *, good_quarter: float = 0.9) -> pd.DataFrame:
    """The columns that criteria refer to, made of what the sample organisation knows.

    `capacity` is what a good quarter would bring (that quantile of the draws), `potential` the
    mean of the last four quarters, `plan` the same by last year's habit.

    Returns
    -------
    pd.DataFrame
        float64 on leaf, in money.
    """
    leaves = inputs.leaves.copy()
    leaves["capacity"] = np.maximum(inputs.draws.quantile(good_quarter), leaves["history"])
    leaves["potential"] = leaves["last_four"].clip(lower=0)
    leaves["plan"] = leaves["potential"]
    return leaves


@dataclass(frozen=True)
class Splits:
    """One total split by several criteria under the same limits.

    Parameters
    ----------
    inputs, leaves
        What they were made from.
    splits
        Criterion, as it is called, to its allocation.
    asked
        The same names to what `allocate` was given.
    """

    inputs: workbench.Inputs
    leaves: pd.DataFrame
    splits: Mapping[str, Allocation]
    asked: Mapping[str, str | Mapping[str, float]]

    def table(self, *, depth: int = 3) -> pd.DataFrame:
        """Targets of all nodes down to `depth`, one column a criterion, as people read money."""
        nodes = self.inputs.hierarchy.nodes
        shown = nodes.index[nodes["depth"] <= depth]
        divisor = self.inputs.organisation.measure.divisor
        columns = {name: split.nodes["target"] for name, split in self.splits.items()}
        return (pd.DataFrame(columns).loc[shown] / divisor).round().astype("int64")

    def measures(self) -> pd.DataFrame:
        """How evenly each criterion asks: one row a criterion (see `measures.Fairness.summary`).

        `price_of_fairness` is the share of attainers that it gives up against the criterion shown
        here that lets most people reach their target.
        """
        rows = {
            name: measures.fairness(
                split.targets,
                self.inputs.hierarchy,
                forecast=self.leaves["forecast"],
                baseline=self.leaves["history"],
                draws=self.inputs.draws,
            ).summary
            for name, split in self.splits.items()
        }
        out = pd.DataFrame(rows).T
        best = self.splits[str(out["share_attaining"].idxmax())].targets
        out["price_of_fairness"] = [
            measures.price_of_fairness(split.targets, best, self.inputs.draws)["price"]
            for split in self.splits.values()
        ]
        return out.round(3)

    def gains(self, name: str, *, against: str = "history", most: int = 12) -> str:
        """SVG: who is asked more and who less than in another split, the largest changes first."""
        hierarchy = self.inputs.hierarchy
        other = self.splits[against].targets
        found = measures.gains_and_losses(self.splits[name].targets, other, hierarchy)
        shown = found.loc[found.index.isin(hierarchy.leaves) & (found["change"] != 0)].head(most)
        divisor = self.inputs.organisation.measure.divisor
        left, width, height = 230, 680, 22
        middle = (left + width) / 2
        scale = (width - left) / 2.4 / max(float(shown["change"].abs().max()), 1.0)
        parents = hierarchy.nodes["parent"]
        marks = [_line(middle, 0, middle, height * len(shown), LINE)]
        for at, (node, row) in enumerate(shown.iterrows()):
            y, size = height * at, float(row["change"]) * scale
            above = str(hierarchy.nodes["label"].get(parents[node], ""))
            marks.append(
                _text(left - 10, y + 15, f"{row['label']}, {above}", anchor="end", fill=INK)
            )
            marks.append(
                _bar(min(middle, middle + size), y + 3, abs(size), EDIT if size > 0 else INK2)
            )
            said = f"{row['change'] / divisor:+,.0f}".replace("-", "−")
            anchor, away = ("start", 6) if size > 0 else ("end", -6)
            marks.append(_text(middle + size + away, y + 15, said, anchor=anchor))
        return _SVG.format(w=width + 40, h=height * len(shown) + 4, marks="".join(marks))

    def under_budgets(
        self, name: str, *, before: str = "history", shares: Sequence[float] = (1, 0.5, 0.25, 0)
    ) -> pd.DataFrame:
        """The way from one split to another, `shares` of it at most: what moves and what it brings.

        Returns
        -------
        pd.DataFrame
            One row a budget for changes, as people read money: `moved`, `changed` units,
            `chance_spread` (standard deviation over the units) and `share_attaining`.
        """
        plan, divisor = self.splits[name], self.inputs.organisation.measure.divisor
        old = self.splits[before].targets
        leaves = self.leaves.assign(plan=old.astype("float64"))
        whole = int((plan.targets - old).abs().sum())
        rows = {}
        for budget in (int(whole * share) for share in shares):
            found = reallocate(
                plan.total,
                self.inputs.hierarchy,
                leaves,
                criterion=self.asked[name],
                rules=plan.rules,
                step=plan.step,
                draws=self.inputs.draws,
                budget=budget,
            )
            targets = found.allocation.targets
            chance = measures.chances(targets, self.inputs.draws, self.inputs.hierarchy)
            rows[f"{budget / divisor:,.0f}"] = {
                "moved": round(found.moved / divisor),
                "changed": found.changed,
                "chance_spread": round(float(chance[targets.index[targets > 0]].std(ddof=0)), 3),
                "share_attaining": round(
                    measures.expected_share_attaining(targets, self.inputs.draws), 3
                ),
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("budget")

    def explanation(self, name: str) -> pd.DataFrame:
        """Every target of one split taken apart (see `explain`)."""
        return explain(
            self.splits[name],
            self.inputs.hierarchy,
            self.leaves,
            criterion=self.asked[name],
            draws=self.inputs.draws,
        )

    def picture(self) -> str:
        """SVG: a line a criterion, a dot a unit at its chance to reach its target; a tick at the mean."""
        left, width, height = 190, 760, 26
        marks = []
        for at, (name, split) in enumerate(self.splits.items()):
            y = height * at + 30
            found = measures.chances(split.targets, self.inputs.draws, self.inputs.hierarchy)
            chance = found[split.targets.index[split.targets > 0]].to_numpy()
            marks.append(_text(left - 10, y + 4, name, anchor="end", fill=INK))
            marks.append(_line(left, y, width, y, LINE))
            marks += [_dot(left + p * (width - left), y) for p in chance]
            mean = left + float(chance.mean()) * (width - left)
            marks.append(_line(mean, y - 9, mean, y + 9, INK, 2))
        for percent in range(0, 101, 25):
            x = left + percent / 100 * (width - left)
            marks.append(_text(x, 14, f"{percent} %", anchor="middle"))
        return _SVG.format(w=width + 20, h=height * len(self.splits) + 24, marks="".join(marks))


def compare(
    inputs: workbench.Inputs,
    total: int,
    *,
    criteria: Sequence[str | dict[str, float]] = CRITERIA,
    rules: Sequence[Rule] = (),
    step: int = 1,
) -> Splits:
    """Split `total` by every criterion under the same limits.

    Raises
    ------
    InfeasibleError
        If the limits contradict each other.
    """
    leaves = references(inputs)
    asked = {_called(criterion): criterion for criterion in criteria}
    splits = {
        name: allocate(
            total,
            inputs.hierarchy,
            leaves,
            criterion=criterion,
            rules=rules,
            step=step,
            draws=inputs.draws,
        )
        for name, criterion in asked.items()
    }
    return Splits(inputs, leaves, splits, asked)


def contradicting(
    inputs: workbench.Inputs, *, ceiling: float = 0.9, floors: float = 0.97
) -> tuple[Rule, ...]:
    """Wishes that cannot all be kept: a ceiling on the largest group below its forecast, and a
    floor on every unit right below it near its own (fractions of the forecast)."""
    hierarchy, measure = inputs.hierarchy, inputs.organisation.measure
    sums = hierarchy.totals(inputs.leaves)["forecast"]
    group = str(sums[hierarchy.children(ROOT)].idxmax())

    def rounded(node: str, share: float) -> int:
        return round(float(sums[node]) * share / measure.divisor) * measure.divisor

    insisting = [
        Floor(str(node), rounded(str(node), floors), owner="its manager")
        for node in hierarchy.children(group)
    ]
    return (
        Ceiling(group, rounded(group, ceiling), owner="supply", reason="stock"),
        *insisting,
    )


def before_and_after(conflicts: Sequence[Conflict]) -> str:
    """HTML: the limits that the cheapest repairs change, as they were set and as they work."""
    changes = [change for conflict in conflicts for change in conflict.repairs]
    rows = [
        f"<tr><td>{escape(_said(c.rule) if c.rule else 'the total')}</td><td>{escape(_said(c.to))}</td></tr>"
        for c in changes
    ]
    return f"<table><tr><th>as it was set</th><th>as it works</th></tr>{''.join(rows)}</table>"


def _said(limit: Rule | float | None) -> str:
    if limit is None:
        return "released"
    return f"{limit:,.0f}" if isinstance(limit, (int, float)) else limit.words()


def largest_under_a_limit(explanation: pd.DataFrame) -> str:
    """The unit at the bottom with the largest target among those that a limit touches."""
    leaf = ~explanation.index.isin(explanation["parent"])
    touched = leaf & ((explanation["limit"] != "") | (explanation["above"] != 0))
    among = explanation[touched] if touched.any() else explanation[leaf]
    return str(among["target"].idxmax())


def refusal(conflicts: Sequence[Conflict], *, language: str = "en") -> str:
    """HTML: what contradicts what, and the repairs to choose from, for each contradiction."""
    parts = [
        f'<div role="alert" style="border-left:3px solid {BAD};background:#fdeee6;padding:6px 10px;'
        f'margin:4px 0;color:{INK}">{escape(conflict.text(language))}<br>'
        f'<b style="color:{EDIT}">{escape(conflict.fix(language))}</b></div>'
        for conflict in conflicts
    ]
    return "".join(parts)


def waterfall(
    explanation: pd.DataFrame, node: str, *, divisor: int = 1, language: str = "en"
) -> str:
    """SVG: from last year to the target of `node`, step by step; steps of nothing stay visible."""
    steps = labels(explanation, node, language=language)
    shown = np.rint(np.cumsum([amount for _, amount in steps]) / divisor)
    starts = np.concatenate([[0.0], shown[:-1]])
    base = min(shown.min(), shown[-1]) * 0.9
    left, width, height = 200, 620, 24
    scale = (width - left) / max(float(shown.max()) * 1.02 - base, 1.0)
    marks = []
    for at, ((name, _), start, end) in enumerate(zip(steps, starts, shown, strict=True)):
        low, high = (base, end) if at == 0 else (min(start, end), max(start, end))
        y = height * at
        marks.append(_text(left - 10, y + 16, name, anchor="end", fill=INK))
        marks.append(_bar(left + (low - base) * scale, y + 4, (high - low) * scale, INK2))
        said = f"{end:,.0f}" if at == 0 else f"{end - start:+,.0f}".replace("-", "−")
        marks.append(_text(left + (high - base) * scale + 6, y + 16, said, anchor="start"))
    y = height * len(steps)
    word = "target" if language == "en" else "目标"
    marks.append(_text(left - 10, y + 16, word, anchor="end", fill=INK))
    marks.append(_bar(left, y + 4, (shown[-1] - base) * scale, EDIT))
    end_text = _text(
        left + (shown[-1] - base) * scale + 6, y + 16, f"{shown[-1]:,.0f}", anchor="start"
    )
    return _SVG.format(w=width + 80, h=y + height + 4, marks="".join([*marks, end_text]))


def in_both_languages(explanation: pd.DataFrame, node: str, *, divisor: int = 1) -> str:
    """HTML: the sentence about one target in English and Chinese."""
    told = [sentence(explanation, node, language=code, unit=divisor) for code in ("en", "zh")]
    return "".join(f"<p>{escape(line)}</p>" for line in told)


def _called(criterion: str | Mapping[str, float]) -> str:
    if isinstance(criterion, str):
        return criterion
    return " + ".join(f"{weight:.0%} {name}" for name, weight in criterion.items())


def _text(x: float, y: float, text: str, *, anchor: str, fill: str = INK2) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}">{escape(text)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, stroke: str, width: float = 1) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" stroke-width="{width:g}"/>'


def _dot(x: float, y: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{EDIT}" fill-opacity="0.45"/>'


def _bar(x: float, y: float, width: float, fill: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="16" fill="{fill}"/>'
