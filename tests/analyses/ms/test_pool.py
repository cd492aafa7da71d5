"""Augmented versions of patients: what changes, what stays, what is not known any more, who has a part."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from bidsapp.analyses.ms import ANALYSIS
from bidsapp.analyses.ms.augmenters import shared_images
from bidsapp.analyses.ms.channels import POST
from bidsapp.analyses.ms.examples import Examples, Plan
from bidsapp.analyses.ms.marked import mark, positions, tissue_of, version_of
from bidsapp.analyses.ms.material import Material
from bidsapp.analyses.ms.options import Options
from bidsapp.analyses.ms.patients import Patient
from bidsapp.analyses.ms.pool import Pool, make_pool
from bidsapp.errors import BadDataError
from bidsapp.recipe import Recipe
from bidsapp.simulate.sclerosis.anatomy import HealthyHead
from bidsapp.simulate.sclerosis.healing import Healing
from bidsapp.simulate.sclerosis.outlines import LesionMasks, density, density_at
from bidsapp.simulate.sclerosis.patient import Tissue

SHAPE = (32, 30, 28)
DEFAULTS = Recipe.read("ms", ANALYSIS.recipe)
SPOT = (slice(12, 16), slice(12, 16), slice(12, 16))
LAID = {"T1w": 0.7, "FLAIR": 1.6, POST: 1.3}


def options(**values: object) -> Options:
    small = {"generator_steps": 2, "augmented_versions": 2, "crop": 32, **values}
    return Options.of(replace(DEFAULTS, values={**DEFAULTS.values, **small}))


def head_of(t1w: torch.Tensor) -> HealthyHead:
    """White matter within grey matter; MNI coordinates are those of the voxels."""
    white = torch.zeros(SHAPE, dtype=torch.bool)
    white[4:-4, 4:-4, 4:-4] = True
    tissue = torch.stack([~white, white, torch.zeros_like(white)]).to(torch.uint8) * 255
    axes = [torch.arange(0, size + 4, 4, dtype=torch.float32) for size in SHAPE]
    position = torch.stack(torch.meshgrid(*axes, indexing="ij"))
    return HealthyHead((t1w * 100).to(torch.uint8), tissue, torch.zeros_like(tissue[0]), position)


def patient(seed: int, subject: str, *names: str, strength: float = 1.0) -> Patient:
    """One lesion, dark on T1w, bright on FLAIR and after contrast agent, in white matter of level 1."""
    generator = torch.Generator().manual_seed(seed)
    lesion = torch.zeros(SHAPE, dtype=torch.bool)
    lesion[SPOT] = True
    images = {
        name: 1 + 0.02 * torch.randn(SHAPE, generator=generator) + strength * (level - 1) * lesion
        for name, level in LAID.items()
    }
    post, head = images.pop(POST), head_of(images["T1w"])
    images = {name: images[name] for name in names or ("T1w", "FLAIR")}
    return Patient(subject, images, torch.ones_like(lesion), lesion, lesion.clone(), post, head)


@pytest.fixture(scope="module")
def patients() -> list[Patient]:
    return [patient(0, "01"), patient(1, "02")]


@pytest.fixture(scope="module")
def outlines() -> LesionMasks:
    mask = torch.zeros(SHAPE, dtype=torch.uint8)
    mask[16:, 8:22, 8:20] = 1
    return LesionMasks(("01",), (mask,), torch.eye(4))


@pytest.fixture(scope="module")
def pool_with(tmp_path_factory: pytest.TempPathFactory, outlines: LesionMasks) -> Callable[..., Pool]:
    folder = tmp_path_factory.mktemp("stages")

    def make(patients: list[Patient], **values: object) -> Pool:
        return make_pool(patients, outlines, options(**values), folder, seed=0, device="cpu")

    return make


def test_a_version_is_the_patient_but_for_what_changed(patients: list[Patient]) -> None:
    first = patients[0]
    before = mark(first, ("T1w", "FLAIR", POST))
    assert before.images["FLAIR"][SPOT].mean() == pytest.approx(0.6 / 0.3, abs=0.05)
    version = version_of(first, before, Healing()(np.random.default_rng(0), before))
    healed = version.patient()
    assert len(version.where) < 700  # 6 x 6 x 6 voxels and some at the faces
    assert healed.lesion is not None
    assert healed.active is not None
    assert healed.post is not None
    assert not healed.lesion.any()
    assert not healed.active.any()
    for image in (healed.images["T1w"], healed.images["FLAIR"], healed.post):
        assert image[SPOT].mean() == pytest.approx(1, abs=0.02)
    assert healed.images["FLAIR"][:8].equal(first.images["FLAIR"][:8])
    assert first.lesion is not None
    assert first.lesion.sum() == 64


def test_a_healed_head_is_white_where_the_lesion_was(patients: list[Patient]) -> None:
    before = mark(patients[0], ("T1w", "FLAIR"))
    head = version_of(patients[0], before, Healing()(np.random.default_rng(0), before)).healed_head()
    assert head.t1w[SPOT].float().mean() == pytest.approx(100, abs=2)
    assert (tissue_of(head)[SPOT] == Tissue.WM).all()
    assert patients[0].head is not None
    assert patients[0].head.t1w[SPOT].float().mean() == pytest.approx(70, abs=2)


def test_blended_lesions_lie_where_lesions_do_and_their_activity_is_not_known(
    patients: list[Patient], pool_with: Callable[..., Pool]
) -> None:
    pool = pool_with(patients, blend_share=1.0)
    for version in pool.versions[patients[0]]["blend"]:
        seen = version.patient()
        assert seen.lesion is not None
        added = seen.lesion & ~version.origin.lesion
        assert added[13:].sum() == added.sum() > 0  # the prior begins at 16 and fades within 9 mm
        assert seen.images["FLAIR"][added].mean() > 1.4
        assert seen.images["T1w"][added].mean() < 0.8
        assert seen.post is not None
        assert seen.post[added].mean() > 1.2
        assert seen.active is None


def test_the_shares_decide_what_examples_show(
    patients: list[Patient], pool_with: Callable[..., Pool]
) -> None:
    pool = pool_with(patients, heal_share=0.25)
    rng = np.random.default_rng(0)
    drawn = [pool.draw(rng, patients[0]) for _ in range(200)]
    assert 30 < sum(not item.lesion.any() for item in drawn if item.lesion is not None) < 70
    stranger = replace(patients[0], head=None)
    assert all(pool.draw(rng, stranger) is stranger for _ in range(10))
    assert len(pool.heads) == 2


def test_a_pool_is_repeatable_and_the_others_do_not_matter_to_healing(
    patients: list[Patient], pool_with: Callable[..., Pool]
) -> None:
    both, alone = pool_with(patients, heal_share=1.0), pool_with(patients[:1], heal_share=1.0)
    first, again = (pool.versions[patients[0]]["heal"] for pool in (both, alone))
    assert first[0].values["FLAIR"].equal(again[0].values["FLAIR"])
    assert not first[0].values["FLAIR"].equal(first[1].values["FLAIR"])


def test_only_training_patients_give_lesions(patients: list[Patient], pool_with: Callable[..., Pool]) -> None:
    """A left-out patient's lesions are five times as strong: no version of the others shows such values."""
    strong = patient(2, "03", strength=5)
    material = Material((), (*patients, strong), None).without(frozenset({"03"}))
    pool = pool_with(list(material.patients), blend_share=0.5, generated_share=0.5)
    assert strong not in pool.versions
    for made in pool.versions.values():
        for version in (item for versions in made.values() for item in versions):
            assert version.patient().images["FLAIR"].max() < 3
    with_it = pool_with([*patients, strong], blend_share=1.0, augmented_versions=4)
    versions = [item for made in with_it.versions.values() for item in made["blend"]]
    assert max(float(item.values["FLAIR"].max()) for item in versions) > 3.5


def test_lesions_of_others_are_shown_in_what_all_have(pool_with: Callable[..., Pool]) -> None:
    first, second = patient(0, "01"), replace(patient(1, "02", "FLAIR"), post=None)
    assert shared_images([first, second]) == ("FLAIR",)
    pool = pool_with([first, second], blend_share=0.5, heal_share=0.5)
    seen = pool.versions[first]["blend"][0].patient()
    assert list(seen.images) == ["FLAIR"]
    assert seen.post is None
    assert list(pool.versions[first]["heal"][0].patient().images) == ["T1w", "FLAIR"]


def test_what_cannot_be_augmented_is_told(patients: list[Patient], pool_with: Callable[..., Pool]) -> None:
    with pytest.raises(BadDataError, match="heal_share"):
        pool_with([replace(patients[0], head=None)], heal_share=1.0)
    first, second = replace(patient(0, "01", "T1w"), post=None), replace(patient(1, "02", "FLAIR"), post=None)
    with pytest.raises(BadDataError, match="in common"):
        pool_with([first, second], blend_share=1.0)


def test_examples_show_versions_and_healed_heads(
    patients: list[Patient], pool_with: Callable[..., Pool]
) -> None:
    pool = pool_with(patients, heal_share=1.0)
    plan = Plan(steps=6, crop=32, keep=1.0, keep_prior=0.0, patient_share=1.0, seed=0)
    examples = Examples([], patients, None, plan, pool=pool)
    assert len(examples.heads) == 2
    assert all(not lesion.any() for _, lesion, *_ in examples)
    plain = Examples([], patients, None, plan)
    assert any(bool(lesion.any()) for _, lesion, *_ in plain)


def test_examples_as_scanned_are_those_of_a_training_without_versions(
    patients: list[Patient], pool_with: Callable[..., Pool]
) -> None:
    plan = Plan(steps=8, crop=32, keep=1.0, keep_prior=0.0, patient_share=1.0, seed=0)
    pool = pool_with(patients, blend_share=0.5)
    both = zip(Examples([], patients, None, plan), Examples([], patients, None, plan, pool=pool), strict=True)
    same = [plain[0].equal(seen[0]) for plain, seen in both]
    assert 0 < sum(same) < 8


def test_the_prior_is_read_at_mni_coordinates(patients: list[Patient], outlines: LesionMasks) -> None:
    head = patients[0].head
    assert head is not None
    assert positions(head)[:, 5, 6, 7].tolist() == pytest.approx([5, 6, 7])
    prior = density_at(positions(head), outlines, density(outlines))
    assert prior[24, 15, 14] > 0.6
    assert prior[4, 15, 14] == 0


def test_shares_above_one_are_refused() -> None:
    with pytest.raises(BadDataError, match="add up"):
        options(blend_share=0.5, heal_share=0.6)
    assert options().augmentations == {}
