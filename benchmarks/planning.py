"""D01 to D11: plans that live through the year. `make bench NAME=planning`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import planning_store
from benchmarks.bench import HOME, cpu_of, row

DATA = HOME.parent / "shared" / "data"
BETWEEN = 0.25  # better in both on the panels of `python -m benchmarks.warning_choice`
IDS = {
    "D01": "AdventureWorks' year played: sums that do not tie, at any step and level",
    "D02": "8 processes x 200 saves with provoked conflicts: lost, duplicated",
    "D03": "kills at each disk call of a save: last acknowledged version whole",
    "D04": "disk full, read-only folder, database going away: clear error, nothing lost",
    "D05": "Monte Carlo, 1,000 units x 12 months x 10,000 draws: seconds, peak memory",
    "D06": "correlation of drawn against realised errors on tourism states; mean of totals",
    "D07": "make-up days and holidays 2015-2026 against the second source",
    "D08": "scenario file -> object -> file: differences; wrong keys that name line and nearest",
    "D09": "early warnings against a days/365 rule: found, false alarms",
    "D10": "10,000 random re-plannings: rules broken",
    "D11": "--help of every planning command: CPU",
}


def _pytest(*tests: str, **environment: str) -> tuple[bool, str]:
    """Run tests as they are; whether all passed, and their last line."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *tests],
        cwd=HOME, env={**os.environ, **environment}, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode == 0, done.stdout.strip().splitlines()[-1]


def d01() -> list[dict[str, Any]]:
    good, said = _pytest("tests/test_desk.py")
    return [
        row("D01", f"{IDS['D01']} ({said})", 0 if good else 1, "failing plays", aim=0, met=good)
    ]


_SIMULATE = """
import resource, time, numpy as np, pandas as pd
from salesforecast.hierarchy import Hierarchy
from salesforecast.planning.simulate import simulate
from salesforecast.tables import Samples
leaves = [f"m{i // 125}/r{i // 25}/p{i}" for i in range(1000)]
tree = Hierarchy.of(leaves, levels=("c", "m", "r", "p"), label="c")
months = pd.date_range("2024-01-01", periods=12, freq="MS", unit="us")
values = np.random.default_rng(0).gamma(4, 25, (1000, 1000, 12))
samples, targets = Samples(values, tree.leaves, months), pd.Series(1200.0, index=tree.leaves)
start, cpu = time.perf_counter(), time.process_time()
simulate(samples, tree, draws=10_000, targets=targets)
print(time.perf_counter() - start, time.process_time() - cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def d05() -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", _SIMULATE], cwd=HOME, capture_output=True, text=True, check=True
    )
    seconds, cpu, memory = map(float, done.stdout.split())
    return [
        row("D05", f"Monte Carlo of 1,000 x 12 x 10,000 (CPU {cpu:.1f} s)", seconds, "s", aim="<= 10", met=seconds <= 10),
        row("D05", "its peak memory, samples included", memory, "GiB", aim="<= 2", met=memory <= 2),
    ]  # fmt: skip


def d06(origins: int = 24) -> list[dict[str, Any]]:
    """One-step errors of 8 states at `origins` quarters, against the draws made there."""
    path = DATA / "tourism_au_quarterly" / "tourism_au_quarterly.parquet"
    if not path.exists():
        return []
    from salesforecast.forecasting.forecast import forecast
    from salesforecast.hierarchy import ROOT, Hierarchy
    from salesforecast.planning.simulate import simulate

    table = pd.read_parquet(path)
    names = {name.lower(): name for name in table.columns}
    long = table.rename(
        columns={names["state"]: "node", names["ds"]: "period", names["y"]: "sales"}
    )
    long = long.groupby(["node", "period"], as_index=False)["sales"].sum()
    long["node"], long["product"] = long["node"].str.replace("/", "-"), "(all)"
    tree = Hierarchy.of(sorted(set(long["node"])), levels=("country", "state"), label="Australia")
    wide = long.pivot_table(index="period", columns="node", values="sales")[list(tree.leaves)]
    errors, drawn, away = [], [], 0.0
    for back in range(origins, 0, -1):
        cutoff, after = wide.index[-back - 1], wide.index[-back]
        known = long[long["period"] <= cutoff]
        made = forecast(known, tree, cutoff=cutoff, horizon=1, draws=400, seed=back)
        cells = made.samples.values[:, made.samples.leaves.get_indexer(tree.leaves), 0]
        errors.append((wide.loc[after].to_numpy() - cells.mean(axis=0)) / cells.std(axis=0))
        drawn.append(np.corrcoef(cells.T))
        mean = made.frame["forecast"].sum()
        year = simulate(made.samples, tree, draws=10_000, seed=back).units.loc[ROOT, "mean"]
        away = max(away, abs(year / mean - 1))
    pairs = np.triu_indices(len(tree.leaves), 1)
    realised = np.corrcoef(np.array(errors).T)[pairs]
    ours = np.mean(drawn, axis=0)[pairs]
    distance = (np.arctanh(realised) - np.arctanh(ours)) * np.sqrt(origins - 3)
    outside, worst = int((np.abs(distance) > 1.96).sum()), float(np.sqrt((distance**2).mean()))
    what = (
        f"{len(realised)} pairs of states, {origins} origins: pairs outside the 95 % interval "
        f"(root mean square {worst:.2f}, mean correlation drawn {ours.mean():.2f}, realised {realised.mean():.2f})"
    )
    return [
        row("D06", what, outside, "pairs", aim="<= 3 of 28", met=outside <= 3),
        row("D06", "mean of drawn totals / coherent forecast - 1", float(away), "", aim="<= 1e-3", met=bool(away <= 1e-3)),
    ]  # fmt: skip


def d07() -> list[dict[str, Any]]:
    import chinese_calendar

    from salesforecast.planning.workdays import WorkCalendar

    days = WorkCalendar("CN").days(pd.Timestamp("2015-01-01"), pd.Timestamp("2026-12-31"))
    second = [chinese_calendar.is_workday(day.date()) for day in days.index]
    differ = int((days["working"] != second).sum())
    made_up = int((days["source"] == "make-up").sum())
    what = f"{len(days)} days, {made_up} make-up days: differences to chinesecalendar"
    return [row("D07", what, differ, "days", aim=0, met=differ == 0)]


def d08() -> list[dict[str, Any]]:
    good, said = _pytest("tests/planning/test_scenario_file.py")
    return [row("D08", f"{IDS['D08']} ({said})", 0 if good else 1, "failures", aim=0, met=good)]


def d09() -> list[dict[str, Any]]:
    out = []
    for name, read in (("Australian retail", _retail), ("AdventureWorks", _adventureworks)):
        if not DATA.exists():
            continue
        years, first = read()
        out += _warned(name, years, first)
    return out


def _retail() -> tuple[np.ndarray, int]:
    """Year × month × unit (state × industry, without subtotals), and the first year to judge."""
    table = pd.read_parquet(DATA / "aus_retail" / "aus_retail.parquet")
    subtotals = (
        "Food retailing", "Household goods retailing", "Other retailing",
        "Clothing, footwear and personal accessory retailing",
        "Cafes, restaurants and takeaway food services",
    )  # fmt: skip
    kept = table[~table["Industry"].isin(subtotals)]
    wide = kept.pivot_table(index="ds", columns=["State", "Industry"], values="y")["1989":"2018"]
    whole = wide.loc[:, wide.notna().all()]
    return whole.to_numpy().reshape(30, 12, -1), 8


def _adventureworks() -> tuple[np.ndarray, int]:
    """Territory × channel, calendar years 2011 to 2013."""
    path = DATA / "adventureworks" / "monthly_cycle_territory_category_channel.csv"
    table = pd.read_csv(path, parse_dates=["ds"])
    keys = [c for c in table.columns if "Territory" in c or "hannel" in c][:2]
    wide = table.pivot_table(index="ds", columns=keys, values="SalesAmount", aggfunc="sum")
    months = pd.date_range("2011-01-01", "2013-12-01", freq="MS")
    whole = wide.groupby(wide.index.to_period("M").to_timestamp()).sum().reindex(months).fillna(0.0)
    years = whole.to_numpy().reshape(3, 12, -1)
    return years[:, :, (years.sum(axis=1) > 0).all(axis=0)], 2


def june(years: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """June's chances of each year with two before it, the misses, and whom days/365 warns."""
    from salesforecast.planning.warn import early_warnings

    chance, missed, linear = [], [], []
    for year in range(2, len(years)):
        whole = years[: year + 1].sum(axis=1)
        target = pd.Series(whole[year - 1] * whole[year].sum() / whole[year - 1].sum())
        past = pd.DataFrame(years[:year].reshape(year * 12, -1).T)
        half = pd.DataFrame(years[year, :6].T)
        found = early_warnings(past, half, target).units.sort_index()
        chance.append(found["chance"].to_numpy())
        missed.append(whole[year] < target.to_numpy())
        linear.append(half.sum(axis=1).to_numpy() / (181 / 365) < target.to_numpy())
    return chance, missed, linear


def _warned(name: str, years: np.ndarray, first: int) -> list[dict[str, Any]]:
    """Judge June's warnings of each year, knowing only what was known then."""
    chance, missed, linear = june(years)
    begin = first - 2
    late, plain = np.array(missed)[begin:], np.array(linear)[begin:]
    simple = rates(plain, late)
    out = []
    for words, warned in (
        ("chance below 50 %", np.array(chance)[begin:] < 0.5),
        (
            "between as eager and as calm as days/365 was before",
            as_eager(chance, missed, linear, begin),
        ),
    ):
        found, alarms = rates(warned, late)
        better = found >= simple[0] and alarms <= simple[1] and (found, alarms) != simple
        what = f"{name}, {late.sum()} misses, {(~late).sum()} reached; warned when {words}: found "
        out.append(row("D09", what + f"{found:.1%}, false alarms", alarms, "share",
                       f"days/365, found {simple[0]:.1%}", simple[1], aim="both better", met=better))  # fmt: skip
    return out


def as_eager(
    chance: list[np.ndarray],
    missed: list[np.ndarray],
    linear: list[np.ndarray],
    begin: int,
    between: float = BETWEEN,
) -> np.ndarray:
    """Warn below a threshold between two: the one that found as many misses as days/365 in the
    years before (`between` is 0), and the one that raised as many false alarms (1)."""
    out = []
    for year in range(begin, len(chance)):
        if year == 0:
            out.append(chance[0] < 0.5)
            continue
        known, late = np.array(chance[:year]), np.array(missed[:year])
        found, alarms = rates(np.array(linear[:year]), late)
        grid = 1 - np.geomspace(1e-4, 0.7, 200)[::-1]  # finer where hardly anything is safe
        enough = [t for t in grid if rates(known < t, late)[0] >= found]
        calm = [t for t in grid if rates(known < t, late)[1] <= alarms]
        ends = (enough or [grid[-1]])[0], (calm or [grid[0]])[-1]
        out.append(chance[year] < ends[0] + (ends[1] - ends[0]) * between)
    return np.array(out)


def rates(warned: np.ndarray, missed: np.ndarray) -> tuple[float, float]:
    """Share of misses that were warned of, share of reached targets that were too."""
    return float(warned[missed].mean()), float(warned[~missed].mean())


def d10(count: int = 10_000) -> list[dict[str, Any]]:
    """Random plans, actuals and decisions, a year of three re-plannings each, then once again."""
    from benchmarks import replanning

    broken, done = replanning.play(count, seed=0)
    return [row("D10", f"{done:,} random re-plannings: rules broken", broken, "rules", aim=0, met=broken == 0)]  # fmt: skip


def d11() -> list[dict[str, Any]]:
    from salesforecast import outlook_commands, planning_commands

    commands = (*planning_commands.COMMANDS, *outlook_commands.COMMANDS)
    slowest, name = 0.0, ""
    for command in commands:
        code = f"from salesforecast.cli import cli; cli.main([{command.name!r}, '--help'])"
        seconds = min(cpu_of([sys.executable, "-c", code], cwd=HOME)[0] for _ in range(3))
        slowest, name = max((slowest, name), (seconds, str(command.name)))
    what = f"{len(commands)} commands, --help, the slowest ({name})"
    return [row("D11", what, slowest, "CPU s", aim="<= 0.5", met=slowest <= 0.5)]


MEASURES: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "D01": d01,
    "D02": planning_store.d02,
    "D03": planning_store.d03,
    "D04": planning_store.d04,
    "D05": d05,
    "D06": d06,
    "D07": d07,
    "D08": d08,
    "D09": d09,
    "D10": d10,
    "D11": d11,
}


def rows(only: Collection[str] = ()) -> list[dict[str, Any]]:
    """Measure all ids, or `only` some."""
    out: list[dict[str, Any]] = []
    for id, measure in MEASURES.items():
        if not only or id in only:
            out += measure()
    return out
