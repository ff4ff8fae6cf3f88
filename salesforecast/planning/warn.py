"""Warnings before the miss, and how often such warnings were right and wrong in the past."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from salesforecast.errors import DataError

YEAR = 12


@dataclass(frozen=True)
class Rule:
    """How a year's landing is foreseen from its first months, and how sure that is.

    Chosen on other panels than those that it is judged on (`benchmarks/warning_choice.py`).

    Parameters
    ----------
    seasons
        Past years whose season counts.
    by_season
        Weight of "sold so far / usual part of the year" against "last year's rest, grown".
    lately
        Weight of the last three months' growth against that of the year so far.
    memory
        Past years whose errors count.
    own
        Errors after which a unit's own spread counts half against everybody's.
    """

    seasons: int = 5
    by_season: float = 0.75
    lately: float = 0.5
    memory: int = 12
    own: float = 1.0


RULE = Rule()


@dataclass(frozen=True)
class Warnings:
    """Who is likely to miss, and how far such warnings can be trusted.

    Parameters
    ----------
    units
        On node, the most endangered first: `target, actual, landing, short` (target -
        landing), `chance`, `warned`, `sentence` (empty unless warned).
    record
        One row a past year that was replayed: `misses, found, kept` (targets that were
        reached), `false_alarms`; empty when there are not enough years.
    """

    units: pd.DataFrame
    record: pd.DataFrame

    @property
    def found(self) -> float:
        """Share of past misses that were warned of; missing without a record."""
        misses = self.record["misses"].sum()
        return float(self.record["found"].sum() / misses) if misses else float("nan")

    @property
    def false_alarms(self) -> float:
        """Share of past targets that were reached although there was a warning."""
        kept = self.record["kept"].sum()
        return float(self.record["false_alarms"].sum() / kept) if kept else float("nan")


def early_warnings(
    past: pd.DataFrame,
    so_far: pd.DataFrame,
    targets: pd.Series,
    *,
    least_chance: float = 0.5,
    past_targets: pd.DataFrame | None = None,
    rule: Rule = RULE,
) -> Warnings:
    """Say whom the year's first months put in danger, by season and not by days / 365.

    The landing is a weighted geometric mean of two views: what is sold so far divided by the
    part of the year that it usually is, and last year's rest with the growth seen so far, part
    of it that of the last three months. Its spread is what such landings missed by in past
    years, a unit's own years and everybody's together.

    Parameters
    ----------
    past
        Node × month, whole plan years, oldest first: 12 columns a year, two years at least.
    so_far
        Node × month, the months of the running year that are behind: 1 to 11 columns.
    targets
        On node, of the whole year; above zero.
    least_chance
        Warn when the chance to reach the target is below it. Higher finds more misses and
        raises more false alarms.
    past_targets
        Node × past year (columns in the order of the years), for the record. By default last
        year's sales times the company's growth: pro rata of what came true.
    rule
        How the landing is foreseen.

    Raises
    ------
    DataError
        If the past is not made of whole years, a unit differs, or a target is not above zero.
    """
    cube, now = _checked(past, so_far, targets)
    months = now.shape[0]
    errors = _errors(cube, months, rule)
    landing = _landing(cube, now, rule)
    spread = _spread(errors, rule)
    asked = targets.to_numpy(dtype="float64")
    chance = _chance(landing, asked, spread)
    units = pd.DataFrame(
        {"target": asked, "actual": now.sum(axis=0), "landing": landing}, index=targets.index
    )
    units["short"] = units["target"] - units["landing"]
    units["chance"] = chance
    units["warned"] = chance < least_chance
    units["sentence"] = [
        f"On the way to {row.landing:,.0f}, {row.short / row.target:.1%} below the target of "
        f"{row.target:,.0f}; the chance to reach it is {row.chance:.0%}." if row.warned else ""
        for row in units.itertuples()
    ]  # fmt: skip
    record = _record(cube, errors, months, least_chance, past_targets, rule)
    return Warnings(units.sort_values("chance", kind="stable"), record)


def _checked(
    past: pd.DataFrame, so_far: pd.DataFrame, targets: pd.Series
) -> tuple[np.ndarray, np.ndarray]:
    years, rest = divmod(past.shape[1], YEAR)
    problem = ""
    if rest or years < 2:
        problem = f"the past has {past.shape[1]} months, which are not two whole years or more"
    elif not 1 <= so_far.shape[1] < YEAR:
        problem = f"{so_far.shape[1]} months are behind; 1 to 11 can be warned of"
    elif not (past.index.equals(targets.index) and so_far.index.equals(targets.index)):
        problem = "past, months so far and targets are not of the same units in the same order"
    elif not (targets > 0).all():
        problem = f"'{targets.index[~(targets > 0)][0]}' has no target above zero"
    elif past.isna().to_numpy().any() or so_far.isna().to_numpy().any():
        problem = "a month is missing"
    if problem:
        raise DataError(
            f"{problem}.", where="early warnings", fix="give whole plan years, zero for no sales."
        )
    cube = past.to_numpy(dtype="float64").T.reshape(years, YEAR, -1)
    return cube, so_far.to_numpy(dtype="float64").T


def _landing(cube: np.ndarray, now: np.ndarray, rule: Rule) -> np.ndarray:
    """Where the year will end, one a unit; `cube` is year × month × unit, `now` month × unit."""
    months = len(now)
    sold, last = now.sum(axis=0), cube[-1]
    recent = cube[-rule.seasons :]
    whole = recent.sum(axis=1)
    share = (recent[:, :months].sum(axis=1) / np.where(whole > 0, whole, np.nan)).mean(axis=0)
    by_share = sold / np.where(share > 0, share, np.nan)
    back = min(3, months)
    growth = _ratio(sold, last[:months].sum(axis=0))
    lately = _ratio(now[-back:].sum(axis=0), last[months - back : months].sum(axis=0))
    grown = growth * (1 - rule.lately) + lately * rule.lately
    by_growth = sold + last[months:].sum(axis=0) * grown
    known = (by_share > 0) & (by_growth > 0)
    logs = [np.log(np.where(known, view, np.nan)) for view in (by_share, by_growth)]
    both = np.exp(rule.by_season * logs[0] + (1 - rule.by_season) * logs[1])
    return np.where(np.isfinite(both), both, sold + last[months:].sum(axis=0))


def _ratio(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    return np.where(lower > 0, np.clip(upper, 0, None) / np.where(lower > 0, lower, 1.0), 1.0)


def _errors(cube: np.ndarray, months: int, rule: Rule) -> np.ndarray:
    """Log errors of past landings, year × unit; the first year, and what sold nothing, is missing."""
    out = np.full((len(cube), cube.shape[2]), np.nan)
    for year in range(1, len(cube)):
        landing = _landing(cube[:year], cube[year, :months], rule)
        whole = cube[year].sum(axis=0)
        known = (landing > 0) & (whole > 0)
        out[year, known] = np.log(landing[known] / whole[known])
    return out


def _spread(errors: np.ndarray, rule: Rule) -> np.ndarray:
    """Usual log error, one a unit: its own last years, drawn to everybody's."""
    recent = errors[-rule.memory :]
    square = np.where(np.isfinite(recent), recent**2, 0.0)
    count = np.isfinite(recent).sum(axis=0)
    pool = square.sum() / count.sum() if count.sum() else 0.01
    return np.sqrt((square.sum(axis=0) + rule.own * pool) / (count + rule.own))


def _chance(landing: np.ndarray, target: np.ndarray, spread: np.ndarray) -> np.ndarray:
    sure = np.log(np.maximum(landing, 1e-9) / target) / np.maximum(spread, 1e-6)
    return np.asarray(ndtr(sure))


def _record(
    cube: np.ndarray,
    errors: np.ndarray,
    months: int,
    least_chance: float,
    past_targets: pd.DataFrame | None,
    rule: Rule,
) -> pd.DataFrame:
    """Replay each year that has two years before it, knowing only these."""
    rows = {}
    whole = cube.sum(axis=1)
    for year in range(2, len(cube)):
        if past_targets is None:
            asked = whole[year - 1] * whole[year].sum() / max(whole[year - 1].sum(), 1e-9)
        else:
            asked = past_targets.iloc[:, year].to_numpy(dtype="float64")
        known = asked > 0
        landing = _landing(cube[:year], cube[year, :months], rule)
        chance = _chance(landing, np.where(known, asked, 1.0), _spread(errors[:year], rule))
        warned, missed = (chance < least_chance) & known, (whole[year] < asked) & known
        rows[year] = {
            "misses": int(missed.sum()),
            "found": int((warned & missed).sum()),
            "kept": int((known & ~missed).sum()),
            "false_alarms": int((warned & ~missed).sum()),
        }
    columns = ["misses", "found", "kept", "false_alarms"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("year")
