"""Draw futures of every leaf from the errors that back-tests made, correlation kept."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from salesforecast.forecasting.calibrate import LeafErrors
from salesforecast.forecasting.dependence import draw_normals

SHIFTS = 6  # steps of moving draws so that clipping leaves their mean alone


def draw(errors: LeafErrors, *, draws: int, seed: int) -> np.ndarray:
    """Draw futures (draw, leaf, step) whose mean is `errors.ahead`.

    Each leaf's errors have the shape and size that its class and its own back-test showed;
    leaves and steps go together as their standardised errors did, so that sums at every level
    are as uncertain as they were. Leaves that sell now and then are drawn as a chance times a
    size. Draws of leaves that never were negative are not negative.
    """
    rng = np.random.default_rng(seed)
    normals = draw_normals(errors.together, draws, rng)
    values = errors.ahead + errors.spread * _shaped(errors, normals)
    out = recentre(values, errors.ahead, signed=errors.signed)
    at = errors.seldom.at
    out[:, at] = errors.seldom.draws(errors.ahead[at], ndtr(normals[:, at]))
    return out


def _shaped(errors: LeafErrors, normals: np.ndarray) -> np.ndarray:
    """Standard normals turned into standardised errors of each leaf's class."""
    share = ndtr(normals)
    out = np.empty(normals.shape)
    for which, shape in enumerate(errors.shapes):
        at = np.flatnonzero(errors.shape_of == which)
        grid = (np.arange(len(shape)) + 0.5) / len(shape)
        out[:, at] = np.interp(share[:, at], grid, shape)
    return out


def recentre(values: np.ndarray, ahead: np.ndarray, *, signed: np.ndarray) -> np.ndarray:
    """Make the mean over draws equal to `ahead`; negative draws of unsigned leaves become zero.

    Draws are moved down by what clipping added, a few times, then scaled by what is left.

    Parameters
    ----------
    values
        float64, shape (draw, leaf, step).
    ahead
        float64, shape (leaf, step).
    signed
        bool, shape (leaf,): leaves whose draws may be negative.
    """
    out = values + (ahead - values.mean(axis=0))
    least = np.where(signed, -np.inf, 0.0)[:, None]
    shift = np.zeros_like(ahead)
    for _ in range(SHIFTS):
        kept = np.maximum(out - shift, least)
        alive = np.maximum((kept > least).mean(axis=0), 0.05)
        shift += (kept.mean(axis=0) - ahead) / alive
    kept = np.maximum(out - shift, least)
    mean = kept.mean(axis=0)
    positive = (mean > 0) & ~signed[:, None]
    ratio = np.where(positive, ahead / np.where(positive, mean, 1.0), 1.0)
    flat = (mean <= 0) & ~signed[:, None]
    return np.where(flat, np.maximum(ahead, 0.0), kept * ratio)
