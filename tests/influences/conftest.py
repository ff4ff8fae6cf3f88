"""A company of three people over five years whose sales are made of parts that are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesforecast import workbench
from tests.conftest import TINY_TOML

TOML = TINY_TOML.replace('"Tiny"', '"Known"')
MONTHS = pd.date_range("2019-01-01", "2023-12-01", freq="MS")
PEOPLE = (("North", "Ann", 1000.0), ("North", "Bo", 2000.0), ("South", "Cy", 3000.0))
HOUSE = {"Ann": "North/Ann", "Bo": "North/Bo", "Cy": "South/Cy"}

Change = Callable[[pd.DataFrame], pd.DataFrame]


def orders(change: Change | None = None, *, noise: float = 0.02) -> pd.DataFrame:
    """Order lines: a level, a season, a little noise, and whatever `change` makes of them."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        [
            {"date": month, "region": region, "person": person, "product": "pens",
             "amount": size * (1 + 0.2 * np.sin(2 * np.pi * month.month / 12))}
            for month in MONTHS
            for region, person, size in PEOPLE
        ]
    )  # fmt: skip
    frame["amount"] *= np.exp(rng.normal(0, noise, len(frame)))
    return frame if change is None else change(frame)


@pytest.fixture
def company(tmp_path: Path):
    """Writes a company: `company(sections, change, files)` -> prepared inputs."""

    def make(
        sections: str = "",
        change: Change | None = None,
        files: dict[str, pd.DataFrame | str] | None = None,
        *,
        top: str = "",
        draws: int = 200,
    ) -> workbench.Inputs:
        orders(change).to_csv(tmp_path / "orders.csv", index=False)
        for name, content in (files or {}).items():
            if isinstance(content, str):
                (tmp_path / name).write_text(content, "utf-8")
            else:
                content.to_csv(tmp_path / name, index=False)
        path = tmp_path / "organisation.toml"
        path.write_text(top + TOML + sections, "utf-8")
        return workbench.prepare(path, draws=draws)

    return make


def by_unit(inputs: workbench.Inputs) -> pd.Series:
    """Forecast of the planned quarter by leaf."""
    return inputs.leaves["forecast"]
