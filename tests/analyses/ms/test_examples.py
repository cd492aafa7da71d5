from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from bidsapp.analyses.ms.channels import POST
from bidsapp.analyses.ms.examples import Examples, Plan
from bidsapp.analyses.ms.patients import read_patient

PLAN = Plan(steps=4, crop=32, keep=0.7, keep_prior=0.5, patient_share=0.5, seed=3)


@pytest.fixture(scope="module")
def patients(make_member):
    marked = make_member("p1", masks=("lesion",))
    return [read_patient(marked), read_patient(make_member("p2", contrasts=("T1w", POST)))]


@pytest.fixture(scope="module")
def stream(patients):
    return list(Examples([], patients, None, PLAN))


def same(first, second):
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_the_step_alone_decides_the_example(patients, stream):
    late = list(Examples([], patients, None, PLAN, start=2))
    assert len(late) == 2
    assert all(same(a, b) for a, b in zip(stream[2:], late, strict=True))
    assert not same(stream[0], stream[1])


def test_workers_take_turns_and_change_nothing(patients, stream):
    loader = DataLoader(Examples([], patients, None, PLAN), batch_size=None, num_workers=2)
    assert all(same(a, b) for a, b in zip(stream, loader, strict=True))


def test_a_patient_who_is_left_out_is_never_drawn(patients):
    """Their brains are told apart by what nobody marked: the second patient has no lesion mask."""
    examples = Examples([], patients[:1], None, PLAN)
    drawn = [examples.draw(np.random.default_rng(seed))[0] for seed in range(8)]
    assert all(seen.lesion is not None for seen in drawn)
    both = Examples([], patients, None, PLAN)
    assert any(both.draw(np.random.default_rng(seed))[0].lesion is None for seed in range(8))


def test_what_is_not_known_is_empty_and_what_is_shown_is_said(patients, stream):
    for shown, lesion, active, _, brain in stream:
        assert shown.shape == (10, 32, 32, 32)
        assert brain.shape == (32, 32, 32)
        assert lesion.numel() in {0, brain.numel()}
        assert active.numel() == 0
        there = shown[5:].flatten(1)
        assert torch.equal(there.amin(1), there.amax(1))
        assert there[:, 0].sum() >= 1
        assert not shown[:5][there[:, 0] == 0].any()


def test_the_change_by_contrast_agent_is_known_where_both_t1w_images_are(patients):
    examples = Examples([], patients[1:], None, replace(PLAN, keep=1.0))
    (_, lesion, _, change, brain) = next(iter(examples))
    assert lesion.numel() == 0
    assert change.shape == brain.shape
    assert not change[~brain].any()
    unmarked = Examples([], patients[:1], None, replace(PLAN, keep=1.0))
    assert next(iter(unmarked))[3].numel() == 0
