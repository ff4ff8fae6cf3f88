"""Learn how wrong forecasts are: `python -m salesforecast.forecasting.spread_training`.

Run it after `training.py`, on the same lessons: series of M1, M3 and Tourism with their whole
history, forecast with the weights that share their name. Writes `spreads.npz` beside this file.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from salesforecast.forecasting.intervals import FILE, GRID, LEARNED, design, error_size, mix
from salesforecast.forecasting.training import Lesson, lessons
from salesforecast.forecasting.weights import EVERYTHING, Network

RIDGE = 50.0
LEAST = 0.02  # no error counts as smaller than this, in seasonal changes


def learn(taught: Sequence[Lesson], network: Network) -> dict[str, np.ndarray]:
    """Slopes of the size of errors, and their shape by season; arrays by name, as in the file."""
    errors = [one.actual - mix(network, one.features, one.forecasts) for one in taught]
    inputs = np.vstack([design(network, one.features) for one in taught])
    sizes = [
        np.abs(error).mean(axis=0) / one.scale for error, one in zip(errors, taught, strict=True)
    ]
    wanted = np.log(np.maximum(np.concatenate(sizes), LEAST))
    slopes = np.linalg.solve(inputs.T @ inputs + RIDGE * np.eye(inputs.shape[1]), inputs.T @ wanted)
    out = {"slopes": slopes}
    for season in LEARNED:
        standard = [
            error / error_size(slopes, network, one.features, one.scale)
            for error, one in zip(errors, taught, strict=True)
            if one.season == season
        ]
        out[str(season)] = _shape(standard)
    return out


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
