"""The score falls with injury to the stated network, part by part, and with nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.errors import UsageError
from bidsapp.simulate.coma.network import Network, is_named, stated, territory
from bidsapp.simulate.coma.score import MAXIMUM, ScoreMap


def test_a_healthy_network_scores_23_and_half_of_it_at_the_stated_injury():
    score = ScoreMap(half=0.3, slope=2.0)
    assert score.noiseless(0) == MAXIMUM == 23
    assert score.noiseless(0.3) == pytest.approx(11.5)
    assert score.noiseless(0.6) == pytest.approx(23 / 16)


def test_the_noiseless_score_falls_strictly():
    scores = [ScoreMap().noiseless(injury) for injury in np.linspace(0, 1, 101)]
    assert (np.diff(scores) < 0).all()
    assert scores[-1] > 0


def test_injury_of_each_part_lowers_the_score_and_injury_outside_does_not(head, network):
    score = ScoreMap()
    outside = (head.brain & ~network.mask).astype(np.float32)
    assert score.noiseless(network.injury(outside)) == MAXIMUM
    for name, mask in network.parts.items():
        some = score.noiseless(network.injury(0.2 * mask.astype(np.float32) + outside))
        more = score.noiseless(network.injury(0.4 * mask.astype(np.float32) + outside))
        assert MAXIMUM > some > more, name


def test_the_injury_of_the_network_is_the_weighted_mean_of_its_parts(head, network):
    assert set(network.parts) == {"thalamus", "brainstem", "mesocircuit", "precuneus"}
    assert sum(network.weights.values()) == pytest.approx(1)
    assert network.injury(np.ones(head.gm.shape, np.float32)) == pytest.approx(1)
    one = network.parts["thalamus"].astype(np.float32)
    assert network.injury(one) == pytest.approx(network.weights["thalamus"])
    assert not any(
        (network.parts["thalamus"] & mask).any() for name, mask in network.parts.items() if name != "thalamus"
    )


def test_every_name_of_the_packaged_file_is_a_region_of_the_atlas(head):
    content = stated()
    names = [name for part in content["network"].values() for name in part["regions"]]
    names += [name for of in content["territories"].values() for name in of] + content["signals"]["regions"]
    assert [name for name in names if not any(is_named(region, name) for region in head.regions)] == []
    assert all(territory(head, name).any() for name in content["territories"])


def test_parts_lie_where_anatomy_has_them(head, network):
    def centre(mask):
        return (head.grid.affine @ [*np.argwhere(mask).mean(axis=0), 1])[:3]

    assert centre(network.parts["thalamus"]) == pytest.approx([0, -18, 7], abs=6)
    assert centre(network.parts["brainstem"]) == pytest.approx([0, -30, -33], abs=8)
    assert centre(network.parts["precuneus"])[1] < -40


def test_a_network_that_makes_no_sense_is_refused(network):
    with pytest.raises(UsageError, match="weights of the network are not one for each part with a sum of 1"):
        Network(network.parts, dict.fromkeys(network.parts, 0.5))
    with pytest.raises(UsageError, match="Part nowhere of the network has no voxel"):
        Network({"nowhere": np.zeros((2, 2, 2), bool)}, {"nowhere": 1.0})
