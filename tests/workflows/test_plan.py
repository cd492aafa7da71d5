"""What a dry run says that a run would do; nothing is run and nothing indexed."""

from dataclasses import replace

import pytest

from bidsapp.bids import dataset, query, references
from bidsapp.inputs import Image, Inputs
from bidsapp.settings import Settings
from bidsapp.workflows.plan import plan


@pytest.fixture
def head(tmp_path):
    (tmp_path / "image.nii.gz").write_text("")
    return tmp_path / "image.nii.gz"


def image(head, modality, datatype, **companions):
    return Image(path=head, modality=modality, datatype=datatype, suffix=modality, companions=companions)


def plan_of(tmp_path, monkeypatch, *sessions, **options):
    settings = Settings(
        bids_dir=tmp_path, output_dir=tmp_path, levels=("participant",), analyses=("brain",), **options
    )
    found = [((item.subject, item.session), item) for item in sessions]
    monkeypatch.setattr(dataset, "check_dataset", lambda _: None)
    monkeypatch.setattr(query, "list_selected", lambda _: [key for key, _ in found])
    monkeypatch.setattr(query, "find_all", lambda *_: found)
    return {item.subject: item.steps for item in plan(settings)}


def test_manual_masks_of_the_reference_dataset_are_part_of_the_plan(tmp_path, head, monkeypatch):
    monkeypatch.setattr(
        references, "add_references", lambda item, folder: replace(item, references={"brain": folder / "m"})
    )
    inputs = Inputs(subject="01", session=None, images={"T1w": image(head, "T1w", "anat")})
    steps = plan_of(tmp_path, monkeypatch, inputs, reference=tmp_path)
    assert "session_wf.evaluate_preproc" in steps["01"]


def test_a_series_without_its_vectors_makes_another_plan(tmp_path, head, monkeypatch):
    vectors = {name: image(head, name, "dwi") for name in ("bval", "bvec")}
    common = {"T1w": image(head, "T1w", "anat"), "ADC": image(head, "ADC", "dwi")}
    sound = Inputs(subject="01", session=None, images={**common, "dwi": image(head, "dwi", "dwi", **vectors)})
    bare = Inputs(subject="02", session=None, images={**common, "dwi": image(head, "dwi", "dwi")})
    steps = plan_of(tmp_path, monkeypatch, sound, bare)
    assert "session_wf.take_ADC" not in steps["01"]
    assert "session_wf.take_ADC" in steps["02"]
