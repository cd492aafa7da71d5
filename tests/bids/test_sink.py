"""Findings become files that the BIDS validator accepts, whole, and no stale one stays."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from bidsapp.bids.dataset import prepare_output
from bidsapp.bids.participants import write_participants
from bidsapp.bids.query import find_inputs
from bidsapp.bids.sink import outputs, remove_findings, write_findings
from bidsapp.errors import BadDataError, InputOutputError
from bidsapp.findings import Findings, Score
from tests.bids.derivatives import ANALYSES, MNI, PREPROC, TABLES, make_findings, make_maps, make_transforms


@pytest.mark.parametrize("session", [None, "1"])
def test_every_name_of_the_derivatives_list_passes_the_validator(make_raw, bids_errors, tmp_path, session):
    stem, folder = ("sub-01", "sub-01") if session is None else ("sub-01_ses-1", "sub-01/ses-1")
    settings = make_raw(
        {
            "participants.tsv": "participant_id\tage\tname\nsub-01\t30\tA\n",
            f"{folder}/anat/{stem}_T1w.nii.gz": None,
            f"{folder}/pet/{stem}_trc-18FFDG_pet.nii.gz": None,
        }
    )
    inputs = find_inputs(settings, "01", session)
    out = settings.output_dir
    prepare_output(out, settings, "0.1.0")
    maps = (*make_maps(tmp_path / "a", PREPROC), *make_transforms(tmp_path / "a"))
    placed = write_findings(make_findings(maps, session=session), inputs, out)
    more = make_findings(
        make_maps(tmp_path / "b", ANALYSES), session=session, analysis="anomaly", tables=TABLES
    )
    write_findings(more, inputs, out)
    write_participants(out, settings.bids_dir)
    (out / "sub-01.html").write_text("<p>report</p>")
    (out / folder / "figures").mkdir()
    (out / folder / "figures" / "x.png").write_bytes(b"x")
    (out / "work").mkdir()
    (out / "group_anomaly.tsv").write_text("a\n1\n")
    (out / "work" / "x.nii.gz").write_bytes(b"x")
    assert bids_errors(out) == []
    assert all((out / item.path).is_file() for item in placed.maps)
    assert {item.entities.get("trc") for item in placed.maps if item.suffix == "pet"} == {"18FFDG"}


def test_sidecars_say_sources_and_references_as_uris(make_raw, tmp_path):
    settings = make_raw({"sub-01/anat/sub-01_T1w.nii.gz": None, "sub-01/anat/sub-01_FLAIR.nii.gz": None})
    inputs = find_inputs(settings, "01", None)
    out = settings.output_dir
    write_findings(make_findings(make_maps(tmp_path / "a", PREPROC)), inputs, out)
    anat = out / "sub-01" / "anat"
    flair = json.loads((anat / "sub-01_space-T1w_desc-preproc_FLAIR.json").read_text())
    assert flair["Sources"] == ["bids:raw:sub-01/anat/sub-01_FLAIR.nii.gz"]
    assert flair["SpatialReference"] == "bids::sub-01/anat/sub-01_desc-preproc_T1w.nii.gz"
    standard = json.loads((anat / f"sub-01_space-{MNI}_res-2_desc-preproc_T1w.json").read_text())
    assert standard["Resolution"] == "2 mm isotropic"
    sources = [
        "sub-01_T1w.nii.gz",
        inputs.images["T1w"].path,
        out / "sub-01/anat/x.nii.gz",
        tmp_path / "elsewhere.nii.gz",
    ]
    (item,) = make_maps(tmp_path / "b", [("anat", {"desc": "brain"}, "mask", {"Sources": sources})])
    write_findings(make_findings((item,), analysis="other"), None, out)
    mask = json.loads((anat / "sub-01_desc-brain_mask.json").read_text())
    raw = "bids:raw:sub-01/anat/sub-01_T1w.nii.gz"
    assert mask["Sources"] == [raw, raw, "bids::sub-01/anat/x.nii.gz"]


def test_a_source_is_told_by_its_name_wherever_the_dataset_lies(tmp_path):
    dataset, name = "/home/me/work/sub-01/bids", "sub-01/ses-1/anat/sub-01_ses-1"
    sources = [
        f"{dataset}/{name}_T1w.nii.gz",
        f"{dataset}/derivatives/drawn/{name}_label-L_mask.nii.gz",
        "/scratch/bidsapp-1.0/sub-01/sub_01_wf/ses_1_wf/align/x.nii.gz",
    ]
    (item,) = make_maps(tmp_path / "a", [("anat", {"desc": "brain"}, "mask", {"Sources": sources})])
    placed = write_findings(make_findings((item,), session="1"), None, tmp_path / "out")
    assert placed.maps[0].metadata["Sources"] == [
        f"bids:raw:{name}_T1w.nii.gz",
        f"bids:raw:derivatives/drawn/{name}_label-L_mask.nii.gz",
    ]


def test_a_spatial_reference_is_the_file_that_was_written(tmp_path):
    entries = [
        ("anat", {"ce": "gadolinium", "desc": "preproc"}, "T1w", {"SkullStripped": False}),
        ("pet", {"space": "T1w", "desc": "suvr"}, "pet", {"SkullStripped": False}),
    ]
    head, pet = write_findings(make_findings(make_maps(tmp_path / "a", entries)), None, tmp_path / "out").maps
    assert pet.metadata["SpatialReference"] == f"bids::{head.path.as_posix()}"


def test_tables_have_gaps_and_units_as_bids_wants_them(tmp_path):
    write_findings(make_findings(tables=TABLES), None, tmp_path)
    path = tmp_path / "sub-01/anat/sub-01_seg-anomaly_dseg.tsv"
    assert path.read_text() == (
        "index\tname\tvolume\tpeak_z\n1\tfrontal pole left\t12.5\tn/a\n2\tb\tn/a\t3.0\n"
    )
    columns = json.loads(path.with_suffix(".json").read_text())
    assert columns["volume"] == {"Description": "Volume", "Units": "mm3"}


def test_what_is_written_reads_back_with_relative_paths(tmp_path):
    score = Score(name="dice", value=0.5, description="d", interval=(0.1, 0.9))
    maps = make_maps(tmp_path / "a", PREPROC[:1])
    placed = write_findings(make_findings(maps, scores=(score,)), None, tmp_path / "out")
    assert placed.maps[0].path == Path("sub-01/anat/sub-01_desc-preproc_T1w.nii.gz")
    assert Findings.read(tmp_path / "out/logs/sub-01/findings-preproc.json") == placed
    assert [str(name) for name in outputs(placed, tmp_path / "out")] == [
        "logs/sub-01/findings-preproc.json",
        "sub-01/anat/sub-01_desc-preproc_T1w.json",
        "sub-01/anat/sub-01_desc-preproc_T1w.nii.gz",
    ]


def test_writing_twice_gives_the_same_bytes_and_an_unpacked_image_is_packed(tmp_path):
    (item,) = make_maps(tmp_path / "a", PREPROC[:1])
    plain = tmp_path / "a" / "plain.nii"
    plain.write_bytes(gzip.decompress(item.path.read_bytes()))
    name = "sub-01/anat/sub-01_desc-preproc_T1w.nii.gz"
    written = []
    for folder in ("one", "two"):
        write_findings(make_findings((replace(item, path=plain),)), None, tmp_path / folder)
        written.append((tmp_path / folder / name).read_bytes())
    assert written[0] == written[1]
    assert gzip.decompress(written[0]) == plain.read_bytes()


def test_files_of_an_earlier_run_that_are_no_longer_found_are_removed(tmp_path):
    maps = make_maps(tmp_path / "a", PREPROC[:3])
    out = tmp_path / "out"
    write_findings(make_findings(maps, tables=TABLES[:1]), None, out)
    other = write_findings(make_findings(make_maps(tmp_path / "b", ANALYSES[:1]), analysis="ms"), None, out)
    write_findings(make_findings(maps[:1]), None, out)
    left = {path.name for path in (out / "sub-01/anat").iterdir()}
    assert left == {
        "sub-01_desc-preproc_T1w.nii.gz",
        "sub-01_desc-preproc_T1w.json",
        other.maps[0].path.name,
        other.maps[0].path.with_suffix("").with_suffix(".json").name,
    }


def test_findings_are_removed_with_their_files_and_no_other(tmp_path):
    out = tmp_path / "out"
    kept = write_findings(make_findings(make_maps(tmp_path / "a", PREPROC[:2])), None, out)
    write_findings(
        make_findings(make_maps(tmp_path / "b", ANALYSES), analysis="ms", tables=TABLES), None, out
    )
    remove_findings(out, "01", None, "ms")
    remove_findings(out, "01", None, "ms")
    left = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert left == {str(name) for name in outputs(kept, out)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"path": Path("nowhere.nii.gz")}, "does not exist"),
        ({"extension": ".h5"}, "not a file of type"),
        ({"entities": {"foo": "1"}}, "not known to BIDS"),
        ({"metadata": {}}, "lacks SkullStripped"),
        ({"metadata": {"SkullStripped": True, "a": float("nan")}}, "cannot be written as JSON"),
    ],
)
def test_a_map_that_cannot_be_named_or_written_is_refused(tmp_path, change, said):
    (item,) = make_maps(tmp_path / "a", PREPROC[:1])
    with pytest.raises(BadDataError, match=said):
        write_findings(make_findings((replace(item, **change),)), None, tmp_path / "out")
    assert not (tmp_path / "out/logs").exists()


def test_two_maps_of_one_name_are_refused(tmp_path):
    (item,) = make_maps(tmp_path / "a", PREPROC[:1])
    with pytest.raises(BadDataError, match="two maps of the name"):
        write_findings(make_findings((item, item)), None, tmp_path / "out")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device on this system")
def test_a_full_disk_leaves_the_earlier_file(tmp_path, monkeypatch):
    (item,) = make_maps(tmp_path / "a", PREPROC[:1])
    placed = write_findings(make_findings((item,)), None, tmp_path)
    before = (tmp_path / placed.maps[0].path).read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputOutputError, match="No space left"):
        write_findings(make_findings((item,)), None, tmp_path)
    monkeypatch.undo()
    assert (tmp_path / placed.maps[0].path).read_bytes() == before
    assert not list(tmp_path.rglob("*.tmp"))
