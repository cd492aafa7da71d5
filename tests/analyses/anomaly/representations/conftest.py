import pytest
import torch
from scipy import ndimage

from bidsapp.analyses.anomaly.representations.sampling import PatchPairs
from bidsapp.networks.patches import PatchShape


@pytest.fixture(scope="session")
def volumes():
    """Twelve people: one shared anatomy, and noise of their own."""
    torch.manual_seed(0)
    anatomy = torch.from_numpy(ndimage.gaussian_filter(torch.rand(32, 32, 32).numpy(), 3))
    anatomy = (anatomy - anatomy.mean()) / anatomy.std()
    own = torch.randn(12, 32, 32, 32) * 0.3
    return (anatomy + own)[:, None]


@pytest.fixture(scope="session")
def pairs_of(volumes):
    """Streams of pairs of those people's patches, drawn from the middle of the image."""
    places = torch.cartesian_prod(*[torch.arange(8, 24)] * 3)

    def stream(*, steps, seed=0, start=0, pairs=128, context=False):
        return PatchPairs(
            volumes, places, dimensions=2, pairs=pairs, steps=steps, seed=seed, start=start, context=context
        )

    return stream


@pytest.fixture(scope="session")
def train():
    """Train a representation on a stream of batches."""

    def trained(kind, batches, shape=PatchShape(), rate=3e-3):  # noqa: B008
        torch.manual_seed(0)
        network = kind.network(shape)
        optimiser = torch.optim.Adam(network.parameters(), lr=rate)
        for batch in batches:
            optimiser.zero_grad()
            kind.loss(network, batch).backward()
            optimiser.step()
        return network.eval()

    return trained
