"""An analysis gets the findings that its bundle reads: of this run, of an earlier one, or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from nipype.interfaces.utility import IdentityInterface
from nipype.pipeline.engine import Node, Workflow

from bidsapp.bundle import Bundle
from bidsapp.cohort import RegionValues
from bidsapp.findings import Column, Findings, Table
from bidsapp.inputs import Inputs
from bidsapp.interfaces.findings import Analyse
from bidsapp.interfaces.member import GatherMember
from bidsapp.layout import findings_file
from bidsapp.settings import Settings
from bidsapp.workflows.models import Model
from bidsapp.workflows.other_findings import connect_other_findings
from bidsapp.workflows.task import SubjectTask

READS = {"reads_regions_of": {"anomaly": "abc"}}
INPUTS = Inputs(subject="1", session="a", images={})


def _findings() -> Findings:
    columns = (Column(name="region", description=""), Column(name="value", description=""))
    table = Table(title="", suffix="dseg", columns=columns, rows=(("Pons", 3.5),), display="regions")
    return Findings(
        analysis="anomaly", title="", subject="1", session="a", summary="", tables=(table,),
        provenance={"bundle_sha256": "abc"},
    )  # fmt: skip


def _connected(out: Path, metadata: Mapping[str, object], *running: str) -> tuple[Workflow, Node]:
    """Connect steps of the names given, of which ``coma`` has a bundle with this metadata."""
    workflow = Workflow(name="session_wf")
    steps = {name: Node(IdentityInterface(fields=["others", "out_file"]), name=name) for name in running}
    workflow.add_nodes(list(steps.values()))
    models = [Model("anomaly", Bundle(out, {})), Model("coma", Bundle(out, metadata))]
    settings = Settings(bids_dir=out, output_dir=out, levels=("participant",))
    connect_other_findings(workflow, steps, models, INPUTS, settings)
    return workflow, steps["coma"]


def test_findings_of_this_run_are_connected(tmp_path: Path) -> None:
    _findings().write(findings_file(tmp_path, "1", "a", "anomaly"))  # older ones count no more
    workflow, coma = _connected(tmp_path, READS, "anomaly", "coma")
    joined = workflow.get_node("others_coma")
    edges = {(start.name, end.name) for start, end in workflow._graph.edges()}
    assert edges == {("anomaly", "others_coma"), ("others_coma", coma.name)}
    assert joined.interface._numinputs == 1


def _begun(out: Path, images: str) -> SubjectTask:
    """Begin a run that asks for no analysis, of these images, after one of the images ``before``."""
    settings = Settings(bids_dir=out, output_dir=out, levels=("participant",))
    task = SubjectTask(settings, "1", ("a",), (), Bundle(out, {}))
    task.write_status(replace(task.fresh_status("a"), state="done", images="before", undone=()))
    task.begin("a", images)
    return task


def test_findings_of_an_earlier_run_are_read_from_the_folder(tmp_path: Path) -> None:
    path = _findings().write(findings_file(tmp_path, "1", "a", "anomaly"))
    _begun(tmp_path, "before")
    workflow, _ = _connected(tmp_path, READS, "coma")
    assert workflow.get_node("others_coma").inputs.in1 == str(path)


def test_findings_of_other_images_or_without_a_status_are_not_read(tmp_path: Path) -> None:
    _findings().write(findings_file(tmp_path, "1", "a", "anomaly"))
    workflow, _ = _connected(tmp_path, READS, "coma")
    assert workflow.list_node_names() == ["coma"]
    assert _begun(tmp_path, "others now").status("a").undone == ("preproc", "anomaly")
    workflow, _ = _connected(tmp_path, READS, "coma")
    assert workflow.list_node_names() == ["coma"]


@pytest.mark.parametrize(("metadata", "running"), [(READS, ["coma"]), ({}, ["anomaly", "coma"])])
def test_nothing_is_connected_that_is_not_there_or_not_read(
    tmp_path: Path, metadata: Mapping[str, object], running: list[str]
) -> None:
    workflow, _ = _connected(tmp_path, metadata, *running)
    assert sorted(workflow.list_node_names()) == sorted(running)


def test_the_step_hands_the_regions_to_the_analysis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Reader:
        name, title, learns_from, recipe, bundle = "reader", "Reader", "derivatives", None, None

        def train(self, *args: object, **options: object) -> None:
            raise NotImplementedError

        def predict(self, member, bundle, **rest):  # type: ignore[no-untyped-def]
            seen.append(dict(member.regions))
            return Findings(analysis="reader", title="", subject="1", session="a", summary="")

    (tmp_path / "bundle").mkdir()
    monkeypatch.setattr("bidsapp.analyses.registry.load", lambda name: Reader())
    monkeypatch.setattr(Bundle, "read", lambda path: Bundle(path, {"name": "b", "version": "1"}))
    member = GatherMember(subject="1", session="a").compute(tmp_path)["out_file"]
    file = str(_findings().write(tmp_path / "findings-anomaly.json"))
    step = Analyse(
        analysis="reader", bundle=str(tmp_path / "bundle"), digest="d", member=member, others=[file]
    )
    step.compute(tmp_path)
    assert seen == [{"anomaly": RegionValues(bundle="abc", values={"Pons": 3.5})}]
