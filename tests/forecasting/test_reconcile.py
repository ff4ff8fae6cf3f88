"""Reconciliation: sums agree, nothing negative, agreed figures stay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

import salesforecast.forecasting.reconcile as room
from salesforecast.forecasting.reconcile import reconcile, reconcile_origins, usual_variance
from tests.examples import examples

# leaves a b c d, then a+b, c+d, all
SUMMING = sparse.csr_array(np.vstack([np.eye(4), [[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1]]]))
bases = hnp.arrays(np.float64, (7, 3), elements=st.floats(-50, 200))
variances = hnp.arrays(np.float64, 7, elements=st.floats(0.1, 100))


@given(leaves=hnp.arrays(np.float64, (4, 3), elements=st.floats(0, 200)), variance=variances)
def test_what_agrees_already_is_left_alone(leaves: np.ndarray, variance: np.ndarray):
    np.testing.assert_allclose(
        reconcile(SUMMING @ leaves, SUMMING, variance), leaves, atol=1e-6, rtol=1e-6
    )


@given(base=bases, variance=variances)
def test_no_leaf_is_negative(base: np.ndarray, variance: np.ndarray):
    assert (reconcile(base, SUMMING, variance) >= 0).all()


@settings(max_examples=examples(60))
@given(base=bases, variance=variances, total=st.floats(1, 500))
def test_an_agreed_total_holds_exactly(base: np.ndarray, variance: np.ndarray, total: float):
    leaves = reconcile(
        np.abs(base) + 1, SUMMING, variance, locked={6: np.full(3, total)}, floor=-np.inf
    )
    np.testing.assert_allclose(leaves.sum(axis=0), total, rtol=1e-6)


def test_a_lock_holds_where_leaves_are_held_at_zero():
    base = np.array([[-9.0], [2.0], [3.0], [4.0], [1.0], [7.0], [20.0]])
    leaves = reconcile(base, SUMMING, np.ones(7), locked={5: np.array([12.0])})
    assert leaves[0, 0] == 0
    assert leaves[2:, 0].sum() == pytest.approx(12.0)


def test_by_hand_the_difference_is_shared_by_variance():
    summing = sparse.csr_array(np.array([[1.0, 0], [0, 1], [1, 1]]))
    base = np.array([[10.0], [20.0], [36.0]])
    leaves = reconcile(base, summing, np.array([1.0, 3.0, 2.0]))
    # gap of 6 shared over variances 1 : 3 : 2, the sum giving way by its part
    np.testing.assert_allclose(leaves[:, 0], [11.0, 23.0])


def test_errors_that_go_together_matter():
    summing = sparse.csr_array(np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]))
    base = np.array([[10.0], [20.0], [30.0], [72.0]])
    errors = np.tile([[1.0, 1, 0, 0], [-1, -1, 0, 0]], (3, 1))
    plain = reconcile(base, summing, np.ones(4))
    joint = reconcile(base, summing, np.ones(4), errors=errors)
    np.testing.assert_allclose(plain[:, 0] - base[:3, 0], 3.0)
    # the first two err together: their sum is less certain, so they take more of the gap
    assert (joint[:2, 0] > plain[:2, 0]).all()
    assert joint[2, 0] < plain[2, 0]


def test_the_same_as_the_textbook_formula():
    rng = np.random.default_rng(2)
    leaves, groups = 60, 6
    owner = np.repeat(np.eye(groups), leaves // groups, axis=1)
    summing = np.vstack([np.eye(leaves), owner, np.ones(leaves)])
    base = rng.normal(10, 8, (leaves + groups + 1, 2))
    variance = rng.uniform(1, 9, leaves + groups + 1)
    errors = rng.normal(0, 3, (20, leaves + groups + 1))
    standard = errors / np.sqrt(variance)
    correlation = room.APART * np.eye(67) + (1 - room.APART) * standard.T @ standard / 20
    inverse = np.linalg.inv(correlation * np.sqrt(np.outer(variance, variance)))
    wanted = np.linalg.solve(summing.T @ inverse @ summing, summing.T @ inverse @ base)
    found = reconcile(base, sparse.csr_array(summing), variance, errors=errors, floor=-np.inf)
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-7)


def test_a_leaf_without_a_forecast_of_its_own_is_refused():
    with pytest.raises(ValueError, match="of its own"):
        reconcile(np.ones((1, 1)), sparse.csr_array(np.ones((1, 2))), np.ones(1))


def test_variance_of_a_series_with_few_errors_follows_its_size():
    rng = np.random.default_rng(0)
    size = 10.0 ** np.arange(6)
    errors = rng.normal(0, 1, (30, 6, 2)) * size[:, None]
    errors[:, 3] = np.nan
    found = usual_variance(errors, size)
    assert found[3] == pytest.approx(size[3] ** 2, rel=0.6)
    assert (found > 0).all()


def panel_of(leaves: int, groups: int) -> tuple[sparse.csr_array, np.ndarray, np.ndarray]:
    """Summing of groups and the company, base (origin, series, step) of leaves at 10, errors."""
    owner = np.repeat(np.eye(groups), leaves // groups, axis=1)
    summing = sparse.csr_array(np.vstack([np.eye(leaves), owner, np.ones(leaves)]))
    rng = np.random.default_rng(4)
    errors = summing @ rng.normal(0, 1, (leaves, 12 * 2))
    base = np.repeat((summing @ np.full(leaves, 10.0))[None, :, None], 13, axis=0)
    return summing, base, errors.reshape(-1, 12, 2).transpose(1, 0, 2)


def test_the_company_keeps_nearly_its_own_forecast_and_small_groups_do_not():
    summing, base, errors = panel_of(leaves=64, groups=16)
    base = np.repeat(base, 2, axis=2)
    base[:, -1] *= 1.1  # the company is foreseen at 704, its leaves add up to 640
    made = reconcile_origins(base, errors, summing, base[0, :, 0], signed=False)
    assert made.shape == (13, 64, 2)
    assert (made.sum(axis=1) > 640 + 0.85 * 64).all()
    base[:, -1] /= 1.1
    base[:, 64] *= 1.1  # one group of four leaves at 44, all else agrees on 40
    one = reconcile_origins(base, errors, summing, base[0, :, 0], signed=False)
    assert (one[:, :4].sum(axis=1) < 40 + 0.85 * 4).all()
    np.testing.assert_allclose(one.sum(axis=1), 640, rtol=0.002)


def test_what_agrees_stays_and_what_had_not_begun_is_missing():
    summing, base, errors = panel_of(leaves=16, groups=4)
    base = np.repeat(base, 2, axis=2)
    base[5:, 3] = np.nan
    base[5:, 16] -= 10
    base[5:, -1] -= 10
    base[:, 7] = 0
    base[:, [17, -1]] -= 10
    made = reconcile_origins(base, errors, summing, np.ones(21), signed=False)
    assert np.isnan(made[5:, 3]).all()
    assert (made[:, 7] == 0).all()
    others = np.delete(np.arange(16), [3, 7])
    np.testing.assert_allclose(made[:, others], 10.0)
