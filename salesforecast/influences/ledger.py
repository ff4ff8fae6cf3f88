"""What moved a forecast, step by step: effects, treated values, amounts, and a finding for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from salesforecast.errors import Finding
from salesforecast.findings import found
from salesforecast.tables import FORECAST

KEY = list(FORECAST.key)
EFFECTS = ["kind", "name", "node", "product", "unit", "effect", "error", "seen"]
TREATED = ["kind", "node", "product", "period", "original", "treated", "keep"]
STEPS = ["step", *KEY, "amount"]
OVERRIDES = ["node", "periods", "cutoff", "author", "reason", "value", "change", "without", "with"]
OPINIONS = [
    "node", "weighted", "coverage", "outcomes", "error_models", "error_pipeline", "weight",
    "without", "with",
]  # fmt: skip


def _empty(columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns))


@dataclass(frozen=True)
class Influences:
    """What moved a forecast besides time; empty where nothing is declared.

    Parameters
    ----------
    effects
        A row a driver and series: what one `unit` of the driver more does to sales (`effect`,
        a fraction), how far off that may be, and whether it is `seen` (well above its error).
    treated
        A row a value of the past that was treated: `original` beside `treated`, and the text for
        `[treatment] keep` that undoes it.
    steps
        `FORECAST`'s key with `step` (`time`, `calendar`, `events`, `drivers`, `growth`,
        `pipeline`, `opening`, `override`) and its `amount`; all steps of a key add up to the forecast.
    overrides, opinions
        A row an override and a pipeline of a unit, the forecast without and with it.
    seen
        `HISTORY` that the models saw: treated, and without what moved it; None: all as it was.
    findings
        Everything of that in words, with its reason.
    """

    effects: pd.DataFrame = field(default_factory=lambda: _empty(EFFECTS))
    treated: pd.DataFrame = field(default_factory=lambda: _empty(TREATED))
    steps: pd.DataFrame = field(default_factory=lambda: _empty(STEPS))
    overrides: pd.DataFrame = field(default_factory=lambda: _empty(OVERRIDES))
    opinions: pd.DataFrame = field(default_factory=lambda: _empty(OPINIONS))
    seen: pd.DataFrame | None = None
    findings: tuple[Finding, ...] = ()

    def of(self, leaves: pd.Index) -> pd.DataFrame:
        """Amount of each step over `leaves`: period × step, in the order of the steps."""
        inside = self.steps[self.steps["node"].isin(leaves)]
        table = inside.pivot_table(index="period", columns="step", values="amount", aggfunc="sum")
        return table[list(dict.fromkeys(inside["step"]))]


Missing = Literal["ask", "leave"]  # what was not known: an error that asks for it, or left out


@dataclass
class Ledger:
    """Collects what each step does while a forecast is made.

    `missing` says what happens where something declared is not known: a run of today asks for it,
    a look back leaves out what nobody knew then.
    """

    missing: Missing = "ask"
    effects: list[pd.DataFrame] = field(default_factory=list)
    treated: list[pd.DataFrame] = field(default_factory=list)
    steps: list[pd.DataFrame] = field(default_factory=list)
    overrides: pd.DataFrame | None = None
    opinions: pd.DataFrame | None = None
    seen: pd.DataFrame | None = None
    findings: list[Finding] = field(default_factory=list)

    def note(self, code: str, where: str, *, rows: int = 0, **figures: object) -> None:
        """Say what was done, and why: a code of the catalogue in `notes`, and its figures."""
        self.findings.append(found(f"note {code}", where, severity="note", rows=rows, **figures))

    def step(self, name: str, before: pd.DataFrame | None, after: pd.DataFrame) -> float:
        """Book the difference of two `FORECAST` frames as a step; its sum over all rows."""
        new = after.set_index(KEY)["forecast"]
        amount = new if before is None else new.sub(before.set_index(KEY)["forecast"], fill_value=0)
        frame = amount.rename("amount").reset_index().assign(step=name)
        self.steps.append(frame[STEPS])
        return float(amount.sum())

    def close(self) -> Influences:
        """Everything that was collected."""

        def joined(parts: list[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
            kept = [part for part in parts if len(part)]
            return pd.concat(kept, ignore_index=True) if kept else _empty(columns)

        return Influences(
            joined(self.effects, EFFECTS),
            joined(self.treated, TREATED),
            joined(self.steps, STEPS),
            _empty(OVERRIDES) if self.overrides is None else self.overrides,
            _empty(OPINIONS) if self.opinions is None else self.opinions,
            self.seen,
            tuple(self.findings),
        )


def percent(share: float) -> str:
    """`+3.1 %`, for findings."""
    return f"{100 * share:+.1f} %".replace("-", "−")
