"""Drawn years keep means, spreads and correlation, and add up."""

import numpy as np
import pandas as pd
import pytest

from salesforecast.hierarchy import ROOT, Hierarchy
from salesforecast.planning.simulate import simulate
from salesforecast.tables import Samples

TREE = Hierarchy.of(["w/a", "w/b", "s/c"], levels=("company", "region", "person"), label="Company")
MONTHS = pd.date_range("2024-01-01", periods=3, freq="MS", unit="us")


def _samples(draws=800, seed=0):
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(draws, 1, 1))
    noise = 0.8 * shared + 0.6 * rng.normal(size=(draws, 3, 3))
    values = np.array([100, 200, 50])[:, None] * np.exp(0.2 * noise)
    values[:, 2, 0] = np.where(rng.random(draws) < 0.6, 0.0, values[:, 2, 0])  # mostly nothing
    return Samples(values, TREE.leaves, MONTHS)


def test_as_many_draws_as_samples_are_the_samples():
    samples = _samples()
    found = simulate(samples, TREE, draws=800)
    total = samples.values.sum(axis=(1, 2))
    assert found.units.loc[ROOT, "mean"] == pytest.approx(total.mean(), rel=1e-5)
    assert found.units.loc[ROOT, "q10"] == pytest.approx(np.quantile(total, 0.1), rel=1e-5)
    cell = found.months[(found.months["node"] == "w") & (found.months["period"] == MONTHS[1])]
    region = samples.values[:, 1:, 1].sum(axis=1)
    assert cell["q90"].item() == pytest.approx(np.quantile(region, 0.9), rel=1e-5)


def test_more_draws_keep_means_spread_correlation_and_atoms():
    samples = _samples()
    found = simulate(samples, TREE, draws=20_000, seed=1)
    assert len(found.year) == 20_000
    leaf = samples.values.sum(axis=2)
    drawn = found.year[TREE.leaves].to_numpy(dtype="float64")
    assert np.allclose(drawn.mean(axis=0), leaf.mean(axis=0), rtol=1e-4)
    assert np.allclose(drawn.std(axis=0), leaf.std(axis=0), rtol=0.06)
    assert np.allclose(np.corrcoef(drawn.T), np.corrcoef(leaf.T), atol=0.06)
    empty = found.months[
        (found.months["node"] == TREE.leaves[2]) & (found.months["period"] == MONTHS[0])
    ]
    assert empty["q50"].item() == 0 and empty["q25"].item() == 0 and empty["q90"].item() > 0


def test_draws_add_up_from_person_to_company():
    year = simulate(_samples(), TREE, draws=2000).year
    assert np.allclose(year["w"], year["w/a"] + year["w/b"], rtol=1e-5)
    assert np.allclose(year[ROOT], year["w"] + year["s"], rtol=1e-5)


def test_chances_and_what_is_lacking():
    values = np.zeros((4, 3, 3))
    values[:, 0, 0] = [10, 20, 30, 40]
    found = simulate(
        Samples(values, TREE.leaves, MONTHS), TREE, draws=4,
        targets=pd.Series({"s/c": 25.0, "w/a": 0.0}),
    )  # fmt: skip
    assert found.units.loc["s/c", "chance"] == 0.5
    assert found.units.loc["s/c", "expected_short"] == 10
    assert found.units.loc["w/a", ["chance", "expected_short"]].tolist() == [1, 0]
    assert found.reaching(pd.Series({"s/c": 25.0, "w/a": 0.0})).tolist() == [0.5, 0.5, 1, 1]


def test_the_same_seed_draws_the_same():
    one, two = (simulate(_samples(), TREE, draws=1500, seed=5).year for _ in range(2))
    assert one.equals(two)
    assert not one.equals(simulate(_samples(), TREE, draws=1500, seed=6).year)


def test_wrong_calls_are_refused():
    with pytest.raises(ValueError, match="no samples of"):
        samples = _samples()
        simulate(Samples(samples.values[:, :2], TREE.leaves[:2], MONTHS), TREE, draws=10)
    with pytest.raises(ValueError, match="no unit"):
        simulate(_samples(), TREE, targets=pd.Series({"x": 1.0}))
