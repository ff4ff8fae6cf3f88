"""Draw futures of every leaf from the errors that back-tests made, correlation kept."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from salesforecast.forecasting.calibrate import LeafErrors

ALONE = 0.25  # share of a leaf's error that is its own affair
SHIFTS = 6  # steps of moving draws so that clipping leaves their mean alone
HALVINGS = 12  # to meet the spread of the total


def draw(errors: LeafErrors, *, draws: int, seed: int) -> np.ndarray:
    """Draw futures (draw, leaf, step) whose mean is `errors.ahead`.

    Whole error vectors of back-test origins are combined with random weights, so leaves and
    periods go together as they did; each leaf's errors have the shape and size of its class.
    Leaves are then drawn a little more together, or more apart, until the company's total
    is as uncertain as its own back-test says. Draws of leaves that never were negative are
    not negative.
    """
    rng = np.random.default_rng(seed)
    together, alone, common = _normals(errors.normal, draws, rng)

    out = np.empty(together.shape)
    for span, spread in errors.spans:
        inputs = (together[:, :, span], alone[:, :, span], common[:, :, span])
        mix = 0.0 if spread is None else _mix(errors, span, inputs, spread)
        out[:, :, span] = _values(errors, span, inputs, mix)
    return out


Normals = tuple[np.ndarray, np.ndarray, np.ndarray]


def _mix(errors: LeafErrors, span: slice, inputs: Normals, spread: float) -> float:
    """How far to move towards all apart (-1) or all as one (1) for the total's `spread`."""
    low, high = -1.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        drawn = _values(errors, span, inputs, middle).sum(axis=(1, 2)).std()
        low, high = (middle, high) if drawn < spread else (low, middle)
    return (low + high) / 2


def _values(errors: LeafErrors, span: slice, inputs: Normals, mix: float) -> np.ndarray:
    together, alone, common = inputs
    other = common if mix > 0 else alone
    mixed = np.sqrt(1 - abs(mix)) * together + np.sqrt(abs(mix)) * other
    ahead = errors.ahead[:, span]
    out = ahead + errors.spread[:, span] * _shaped(errors, mixed)
    return recentre(out, ahead, signed=errors.signed)


def _normals(normal: np.ndarray, draws: int, rng: np.random.Generator) -> Normals:
    """Standard normals (draw, leaf, step): as errors went together, all apart, all as one."""
    origins, leaves, horizon = normal.shape
    vectors = np.nan_to_num(normal).reshape(origins, leaves * horizon)
    weights = rng.standard_normal((draws, origins))
    alone = rng.standard_normal((draws, leaves, horizon))
    common = np.broadcast_to(rng.standard_normal((draws, 1, 1)), alone.shape)
    shared = (weights @ vectors).reshape(alone.shape) / np.sqrt(max(origins, 1))
    power = (vectors**2).sum(axis=0).reshape(leaves, horizon) / max(origins, 1)
    fit = np.sqrt((1 - ALONE) / np.maximum(power, 1 - ALONE))
    rest = np.sqrt(1 - fit**2 * power)
    return fit * shared + rest * alone, alone, common


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
