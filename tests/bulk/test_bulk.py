"""Many series from Parquet to Parquet: sums tie out, what was finished is kept, Dask changes nothing."""

import os
import signal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from salesforecast.bulk.job import Bulk, run_bulk
from salesforecast.bulk.spread import in_turn, spreading
from salesforecast.cli import cli
from salesforecast.errors import DataError, ParameterError
from salesforecast.forecasting.many import forecast_many

SERIES, MONTHS, AHEAD = 90, 36, 6


def long(series=SERIES, months=MONTHS, seed=0):
    rng = np.random.default_rng(seed)
    periods = pd.date_range("2021-01-01", periods=months, freq="MS")
    return pd.DataFrame(
        {
            "series": np.repeat([f"s{i:03d}" for i in range(series)], months),
            "period": np.tile(periods, series),
            "sales": (100 * rng.lognormal(0, 0.5, series * months)).round(2),
        }
    )


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "series.parquet"
    long().to_parquet(path)
    return path


def asked(path, **changes):
    return Bulk(path, horizon=AHEAD, chunk=20, **changes)


def test_targets_tie_out_and_follow_the_forecasts(table, tmp_path):
    done = run_bulk(asked(table, total=1_234_500, step=100), tmp_path / "job")
    made = pd.read_parquet(done.targets)
    assert made["target"].sum() == done.total == 1_234_500
    assert (made["target"] % 100 == 0).all()
    assert len(made) == SERIES * AHEAD
    values = long()["sales"].to_numpy().reshape(SERIES, MONTHS)
    alone = forecast_many(list(values), season=12, horizon=AHEAD)
    np.testing.assert_allclose(made["forecast"], alone.ravel())
    exact = alone.sum(axis=1) / alone.sum() * 1_234_500
    assert (abs(made.groupby("series")["target"].sum().to_numpy() - exact) < 100).all()
    assert made["period"].min() == pd.Timestamp("2024-01-01")


def test_a_stretch_is_asked_of_the_sum_of_the_forecasts(table, tmp_path):
    done = run_bulk(asked(table, stretch=0.1, step=10), tmp_path / "job")
    assert done.total == round(done.forecast * 1.1 / 10) * 10


def test_a_stopped_run_goes_on_where_it_was(table, tmp_path):
    class StopError(Exception):
        pass

    calls = []

    def dying(work, items):
        for answer in in_turn(work, items):
            calls.append(1)
            if len(calls) == 3:
                raise StopError
            yield answer

    with pytest.raises(StopError):
        run_bulk(asked(table), tmp_path / "job", spread=dying)
    assert not (tmp_path / "job" / "targets.parquet").exists()
    resumed = run_bulk(asked(table), tmp_path / "job")
    whole = run_bulk(asked(table), tmp_path / "other")
    assert (resumed.kept, whole.kept) == (2, 0)
    assert resumed.targets.read_bytes() == whole.targets.read_bytes()


def test_the_same_again_is_left_alone_and_another_total_is_split_only(table, tmp_path):
    run_bulk(asked(table), tmp_path / "job")
    assert run_bulk(asked(table), tmp_path / "job").unchanged
    again = run_bulk(asked(table, total=5000), tmp_path / "job")
    assert (again.kept, again.total, again.unchanged) == (5, 5000, False)


def test_another_table_in_the_same_folder_takes_nothing_over(table, tmp_path):
    run_bulk(asked(table), tmp_path / "job")
    long(seed=1).to_parquet(table)
    assert run_bulk(asked(table), tmp_path / "job").kept == 0


def test_a_series_with_returns_only_gets_zero(tmp_path):
    frame = long(series=3)
    frame.loc[frame["series"] == "s001", "sales"] *= -1
    frame.to_parquet(tmp_path / "series.parquet")
    done = run_bulk(asked(tmp_path / "series.parquet", total=1000), tmp_path / "job")
    targets = pd.read_parquet(done.targets).groupby("series")["target"].sum()
    assert targets["s001"] == 0
    assert targets.sum() == 1000


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.drop(index=5), "lack periods"),
        (lambda f: f[(f["series"] != "s004") | (f["period"] < "2023-06")], "different periods"),
        (lambda f: f.assign(sales=0.0), "every forecast is zero"),
        (lambda f: f.assign(sales=f["sales"].where(f.index != 9)), "missing or not finite"),
        (lambda f: pd.concat([f, f[f["series"] == "s000"]]), "several places"),
        (lambda f: f.rename(columns={"sales": "Umsatz"}), "lacks the columns"),
        (lambda f: f.iloc[:0], "no rows"),
    ],
)
def test_what_cannot_be_planned_is_refused(tmp_path, change, says):
    change(long()).to_parquet(tmp_path / "series.parquet")
    with pytest.raises(DataError, match=says):
        run_bulk(asked(tmp_path / "series.parquet"), tmp_path / "job")


def test_a_total_off_the_step_is_refused(table):
    with pytest.raises(ParameterError, match="no multiple"):
        asked(table, total=1050, step=100)


@pytest.mark.parametrize("share", [float("nan"), float("inf"), -1.5])
def test_a_share_that_is_none_is_refused(table, share):
    with pytest.raises(ParameterError, match="out of range"):
        asked(table, stretch=share)


def test_a_killed_dask_worker_changes_nothing(table, tmp_path):
    alone = run_bulk(asked(table), tmp_path / "alone")
    killed = []
    with spreading(workers=2) as spread:
        workers = sorted(set(spread(lambda _: os.getpid(), range(20))))

        def one_dies(chunks):
            for at, chunk in enumerate(chunks):
                if at == 3 and not killed:
                    os.kill(workers[0], signal.SIGKILL)
                    killed.append(workers[0])
                yield chunk

        many = run_bulk(asked(table), tmp_path / "many", spread=lambda w, i: spread(w, one_dies(i)))
    assert killed
    assert os.getpid() not in workers
    assert many.targets.read_bytes() == alone.targets.read_bytes()
    assert pq.read_table(many.targets).schema.field("target").type == pa.int64()


def test_the_command_says_what_it_made_and_keeps_it(table, tmp_path):
    call = ["bulk", str(table), str(tmp_path / "job"), "--ahead", "3", "--total", "9000"]
    first = CliRunner().invoke(cli, call)
    assert first.exit_code == 0, first.output
    assert f"{SERIES} series" in first.output
    assert "targets 9,000 in all" in first.output
    assert "nothing has changed" in CliRunner().invoke(cli, call).output
    wrong = CliRunner().invoke(cli, [*call, "--columns", "sku,month,sales"])
    assert wrong.exit_code == 3
    assert "lacks the columns" in wrong.output
