import pytest
import torch

from bidsapp.simulate.sclerosis.anatomy import Anatomy, HealthyHead, Region

SIZE = 40


@pytest.fixture(scope="session")
def head() -> HealthyHead:
    """A ball: ventricle within white matter within cortex within fluid, its middle at MNI (0, 0, 0)."""
    axes = [torch.arange(SIZE, dtype=torch.float32) - SIZE / 2 for _ in range(3)]
    position = torch.stack(torch.meshgrid(*axes, indexing="ij"))
    radius = (position**2).sum(0).sqrt()
    ventricle, cortex, fluid = radius < 4, (radius >= 13) & (radius < 17), (radius >= 17) & (radius < 18)
    white = (radius >= 4) & (radius < 13)
    tissue = torch.stack([cortex, white, ventricle | fluid]).to(torch.uint8) * 255
    t1w = (70 * cortex + 100 * white + 20 * (ventricle | fluid)).to(torch.uint8)
    region = torch.where(ventricle, int(Region.VENTRICLES), 0).to(torch.uint8)
    return HealthyHead(t1w, tissue, region, position[:, ::4, ::4, ::4].contiguous())


@pytest.fixture(scope="session")
def anatomy(head: HealthyHead) -> Anatomy:
    """The whole ball as an example sees it, each voxel where it is."""
    from bidsapp.simulate.sclerosis.anatomy import show

    axes = [torch.arange(SIZE, dtype=torch.float32)] * 3
    return show(head, torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1))
