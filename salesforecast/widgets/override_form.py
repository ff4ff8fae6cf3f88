"""An analyst's override: tried at once, recorded with its reason, used from the next run on."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

import ipywidgets
import pandas as pd

from salesforecast.errors import ParameterError, SalesforecastError
from salesforecast.forecasting.forecast import Forecast
from salesforecast.forecasting.overrides import Override, add_override, override
from salesforecast.hierarchy import ROOT
from salesforecast.history.numbers import parse_numbers
from salesforecast.reporting.wording import Wording
from salesforecast.widgets.lab_words import say
from salesforecast.workbench import Inputs

FILE = "overrides.toml"
_WIDE = {"width": "auto"}  # 100% and the margins are more than there is


def override_path(inputs: Inputs) -> Path:
    """The file that overrides of this organisation stand in, or will."""
    told = inputs.organisation
    return told.folder / (told.declared.overrides or FILE)


def proposed(
    inputs: Inputs,
    node: str,
    periods: list[str],
    *,
    author: str,
    reason: str,
    change: float | None = None,
    value: float | None = None,
) -> Override:
    """An override as of the cutoff; an unusable one is refused in words."""
    return Override(
        node or ROOT,
        tuple(periods),
        f"{inputs.history.cutoff:%Y-%m}",
        author,
        reason,
        value=value,
        change=change,
    )


def tried(inputs: Inputs, one: Override) -> tuple[Forecast, pd.Series]:
    """The coherent forecast with the override, and its row: `without`, `with`."""
    made, table = override(inputs.forecast, inputs.hierarchy, [one])
    return made, table.iloc[0]


def record(inputs: Inputs, one: Override) -> Path:
    """Write the override down, after trying that it can be met."""
    tried(inputs, one)
    path = override_path(inputs)
    add_override(path, one)
    return path


def _number(text: str, field: str) -> float:
    """A number as people write it: full-width digits, separators, 万."""
    parsed = parse_numbers(pd.Series([text], dtype="str"), cell=lambda _: field)
    if parsed.bad or parsed.values.isna().any():
        raise ParameterError(
            f"'{text}' is no number.", where=field, fix="write digits, such as 10."
        )
    return float(parsed.values.iloc[0])


class OverrideForm(ipywidgets.VBox):
    """Change one unit's forecast, with a reason; `form.tried` is the forecast last tried.

    Parameters
    ----------
    inputs
        As `workbench.prepare` made them; never changed.
    """

    def __init__(self, inputs: Inputs, *, language: str = "en") -> None:
        self.inputs, self._language = inputs, language
        self.tried: Forecast | None = None
        nodes = inputs.hierarchy.nodes
        indented = [
            "\u2003" * depth + label
            for depth, label in zip(nodes["depth"], nodes["label"], strict=True)
        ]
        self.node = ipywidgets.Dropdown(
            options=list(zip(indented, nodes.index, strict=True)), description=self._say("unit")
        )
        months = [f"{period:%Y-%m}" for period in inputs.forecast.samples.periods]
        quarter = tuple(f"{period:%Y-%m}" for period in inputs.quarter)
        self.months = ipywidgets.SelectMultiple(
            options=months, value=quarter, rows=min(len(months), 6), description=self._say("months")
        )
        self.change = ipywidgets.Text(description=self._say("change"), layout=_WIDE)
        self.value = ipywidgets.Text(description=self._say("or_value"), layout=_WIDE)
        self.author = ipywidgets.Text(description=self._say("author"), layout=_WIDE)
        self.reason = ipywidgets.Text(description=self._say("reason"), layout=_WIDE)
        self.try_it = ipywidgets.Button(description=self._say("try"))
        self.record = ipywidgets.Button(description=self._say("record"))
        self.said = ipywidgets.HTML()
        self.try_it.on_click(lambda _: self._act(self._try))
        self.record.on_click(lambda _: self._act(self._record))
        fields = [self.node, self.months, self.change, self.value, self.author, self.reason]
        buttons = ipywidgets.HBox([self.try_it, self.record])
        super().__init__([*fields, buttons, self.said], layout={"width": "460px"})

    def _say(self, key: str, **values: object) -> str:
        return say(self._language, key, **values)

    def _act(self, action: Callable[[], str]) -> None:
        """Do what a button says; what is wrong is said on the spot, nothing is lost."""
        try:
            said = action()
        except SalesforecastError as error:
            said = f"{error.what} {error.fix}"
        self.said.value = f"<div>{escape(said)}</div>"

    def _asked(self) -> Override:
        change, value = self.change.value.strip(), self.value.value.strip()
        divisor = self.inputs.organisation.measure.divisor
        return proposed(
            self.inputs,
            str(self.node.value),
            list(self.months.value),
            author=self.author.value,
            reason=self.reason.value,
            change=_number(change.rstrip("%％"), self.change.description) / 100 if change else None,
            value=_number(value, self.value.description) * divisor if value else None,
        )

    def _try(self) -> str:
        one = self._asked()
        self.tried, row = tried(self.inputs, one)
        measure = self.inputs.organisation.measure
        wording = Wording(self._language, measure.divisor)
        periods = one.months
        share = row["with"] / row["without"] - 1 if row["without"] else float("nan")
        before, after = (
            float(made.frame.loc[made.frame["period"].isin(periods), "forecast"].sum())
            for made in (self.inputs.forecast, self.tried)
        )
        label = str(self.inputs.hierarchy.nodes.loc[one.node, "label"])
        told = self._say(
            "told", label=label, span=", ".join(one.periods), without=wording.amount(row["without"]),
            after=wording.amount(row["with"]), change=f"{share:+.1%}",
        )  # fmt: skip
        whole = {"without": wording.amount(before), "after": wording.amount(after)}
        return f"{told}; {self._say('told_company', **whole)}"

    def _record(self) -> str:
        path = record(self.inputs, self._asked())
        said = self._say("recorded", file=path.name)
        wired = self.inputs.organisation.declared.overrides
        return said if wired else f"{said} {self._say('not_wired', file=path.name)}"
