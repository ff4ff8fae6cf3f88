"""What users feel: a year's true total, split by what was forecast a year before (C20); the replay (C21).

How far a series follows its parent, how long a share lasts, and how many origins are looked at was
chosen on splits of years before the five that are judged (origins 5 to 11 years back), without
Walmart's stores, whose three years leave none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.bench import HOME, row
from benchmarks.forecasting_data import split_sets
from benchmarks.forecasting_hierarchy import UNSEEN
from salesforecast.forecasting.forecast import forecast
from salesforecast.hierarchy import Hierarchy

ORIGINS, DRAWS = 5, 2000


def split_quality() -> list[dict[str, Any]]:
    """C20: mean |attainment - 1| of our split of the true total, against pro rata by habit."""
    out, ratios, bands = [], [], []
    rng = np.random.default_rng(0)
    for name, history, tree in split_sets():
        miss = _misses(history, tree)  # (method, origin, unit)
        mean = np.nanmean(miss, axis=(1, 2))
        best = 1 + int(np.argmin(mean[1:]))
        ratio = float(mean[0] / mean[best])
        units = rng.integers(0, miss.shape[2], (DRAWS, miss.shape[2]))
        drawn = np.array([_ratio(miss[:, :, chosen], best) for chosen in units])
        low, high = np.quantile(drawn, (0.025, 0.975))
        ratios.append(ratio)
        bands.append(drawn)
        what = f"{name}, {miss.shape[1]} origins; ratio within {low:.3f} to {high:.3f}"
        habit = "pro rata, last year" if best == 1 else "pro rata, three years"
        out.append(row("C20", what, float(mean[0]), "mean |attainment - 1|", habit,
                       float(mean[best]), ratio, 1, ratio <= 1))  # fmt: skip
    if ratios:
        mean_ratio = float(np.exp(np.mean(np.log(ratios))))
        low, high = np.quantile(np.exp(np.mean(np.log(bands), axis=0)), (0.025, 0.975))
        what = f"geometric mean of the {len(ratios)} ratios, within {low:.3f} to {high:.3f}"
        out.append(row("C20", what, mean_ratio, "x", aim=0.90, met=mean_ratio <= 0.90))
    return out


def _ratio(miss: np.ndarray, best: int) -> float:
    mean = np.nanmean(miss[[0, best]], axis=(1, 2))
    return float(mean[0] / mean[1])


def _misses(history: pd.DataFrame, tree: Hierarchy) -> np.ndarray:
    """|attainment - 1| of ours, last year's and three years' split: (3, origin, unit)."""
    periods = pd.DatetimeIndex(sorted(history["period"].unique()))
    days = int((periods[1] - periods[0]).days)
    year = 52 if days == 7 else 12 if days < 40 else 4
    apart = 4 if year == 52 else year  # three years of weeks leave no five separate ones
    keys = ["node", "product"]
    wide = history.pivot_table(index=keys, columns="period", values="sales", aggfunc="sum")
    wide = wide.reindex(columns=periods).fillna(0.0)
    out = []
    for back in range(ORIGINS):
        end = len(periods) - year - back * apart
        cutoff = periods[end - 1]
        made = forecast(history, tree, cutoff=cutoff, horizon=year, draws=2, weights=UNSEEN)
        ahead = made.frame.groupby(keys)["forecast"].sum().reindex(wide.index).fillna(0.0)
        shares = (
            ahead.to_numpy(),
            wide.iloc[:, end - year : end].sum(axis=1).to_numpy(),
            wide.iloc[:, max(end - 3 * year, 0) : end].sum(axis=1).to_numpy(),
        )
        actual = wide.iloc[:, end : end + year].sum(axis=1).to_numpy()
        out.append([_miss(share, actual) for share in shares])
    return np.array(out).transpose(1, 0, 2)


def _miss(share: np.ndarray, actual: np.ndarray) -> np.ndarray:
    target = share * actual.sum() / share.sum()
    return np.abs(actual / np.where(target > 0, target, np.nan) - 1)


def replayed() -> list[dict[str, Any]]:
    """C21: past quarters of AdventureWorks, the same total and roster under each method."""
    from salesforecast import replay, workbench
    from salesforecast.history.organisation import Organisation
    from salesforecast.planning.scenario import Scenario

    path = HOME / "data" / "adventureworks" / "organisation.toml"
    inputs = workbench.prepare(Organisation.read(path))
    out = []
    for criterion in ("equal chance", "forecast", "equal growth"):
        scored = replay.hindcast(inputs, Scenario(criterion=criterion)).summary
        kept = scored if not out else scored.iloc[:1]
        for method, line in kept.iterrows():
            what = (
                f"{method}: spread of attainment over {int(line['person_quarters'])} person-quarters,"
                f" within {line['spread_low']:.3f} to {line['spread_high']:.3f};"
                f" by target {line['weighted_spread']:.3f}"
            )
            out.append(row("C21", what, float(line["spread"]), "sd / mean"))
    return out
