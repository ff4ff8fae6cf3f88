"""A company of any size for the grid's benchmark: regions, areas and people, three years of months."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

ORGANISATION = """
name = "Wide"
levels = ["region", "area"]

[measure]
name = "revenue"
unit = "CNY"
display = "thousand CNY"
divisor = 1000

[[source]]
path = "orders.csv"
[source.columns]
date = "date"
amount = "amount"
territory = ["region", "area"]
person = "person"
product = "product"
"""
AREAS, PEOPLE = 10, 10  # of a region, of an area


def write(folder: Path, *, people: int, seed: int = 0) -> Path:
    """Write three years of monthly sales of so many people; returns the `organisation.toml`."""
    rng = np.random.default_rng(seed)
    months = pd.date_range("2023-01-01", periods=36, freq="MS")
    season = 1 + 0.2 * np.sin(2 * np.pi * months.month.to_numpy() / 12)
    size = np.exp(rng.normal(12, 0.6, people))[:, None]
    noise = np.exp(rng.normal(0, 0.25, (people, len(months))))
    sales = (size * season * 1.004 ** np.arange(len(months)) * noise).round(2)
    at = np.arange(people)
    frame = pd.DataFrame(
        {
            "date": np.tile(months.strftime("%Y-%m-%d"), people),
            "region": np.repeat([f"R{n // (AREAS * PEOPLE):02}" for n in at], len(months)),
            "area": np.repeat([f"A{n // PEOPLE:03}" for n in at], len(months)),
            "person": np.repeat([f"P{n:05}" for n in at], len(months)),
            "product": "all",
            "amount": sales.ravel(),
        }
    )
    frame.to_csv(folder / "orders.csv", index=False)
    (folder / "organisation.toml").write_text(ORGANISATION, "utf-8")
    return folder / "organisation.toml"
