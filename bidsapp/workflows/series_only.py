"""The workflow of a session without anatomy: signals of regions, a lesion mask in standard space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bidsapp.inputs import Inputs
from bidsapp.interfaces.checks import WITHOUT_ANATOMY
from bidsapp.settings import Settings
from bidsapp.workflows.extras import EXTRAS, factory_of
from bidsapp.workflows.models import Model
from bidsapp.workflows.resources import node
from bidsapp.workflows.session import connect_analyses, connect_sink

if TYPE_CHECKING:
    from nipype.pipeline.engine import Node, Workflow

PORTS = {
    "series_keys": "series_keys",
    "series": "series",
    "volume_keys": "standard_keys",
    "volumes": "standard",
}
"""Port of the step that gathers, by that of a step that takes; volumes are in standard space already."""


def init_series_wf(
    inputs: Inputs,
    settings: Settings,
    models: Sequence[Model],
    *,
    name: str,
    follows: bool = False,
    unordered: Sequence[str] = (),
) -> Workflow:
    """Take what is ready, describe it, run the analyses that need no anatomy.

    Workflow Graph
        take_signals and take_lesion (what there is) -> gather -> describe -> write_preproc
                                                        gather -> analyse -> write (one for each analysis)

    Parameters and ports are those of :func:`bidsapp.workflows.session.init_session_wf`; nothing comes in but
    ``earlier``.
    """
    from nipype.interfaces.utility import IdentityInterface
    from nipype.pipeline.engine import Node, Workflow

    from bidsapp.interfaces.describe import DescribeSignals
    from bidsapp.interfaces.member import GatherMember

    workflow = Workflow(name=name)
    inputnode = Node(IdentityInterface(fields=["earlier"]), name="inputnode")
    outputnode = Node(IdentityInterface(fields=["member"]), name="outputnode")
    images = {key: image for key, image in inputs.images.items() if key in WITHOUT_ANATOMY}
    takers = [
        EXTRAS[factory_of(image)](workflow, inputnode, image, reference="") for image in images.values()
    ]
    gather = node(
        GatherMember(
            subject=inputs.subject,
            session=inputs.session or "",
            covariates=dict(inputs.covariates),
            unordered=list(unordered),
        ),
        "gather",
    )
    describe = node(
        DescribeSignals(
            sources={key: str(image.path) for key, image in images.items()},
            entities={key: dict(image.entities) for key, image in images.items()},
            remarks=[*inputs.notes, *_remarks(inputs)],
        ),
        "describe",
    )
    for port, taken in PORTS.items():
        _join(workflow, takers, port, (gather, taken))
    _join(workflow, takers, "notes", (describe, "notes"))
    workflow.connect(gather, "out_file", describe, "member")
    workflow.connect(gather, "out_file", outputnode, "member")
    connect_sink(workflow, describe, "preproc", inputs, settings)
    for analyse in connect_analyses(workflow, gather, models, inputs, settings).values():
        if follows:
            workflow.connect(inputnode, "earlier", analyse, "earlier")
    return workflow


def _join(workflow: Workflow, takers: Sequence[Node], port: str, to: tuple[Node, str]) -> None:
    """Hand on what all takers have at a port, as one list."""
    from nipype.interfaces.utility import Merge
    from nipype.pipeline.engine import Node

    joined = Node(Merge(len(takers)), name=f"all_{port}")
    for index, taker in enumerate(takers):
        workflow.connect(taker, port, joined, f"in{index + 1}")
    workflow.connect(joined, "out", *to)


def _remarks(inputs: Inputs) -> list[str]:
    return [
        f"{image.path.name} was not used: there is no anatomical image to lay it on."
        for key, image in inputs.images.items()
        if key not in WITHOUT_ANATOMY
    ]
