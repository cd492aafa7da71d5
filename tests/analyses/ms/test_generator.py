"""The generator of a training: its lessons, that it goes on, and that other lessons make another one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bidsapp.analyses.ms import ANALYSIS
from bidsapp.analyses.ms.generator import Draws, Lessons, fit_generator, gather
from bidsapp.analyses.ms.options import Options
from bidsapp.errors import BadDataError
from bidsapp.recipe import Recipe
from bidsapp.simulate.sclerosis.patient import MarkedPatient

DEFAULTS = Recipe.read("ms", ANALYSIS.recipe)
LESION = np.zeros((8, 8, 8), dtype=bool)
LESION[2:6, 3:5, 3:5] = True


def options(generator: str) -> Options:
    return Options.of(
        replace(DEFAULTS, values={**DEFAULTS.values, "generator": generator, "generator_steps": 3})
    )


@pytest.fixture
def lessons() -> Lessons:
    strength = np.array([1.0, 2.0], dtype=np.float32)[:, None, None, None, None]
    levels = np.array([2.0, -1.0], dtype=np.float32)[:, None, None, None]
    return Lessons(("FLAIR", "T1w"), strength * levels * LESION, np.stack([LESION, LESION]))


def test_lesions_are_turned_with_their_masks(lessons: Lessons) -> None:
    draws = list(Draws(lessons, steps=6, seed=0))
    assert len(draws) == 6
    shapes = set()
    for residual, mask in draws:
        assert residual.shape == (8, 2, 8, 8, 8)
        inside = mask[:, 0] > 0
        assert inside.sum(dim=(1, 2, 3)).tolist() == [16] * 8
        assert residual[:, 0][inside].min() == 2
        assert (residual[:, 0] == -2 * residual[:, 1]).all()
        assert (residual[:, 0][~inside] == 0).all()
        shapes.add(tuple(inside[0].nonzero().amax(0).tolist()))
    assert len(shapes) > 2
    later = list(Draws(lessons, steps=6, seed=0, start=4))
    assert later[0][0].equal(draws[4][0])


@pytest.mark.parametrize("generator", ["vae", "gan"])
def test_it_draws_all_contrasts_and_is_kept(tmp_path: Path, lessons: Lessons, generator: str) -> None:
    source = fit_generator(lessons, options(generator), tmp_path, seed=0, device="cpu")
    drawn = source(np.random.default_rng(0), LESION)
    assert {name: image.shape for name, image in drawn.items()} == {"FLAIR": (8, 8, 8), "T1w": (8, 8, 8)}
    again = fit_generator(lessons, options(generator), tmp_path, seed=0, device="cpu")
    assert np.array_equal(drawn["FLAIR"], again(np.random.default_rng(0), LESION)["FLAIR"])
    assert len(list(tmp_path.iterdir())) == 1
    others = replace(lessons, residuals=lessons.residuals[:1], masks=lessons.masks[:1])
    fit_generator(others, options(generator), tmp_path, seed=0, device="cpu")
    assert len(list(tmp_path.iterdir())) == 2


def test_lessons_are_what_healing_took_away() -> None:
    lesion = torch.zeros(20, 20, 20, dtype=torch.bool)
    lesion[8:12, 9:11, 9:11] = True
    tissue = torch.full((20, 20, 20), 2, dtype=torch.uint8)
    healed = MarkedPatient({"FLAIR": torch.zeros(20, 20, 20)}, torch.zeros_like(lesion), tissue)
    sick = replace(healed, images={"FLAIR": 3.0 * lesion}, lesion=lesion)
    lessons = gather([(sick, healed), (sick, healed)], side=16)
    assert lessons.contrasts == ("FLAIR",)
    assert lessons.residuals.shape == (2, 1, 16, 16, 16)
    assert lessons.residuals.sum() == 2 * 3 * 16
    assert [shape.shape for shape in lessons.shapes] == [(4, 2, 2)] * 2
    with pytest.raises(BadDataError, match="generated_share"):
        gather([(healed, healed)], side=16)
