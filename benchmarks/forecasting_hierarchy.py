"""Sums that agree: accuracy (C13), honest intervals (C12) at every level, reconciliation alone (C14)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from benchmarks.bench import row
from benchmarks.forecasting_data import DATA, Panel, by_purpose, tourism, tourism_large
from salesforecast.forecasting.forecast import Forecast, forecast
from salesforecast.forecasting.intervals import outlook
from salesforecast.forecasting.metrics import pinball
from salesforecast.forecasting.reconcile import reconcile
from salesforecast.hierarchy import Hierarchy

ORIGINS, DRAWS = 20, 300
UNSEEN = "without Tourism"  # weights that were not learned on such data
GRID = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
SIDES = ("80 % alone", "95 % alone", "80 %", "95 %", "pinball alone", "reconciled")
POOLED = 300  # outcomes from which a level is judged by its coverage alone
LEVELS: dict[str, Callable[[pd.MultiIndex], pd.Index]] = {
    "total": lambda key: pd.Index(np.zeros(len(key))),
    "purpose": lambda key: key.get_level_values(1),
    "state": lambda key: key.get_level_values(0).str.split("/").str[0],
    "state × purpose": lambda key: (
        key.get_level_values(0).str.split("/").str[0] + key.get_level_values(1)
    ),
    "region": lambda key: key.get_level_values(0),
    "bottom": lambda key: key.get_level_values(0) + key.get_level_values(1),
}


def hierarchy_accuracy() -> list[dict[str, Any]]:
    """C13: mean MASE over nodes, 4 origins, 8 quarters ahead; levels against their own forecast."""
    if not (DATA / "tourism_au_quarterly").is_dir():
        return []
    history, tree = tourism()
    periods = sorted(history["period"].unique())
    found = []
    for back in (8, 10, 12, 14):
        cutoff = periods[-back - 1]
        made = forecast(history, tree, cutoff=cutoff, horizon=8, draws=2, weights=UNSEEN)
        found.append(_mase_by_level(made, history, cutoff))
    mean = pd.DataFrame(found).mean()
    sides = {level: (mean[f"{level}, alone"], mean[level]) for level in LEVELS}
    _show("tourism quarterly, 8 ahead", sides, ("MASE alone", "reconciled"))
    peers = {"all": (0.985, 1.006), "total": (1.97, 2.38), "bottom": (0.92, 0.938)}
    out = [
        row("C13", f"MASE, {level}", mean[level], "MASE", "MinT (anchors)", peer,
            mean[level] / peer, aim, mean[level] <= aim)
        for level, (aim, peer) in peers.items()
    ]  # fmt: skip
    for level in LEVELS:
        ours, base = mean[level], mean[f"{level}, alone"]
        what = f"MASE, {level}, against the same series forecast alone"
        out.append(row("C13", what, ours, "MASE", "alone, learned weights", base, ours / base,
                       1, ours <= base))  # fmt: skip
    return out


def _mase_by_level(made: Forecast, history: pd.DataFrame, cutoff: pd.Timestamp) -> dict[str, float]:
    key = ["node", "product"]
    ahead = made.frame.pivot_table(index=key, columns="period", values="forecast")
    wide = history.pivot_table(index=key, columns="period", values="sales").loc[ahead.index]
    actual, past = wide[ahead.columns], wide.loc[:, wide.columns <= cutoff]
    out: dict[str, float] = {}
    every: list[float] = []
    for level, label in LEVELS.items():
        by = label(ahead.index)
        f, a, t = (one.groupby(by).sum().to_numpy() for one in (ahead, actual, past))
        alone = outlook(list(t), season=4, horizon=8, weights=UNSEEN).mean
        scale = np.abs(t[:, 4:] - t[:, :-4]).mean(axis=1)
        mase = np.abs(f - a).mean(axis=1) / scale
        out[level] = float(mase.mean())
        out[f"{level}, alone"] = float((np.abs(alone - a).mean(axis=1) / scale).mean())
        every += list(mase)
    return {**out, "all": float(np.mean(every))}


def hierarchy_coverage() -> list[dict[str, Any]]:
    """C12: outcomes inside the 80 % and 95 % intervals at every level of both hierarchies."""
    out = []
    for what, panel, season, horizon, skip in _trees():
        inside, base_inside, held, losses = _outcomes(*panel, season=season, horizon=horizon)
        sides = {
            level: (*base_inside[level], *inside[level].mean(axis=(1, 2, 3)), *losses[level])
            for level in inside
            if level not in skip
        }
        _show(what, sides, SIDES)
        for level in sides:
            base, ours = losses[level]
            out += _judged(f"{what}, {level}", inside[level], held[level], ours / base)
    return out


def _show(what: str, sides: dict[str, tuple[float, ...]], columns: Sequence[str]) -> None:
    """Print each level's figures, forecast alone and reconciled side by side."""
    table = pd.DataFrame.from_dict(sides, orient="index", columns=list(columns))
    last, first = table.iloc[:, -1], table.iloc[:, -2]
    print(f"{what}\n{table.assign(ratio=last / first).round(3).to_string()}\n")


def _trees() -> Iterator[tuple[str, Panel, int, int, set[str]]]:
    """Places with purposes below, and purposes with places below: between them, every level."""
    for what, folder, read, season, horizon in (
        ("tourism quarterly, 4 ahead", "tourism_au_quarterly", tourism, 4, 4),
        ("tourism monthly, 6 ahead", "tourism_au_monthly_large", tourism_large, 12, 6),
    ):
        if (DATA / folder).is_dir():
            panel = read()
            yield what, by_purpose(panel, first=False), season, horizon, set()
            again = {panel[1].levels[0], panel[1].levels[-1]}
            crossed = by_purpose(panel, first=True)
            yield f"{what}, by purpose", crossed, season, horizon, again


def _outcomes(
    history: pd.DataFrame, tree: Hierarchy, *, season: int, horizon: int
) -> tuple[dict[str, np.ndarray], ...]:
    """By level: whether outcomes lay inside our intervals, (interval, origin, node, step); the
    share inside those of every node forecast alone; the share of draws inside their own intervals
    (more than the nominal where zeros are many); pinball loss alone and ours.
    """
    periods = sorted(history["period"].unique())
    wide = history.pivot_table(index="node", columns="period", values="sales", aggfunc="sum")
    sales = tree.summing @ wide.reindex(tree.leaves).fillna(0.0).to_numpy()
    levels = tree.nodes["level"].to_numpy()
    inside, held, losses = [], [], []
    for back in range(horizon, horizon + ORIGINS):
        end = len(periods) - back
        cutoff = periods[end - 1]
        made = forecast(history, tree, cutoff=cutoff, horizon=horizon, draws=DRAWS, weights=UNSEEN)
        drawn = np.stack([tree.summing @ one for one in made.samples.values])
        ours = np.quantile(drawn, GRID, axis=0)
        base = outlook(
            list(sales[:, :end]),
            season=season,
            horizon=horizon,
            levels=GRID,
            weights=UNSEEN,
        ).quantiles
        actual = sales[:, end : end + horizon]
        inside.append(
            [
                [(actual >= q[low]) & (actual <= q[high]) for low, high in ((1, -2), (0, -1))]
                for q in (base, ours)
            ]
        )
        held.append(
            [
                ((drawn >= ours[low]) & (drawn <= ours[high])).mean(axis=(0, 2))
                for low, high in ((1, -2), (0, -1))
            ]
        )
        both = [
            [pinball(actual[levels == one], q[:, levels == one], np.array(GRID)).mean() for q in (base, ours)]
            for one in tree.levels
        ]  # fmt: skip
        losses.append(both)
    found, mean = np.array(inside).transpose(1, 2, 0, 3, 4), np.array(losses).mean(axis=0)
    own = np.array(held).mean(axis=0)
    return (
        {one: found[1][:, :, levels == one] for one in tree.levels},
        {one: found[0][:, :, levels == one].mean(axis=(1, 2, 3)) for one in tree.levels},
        {one: own[:, levels == one].mean(axis=1) for one in tree.levels},
        {one: mean[i] for i, one in enumerate(tree.levels)},
    )


def _judged(what: str, inside: np.ndarray, held: np.ndarray, ratio: float) -> list[dict[str, Any]]:
    out = []
    for name, aim, room, found, own in zip(
        ("80 %", "95 %"), (0.80, 0.95), (0.03, 0.02), inside, held, strict=True
    ):
        share, nodes = float(found.mean()), found.shape[1]
        text = f"{what} ({nodes} nodes), {name}"
        if nodes * ORIGINS >= POOLED:
            aimed, met = f"{aim} ± {room}", abs(share - aim) <= room
        else:
            half = _band(found, aim)
            aimed, met = f"{aim} ± {half:.3f} (block bootstrap)", abs(share - aim) <= half
        out.append(row("C12", text, share, "share", "of the draws themselves", float(own),
                       share / float(own), aimed, met))  # fmt: skip
    text = f"{what}, pinball over that of every node forecast alone"
    out.append(row("C12", text, ratio, "x", aim="< 1", met=ratio < 1))
    return out


def _band(inside: np.ndarray, aim: float, *, draws: int = 2000, seed: int = 0) -> float:
    """Half the width of the band in which the coverage of few, dependent outcomes may lie.

    Origins are drawn in blocks as long as the horizon, in a circle; where they hardly differ, the
    spread that separate blocks would have at the nominal coverage.
    """
    origins, _, horizon = inside.shape
    by_origin = inside.mean(axis=(1, 2))
    blocks = -(-origins // horizon)
    starts = np.random.default_rng(seed).integers(0, origins, (draws, blocks, 1))
    at = (starts + np.arange(horizon)) % origins
    drawn = by_origin[at].reshape(draws, -1)[:, :origins].mean(axis=1)
    least = np.sqrt(aim * (1 - aim) / (blocks * inside.shape[1]))
    return float(1.96 * max(drawn.std(), least))


def reconciling() -> list[dict[str, Any]]:
    """C14: reconciliation alone, non-negative, two nodes locked."""
    out = []
    for nodes, leaves, groups, aim in ((425, 304, 120, 0.1), (10_000, 8_900, 1_099, 2.0)):
        rng = np.random.default_rng(0)
        owner = sparse.csr_array(
            (np.ones(leaves), (np.arange(leaves) % groups, np.arange(leaves))), (groups, leaves)
        )
        top = sparse.csr_array(np.ones((1, leaves)))
        summing = sparse.vstack([sparse.eye_array(leaves), owner, top]).tocsr()
        truth = rng.gamma(1.0, 20.0, (leaves, 1)) * np.ones((1, 6))
        base = summing @ truth * rng.lognormal(0, 0.3, (summing.shape[0], 6))
        variance = (summing @ truth)[:, 0] ** 1.5 + 1.0
        errors = rng.normal(0, 1, (60, summing.shape[0])) * np.sqrt(variance)
        locked = {leaves: base[leaves], leaves + 1: base[leaves + 1]}
        start = time.process_time()
        made = reconcile(base, summing, variance, errors=errors, locked=locked)
        cpu = time.process_time() - start
        sums = summing @ made
        exact = max(float(np.abs(sums[at] / want - 1).max()) for at, want in locked.items())
        sound = exact < 1e-6 and float(made.min()) >= 0
        what = f"{nodes} nodes, 6 periods, locks off by {exact:.0e}, least leaf {made.min():.2g}"
        out.append(row("C14", what, cpu, "CPU s", aim=aim, met=cpu <= aim and sound))
    return out
