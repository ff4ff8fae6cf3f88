"""Peers of the allocation benchmark: solves what it is told on stdin, one JSON line at a time.

Runs in `.venv-bench`, a process for each peer (ortools and highspy cannot share one), and
imports nothing of the product. A request names a peer and an `.npz` of its problem; the answer
gives CPU and wall seconds of building, solving and reading back, and where the result lies.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import sparse

Problem = Mapping[str, np.ndarray]


def _rows(problem: Problem) -> sparse.csr_matrix:
    return sparse.csr_matrix(
        (problem["data"], problem["indices"], problem["indptr"]),
        shape=(len(problem["indptr"]) - 1, len(problem["anchor"])),
    )


def clarabel_qp(problem: Problem) -> np.ndarray:
    """Least weighted squares to an anchor, rows and boxes; Clarabel called directly."""
    import clarabel

    weight, anchor, low, high = (problem[name] for name in ("weight", "anchor", "low", "high"))
    rows, least, most = _rows(problem), problem["row_low"], problem["row_high"]
    equal, unit = least == most, sparse.eye(len(anchor), format="csr")
    both = sparse.vstack([rows[equal], rows[~equal], -rows[~equal], unit, -unit]).tocsc()
    ends = np.concatenate([least[equal], most[~equal], -least[~equal], high, -low])
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.max_threads = False, 1
    if "tolerance" in problem:
        tolerance = float(problem["tolerance"])
        settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
    count = int(equal.sum())
    cones = [clarabel.ZeroConeT(count), clarabel.NonnegativeConeT(both.shape[0] - count)]
    curve = sparse.diags(weight).tocsc()
    solved = clarabel.DefaultSolver(curve, -weight * anchor, both, ends, cones, settings).solve()
    if "Solved" not in str(solved.status):
        raise RuntimeError(str(solved.status))
    return np.asarray(solved.x)


def clarabel_many(problem: Problem) -> np.ndarray:
    """Many small problems in one file, one after the other; the results lie end to end."""
    out = []
    for number in range(int(problem["count"])):
        mark = f"{number}_"
        one = {name[len(mark) :]: problem[name] for name in problem if name.startswith(mark)}
        out.append(clarabel_qp({**one, "tolerance": problem["tolerance"]}))
    return np.concatenate(out)


def cvxpy_qp(problem: Problem) -> np.ndarray:
    """The same through cvxpy, with Clarabel."""
    import cvxpy as cp

    weight, anchor, low, high = (problem[name] for name in ("weight", "anchor", "low", "high"))
    rows, least, most = _rows(problem), problem["row_low"], problem["row_high"]
    equal, x = least == most, cp.Variable(len(anchor))
    limits = [x >= low, x <= high, rows[equal] @ x == least[equal]]
    if not equal.all():
        limits += [rows[~equal] @ x >= least[~equal], rows[~equal] @ x <= most[~equal]]
    distance = 0.5 * cp.sum(cp.multiply(weight, cp.square(x - anchor)))
    cp.Problem(cp.Minimize(distance), limits).solve(solver="CLARABEL")
    return np.asarray(x.value)


def cvxpy_entropy(problem: Problem) -> np.ndarray:
    """Least relative entropy to an anchor, through cvxpy's exponential cone and Clarabel."""
    import cvxpy as cp

    anchor, x = problem["anchor"], cp.Variable(len(problem["anchor"]))
    limits = [_rows(problem) @ x == problem["row_low"], x >= problem["low"], x <= problem["high"]]
    cp.Problem(cp.Minimize(cp.sum(cp.kl_div(x, anchor))), limits).solve(solver="CLARABEL")
    return np.asarray(x.value)


def scipy_chance(problem: Problem) -> np.ndarray:
    """The obvious recipe for an equal chance: a root search over quantiles of the samples."""
    from scipy.optimize import brentq

    draws, low, high = problem["draws"], problem["low"], problem["high"]

    def carried(level: float) -> np.ndarray:
        return np.clip(np.quantile(draws, level, axis=0), low, high)

    level = brentq(lambda p: carried(p).sum() - float(problem["total"]), 0, 1, xtol=1e-12)
    return carried(level)


def ortools_flow(problem: Problem) -> np.ndarray:
    """Controlled rounding of a two-way table as a min-cost flow."""
    from ortools.graph.python import min_cost_flow

    exact = problem["exact"]
    height, width = exact.shape
    whole = np.floor(exact)
    part = exact - whole
    row, column = np.nonzero(part > 0)
    flow = min_cost_flow.SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        row.astype(np.int32),
        (height + column).astype(np.int32),
        np.ones(len(row), np.int64),
        np.rint(-part[row, column] * 1e9).astype(np.int64),
    )
    supply = np.concatenate(
        [problem["rows"] - whole.sum(axis=1), whole.sum(axis=0) - problem["columns"]]
    )
    flow.set_nodes_supplies(np.arange(height + width, dtype=np.int32), supply.astype(np.int64))
    if flow.solve() != flow.OPTIMAL:
        raise RuntimeError("no flow")
    whole[row, column] += flow.flows(arcs)
    return whole


def b2b(problem: Problem) -> np.ndarray:
    """A plain proportional cascade by b2b-revenue-forecasting: hierarchy built, quotas cascaded."""
    import contextlib
    import io

    import pandas as pd
    from b2b_revenue_forecasting.hierarchy import SalesHierarchy
    from b2b_revenue_forecasting.quota_cascader import QuotaCascader

    weight = problem["weight"]
    count = np.arange(len(weight))
    frame = pd.DataFrame(
        {
            "company": "all",
            "market": [f"m{at // 1250}" for at in count],
            "region": [f"r{at // 50}" for at in count],
            "person": [f"p{at}" for at in count],
            "size": weight,
        }
    )
    with contextlib.redirect_stdout(io.StringIO()):
        tree = SalesHierarchy()
        levels = ["company", "market", "region", "person"]
        tree.from_dataframe(frame, path_cols=levels, metrics_cols=["size"])
        quotas = QuotaCascader(tree).cascade_proportional(
            "all", float(problem["total"]), metric="size"
        )
    return np.array([quotas[f"p{at}"] for at in count])


def lightgbm_panel(problem: Problem) -> np.ndarray:
    """Sales of a panel `horizon` periods ahead at once, by LightGBM on lags and what is known ahead.

    `values` (period, series) is NaN from `end` on, `known` is (feature, period, series), `codes`
    are labels (label, series). Logarithms, absolute loss; lags and their means reach back from
    the horizon, so that one model serves every step.
    """
    import lightgbm as lgb

    logs, horizon, end = np.log(problem["values"]), int(problem["horizon"]), int(problem["end"])
    count, width = logs.shape

    def back(steps: int) -> np.ndarray:
        return np.vstack([np.full((steps, width), np.nan), logs[:-steps]])

    lags = [back(horizon + i) for i in range(8)]
    with np.errstate(all="ignore"):
        means = [np.nanmean([back(horizon + i) for i in range(w)], axis=0) for w in (4, 8, 26)]
    labels = [np.repeat(code[None], count, axis=0) for code in problem["codes"].astype(float)]
    table = np.stack([*lags, *means, *problem["known"], *labels]).reshape(-1, count * width).T
    target = logs.ravel()
    period = np.repeat(np.arange(count), width)
    train = np.isfinite(target) & (period < end)
    options = {
        "objective": "l1", "learning_rate": 0.05, "num_leaves": int(problem["leaves"]),
        "min_child_samples": 20, "bagging_fraction": 0.8, "bagging_freq": 1,
        "feature_fraction": 0.8, "num_threads": 1, "verbose": -1, "seed": 0,
    }  # fmt: skip
    last = table.shape[1] - 1
    coded = list(range(last - len(labels) + 1, last + 1))
    data = lgb.Dataset(table[train], target[train], categorical_feature=coded)
    model = lgb.train(options, data, int(problem["rounds"]))
    ahead = table[(period >= end) & (period < end + horizon)]
    return np.exp(model.predict(ahead)).reshape(horizon, width)


PEERS: dict[str, Callable[[Problem], np.ndarray]] = {
    peer.__name__: peer
    for peer in (
        clarabel_qp,
        clarabel_many,
        cvxpy_qp,
        cvxpy_entropy,
        scipy_chance,
        ortools_flow,
        b2b,
        lightgbm_panel,
    )
}


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """Solve one request."""
    with np.load(request["problem"]) as stored:
        problem = dict(stored)
    peer = PEERS[request["peer"]]
    wall, cpu = time.perf_counter(), time.process_time()
    result = peer(problem)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    np.save(request["result"], result)
    return {"cpu": cpu, "wall": wall}


if __name__ == "__main__":
    for module in sys.argv[1:]:  # so that no answer pays for an import
        importlib.import_module(module)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
