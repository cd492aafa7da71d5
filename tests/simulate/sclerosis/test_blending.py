"""A blended lesion has the contrast of the real one, the level of its new place, and no seam."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage

from bidsapp.errors import UsageError
from bidsapp.simulate.sclerosis.blending import CutAndBlend, blend
from bidsapp.simulate.sclerosis.cutting import cut_lesions, vary
from bidsapp.simulate.sclerosis.patient import MarkedPatient, Tissue
from bidsapp.simulate.sclerosis.placing import draw_place, ground_of

MakePatient = Callable[..., MarkedPatient]
BOX = (slice(12, 22), slice(10, 21), slice(10, 20))  # as large as the first lesion and its surround


def test_a_lesion_is_cut_with_its_surround_but_not_with_fluid(make_patient: MakePatient) -> None:
    first, second = cut_lesions(make_patient(0))
    assert {first.lesion.sum(), second.lesion.sum()} == {4 * 5 * 4, 4 * 4 * 4}
    beside_fluid = first if first.lesion.sum() == 64 else second
    assert not beside_fluid.valid[:3].any()  # tissue[3:6] is outside and fluid
    assert beside_fluid.valid[3:].all()


def test_contrast_is_kept_and_the_level_is_that_of_the_new_place(make_patient: MakePatient) -> None:
    cutout = max(cut_lesions(make_patient(0)), key=lambda cut: cut.lesion.sum())
    healthy = make_patient(1, lesions=False)
    raised = replace(healthy, images={name: image + 5 for name, image in healthy.images.items()})
    sick = blend(raised, cutout, BOX)
    assert sick.lesion.sum() == 80
    assert sick.images["FLAIR"][sick.lesion].mean() == pytest.approx(5 + 3, abs=0.1)
    assert sick.images["T1w"][sick.lesion].mean() == pytest.approx(5 + 1 - 2, abs=0.2)
    around = ndimage.binary_dilation(sick.lesion.numpy(), iterations=2)
    rim = around & ~sick.lesion.numpy()
    assert sick.images["FLAIR"].numpy()[rim].mean() == pytest.approx(5, abs=0.05)
    assert sick.images["FLAIR"].numpy()[rim].std() < 0.2  # grain is 0.1; no step
    assert np.array_equal(sick.images["FLAIR"].numpy()[~around], raised.images["FLAIR"].numpy()[~around])
    assert not raised.lesion.any()


def test_mixed_gradients_keep_the_structure_of_the_patient(make_patient: MakePatient) -> None:
    cutout = max(cut_lesions(make_patient(0)), key=lambda cut: cut.lesion.sum())
    flat = replace(cutout, images={name: np.zeros_like(image) for name, image in cutout.images.items()})
    healthy = make_patient(1, lesions=False)
    kept, lost = (blend(healthy, flat, BOX, mixed=mixed) for mixed in (True, False))
    where = kept.lesion
    assert torch.allclose(kept.images["FLAIR"][where], healthy.images["FLAIR"][where], atol=1e-3)
    assert lost.images["FLAIR"][where].std() < 0.5 * healthy.images["FLAIR"][where].std()


def test_a_varied_lesion_has_about_its_volume_and_all_contrasts_agree(make_patient: MakePatient) -> None:
    cutout = max(cut_lesions(make_patient(0)), key=lambda cut: cut.lesion.sum())
    for seed in range(5):
        turned = vary(np.random.default_rng(seed), cutout, scale=0)
        assert turned.lesion.sum() == pytest.approx(80, rel=0.2)
        assert turned.images["FLAIR"][turned.lesion].mean() > 2
        assert turned.images["T1w"][turned.lesion].mean() < 0
    volumes = [vary(np.random.default_rng(seed), cutout, scale=0.3).lesion.sum() for seed in range(20)]
    assert min(volumes) < 60
    assert max(volumes) > 110


def test_lesions_are_put_into_free_white_matter_where_the_prior_is(make_patient: MakePatient) -> None:
    patient = make_patient(1)
    prior = torch.zeros(patient.lesion.shape)
    prior[20:, 5:20, 10:25] = 1
    ground = ground_of(replace(patient, prior=prior))
    assert ground is not None
    ball = np.ones((3, 3, 3), bool)
    rng = np.random.default_rng(0)
    for _ in range(20):
        box = draw_place(rng, ground, ball)
        assert box is not None
        assert prior[box][1, 1, 1] == 1
        assert (patient.tissue[box] == Tissue.WM).float().mean() >= 0.9
    assert ground_of(replace(patient, prior=torch.zeros_like(prior))) is None


def test_the_augmentation_adds_lesions_and_is_repeatable(make_patient: MakePatient) -> None:
    augment = CutAndBlend(cut_lesions(make_patient(0)), most=2)
    healthy = make_patient(1, lesions=False)
    first, again = (augment(np.random.default_rng(3), healthy) for _ in range(2))
    assert first.images["FLAIR"].equal(again.images["FLAIR"])
    assert first.lesion.any()
    assert first.images["FLAIR"][first.lesion].mean() > 2
    other = replace(healthy, images={"PDw": healthy.images["T1w"]})
    with pytest.raises(UsageError, match="PDw"):
        augment(np.random.default_rng(0), other)
