"""A cohort comes from derivatives alone; a broken or missing file costs its own entry and no more."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from bidsapp.bids.cohort import read_cohort
from bidsapp.bids.collect import collect_findings
from bidsapp.bids.sink import write_findings
from bidsapp.errors import NoInputError, NothingSelectedError, UsageError
from bidsapp.findings import Findings, Map
from bidsapp.layout import findings_file, status_file
from bidsapp.status import RunStatus

MNI = "MNI152NLin2009cAsym"
NAMES = [
    ({"desc": "preproc"}, "T1w", "anat", ".nii.gz"),
    ({"space": "T1w", "desc": "preproc"}, "FLAIR", "anat", ".nii.gz"),
    ({"ce": "gadolinium", "space": "T1w", "desc": "preproc"}, "T1w", "anat", ".nii.gz"),
    ({"trc": "18FFDG", "space": "T1w", "desc": "suvr"}, "pet", "pet", ".nii.gz"),
    ({"desc": "brain"}, "mask", "anat", ".nii.gz"),
    ({"label": "GM"}, "probseg", "anat", ".nii.gz"),
    ({}, "dseg", "anat", ".nii.gz"),
    ({"task": "rest", "space": "T1w", "stat": "reho"}, "boldmap", "func", ".nii.gz"),
    ({"trc": "18FFDG", "space": "T1w", "desc": "patlak"}, "pet", "pet", ".nii.gz"),
    ({"trc": "18FFDG", "seg": "atlas", "desc": "preproc"}, "timeseries", "pet", ".tsv"),
    ({"task": "rest", "desc": "preproc"}, "timeseries", "func", ".tsv"),
    ({"space": MNI, "res": "1", "desc": "preproc"}, "T1w", "anat", ".nii.gz"),
    ({"space": MNI, "res": "2", "desc": "preproc"}, "T1w", "anat", ".nii.gz"),
    ({"space": MNI, "res": "2", "desc": "brain"}, "mask", "anat", ".nii.gz"),
    ({"from": "T1w", "to": MNI, "mode": "image"}, "xfm", "anat", ".h5"),
    ({"from": MNI, "to": "T1w", "mode": "image"}, "xfm", "anat", ".h5"),
]


def _preprocess(out: Path, subject: str, session: str | None = None, names=NAMES) -> Findings:
    work = out.parent / "work"
    work.mkdir(exist_ok=True)
    maps = []
    for number, (entities, suffix, datatype, extension) in enumerate(names):
        path = work / f"{number}{extension}"
        path.write_bytes(b"x")
        maps.append(
            Map(
                path=path,
                suffix=suffix,
                title="",
                entities=entities,
                datatype=datatype,
                extension=extension,
                metadata={"SkullStripped": False},
            )
        )
    findings = Findings(
        analysis="preproc", title="", subject=subject, session=session, summary="", maps=tuple(maps)
    )
    return write_findings(findings, None, out)


def test_maps_are_found_by_their_entities(tmp_path):
    out = tmp_path / "out"
    _preprocess(out, "01", "a")
    (member,) = read_cohort([out]).members
    assert (member.subject, member.session) == ("01", "a")
    anatomy = {"T1w", "FLAIR", "ce-gadolinium_T1w", "mask", "GM"}
    assert set(member.native) == {*anatomy, "pet", "patlak", "reho"}
    assert {key: path.parent.name for key, path in member.series.items()} == {"bold": "func", "pet": "pet"}
    assert set(member.standard) == {"T1w", "mask"}
    assert "res-2" in member.standard["T1w"].name
    assert {key: path.name for key, path in member.transforms.items()} == {
        "native_to_standard": f"sub-01_ses-a_from-T1w_to-{MNI}_mode-image_xfm.h5",
        "standard_to_native": f"sub-01_ses-a_from-{MNI}_to-T1w_mode-image_xfm.h5",
    }
    assert all(path.is_file() for path in (*member.native.values(), *member.standard.values()))


def test_covariates_come_from_the_derivatives_and_more_from_raw_data(tmp_path):
    out, raw = tmp_path / "out", tmp_path / "raw"
    for label in ("01", "02", "03"):
        _preprocess(out, label)
    (out / "participants.tsv").write_text(
        "participant_id\tage\tgroup\nsub-01\t30\tcontrol\nsub-02\t40\tcontrol\nsub-03\tn/a\tpatient\n"
    )
    assert read_cohort([out], controls="group == 'control' and age > 35").subjects == ("02",)
    raw.mkdir()
    (raw / "participants.tsv").write_text("participant_id\tage\tcrsr\nsub-01\t31\t12\nsub-03\tn/a\t7\n")
    cohort = read_cohort([out], bids_dir=raw, target="crsr")
    assert [dict(member.covariates) for member in cohort.members] == [
        {"age": 31.0, "group": "control", "crsr": 12.0},
        {"group": "patient", "crsr": 7.0},
    ]
    assert read_cohort([out], participant_label=("sub-03",)).subjects == ("03",)
    assert read_cohort([out], exclude_participant_label=("sub-03",)).subjects == ("01", "02")
    with pytest.raises(NothingSelectedError, match="sub-9 is not preprocessed"):
        read_cohort([out], participant_label=("03", "9"))


def test_controls_stand_apart_and_need_no_target(tmp_path):
    bids, out = tmp_path / "bids", tmp_path / "out"
    bids.mkdir()
    rows = [
        "participant_id\tgroup\tcrs_r",
        "sub-01\tpatient\t7",
        "sub-02\tcontrol\tn/a",
        "sub-03\tpatient\tn/a",
    ]
    (bids / "participants.tsv").write_text("\n".join(rows) + "\n")
    for subject in ("01", "02", "03"):
        _preprocess(out, subject, names=NAMES[:1])
    chosen = {"bids_dir": bids, "controls": "group == 'control'"}
    cohort = read_cohort([out], apart=True, target="crs_r", **chosen)
    assert cohort.subjects == ("01",)
    assert [control.subject for control in cohort.controls] == ["02"]
    assert [c.subject for c in cohort.where(lambda member: False).controls] == ["02"]
    assert read_cohort([out], apart=True, **chosen).subjects == ("01", "03")
    assert read_cohort([out], **chosen).subjects == ("02",)
    assert read_cohort([out], **chosen).controls == ()


def test_predictions_never_come_back_as_covariates(tmp_path):
    out = tmp_path / "out"
    _preprocess(out, "01")
    (out / "phenotype").mkdir()
    (out / "phenotype" / "crsrpredicted.tsv").write_text("participant_id\tcrsr\nsub-01\t12\n")
    assert dict(read_cohort([out]).members[0].covariates) == {}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"controls": "group == 'none'"}, NothingSelectedError),
        ({"controls": "grouq == 'control'"}, UsageError),
        ({"target": "crsr"}, UsageError),
        ({"participant_label": ("09",)}, NothingSelectedError),
    ],
)
def test_an_empty_cohort_says_why(tmp_path, options, error):
    out = tmp_path / "out"
    _preprocess(out, "01")
    (out / "participants.tsv").write_text("participant_id\tgroup\nsub-01\tcontrol\n")
    with pytest.raises(error):
        read_cohort([out], **options)


def test_a_second_folder_adds_what_the_first_lacks(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    _preprocess(one, "01", names=NAMES[:1])
    _preprocess(two, "01", names=NAMES[:2])
    _preprocess(two, "02", names=NAMES[:1])
    first, second = read_cohort([one, two]).members
    assert set(first.native) == {"T1w", "FLAIR"}
    assert first.native["T1w"].is_relative_to(one)
    assert second.subject == "02"


def test_a_missing_file_is_left_out_and_said(tmp_path, caplog):
    out = tmp_path / "out"
    placed = _preprocess(out, "01", names=NAMES[:2])
    (out / placed.maps[1].path).unlink()
    with caplog.at_level(logging.WARNING):
        (member,) = read_cohort([out]).members
    assert set(member.native) == {"T1w"}
    assert "FLAIR" in caplog.text


def test_broken_findings_and_status_cost_a_sentence_each(tmp_path, caplog):
    out = tmp_path / "out"
    for label in ("01", "02"):
        _preprocess(out, label, "a")
        RunStatus(subject=label, session="a", state="done", version="0").write(status_file(out, label, "a"))
    findings_file(out, "01", "a", "preproc").write_text("{")
    status_file(out, "02", "a").write_bytes(b"\xff\x00")
    with caplog.at_level(logging.WARNING):
        assert [item.subject for item in collect_findings(out)] == ["02"]
    assert len(caplog.messages) == 2
    assert "findings-preproc.json" in caplog.messages[0]
    assert "status.json" in caplog.messages[1]


def test_findings_that_the_last_run_was_to_renew_and_has_not_are_left_out(tmp_path, caplog):
    out = tmp_path / "out"
    findings = _preprocess(out, "01", names=NAMES[:1])
    for name in ("anomaly", "coma", "ms"):
        write_findings(replace(findings, analysis=name, maps=()), None, out)
    status = RunStatus(
        subject="01", session=None, state="failed", version="0", undone=("ms",), skipped={"coma": "no PET"}
    )
    status.write(status_file(out, "01", None))
    with caplog.at_level(logging.WARNING):
        assert [item.analysis for item in collect_findings(out)] == ["anomaly", "preproc"]
    assert "the findings of ms that are there are left out" in caplog.text
    assert findings_file(out, "01", None, "ms").is_file()


def test_order_is_by_subject_session_and_analysis(tmp_path):
    out = tmp_path / "out"
    for label, session in (("02", "b"), ("02", "a"), ("01", None)):
        findings = _preprocess(out, label, session, names=NAMES[:1])
        write_findings(replace(findings, analysis="anomaly", maps=()), None, out)
    keys = [(item.subject, item.session, item.analysis) for item in collect_findings(out)]
    assert keys == [
        ("01", None, "anomaly"),
        ("01", None, "preproc"),
        ("02", "a", "anomaly"),
        ("02", "a", "preproc"),
        ("02", "b", "anomaly"),
        ("02", "b", "preproc"),
    ]


def test_a_wrong_query_is_said_before_anything_is_read(tmp_path):
    with pytest.raises(UsageError, match="is not understood"):
        read_cohort([tmp_path / "nowhere"], controls="group ==")


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(NoInputError, match="run the participant level first"):
        collect_findings(tmp_path / "nowhere")
