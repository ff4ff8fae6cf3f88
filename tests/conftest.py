"""One tiny company, small enough to check by hand, and the real sample organisation."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import settings

from salesforecast import workbench

ROOT = Path(__file__).parents[1]
ADVENTUREWORKS = ROOT / "data" / "adventureworks" / "organisation.toml"

settings.register_profile(
    "salesforecast",
    max_examples=int(os.environ.get("SALESFORECAST_EXAMPLES", "200")),
    deadline=None,
    derandomize="SALESFORECAST_EXAMPLES" not in os.environ,  # the deep run looks for new ones
)
settings.load_profile("salesforecast")

TINY_TOML = """
name = "Tiny"
levels = ["region"]

[measure]
name = "revenue"
unit = "EUR"

[[source]]
path = "orders.csv"
[source.columns]
date = "date"
amount = "amount"
territory = ["region"]
person = "person"
product = "product"
"""


@pytest.fixture(scope="session")
def tiny_company(tmp_path_factory) -> Path:
    """`organisation.toml` of 2 regions, 3 salespeople, 2 products and 24 months.

    Every month each person sells 100, 200 or 300 EUR of pens, and half as much ink, 10 %
    more in the second year, and twice as much in December.
    """
    folder = tmp_path_factory.mktemp("tiny")
    rows = [
        {"date": f"{month:%Y-%m-15}", "region": region, "person": person, "product": product,
         "amount": base * share * (1.1 if month.year == 2025 else 1) * (1 + (month.month == 12))}
        for month in pd.date_range("2024-01-01", periods=24, freq="MS")
        for region, person, base in (("North", "Ann", 100), ("North", "Bo", 200), ("South", "Cy", 300))
        for product, share in (("pens", 1.0), ("ink", 0.5))
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "orders.csv", index=False)
    (folder / "organisation.toml").write_text(TINY_TOML, "utf-8")
    return folder / "organisation.toml"


@pytest.fixture(scope="session")
def tiny_inputs(tiny_company) -> workbench.Inputs:
    """The tiny company, prepared for planning."""
    return workbench.prepare(tiny_company, draws=200)


@pytest.fixture(scope="session")
def adventureworks() -> workbench.Inputs:
    """The real sample organisation, prepared for planning."""
    return workbench.prepare(ADVENTUREWORKS, draws=400)
