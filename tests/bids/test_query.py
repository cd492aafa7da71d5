"""What is found is what a person who reads the file names would take, and every choice is said."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from bidsapp.bids.query import find_all, find_inputs, list_selected
from bidsapp.errors import BadDataError, BidsAppError, NoInputError, NothingSelectedError, UsageError

T1W = "sub-01/anat/sub-01_T1w.nii.gz"


def _names(inputs):
    return {name: image.path.name for name, image in inputs.images.items()}


def test_each_modality_is_found_with_entities_and_inherited_metadata(make_raw):
    settings = make_raw(
        {
            "T1w.json": {"MagneticFieldStrength": 3, "EchoTime": 0.001},
            "sub-01/ses-a/anat/sub-01_ses-a_acq-x_run-02_T1w.nii.gz": None,
            "sub-01/ses-a/anat/sub-01_ses-a_acq-x_run-02_T1w.json": {"EchoTime": 0.003},
            "sub-01/ses-a/anat/sub-01_ses-a_ce-gadolinium_T1w.nii.gz": None,
            "sub-01/ses-a/anat/sub-01_ses-a_FLAIR.nii": None,
            "sub-01/ses-a/pet/sub-01_ses-a_trc-18FFDG_pet.nii.gz": None,
            "sub-01/ses-a/pet/sub-01_ses-a_trc-18FFDG_pet.json": {"TracerName": "FDG"},
            "sub-01/ses-a/func/sub-01_ses-a_task-restingstate_dir-AP_bold.nii.gz": None,
            "sub-01/ses-a/func/sub-01_ses-a_task-nback_bold.nii.gz": None,
            "sub-01/ses-a/func/sub-01_ses-a_task-rest_timeseries.tsv": "PCC\tM1\n1\t2\n",
            "sub-01/ses-a/func/sub-01_ses-a_task-rest_timeseries.json": {"RepetitionTime": 2.0},
            "sub-01/ses-b/anat/sub-01_ses-b_T2w.nii.gz": None,
        }
    )
    inputs = find_inputs(settings, "01", "a")
    assert set(inputs.images) == {"T1w", "ce-gadolinium_T1w", "FLAIR", "pet", "bold", "timeseries"}
    image = inputs.images["T1w"]
    assert dict(image.metadata) == {"MagneticFieldStrength": 3, "EchoTime": 0.003}
    assert list(image.entities.items()) == [("acq", "x"), ("run", "02")]
    assert (image.datatype, image.suffix) == ("anat", "T1w")
    assert dict(inputs.images["pet"].entities) == {"trc": "18FFDG"}
    assert inputs.images["bold"].entities["task"] == "restingstate"
    assert inputs.images["timeseries"].metadata["RepetitionTime"] == 2.0
    assert any("FLAIR.nii has no sidecar" in note for note in inputs.notes)
    assert set(find_inputs(settings, "01", "b").images) == {"T2w"}


def test_of_several_the_finest_whole_head_is_taken_then_the_lowest_run(make_raw):
    settings = make_raw(
        {
            "sub-01/anat/sub-01_run-1_T1w.nii.gz": (4.0, 4.0, 4.0),
            "sub-01/anat/sub-01_run-3_T1w.nii.gz": (2.0, 2.0, 4.0),
            "sub-01/anat/sub-01_run-2_T1w.nii.gz": (2.0, 2.0, 4.0),
        }
    )
    inputs = find_inputs(settings, "01", None)
    assert _names(inputs) == {"T1w": "sub-01_run-2_T1w.nii.gz"}
    assert any("not used: sub-01_run-1_T1w.nii.gz, sub-01_run-3" in note for note in inputs.notes)


def test_a_slab_gives_way_to_a_whole_head(make_raw):
    import nibabel as nib
    import numpy as np

    settings = make_raw({"sub-01/anat/sub-01_acq-head_T2w.nii.gz": (2.0, 2.0, 4.0)})
    slab = settings.bids_dir / "sub-01/anat/sub-01_acq-hippocampus_T2w.nii.gz"
    nib.save(nib.Nifti1Image(np.ones((160, 160, 20), np.uint8), np.diag([1.0, 1.0, 2.0, 1.0])), slab)
    inputs = find_inputs(settings, "01", None)
    assert _names(inputs) == {"T2w": "sub-01_acq-head_T2w.nii.gz"}
    assert any("cover the head" in note for note in inputs.notes)


def test_dangling_links_and_empty_files_count_as_absent_and_name_the_remedy(make_raw):
    settings = make_raw({T1W: None, "sub-01/anat/sub-01_T2w.nii.gz": b"", "sub-02/anat/x.txt": "x"})
    folder = settings.bids_dir / "sub-01/anat"
    os.symlink("../../.git/annex/objects/gone", folder / "sub-01_FLAIR.nii.gz")
    os.symlink("../../.git/annex/objects/gone", folder / "sub-01_T1w.json")
    (folder / "sub-01_PDw.nii.gz").write_bytes(b"/annex/objects/MD5E-s1--abc.nii.gz\n")
    inputs = find_inputs(settings, "01", None)
    assert set(inputs.images) == {"T1w"}
    said = " ".join(inputs.notes)
    assert "sub-01_FLAIR.nii.gz was left out: the link points nowhere" in said
    assert "datalad get" in said
    assert "sub-01_T2w.nii.gz was left out: it is empty" in said
    assert "sub-01_PDw.nii.gz was left out: it is only a pointer" in said


def test_names_that_bids_does_not_know_are_left_out_and_said(make_raw):
    settings = make_raw(
        {
            T1W: None,
            "sub-01/anat/sub-01_desc-brain_T1w.nii.gz": None,
            "sub-01/anat/sub-01_part-phase_T1w.nii.gz": None,
            "sub-01/anat/sub-01_ce-ferumoxytol_T1w.nii.gz": None,
            "sub-01/anat/sub-01_T1w_old.nii.gz": None,
        }
    )
    inputs = find_inputs(settings, "01", None)
    assert _names(inputs) == {"T1w": "sub-01_T1w.nii.gz"}
    said = " ".join(inputs.notes)
    assert "'desc-brain' is not part" in said
    assert "no magnitude" in said
    assert "'ferumoxytol' is not known" in said


@pytest.mark.parametrize("broken", ["{", "[1]", "", "\ufeff{}"])
def test_a_broken_sidecar_stops_its_subject_alone_and_is_named(make_raw, broken):
    settings = make_raw(
        {T1W: None, "sub-01/anat/sub-01_T1w.json": broken, "sub-02/anat/sub-02_T1w.nii.gz": None}
    )
    with pytest.raises(BadDataError, match=r"sub-01_T1w\.json (is not valid|must hold)"):
        find_inputs(settings, "01", None)
    found = dict(find_all(settings, list_selected(settings)))
    assert isinstance(found["01", None], BidsAppError)
    assert set(found["02", None].images) == {"T1w"}


def test_a_folder_that_cannot_be_opened_stops_its_subject_alone(make_raw, monkeypatch):
    settings = make_raw({T1W: None, "sub-02/anat/sub-02_T1w.nii.gz": None})
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: "sub-01" not in str(path) and real(path, mode))
    found = dict(find_all(settings, list_selected(settings)))
    assert "permission denied" in str(found["01", None])
    assert set(found["02", None].images) == {"T1w"}


def test_a_dataset_that_went_away_is_named(make_raw):
    settings = make_raw({T1W: None})
    settings.bids_dir.rename(settings.bids_dir.with_name("away"))
    with pytest.raises(NoInputError, match=r"sub-01: .* went away; bring it back"):
        find_inputs(settings, "01", None)


def test_metadata_are_inherited_from_every_level(make_raw):
    settings = make_raw(
        {
            "T1w.json": {"a": 1, "b": 1, "c": 1, "d": 1},
            "sub-01/sub-01_T1w.json": {"b": 2, "c": 2, "d": 2},
            "sub-01/ses-a/sub-01_ses-a_T1w.json": {"c": 3, "d": 3},
            "sub-01/ses-a/anat/sub-01_ses-a_T1w.json": {"d": 4},
            "sub-01/ses-a/anat/sub-01_ses-a_T1w.nii.gz": None,
        }
    )
    image = find_inputs(settings, "01", "a").images["T1w"]
    assert dict(image.metadata) == {"a": 1, "b": 2, "c": 3, "d": 4}


def test_a_file_of_another_subject_in_this_folder_is_never_taken(make_raw):
    settings = make_raw(
        {
            "sub-01/anat/sub-02_T1w.nii.gz": None,
            "sub-01/anat/sub-01_ses-b_T2w.nii.gz": None,
            "sub-01/anat/sub-01_flair.nii.gz": None,
            "sub-01/anat/._sub-01_PDw.nii.gz": b"macOS",
        }
    )
    inputs = find_inputs(settings, "01", None)
    assert inputs.images == {}
    assert any("sub-02_T1w.nii.gz was left out: its name and its" in note for note in inputs.notes)
    assert any("must be written FLAIR" in note for note in inputs.notes)


def test_a_broken_sidecar_of_another_subject_does_not_matter(make_raw):
    settings = make_raw(
        {T1W: None, "sub-02/anat/sub-02_T1w.nii.gz": None, "sub-02/anat/sub-02_T1w.json": "{"}
    )
    assert set(find_inputs(settings, "01", None).images) == {"T1w"}


def test_labels_are_not_prefixes_of_each_other(make_raw):
    settings = make_raw({f"sub-{label}/anat/sub-{label}_T1w.nii.gz": None for label in ("1", "10", "100")})
    assert _names(find_inputs(settings, "1", None)) == {"T1w": "sub-1_T1w.nii.gz"}


def test_paths_beyond_ascii_are_read(make_raw, tmp_path):
    settings = make_raw({T1W: None})
    moved = tmp_path / "Küche und Bad #1 (日本)"
    settings.bids_dir.rename(moved)
    assert set(find_inputs(replace(settings, bids_dir=moved), "01", None).images) == {"T1w"}


def test_subjects_and_sessions_are_listed_by_their_folders(make_raw):
    settings = make_raw(
        {
            "sub-02/ses-b/anat/sub-02_ses-b_T1w.nii.gz": None,
            "sub-02/ses-a/anat/sub-02_ses-a_T1w.nii.gz": None,
            T1W: None,
            "sub-notes.txt": "a file",
        }
    )
    assert list_selected(settings) == (("01", None), ("02", "a"), ("02", "b"))
    assert list_selected(replace(settings, session_label=("b",))) == (("02", "b"),)
    assert list_selected(replace(settings, participant_label=("sub-01",))) == (("01", None),)
    assert list_selected(replace(settings, exclude_participant_label=("02",))) == (("01", None),)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"participant_label": ("010",)}, "there is no sub-010 in .*did you mean 01"),
        ({"participant_label": ("zz",)}, "there are 01, 02"),
        ({"session_label": ("c",)}, "there is no ses-c in .*there are a"),
        ({"exclude_participant_label": ("01", "02")}, "leave none of 2 subjects"),
        ({"exclude_participant_label": ("03",)}, "there is no sub-03"),
        ({"bids_filters": {"T1w": {"acquisition": "nowhere"}}}, "leave no image"),
    ],
)
def test_a_filter_that_leaves_nothing_says_what_there_is(make_raw, options, said):
    settings = make_raw({T1W: None, "sub-02/ses-a/anat/sub-02_ses-a_T1w.nii.gz": None})
    with pytest.raises(NothingSelectedError, match=said):
        list_selected(replace(settings, **options))


def test_no_subject_at_all_is_said(make_raw):
    with pytest.raises(NothingSelectedError, match="no folder sub-"):
        list_selected(make_raw({}))


def test_one_by_one_and_in_batches_the_same_is_found(make_raw):
    settings = make_raw({f"sub-{n:02d}/anat/sub-{n:02d}_T1w.nii.gz": None for n in range(40)})
    selected = list_selected(settings)
    together = dict(find_all(settings, selected))
    assert list(together) == list(selected)
    assert together["07", None] == find_inputs(settings, "07", None)
    quick = dict(find_all(settings, selected, metadata=False))
    assert {key: _names(item) for key, item in quick.items()} == {
        key: _names(item) for key, item in together.items()
    }


def test_a_database_is_made_once_and_used_again(make_raw, tmp_path):
    settings = make_raw({T1W: None, "sub-01/anat/sub-01_T1w.json": {"EchoTime": 1}})
    settings = replace(settings, bids_database_dir=tmp_path / "database")
    first = find_inputs(settings, "01", None)
    (settings.bids_dir / "sub-01/anat/sub-01_T1w.json").write_text('{"EchoTime": 2}')
    assert find_inputs(settings, "01", None) == first
    assert first.images["T1w"].metadata["EchoTime"] == 1
    assert [item.name for item in (tmp_path / "database").iterdir()] == ["layout_index.sqlite"]


def test_a_damaged_or_foreign_database_is_refused(make_raw, tmp_path):
    settings = make_raw({T1W: None})
    settings = replace(settings, bids_database_dir=tmp_path / "database")
    (tmp_path / "database").mkdir()
    (tmp_path / "database" / "layout_index.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(BadDataError, match="is damaged; delete it"):
        find_inputs(settings, "01", None)
    (tmp_path / "database" / "layout_index.sqlite").unlink()
    find_inputs(settings, "01", None)
    whole = (tmp_path / "database" / "layout_index.sqlite").read_bytes()
    for size in (len(whole) // 2, len(whole) - 4096):
        (tmp_path / "database" / "layout_index.sqlite").write_bytes(whole[:size])
        with pytest.raises(BadDataError, match="is damaged; delete it"):
            find_inputs(settings, "01", None)
    (tmp_path / "database" / "layout_index.sqlite").write_bytes(whole)
    other = tmp_path / "other"
    settings.bids_dir.rename(other)
    with pytest.raises(UsageError, match="is of another"):
        find_inputs(replace(settings, bids_dir=other), "01", None)
