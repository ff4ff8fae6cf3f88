"""The mix of models: shares of those that say something."""

from __future__ import annotations

import numpy as np

from salesforecast.forecasting.combine import mix


def test_where_a_model_says_nothing_the_others_share_its_weight():
    weights = np.array([[0.2], [0.3], [0.5]])
    said = [np.array([[[10.0, 10.0]]]), np.array([[[20.0, 20.0]]]), np.array([[[40.0, np.nan]]])]
    np.testing.assert_allclose(mix(weights, said), [[[28.0, 16.0]]])


def test_where_no_model_says_anything_there_is_no_mix():
    nothing = np.full((1, 1, 2), np.nan)
    assert np.isnan(mix(np.array([[0.5], [0.5]]), [nothing, nothing])).all()
