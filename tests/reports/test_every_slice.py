from pathlib import Path

import numpy as np

from bidsapp.findings import Column, Findings, Map, Table
from bidsapp.reports.every_slice import axial_cuts
from bidsapp.reports.group import write_group
from bidsapp.reports.slices import Volume
from bidsapp.reports.subject import write_report
from bidsapp.reports.thumbnails import close_up, write_marks

from .conftest import Fixture
from .pages import Page

COLUMNS = ("index", "name", "place", "active", "marked", "change", "x", "y", "z")


def lesion_findings(output: Fixture, mask: np.ndarray) -> Findings:
    item = Map(
        path=output.image("sub-01/anat/lesion.nii.gz", mask),
        suffix="mask",
        title="Lesions",
        entities={"space": "T1w", "label": "L", "desc": "lesion"},
        display="slices",
        backdrop="FLAIR",
    )
    table = Table(
        title="Lesions",
        suffix="dseg",
        columns=tuple(Column(name=name, description="") for name in COLUMNS),
        rows=((1, "lesion 1", "deep", True, False, "new", 2.0, 2.0, 2.0),),
        display="lesions",
    )
    return output.stranger("01", analysis="ms", maps=(item,), tables=(table,))


def test_cuts_run_through_the_voxels_from_above():
    mask = np.zeros((4, 4, 9), np.float32)
    mask[1, 1, [2, 3, 7]] = 1.0
    affine = np.diag([1.0, 1.0, 2.0, 1.0])
    affine[2, 3] = -5.5
    assert [cut.position for cut in axial_cuts([Volume(mask, affine)])] == [8.5, 0.5, -1.5]
    assert axial_cuts([Volume(np.zeros((3, 3, 3), np.float32), np.eye(4))]) == ()


def test_every_slice_of_several_masks_is_cut_once():
    first, second = np.zeros((2, 4, 4, 4), np.float32)
    first[1, 1, 1:3], second[2, 2, 2:4] = 1.0, 1.0
    cuts = axial_cuts([Volume(first, np.eye(4)), Volume(second, np.eye(4))])
    assert [cut.position for cut in cuts] == [3.0, 2.0, 1.0]


def test_the_report_shows_each_slice_of_a_lesion_and_the_marks_of_its_row(output: Fixture) -> None:
    mask = np.zeros((16, 16, 16))
    mask[8, 8, 5:8] = 1.0
    output.preproc("01").write(output.logs("01") / "findings-preproc.json")
    lesion_findings(output, mask).write(output.logs("01") / "findings-ms.json")
    page = Page(write_report(output.path, "01").read_text())
    assert "Every axial slice with an outline: 3 slices." in page.text
    assert "FLAIR with outlines" in page.text
    assert not page.faults
    marks = [item.get("class") for tag, item in page.elements if tag == "span"]
    assert {"mark active", "mark new"} <= set(marks)
    assert "mark uncertain" not in marks


def test_pages_beyond_the_first_are_folded(output: Fixture) -> None:
    tall = np.zeros((16, 16, 60))
    tall[8, 8, 5:55] = 1.0
    output.preproc("01").write(output.logs("01") / "findings-preproc.json")
    lesion_findings(output, tall).write(output.logs("01") / "findings-ms.json")
    page = Page(write_report(output.path, "01").read_text())
    assert "Lesions, page 1 of 2" in page.text
    assert "more" in [item.get("class") for item in page.all("details")]


def test_an_empty_mask_says_that_none_was_found(output: Fixture) -> None:
    output.preproc("01").write(output.logs("01") / "findings-preproc.json")
    lesion_findings(output, np.zeros((16, 16, 16))).write(output.logs("01") / "findings-ms.json")
    assert "None found." in Page(write_report(output.path, "01").read_text()).text


def test_marks_need_no_columns_and_close_ups_are_centred():
    table = Table(title="", suffix="dseg", columns=(Column(name="x", description=""),), rows=((1.0,),))
    assert write_marks(table) == ((),)
    box = close_up((10.0, 0.0, -4.0), 64.0)
    assert (box.low, box.high) == ((-22.0, -32.0, -36.0), (42.0, 32.0, 28.0))


def test_the_rows_of_all_lesions_go_to_a_table_of_the_group(output: Fixture) -> None:
    lesion_findings(output, np.zeros((16, 16, 16))).write(output.logs("01") / "findings-ms.json")
    names: list[Path] = list(write_group(output.path))
    assert "group_ms_lesions.tsv" in [path.name for path in names]
    assert (
        (output.path / "group_ms_lesions.tsv").read_text().splitlines()[1].startswith("sub-01\tn/a\tLesions")
    )
