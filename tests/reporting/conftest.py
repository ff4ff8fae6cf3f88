"""A small organisation whose names are as bad as names can be, planned by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesforecast.errors import Finding
from salesforecast.hierarchy import ROOT, Hierarchy
from salesforecast.planning.hindcast import score
from salesforecast.planning.plan import Plan
from salesforecast.planning.scenario import Scenario
from salesforecast.reporting.report import Report
from salesforecast.rules import Ceiling
from salesforecast.tables import TARGETS

LEVELS = ("company", "group", "country", "territory", "position")
LEAVES = (
    "Americas/Canada/Canada/Jae Pak",
    "Americas/Canada/Canada/(online)",
    "Americas/<i>US/South & West/=HYPERLINK(1)",
    "Americas/<i>US/South & West/@Ann",
    "Americas/<i>US/South & West/'O''Neil, \"Al\"",
    "Pacific/Australia/Australia/-Bo",
    "Pacific/Australia/Australia/江 小白",
)
PERIODS = pd.DatetimeIndex(["2013-09-01", "2013-10-01", "2013-11-01"], dtype="datetime64[us]")


@pytest.fixture(scope="session")
def plan() -> Plan:
    """Seven positions, two products, three months; step 1 000; two leaves sold nothing before."""
    rng = np.random.default_rng(7)
    hierarchy = Hierarchy.of(LEAVES, levels=LEVELS, label='Bikes "R" Us <&>')
    leaves = hierarchy.leaves
    rows = [
        {"node": node, "product": product, "period": period, "target": 1000 * int(rng.integers(5, 400))}
        for node in leaves
        for product in ("Bikes", "Clothing")
        for period in PERIODS
    ]  # fmt: skip
    targets = TARGETS.check(pd.DataFrame(rows))
    asked = targets.groupby("node")["target"].sum().reindex(leaves)
    forecast = asked / rng.uniform(0.95, 1.12, len(leaves))
    draws = forecast.to_numpy() * rng.lognormal(-0.02, 0.2, (1000, len(leaves)))
    drawn = draws @ hierarchy.summing.T.toarray()
    baseline = forecast * np.array([1.1, 0.9, 1.0, 0.0, 0.7, 1.2, 0.0])
    units = hierarchy.nodes.copy()
    sums = hierarchy.totals(pd.DataFrame({"b": baseline, "f": forecast, "t": asked}))
    units["baseline"], units["forecast"] = sums["b"], sums["f"]
    units["low80"], units["high80"] = np.quantile(drawn, [0.1, 0.9], axis=0)
    units["target"] = units["assigned"] = sums["t"]
    units["growth"] = (units["target"] / units["baseline"] - 1).where(units["baseline"] > 0)
    units["stretch"] = units["target"] / units["forecast"] - 1
    units["chance"] = (drawn >= units["target"].to_numpy()).mean(axis=0)
    units["limit"] = np.where(units.index == leaves[1], "own ceiling", "")
    units["sentence"] = "=1+1 is why: " + units["label"]
    held = int(units.loc[leaves[1], "target"])
    limits = pd.DataFrame(
        [(f"ceiling on {leaves[1]}", leaves[1], units.loc[leaves[1], "label"], held, held + 30_000,
          30_000, "A. <Boss>", "=cmd|'/c calc'!A1")],
        columns=["limit", "node", "label", "held_at", "would_be", "effect", "owner", "reason"],
    )  # fmt: skip
    scenario = Scenario(
        total=int(units.loc[ROOT, "target"]),
        rules=(Ceiling(leaves[1], held, owner="A. <Boss>", reason="=cmd|'/c calc'!A1"),),
        step=1000,
    )
    return Plan(scenario, hierarchy, PERIODS, targets=targets, units=units, explanation=pd.DataFrame(),
                limits=limits, level_words="48 in 100")  # fmt: skip


@pytest.fixture(scope="session")
def report(plan) -> Report:
    """The plan with eleven quarters of history, findings of each kind and a hindcast."""
    rng = np.random.default_rng(11)
    quarters = pd.date_range("2010-12-01", periods=11, freq="3MS").astype("datetime64[us]")
    labels = [f"Q{at % 4 + 1} FY{2011 + at // 4}" for at in range(11)]
    sales = plan.units["forecast"].iloc[0] * rng.uniform(0.4, 1.3, 11)
    sales[-4] = plan.units["baseline"].iloc[0]
    people = plan.units[plan.units["leaf"]]
    rows = [
        {"method": method, "quarter": quarter, "node": node, "label": label, "target": 1000.0,
         "actual": 1000.0 * value, "attainment": value}
        for method, spread in (("equal chance", 0.3), ("pro rata, last four quarters", 0.5),
                               ("the company's own quotas", 0.1))
        for quarter in quarters[-4:]
        for node, label in people["label"].items()
        for value in rng.lognormal(0, spread, 1)
    ]  # fmt: skip
    detail = pd.DataFrame(rows)
    far = detail[(detail["method"] == "equal chance") & (abs(detail["attainment"] - 1) > 0.2)]
    far = far.drop(columns=["method", "node"]).assign(why="joined <late>")
    findings = (
        Finding("repair", "1,234 read as 1234", "orders.csv, column 'amount'", "read in thousands", 3),
        Finding("warning", "=2+3 <script>alert(1)</script>", "https://example.org", "kept", 1),
        Finding("warning", "Germany opened late", "2012-12", "no growth shown"),
    )  # fmt: skip
    return Report(
        organisation='Bikes "R" Us <&>',
        unit="USD",
        divisor=1000,
        unit_words="thousand USD",
        quarter="Q4 FY2013",
        span="September to November 2013",
        plan=plan,
        history=pd.DataFrame({"period": quarters, "label": labels, "sales": sales}),
        findings=findings,
        hindcast=score(detail, far_off=far, note="The rules <of> it."),
        run={
            "id": "2013-09-01-a1",
            "as_of": "2013-08",
            "version": "0.1.0",
            "seed": 0,
            "seconds": {"load": 0.4},
            "inputs": {"orders.csv": "ab" * 32},
            "parameters": {"stretch": 0.02},
        },
        changes=pd.DataFrame(
            {"label": ["Canada", "US"], "before": [900_000, 2_000_000], "now": [950_000, 1_990_000],
             "reason": ["sold above its forecast", "<new> ceiling"]}
        ),
    )  # fmt: skip
