"""Injuries lie where their cause puts them, and images show them as clinical images do."""

from __future__ import annotations

import numpy as np
import pytest

from bidsapp.errors import UsageError
from bidsapp.images.templates import template_grid
from bidsapp.images.volume import Volume
from bidsapp.simulate.coma.appearance import LOOKS, mix, render, vary
from bidsapp.simulate.coma.head import as_head, region_means, standard_grid, with_uptake
from bidsapp.simulate.coma.injury import ETIOLOGIES, draw_injury
from bidsapp.simulate.coma.network import territory

LATE = 3650.0


def _mean(head, etiology, count=12):
    draws = [draw_injury(head, etiology, 0.7, np.random.default_rng(seed)) for seed in range(count)]
    return np.mean(draws, axis=0)


@pytest.mark.parametrize("etiology", ETIOLOGIES)
def test_injury_is_a_share_and_stays_in_the_brain(head, etiology):
    injury = draw_injury(head, etiology, 0.9, np.random.default_rng(3))
    assert 0 <= injury.min() < injury.max() <= 1
    assert injury.dtype == np.float32
    assert not injury[~head.brain].any()


def test_anoxia_hurts_grey_matter_and_trauma_white_matter_and_frontal_poles(head):
    anoxia, trauma = _mean(head, "anoxia"), _mean(head, "trauma")
    white = (head.labels == 44) | (head.labels == 45)
    cortex, posterior = territory(head, "cortex"), territory(head, "posterior")
    assert anoxia[territory(head, "basal_ganglia")].mean() > 0.4
    assert anoxia[posterior].mean() > anoxia[cortex & ~posterior].mean() > 5 * anoxia[white].mean()
    assert trauma[white].mean() > anoxia[white].mean()
    assert trauma[territory(head, "contusion")].mean() > trauma[posterior].mean()


def test_a_stroke_hurts_one_side_and_may_be_a_real_outline(head):
    x = np.arange(head.gm.shape[0]) * head.grid.affine[0, 0] + head.grid.affine[0, 3]
    hemispheres = (head.labels >= 100) & (np.abs(x) > 8)[:, None, None]
    for seed in range(6):
        injury = draw_injury(head, "stroke", 0.5, np.random.default_rng(seed)) * hemispheres
        assert min(injury[x > 0].sum(), injury[x < 0].sum()) == 0
    outline = territory(head, "thalamus")
    injury = draw_injury(head, "stroke", 0.5, np.random.default_rng(0), [outline])
    assert ((injury > 0) == outline).all()


def test_worse_patients_have_more_injury(head):
    for etiology in ("trauma", "anoxia"):
        mild, severe = (draw_injury(head, etiology, s, np.random.default_rng(1)).mean() for s in (0.2, 0.9))
        assert severe > 2 * mild


@pytest.mark.parametrize("key", LOOKS)
def test_without_injury_the_image_is_that_of_the_healthy_head(head, key):
    healthy = {"T1w": head.t1w, "pet": head.uptake}.get(key, mix(LOOKS[key], head))
    assert render(key, head, np.zeros_like(head.gm), LATE) == pytest.approx(healthy)


@pytest.mark.parametrize(
    ("key", "early", "late"),
    [
        ("T1w", -1, -1), ("T2w", 1, 1), ("FLAIR", 1, 1), ("FA", -1, -1), ("ADC", -1, 1),
        ("pet", -1, -1), ("cbf", -1, -1), ("alff", -1, -1), ("reho", -1, -1),
    ],
)  # fmt: skip
def test_injury_changes_each_image_in_its_direction(head, key, early, late):
    inside = (head.wm > 0.8) if key in {"FA", "ADC", "T1w"} else (head.gm > 0.6)
    injury = 0.4 * inside.astype(np.float32)
    healthy = render(key, head, np.zeros_like(injury), 1)[inside].mean()
    assert np.sign(render(key, head, injury, 1)[inside].mean() - healthy) == early
    assert np.sign(render(key, head, injury, LATE)[inside].mean() - healthy) == late


def test_a_hurt_thalamus_dims_metabolism_of_the_cortex_but_not_its_diffusion(head):
    injury, cortex = territory(head, "thalamus").astype(np.float32), territory(head, "cortex")
    healthy = np.zeros_like(injury)
    assert (
        render("pet", head, injury, LATE)[cortex].mean()
        < 0.9 * render("pet", head, healthy, LATE)[cortex].mean()
    )
    assert (render("ADC", head, injury, LATE)[cortex] == render("ADC", head, healthy, LATE)[cortex]).all()


def test_people_differ_and_the_old_have_more_fluid(head):
    one, other = (vary(head, 45, np.random.default_rng(seed)) for seed in (0, 1))
    assert np.abs(one.gm - other.gm).max() > 0.05
    total = one.gm + one.wm + one.csf
    assert total == pytest.approx(head.gm + head.wm + head.csf, abs=1e-5)
    assert vary(head, 80, np.random.default_rng(0)).csf.sum() > 1.1 * one.csf.sum()


def test_heads_of_people_are_put_on_the_grid_with_their_uptake(head):
    volumes = {"T1w": head.t1w * 300, "GM": head.gm, "WM": head.wm}
    own = as_head({name: Volume(data, head.grid.affine) for name, data in volumes.items()}, voxel_mm=8.0)
    assert np.median(own.t1w[own.wm > 0.9 * own.wm.max()]) == pytest.approx(1)
    assert (own.labels[own.labels > 0] == head.labels[own.labels > 0]).all()
    fdg = with_uptake(own, Volume(own.gm * 40, own.grid.affine))
    assert np.median(fdg.uptake[own.gm > 0.7]) == pytest.approx(1)
    with pytest.raises(UsageError, match="lacks GM, WM; give it"):
        as_head({"T1w": Volume(head.t1w, head.grid.affine)})


def test_the_grid_of_4_mm_is_made_of_blocks_of_the_grid_of_2_mm():
    grid, fine = standard_grid(4.0), template_grid(2)
    assert grid.shape == (48, 57, 48)
    first_block = [fine.affine @ [*index, 1] for index in np.ndindex(2, 2, 2)]
    assert grid.affine @ [0, 0, 0, 1] == pytest.approx(np.mean(first_block, axis=0))


def test_region_means_agree_with_a_mask(head):
    right = next(region for region in head.regions if region.name == "Right_Thalamus_Proper")
    means = region_means(head, head.t1w)
    assert means["Right_Thalamus_Proper"] == pytest.approx(
        head.t1w[head.labels == right.index].mean(), rel=1e-5
    )
