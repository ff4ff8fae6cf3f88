"""What in the past does not say what comes: outliers and shifts treated, effects taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesforecast.fiscal import MONTHS
from salesforecast.forecasting.calendar_effects import MONTHS as MOVING
from salesforecast.forecasting.calendar_effects import HolidayEffect, learn_effect
from salesforecast.forecasting.drivers import Effects, learn_effects
from salesforecast.forecasting.shifts import find_odd, treat
from salesforecast.history.declared import Treatment
from salesforecast.history.organisation import Organisation
from salesforecast.influences.causes import Cause, Grid, by_kind, causes, days_of
from salesforecast.influences.ledger import EFFECTS, TREATED, Ledger, percent

SURE = 10.0  # standard errors of a slope that was given


@dataclass(frozen=True)
class Plain:
    """The past without what moved it, and what the future is multiplied by.

    Parameters
    ----------
    values
        float64, shape (period, series): up to the cutoff.
    ahead
        Kind of influence -> float64, shape (step, series).
    """

    values: np.ndarray
    ahead: dict[str, np.ndarray]


def treated(wide: pd.DataFrame, rules: Treatment, season: int, ledger: Ledger) -> np.ndarray:
    """History with outliers and shifts treated as the rules say, each booked with its way back."""
    values = wide.to_numpy(dtype=float)
    if not (rules.outliers or rules.shifts):
        return values
    wanted = {"outlier": rules.outliers, "shift": rules.shifts}
    odd, kept = [], set()
    for one in find_odd(values, season=season):
        if not wanted[one.kind]:
            continue
        if name_of(wide, one.series, one.at) in rules.keep:
            kept.add(name_of(wide, one.series, one.at))
        else:
            odd.append(one)
    out = treat(values, odd)
    rows = []
    for one in odd:
        node, product = wide.columns[one.series]
        keep = name_of(wide, one.series, one.at)
        was, now = values[one.at, one.series], out[one.at, one.series]
        span = range(one.at) if one.kind == "shift" else range(one.at, one.at + 1)
        ledger.note(
            one.kind,
            f"{wide.index[one.at]:%Y-%m}",
            rows=len(span),
            node=node,
            product=product,
            was=was,
            now=now,
            change=percent(one.factor - 1),
            keep=keep,
        )
        for at in span:
            if np.isfinite(values[at, one.series]):
                original, new = values[at, one.series], out[at, one.series]
                rows.append((one.kind, node, product, wide.index[at], original, new, keep))
    ledger.treated.append(pd.DataFrame(rows, columns=TREATED))
    for text in sorted(kept):
        ledger.note("kept", text)
    return out


def name_of(wide: pd.DataFrame, series: int, at: int) -> str:
    """How `[treatment] keep` names a value: `East/Ann, pens, 2024-05`."""
    node, product = wide.columns[series]
    return f"{node}, {product}, {wide.index[at]:%Y-%m}"


def without_influences(
    values: np.ndarray, organisation: Organisation, grid: Grid, ledger: Ledger
) -> Plain:
    """Take moving holidays, working days, events and drivers out of history."""
    ahead: dict[str, np.ndarray] = {}
    past = values
    known = grid.periods[: grid.known]
    for holiday in organisation.declared.holidays:
        if grid.season not in MOVING:
            ledger.note("years", "[[holiday]]", name=holiday.name)
            continue
        days = days_of(holiday, organisation, grid.periods)
        effect = learn_effect(past, known, days, season=grid.season, calendar=organisation.calendar)
        factor = effect.factor(grid.periods)
        past = past / factor[: grid.known]
        ahead["calendar"] = ahead.get("calendar", 1.0) * factor[grid.known :]
        _book_holiday(holiday.name, effect, grid, ledger)
    found = causes(organisation, grid, missing=ledger.missing)
    if not found:
        return Plain(past, ahead)
    effects = _learned(past, found, grid)
    drivers = np.stack([cause.values for cause in found])
    logs = effects.logs(drivers)
    for kind, at in by_kind(found).items():
        factor = np.exp(np.clip(logs[at].sum(axis=0), -3, 3))
        past = past / factor[: grid.known]
        ahead[kind] = ahead.get(kind, 1.0) * factor[grid.known :]
    _book_causes(found, effects, drivers, grid, ledger)
    return Plain(past, ahead)


def _learned(values: np.ndarray, found: Sequence[Cause], grid: Grid) -> Effects:
    """Learn all slopes together; those that were given stand."""
    drivers = np.stack([cause.values for cause in found])
    products = grid.series.get_level_values("product")
    learned = learn_effects(
        values,
        drivers[:, : grid.known],
        season=grid.season,
        names=[cause.name for cause in found],
        groups=list(products) if products.nunique() > 1 else None,
        usual=np.stack([cause.usual for cause in found]),
    )
    slopes, errors = learned.slopes.copy(), learned.errors.copy()
    for at, cause in enumerate(found):
        if cause.slope is not None:
            slopes[at], errors[at] = cause.slope, abs(cause.slope) / SURE
    return Effects(learned.names, slopes, errors, learned.usual)


def _book_causes(
    found: Sequence[Cause], effects: Effects, drivers: np.ndarray, grid: Grid, ledger: Ledger
) -> None:
    logs = effects.logs(drivers)
    weight = np.ones(len(grid.series))
    for at, cause in enumerate(found):
        moves = np.ptp(np.nan_to_num(drivers[at]), axis=0) > 0
        if not moves.any():
            ledger.note("constant", f"[{cause.kind}]", name=cause.name)
            continue
        size = np.expm1(effects.slopes[at] * cause.scale)
        error = np.exp(effects.slopes[at] * cause.scale) * effects.errors[at] * cause.scale
        table = _effects(cause.kind, cause.name, cause.unit, size, error, grid)
        ledger.effects.append(table[moves])
        low, middle, high = np.quantile(size[moves], [0.1, 0.5, 0.9])
        forward = float(np.expm1(np.average(logs[at, grid.known :], axis=1, weights=weight)).mean())
        code = "cause" if effects.seen[at][moves].any() else "unseen"
        ledger.note(
            "given" if cause.slope is not None else code,
            f"[{cause.kind}]",
            rows=int(moves.sum()),
            name=cause.name,
            unit=cause.unit,
            periods=grid.known,
            low=percent(low),
            middle=percent(middle),
            high=percent(high),
            ahead=percent(forward),
        )


def _book_holiday(name: str, effect: HolidayEffect, grid: Grid, ledger: Ledger) -> None:
    days = effect.windows
    if not len(effect.slopes):
        ledger.note("no holiday", "[[holiday]]", name=name, periods=grid.known)
        return
    spans = ((-days[0], 0), (0, days[1]), (days[1], days[1] + days[2]))
    there = [span for span in spans if span[1] > span[0]]
    told = []
    for (first, last), slope in zip(there, effect.slopes, strict=True):
        size = np.expm1(slope)
        told.append(f"{first:+d} … {last - 1:+d} d: {percent(float(np.median(size)))}")
        error = np.full(len(size), np.nan)
        table = _effects(
            "calendar", f"{name}: {first:+d} … {last - 1:+d} d", "all of them", size, error, grid
        )
        ledger.effects.append(table)
    factor = effect.factor(grid.periods[grid.known :])
    middle = np.median(factor, axis=1) - 1
    ahead = zip(grid.periods[grid.known :], middle, strict=True)
    moved = [f"{period:%Y-%m} {percent(float(one))}" for period, one in ahead if abs(one) >= 0.005]
    ledger.note(
        "holiday",
        "[[holiday]]",
        rows=len(grid.series),
        name=name,
        sizes=", ".join(told),
        periods=grid.known,
        ahead=", ".join(moved) or "–",
    )


def _effects(
    kind: str, name: str, unit: str, size: np.ndarray, error: np.ndarray, grid: Grid
) -> pd.DataFrame:
    frame = grid.series.to_frame(index=False)
    frame = frame.assign(kind=kind, name=name, unit=unit, effect=size, error=error)
    frame["seen"] = ~(np.abs(size) < 2 * error)
    return frame[EFFECTS]


def grid_of(wide: pd.DataFrame, freq: str, horizon: int, season: int) -> Grid:
    """History's periods and the horizon's, and its series."""
    step = pd.DateOffset(months=MONTHS[freq])
    ahead = [wide.index[-1] + step * (i + 1) for i in range(horizon)]
    periods = pd.DatetimeIndex([*wide.index, *ahead], dtype="datetime64[us]")
    return Grid(
        periods,
        pd.MultiIndex.from_tuples(wide.columns, names=["node", "product"]),
        len(wide),
        season,
    )
