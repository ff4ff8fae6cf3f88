"""What people call a unit where its own label would not say which one is meant."""

from __future__ import annotations

import pandas as pd

from salesforecast.reporting.report import is_house
from salesforecast.reporting.wording import Wording


def place_label(units: pd.DataFrame, node: str, wording: Wording) -> str:
    """The label of a unit; a house leaf is told apart by its place: `France (online)`."""
    own = str(units.at[node, "label"])
    return _label(own, units, node, wording)


def place_labels(units: pd.DataFrame, wording: Wording) -> dict[str, str]:
    """Node to what people call it, as `place_label` says it, for all units at once."""
    own = {str(node): str(label) for node, label in units["label"].items()}
    return {node: _label(label, units, node, wording) for node, label in own.items()}


def _label(own: str, units: pd.DataFrame, node: str, wording: Wording) -> str:
    label = wording.name("label", own)
    if not is_house(own):
        return label
    return f"{units.at[str(units.at[node, 'parent']), 'label']} {label}"
