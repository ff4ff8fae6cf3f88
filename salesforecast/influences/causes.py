"""Working days, events and drivers as numbers by period and series: what effects are learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesforecast.errors import DataError, nearest
from salesforecast.forecasting.calendar_effects import holiday_days
from salesforecast.hierarchy import ROOT, SEPARATOR
from salesforecast.history.declared import Event, Holiday
from salesforecast.history.further import read_drivers
from salesforecast.history.organisation import Organisation
from salesforecast.influences.ledger import Missing
from salesforecast.notes import SIZES
from salesforecast.planning.workdays import WorkCalendar, read_overrides
from salesforecast.tables import ALL_PRODUCTS

NEAR = (-3, 10)  # days around a declared holiday that count as any other week
WORKING_DAYS = "working days"
LENGTH = "length of the period"
UNITS_OF = {"one day of 21": float(np.log(22 / 21)), "a fifth week": float(np.log(5 / 4))}
UNEVEN = 0.1  # logarithm: periods that differ less from other years' are as long as they


@dataclass(frozen=True)
class Cause:
    """One thing that moves sales, period by period.

    Parameters
    ----------
    kind
        `calendar`, `events` or `drivers`.
    unit
        What one more of it is, in words.
    values
        float64, shape (period, series), history and horizon; NaN where unknown.
    usual
        float64, shape (series,): the value at which it has no effect.
    scale
        How much of `values` the `unit` is.
    slope
        Given instead of learned.
    """

    kind: str
    name: str
    unit: str
    values: np.ndarray
    usual: np.ndarray
    scale: float = 1.0
    slope: float | None = None


@dataclass(frozen=True)
class Grid:
    """The periods of history and horizon, and the series: what causes are laid out on."""

    periods: pd.DatetimeIndex
    series: pd.MultiIndex
    known: int
    season: int

    def inside(self, node: str, product: str = "") -> np.ndarray:
        """Which series lie in a node and are of a product (empty or `(all)`: any)."""
        nodes = self.series.get_level_values("node")
        products = self.series.get_level_values("product")
        of_node = (node in ("", ROOT)) | (nodes == node) | nodes.str.startswith(node + SEPARATOR)
        of_product = (product in ("", ALL_PRODUCTS)) | (products == product)
        return np.asarray(of_node & of_product)

    def near(self, node: str) -> str:
        """The unit of the same depth that `node` may mean, or all of them."""
        depth = node.count(SEPARATOR) + 1
        paths = self.series.get_level_values("node").unique()
        return nearest(
            node, sorted({SEPARATOR.join(one.split(SEPARATOR)[:depth]) for one in paths})
        )


def causes(organisation: Organisation, grid: Grid, *, missing: Missing = "ask") -> list[Cause]:
    """Everything declared that is neither a moving holiday nor a treatment.

    Raises
    ------
    DataError
        If a driver is not known in a period to come, a table names places that do not exist, or
        an event has neither a past nor an effect.
    """
    found: list[Cause] = []
    length = _lengths(organisation, grid)
    if length is not None:
        found.append(_on_all("calendar", LENGTH, "a fifth week", length, grid, slope=1.0))
    if organisation.declared.work.working_days:
        found.append(_working_days(organisation, grid, length))
    events = [_event(one, organisation, grid, missing) for one in organisation.declared.events]
    found += [one for one in events if one is not None]
    if organisation.declared.drivers:
        found += _drivers(organisation, grid, missing)
    return found


def days_of(
    holiday: Holiday, organisation: Organisation, periods: pd.DatetimeIndex
) -> pd.DatetimeIndex:
    """First days of a holiday, a year around `periods` included where the package knows them."""
    if holiday.days:
        try:
            return pd.DatetimeIndex(sorted(pd.Timestamp(day) for day in holiday.days))
        except ValueError as error:
            raise DataError(
                f"'{holiday.name}' has a day that cannot be read: {error}.",
                where="[[holiday]]",
                fix='write days = ["2026-02-17"].',
            ) from None
    years = range(periods[0].year - 1, periods[-1].year + 2)
    country = holiday.country or organisation.declared.work.country
    return holiday_days(country, holiday.name, years)


def work_calendar(organisation: Organisation) -> WorkCalendar:
    """The calendar of working days that the organisation file describes."""
    work = organisation.declared.work
    own = read_overrides(organisation.folder / work.own_days) if work.own_days else {}
    return WorkCalendar(work.country, work.subdivision, own)


def _lengths(organisation: Organisation, grid: Grid) -> np.ndarray | None:
    """Logarithm of each period's days, less that of the same time in other years.

    None where hardly any differ: a leap day is for the season, a 53rd week is not.
    """
    if organisation.calendar.plain:
        return None
    firsts, ends = _span(organisation, grid)
    logs = np.log((ends - firsts).days.to_numpy(dtype=float))
    for phase in range(grid.season):
        logs[phase :: grid.season] -= np.median(logs[phase :: grid.season])
    return logs if np.abs(logs).max() > UNEVEN else None


def _span(organisation: Organisation, grid: Grid) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    """True first days of the periods, and the days after their last."""
    calendar = organisation.calendar
    return calendar.first_days(grid.periods), calendar.ends(grid.periods, organisation.freq)


def _on_all(
    kind: str, name: str, unit: str, logs: np.ndarray, grid: Grid, *, slope: float | None = None
) -> Cause:
    """A cause that is the same for every series; `unit` is one more of it, in words."""
    width = len(grid.series)
    values = np.repeat(logs[:, None], width, axis=1)
    return Cause(kind, name, unit, values, np.zeros(width), UNITS_OF[unit], slope)


def _working_days(organisation: Organisation, grid: Grid, length: np.ndarray | None) -> Cause:
    """Logarithm of working days, less that of the same time in other years.

    Where periods are of unequal `length`, the days themselves are a cause: their share that is
    worked is what is left to learn from.
    """
    firsts, ends = _span(organisation, grid)
    days = work_calendar(organisation).days(firsts[0], ends[-1] - pd.Timedelta(days=1))
    working = days["working"].to_numpy(dtype=float)
    for holiday in organisation.declared.holidays:
        for first in days_of(holiday, organisation, grid.periods):
            away = (days.index - first).days
            near = (away >= NEAR[0]) & (away <= NEAR[1])
            working[near] = (days.index.day_of_week[near] < 5).astype(float)
    at = firsts.searchsorted(days.index, side="right") - 1
    logs = np.log(np.maximum(np.bincount(at, working, minlength=len(grid.periods)), 1.0))
    if length is not None:
        logs -= length
    for phase in range(grid.season):
        logs[phase :: grid.season] -= logs[phase :: grid.season].mean()
    return _on_all("calendar", WORKING_DAYS, "one day of 21", logs, grid)


def _event(event: Event, organisation: Organisation, grid: Grid, missing: Missing) -> Cause | None:
    try:
        calendar, freq = organisation.calendar, organisation.freq
        starts = [calendar.named(text, freq) for text in event.periods]
    except ValueError as error:
        raise DataError(
            f"a period of the event '{event.name}' cannot be read: {error}.",
            where="[[event]]",
            fix='write periods = ["2026-05"].',
        ) from None
    inside = grid.inside(event.node, event.product)
    if not inside.any() and missing == "leave":
        return None
    if not inside.any():
        raise DataError(
            f"the event '{event.name}' is of no unit that sells.",
            where=f"[[event]] node '{event.node}'"
            + (f", product '{event.product}'" if event.product else ""),
            fix=f"write the unit's whole path, as targets.csv names it: {grid.near(event.node)}",
        )
    there = grid.periods.isin(starts)
    if event.effect is None and there[grid.known :].any() and not there[: grid.known].any():
        if missing == "leave":
            return None
        raise DataError(
            f"the event '{event.name}' never was before: nobody can learn what it does.",
            where=f"[[event]] periods {list(event.periods)}",
            fix="say what you expect: effect = 0.1 for a tenth more.",
        )
    values = np.outer(there, inside).astype(float)
    slope = None if event.effect is None else float(np.log1p(max(event.effect, -0.95)))
    return Cause("events", event.name, "the event", values, np.zeros(len(inside)), slope=slope)


def _drivers(organisation: Organisation, grid: Grid, missing: Missing) -> list[Cause]:
    told = organisation.declared.drivers
    assert told is not None
    table = read_drivers(organisation)
    keys = table[["node", "product"]].drop_duplicates()
    order = np.argsort(
        [len(node.split(SEPARATOR)) * (node != ROOT) for node in keys["node"]], kind="stable"
    )
    out = []
    for column in told.columns:
        wide = table.pivot(index="period", columns=["node", "product"], values=column)
        wide = wide.reindex(grid.periods)
        values = np.full((len(grid.periods), len(grid.series)), np.nan)
        for node, product in keys.iloc[order].itertuples(index=False):  # the nearest table row wins
            inside = grid.inside(node, product)
            if not inside.any() and missing == "ask":
                raise DataError(
                    f"the drivers name '{node}', '{product}', which never sold.",
                    where=told.path,
                    fix="write places and products as the order lines do.",
                )
            values[:, inside] = wide[node, product].to_numpy()[:, None]
        covered = np.isfinite(values[: grid.known]).any(axis=0)
        rule = "last" if missing == "leave" and told.ahead == "ask" else told.ahead
        values = _ahead(values, covered, column, rule, grid)
        logs = column in told.logarithm
        if logs and (values[:, covered] <= 0).any():
            raise DataError(
                f"the driver '{column}' is not above zero everywhere.",
                where=told.path,
                fix="take it out of logarithm, or correct its values.",
            )
        values = np.log(values) if logs else values
        values[:, ~covered] = 0.0
        recent = values[: grid.known][-grid.season :]
        known = np.isfinite(recent)
        usual = np.where(known, recent, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        unit, scale = ("10 % more", float(np.log(1.1))) if logs else _unit(values[: grid.known])
        out.append(Cause("drivers", column, unit, values, usual, scale))
    return out


def _unit(values: np.ndarray) -> tuple[str, float]:
    """What "more" of a driver is: a power of ten that lies within its own range.

    A discount between 0 and 0.3 never moves by one; a budget of a million hardly notices one.
    """
    known = values[np.isfinite(values)]
    span = float(np.ptp(known)) if len(known) else 0.0
    power = int(np.clip(np.floor(np.log10(span) + 1e-9), min(SIZES), max(SIZES))) if span > 0 else 0
    return f"{SIZES[power]} more", 10.0**power


def _ahead(
    values: np.ndarray, covered: np.ndarray, column: str, rule: str, grid: Grid
) -> np.ndarray:
    """Values with the periods to come filled by the rule; asked for where there is none."""
    out = values.copy()
    for at in range(grid.known, len(out)):
        missing = covered & ~np.isfinite(out[at])
        if rule == "last":
            filled = pd.DataFrame(out[:at]).ffill().to_numpy()[-1]
            out[at, missing] = filled[missing]
        elif rule == "last year" and at >= grid.season:
            out[at, missing] = out[at - grid.season, missing]
    still = covered & ~np.isfinite(out[grid.known :])
    if still.any():
        step, series = np.argwhere(still)[0]
        node, product = grid.series[series]
        first, last = grid.periods[grid.known], grid.periods[-1]
        raise DataError(
            f"the driver '{column}' is not known ahead for {int(still.any(axis=0).sum())} series.",
            where=f"first: {node}, {product}, {grid.periods[grid.known + step]:%Y-%m}",
            fix=f"add its values from {first:%Y-%m} to {last:%Y-%m} to the table, or write "
            'ahead = "last" (as it was) or "last year" in [drivers].',
        )
    return out


def by_kind(found: Sequence[Cause]) -> Mapping[str, list[int]]:
    """Positions of the causes of each kind, in order."""
    out: dict[str, list[int]] = {}
    for at, cause in enumerate(found):
        out.setdefault(cause.kind, []).append(at)
    return out
