"""Criteria and limits of bulk runs: the same answers as the small run gives, or a refusal by name."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from salesforecast.allocation.allocate import allocate
from salesforecast.bulk.job import Bulk, run_bulk
from salesforecast.bulk.split import OFFERED, Split, key_of, split
from salesforecast.cli import cli
from salesforecast.errors import DataError, InfeasibleError, ParameterError
from salesforecast.hierarchy import Hierarchy
from tests.bulk.test_bulk import AHEAD, SERIES, asked, long

NAMES = [f"s{i:03d}" for i in range(40)]


def made(seed=0):
    """What is known of forty series, and a table of limits beside them."""
    rng = np.random.default_rng(seed)
    history = rng.lognormal(5, 1, 40).round()
    known = pd.DataFrame({"forecast": history * rng.lognormal(0, 0.3, 40), "history": history})
    beside = pd.DataFrame({"series": NAMES, "plan": (history * 1.1).round()})
    beside["capacity"] = history * 2
    beside["potential"] = history * rng.lognormal(0.5, 0.5, 40)
    beside["floor"] = np.where(np.arange(40) % 7 == 0, (history * 0.9).round(), np.nan)
    beside["ceiling"] = np.where(np.arange(40) % 5 == 0, (history * 1.2).round(), np.nan)
    return known, beside


def ask(known, wish, total, step=1):
    return split(known, key_of(np.array(NAMES)), wish, total=total, step=step, label="series")


@pytest.mark.parametrize("criterion", OFFERED)
@pytest.mark.parametrize("step", [1, 10])
def test_each_criterion_gives_what_the_small_run_gives(tmp_path, criterion, step):
    known, beside = made()
    beside.to_csv(tmp_path / "limits.csv", index=False)
    total = int(known["history"].sum() * 1.1) // step * step
    got = ask(known, Split(criterion, str(tmp_path / "limits.csv")), total, step)
    tree = Hierarchy.of(NAMES, levels=["all", "series"], label="All")
    leaves = known.set_index(pd.Index(NAMES)).join(beside.set_index("series"))
    small = allocate(total, tree, leaves.loc[tree.leaves], criterion=criterion, step=step)
    assert got.sum() == total
    assert (got % step == 0).all()
    np.testing.assert_array_equal(got, small.targets.loc[NAMES].to_numpy())


def test_growth_of_every_series_stays_within_its_band():
    known, _ = made()
    total = int(known["history"].sum())
    got = ask(known, Split("forecast", least_growth=-0.1, most_growth=0.1), total)
    assert got.sum() == total
    assert (got >= np.ceil(0.9 * known["history"] - 1e-6)).all()
    assert (got <= np.floor(1.1 * known["history"] + 1e-6)).all()


def test_limits_that_leave_no_room_are_refused_with_the_gap():
    known, _ = made()
    total = int(known["history"].sum() * 1.5)
    with pytest.raises(InfeasibleError, match="leave no room") as refused:
        ask(known, Split(most_growth=0.1), total)
    assert "the ceilings add up to" in refused.value.where
    with pytest.raises(InfeasibleError, match="the floors add up to"):
        ask(known, Split(least_growth=0.1), int(known["history"].sum()))


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("series,floor\ns001,5\ns001,6\n", "stands there twice"),
        ("series,floor\nx,5\n", "'x' is no series"),
        ("series,flor\ns001,5\n", "did you mean 'floor'"),
        ("sku,floor\ns001,5\n", "lacks the column 'series'"),
        ("series,floor\ns001,abc\n", "'s001' has abc"),
        ("series,floor\ns001,-5\n", "no amounts"),
        ("series\ns001\n", "holds no limit"),
    ],
)
def test_a_table_of_limits_that_is_odd_is_refused(tmp_path, table, says):
    (tmp_path / "limits.csv").write_text(table)
    known, _ = made()
    with pytest.raises(DataError) as refused:
        ask(known, Split(limits=str(tmp_path / "limits.csv")), 5000)
    assert says in str(refused.value)


def test_a_criterion_that_needs_more_is_refused_by_name():
    with pytest.raises(ParameterError, match="cannot split by 'equal chance'") as refused:
        Split("equal chance")
    assert "simulated futures" in refused.value.where
    with pytest.raises(ParameterError, match="no criterion 'fair'"):
        Split("fair")
    with pytest.raises(ParameterError, match="needs a column 'capacity'"):
        ask(made()[0], Split("equal headroom"), 5000)


def test_history_is_that_of_the_same_months_a_year_before(tmp_path):
    long().to_parquet(tmp_path / "series.parquet")
    bulk = asked(tmp_path / "series.parquet", total=90_000, split=Split("history"))
    done = run_bulk(bulk, tmp_path / "job")
    before = long()[lambda f: f["period"].between("2023-01-01", "2023-06-01")]
    history = before.groupby("series")["sales"].sum()
    targets = pd.read_parquet(done.targets).groupby("series")["target"].sum()
    exact = history / history.sum() * 90_000
    assert ((targets - exact).abs() < 1).all()
    assert len(targets) == SERIES
    again = run_bulk(asked(tmp_path / "series.parquet", total=90_000), tmp_path / "job")
    assert again.kept == 5  # another criterion is split without forecasting again
    short = Bulk(tmp_path / "series.parquet", horizon=2 * AHEAD + 3, chunk=20, split=Split("history"))  # fmt: skip
    assert run_bulk(short, tmp_path / "long").total > 0


def test_the_command_takes_a_criterion_and_limits(tmp_path):
    long().to_parquet(tmp_path / "series.parquet")
    limits = tmp_path / "limits.csv"
    limits.write_text("series,floor,ceiling\ns003,500,500\n")
    call = ["bulk", str(tmp_path / "series.parquet"), str(tmp_path / "job"), "--ahead", "3"]
    call += ["--total", "90000", "--criterion", "equal growth", "--limits", str(limits)]
    done = CliRunner().invoke(cli, call)
    assert done.exit_code == 0, done.output
    made = pd.read_parquet(tmp_path / "job" / "targets.parquet")
    assert made.loc[made["series"] == "s003", "target"].sum() == 500
    assert made["target"].sum() == 90_000
    limits.write_text("series,floor\ns003,600\n")  # another limit is another job
    assert "kept" in CliRunner().invoke(cli, call).output
    assert CliRunner().invoke(cli, [*call, "--most-growth", "-0.9"]).exit_code == 4
