"""Draws as wide at every level as back-tests say: narrower or wider, sums still exact.

Leaves' spreads and shared errors are learned from all leaves together; a region, or the company,
may then be drawn too wide or too narrow. Its own errors of the back-test tell, the more the more
of them there are. Level by level from the top, a group's draws follow its larger group's, and
what remains of them is stretched; leaves are scaled with their group, so zeros stay zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import ndtri, stdtrit

from salesforecast.forecasting.calibrate import LeafErrors
from salesforecast.forecasting.dependence import groups_above
from salesforecast.forecasting.samples import recentre

USUAL = 0.8  # share of errors that an interval of usual width holds
TAIL = (1 + USUAL) / 2  # where its upper end lies
SIZE = 0.75  # power of a sum's size that its errors go with
DOUBTED = 6.0  # independent errors after which a level's own width counts half
BOUNDS = (0.4, 2.5)  # of a level's width over that of its draws
LEAST, MOST = 0.2, 5.0  # of a leaf's draw over what it was, and of what remains
FEWEST = 50  # draws that have a width
ALONE = 1e-6  # share of a group's variance below which it is all that its larger group has


def recalibrate(drawn: np.ndarray, errors: LeafErrors) -> np.ndarray:
    """Draws (draw, leaf, step) as wide at each level as its own errors were; few are left alone."""
    if len(drawn) < FEWEST or not len(errors.past):
        return drawn
    groups = groups_above(errors.leaves)
    widths = learn_widths(drawn, errors.past, errors.sizes, groups, every=errors.every)
    return widen(drawn, widths, signed=errors.signed)


@dataclass(frozen=True)
class Widths:
    """How wide each level is drawn, over how wide it would be.

    Parameters
    ----------
    groups
        int64 (leaf,) for each level above the leaves, the company first: each leaf's group.
    factors
        Width of each of these levels over that of its draws.
    """

    groups: tuple[np.ndarray, ...]
    factors: np.ndarray


def learn_widths(
    drawn: np.ndarray,
    errors: np.ndarray,
    size: np.ndarray,
    groups: Sequence[np.ndarray],
    *,
    every: int = 1,
) -> Widths:
    """Compare draws (draw, leaf, step) with past errors (origin, leaf, step), NaN where unknown.

    Parameters
    ----------
    size
        float64 (origin + 1, leaf, step): sizes that errors go with, now and then at the origins.
    groups
        Group of each leaf, a level each.
    every
        Periods between origins: those that overlap count by the horizons between them.
    """
    origins, _, horizon = errors.shape
    apart = max(origins * min(every / horizon, 1.0), 1.0)
    missing = ~np.isfinite(errors)
    found = []
    for group in groups:
        inside = _inside(group)
        past = _sums(inside, np.nan_to_num(errors))
        known = _sums(inside, missing.astype(float)) < _sums(inside, np.ones_like(errors))
        sizes = np.maximum(_sums(inside, np.nan_to_num(size)), 1e-12)
        draws = _sums(inside, drawn)
        away = np.abs(draws - draws.mean(axis=0))
        usual = away.mean(axis=0)
        usable = known & (usual > 0)
        here = np.where(usual > 0, usual, 1.0)
        then = np.abs(past) / here / (sizes[1:] / sizes[0]) ** SIZE
        if not usable.any():
            found.append(1.0)
            continue
        ahead = np.quantile((away / here)[:, usual > 0], USUAL)
        own = np.quantile(then[usable], USUAL) / max(float(ahead), 1e-12)
        count = apart * np.sqrt(len(usual))  # groups of one level err together
        trusted = np.clip(own, *BOUNDS) ** (count / (count + DOUBTED))
        found.append(trusted * stdtrit(count + DOUBTED, TAIL) / ndtri(TAIL))
    return Widths(tuple(groups), np.array(found))


def widen(drawn: np.ndarray, widths: Widths, *, signed: np.ndarray) -> np.ndarray:
    """Give sums of draws (draw, leaf, step) these widths; each leaf's mean stays.

    Leaves are scaled with their lowest group, or moved where one of it may be negative: `signed`,
    bool (leaf,).
    """
    group = np.zeros(drawn.shape[1], dtype=np.int64)
    away = wanted = np.zeros((len(drawn), 1, drawn.shape[2]))
    for below, factor in zip(widths.groups, widths.factors, strict=True):
        above = np.zeros(int(below.max(initial=0)) + 1, dtype=np.int64)
        above[below] = group
        sums = _sums(_inside(below), drawn)
        before, after = away[:, above], wanted[:, above]
        away = sums - sums.mean(axis=0)
        wanted = _stretched(away, before, after, float(factor))
        group = below
    mean = _sums(_inside(group), drawn).mean(axis=0)
    level = mean + away
    ratio = np.where(level > 0, (mean + wanted) / np.where(level > 0, level, 1.0), 1.0)
    out: np.ndarray = np.clip(ratio, LEAST, MOST)[:, group]
    out *= drawn
    moved = _inside(group) @ signed.astype(float) > 0
    at = np.flatnonzero(moved[group])
    if len(at):
        own = drawn[:, at] - drawn[:, at].mean(axis=0)
        share = _share(own, away[:, group[at]])
        out[:, at] = drawn[:, at] + share * (wanted - away)[:, group[at]]
        return recentre(out, drawn.mean(axis=0), signed=signed)
    now = out.mean(axis=0)
    out *= np.where(now > 0, drawn.mean(axis=0) / np.where(now > 0, now, 1.0), 1.0)
    return out


def _stretched(
    away: np.ndarray, before: np.ndarray, after: np.ndarray, factor: float
) -> np.ndarray:
    """Move groups (draw, group, step) with the larger group each is in; stretch what remains.

    `before` and `after` are the larger groups' draws about their mean, as drawn and as wanted.
    All that remains is stretched alike, so that it still adds up to nothing in a larger group.
    """
    share = _share(away, before)
    follows, remains = share * after, away - share * before
    power = np.maximum((away**2).mean(axis=0), 1e-300)
    shared, own = (follows**2).mean(axis=0) / power, (remains**2).mean(axis=0) / power
    several = own > ALONE
    if not several.any():
        return follows
    left = (factor**2 - shared[several].mean()) / own[several].mean()
    return follows + np.sqrt(np.clip(left, LEAST, MOST)) * remains


def _share(parts: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """How much of a move of `whole` a part makes: (part, step), from draws about their means."""
    power = (whole**2).mean(axis=0)
    together = (parts * whole).mean(axis=0)
    return np.where(power > 0, together / np.where(power > 0, power, 1.0), 0.0)


def _inside(group: np.ndarray) -> sparse.csr_array:
    """Groups × leaves, 1 where a leaf is in a group."""
    at = np.arange(len(group))
    shape = (int(group.max(initial=0)) + 1, len(group))
    return sparse.csr_array((np.ones(len(group)), (group, at)), shape)


def _sums(inside: sparse.csr_array, values: np.ndarray) -> np.ndarray:
    """Sum (any, leaf, step) to (any, group, step)."""
    many, leaves, steps = values.shape
    flat = values.transpose(1, 0, 2).reshape(leaves, many * steps)
    return (inside @ flat).reshape(-1, many, steps).transpose(1, 0, 2)
