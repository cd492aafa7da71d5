import json

import pytest
from nipype.interfaces.base import BaseInterfaceInputSpec, TraitedSpec, traits
from nipype.pipeline.engine import Node, Workflow

from bidsapp.errors import BadDataError, BidsAppError, NoInputError, UsageError
from bidsapp.interfaces.base import PureInterface
from bidsapp.settings import Settings
from bidsapp.workflows.engine import read_plugin, run_workflow
from bidsapp.workflows.monitor import StepMonitor
from bidsapp.workflows.plan import plan
from bidsapp.workflows.progress import Silent
from bidsapp.workflows.run import run_participant


class RootInputSpec(BaseInterfaceInputSpec):
    value = traits.Float(mandatory=True)


class RootOutputSpec(TraitedSpec):
    root = traits.Float()


class Root(PureInterface):
    input_spec = RootInputSpec
    output_spec = RootOutputSpec

    def compute(self, folder):
        if self.inputs.value == 13:
            raise ZeroDivisionError("unlucky")
        if self.inputs.value < 0:
            raise BadDataError(f"{self.inputs.value} has no real root; give a positive number.")
        return {"root": self.inputs.value**0.5}


def run(tmp_path, *values, **options):
    workflow = Workflow(name="sub_01_wf")
    workflow.add_nodes([Node(Root(value=value), name=f"root_{i}") for i, value in enumerate(values)])
    steps = []
    settings = Settings(bids_dir=tmp_path, output_dir=tmp_path, levels=("participant",), **options)
    failures = run_workflow(
        workflow,
        settings,
        work_dir=tmp_path / "work",
        crash_dir=tmp_path / "logs",
        monitor=StepMonitor(steps.append),
    )
    return failures, steps


def test_a_failed_step_keeps_its_sentence_and_class_and_the_others_run(tmp_path):
    failures, steps = run(tmp_path, 4.0, -1.0)
    assert isinstance(failures["root_1"], BadDataError)
    assert str(failures["root_1"]) == "-1.0 has no real root; give a positive number."
    assert {step.name: step.state for step in steps} == {"root_0": "done", "root_1": "failed"}


def test_an_unexpected_failure_points_to_the_crash_file(tmp_path):
    failures, _ = run(tmp_path, 13.0)
    assert type(failures["root_0"]) is BidsAppError
    assert "root_0 failed unexpectedly" in str(failures["root_0"])
    assert "ZeroDivisionError" in next((tmp_path / "logs").glob("crash-*.txt")).read_text()


def test_an_interrupted_run_does_not_repeat_what_is_done(tmp_path):
    run(tmp_path, 4.0, -1.0)
    done = next((tmp_path / "work").rglob("root_0/_report/report.rst"))
    before = done.stat().st_mtime_ns
    failures, _ = run(tmp_path, 4.0, 9.0)
    assert not failures
    assert done.stat().st_mtime_ns == before


def test_resources_are_recorded_beside_the_log_when_asked_for(tmp_path, monkeypatch):
    (tmp_path / "logs").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    run(tmp_path, 4.0, resource_monitor=True)
    assert not list((tmp_path / "here").iterdir()), "the folder of the user stays clean"
    traces = json.loads((tmp_path / "logs" / "resource_monitor.json").read_text())
    assert set(traces["name"]) == {"sub_01_wf.root_0"}
    assert min(traces["rss_GiB"]) > 0
    run(tmp_path / "quiet", 4.0)
    assert not list((tmp_path / "quiet").rglob(".proc-*"))


def test_plugin_file(tmp_path):
    assert read_plugin(None) == ("Linear", {})
    good = tmp_path / "plugin.yml"
    good.write_text("plugin: SLURM\nplugin_args: {max_jobs: 2}\n")
    assert read_plugin(good) == ("SLURM", {"max_jobs": 2})
    good.write_text("- not\n- a plugin\n")
    with pytest.raises(BadDataError, match="no Nipype plugin file"):
        read_plugin(good)
    with pytest.raises(NoInputError, match="nipype-plugin-file"):
        read_plugin(tmp_path / "absent.yml")


@pytest.mark.parametrize("plugin", ["MultiProc", "LegacyMultiProc"])
def test_a_pool_that_would_outlive_a_killed_run_is_refused_before_the_first_subject(plugin, tmp_path):
    (tmp_path / "plugin.yml").write_text(f"plugin: {plugin}\n")
    (tmp_path / "bids" / "sub-01").mkdir(parents=True)
    (tmp_path / "bids" / "dataset_description.json").write_text('{"Name": "one", "BIDSVersion": "1.10.0"}')
    settings = Settings(
        bids_dir=tmp_path / "bids",
        output_dir=tmp_path / "out",
        levels=("participant",),
        nipype_plugin_file=tmp_path / "plugin.yml",
    )
    for refused in (lambda: run_participant(settings, Silent()), lambda: plan(settings)):
        with pytest.raises(UsageError, match=f"names {plugin}.*--nprocs"):
            refused()
    assert not (tmp_path / "out").exists()
