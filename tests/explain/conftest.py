"""A task with a known sign: a bright cube in channel 1; cubes in channel 0 mean nothing, 2 is noise."""

import pytest
import torch
from monai.networks.nets import UNet
from torch import nn

SIDE, CUBE = 12, 4


def simulated(generator):
    image = torch.randn(1, 3, SIDE, SIDE, SIDE, generator=generator)
    mask = torch.zeros(SIDE, SIDE, SIDE, dtype=torch.bool)
    for channel in (0, 1):
        x, y, z = torch.randint(0, SIDE - CUBE + 1, (3,), generator=generator)
        box = (slice(x, x + CUBE), slice(y, y + CUBE), slice(z, z + CUBE))
        image[0, channel][box] += 3
        if channel == 1:
            mask[box] = True
    return image, mask


def unet():
    torch.manual_seed(0)
    return UNet(3, 3, 1, channels=(4, 8), strides=(2,), num_res_units=1).eval()


def trained(steps=50):
    network = unet().train()
    generator = torch.Generator().manual_seed(1)
    optimiser = torch.optim.Adam(network.parameters(), 2e-2)
    for _ in range(steps):
        image, mask = simulated(generator)
        loss = nn.functional.binary_cross_entropy_with_logits(
            network(image)[0, 0], mask.float(), pos_weight=torch.tensor(10.0)
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network.eval()


@pytest.fixture(scope="session")
def network():
    return trained()


@pytest.fixture(scope="session")
def untrained():
    return unet()


@pytest.fixture(scope="session")
def patient():
    return simulated(torch.Generator().manual_seed(9))
