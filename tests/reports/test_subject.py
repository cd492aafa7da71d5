from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.findings import Map
from bidsapp.reports import subject as module
from bidsapp.reports.layout import read_layout
from bidsapp.reports.subject import write_report
from bidsapp.status import Step

from .conftest import Fixture
from .pages import Page


def read(output: Fixture, subject: str = "01") -> Page:
    return Page(write_report(output.path, subject).read_text())


def test_a_strangers_findings_are_shown_in_full(output: Fixture) -> None:
    output.add("01")
    page = read(output)
    for text in (
        "Two spots were found.",
        "The water was cold.",
        "1 to 4",
        "90%",
        "Deviation",
        "Spots",
        "Right Somewhere",
        "Leaves were read [",
        "sha256 0123",
        "no PET",
        "conform",
    ):
        assert text in page.text
    alts = [image["alt"] for image in page.all("img")]
    assert "Axial, coronal and sagittal slices through x \N{MINUS SIGN}14, y 6, z 10 mm" in alts
    assert any(alt.startswith("Axial slice at z") for alt in alts)


def test_each_registration_can_be_flickered_by_keyboard(output: Fixture) -> None:
    output.add("01")
    labels = [button["aria-label"] for button in read(output).all("button") if button.get("class") == "flip"]
    assert "FLAIR on T1w, 12 slices: show T1w instead of FLAIR" in labels
    assert "T1w on the template, 12 slices: show MNI152NLin2009cAsym instead of T1w" in labels


def test_the_first_deviant_region_is_the_one_outside_the_band(output: Fixture) -> None:
    output.add("01")
    text = read(output).text
    assert text.index("Right Somewhere") < text.index("Left Elsewhere")


def test_sessions_lie_side_by_side_in_one_page(output: Fixture) -> None:
    output.add("01", "pre")
    output.add("01", "post")
    page = read(output)
    assert "Both sessions finished." in page.text
    assert "Across sessions" in page.text
    assert {"sub-01-ses-pre", "sub-01-ses-post"} <= {item.get("id") for _, item in page.elements}


def test_a_failed_subject_says_what_failed_and_shows_what_there_was(output: Fixture) -> None:
    output.add("01")
    output.status(
        "01", state="failed", error="sub-01_T1w.nii.gz is empty; copy it again.", exit_code=65
    ).write(output.logs("01") / "status.json")
    page = read(output)
    assert "The run failed." in page.text
    assert "sub-01_T1w.nii.gz is empty; copy it again." in page.text
    assert "Two spots were found." in page.text


def test_a_subject_that_failed_at_once_has_a_report(output: Fixture) -> None:
    steps = (Step(name="conform", state="done"), Step(name="brain_mask", state="failed"))
    output.status("01", state="failed", error="No T1w.", steps=steps).write(output.logs("01") / "status.json")
    assert "What failed: No T1w. (In step brain_mask.)" in read(output).text


def test_a_killed_run_is_not_called_finished(output: Fixture) -> None:
    output.status("01", state="running").write(output.logs("01") / "status.json")
    assert "The run did not finish." in read(output).text


def test_missing_and_damaged_images_are_named(output: Fixture) -> None:
    output.add("01")
    (output.path / "sub-01/anat/flair.nii.gz").unlink()
    (output.path / "sub-01/anat/z.nii.gz").write_bytes(b"nonsense")
    page = read(output)
    assert "FLAIR on T1w: flair.nii.gz is missing." in page.text
    assert "Deviation: z.nii.gz cannot be read" in page.text
    assert str(output.path) not in page.text


def test_an_empty_map_says_so(output: Fixture) -> None:
    output.add("01")
    output.image("sub-01/anat/z.nii.gz", np.zeros((16, 16, 16)))
    assert "Nothing exceeds the threshold of 3." in read(output).text


def test_without_any_background_the_report_says_what_it_cannot_draw(output: Fixture) -> None:
    output.stranger("01").write(output.logs("01") / "findings-tea.json")
    assert "Deviation: there is no image of its space to draw it on." in read(output).text


def test_maps_of_odd_shapes_do_not_break_the_page(output: Fixture) -> None:
    series = Map(
        path=output.image("sub-01/pet.nii.gz", np.ones((8, 8, 8, 3))),
        suffix="pet",
        title="PET",
        display="background",
    )
    flat = output.path / "sub-01/flat.nii.gz"
    nib.save(nib.Nifti1Image(np.ones((4, 4), np.float32), np.eye(4)), flat)
    plane = Map(path=Path("sub-01/flat.nii.gz"), suffix="mask", title="Flat", display="contour")
    output.preproc("01", maps=(series, plane)).write(output.logs("01") / "findings-preproc.json")
    assert "Flat: flat.nii.gz is not a 3-D image." in read(output).text


def test_pictures_shrink_until_the_page_keeps_its_limit(
    output: Fixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    output.add("01")
    layout = read_layout()
    full = len(write_report(output.path, "01").read_bytes())
    limits = replace(layout.limits, subject_bytes=full - 1)
    monkeypatch.setattr(module, "read_layout", lambda: replace(layout, limits=limits))
    page = write_report(output.path, "01").read_text()
    assert len(page.encode()) < full
    assert "Pictures were made smaller" in page
    tiny = replace(layout, limits=replace(layout.limits, subject_bytes=1000))
    monkeypatch.setattr(module, "read_layout", lambda: tiny)
    with pytest.raises(BadDataError, match="sub-01"):
        write_report(output.path, "01")
