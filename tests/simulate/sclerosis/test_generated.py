"""Generated lesions lie where they may, are as large as the real ones, and learn from cut residuals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from bidsapp.errors import UsageError
from bidsapp.simulate.sclerosis.generated import GeneratedLesions, add_lesion
from bidsapp.simulate.sclerosis.healing import Healing
from bidsapp.simulate.sclerosis.patient import MarkedPatient, Tissue
from bidsapp.simulate.sclerosis.residuals import centred, cut_residuals

MakePatient = Callable[..., MarkedPatient]


def bright(rng: np.random.Generator, lesion: np.ndarray) -> dict[str, np.ndarray]:
    return {"FLAIR": 3 * lesion.astype(np.float32), "T1w": -2 * lesion.astype(np.float32)}


def test_a_lesion_is_added_to_image_and_mask_but_not_to_fluid(make_patient: MakePatient) -> None:
    healthy = make_patient(0, lesions=False)
    lesion = centred(np.ones((6, 2, 2), bool), 8)
    box = (slice(2, 10), slice(10, 18), slice(10, 18))  # tissue 4 and 5 of the first axis are fluid
    sick = add_lesion(healthy, lesion, bright(np.random.default_rng(0), lesion), box)
    assert sick.lesion.sum() == 3 * 2 * 2
    assert (sick.tissue[sick.lesion] == Tissue.WM).all()
    change = sick.images["FLAIR"] - healthy.images["FLAIR"]
    assert change[sick.lesion].numpy() == pytest.approx(3, abs=1e-5)
    assert (change[~sick.lesion] == 0).all()


def test_the_augmentation_keeps_shapes_and_is_repeatable(make_patient: MakePatient) -> None:
    healthy = make_patient(0, lesions=False)
    shapes = (np.ones((2, 3, 1), bool), np.ones((40, 2, 2), bool))  # the second does not fit
    augment = GeneratedLesions(bright, shapes, most=1, side=16)
    first, again = (augment(np.random.default_rng(5), healthy) for _ in range(2))
    assert first.lesion.sum() == 6
    assert first.lesion.equal(again.lesion)
    assert not healthy.lesion.any()


def test_what_cannot_be_is_told(make_patient: MakePatient) -> None:
    with pytest.raises(UsageError, match="fits"):
        GeneratedLesions(bright, (np.ones((40, 2, 2), bool),), side=16)
    healthy = make_patient(0, lesions=False)
    other = replace(healthy, images={"PDw": healthy.images["T1w"]})
    with pytest.raises(UsageError, match="PDw"):
        GeneratedLesions(bright, (np.ones((2, 2, 2), bool),), side=16)(np.random.default_rng(0), other)


def test_residuals_are_what_healing_took_away(make_patient: MakePatient) -> None:
    sick = make_patient(0)
    healed = Healing()(np.random.default_rng(0), sick)
    residuals, masks = cut_residuals(sick, healed, side=16)
    assert residuals.shape == (2, 2, 16, 16, 16)
    assert sorted(masks.sum(axis=(1, 2, 3)).tolist()) == [64, 80]
    flair = list(sick.images).index("FLAIR")
    # a ninth of the voxels touches fluid: healed, they show a fifth of it
    assert residuals[:, flair][masks].mean() == pytest.approx(3 + 4 / 45, abs=0.05)
    assert residuals[:, 1 - flair][masks].mean() == pytest.approx(-2 + 5 / 45, abs=0.1)
    assert np.all(residuals[:, :, 0] == 0)
    large = masks.sum(axis=(1, 2, 3)).argmax()
    again = add_lesion(
        healed,
        masks[large],
        {name: residuals[large, at] for at, name in enumerate(sick.images)},
        (slice(14 - 8, 14 + 8), slice(7, 23), slice(14 - 8, 14 + 8)),
    )
    where = torch.zeros_like(sick.lesion)
    where[12:16, 12:17, 12:16] = True
    assert again.images["FLAIR"][where].numpy() == pytest.approx(
        sick.images["FLAIR"][where].numpy(), abs=1e-5
    )
