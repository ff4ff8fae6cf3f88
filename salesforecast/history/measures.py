"""Lines of one measure: its own column, and what is taken off it (cost, for profit)."""

from __future__ import annotations

from dataclasses import replace

from salesforecast.history.load import Loaded, load
from salesforecast.history.organisation import Organisation
from salesforecast.tables import LINES


def load_measure(organisation: Organisation) -> Loaded:
    """Read the order lines as `load` does; where the measure has a `minus`, that column is taken
    off each line's amount. A line that only one of both columns could be read of is left out."""
    found = load(organisation)
    column = organisation.measure.minus
    if not column:
        return found
    less = tuple(
        replace(source, columns=replace(source.columns, amount=column))
        for source in organisation.sources
    )
    other = load(replace(organisation, sources=less))
    key = ["source", "row"]
    taken = other.lines[[*key, "amount"]].rename(columns={"amount": "less"})
    both = found.lines.merge(taken, on=key, how="inner", validate="one_to_one")
    lines = LINES.check(both.assign(amount=both["amount"] - both["less"]))
    new = [finding for finding in other.findings if finding not in found.findings]
    return replace(found, lines=lines, findings=(*found.findings, *new))
