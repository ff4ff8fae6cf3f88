"""Samples: their mean, their sign, their spread, and who goes with whom."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from salesforecast.forecasting.calibrate import leaf_errors
from salesforecast.forecasting.samples import draw, recentre
from tests.examples import examples

LEAVES = 8


def errors_of(*, together: bool, noise: float = 0.2, origins: int = 40, horizon: int = 3):
    """Leaf errors of a back-test whose leaves err as one, or each alone."""
    rng = np.random.default_rng(3)
    periods = 80
    level = 100.0 * np.arange(1, LEAVES + 1)
    shock = rng.normal(0, noise, (1 if together else LEAVES, periods))
    sales = level[:, None] * (1 + shock * np.ones((LEAVES, 1)))
    coherent = np.broadcast_to(level[None, :, None], (origins, LEAVES, horizon)).copy()
    nodes = pd.Series([f"leaf {i}" for i in range(LEAVES)])
    return leaf_errors(nodes, coherent, sales)


@settings(max_examples=examples(50), deadline=None)
@given(
    values=hnp.arrays(np.float64, (50, 3, 2), elements=st.floats(-100, 100)),
    ahead=hnp.arrays(np.float64, (3, 2), elements=st.floats(0, 500)),
)
def test_recentred_draws_have_the_mean_and_are_not_negative(values: np.ndarray, ahead: np.ndarray):
    made = recentre(values, ahead, signed=np.array([False, False, False]))
    assert (made >= 0).all()
    np.testing.assert_allclose(made.mean(axis=0), ahead, rtol=1e-9, atol=1e-9)


def test_leaves_with_returns_may_be_drawn_negative():
    values = np.random.default_rng(0).normal(0, 50, (500, 1, 1))
    made = recentre(values, np.array([[-3.0]]), signed=np.array([True]))
    assert made.mean() == pytest.approx(-3.0)
    assert (made < 0).any() and (made > 0).any()


def test_leaves_that_erred_as_one_are_drawn_as_one():
    joint = draw(errors_of(together=True), draws=800, seed=0)[:, :, 0]
    apart = draw(errors_of(together=False), draws=800, seed=0)[:, :, 0]
    assert np.corrcoef(joint.T)[0, 1:].mean() > 0.6
    assert abs(np.corrcoef(apart.T)[0, 1:].mean()) < 0.25


@pytest.mark.parametrize("together", [True, False])
def test_the_total_is_as_uncertain_as_its_errors_were(together: bool):
    errors = errors_of(together=together)
    made = draw(errors, draws=1500, seed=0)[:, :, 0].sum(axis=1)
    level = 100.0 * np.arange(1, LEAVES + 1)
    wanted = 0.2 * (level.sum() if together else np.sqrt((level**2).sum()))
    assert made.std() == pytest.approx(wanted, rel=0.25)


def test_leaves_of_one_region_go_together_and_regions_apart():
    rng = np.random.default_rng(5)
    shock = np.repeat(rng.normal(0, 0.2, (2, 80)), 4, axis=0) + rng.normal(0, 0.02, (8, 80))
    nodes = pd.Series([f"{region}/{leaf}" for region in "ab" for leaf in "1234"])
    errors = leaf_errors(nodes, np.full((30, 8, 2), 100.0), 100.0 * (1 + shock))
    made = np.corrcoef(draw(errors, draws=2000, seed=0)[:, :, 0].T)
    assert made[:4, 1:4][np.triu_indices(3)].mean() > 0.6
    assert abs(made[:4, 4:].mean()) < 0.25
    shares = [depth.share for depth in errors.together.depths]
    assert sum(shares) == pytest.approx(1.0)
    assert shares[1] > shares[0]


@pytest.mark.parametrize("origins", [1, 2, 4])
def test_few_origins_give_sound_draws(origins: int):
    errors = errors_of(together=True, origins=origins)
    made = draw(errors, draws=300, seed=0)
    assert np.isfinite(made).all()
    np.testing.assert_allclose(made.mean(axis=0), errors.ahead, rtol=1e-9)


def test_a_leaf_is_as_uncertain_as_its_errors_were():
    made = draw(errors_of(together=False, noise=0.2), draws=1500, seed=0)
    relative = made[:, :, 0].std(axis=0) / made[:, :, 0].mean(axis=0)
    np.testing.assert_allclose(relative, 0.2, atol=0.06)


def test_the_same_seed_gives_the_same_draws():
    errors = errors_of(together=False)
    assert np.array_equal(draw(errors, draws=20, seed=4), draw(errors, draws=20, seed=4))
    assert not np.array_equal(draw(errors, draws=20, seed=4), draw(errors, draws=20, seed=5))
