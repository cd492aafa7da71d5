"""Net benefit by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.learning.validation.net_benefit import decision_curve

TRUTH = np.array([1.0, 1.0, 0.0, 0.0, 0.0])
PREDICTED = np.array([0.9, 0.3, 0.6, 0.2, 0.1])


def test_by_hand() -> None:
    curve = decision_curve(TRUTH, PREDICTED, np.array([0.2, 0.5]))
    # at 0.2: 2 true and 2 false positives at a price of 1/4; at 0.5: 1 and 1 at a price of 1
    np.testing.assert_allclose(curve.model, [(2 - 2 / 4) / 5, 0.0], atol=1e-12)
    np.testing.assert_allclose(curve.everyone, [(2 - 3 / 4) / 5, (2 - 3) / 5])


def test_repeats_are_averaged() -> None:
    both = decision_curve(TRUTH, np.stack([PREDICTED, TRUTH]), np.array([0.5]))
    np.testing.assert_allclose(both.model, [(0.0 + 0.4) / 2])


def test_refuses_a_certain_threshold() -> None:
    with pytest.raises(ValueError, match="above 0 and below 1"):
        decision_curve(TRUTH, PREDICTED, np.array([0.0, 0.5]))
