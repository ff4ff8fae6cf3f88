"""Regions renamed, merged or split: history told as if they always had been what they are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesforecast.errors import DataError, Finding, nearest
from salesforecast.fiscal import MONTHS
from salesforecast.hierarchy import SEPARATOR
from salesforecast.history.declared import RegionChange
from salesforecast.history.organisation import Organisation
from salesforecast.history.series import last_complete_period
from salesforecast.tables import LINES

if TYPE_CHECKING:
    from salesforecast.history.load import Loaded


def restate(
    lines: pd.DataFrame, changes: Sequence[RegionChange], *, until: pd.Timestamp
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Order lines with the places of today; sums are what they were.

    Changes are made in the order of their dates; those after `until` (the first planned period)
    wait. A split hands each line of the old place to all new ones, by their shares.

    Parameters
    ----------
    lines
        `LINES`; a place is named by its path, a change of a group moves everything in it.

    Raises
    ------
    DataError
        If a place never sold anything, or a date cannot be read.
    """
    findings = []
    for change in sorted(changes, key=lambda one: _since(one)):
        since = _since(change)
        names = f"{' + '.join(change.was)} → {' + '.join(change.now)}"
        if since > until:
            effect = f"It waits until plans reach {since:%Y-%m}."
            findings.append(
                Finding("warning", "a change of regions is still to come", names, effect)
            )
            continue
        inside = {old: _inside(lines["territory"], old) for old in change.was}
        if not any(mask.any() for mask in inside.values()) and all(
            _inside(lines["territory"], name).any() for name in change.now
        ):
            effect = "The delivery tells all its history under the new name; nothing to do."
            findings.append(Finding("repair", "a change of regions is already made", names, effect))
            continue
        for old, mask in inside.items():
            if not mask.any():
                raise DataError(
                    f"the place '{old}' never sold anything.",
                    where=f"[[region]] {names}",
                    fix=f"write its whole path as it stood in the order lines: {_near(old, lines)}",
                )
        rows = int(sum(mask.sum() for mask in inside.values()))
        lines, said = _changed(lines, change, inside, since)
        findings.append(
            Finding("repair", f"history re-stated: {names}", f"since {since:%Y-%m}", said, rows)
        )
    return LINES.check(lines), tuple(findings)


def _near(old: str, lines: pd.DataFrame) -> str:
    """The place of the same depth that `old` may mean, or all of them."""
    depth = old.count(SEPARATOR) + 1
    paths = lines["territory"].unique()
    return nearest(old, sorted({SEPARATOR.join(one.split(SEPARATOR)[:depth]) for one in paths}))


def _since(change: RegionChange) -> pd.Timestamp:
    try:
        return pd.Timestamp(change.since)
    except ValueError:
        raise DataError(
            f"'{change.since}' is no date.", where="[[region]]", fix='write since = "2014-01".'
        ) from None


def _inside(places: pd.Series, node: str) -> np.ndarray:
    return ((places == node) | places.str.startswith(node + SEPARATOR)).to_numpy(bool)


def _changed(
    lines: pd.DataFrame,
    change: RegionChange,
    inside: Mapping[str, np.ndarray],
    since: pd.Timestamp,
) -> tuple[pd.DataFrame, str]:
    if len(change.now) == len(change.was) or len(change.now) == 1:
        new = change.now if len(change.now) > 1 else change.now * len(change.was)
        places = lines["territory"]
        for (old, mask), name in zip(inside.items(), new, strict=True):
            places = places.mask(mask, name + places.str.slice(len(old)))
        return lines.assign(territory=places), "All its history counts for the new place."
    shares, how = _shares(lines, change, since)
    old, mask = next(iter(inside.items()))
    parts = [lines[~mask]]
    for name, share in zip(change.now, shares, strict=True):
        place = name + lines.loc[mask, "territory"].str.slice(len(old))
        part = lines[mask].assign(territory=place)
        parts.append(part.assign(amount=part["amount"] * share, quantity=part["quantity"] * share))
    told = ", ".join(f"{name} {share:.0%}" for name, share in zip(change.now, shares, strict=True))
    return pd.concat(parts).sort_index(kind="stable"), f"Split by {how}: {told}."


def _shares(
    lines: pd.DataFrame, change: RegionChange, since: pd.Timestamp
) -> tuple[np.ndarray, str]:
    """Given, or those of what each part sold since, or equal ones; and which of these."""
    if change.shares:
        given = np.array(change.shares)
        return given / given.sum(), "the given shares"
    later = lines[lines["period"] >= since]
    sold = np.array(
        [later.loc[_inside(later["territory"], name), "amount"].sum() for name in change.now]
    )
    if (sold > 0).all():
        return sold / sold.sum(), "what each part sold since"
    return np.full(len(sold), 1 / len(sold)), "equal shares, as not every part has sold yet"


def restated(loaded: Loaded, organisation: Organisation) -> Loaded:
    """What was loaded, on the places of the first period that is planned next."""
    changes = organisation.declared.regions
    if not changes or loaded.lines.empty:
        return loaded
    step = pd.DateOffset(months=MONTHS[organisation.freq])
    until = last_complete_period(loaded.lines, organisation) + step
    calendar = organisation.calendar
    if not calendar.plain:
        named = ((one, calendar.since(one.since)) for one in changes)
        changes = tuple(replace(one, since=f"{period:%Y-%m}") for one, period in named)
    lines, findings = restate(loaded.lines, changes, until=until)
    return replace(loaded, lines=lines, findings=(*loaded.findings, *findings))
