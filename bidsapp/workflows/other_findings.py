"""Hands an analysis what others found in each region, where its bundle says that it reads that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bidsapp.errors import BidsAppError
from bidsapp.inputs import Inputs
from bidsapp.layout import findings_file, status_file
from bidsapp.settings import Settings
from bidsapp.status import RunStatus
from bidsapp.workflows.models import Model

if TYPE_CHECKING:
    from nipype.pipeline.engine import Node, Workflow


def connect_other_findings(
    workflow: Workflow,
    steps: Mapping[str, Node],
    models: Sequence[Model],
    inputs: Inputs,
    settings: Settings,
) -> None:
    """Connect the findings of this run; those of an earlier run into the same folder are named as files.

    The status of the session tells which of them are of the images of this run; it was begun before.

    Parameters
    ----------
    workflow, inputs, settings
        Of the session.
    steps
        Step of each analysis that the session has the images for, by its name.
    models
        Analyses with their bundles.
    """
    from nipype.interfaces.utility import Merge
    from nipype.pipeline.engine import Node

    for model in (model for model in models if model.name in steps):
        files = {
            name: findings_file(settings.output_dir, inputs.subject, inputs.session, name)
            for name in model.bundle.reads_regions_of
        }
        there = [name for name in files if name in steps or _is_of_these_images(name, inputs, settings)]
        if not there:
            continue
        joined = Node(Merge(len(there)), name=f"others_{model.name}")
        for place, name in enumerate(there, start=1):
            if name in steps:
                workflow.connect(steps[name], "out_file", joined, f"in{place}")
            else:
                joined.inputs.trait_set(**{f"in{place}": str(files[name])})
        workflow.connect(joined, "out", steps[model.name], "others")


def _is_of_these_images(name: str, inputs: Inputs, settings: Settings) -> bool:
    """Tell whether an earlier run left findings that still hold; without a status, nothing says so."""
    if not findings_file(settings.output_dir, inputs.subject, inputs.session, name).is_file():
        return False
    try:
        status = RunStatus.read(status_file(settings.output_dir, inputs.subject, inputs.session))
    except BidsAppError:
        return False
    return not status.leaves_out(name)
