import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))

import toy


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def network():
    return toy.trained()


@pytest.fixture(scope="session")
def untrained():
    return toy.untrained()


@pytest.fixture(scope="session")
def patient():
    return toy.patient(torch.Generator().manual_seed(9))
