"""A subject that is finished is seen as such: by a dry run, by the next run, and with its report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from bidsapp.bids.query import find_inputs
from bidsapp.bids.references import add_references
from bidsapp.bundle import Bundle
from bidsapp.bundle_checks import REQUIRED
from bidsapp.findings import Findings
from bidsapp.inputs import Inputs
from bidsapp.layout import findings_file, status_file
from bidsapp.settings import Settings
from bidsapp.status import RunStatus
from bidsapp.workflows.models import brain_bundle, bundle_digests, resolve_models
from bidsapp.workflows.plan import plan
from bidsapp.workflows.resume import Contents, images_key, run_key
from bidsapp.workflows.subject import SubjectTask, _process, _run_workflow


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """One subject with a T1w and a manual mask, and bundles without weights."""
    voxels = np.random.default_rng(0).random((16, 16, 16), np.float32)
    image = nib.Nifti1Image(voxels, np.diag([12.0, 12.0, 12.0, 1.0]))
    for name in ("in/sub-01/anat/sub-01_T1w", "drawn/sub-01/anat/sub-01_desc-brain_mask"):
        path = tmp_path / f"{name}.nii.gz"
        path.parent.mkdir(parents=True)
        nib.save(image, path)
    for folder in ("in", "drawn"):
        (tmp_path / folder / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.10.0"}')
    for analysis in ("brain", "ms"):
        metadata = {**dict.fromkeys(REQUIRED, "test"), "analysis": analysis, "modalities": ["FLAIR"]}
        Bundle.write(tmp_path / analysis, metadata=metadata, tensors={}, card="", licence="")
    return Settings(
        bids_dir=tmp_path / "in",
        output_dir=tmp_path / "out",
        levels=("participant",),
        analyses=("ms",),
        bundles=(tmp_path / "brain", tmp_path / "ms"),
        reference=tmp_path / "drawn",
        device="cpu",
    )


def task_of(settings: Settings) -> tuple[SubjectTask, Inputs, str]:
    models, brain = resolve_models(settings), brain_bundle(settings)
    inputs = add_references(find_inputs(settings, "01", None), settings.reference)
    task = SubjectTask(settings, "01", (None,), models, brain)
    task.work_dir.mkdir(parents=True)
    task.log_dir.mkdir(parents=True)
    return task, inputs, run_key(settings, [inputs], bundle_digests(models, brain))


def finish(settings: Settings) -> SubjectTask:
    task, _, key = task_of(settings)
    done = RunStatus(subject="01", session=None, state="done", version="1", key=key)
    done.write(status_file(settings.output_dir, "01", None))
    return task


def test_a_dry_run_tells_what_is_done_from_what_is_planned(settings: Settings) -> None:
    (before,) = plan(settings)
    finish(settings)
    (after,) = plan(settings)
    assert before.done == ()
    assert after.done == after.steps == before.steps != ()
    (other,) = plan(replace(settings, random_seed=1))
    assert other.done == ()


def test_a_dry_run_makes_no_database(settings: Settings) -> None:
    folder = settings.output_dir.parent / "db"
    assert len(plan(replace(settings, bids_database_dir=folder))) == 1
    assert not folder.exists()


def test_a_finished_subject_is_not_redone_but_a_deleted_report_is(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, made = finish(settings), []
    report = settings.output_dir / "sub-01.html"

    def write(output_dir: Path, subject: str) -> Path:
        made.append(subject)
        report.write_text("report")
        return report

    monkeypatch.setattr("bidsapp.reports.subject.write_report", write)
    assert _process(task, lambda event: None).text == f"report {report}"
    task.work_dir.mkdir()
    assert _process(task, lambda event: None).text == "nothing changed since it was done"
    assert made == ["01"]


def test_the_graph_is_written_without_any_drawing_program(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, inputs, key = task_of(replace(settings, write_graph=True))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("bidsapp.workflows.engine.run_workflow", lambda *words, **options: {})
    assert _run_workflow(task, [inputs], key, Contents(), lambda event: None) == []
    assert "normalise" in (task.log_dir / "workflow.dot").read_text()


def test_what_was_said_of_an_image_that_is_gone_is_removed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, inputs, key = task_of(settings)
    found = {}
    for analysis in ("ms", "preproc"):
        of = Findings(analysis=analysis, title="", subject="01", session=None, summary="")
        found[analysis] = of.write(findings_file(settings.output_dir, "01", None, analysis))
    monkeypatch.setattr("bidsapp.workflows.engine.run_workflow", lambda *words, **options: {})
    _run_workflow(task, [inputs], key, Contents(), lambda event: None)
    assert {name: path.exists() for name, path in found.items()} == {"ms": False, "preproc": True}
    assert task.status(None).skipped == {"ms": "ms needs FLAIR, which sub-01 does not have."}


def test_findings_of_other_images_are_left_out_until_their_analysis_is_asked_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, inputs, key = task_of(settings)
    of = Findings(analysis="anomaly", title="", subject="01", session=None, summary="")
    of.write(findings_file(settings.output_dir, "01", None, "anomaly"))
    monkeypatch.setattr("bidsapp.workflows.engine.run_workflow", lambda *words, **options: {})

    def undone(task: SubjectTask) -> bool:
        _run_workflow(task, [inputs], key, Contents(), lambda event: None)
        return "anomaly" in task.status(None).undone

    same = RunStatus(
        subject="01",
        session=None,
        state="done",
        version="1",
        images=images_key(settings, [inputs], task.brain.digest),
    )
    task.write_status(same)
    assert not undone(task), "the images are the same"
    assert not undone(replace(task, settings=replace(settings, explain=True))), "as they are with reasons"
    judged = replace(settings, reference=None, random_seed=1)
    assert images_key(judged, [replace(inputs, references={})], task.brain.digest) == same.images
    older = replace(inputs, covariates={"age": 41.0})
    assert images_key(settings, [older], task.brain.digest) != same.images
    task.write_status(replace(same, images="of another image"))
    assert undone(task)
    assert undone(task), "it stays so"
    assert "the findings of anomaly that are there are left out" in task.status(None).leaves_out("anomaly")
    asked = replace(task.models[0], name="anomaly")
    assert not undone(replace(task, models=(asked,)))
