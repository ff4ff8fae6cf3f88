"""A workbook or a CSV that people filled in, read back: taken by cell, or refused by cell."""

from __future__ import annotations

from salesforecast.exchange.notes import LoadedBack
from salesforecast.history.organisation import Measure
from salesforecast.planning.plan import Plan


def load_back(
    data: bytes,
    file_name: str,
    plan: Plan,
    measure: Measure,
    *,
    language: str = "en",
    owner: str = "",
) -> LoadedBack:
    """Read what was typed into a planner's workbook, an input template, or a table like them."""
    raise NotImplementedError
