import pytest
import torch

from bidsapp.networks.brain import BORDERS, TISSUES, brain_network


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return brain_network([4, 4, 8, 8, 8, 4]).eval()


def test_one_channel_in_tissues_and_borders_out(network):
    with torch.inference_mode():
        assert network(torch.rand(1, 1, 32, 48, 16)).shape == (1, len(TISSUES) + len(BORDERS), 32, 48, 16)


def test_the_network_normalises_by_instance_so_the_same_in_training_and_in_use(network):
    image = torch.rand(1, 1, 32, 32, 32)
    with torch.inference_mode():
        used = network.eval()(image)
        assert torch.allclose(network.train()(image), used, atol=1e-4)
    network.eval()
