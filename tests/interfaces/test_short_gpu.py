"""What a GPU lacked is said in the findings and in the notes of the brain mask; the GPU has its name."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from bidsapp.analyses import registry
from bidsapp.analyses.brain.predict import BrainSegmentation
from bidsapp.bundle import Bundle
from bidsapp.findings import Findings
from bidsapp.images.volume import Volume, write_volume
from bidsapp.interfaces.anatomy import SegmentBrain
from bidsapp.interfaces.findings import Analyse
from bidsapp.interfaces.gpu import LOGGER, VISIBLE
from bidsapp.interfaces.member import GatherMember

SAID = "The GPU had too little memory for reading; the CPU did it: the same but for rounding."


@pytest.fixture
def bundle(monkeypatch):
    monkeypatch.setenv(VISIBLE, "MIG-a1")
    packaged = registry.load("brain").bundle
    return Bundle.read(packaged)


class Short:
    """An analysis whose GPU lacks memory."""

    name, title, learns_from, recipe, bundle = "short", "Short", "derivatives", None, None

    def train(self, cohort, recipe, *, path, device, seed, options):
        raise NotImplementedError

    def predict(self, member, bundle, *, out_dir, device, seed, explain):
        logging.getLogger(LOGGER).warning(SAID)
        return Findings(
            analysis="short",
            title="Short",
            subject=member.subject,
            session=None,
            summary="Nothing.",
            warnings=("Its own.",),
        )


def test_the_findings_say_it_and_name_the_gpu(bundle, monkeypatch, tmp_path):
    monkeypatch.setattr(registry, "load", lambda name: Short())
    member = GatherMember(subject="01").compute(tmp_path)["out_file"]
    step = Analyse(
        analysis="short",
        bundle=str(bundle.path),
        digest=bundle.digest,
        member=member,
        device="cuda:0",
        use_gpu=True,
    )
    (tmp_path / "node").mkdir()
    found = Findings.read(tmp_path / "node" / step.compute(tmp_path / "node")["out_file"])
    assert found.warnings == ("Its own.", SAID)
    assert found.provenance["device"] == "cuda:MIG-a1"


def test_the_brain_mask_says_it_in_its_notes(bundle, monkeypatch, tmp_path):
    ones = np.ones((10, 10, 10), np.float32)

    def segment(data, affine, bundle, *, device):
        logging.getLogger(LOGGER).warning(SAID)
        return BrainSegmentation(ones.astype(np.uint8), ones, 0 * ones, 0 * ones)

    monkeypatch.setattr("bidsapp.analyses.brain.predict.segment", segment)
    image = write_volume(tmp_path / "T1w.nii.gz", Volume(ones, np.diag([11.0, 11.0, 11.0, 1.0])))
    step = SegmentBrain(
        in_file=str(image),
        source="T1w.nii.gz",
        bundle=str(bundle.path),
        digest=bundle.digest,
        device="cuda:0",
    )
    assert step.run(cwd=tmp_path).outputs.notes == [SAID]
