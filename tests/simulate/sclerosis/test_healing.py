"""A healed patient has white matter where the lesions were, and is the same elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from bidsapp.errors import BadDataError
from bidsapp.simulate.sclerosis.healing import Healing, heal, hole_around
from bidsapp.simulate.sclerosis.patient import MarkedPatient, Tissue

MakePatient = Callable[..., MarkedPatient]


def dry(patient: MarkedPatient) -> torch.Tensor:
    """Lesions but for what touches fluid."""
    where = patient.lesion.clone()
    where[6] = False  # the fluid ends at 5
    return where


def test_lesions_become_white_matter_with_level_and_grain(make_patient: MakePatient) -> None:
    sick = make_patient(0)
    healed = Healing()(np.random.default_rng(1), sick)
    where = dry(sick)
    assert not healed.lesion.any()
    assert healed.images["FLAIR"][where].mean() == pytest.approx(0, abs=0.05)
    assert healed.images["T1w"][where].mean() == pytest.approx(1, abs=0.1)
    assert healed.images["FLAIR"][where].std() == pytest.approx(0.1, rel=0.35)
    assert sick.images["FLAIR"][where].mean() == pytest.approx(3, abs=0.05)  # the given one is left as it is


def test_the_grain_of_all_contrasts_comes_from_the_same_places(make_patient: MakePatient) -> None:
    sick = make_patient(0)
    healed = Healing()(np.random.default_rng(1), sick)
    both = [healed.images[name][dry(sick)].numpy() for name in ("T1w", "FLAIR")]
    assert np.corrcoef(*both)[0, 1] < -0.99  # T1w's grain is -2 times FLAIR's


def test_a_lesion_within_the_box_of_another_is_healed_too(make_patient: MakePatient) -> None:
    healthy = make_patient(0, lesions=False)
    lesion = torch.zeros_like(healthy.lesion)
    lesion[10:26, 10:12, 12:14] = lesion[10:12, 10:26, 12:14] = True  # its box holds the other one
    lesion[18:20, 18:20, 12:14] = True
    images = {name: image + 3 * lesion for name, image in healthy.images.items()}
    healed = Healing()(np.random.default_rng(0), MarkedPatient(images, lesion, healthy.tissue))
    assert healed.images["FLAIR"][lesion].max() < 1


def test_what_touches_fluid_shows_a_share_of_it(make_patient: MakePatient) -> None:
    healed = Healing()(np.random.default_rng(1), make_patient(0))
    flair = healed.images["FLAIR"][:, 22:26, 20:24].mean(dim=(1, 2))
    assert flair[5] == pytest.approx(-4, abs=0.1)
    assert flair[6] == pytest.approx(-4 * 0.2, abs=0.15)  # a Gaussian of 0.6 voxels has 20 % beyond 0.5
    assert flair[7] == pytest.approx(0, abs=0.1)


def test_all_else_stays(make_patient: MakePatient) -> None:
    sick = make_patient(0)
    healed = Healing(margin=2)(np.random.default_rng(1), sick)
    near = hole_around(sick.lesion.numpy(), np.zeros(sick.lesion.shape, bool), sick.tissue.numpy(), 2)
    for name, image in healed.images.items():
        assert np.array_equal(image.numpy()[~near], sick.images[name].numpy()[~near])
    assert not near[sick.tissue.numpy() == Tissue.CSF].any()


def test_a_share_of_the_lesions_is_healed(make_patient: MakePatient) -> None:
    sick = make_patient(0)
    one = np.zeros(sick.lesion.shape, bool)
    one[12:16, 12:17, 12:16] = True
    healed = heal(np.random.default_rng(0), sick, one)
    assert healed.lesion.sum() == sick.lesion.sum() - one.sum()
    assert healed.images["FLAIR"][6:10, 22:26, 20:24].equal(sick.images["FLAIR"][6:10, 22:26, 20:24])
    assert Healing(share=0)(np.random.default_rng(0), sick) is sick


def test_a_lesion_labelled_grey_matter_becomes_white(make_patient: MakePatient) -> None:
    sick = make_patient(0)
    tissue = torch.where(sick.lesion, int(Tissue.GM), sick.tissue)
    healed = Healing()(
        np.random.default_rng(0), MarkedPatient(sick.images, sick.lesion, tissue.to(torch.uint8))
    )
    assert healed.tissue.equal(sick.tissue)


def test_a_patient_without_white_matter_is_refused(make_patient: MakePatient) -> None:
    sick = make_patient(0)
    with pytest.raises(BadDataError, match="white matter"):
        Healing()(
            np.random.default_rng(0), MarkedPatient(sick.images, sick.lesion, torch.zeros_like(sick.tissue))
        )
