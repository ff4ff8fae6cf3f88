"""Forecast series one at a time with statsforecast; runs in `.venv-bench-forecast`.

`python library_models.py PROBLEM.npz RESULT.npz MODEL ...`: the problem holds `values` end to end,
`starts`, `season` and `horizon`; the result one (series, horizon) array a model, and the CPU
seconds that each took, a fit before the first not counted. Imports nothing of the product.
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np


def main(problem: str, result: str, names: list[str]) -> None:
    """Fit every model on every series."""
    from statsforecast import models

    with np.load(problem) as stored:
        series = np.split(stored["values"], stored["starts"][1:-1])
        season, horizon = int(stored["season"]), int(stored["horizon"])
    out: dict[str, np.ndarray] = {}
    for name in names:
        make, options = getattr(models, name), {}
        if name in {"CrostonOptimized", "CrostonSBA", "ADIDA", "IMAPA"}:
            options = {}
        elif name == "TSB":
            options = {"alpha_d": 0.1, "alpha_p": 0.1}
        else:
            options = {"season_length": season}
        make(**options).forecast(y=series[0], h=horizon)
        start = time.process_time()
        ahead = [
            np.asarray(make(**options).forecast(y=one, h=horizon)["mean"]).ravel() for one in series
        ]
        out[f"{name}/cpu"] = np.array(time.process_time() - start)
        out[name] = np.array(ahead)
    np.savez(result, **out)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
