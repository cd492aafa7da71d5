"""Scans of patients without masks: what may be a lesion is left out of the loss, all else is normal."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from bidsapp.analyses.ms.backgrounds import possible_lesions, read_background
from bidsapp.analyses.ms.examples import Examples, Plan
from bidsapp.analyses.ms.material import NORMAL
from bidsapp.errors import BadDataError
from bidsapp.simulate.sclerosis.normal import read_normal

SIDE = 32


def brain():
    """White matter (1) around fluid (0.3), with noise of 0.02."""
    tissue = torch.zeros(3, SIDE, SIDE, SIDE)
    tissue[1] = 1
    tissue[1, 14:18], tissue[2, 14:18] = 0, 1
    tissue[0, :4], tissue[1, :4] = 1, 0
    noise = torch.randn(SIDE, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 0.02
    return (tissue * torch.tensor([1.1, 1.0, 0.3])[:, None, None, None]).sum(0) + noise, tissue


def test_a_bright_piece_is_unsure_with_a_margin_and_the_rest_is_not():
    flair, tissue = brain()
    flair[22:26, 10:14, 10:14] += 0.4
    unsure = possible_lesions(flair, tissue, torch.zeros(3, SIDE, SIDE, SIDE))
    assert unsure[22:26, 10:14, 10:14].all()
    assert unsure[20:22, 11:13, 11:13].all()
    assert unsure.mean() < 0.03


def test_what_is_bright_by_its_place_is_no_lesion():
    flair, tissue = brain()
    deviation = torch.zeros(3, SIDE, SIDE, SIDE)
    deviation[1, 22:26, 10:14, 10:14] = 0.4
    unsure = possible_lesions(flair + deviation[1], tissue, deviation)
    assert not unsure[22:26, 10:14, 10:14].any()


def test_a_background_shows_its_own_scans_and_teaches_nothing_where_it_is_unsure(make_member, tmp_path):
    member = make_member("b1", contrasts=("T1w", "T2w", "FLAIR"))
    head = read_background(member, tmp_path, read_normal(NORMAL))
    assert set(head.scans) == {"T1w", "T2w", "FLAIR"}
    marked = replace(head, unsure=torch.ones_like(head.unsure))
    plan = Plan(steps=3, crop=32, keep=1.0, keep_prior=0, patient_share=0, background_share=1.0, seed=0)
    for shown, lesion, active, _, known in Examples([head], [], None, plan, backgrounds=[marked]):
        assert shown[5:, 0, 0, 0].tolist() == [1, 1, 1, 0, 0]
        assert not known.any()
        assert not lesion.any()
        assert not active.any()
        assert shown[2].any()


def test_scans_that_lack_a_contrast_are_named(make_member, tmp_path):
    with pytest.raises(BadDataError, match="sub-b2 has no T2w; leave it out"):
        read_background(make_member("b2"), tmp_path, read_normal(NORMAL))


def test_a_share_of_examples_shows_a_single_contrast(make_member, tmp_path):
    head = read_background(
        make_member("b3", contrasts=("T1w", "T2w", "FLAIR")), tmp_path, read_normal(NORMAL)
    )
    plan = Plan(steps=9, crop=32, keep=1.0, keep_prior=0, patient_share=0, alone=1.0, seed=0)
    counts = [
        float(batch[0][5:9, 0, 0, 0].sum()) for batch in Examples([replace(head, scans={})], [], None, plan)
    ]
    assert np.all(np.array(counts) == 1)
