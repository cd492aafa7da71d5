"""The sample is valid BIDS, says everywhere that it is simulated, and its truth is true."""

from __future__ import annotations

import csv
import json
import math
import shutil
import subprocess
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from bidsapp.errors import CannotWriteError, UsageError
from bidsapp.simulate.sample import write_sample

VOXEL = 3.0


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "sample"
    write_sample(folder, voxel_size=VOXEL)
    return folder


def read_table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def load(path: Path) -> nib.Nifti1Image:
    return nib.as_closest_canonical(nib.load(path))


def validator_errors(folder: Path) -> list[object]:
    program = shutil.which("bids-validator-deno")
    if program is None:
        pytest.skip("bids-validator-deno is not installed")
    done = subprocess.run([program, "--json", str(folder)], capture_output=True, text=True, check=False)
    issues = json.loads(done.stdout)["issues"]["issues"]
    return [issue for issue in issues if issue["severity"] == "error"]


@pytest.mark.parametrize("part", [".", "derivatives/manual"])
def test_the_validator_finds_no_error(sample: Path, part: str) -> None:
    assert validator_errors(sample / part) == []


def test_everything_says_that_it_is_simulated(sample: Path) -> None:
    for path in sample.rglob("*.nii.gz"):
        header = nib.load(path).header
        assert b"SIMULATED" in header["descrip"].tobytes(), path
        assert (
            json.loads(path.with_name(path.name.replace(".nii.gz", ".json")).read_text())["Simulated"] is True
        )
    for description in sample.rglob("dataset_description.json"):
        assert "SIMULATED" in json.loads(description.read_text())["Name"]
        assert (description.parent / "README.md").read_text().startswith("# SIMULATED")
    assert {row["simulated"] for row in read_table(sample / "participants.tsv")} == {"true"}


def test_four_controls_and_three_patients(sample: Path) -> None:
    groups = [row["group"] for row in read_table(sample / "participants.tsv")]
    assert groups.count("control") == 4
    assert groups.count("patient") == 3
    assert len(list(sample.rglob("*_pet.nii.gz"))) >= 2
    assert len(list(sample.rglob("*_ce-gadolinium_T1w.nii.gz"))) == 4


def test_controls_have_no_lesion(sample: Path) -> None:
    assert not list((sample / "derivatives" / "manual").glob("sub-control*/**/*label-L*"))


def test_lesions_have_the_volume_of_the_sphere_that_was_asked_for(sample: Path) -> None:
    tables = list((sample / "derivatives" / "manual").rglob("*_dseg.tsv"))
    assert len(tables) == 4
    for table in tables:
        labels = np.asarray(nib.load(table.with_suffix(".nii.gz")).dataobj)
        for row in read_table(table):
            volume = np.count_nonzero(labels == int(row["index"])) * VOXEL**3
            assert volume == pytest.approx(float(row["volume_mm3"]), abs=0.1)
            assert volume == pytest.approx(math.pi / 6 * float(row["size_mm"]) ** 3, abs=VOXEL**3 / 2 + 0.1)


def test_one_plaque_grows_and_a_new_one_enhances(sample: Path) -> None:
    anat = sample / "derivatives/manual/sub-patient01/ses-02/anat"
    changes = [row["change"] for row in read_table(next(anat.glob("*_dseg.tsv")))]
    assert changes.count("enlarged") == 1
    assert changes.count("new") == 1
    active = np.asarray(load(next(anat.glob("*desc-active_mask.nii.gz"))).dataobj) > 0
    brain = np.asarray(load(next(anat.glob("*desc-brain_mask.nii.gz"))).dataobj) > 0
    enhanced = load(sample / "sub-patient01/ses-02/anat/sub-patient01_ses-02_ce-gadolinium_T1w.nii.gz")
    plain = load(sample / "sub-patient01/ses-02/anat/sub-patient01_ses-02_T1w.nii.gz")
    gain = np.asarray(enhanced.dataobj, dtype=float) / np.maximum(np.asarray(plain.dataobj, dtype=float), 1)
    assert np.median(gain[active]) > 1.3 * np.median(gain[brain])


def test_world_positions_of_lesions_hold_in_flair(sample: Path) -> None:
    stem = "sub-patient01/ses-01/anat/sub-patient01_ses-01"
    row = read_table(sample / f"derivatives/manual/{stem}_space-orig_seg-lesions_dseg.tsv")[0]
    flair = load(sample / f"{stem}_FLAIR.nii.gz")
    world = [float(row[f"world_{axis}"]) for axis in "xyz"]
    voxel = np.round(np.linalg.inv(flair.affine) @ [*world, 1])[:3].astype(int)
    data = np.asarray(flair.dataobj, dtype=float)
    brain_like = np.median(data[data > np.percentile(data, 80)])
    assert data[tuple(voxel)] > 1.15 * brain_like


def test_grey_matter_takes_up_fdg_at_plausible_activity(sample: Path) -> None:
    for path in sample.rglob("*_pet.nii.gz"):
        activity = np.asarray(nib.load(path).dataobj)
        assert 12_000 < np.percentile(activity, 99) < 40_000  # Bq/mL: SUV 5 to 15 for 185 MBq in 61 to 78 kg
        assert activity.min() >= 0


def test_the_same_seed_gives_the_same_bytes_whoever_else_is_written(sample: Path, tmp_path: Path) -> None:
    written = write_sample(tmp_path / "one", subjects=["sub-control02"], voxel_size=VOXEL)
    for path in written:
        assert path.read_bytes() == (sample / path.relative_to(tmp_path / "one")).read_bytes()
    other = write_sample(tmp_path / "two", subjects=["control02"], seed=1, voxel_size=VOXEL)
    assert other[0].read_bytes() != written[0].read_bytes()


def test_headers_agree_with_themselves(sample: Path) -> None:
    for path in sample.rglob("*.nii.gz"):
        image = nib.load(path)
        assert np.allclose(image.get_qform(), image.get_sform(), atol=1e-3)
        assert np.linalg.det(image.affine) != 0


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CannotWriteError, match="empty folder"):
        write_sample(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"subjects": ["nobody"]}, "no subject nobody; choose from control01"),
        ({"voxel_size": 9.0}, "0.8 to 4 mm"),
        ({"seed": -1}, "negative"),
    ],
)
def test_wrong_values_are_named(tmp_path: Path, options: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        write_sample(tmp_path / "sample", **options)  # type: ignore[arg-type]
