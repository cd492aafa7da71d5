"""BOLD and dynamic PET through their nodes, on the template as the head, with signals that are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from bidsapp.errors import NoInputError
from bidsapp.images.volume import read_volume
from bidsapp.interfaces.bold import PrepareBold
from bidsapp.interfaces.confounds import confound_table
from bidsapp.interfaces.dynamic_pet import PrepareDynamicPet
from bidsapp.interfaces.series import TakeSignals
from tests.template_head import LENGTHS, PET, STARTS, labels_of, write_frames, write_head, write_pet

FRAMES, REPETITION = 48, 2.0
SLOW = ("Thalamus", "PCu")
NODS = np.random.default_rng(1).normal(0, 0.1, FRAMES)  # movement of the head forwards, mm
SHIFT = np.array([4.0, -3.0, 2.0])  # of the BOLD image's header against the anatomy, mm


@pytest.fixture(scope="module")
def head(tmp_path_factory):
    return write_head(tmp_path_factory.mktemp("head"))


def anatomy(files):
    """Give what dynamic PET needs of the head."""
    return {name: files[name] for name in ("reference", "mask", "standard_to_native")}


def run(interface, folder):
    folder.mkdir(parents=True, exist_ok=True)
    return interface.run(cwd=folder).outputs


@pytest.fixture(scope="module")
def planted():
    times = np.arange(FRAMES) * REPETITION
    return {part: np.sin(2 * np.pi * f * times) for part, f in zip(SLOW, (0.03, 0.07), strict=True)}


@pytest.fixture(scope="module")
def bold(head, planted, tmp_path_factory):
    files, image, labels = head
    folder = tmp_path_factory.mktemp("bold")
    rng = np.random.default_rng(0)
    inside = image.data > 0.1
    data = np.where(inside, 1300 - 700 * image.data, 0)[..., None] + rng.normal(0, 3, (*inside.shape, FRAMES))
    for part, signal in planted.items():
        data[np.isin(labels, labels_of(part))] += 15 * signal
    for frame, moved in enumerate(NODS):
        data[..., frame] = ndimage.shift(data[..., frame], (0, moved / 6.0, 0), order=3)
    affine = image.affine.copy()
    affine[:3, 3] += SHIFT
    in_file = write_frames(folder / "sub-1_task-rest_bold.nii.gz", data, affine)
    metadata = json.dumps({"RepetitionTime": REPETITION})
    node = PrepareBold(modality="bold", in_file=in_file, metadata=metadata, **files)
    return run(node, folder / "out")


def test_signals_of_regions_are_those_that_were_planted(bold, planted):
    table = pd.read_csv(bold.series[0], sep="\t")
    content = json.loads(Path(bold.series[0]).with_suffix(".json").read_text())
    assert bold.series_keys == ["bold"]
    assert len(table) == len(content["FrameTimesStart"]) == FRAMES
    assert content["SamplingFrequency"] == 0.5
    assert not any("White_Matter" in name or "Ventricle" in name for name in table)
    for part, signal in planted.items():
        own = [name for name in table if part in name]
        assert own
        # the filter bends 48 frames at both ends
        assert all(np.corrcoef(table[name], signal)[0, 1] > 0.7 for name in own), part
        silent = max(table[name].std() for name in table if "MFG" in name)
        assert all(table[name].std() > 20 * silent for name in own), part


def test_maps_are_on_the_anatomy_and_high_where_neighbours_agree(bold, head):
    _, image, labels = head
    volumes = dict(zip(bold.volume_keys, (read_volume(Path(path)) for path in bold.volumes), strict=True))
    assert set(volumes) == {"alff", "reho"}
    thalamus = np.isin(labels, labels_of("Thalamus"))
    elsewhere = np.isin(labels, labels_of("MFG"))
    for volume in volumes.values():
        assert volume.grid.same_as(image.grid)
        assert volume.data[thalamus].mean() > 1.5 * volume.data[elsewhere].mean()


def test_figures_of_a_scan_whose_motion_is_known(bold):
    figures = json.loads(Path(bold.quality[0]).read_text())
    assert figures["mean_fd"] == pytest.approx(np.abs(np.diff(NODS)).mean(), rel=0.2)
    assert figures["scrubbed_share"] == 0
    assert figures["usable_frames"] == FRAMES
    assert figures["tsnr"] > 30
    assert any("slice timing is not known" in note for note in bold.notes)
    assert not any("covers only" in note for note in bold.notes)


def test_confounds_are_the_motion_that_was_made(bold):
    table = confound_table(Path(bold.confounds[0]), {"bold": {"task": "rest"}})
    assert dict(table.entities) == {"task": "rest", "desc": "confounds"}
    columns = [column.name for column in table.columns]
    rows = pd.DataFrame(table.rows, columns=columns)
    figures = json.loads(Path(bold.quality[0]).read_text())
    assert len(rows) == FRAMES
    assert rows["kept"].all()
    assert pd.isna(rows["framewise_displacement"][0])
    assert rows["framewise_displacement"].mean() == pytest.approx(figures["mean_fd"], rel=1e-4)
    assert rows["dvars"].mean() == pytest.approx(figures["dvars"], rel=1e-4)
    assert np.corrcoef(rows["trans_y"], NODS)[0, 1] ** 2 > 0.9


def test_a_series_of_twenty_frames_costs_itself_alone(head, tmp_path):
    files, image, _ = head
    data = np.repeat(image.data[..., None], 20, axis=3)
    in_file = write_frames(tmp_path / "short_bold.nii.gz", data, image.affine)
    node = PrepareBold(modality="bold", in_file=in_file, metadata='{"RepetitionTime": 2}', **files)
    found = run(node, tmp_path / "out")
    assert (found.volumes, found.series, found.quality) == ([], [], [])
    assert found.notes == [
        "short_bold.nii.gz: bold was left out: it has 20 frames, too few for signals at rest (at least 34); "
        "leave it out."
    ]


@pytest.fixture(scope="module")
def pet(head, tmp_path_factory):
    files, image, labels = head
    folder = tmp_path_factory.mktemp("pet")
    in_file = write_pet(folder, image, labels)
    node = PrepareDynamicPet(modality="pet", in_file=in_file, metadata=json.dumps(PET), **anatomy(files))
    return run(node, folder / "out"), in_file


def test_dynamic_pet_gives_uptake_ratio_and_slope(pet, head):
    found, _ = pet
    _, _, labels = head
    volumes = dict(zip(found.volume_keys, (read_volume(Path(path)) for path in found.volumes), strict=True))
    thalamus = np.isin(labels, labels_of("Thalamus"))
    assert set(volumes) == {"pet", "patlak"}
    late = 1 + 0.02 * 50  # the window is the last 20 minutes, its middle 50 minutes
    assert np.median(volumes["pet"].data[thalamus]) == pytest.approx(late, rel=0.03)
    assert np.median(volumes["patlak"].data[thalamus]) == pytest.approx(0.02, rel=0.03)


def test_activity_of_regions_keeps_the_uneven_frames(pet):
    found, _ = pet
    table = pd.read_csv(found.series[0], sep="\t")
    content = json.loads(Path(found.series[0]).with_suffix(".json").read_text())
    assert content["FrameDuration"] == LENGTHS
    assert content["Units"] == "kBq/mL"
    assert table["Left_Thalamus_Proper"].iloc[-1] == pytest.approx(10 * (1 + 0.02 * 55), rel=0.03)
    assert table["Left_Cerebellum_Exterior"].iloc[-1] == pytest.approx(10, rel=0.03)


def test_timing_that_disagrees_costs_pet_alone(pet, head, tmp_path):
    _, in_file = pet
    metadata = json.dumps({**PET, "FrameTimesStart": STARTS[:-1]})
    node = PrepareDynamicPet(modality="pet", in_file=in_file, metadata=metadata, **anatomy(head[0]))
    found = run(node, tmp_path / "out")
    assert found.volumes == []
    assert "pet was left out: FrameTimesStart has 8 entries for 9 PET frames" in found.notes[0]


def test_pet_whose_injection_is_unknown_has_an_uptake_ratio_and_no_slope(pet, head, tmp_path):
    _, in_file = pet
    metadata = json.dumps({key: value for key, value in PET.items() if key != "InjectionStart"})
    node = PrepareDynamicPet(modality="pet", in_file=in_file, metadata=metadata, **anatomy(head[0]))
    found = run(node, tmp_path / "out")
    assert found.volume_keys == ["pet"]
    assert found.notes[-1] == (
        f"{Path(in_file).name}: no slope was computed: InjectionStart is missing or no number; give the "
        "seconds from time zero to the injection in its sidecar."
    )
    content = json.loads(Path(found.series[0]).with_suffix(".json").read_text())
    assert content["Description"].endswith("times after time zero of the scan")


def take(tmp_path, rows, sidecar, header="PCC\tM1"):
    path = tmp_path / "sub-1_task-rest_timeseries.tsv"
    path.write_text("\n".join([header, *rows]) + "\n")
    node = TakeSignals(modality="timeseries", in_file=str(path), metadata=json.dumps(sidecar))
    return run(node, tmp_path / "out")


ROWS = ["0.5\t-1", "0.25\tn/a", *(f"{number}\t2" for number in range(10))]


def test_ready_signals_are_taken_as_they_are(tmp_path):
    found = take(tmp_path, ROWS, {"RepetitionTime": 2})
    table = pd.read_csv(found.series[0], sep="\t")
    content = json.loads(Path(found.series[0]).with_suffix(".json").read_text())
    assert table["PCC"].tolist() == [0.5, 0.25, *range(10)]
    assert np.isnan(table["M1"][1])
    assert content["FrameTimesStart"] == [2 * number for number in range(12)]
    assert "nothing was realigned" in found.notes[0]
    assert "only 12 frames are there" in found.notes[1]


def test_frames_that_were_left_out_before_stay_gaps_in_time(tmp_path):
    starts = [2.0 * number for number in range(13) if number != 4]
    found = take(tmp_path, ROWS, {"SamplingFrequency": 0.5, "FrameTimesStart": starts})
    content = json.loads(Path(found.series[0]).with_suffix(".json").read_text())
    assert content["FrameTimesStart"] == starts
    assert content["FrameDuration"] == [2.0] * 12


@pytest.mark.parametrize(
    ("rows", "sidecar", "said"),
    [
        (ROWS, {}, "no RepetitionTime or SamplingFrequency"),
        (ROWS, {"RepetitionTime": 2, "SamplingFrequency": 1}, "disagree"),
        (ROWS, {"RepetitionTime": 2, "FrameTimesStart": [0, 2, 4]}, "3 entries for 12 frames"),
        (ROWS, {"RepetitionTime": 2, "FrameTimesStart": list(range(12))}, "closer than the 2 s"),
        (ROWS, {"RepetitionTime": 2, "FrameTimesStart": "0 2 4"}, "no list of numbers"),
        (ROWS[:9], {"RepetitionTime": 2}, "it has 9 frames, too few"),
        (["1\tx", *ROWS], {"RepetitionTime": 2}, "no table of signals"),
        ([*ROWS, "3"], {"RepetitionTime": 2}, "uneven length"),
    ],
)
def test_signals_that_cannot_be_used_are_said_in_a_sentence(tmp_path, rows, sidecar, said):
    found = take(tmp_path, rows, sidecar)
    assert found.series == []
    assert said in found.notes[0]


def test_two_columns_of_one_name_are_refused(tmp_path):
    found = take(tmp_path, ROWS, {"RepetitionTime": 2}, header="PCC\tPCC")
    assert found.series == []
    assert "two columns of one name" in found.notes[0]


def test_a_file_that_went_away_fails_its_step_and_is_no_bad_modality(tmp_path):
    table = tmp_path / "sub-1_task-rest_timeseries.tsv"
    table.write_text("DMN.PCC\n0.1\n")
    node = TakeSignals(modality="timeseries", in_file=str(table))
    table.unlink()
    with pytest.raises(NoInputError, match=r"timeseries\.tsv cannot be read"):
        node.compute(tmp_path)
