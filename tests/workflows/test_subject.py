"""What the status of a session says when another session, or another run, is in its way."""

import shutil
from dataclasses import replace

import pytest
from nipype.interfaces.base import BaseInterfaceInputSpec, TraitedSpec, traits
from nipype.pipeline.engine import Node, Workflow

from bidsapp.analyses import registry
from bidsapp.bids.collect import collect_findings
from bidsapp.bundle import Bundle
from bidsapp.errors import BadDataError, ExitCode, NoInputError, TryAgainError, UsageError
from bidsapp.findings import Findings
from bidsapp.inputs import Inputs
from bidsapp.interfaces.base import PureInterface
from bidsapp.interfaces.findings import WriteFindings
from bidsapp.settings import Settings
from bidsapp.status import RunStatus
from bidsapp.workflows import participant, subject
from bidsapp.workflows.claim import claim
from bidsapp.workflows.models import resolve_models
from bidsapp.workflows.resume import Contents
from bidsapp.workflows.subject import process_subject
from bidsapp.workflows.task import SubjectTask


@pytest.fixture
def task(tmp_path):
    settings = Settings(bids_dir=tmp_path, output_dir=tmp_path / "out", levels=("participant",))
    return SubjectTask(settings, "01", ("1", "2"), (), Bundle.read(registry.load("brain").bundle))


class StepInputSpec(BaseInterfaceInputSpec):
    session = traits.Str(mandatory=True)
    broken = traits.Bool(False, usedefault=True)
    after = traits.Any()


class StepOutputSpec(TraitedSpec):
    out_file = traits.Str()


class Step(PureInterface):
    """Hands over findings, or fails as a step that finds no brain does."""

    input_spec = StepInputSpec
    output_spec = StepOutputSpec

    def compute(self, folder):
        if self.inputs.broken:
            raise BadDataError("No brain was found in ses-1.nii.gz.")
        found = Findings(
            analysis="preproc", title="", subject="01", session=self.inputs.session, summary="all done"
        )
        return {"out_file": str(found.write(folder / "findings.json"))}


def two_sessions(output_dir, *, broken):
    """Build two sessions that meet in a shared step, as in a template."""
    shared = Workflow(name="template_wf")
    middle = Node(Step(session="1"), name="normalise")
    shared.add_nodes([middle])
    workflow = Workflow(name="sub_01_wf")
    for label in ("1", "2"):
        anatomical = Workflow(name=f"ses_{label}_anatomical_wf")
        anatomical.add_nodes([Node(Step(session=label, broken=broken and label == "1"), name="segment")])
        own = Workflow(name=f"ses_{label}_wf")
        describe = Node(Step(session=label), name="describe")
        write = Node(WriteFindings(output_dir=str(output_dir)), name="write_preproc")
        own.connect(describe, "out_file", write, "findings")
        workflow.connect(shared, "normalise.out_file", own, "describe.after")
        if label == "1":
            workflow.connect(anatomical, "segment.out_file", shared, "normalise.after")
        else:
            workflow.add_nodes([anatomical])
    return workflow


def statuses(task):
    return {session: task.status(session) for session in task.sessions}


def run(task, monkeypatch, *, broken, contents=None):
    monkeypatch.setattr(
        participant, "init_subject_wf", lambda *_: two_sessions(task.settings.output_dir, broken=broken)
    )
    sessions = [Inputs(subject="01", session=label, images={}) for label in task.sessions]
    subject._run_workflow(task, sessions, "key", contents or Contents(), lambda _: None)
    return statuses(task)


def test_a_session_that_waited_in_vain_for_another_is_not_done(task, monkeypatch):
    found = run(task, monkeypatch, broken=True)
    assert found["1"].state == "failed"
    assert found["2"].state == "failed"
    assert "No brain was found in ses-1.nii.gz" in found["2"].error
    assert found["2"].exit_code == ExitCode.BAD_DATA


def test_sessions_of_which_none_fails_are_done(task, monkeypatch):
    found = run(task, monkeypatch, broken=False)
    assert {status.state for status in found.values()} == {"done"}
    assert all("findings-preproc.json" in " ".join(status.outputs) for status in found.values())


def test_findings_that_could_not_be_renewed_stay_and_are_not_collected(task, monkeypatch):
    run(task, monkeypatch, broken=False)
    files = sorted(task.log_dir.rglob("findings-preproc.json"))
    assert len(collect_findings(task.settings.output_dir)) == len(files) == 2
    found = run(task, monkeypatch, broken=True)
    assert {status.undone for status in found.values()} == {("preproc",)}
    assert collect_findings(task.settings.output_dir) == ()
    assert sorted(task.log_dir.rglob("findings-preproc.json")) == files


def test_findings_that_a_dying_process_wrote_count_and_those_it_was_to_renew_do_not(task):
    task.begin("1")
    task.write_status(replace(task.status("1"), undone=()))  # it wrote its findings and went on
    task.write_status(RunStatus(subject="01", session="2", state="done", version="0", key="key"))
    task.begin("2")
    task.record_death("SIGKILL", killed=True)
    assert [(status.state, status.undone) for status in statuses(task).values()] == [
        ("failed", ()),
        ("failed", task.asked),
    ]


def test_a_worker_that_is_killed_before_it_begins_says_nothing_of_what_is_done(task):
    task.write_status(RunStatus(subject="01", session="1", state="done", version="0", key="key"))
    assert "was killed" in task.record_death("SIGKILL", killed=True)
    assert [status.state for status in statuses(task).values()] == ["done", "failed"]


def test_the_death_of_a_worker_is_not_written_over_the_run_that_has_the_subject_now(task):
    task.begin("1")
    before = task.status("1")
    with claim(task.work_dir, "01"):
        assert "was killed (SIGTERM); see" in task.record_death("SIGTERM", killed=True)
        task.record_stop("the run was ended")
    assert task.status("1") == before


def test_what_a_run_left_as_running_is_out_of_date_when_the_next_one_fails_at_once(task, monkeypatch):
    task.write_status(RunStatus(subject="01", session="1", state="running", version="0", key="key"))

    def fail(*_):
        raise ValueError("no such image")

    monkeypatch.setattr(subject, "_write_to_log", lambda _: None)
    monkeypatch.setattr(subject, "_find", fail)
    event = process_subject(task, lambda _: None)
    assert event.code == ExitCode.INTERNAL
    assert "ValueError: no such image; see" in event.text
    status = task.status("1")
    assert (status.state, status.undone, status.error) == ("failed", task.asked, event.text)


@pytest.mark.parametrize("errors", [[], [BadDataError("No brain was found.")]])
def test_a_report_that_fails_is_said_and_what_was_found_stays(task, monkeypatch, errors):
    def renew(task, _):
        for session in task.sessions:
            task.write_status(RunStatus(subject="01", session=session, state="done", version="0", key="key"))
        return errors

    def fail(*_):
        raise BadDataError("The report is too large.")

    monkeypatch.setattr(subject, "_write_to_log", lambda _: None)
    monkeypatch.setattr(subject, "_renew", renew)
    monkeypatch.setattr("bidsapp.reports.subject.write_report", fail)
    event = process_subject(task, lambda _: None)
    assert event.text == " ".join([*map(str, errors), "The report is too large."])
    assert event.code == ExitCode.BAD_DATA
    assert {status.state for status in statuses(task).values()} == {"done"}


@pytest.mark.parametrize(("folder", "stays"), [("ses-1", False), ("anat", True)])
def test_the_failure_of_a_folder_that_could_not_be_opened_ends_when_its_sessions_are_listed(
    task, monkeypatch, folder, stays
):
    closed = RunStatus(subject="01", session=None, state="failed", version="0", error="It cannot be opened.")
    task.write_status(closed)
    (task.settings.bids_dir / "sub-01" / folder).mkdir(parents=True)
    monkeypatch.setattr(subject, "_find", lambda _: ((), []))
    monkeypatch.setattr(subject, "_write_to_log", lambda _: None)
    process_subject(task, lambda _: None)
    assert (task.log_dir / "status.json").exists() == stays
    assert (task.log_dir / "ses-1" / "status.json").exists()


def test_an_input_that_changed_midway_makes_no_result_and_leaves_no_intermediate(task, tmp_path, monkeypatch):
    image, contents = tmp_path / "sub-01_T1w.nii.gz", Contents()
    image.write_bytes(b"first")
    contents.digest(image)
    image.write_bytes(b"second")
    task.work_dir.mkdir(parents=True)
    found = run(task, monkeypatch, broken=False, contents=contents)
    assert {status.exit_code for status in found.values()} == {ExitCode.TRY_AGAIN}
    assert f"{image} changed while it was processed" in found["1"].error
    assert collect_findings(task.settings.output_dir) == ()
    assert list(task.work_dir.iterdir()) == []


def test_an_input_that_went_away_before_it_was_read_is_named(tmp_path):
    with pytest.raises(NoInputError, match=r"T1w\.nii\.gz cannot be read \(No such file"):
        Contents().digest(tmp_path / "sub-01_T1w.nii.gz")


def test_an_input_that_went_away_cannot_vouch_for_the_result(task, tmp_path, monkeypatch):
    image, contents = tmp_path / "sub-01_T1w.nii.gz", Contents()
    image.write_bytes(b"first")
    contents.digest(image)
    image.unlink()
    found = run(task, monkeypatch, broken=False, contents=contents)
    assert {status.exit_code for status in found.values()} == {ExitCode.INPUT_OUTPUT}
    assert f"{image} cannot be read any more" in found["2"].error
    assert list(task.work_dir.iterdir()), "what was made of it stays"


def test_a_run_that_must_wait_leaves_the_status_to_the_run_that_works(task):
    task.write_status(RunStatus(subject="01", session="1", state="done", version="0", key="key"))
    before = task.status("1")
    with claim(task.work_dir, "01"):
        event = process_subject(task, lambda _: None)
    assert event.code == ExitCode.TRY_AGAIN
    assert task.status("1") == before


def test_two_datasets_with_the_same_labels_share_a_work_folder_without_waiting(task, tmp_path):
    scratch = replace(task.settings, work_dir=tmp_path / "scratch")
    (tmp_path / "link").symlink_to(tmp_path)
    one, again, other = (
        replace(task, settings=replace(scratch, bids_dir=folder))
        for folder in (tmp_path, tmp_path / "link", tmp_path / "other")
    )
    assert one.work_dir == again.work_dir
    with (
        claim(one.work_dir, "01"),
        claim(other.work_dir, "01"),
        pytest.raises(TryAgainError, match="a --work-dir of its own"),
        claim(again.work_dir, "01"),
    ):
        pass


def test_a_process_that_ended_by_itself_was_not_killed(task):
    assert "was killed (SIGKILL), perhaps for lack of memory" in task.record_death("SIGKILL", killed=True)
    task.begin("1")
    assert "memory" not in task.record_death("SIGTERM", killed=True)
    task.begin("1")
    sentence = task.record_death("exit status 1", killed=False)
    assert "killed" not in sentence
    assert "run.log" in sentence
    assert task.status("1").error == sentence


def test_a_session_that_a_stop_cut_off_does_not_run_on(task):
    halted = RunStatus(subject="01", session="1", state="running", version="0", key="key")
    task.write_status(halted)
    task.write_status(replace(halted, session="2", state="done"))
    again = replace(task, subject="02")
    for each in (task, again):
        each.record_stop("the run was ended")
    assert not again.log_dir.exists(), "it had not begun"
    assert task.status("1").state == "failed"
    assert task.status("1").error == (
        "sub-01 was not finished: the run was ended; run the same command again."
    )
    assert task.status("2").state == "done"


def test_a_report_that_cannot_be_written_says_nothing_of_the_results(task, monkeypatch):
    monkeypatch.setattr(subject, "_write_to_log", lambda _: None)
    again = replace(task, settings=replace(task.settings, reports_only=True))
    event = process_subject(again, lambda _: None)
    assert event.code == ExitCode.NO_INPUT
    assert not list((task.settings.output_dir / "logs").rglob("status.json"))
    assert not task.work_dir.exists()


def test_two_bundles_of_one_analysis_are_refused(task, tmp_path):
    shutil.copytree(task.brain.path, tmp_path / "brain")
    settings = replace(task.settings, bundles=(task.brain.path, tmp_path / "brain"))
    with pytest.raises(UsageError, match="both for brain"):
        resolve_models(settings)
