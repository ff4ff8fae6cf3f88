"""A small Chinese sales company in 万元, planned for real; used by tests and by the benchmark."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from salesforecast import workbench
from salesforecast.history.organisation import Measure
from salesforecast.planning.decision import Headcount
from salesforecast.planning.plan import Plan
from salesforecast.planning.scenario import Scenario
from salesforecast.rules import Capacity, Ceiling, Floor, Lock

PEOPLE = (
    ("华东", "上海", "王芳"), ("华东", "上海", "李娜"), ("华东", "浙江", "毕强"),
    ("华东", "浙江", "尹舒"), ("华北", "北京", "张伟"), ("华北", "北京", "刘洋"),
    ("华北", "天津", "陈静"), ("西南", "四川", "何敏"), ("西南", "四川", "赵磊"),
    ("重庆", "重庆", "周敏"),
)  # fmt: skip
TOML = """
name = "样例公司"
levels = ["region", "province"]

[measure]
name = "revenue"
unit = "元"
display = "万元"
divisor = 10000

[[source]]
path = "orders.csv"
[source.columns]
date = "date"
amount = "amount"
territory = ["region", "province"]
person = "person"
"""
RULES = (
    Floor("华东/浙江", 4_000_000, "王总", "渠道承诺"),
    Ceiling("西南", 9_500_000, "王总", "库存"),
    Lock("华北/天津/陈静", 2_500_000, "张总", "已签约"),
    Capacity("华北", 1000, "拜访", {"华北": 0.0001}, "张总", "每周 20 次"),
)
HEADCOUNT = (
    Headcount(
        "西南/四川", "拜访", {"西南/四川": 0.0001}, per_month=2000,
        people=({"start": "2026-03", "count": 2, "ramp": 2},), owner="王总",
    ),
)  # fmt: skip
SCENARIO = Scenario(step=1000, rules=RULES, headcount=HEADCOUNT)


def inputs_of(folder: Path) -> workbench.Inputs:
    """The company's orders of 24 months, written to `folder` and prepared for planning."""
    rng = np.random.default_rng(5)
    rows = [
        {"date": f"{month:%Y-%m-15}", "region": region, "province": province, "person": person,
         "amount": round(float(500_000 * (1 + 0.2 * at) * rng.lognormal(0, 0.1)), 2)}
        for at, (region, province, person) in enumerate(PEOPLE)
        for month in pd.date_range("2024-01-01", periods=24, freq="MS")
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "orders.csv", index=False)
    (folder / "organisation.toml").write_text(TOML, "utf-8")
    return workbench.prepare(folder / "organisation.toml", draws=100)


def plan_of(inputs: workbench.Inputs, **changes: object) -> Plan:
    """The company's plan with its limits, or with a changed scenario."""
    return workbench.build_plan(inputs, replace(SCENARIO, **changes))


def superstore(shared: Path, folder: Path) -> tuple[Plan, Measure]:
    """The Chinese superstore's next quarter, planned from its real orders in 万元."""
    from salesforecast.history.mapping import guess

    orders = folder / "orders.csv"
    orders.write_bytes(gzip.decompress((shared / "superstore_cn/orders_utf8.csv.gz").read_bytes()))
    measure = Measure(name="销售额", unit="元", display="万元", divisor=10_000)
    replace(guess(orders).organisation, measure=measure).write(folder / "organisation.toml")
    inputs = workbench.prepare(folder / "organisation.toml", draws=50)
    return workbench.build_plan(inputs, Scenario(step=100)), inputs.organisation.measure
