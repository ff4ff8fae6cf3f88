"""What the allocation engine must show, each beside the peer that does the same.

Times are CPU seconds of one thread, medians of runs in turns (`race`); a peer is given its
problem as arrays, and building, solving and reading back count on both sides, imports on none.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Collection
from functools import cache, partial
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import cases, verdicts
from benchmarks.bench import HOME, calibration, cpu_of, row
from benchmarks.race import Peer, cpu, race
from salesforecast.allocation.allocate import allocate
from salesforecast.allocation.cascade import cascade
from salesforecast.allocation.conflicts import diagnose, repaired
from salesforecast.allocation.explain import explain
from salesforecast.allocation.fairness import build
from salesforecast.allocation.level import solve, tighten
from salesforecast.allocation.tree import Tree
from salesforecast.allocation.twoway import Table, balance, round_two_way
from salesforecast.hierarchy import Hierarchy
from salesforecast.rules import Ceiling, Floor, Rule

IDS = {
    "B01": "tree of 10,000 leaves, limits binding on every level, kernel",
    "B02": "the same against cvxpy",
    "B03": "the same through allocate() on frames",
    "B04": "flat, one million leaves, kernel",
    "B05": "500 random trees: objective against Clarabel's at tolerance 1e-10",
    "B06": "depth 6, 50,000 nodes, unbalanced: time a node",
    "B07": "two-way 10,000 × 12 with corridors and locks, squares",
    "B08": "two-way 10,000 × 12 with corridors and locks, shares (entropy)",
    "B09": "equal chance, 10,000 leaves × 1,000 draws, first answer",
    "B10": "rounding 500 small trees: total move beyond the best (MILP)",
    "B11": "two-way rounding 10,000 × 12",
    "B12": "500 broken plans: diagnosed minimally and repaired",
    "B13": "diagnosis against solving the repaired plan, 10,000 leaves",
    "B14": "a knob turned: solved, rounded, explained, 1,000 units × 12 months",
    "B15": "importing the allocation part",
    "B16": "a plain proportional cascade of 10,000 leaves",
}
Rows = list[dict[str, Any]]


@cache
def _tree() -> cases.Split:
    return cases.split(cases.regular(8, 25, 50))


def _kernel(case: cases.Split) -> np.ndarray:
    found = solve(case.tree, case.curves, case.bounds, case.total)
    return found.exact


def _fast(id: str, words: str, ours: float, peer: str, theirs: float, aim: float) -> dict[str, Any]:
    """A line for `peer ÷ ours`, in milliseconds."""
    ratio = theirs / ours
    aimed = f">= {aim:g}"
    return row(id, words, ours * 1e3, "ms", peer, theirs * 1e3, ratio, aimed, ratio >= aim)


def _b01() -> Rows:
    case = _tree()
    found = solve(case.tree, case.curves, case.bounds, case.total)
    binding = [int((found.price[layer.nodes] != 0).sum()) for layer in case.tree.layers[1:]]
    words = f"{IDS['B01']} (held: {binding} of {[len(x.nodes) for x in case.tree.layers[1:]]})"
    with Peer("clarabel") as peer:
        _, ours, _, theirs = race(lambda: _kernel(case), peer, "clarabel_qp", case.as_qp())
    laid = cpu(lambda: Tree.of(case.parents), 9)[1]
    return [
        _fast("B01", words, ours, "Clarabel direct", theirs, 50),
        row("B01", "laying out the tree's arrays first, not in the above", laid * 1e3, "ms"),
    ]


def _b02() -> Rows:
    case = _tree()
    with Peer("cvxpy", "clarabel") as peer:
        _, ours, _, theirs = race(lambda: _kernel(case), peer, "cvxpy_qp", case.as_qp())
    return [_fast("B02", IDS["B02"], ours, "cvxpy", theirs, 100)]


def _b03() -> Rows:
    out = []
    for columns, words in (
        (True, "leaves' limits as columns, 416 rules on groups"),
        (False, "a rule for each of 20,416 limits"),
    ):
        total, hierarchy, leaves, rules = cases.as_frames(_tree(), columns=columns)
        work = partial(allocate, total, hierarchy, leaves, criterion="equal growth", rules=rules)
        with Peer("clarabel") as peer:
            _, ours, _, theirs = race(work, peer, "clarabel_qp", _tree().as_qp(), times=3)
        out.append(_fast("B03", f"{IDS['B03']}: {words}", ours, "Clarabel direct", theirs, 10))
    out[1] |= {"aim": None, "met": None}
    return out


def _b04() -> Rows:
    case = cases.flat(1_000_000)
    with Peer("clarabel") as peer:
        _, ours, _, theirs = race(
            lambda: _kernel(case), peer, "clarabel_qp", case.as_qp(), rounds=1, times=5
        )
    return [_fast("B04", IDS["B04"], ours, "Clarabel direct", theirs, 300)]


def _b05() -> Rows:
    plans = []
    for seed in range(500):
        shape = cases.unbalanced(40, 4, seed) if seed % 2 else cases.regular(3, 3, 4)
        plans.append(cases.split(shape, seed))
    packed: dict[str, Any] = {"count": np.array(len(plans)), "tolerance": np.array(1e-10)}
    for number, plan in enumerate(plans):
        packed |= {f"{number}_{name}": value for name, value in plan.as_qp().items()}
    with Peer("clarabel") as peer:
        answers, _ = peer.solve("clarabel_many", packed)
    off, at = [], 0
    for plan in plans:
        count = len(plan.tree.leaves)
        ours = plan.squares(_kernel(plan)[plan.tree.leaves])
        theirs = plan.squares(answers[at : at + count])
        off.append((ours - theirs) / max(abs(theirs), 1e-9))
        at += count
    worst, worse = float(np.abs(off).max()), int((np.array(off) > 1e-9).sum())
    met = worst <= 1e-7 and worse == 0
    words = f"{IDS['B05']}; worse by more than 1e-9: {worse}"
    aim = "<= 1e-7, never worse"
    return [row("B05", words, worst, "relative", "Clarabel", 0.0, None, aim, met)]


def _b06() -> Rows:
    deep = cases.split(cases.unbalanced(50_000, 6, 1))
    even = cases.split(cases.regular(20, 50, 49))
    mine, theirs = [], []
    for _ in range(7):
        mine.append(cpu(lambda: _kernel(deep))[1] / len(deep.parents))
        theirs.append(cpu(lambda: _kernel(even))[1] / len(even.parents))
    ours, base = median(mine) * 1e9, median(theirs) * 1e9
    ratio = ours / base
    return [row("B06", IDS["B06"], ours, "ns a node", "balanced, 3 levels", base, ratio, "<= 2", ratio <= 2)]  # fmt: skip


def _b07() -> Rows:
    case = cases.table(10_000)
    with Peer("clarabel") as peer:
        found, ours, _, theirs = race(
            lambda: balance(Table(**case, kind="squares")), peer, "clarabel_qp",
            cases.table_as_program(case), rounds=2, times=3,
        )  # fmt: skip
    words = f"{IDS['B07']}; totals off {_off(found, case):.1e}"
    return [_fast("B07", words, ours, "Clarabel direct", theirs, 20)]


def _b08() -> Rows:
    case = cases.table(10_000)
    with Peer("cvxpy", "clarabel") as peer:
        found, ours, answer, theirs = race(
            lambda: balance(Table(**case, kind="shares")), peer, "cvxpy_entropy",
            cases.table_as_program(case), rounds=1, times=3,
        )  # fmt: skip
    off = _off(found, case)
    peers_off = _off(answer.reshape(found.shape), case)
    return [
        _fast("B08", IDS["B08"], ours, "cvxpy exponential cone", theirs, 200),
        row("B08", "totals off", off, "relative", "cvxpy", peers_off, None, "<= 1e-12", off <= 1e-12),
    ]  # fmt: skip


def _off(found: np.ndarray, case: dict[str, np.ndarray]) -> float:
    by_row = np.abs(found.sum(axis=1) / case["rows"] - 1).max()
    return float(max(by_row, np.abs(found.sum(axis=0) / case["columns"] - 1).max()))


def _b09() -> Rows:
    tree = _tree().tree
    rng = np.random.default_rng(7)
    count = len(tree.leaves)
    mean = rng.lognormal(3, 1, count)
    draws = mean * (1 + rng.uniform(0.05, 0.4, count) * rng.standard_normal((1000, count)))
    low, high = np.full(len(tree.parents), -np.inf), np.full(len(tree.parents), np.inf)
    low[tree.leaves], high[tree.leaves] = 0.6 * mean, mean * rng.uniform(1.0, 1.6, count)
    groups = np.setdiff1d(np.arange(1, len(tree.parents)), tree.leaves)
    high[groups] = tree.total(mean)[groups] * rng.uniform(1.0, 1.1, len(groups))
    total = 1.02 * mean.sum()
    names = pd.Index([f"p{at}" for at in range(count)])
    frame, leaves = pd.DataFrame(draws, columns=names), pd.DataFrame(index=names)

    def ours() -> Any:
        bounds = tighten(tree, low, high)
        edges = {"low": bounds.least[tree.leaves], "high": bounds.most[tree.leaves]}
        fair = build("equal chance", leaves, **edges, total=total, draws=frame)
        return solve(tree, fair.curves, bounds, total)

    problem = {
        "draws": draws,
        "low": low[tree.leaves],
        "high": high[tree.leaves],
        "total": np.array(total),
    }
    with Peer("scipy.optimize") as peer:
        found, taken, _, theirs = race(ours, peer, "scipy_chance", problem, rounds=2, times=2)
    spread = _spread(tree, found, np.sort(draws.T, axis=1))
    ratio = taken / theirs
    return [
        row("B09", IDS["B09"] + ", tree limits", taken * 1e3, "ms", "scipy recipe, no tree limits", theirs * 1e3, ratio, "<= 0.1", ratio <= 0.1),
        row("B09", "spread of chance over leaves that no limit holds", spread, "", aim="<= 1e-9", met=spread <= 1e-9),
    ]  # fmt: skip


def _spread(tree: Tree, found: Any, ordered: np.ndarray) -> float:
    """Largest range of the chance to miss within a group that shares a level, read off the draws."""
    grid = np.linspace(0, 1, ordered.shape[1])
    group = found.level[tree.parents[tree.leaves]]
    free = found.price[tree.leaves] == 0
    misses = np.array(
        [
            np.interp(found.exact[leaf], ordered[at], grid)
            for at, leaf in enumerate(tree.leaves)
            if free[at]
        ]
    )
    spans = pd.Series(misses).groupby(group[free])
    return float((spans.max() - spans.min()).max())


def _b10() -> Rows:
    beyond = verdicts.rounding_beyond_the_best(500)
    return [row("B10", IDS["B10"], beyond, "steps", "scipy milp (HiGHS)", 0.0, None, "0", beyond == 0)]  # fmt: skip


def _b11() -> Rows:
    case = cases.table(10_000, seed=11)
    start = case["start"]
    rows = np.rint(start.sum(axis=1)).astype(np.int64)
    exact = start * (rows / start.sum(axis=1))[:, None]
    wanted = exact.sum(axis=0)
    columns = np.floor(wanted).astype(np.int64)
    columns[np.argsort(columns - wanted)[: int(rows.sum() - columns.sum())]] += 1
    ends = {"rows": rows.astype(float), "columns": columns.astype(float)}
    table = Table(exact, **ends, low=np.zeros_like(exact), high=np.full_like(exact, np.inf))
    exact = balance(table)
    assert exact is not None
    with Peer("ortools.graph.python.min_cost_flow") as peer:
        found, ours, answer, theirs = race(
            lambda: round_two_way(exact, rows, columns), peer, "ortools_flow",
            {"exact": exact, "rows": rows, "columns": columns}, rounds=3, times=2,
        )  # fmt: skip
    moved, best = (float(np.abs(table - exact).sum()) for table in (found, answer))
    ratio = ours / theirs
    words = f"{IDS['B11']}; moved {moved:,.4f}, the flow {best:,.4f}"
    return [row("B11", words, ours * 1e3, "ms", "ortools min-cost flow", theirs * 1e3, ratio, "<= 5", ratio <= 5)]  # fmt: skip


def _b12() -> Rows:
    good, count = verdicts.broken_plans(500)
    return [row("B12", IDS["B12"], good, "plans", "HiGHS as the judge", count, None, "500", good == count == 500)]  # fmt: skip


def _b13() -> Rows:
    case = _tree()
    total, hierarchy, leaves, rules = cases.as_frames(case)
    groups = hierarchy.nodes.index[(~hierarchy.nodes["leaf"]) & (hierarchy.nodes["depth"] == 2)]
    sums = hierarchy.totals(leaves)["history"]
    wishes = [*rules, Ceiling(groups[3], float(sums[groups[3]]) * 0.5)]
    wishes += [Floor(groups[90], float(sums[groups[90]]) * 2), Ceiling("/", total * 0.99)]
    baseline = leaves["history"]
    found = diagnose(total, hierarchy, wishes, baseline=baseline)
    now, limits = repaired(total, wishes, found)

    def solving() -> object:
        return allocate(int(now), hierarchy, leaves, criterion="equal growth", rules=limits)

    def asking() -> object:
        return diagnose(total, hierarchy, wishes, baseline=baseline)

    mine, theirs = [], []
    for _ in range(5):
        mine.append(cpu(asking, 3)[1])
        theirs.append(cpu(solving, 3)[1])
    ours, base = median(mine), median(theirs)
    words = f"{IDS['B13']}, {len(found)} contradictions"
    return [row("B13", words, ours * 1e3, "ms", "allocate() on the repaired plan", base * 1e3, ours / base, "<= 2", ours / base <= 2)]  # fmt: skip


def _b14() -> Rows:
    rng = np.random.default_rng(7)
    paths = [f"m{at // 250}/r{at // 25}/p{at}" for at in range(1000)]
    levels = ["company", "market", "region", "position"]
    hierarchy = Hierarchy.of(paths, levels=levels, label="Company")
    baseline = rng.lognormal(10, 1, 1000)
    leaves = pd.DataFrame(
        {"baseline": baseline, "forecast": baseline * rng.lognormal(0.04, 0.1, 1000)},
        index=hierarchy.leaves,
    )
    sums = hierarchy.totals(leaves)["forecast"]
    some = rng.choice(hierarchy.nodes.index[1:], 60, replace=False)
    rules: list[Rule] = [Ceiling(str(node), float(sums[node]) * 1.01) for node in some[:30]]
    rules += [Floor(str(node), float(sums[node]) * 1.04) for node in some[30:]]
    shape = pd.DataFrame(
        rng.gamma(5, 1, (1000, 12)),
        index=hierarchy.leaves,
        columns=pd.date_range("2024-01-01", periods=12, freq="MS"),
    )

    def turned(total: int) -> Callable[[], object]:
        def work() -> object:
            plan = allocate(total, hierarchy, leaves, rules=rules)
            return explain(plan, hierarchy, leaves), cascade(plan.targets, shape)

        return work

    turned(int(sums.iloc[0]))()
    taken = [cpu(turned(int(sums.iloc[0] * (1 + 0.001 * at))))[1] for at in range(15)]
    ours, yardstick = median(taken), calibration()
    return [row("B14", IDS["B14"], ours * 1e3, "ms", "calibration loop", yardstick * 1e3, ours / yardstick, "<= 50 ms", ours <= 0.05)]  # fmt: skip


def _b15() -> Rows:
    parts = ["allocate", "conflicts", "explain", "measures", "cascade", "worth"]
    ours = "; ".join(f"import salesforecast.allocation.{part}" for part in parts)
    mine, theirs = [], []
    with tempfile.TemporaryDirectory() as compiled:  # as installed: modules compiled once before
        env = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": compiled}
        cpu_of([sys.executable, "-c", ours], cwd=HOME, env=env)
        for _ in range(15):
            mine.append(cpu_of([sys.executable, "-c", ours], cwd=HOME, env=env)[0])
            other = [sys.executable, "-c", "import numpy, pandas"]
            theirs.append(cpu_of(other, cwd=HOME, env=env)[0])
    taken, base = median(mine), median(theirs)
    return [row("B15", IDS["B15"], taken, "CPU s", "import numpy, pandas", base, taken / base, "<= 1.2", taken / base <= 1.2)]  # fmt: skip


def _b16() -> Rows:
    rng = np.random.default_rng(7)
    weight = rng.lognormal(3, 1, 10_000)
    paths = [f"m{at // 1250}/r{at // 50:03d}/p{at:05d}" for at in range(10_000)]
    levels = ["company", "market", "region", "position"]
    hierarchy = Hierarchy.of(paths, levels=levels, label="Company")
    leaves = pd.DataFrame({"forecast": weight}, index=paths).loc[hierarchy.leaves]
    total = round(1.07 * weight.sum())

    def ours() -> pd.Series:
        tree = Hierarchy.of(paths, levels=levels, label="Company")  # built as the peer's is
        return allocate(total, tree, leaves).exact

    with Peer("b2b_revenue_forecasting.quota_cascader", "pandas") as peer:
        problem = {"weight": weight, "total": np.array(total)}
        found, taken, answer, theirs = race(ours, peer, "b2b", problem, rounds=3, times=1)
    off = float(np.abs(found.loc[paths].to_numpy() / answer - 1).max())
    words = (
        f"{IDS['B16']} (hierarchy built in both; same targets to {off:.0e}; no floors, ceilings,"
        " rounding to whole units, chances or repairs there)"
    )
    return [row("B16", words, taken * 1e3, "ms", "b2b-revenue-forecasting", theirs * 1e3, theirs / taken)]  # fmt: skip


_MEASURES = {
    "B01": _b01, "B02": _b02, "B03": _b03, "B04": _b04, "B05": _b05, "B06": _b06,
    "B07": _b07, "B08": _b08, "B09": _b09, "B10": _b10, "B11": _b11, "B12": _b12,
    "B13": _b13, "B14": _b14, "B15": _b15, "B16": _b16,
}  # fmt: skip


def rows(only: Collection[str] = ()) -> Rows:
    """Measure all ids, or those in `only`; about four minutes in all."""
    out: Rows = []
    for id, measure in _MEASURES.items():
        if not only or id in only:
            print(f"measuring {id} ...", file=sys.stderr, flush=True)
            out += measure()
    return out
