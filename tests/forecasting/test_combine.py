"""The mix of models: shares of those that say something."""

from __future__ import annotations

import numpy as np

from salesforecast.forecasting.combine import believed, mix


def test_where_a_model_says_nothing_the_others_share_its_weight():
    weights = np.array([[0.2], [0.3], [0.5]])
    said = [np.array([[[10.0, 10.0]]]), np.array([[[20.0, 20.0]]]), np.array([[[40.0, np.nan]]])]
    np.testing.assert_allclose(mix(weights, said), [[[28.0, 16.0]]])


def test_where_no_model_says_anything_there_is_no_mix():
    nothing = np.full((1, 1, 2), np.nan)
    assert np.isnan(mix(np.array([[0.5], [0.5]]), [nothing, nothing])).all()


def test_learned_weights_are_believed_until_the_past_speaks_against_them():
    rng = np.random.default_rng(0)
    actual = rng.normal(100, 5, (24, 9, 4))
    levels = np.r_[0, np.full(8, 1)]
    bad = actual + rng.normal(0, 10, actual.shape)
    good = actual + rng.normal(0, 1, actual.shape)
    trusted = believed(good, bad, actual, levels)
    doubted = believed(bad, good, actual, levels)
    assert (trusted > 0.95).all()
    assert (doubted < trusted).all()
    assert doubted[1] < doubted[0] - 0.1  # eight series tell more than one
    unknown = believed(np.full_like(actual, np.nan), good, actual, levels)
    np.testing.assert_allclose(unknown, 1.0)
