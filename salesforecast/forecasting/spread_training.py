"""Learn how wrong forecasts are: `python -m salesforecast.forecasting.spread_training`.

Run it after `training.py`, on the same lessons: series of M1, M3 and Tourism with their whole
history, forecast with the weights that share their name. Writes `spreads.npz` beside this file.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from salesforecast.forecasting.intervals import (
    FILE,
    GRID,
    LEARNED,
    design,
    error_size,
    positions,
)
from salesforecast.forecasting.training import Lesson, lessons
from salesforecast.forecasting.weights import EVERYTHING, Network, blend

RIDGE = 50.0
STEPS = 25
WILD = 10.0  # times its foreseen size that an error counts at most
LEAST = 0.02  # no error counts as smaller than this, in seasonal changes


def learn(taught: Sequence[Lesson], network: Network) -> dict[str, np.ndarray]:
    """Slopes of the size of errors, and their shape by season; arrays by name, as in the file."""
    errors = [one.actual - blend(network, one.features, one.forecasts, one.years) for one in taught]
    slopes = _slopes(taught, errors, network)
    out = {"slopes": slopes}
    for season in LEARNED:
        standard = [
            error / _size(slopes, network, one)
            for error, one in zip(errors, taught, strict=True)
            if one.season == season
        ]
        out[str(season)] = _shape(standard)
    return out


def _size(slopes: np.ndarray, network: Network, lesson: Lesson) -> np.ndarray:
    position = positions(lesson.season, len(lesson.actual))
    return error_size(slopes, network, lesson.features, lesson.scale, position)


def _slopes(taught: Sequence[Lesson], errors: Sequence[np.ndarray], network: Network) -> np.ndarray:
    """Level and rise over the steps of the logarithm of errors: most likely, as Laplace's.

    A convex problem, solved by Newton's method. Unlike a regression of logarithms it is moved by
    large errors, which are what intervals are for.
    """
    rows, sizes, weights = [], [], []
    for one, error in zip(taught, errors, strict=True):
        inputs = design(network, one.features)
        position = positions(one.season, len(error))
        rows += [np.hstack([inputs, at * inputs]) for at in position]
        sizes.append(np.maximum(np.abs(error) / one.scale, LEAST).ravel())
        weights.append(np.full(error.size, 1 / len(error)))
    every, size, weight = np.vstack(rows), np.concatenate(sizes), np.concatenate(weights)
    held = np.full(every.shape[1], RIDGE)
    constant = every.shape[1] // 2 - 1
    held[constant] = 0.0
    slopes = np.zeros(every.shape[1])
    slopes[constant] = np.log(size.mean())
    for _ in range(STEPS):
        relative = np.minimum(size * np.exp(-(every @ slopes)), WILD)
        slope = every.T @ (weight * (1 - relative)) + held * slopes
        curve = (every * (weight * np.maximum(relative, 0.1))[:, None]).T @ every
        slopes = slopes - np.linalg.solve(curve + np.diag(held), slope)
    return slopes.reshape(2, -1)


def _shape(standard: Sequence[np.ndarray]) -> np.ndarray:
    """Quantiles (step, grid level); a competition of a shorter horizon lends its last step."""
    steps = max(len(one) for one in standard)
    rows = [
        np.concatenate([one[min(step, len(one) - 1)] for one in standard]) for step in range(steps)
    ]
    return np.stack([np.quantile(row, GRID) for row in rows])


def main() -> None:
    """Learn with each competition left out and with all, and write the file."""
    everything = [lesson for lesson in lessons() if lesson.whole]
    kept: dict[str, np.ndarray] = {}
    names = []
    for left_out in ("", "M1", "M3", "Tourism"):
        name = f"without {left_out}" if left_out else EVERYTHING
        names.append(name)
        taught = [lesson for lesson in everything if lesson.source != left_out]
        for part, values in learn(taught, Network.read(name)).items():
            kept[f"{name}/{part}"] = values.astype(np.float32)
    np.savez_compressed(FILE, names=np.array(names), **kept)  # type: ignore[arg-type]
    print(f"written: {FILE.name}, {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
