"""Warnings follow the season, count their own false alarms, and refuse what cannot be."""

import numpy as np
import pandas as pd
import pytest

from salesforecast.errors import DataError
from salesforecast.planning.warn import early_warnings

SEASON = np.array([1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 5]) / 24
UNITS = pd.Index(["steady", "falling"], name="node")


def _year(a, b, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return np.outer([a, b], SEASON) * np.exp(noise * rng.normal(size=(2, 12)))


PAST = pd.DataFrame(np.hstack([_year(1000, 1000, 0.05, s) for s in range(5)]), index=UNITS)
TARGETS = pd.Series([1000.0, 1000.0], index=UNITS)


def test_a_quarter_of_the_year_by_june_is_no_reason_to_warn():
    half = pd.DataFrame(_year(1020, 800)[:, :6], index=UNITS)
    found = early_warnings(PAST, half, TARGETS)
    assert found.units["warned"].to_dict() == {"falling": True, "steady": False}
    assert found.units.index[0] == "falling"
    assert found.units.loc["steady", "landing"] == pytest.approx(1020, rel=0.03)
    assert "below the target of 1,000" in found.units.loc["falling", "sentence"]
    assert found.units.loc["steady", "sentence"] == ""


def test_the_record_counts_what_past_warnings_were_worth():
    half = pd.DataFrame(_year(1000, 1000)[:, :6], index=UNITS)
    targets = pd.DataFrame(np.tile([[500.0], [2000.0]], 5), index=UNITS)
    found = early_warnings(PAST, half, TARGETS, past_targets=targets)
    assert found.record["misses"].tolist() == [1, 1, 1] and found.found == 1.0
    assert found.record["kept"].tolist() == [1, 1, 1] and found.false_alarms == 0.0
    always = early_warnings(PAST, half, TARGETS, past_targets=targets, least_chance=1.1)
    assert always.false_alarms == 1.0


def test_a_higher_threshold_never_finds_less():
    half = pd.DataFrame(_year(990, 1010)[:, :6], index=UNITS)
    rates = [early_warnings(PAST, half, TARGETS, least_chance=chance) for chance in (0.2, 0.5, 0.8)]
    assert [r.found for r in rates] == sorted(r.found for r in rates)
    assert [r.false_alarms for r in rates] == sorted(r.false_alarms for r in rates)


def test_units_that_sold_nothing_are_no_trouble():
    past = PAST.copy()
    past.loc["falling"] = 0.0
    half = pd.DataFrame(_year(1000, 0)[:, :6], index=UNITS)
    found = early_warnings(past, half, TARGETS)
    assert np.isfinite(found.units[["landing", "chance"]].to_numpy()).all()
    assert found.units.loc["falling", "warned"]


@pytest.mark.parametrize(
    ("past", "months", "targets", "words"),
    [
        (PAST.iloc[:, :30], 6, TARGETS, "not two whole years"),
        (PAST, 12, TARGETS, "1 to 11"),
        (PAST, 6, TARGETS * 0, "no target above zero"),
        (PAST, 6, TARGETS[::-1], "same units"),
        (PAST.where(PAST > 41), 6, TARGETS, "a month is missing"),
    ],
)
def test_what_cannot_be_judged_is_refused(past, months, targets, words):
    with pytest.raises(DataError, match=words):
        early_warnings(past, pd.DataFrame(_year(1, 1)[:, :months], index=UNITS), targets)
