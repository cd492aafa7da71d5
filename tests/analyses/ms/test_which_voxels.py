from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from bidsapp.analyses.ms import which_voxels
from bidsapp.analyses.ms.channels import IMAGES
from bidsapp.analyses.ms.reason_tables import relevance_table
from bidsapp.analyses.ms.which_voxels import LesionReasons, choose, explain_lesion, window_around
from bidsapp.explain.attribution import Attribution
from bidsapp.explain.methods import Method

WINDOW = 16


class BrightOnFlair(nn.Module):
    """Marks what is bright on FLAIR in the mean of 3x3x3 voxels, whatever the other channels show."""

    def __init__(self):
        super().__init__()
        self.mean = nn.Conv3d(10, 4, 3, padding=1)
        with torch.no_grad():
            self.mean.weight.zero_()
            self.mean.weight[0, IMAGES.index("FLAIR")] = 1 / 27
            self.mean.bias[:] = -0.5

    def forward(self, image):
        return self.mean(image)


@pytest.fixture
def session():
    """Encoded noise in all images; a lesion of 5 mm that is bright on FLAIR."""
    shown = 0.3 * torch.randn(10, 20, 16, 12, generator=torch.Generator().manual_seed(0))
    mask = np.zeros((20, 16, 12), dtype=bool)
    mask[10:15, 4:9, 4:9] = True
    shown[IMAGES.index("FLAIR")][torch.from_numpy(mask)] += 3
    return shown, mask


def test_relevance_lies_on_the_contrast_that_the_network_looks_at(session):
    found = explain_lesion(BrightOnFlair(), *session, label=1, window=WINDOW, seed=0)
    assert [check.name for check in found.checks] == ["decision", "conservation", "randomisation"]
    assert found.failed == ()
    assert found.relevance.shape == (5, 16, 16, 12)
    by_image = np.abs(found.relevance).sum(axis=(1, 2, 3))
    assert by_image[IMAGES.index("FLAIR")] == pytest.approx(by_image.sum())
    assert found.relevance[:, found.inside].sum() > 0.9 * found.relevance.sum()


def test_voxels_and_biases_account_for_the_logits(session):
    found = explain_lesion(BrightOnFlair(), *session, label=1, window=WINDOW, seed=0)
    chosen = found.relevance.sum() / (1 - found.elsewhere)
    assert found.elsewhere < 0  # the bias speaks against lesions
    assert chosen == pytest.approx(round(chosen), abs=1e-3)  # each voxel has the voice of one logit
    assert found.seen == 1


def test_a_lesion_that_is_not_marked_in_its_window_is_not_explained(session):
    network = BrightOnFlair()
    nn.init.constant_(network.mean.bias, -10)
    found = explain_lesion(network, *session, label=1, window=WINDOW, seed=0)
    assert found.relevance is None
    assert [check.name for check in found.failed] == ["decision"]
    assert "no decision to explain" in found.failed[0].sentence


def test_a_map_that_does_not_need_the_weights_is_not_shown(session, monkeypatch):
    def edges(network, image, target):
        return Attribution(sum(part.square() for part in torch.gradient(image[0], dim=(1, 2, 3))))

    monkeypatch.setattr(which_voxels, "METHOD", Method("edges", edges))
    found = explain_lesion(BrightOnFlair(), *session, label=1, window=WINDOW, seed=0)
    assert found.relevance is None
    assert [check.name for check in found.failed] == ["randomisation"]


def test_a_window_stays_on_the_grid_around_a_voxel_of_the_lesion():
    mask = np.zeros((40, 10, 40), dtype=bool)
    mask[0:30, 5, 38] = mask[0, 5, 8:38] = True  # an L, whose centre of mass lies beside it
    x, y, z = window_around(mask, WINDOW)
    assert (y, mask[x, y, z].any()) == (slice(0, 10), True)
    assert (x.stop - x.start, z.stop - z.start) == (WINDOW, WINDOW)
    assert (x.start, z.start) >= (0, 0)
    assert max(x.stop, z.stop) <= 40


def test_the_largest_lesions_and_the_most_active_one_are_explained():
    def lesion(label, activity):
        return SimpleNamespace(label=label, activity=SimpleNamespace(probability=activity))

    quiet = [lesion(label, 0.1) for label in range(1, 6)]
    assert [each.label for each in choose(quiet)] == [1, 2, 3]
    assert [each.label for each in choose([*quiet, lesion(6, 0.7), lesion(7, 0.9)])] == [1, 2, 3, 7]
    assert [each.label for each in choose([lesion(1, 0.8), *quiet[1:]])] == [1, 2, 3]
    assert choose([]) == ()


def test_where_no_voxel_speaks_for_a_lesion_there_are_no_shares_to_tell():
    box = (slice(0, 4),) * 3
    silent = np.full((len(IMAGES), 4, 4, 4), -0.1, np.float32)
    why = LesionReasons(1, box, np.ones((4, 4, 4), bool), 1.0, (), relevance=silent, elsewhere=1.4)
    assert relevance_table([why], ["FLAIR"]).rows == ((1, 1.0, None, None, 1.4),)
