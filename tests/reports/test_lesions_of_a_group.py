from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from bidsapp.findings import Findings, Map, Score
from bidsapp.reports.group import write_group
from bidsapp.reports.layout import read_layout
from bidsapp.reports.stability import Steadiness, pooled_cv

from .conftest import Fixture
from .pages import Page


def lesions(output: Fixture, subject: str, session: str | None, load: float, voxels: slice) -> Findings:
    mask = np.zeros((16, 16, 16))
    mask[8, 8, voxels] = 1.0
    item = Map(
        path=output.image(f"sub-{subject}/anat/lesion{session or ''}.nii.gz", mask),
        suffix="mask",
        title="Lesions in standard space",
        entities=read_layout().frequency.entities,
    )
    return Findings(
        analysis="ms",
        title="Lesions",
        subject=subject,
        session=session,
        summary="",
        scores=(Score(name="lesion_load_ml", value=load, unit="mL", description="Load"),),
        maps=(item,),
    )


def add(output: Fixture, subject: str, session: str | None, load: float, voxels: slice) -> None:
    folder = output.logs(subject, session)
    output.preproc(subject, session).write(folder / "findings-preproc.json")
    lesions(output, subject, session, load, voxels).write(folder / "findings-ms.json")


def test_the_map_is_the_share_of_people_and_each_counts_once(output: Fixture) -> None:
    add(output, "01", "a", 2.0, slice(6, 9))
    add(output, "01", "b", 4.0, slice(0, 16))
    add(output, "02", None, 3.0, slice(8, 10))
    written = write_group(output.path)
    path = output.path / read_layout().frequency.file
    assert path in written
    share = np.asarray(nib.load(path).dataobj)
    assert share[8, 8, 5:11].tolist() == [0.0, 50.0, 50.0, 100.0, 50.0, 0.0]
    assert share.sum() == 250.0
    page = Page(written[0].read_text())
    assert "of 2 people" in page.text
    assert not page.faults


def test_within_person_variation_of_the_load(output: Fixture) -> None:
    add(output, "01", "a", 2.0, slice(6, 9))
    add(output, "01", "b", 4.0, slice(6, 9))
    add(output, "02", None, 3.0, slice(6, 9))
    page = Page(write_group(output.path)[0].read_text())
    rows = (output.path / "group_ms_stability.tsv").read_text().splitlines()
    assert rows[1].split("\t") == ["sub-01", "lesion_load_ml", "2", "3", "1.41421", "47.1405"]
    assert len(rows) == 2
    assert "Lesion load 47.1 % 1 1" in page.text


def test_masks_on_other_grids_and_missing_ones_are_named_and_left_out(output: Fixture) -> None:
    for subject in ("01", "02", "03"):
        add(output, subject, None, 1.0, slice(6, 9))
    output.image("sub-02/anat/lesion.nii.gz", np.ones((8, 8, 8)))
    (output.path / "sub-03/anat/lesion.nii.gz").unlink()
    page = Page(write_group(output.path)[0].read_text())
    assert "sub-02: lesion.nii.gz lies on another grid" in page.text
    assert "sub-03: Lesions in standard space: lesion.nii.gz is missing." in page.text
    assert np.asarray(nib.load(output.path / read_layout().frequency.file).dataobj).max() == 100.0


def test_a_cohort_without_lesion_masks_has_no_such_section(output: Fixture) -> None:
    output.add("01")
    written: list[Path] = list(write_group(output.path))
    assert "Lesions of the cohort" not in written[0].read_text()
    assert not [path for path in written if path.suffix == ".gz"]


def test_pooled_variation_is_the_root_mean_square() -> None:
    rows = [Steadiness("01", "load", 2, 1.0, 0.1, 30.0), Steadiness("02", "load", 2, 1.0, 0.1, 40.0)]
    pooled, people = pooled_cv([*rows, Steadiness("03", "load", 2, 0.0, 0.0, None)])["load"]
    assert (pooled, people) == (pytest.approx(np.sqrt(1250)), 2)
