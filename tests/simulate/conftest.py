import numpy as np
import pytest

from tests.simulate.round_head import Head, round_head, two_nuclei


@pytest.fixture(scope="module")
def head() -> Head:
    return round_head()


@pytest.fixture(scope="module")
def nuclei() -> np.ndarray:
    return two_nuclei()
