"""Graphs with diffusion and perfusion: one step each, and given maps only where nothing better is there."""

from pathlib import Path

import pytest

from bidsapp.analyses import registry
from bidsapp.bids.listing import modalities
from bidsapp.bundle import Bundle
from bidsapp.inputs import Image, Inputs
from bidsapp.settings import Settings
from bidsapp.workflows.extras import remarks_on_extras
from bidsapp.workflows.participant import init_subject_wf, list_steps

SETTINGS = Settings(bids_dir=Path("/bids"), output_dir=Path("/tmp"), levels=("participant",))
COMPANIONS = {"dwi": ("bval", "bvec"), "asl": ("aslcontext", "m0scan")}


def session(folder, names, *, complete=True):
    (folder / "image.nii.gz").write_text("")
    images = {}
    for name in names:
        entry = modalities()[name]
        needed = COMPANIONS.get(name, ()) if complete else ()
        file = Image(
            path=folder / "image.nii.gz", modality=name, datatype=entry.datatype, suffix=entry.suffix
        )
        images[name] = Image(
            path=file.path,
            modality=name,
            datatype=entry.datatype,
            suffix=entry.suffix,
            companions=dict.fromkeys(needed, file),
        )
    return Inputs(subject="01", session=None, images=images)


def steps_of(inputs):
    brain = Bundle.read(registry.load("brain").bundle)
    return {step.rpartition(".")[2] for step in list_steps(init_subject_wf([inputs], SETTINGS, (), brain))}


@pytest.mark.parametrize("complete", [True, False])
def test_diffusion_and_perfusion_are_a_step_each_whatever_belongs_to_them(tmp_path, complete):
    steps = steps_of(session(tmp_path, ["T1w", "dwi", "asl"], complete=complete))
    assert {"prepare_dwi", "prepare_asl", "warp", "describe", "write_preproc"} <= steps


def test_given_maps_are_taken_where_there_is_no_series(tmp_path):
    steps = steps_of(session(tmp_path, ["T1w", "ADC", "FA", "cbf"]))
    assert {"take_ADC", "take_FA", "take_cbf"} <= steps


def test_a_series_that_has_all_it_needs_comes_before_a_given_map(tmp_path):
    inputs = session(tmp_path, ["T1w", "dwi", "ADC", "asl", "cbf"])
    assert not {"take_ADC", "take_cbf"} & steps_of(inputs)
    assert remarks_on_extras(inputs) == [
        "image.nii.gz was not used: the same is computed from the DWI.",
        "image.nii.gz was not used: the same is computed from the ASL series.",
    ]


def test_a_series_without_what_it_needs_leaves_the_place_to_the_given_map(tmp_path):
    steps = steps_of(session(tmp_path, ["T1w", "dwi", "ADC"], complete=False))
    assert {"take_ADC", "prepare_dwi"} <= steps
