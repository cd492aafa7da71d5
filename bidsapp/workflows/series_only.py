"""The workflow of a session that has signals of regions and no anatomy to lay images on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bidsapp.inputs import Inputs
from bidsapp.interfaces.checks import SIGNALS
from bidsapp.settings import Settings
from bidsapp.workflows.extras import connect_signals
from bidsapp.workflows.models import Model
from bidsapp.workflows.resources import node
from bidsapp.workflows.session import connect_analysis, connect_sink

if TYPE_CHECKING:
    from nipype.pipeline.engine import Workflow


def init_series_wf(
    inputs: Inputs,
    settings: Settings,
    models: Sequence[Model],
    *,
    name: str,
    follows: bool = False,
    unordered: Sequence[str] = (),
) -> Workflow:
    """Take ready signals, describe them, run the analyses that need no image.

    Workflow Graph
        take_signals -> gather -> describe -> write_preproc
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
    image = inputs.images[SIGNALS]
    take_signals = connect_signals(workflow, inputnode, image, reference="")
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
            sources={SIGNALS: str(image.path)},
            entities={SIGNALS: dict(image.entities)},
            remarks=[*inputs.notes, *_remarks(inputs)],
        ),
        "describe",
    )
    workflow.connect(
        [
            (take_signals, gather, [("series_keys", "series_keys"), ("series", "series")]),
            (take_signals, describe, [("notes", "notes")]),
            (gather, describe, [("out_file", "member")]),
            (gather, outputnode, [("out_file", "member")]),
        ]
    )
    connect_sink(workflow, describe, "preproc", inputs, settings)
    for model in models:
        if not model.missing(inputs):
            analyse = connect_analysis(workflow, gather, model, inputs, settings)
            if follows:
                workflow.connect(inputnode, "earlier", analyse, "earlier")
    return workflow


def _remarks(inputs: Inputs) -> list[str]:
    return [
        f"{image.path.name} was not used: there is no anatomical image to lay it on."
        for key, image in inputs.images.items()
        if key != SIGNALS
    ]
