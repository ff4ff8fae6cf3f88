"""The same models on coarser periods: quarters of a monthly series, noise averaged out."""

from __future__ import annotations

import numpy as np

from salesforecast.forecasting.panel import Panel
from salesforecast.forecasting.theta import theta

BLOCKS = {12: 3}  # periods in a coarse one, by season; two otherwise
USUAL = 2


def coarse(panel: Panel, adjusted: np.ndarray) -> np.ndarray:
    """Dynamic optimised theta on means of blocks, drawn back to periods: (horizon, series).

    `adjusted` (time, series) is free of season. Blocks end with the series; between their
    middles the forecast is a straight line.
    """
    width = BLOCKS.get(panel.season, USUAL)
    blocks = _block_means(panel, adjusted, width)
    ahead = theta(blocks, blocks.values).optimised
    points = np.vstack([blocks.last(blocks.values)[None], ahead])
    middles = np.concatenate([[-(width - 1) / 2], (np.arange(blocks.horizon) + 0.5) * width + 0.5])
    steps = np.arange(1, panel.horizon + 1)
    left = np.clip(np.searchsorted(middles, steps) - 1, 0, len(middles) - 2)
    share = ((steps - middles[left]) / (middles[left + 1] - middles[left]))[:, None]
    return (1 - share) * points[left] + share * points[left + 1]


def _block_means(panel: Panel, values: np.ndarray, width: int) -> Panel:
    lengths = np.maximum(panel.lengths // width, 1)
    at, columns = np.arange(int(lengths.max()))[:, None], np.arange(panel.count)
    sums = np.vstack([np.zeros((1, panel.count)), np.cumsum(values, axis=0)])
    begin = np.minimum(panel.lengths - lengths * width + at * width, panel.lengths)
    end = np.minimum(begin + width, panel.lengths)
    begin = np.maximum(begin, 0)
    mean = (sums[end, columns] - sums[begin, columns]) / np.maximum(end - begin, 1)
    return Panel(
        values=np.where(at < lengths, mean, 0.0),
        lengths=lengths,
        scale=np.ones(panel.count),
        order=columns,
        season=panel.season,
        horizon=-(-panel.horizon // width) + 1,
    )
