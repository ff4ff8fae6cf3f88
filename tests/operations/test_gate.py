"""The gate itself, as its own process carries it out: what is refused is listed by row."""

import csv
import json
from dataclasses import asdict

import pandas as pd
import pytest

from salesforecast.errors import DataError
from salesforecast.operations.gate import work
from salesforecast.operations.jobfile import Thresholds
from salesforecast.publishing import MANIFEST


def _held(organisation, staging, last="") -> list:
    """Carry out the gate in a folder, as a run does that keeps what it says in its manifest."""
    staging.mkdir()
    told = work(
        {"organisation": str(organisation), "staging": str(staging), "last": str(last)}
        | {"thresholds": asdict(Thresholds()), "as_of": "2026-01-01"},
        lambda stage: None,
    )
    (staging / MANIFEST).write_text(json.dumps(told), "utf-8")
    return [finding["code"] for finding in told["gate"]]


@pytest.mark.parametrize("what", ["region", "product"])
def test_a_delivery_that_lost_something_is_refused_with_all_its_rows(tiny_company, tmp_path, what):
    lines = pd.read_csv(tiny_company.parent / "orders.csv")
    (tmp_path / "organisation.toml").write_text(tiny_company.read_text("utf-8"), "utf-8")
    lines.to_csv(tmp_path / "orders.csv", index=False)
    _held(tmp_path / "organisation.toml", tmp_path / "before")
    gone = {"region": "South", "product": "ink"}[what]
    lines[lines[what] != gone].to_csv(tmp_path / "orders.csv", index=False)

    with pytest.raises(DataError, match="gone"):
        _held(tmp_path / "organisation.toml", tmp_path / "now", tmp_path / "before")

    with (tmp_path / "now" / "quarantine.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["why"] for row in rows}) > 1, "several findings, each with columns of its own"
    assert any(gone in (row.get("place"), row.get("product")) for row in rows)
    assert not any(value == "nan" for row in rows for value in row.values())


def test_a_calendar_of_ones_own_may_be_continued_but_not_changed(tiny_company, tmp_path):
    own = tiny_company.read_text("utf-8") + '\n[calendar]\npath = "fiscal.csv"\n'
    (tmp_path / "organisation.toml").write_text(own, "utf-8")
    (tmp_path / "orders.csv").write_bytes((tiny_company.parent / "orders.csv").read_bytes())
    months = pd.date_range("2024-01-01", periods=60, freq="MS")

    def deliver(name, count, days, last=""):
        table = {"period": months.strftime("%Y-%m"), "first": months - pd.Timedelta(days=days)}
        pd.DataFrame(table).head(count).to_csv(tmp_path / "fiscal.csv", index=False)
        return _held(tmp_path / "organisation.toml", tmp_path / name, last and tmp_path / last)

    assert "gate calendar" not in deliver("one", 36, 3)
    assert "gate calendar" not in deliver("two", 60, 3, "one")
    assert "gate calendar" in deliver("three", 60, 5, "two")
