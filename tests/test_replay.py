"""Past quarters replayed: nothing known later is used, and every method is treated alike."""

from dataclasses import replace

import pandas as pd
import pytest

from salesforecast import replay, results, workbench
from salesforecast.history.series import condense
from salesforecast.planning.scenario import Scenario


@pytest.fixture(scope="module")
def hindcast(adventureworks):
    return replay.hindcast(adventureworks, Scenario(), draws=200)


def test_every_quarter_from_the_fifth_known_on(adventureworks, hindcast):
    quarters = sorted(hindcast.detail["quarter"].unique())
    assert [f"{quarter:%Y-%m}" for quarter in quarters] == [
        "2011-12", "2012-03", "2012-06", "2012-09", "2012-12", "2013-03", "2013-06",
    ]  # fmt: skip


def test_all_ways_to_split_share_roster_and_nearly_the_total(hindcast):
    detail = hindcast.detail
    ours = detail[detail["method"] != replay.QUOTAS]
    people = ours.groupby(["quarter", "method"])["node"].agg(frozenset).unstack()
    later = people.loc[people.index > pd.Timestamp("2011-12-01")]
    assert (later.nunique(axis=1) == 1).all()
    assert hindcast.summary["person_quarters"].nunique() == 1
    assert list(hindcast.summary.index) == [
        "equal chance", replay.LAST_YEAR, replay.LAST_FOUR, replay.QUOTAS,
    ]  # fmt: skip


def test_the_companys_quotas_are_the_ceiling_they_are_known_to_be(hindcast):
    quotas = hindcast.summary.loc[replay.QUOTAS]
    assert quotas["spread"] == hindcast.summary["spread"].min()
    assert 0.75 < quotas["mean_attainment"] < 0.95  # the data card: 0.80 to 0.89 a quarter


def test_who_was_far_off_is_named_with_a_reason(hindcast):
    far = hindcast.far_off
    assert len(far) > 0
    assert ((far["attainment"] < 0.8) | (far["attainment"] > 1.2)).all()
    assert far["why"].str.len().min() > 5
    company = far["why"].str.extract(r"whole company sold (\d+)")[0].astype(float)
    said = far[company.notna()]
    same = (company.dropna() > 100) == (said["attainment"] > 1)
    assert len(said) and same.all(), "what the company did is a reason only where it went that way"


def test_a_replay_knows_nothing_of_later_lines(adventureworks):
    """Lines after a quarter are dropped from the source: its replay stays the same."""
    scenario = Scenario()
    first = pd.Timestamp("2012-06-01")
    cells = condense(adventureworks.loaded.lines)
    cut = cells[cells["period"] < first + pd.DateOffset(months=3)]
    stages = workbench.Stages(quiet=True)
    kept = replay._replay(adventureworks, cells, scenario, first, draws=100, stages=stages)
    again = replay._replay(adventureworks, cut, scenario, first, draws=100, stages=stages)
    assert kept.total == again.total
    pd.testing.assert_frame_equal(kept.past.leaves, again.past.leaves)


def test_a_short_history_cannot_be_replayed(tiny_inputs):
    frame = tiny_inputs.history.frame
    short = frame[frame["period"] >= pd.Timestamp("2025-06-01")]
    inputs = replace(tiny_inputs, history=replace(tiny_inputs.history, frame=short))
    assert replay.hindcast(inputs, Scenario()) is None
    report = results.build_report(inputs, workbench.build_plan(inputs, Scenario()))
    assert any("could not be replayed" in finding.what for finding in report.findings)
