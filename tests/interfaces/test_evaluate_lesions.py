import json
from dataclasses import replace

import numpy as np
import pytest

from bidsapp.bids.sink import write_findings
from bidsapp.errors import BadDataError
from bidsapp.findings import Findings, Map
from bidsapp.images.volume import Volume, read_volume, write_volume
from bidsapp.interfaces.evaluate import EvaluateFindings, evaluate
from bidsapp.interfaces.evaluate_lesions import share_inside


def write_boxes(path, *boxes, voxel_size=1.0, origin=0.0, extent=80.0):
    """Write boxes, as start and stop in mm along all axes, in a cubic field of view."""
    count = round(extent / voxel_size)
    centres = origin + (np.arange(count) + 0.5) * voxel_size
    data = np.zeros((count,) * 3, dtype=np.float32)
    for start, stop in boxes:
        inside = np.flatnonzero((centres > start) & (centres < stop))
        data[np.ix_(inside, inside, inside)] = 1
    affine = np.diag([voxel_size] * 3 + [1.0])
    affine[:3, 3] = origin + voxel_size / 2
    return write_volume(path, Volume(data, affine), dtype=np.uint8)


def findings(path):
    mask = Map(
        path=path,
        suffix="mask",
        title="Lesions",
        entities={"space": "T1w", "label": "L", "desc": "lesion"},
        metadata={"Type": "Lesion"},
        display="contour",
        backdrop="FLAIR",
    )
    return Findings(analysis="ms", title="MS", subject="01", session=None, summary="", maps=(mask,))


def values(found):
    return {score.name: score.value for score in found.scores}


@pytest.fixture
def predicted(tmp_path):
    return write_boxes(tmp_path / "predicted.nii.gz", (4, 8), (20, 23))


def test_each_score_names_its_protocol(tmp_path, predicted):
    manual = write_boxes(tmp_path / "manual.nii.gz", (4, 8), (30, 32))
    found = evaluate(findings(predicted), {"lesion": manual}, tmp_path)
    scores = values(found)
    assert scores["dice"] == pytest.approx(2 * 64 / (64 + 27 + 64 + 8))
    assert scores["volume_error_ml"] == pytest.approx(0.019)
    assert scores["volume_error_relative"] == pytest.approx(100 * 19 / 72)
    assert all(scores[f"{name}_{protocol}"] == 0.5 for name in ("f1", "recall", "precision")
               for protocol in ("anima", "shifts", "isbi"))  # fmt: skip
    words = {score.name: score.description for score in found.scores}
    assert "Anima" in words["recall_anima"]
    assert "manual.nii.gz" in words["hd95_mm"]
    assert "0.1 %" in words["ndsc_shifts"]


def test_a_table_tells_recall_by_size(tmp_path, predicted):
    manual = write_boxes(tmp_path / "manual.nii.gz", (4, 8), (30, 32))
    (table,) = evaluate(findings(predicted), {"lesion": manual}, tmp_path).tables
    assert [column.name for column in table.columns][:4] == ["size", "reference", "found", "recall"]
    assert table.rows == (
        ("3-10", 1, 0, 0.0, 0, 0, None),
        ("10-30", 0, 0, None, 1, 0, 0.0),
        ("30-100", 1, 1, 1.0, 1, 1, 1.0),
        ("> 100", 0, 0, None, 0, 0, None),
    )


def test_another_grid_is_placed_by_world_coordinates(tmp_path, predicted):
    fine = write_boxes(tmp_path / "fine.nii.gz", (4, 8), (20, 23), voxel_size=0.5, origin=-5.0, extent=90.0)
    found = evaluate(findings(predicted), {"lesion": fine}, tmp_path)
    assert values(found)["dice"] == 1.0
    assert found.warnings == ()
    contour = found.maps[-1]
    assert (contour.display, contour.backdrop, contour.entities["space"]) == ("contour", "FLAIR", "T1w")
    assert np.array_equal(read_volume(contour.path).data, read_volume(predicted).data)


def test_a_mask_from_elsewhere_gets_one_sentence(tmp_path, predicted):
    far = write_boxes(tmp_path / "far.nii.gz", (204, 208), origin=200.0)
    found = evaluate(findings(predicted), {"lesion": far}, tmp_path)
    assert (found.scores, found.tables, len(found.maps)) == ((), (), 1)
    (sentence,) = found.warnings
    assert "far.nii.gz" in sentence
    assert "nothing was scored" in sentence


def test_lesions_outside_of_the_field_of_view_are_told(tmp_path, predicted):
    wide = write_boxes(tmp_path / "wide.nii.gz", (4, 8), (84, 88), extent=100.0)
    found = evaluate(findings(predicted), {"lesion": wide}, tmp_path)
    assert found.warnings[0].startswith("50.0% of the lesion volume")
    assert values(found)["recall_anima"] == 1.0


def test_a_patient_without_lesions_may_be_the_reference(tmp_path, predicted):
    empty = write_boxes(tmp_path / "empty.nii.gz")
    scores = values(evaluate(findings(predicted), {"lesion": empty}, tmp_path))
    assert (scores["dice"], scores["recall_anima"], scores["precision_anima"]) == (0.0, None, 0.0)
    assert (scores["hd95_mm"], scores["volume_error_relative"]) == (None, None)
    both = values(evaluate(findings(empty), {"lesion": empty}, tmp_path))
    assert (both["dice"], both["f1_anima"], both["hd95_mm"]) == (1.0, 1.0, 0.0)


def test_a_reference_that_is_no_mask_is_refused(tmp_path, predicted):
    (tmp_path / "broken.nii.gz").write_bytes(b"no image")
    with pytest.raises(BadDataError, match="broken"):
        evaluate(findings(predicted), {"lesion": tmp_path / "broken.nii.gz"}, tmp_path)


def test_share_inside_counts_centres(tmp_path):
    mask = read_volume(write_boxes(tmp_path / "mask.nii.gz", (0, 4), extent=4))
    half = read_volume(write_boxes(tmp_path / "half.nii.gz", origin=2.0, extent=20))
    assert share_inside(mask, mask.grid) == 1.0
    assert share_inside(mask, half.grid) == pytest.approx(1 / 8)
    assert share_inside(mask.with_data(np.zeros_like(mask.data)), half.grid) == 1.0


def test_what_was_compared_is_written_beside_the_findings(tmp_path, predicted):
    """The node reads and writes JSON, and the sink finds a name for each thing that was added."""
    manual = write_boxes(tmp_path / "manual.nii.gz", (4, 8))
    work = tmp_path / "work"
    work.mkdir()
    before = findings(predicted).write(work / "before.json")
    step = EvaluateFindings(findings=str(before), references={"lesion": str(manual)})
    found = Findings.read(type(before)(step.compute(work)["out_file"]))
    written = write_findings(replace(found, session="1"), None, tmp_path / "out")
    folder = tmp_path / "out" / "sub-01" / "ses-1"
    name = "sub-01_ses-1_space-T1w_label-L_desc-reference"
    assert (folder / "figures" / f"{name}_mask.nii.gz").is_file()
    rows = (folder / "anat" / f"{name}_stats.tsv").read_text().splitlines()
    assert rows[3].split("\t") == ["30-100", "1", "1", "1.0", "1", "1", "1.0"]
    columns = json.loads((folder / "anat" / f"{name}_stats.json").read_text())
    assert columns["size"]["Units"] == "mm3"
    assert len(written.scores) == 14
