"""The average head on a coarse grid, and its network."""

from __future__ import annotations

import pytest

from bidsapp.simulate.coma.head import Head, average_head
from bidsapp.simulate.coma.network import Network, stated_network


@pytest.fixture(scope="session")
def head() -> Head:
    return average_head(8.0)


@pytest.fixture(scope="session")
def network(head: Head) -> Network:
    return stated_network(head)
