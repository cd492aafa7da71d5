"""pybids is given nothing that was not judged, and names that no path can have are refused."""

from __future__ import annotations

import os

import pytest

from bidsapp.bids.query import find_all, find_inputs, list_selected
from bidsapp.bids.tables import as_value, read_covariates
from bidsapp.errors import BadDataError, BidsAppError, NoInputError

T1W = "sub-01/anat/sub-01_T1w.nii.gz"
SIDECAR = "sub-01/anat/sub-01_T1w.json"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"EchoTime": NaN}', "NaN is no number of JSON"),
        ('{"EchoTime": 1e999}', "a number is too large"),
        ('{"EchoTime": 1, "EchoTime": 2}', "is there twice"),
        ("[" * 100_000, "nested too deeply"),
        ('{"EchoTime": ' * 900 + "1" + "}" * 900, "nested too deeply"),
    ],
)
@pytest.mark.parametrize("name", [SIDECAR, "T1w.json"])
def test_a_sidecar_that_pybids_would_choke_on_or_take_is_refused(make_raw, name, content, words):
    settings = make_raw({T1W: None, name: content})
    with pytest.raises(BadDataError, match=words) as caught:
        find_inputs(settings, "01", None)
    assert str(settings.bids_dir / name) in str(caught.value)


def test_a_pipe_among_sidecars_and_one_among_images(make_raw):
    settings = make_raw({T1W: None, "sub-02/anat/sub-02_T1w.nii.gz": None})
    os.mkfifo(settings.bids_dir / SIDECAR)
    with pytest.raises(NoInputError, match="a pipe or device"):
        find_inputs(settings, "01", None)
    os.mkfifo(settings.bids_dir / "sub-02/anat/sub-02_FLAIR.nii.gz")
    found = find_inputs(settings, "02", None)
    assert set(found.images) == {"T1w"}
    assert any("sub-02_FLAIR.nii.gz was left out: it is no plain file" in note for note in found.notes)


def test_a_configuration_of_pybids_in_a_dataset_is_not_read(make_raw):
    settings = make_raw({T1W: None, "layout_config.json": "{", "sub-01/layout_config.json": "{"})
    assert set(find_inputs(settings, "01", None).images) == {"T1w"}


@pytest.mark.parametrize("label", ["a b", "x\n", "é", "..", "1_2", "\x1b[2J"])
def test_a_folder_with_an_odd_label_fails_alone(make_raw, label):
    settings = make_raw({T1W: None, f"sub-{label}/anat/x.json": "{}"})
    found = dict(find_all(settings, list_selected(settings)))
    assert set(found["01", None].images) == {"T1w"}
    error = found[label, None]
    assert isinstance(error, BidsAppError)
    assert "is no name of BIDS" in str(error)
    assert str(error).isprintable()


def test_tables_of_a_million_rows_of_one_label_or_of_short_rows_do_not_hang(make_raw):
    rows = "sub-01\t1\n" * 100_000
    settings = make_raw({T1W: None, "participants.tsv": "participant_id\tage\n" + rows})
    assert read_covariates(settings.bids_dir, "01", None)[0] == {"age": 1.0}
    (settings.bids_dir / "participants.tsv").write_text(
        "participant_id" + "\tx" * 10_000 + "\n" + "1\n" * 10_000
    )
    with pytest.raises(BadDataError, match="more than a table of people"):
        read_covariates(settings.bids_dir, "01", None)


def test_a_number_that_is_none_stays_text():
    assert as_value("1e999") == ("1e999", "")
    assert as_value("9" * 400) == ("9" * 400, "")
