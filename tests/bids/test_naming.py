"""Names agree with the BIDS schema, and no label can leave its folder."""

from __future__ import annotations

import pytest

from bidsapp.bids.naming import derivative_path, entity_names
from bidsapp.errors import BadDataError


def test_entities_stand_in_the_order_of_the_schema():
    schema = pytest.importorskip("bidsschematools.schema").load_schema()
    order = [schema.objects.entities[name].name for name in schema.rules.entities]
    ours = [name for name in entity_names() if name not in {"from", "to", "mode", "stat"}]
    assert ours == order


def test_long_names_are_those_of_pybids():
    config = pytest.importorskip("bids.layout.models").Config.load("bids")
    theirs = set(config.entities)
    raw = {"sub", "ses", "task", "acq", "ce", "trc", "rec", "dir", "run", "echo", "part", "chunk", "space"}
    assert {entity_names()[name] for name in raw} <= theirs


@pytest.mark.parametrize(
    ("session", "datatype", "entities", "suffix", "extension", "name"),
    [
        (None, "anat", {"desc": "preproc"}, "T1w", ".nii.gz", "sub-01/anat/sub-01_desc-preproc_T1w.nii.gz"),
        (
            "02",
            "anat",
            {"desc": "preproc", "res": "2", "space": "MNI152NLin2009cAsym"},
            "T1w",
            ".nii.gz",
            "sub-01/ses-02/anat/sub-01_ses-02_space-MNI152NLin2009cAsym_res-2_desc-preproc_T1w.nii.gz",
        ),
        (
            None,
            "anat",
            {"mode": "image", "to": "MNI152NLin2009cAsym", "from": "T1w"},
            "xfm",
            ".h5",
            "sub-01/anat/sub-01_from-T1w_to-MNI152NLin2009cAsym_mode-image_xfm.h5",
        ),
        (
            None,
            "anat",
            {"stat": "z", "desc": "anomaly", "space": "T1w"},
            "statmap",
            ".nii.gz",
            "sub-01/anat/sub-01_space-T1w_desc-anomaly_stat-z_statmap.nii.gz",
        ),
        (
            None,
            "pet",
            {"space": "T1w", "trc": "18FFDG", "desc": "suvr"},
            "pet",
            ".nii.gz",
            "sub-01/pet/sub-01_trc-18FFDG_space-T1w_desc-suvr_pet.nii.gz",
        ),
    ],
)
def test_names_are_those_of_the_derivatives_list(session, datatype, entities, suffix, extension, name):
    assert str(derivative_path("01", session, datatype, entities, suffix, extension)) == name


@pytest.mark.parametrize("label", ["..", "a/b", "a_b", "a-b", "", "a b", "ä", "x\n", "a\0"])
def test_a_label_that_is_unsafe_in_a_path_is_refused(label):
    with pytest.raises(BadDataError, match="letters and digits"):
        derivative_path("01", None, "anat", {"desc": label}, "T1w", ".nii.gz")
    with pytest.raises(BadDataError, match="letters and digits"):
        derivative_path(label, None, "anat", {}, "T1w", ".nii.gz")


@pytest.mark.parametrize(
    ("datatype", "entities", "suffix", "extension"),
    [
        ("../anat", {}, "T1w", ".nii.gz"),
        ("anat", {}, "T1w/..", ".nii.gz"),
        ("anat", {}, "T1w", "/../x"),
        ("anat", {"foo": "1"}, "T1w", ".nii.gz"),
        ("anat", {"sub": "02"}, "T1w", ".nii.gz"),
        ("anat", {"ses": "02"}, "T1w", ".nii.gz"),
    ],
)
def test_what_is_no_bids_name_is_refused(datatype, entities, suffix, extension):
    with pytest.raises(BadDataError):
        derivative_path("01", None, datatype, entities, suffix, extension)
