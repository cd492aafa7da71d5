"""Names and birth dates are told by file and field, never by value, and go no further."""

from __future__ import annotations

import json
import time
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from bidsapp.bids.dataset import prepare_output
from bidsapp.bids.identifiers import header_warnings, identifying_field, without_identifiers
from bidsapp.bids.participants import write_participants
from bidsapp.bids.query import find_inputs
from bidsapp.images.checks import check_image
from bidsapp.images.volume import write_volume
from bidsapp.workflows.resume import run_key

T1W = "sub-01/anat/sub-01_T1w.nii.gz"
SECRETS = ("Doe", "Jane", "19600131", "1960-01-31", "4711", "Hauptstr")
PRIVATE = {
    "PatientName": "Doe^Jane",
    "PatientBirthDate": "1960-01-31",
    "PatientID": "4711",
    "PatientAddress": "Hauptstr. 1",
    "AcquisitionDateTime": "2019-01-31T10:00:00",
    "SeriesDescription": "mprage DOE^JANE",
}


def private_image(path: Path, **fields: bytes) -> Path:
    """Write a head of 8 mm with texts in its header."""
    values = np.random.default_rng(0).random((16, 16, 16)).astype(np.float32)
    made = nib.Nifti1Image(values, np.diag([8.0, 8.0, 8.0, 1.0]))
    for name, text in fields.items():
        made.header[name] = text
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(made, path)
    return path


@pytest.mark.parametrize(
    ("field", "what"),
    [
        ("PatientName", "a person's name"),
        ("patient_birth_date", "a birth date"),
        ("DOB", "a birth date"),
        ("PatientID", "a person's identifier"),
        ("AcquisitionDateTime", "a date of the scan"),
        ("AcquisitionTime", None),
        ("InstitutionAddress", None),
        ("participant_id", None),
        ("PatientSex", None),
    ],
)
def test_fields_are_known_whatever_their_spelling(field, what):
    assert identifying_field(field) == what


@pytest.mark.parametrize("value", ["", "anonymous", "N/A", None, "01", "sub-01"])
def test_an_empty_field_or_the_label_is_no_reason_to_warn(value):
    assert without_identifiers({"PatientName": value}, "x.json", "01")[1] == []


def test_a_date_that_was_shifted_as_bids_wants_it_is_no_reason_to_warn():
    assert without_identifiers({"AcquisitionDateTime": "1901-02-03T04:05:06"}, "x.json", "01")[1] == []


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"descrip": b"DOE^JANE 1.5T"}, "descrip seems to hold a person's name"),
        ({"descrip": b"Doe, Jane"}, "descrip seems to hold a person's name"),
        ({"aux_file": b"31.01.1960"}, "aux_file seems to hold a date"),
        ({"intent_name": b"19600131"}, "intent_name seems to hold a date"),
        ({"db_name": b"patient 4711"}, "db_name seems to hold words on a person"),
        ({"descrip": b"TE=2.9;Time=104310.123;phase=1"}, ""),
        ({"descrip": b"FSL5.0", "aux_file": b"none"}, ""),
    ],
)
def test_texts_of_a_header(tmp_path, fields, where):
    said = header_warnings(private_image(tmp_path / "a.nii.gz", **fields))
    assert len(said) == bool(where)
    assert all(where in text and text.startswith("a.nii.gz: ") for text in said)


@pytest.mark.parametrize(("code", "words"), [(2, "a DICOM extension"), (6, "a header extension")])
def test_extensions_of_a_header(tmp_path, code, words):
    path = private_image(tmp_path / "a.nii.gz")
    made = nib.load(path)
    made = nib.Nifti1Image(np.asarray(made.dataobj), made.affine, made.header)
    made.header.extensions.append(nib.nifti1.Nifti1Extension(code, b"PatientName Doe^Jane 19600131"))
    nib.save(made, tmp_path / "b.nii.gz")
    said = header_warnings(tmp_path / "b.nii.gz")
    assert [words in text for text in said] == [True]


def test_a_long_text_is_looked_through_at_once():
    begin = time.process_time()
    assert without_identifiers({"Comment": "A" * 1_000_000}, "x.json", "01")[1] == []
    assert time.process_time() - begin < 1


def test_nothing_of_it_is_kept_and_every_place_is_named(make_raw, tmp_path):
    settings = make_raw(
        {
            "sub-01/anat/sub-01_T1w.json": {"EchoTime": 0.03, **PRIVATE},
            "participants.tsv": "participant_id\tage\tname\tDOB\nsub-01\t59\tJane Doe\t1960-01-31\n",
        }
    )
    private_image(settings.bids_dir / T1W, descrip=b"Doe^Jane", aux_file=b"19600131")
    inputs = find_inputs(settings, "01", None)
    told = " ".join(inputs.notes)
    for field in (*PRIVATE, "descrip", "aux_file", "name", "DOB"):
        assert f"{field} seems to hold" in told
    assert inputs.images["T1w"].metadata["EchoTime"] == 0.03
    assert inputs.covariates == {"age": 59.0}
    assert not any(secret in repr(inputs) for secret in SECRETS)
    assert run_key(settings, [inputs], {"brain": ""})


def test_headers_and_tables_of_results_hold_none_of_it(make_raw):
    settings = make_raw(
        {"participants.tsv": 'participant_id\tage\tname\nsub-01\t"59\nsub-99\t1"\tJane Doe\n', T1W: None}
    )
    source = private_image(
        settings.bids_dir / T1W, descrip=b"Doe^Jane", aux_file=b"19600131", db_name=b"4711"
    )
    out = settings.output_dir
    target = out / "sub-01" / "anat" / "sub-01_desc-preproc_T1w.nii"
    write_volume(target, check_image(source)[0])
    prepare_output(out, settings, "0")
    write_participants(out, settings.bids_dir)
    assert header_warnings(target) == []
    assert all(
        secret.encode() not in path.read_bytes() for path in (target, *out.glob("*.*")) for secret in SECRETS
    )
    assert (out / "participants.tsv").read_text() == "participant_id\tage\nsub-01\t59 sub-99 1\n"
    assert json.loads((out / "dataset_description.json").read_text())["Name"] == "bidsapp derivatives of raw"
