"""Choose the rule of early warnings on panels that D09 does not judge it on.

`python -m benchmarks.warning_choice` prints the loss of every candidate on Australian tourism
(zone x purpose, region) and the monthly series of M3 (unrelated, each on its own scale): the mean log loss of the chance to reach
last year's sales grown with the company, seen after three, six and nine months.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd

from benchmarks import planning
from benchmarks.bench import HOME
from salesforecast.planning.warn import RULE, Rule, early_warnings

DATA = HOME.parent / "shared" / "data"
SEEN = (3, 6, 9)  # months that are behind
M3_YEARS = 8


def panels() -> dict[str, np.ndarray]:
    """Name to year x month x unit."""
    table = pd.read_parquet(DATA / "tourism_au_monthly_large" / "tourism_au_monthly_large.parquet")
    out = {
        "tourism, zone x purpose": _cube(table, ["zone", "purpose"], "1998", "2016"),
        "tourism, region": _cube(table, ["region"], "1998", "2016"),
    }
    series = pd.read_parquet(DATA / "m3" / "m3.parquet")
    monthly = series[series["period"] == "MONTHLY"].sort_values(["unique_id", "t"])
    long_enough = [
        one["y"].to_numpy()[-M3_YEARS * 12 :] / one["y"].mean()
        for _, one in monthly.groupby("unique_id")
        if len(one) >= M3_YEARS * 12
    ]
    out["M3, monthly"] = np.array(long_enough).T.reshape(M3_YEARS, 12, -1)
    return out


def _cube(table: pd.DataFrame, keys: list[str], first: str, last: str) -> np.ndarray:
    wide = table.pivot_table(index="ds", columns=keys, values="y", aggfunc="sum")[first:last]
    whole = wide.fillna(0.0).to_numpy().reshape(-1, 12, wide.shape[1])
    kept: np.ndarray = whole[:, :, (whole.sum(axis=1) > 0).all(axis=0)]
    return kept


def chances(years: np.ndarray, months: int, rule: Rule) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Chance of every unit after `months`, and whether it came, for each year with two before it."""
    whole = years.sum(axis=1)
    for year in range(2, len(years)):
        target = pd.Series(whole[year - 1] * whole[year].sum() / whole[year - 1].sum())
        past = pd.DataFrame(years[:year].reshape(year * 12, -1).T)
        so_far = pd.DataFrame(years[year, :months].T)
        found = early_warnings(past, so_far, target, rule=rule).units.sort_index()
        yield found["chance"].to_numpy(), whole[year] >= target.to_numpy()


def loss(years: np.ndarray, rule: Rule) -> float:
    """Mean log loss over years, units, and months behind."""
    parts = []
    for months in SEEN:
        for chance, reached in chances(years, months, rule):
            sure = np.clip(chance, 0.01, 0.99)
            parts.append(-np.where(reached, np.log(sure), np.log(1 - sure)).mean())
    return float(np.mean(parts))


def main() -> None:
    """Landing first, then its spread: each candidate's loss by panel and in the mean."""
    cubes = panels()
    print({name: cube.shape for name, cube in cubes.items()})
    best = RULE
    stages = (
        [{"seasons": s, "by_season": b, "lately": late}
         for s, b, late in product((1, 2, 3, 5), (0.0, 0.25, 0.5, 0.75, 1.0), (0.0, 0.25, 0.5))],
        [{"memory": m, "own": o} for m, o in product((3, 5, 8, 12), (1.0, 4.0, 16.0))],
    )  # fmt: skip
    for candidates in stages:
        rows = {}
        for settings in candidates:
            rule = replace(best, **settings)  # type: ignore[arg-type]
            rows[rule] = {name: loss(cube, rule) for name, cube in cubes.items()}
        table = pd.DataFrame.from_dict(rows, orient="index")
        relative = (table / table.min()).mean(axis=1).sort_values(kind="stable")
        for rule in relative.index[:5]:
            print(rule, table.loc[rule].round(4).to_dict(), round(relative[rule], 4))
        best = relative.index[0]
    print("chosen:", best)
    print("eagerness: misses found and false alarms, less those of days/365")
    for between in (0.0, 0.25, 0.5, 0.75, 1.0):
        print(between, {name: eagerness(cube, between) for name, cube in cubes.items()})


def eagerness(years: np.ndarray, between: float) -> tuple[float, float]:
    """What June's warnings find more, and how often they are wrong more often, than days/365."""
    chance, missed, linear = planning.june(years)
    begin = min(5, len(chance) - 1)
    warned = planning.as_eager(chance, missed, linear, begin, between)
    late = np.array(missed)[begin:]
    ours, plain = planning.rates(warned, late), planning.rates(np.array(linear)[begin:], late)
    return round(ours[0] - plain[0], 4), round(ours[1] - plain[1], 4)


if __name__ == "__main__":
    main()
