"""Each network's reading is the same where the GPU lacks memory, and the findings say so.

``cpu:0`` stands for the GPU: torch takes it for the CPU, the code for a device that is not ``cpu``.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from bidsapp.analyses.anomaly.quantities import LearnedFeatures
from bidsapp.analyses.brain.predict import _run
from bidsapp.analyses.ms.inference import infer
from bidsapp.images.volume import Volume
from bidsapp.interfaces.gpu import memory_notes

GPU = "cpu:0"
SHORT = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


class Pointwise(nn.Module):
    """Looks at each voxel alone; fails as often as it is told to, wherever its copies are."""

    failures = 0

    def __init__(self, channels, out):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Conv3d(channels, out, 1)

    def forward(self, image):
        if Pointwise.failures:
            Pointwise.failures -= 1
            raise SHORT
        return self.layer(image)


@pytest.fixture
def short(monkeypatch):
    """Let the GPU lack memory so many times."""
    return lambda times: monkeypatch.setattr(Pointwise, "failures", times)


def test_lesions_are_read_on_the_cpu_then(short):
    image = np.random.default_rng(0).random((10, 10, 10)).astype(np.float32)
    images, brain = {"FLAIR": Volume(image, np.eye(4))}, np.ones((10, 10, 10), np.bool_)
    network = Pointwise(10, 4).eval()
    whole = infer(network, images, brain, window=8)
    short(1)
    with memory_notes() as notes:
        again = infer(network, images, brain, window=8, device=GPU)
    assert np.array_equal(again.lesion, whole.lesion)
    assert np.array_equal(again.change, whole.change)
    assert notes == [
        "The GPU had too little memory for reading the brain in windows; the CPU did it: the same but for "
        "rounding."
    ]


def test_the_brain_is_found_on_the_cpu_then(short):
    image = np.random.default_rng(0).random((20, 20, 20)).astype(np.float32)
    network = Pointwise(1, 6).eval()
    whole = _run(image, network, 0, "cpu")
    short(1)
    with memory_notes() as notes:
        assert np.array_equal(_run(image, network, 0, GPU), whole)
    assert len(notes) == 1
    assert "finding the brain" in notes[0]


class Slices(nn.Module):
    """A network of normality that bears some slices at a time."""

    most = 16

    def encode_dense(self, part):
        if len(part) > Slices.most:
            raise SHORT
        return torch.cat([part, part.square()], dim=1)


@pytest.mark.parametrize(("most", "said"), [(16, ""), (5, "16 at a time; 4 did"), (0, "the CPU did it")])
def test_features_are_read_with_fewer_slices_at_a_time_then(monkeypatch, most, said):
    image = np.random.default_rng(0).random((1, 4, 5, 23)).astype(np.float32)
    mask = np.ones((4, 5, 23), np.bool_)
    seen = SimpleNamespace(image=lambda *_: image, space=SimpleNamespace(mask=mask, box=(slice(None),) * 3))
    features = LearnedFeatures(seen, Slices(), "latent", 2)
    whole = features.of("01", {})
    assert np.array_equal(whole[:, 1], np.square(image[0][mask]))
    monkeypatch.setattr(Slices, "most", most)
    if most == 0:  # the copy on the CPU has memory enough
        monkeypatch.setattr(Slices, "__deepcopy__", lambda self, memo: _Enough(), raising=False)
    with memory_notes() as notes:
        again = replace(features, device=GPU).of("01", {})
    assert np.array_equal(again, whole)
    assert [said in note for note in notes] == [True] * bool(said)


class _Enough(nn.Module):
    def encode_dense(self, part):
        return torch.cat([part, part.square()], dim=1)
