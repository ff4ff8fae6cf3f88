"""What the forecast would have been worth: made again as of earlier cutoffs, level by level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from salesforecast.errors import DataError
from salesforecast.forecasting.forecast import DEFAULT, forecast
from salesforecast.forecasting.intervals import LEARNED, outlook
from salesforecast.forecasting.metrics import bias, coverage, pinball, smape, wape
from salesforecast.forecasting.structure import SEASONS, wide_history
from salesforecast.hierarchy import Hierarchy

LEVELS = np.arange(0.05, 1.0, 0.1).round(2)
ENDS = {"q025": 0.025, "q10": 0.1, "q90": 0.9, "q975": 0.975}
ALL = sorted({*LEVELS.tolist(), *ENDS.values()})
OURS, ALONE = "forecast", "alone"
SIDES = ("mase", "coverage80", "coverage95", "pinball")


def backtest(
    history: pd.DataFrame,
    hierarchy: Hierarchy,
    *,
    cutoff: pd.Timestamp,
    horizon: int,
    origins: int = 6,
    every: int = 1,
    draws: int = 200,
    models: Sequence[str] = DEFAULT,
) -> pd.DataFrame:
    """Forecast as of `origins` earlier cutoffs and compare with what came, per level and step.

    Nothing after an origin is used for its forecast: models, weights, reconciliation and
    samples are all made again. Products are summed.

    Parameters
    ----------
    cutoff
        Last period with actuals; the latest origin lies `horizon` periods before it.
    every
        Periods between origins.

    Returns
    -------
    pd.DataFrame
        One row for each level of the hierarchy, step (1 .. horizon, and 0 for the whole
        horizon summed) and method (`forecast`, `last year`: the same period a year before,
        `last periods`: the `horizon` periods just seen; of months and quarters `alone`: every
        node by `intervals.outlook`, as if there were no others). `mase` (scaled by the change to
        the year before), `smape`, `wape`, `bias` (positive: too high), for `forecast` and
        `alone` `pinball` over the mean actual, `coverage80`, `coverage95` (a whole horizon alone
        has no quantiles); `count` outcomes.

    Raises
    ------
    DataError
        If the history does not reach back far enough for the origins.
    """
    cutoff = pd.Timestamp(cutoff)
    wide, months = wide_history(history, hierarchy, cutoff)
    season = SEASONS[months]
    leaf = wide.fillna(0.0).T.groupby(level=0).sum().reindex(hierarchy.leaves, fill_value=0.0)
    sales = hierarchy.summing @ leaf.to_numpy()
    ends = [sales.shape[1] - horizon - every * i for i in range(origins)]
    if ends[-1] < season + 1:
        raise DataError(
            f"the history is too short for {origins} origins.",
            where=f"{sales.shape[1]} periods, horizon {horizon}",
            fix="ask for fewer origins, or a shorter horizon.",
        )
    parts = [
        _one_origin(history, hierarchy, wide.index, sales, end, horizon, draws, models, season)
        for end in ends
    ]
    return _summary(pd.concat(parts, ignore_index=True))


def _one_origin(
    history: pd.DataFrame,
    hierarchy: Hierarchy,
    periods: pd.Index,
    sales: np.ndarray,
    end: int,
    horizon: int,
    draws: int,
    models: Sequence[str],
    season: int,
) -> pd.DataFrame:
    """Long rows node × step × method of one origin."""
    made = forecast(
        history, hierarchy, cutoff=periods[end - 1], horizon=horizon, draws=draws, models=models
    )
    summing = hierarchy.summing
    ahead = np.stack([summing @ one for one in made.samples.values])
    actual = sales[:, end : end + horizon]
    year = end - season + np.arange(horizon) % season
    methods = {
        "forecast": ahead.mean(axis=0),
        "last year": sales[:, year],
        "last periods": sales[:, end - horizon : end],
    }
    if season in LEARNED:
        begun = [one[np.argmax(one != 0) :] for one in sales[:, :end]]
        found = outlook(begun, season=season, horizon=horizon, levels=ALL)
        methods[ALONE] = found.mean
    scale = np.abs(sales[:, season:end] - sales[:, : end - season]).mean(axis=1)
    levels = hierarchy.nodes["level"].to_numpy()
    rows = []
    for step in range(horizon + 1):
        at = slice(None) if step == 0 else slice(step - 1, step)
        truth = actual[:, at].sum(axis=1)
        quantiles = {OURS: np.quantile(ahead[:, :, at].sum(axis=2), ALL, axis=0)}
        if ALONE in methods and step:
            quantiles[ALONE] = found.quantiles[:, :, step - 1]
        for method, values in methods.items():
            part = pd.DataFrame(
                {
                    "level": levels,
                    "step": step,
                    "method": method,
                    "actual": truth,
                    "forecast": values[:, at].sum(axis=1),
                    "scale": scale * (horizon if step == 0 else 1),
                }
            )
            if method in quantiles:
                for name, level in ENDS.items():
                    part[name] = quantiles[method][ALL.index(level)]
                part["pinball"] = _pinball(truth, quantiles[method])
            rows.append(part)
    return pd.concat(rows, ignore_index=True)


def _pinball(truth: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """Mean pinball loss of each node at `LEVELS`."""
    kept = quantiles[[ALL.index(level) for level in LEVELS]]
    return np.array([pinball(truth[[i]], kept[:, [i]], LEVELS).mean() for i in range(len(truth))])


def _summary(rows: pd.DataFrame) -> pd.DataFrame:
    out = []
    for (level, step, method), part in rows.groupby(["level", "step", "method"], sort=False):
        actual, values = part["actual"].to_numpy(), part["forecast"].to_numpy()
        scaled = part["scale"].to_numpy()
        usable = scaled > 0
        line = {
            "level": level,
            "step": step,
            "method": method,
            "mase": np.mean(np.abs(values - actual)[usable] / scaled[usable]),
            "smape": np.mean(smape(actual[:, None], values[:, None])),
            "wape": wape(actual, values),
            "bias": bias(actual, values),
            "count": len(part),
        }
        if method == OURS or (method == ALONE and step):
            size = np.abs(actual).mean()
            line["pinball"] = part["pinball"].mean() / size if size > 0 else np.nan
            line["coverage80"] = coverage(actual, part["q10"], part["q90"])
            line["coverage95"] = coverage(actual, part["q025"], part["q975"])
        out.append(line)
    return pd.DataFrame(out)


def beside_alone(tested: pd.DataFrame) -> pd.DataFrame:
    """Each level's forecast beside the same series forecast alone, all steps together.

    Takes what `backtest` hands back; one row a level, columns `mase`, `coverage80`, `coverage95`
    and `pinball`, each of `forecast` and of `alone`, then `pinball ratio` (below 1: agreeing with
    the other levels made the ranges better) and `count` outcomes.
    """
    steps = tested[(tested["step"] > 0) & tested["method"].isin([OURS, ALONE])]
    mean = steps.groupby(["level", "method"], sort=False)[list(SIDES)].mean().unstack("method")
    mean.columns = [f"{side}, {method}" for side, method in mean.columns]
    wanted = [f"{side}, {method}" for side in SIDES for method in (OURS, ALONE)]
    out = mean.reindex(columns=[name for name in wanted if name in mean])
    if f"pinball, {ALONE}" in out:
        out["pinball ratio"] = out[f"pinball, {OURS}"] / out[f"pinball, {ALONE}"]
    out["count"] = steps[steps["method"] == OURS].groupby("level")["count"].sum()
    return out.loc[list(dict.fromkeys(steps["level"]))]
