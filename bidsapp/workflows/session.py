"""What is done with a session once it is aligned: standard space, findings, analyses, sinks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from bidsapp.inputs import Image, Inputs
from bidsapp.settings import Settings
from bidsapp.workflows.anatomical import anatomical_images, port_name
from bidsapp.workflows.extras import EXTRAS, extra_images, factory_of, remarks_on_extras
from bidsapp.workflows.models import Model
from bidsapp.workflows.other_findings import connect_other_findings
from bidsapp.workflows.pet import connect_pet
from bidsapp.workflows.resources import node
from bidsapp.workflows.standard import (
    TISSUES,
    TRANSFORMS,
    Ports,
    connect_extras,
    connect_fine,
    connect_standard,
)

if TYPE_CHECKING:
    from nipype.pipeline.engine import Node, Workflow


class Factory(Protocol):
    """Prepares one image within a session's workflow."""

    def __call__(self, workflow: Workflow, inputnode: Node, image: Image, *, reference: str) -> Ports:
        """Add the steps; give node and port of each volume, by its key."""
        ...


FACTORIES: Mapping[str, Factory] = {"static_pet": connect_pet}
"""What prepares a modality beside the anatomical ones, by the name in ``data/modalities.json``."""


def init_session_wf(
    inputs: Inputs,
    settings: Settings,
    models: Sequence[Model],
    *,
    name: str,
    follows: bool = False,
    unordered: Sequence[str] = (),
) -> Workflow:
    """Bring a session to standard space, describe what was done, run its analyses, write everything.

    Workflow Graph
        pet and extras (if there are any) -> warp -> gather -> describe -> (evaluate ->) write_preproc
                                 gather -> analyse -> (evaluate ->) write (one for each analysis)
                                           analyse -> others -> analyse of a bundle that reads the first

    Parameters
    ----------
    inputs
        The session.
    settings
        Of the run.
    models
        Analyses with their bundles; one whose modalities are missing is left out.
    name, follows
        Of the workflow; whether there is a session before this one.
    unordered
        Labels of the other sessions, where it is not known which one came first.

    Inputs
    ------
    mask, GM, WM, CSF, dseg, MODALITY
        On the grid of the reference image.
    native_to_standard, standard_to_native, facts; quality, notes
        Of the normalisation; of each anatomical image.
    earlier
        JSON of the member of the session before, where there is one.

    Outputs
    -------
    member
        JSON of this session's member.
    """
    from nipype.pipeline.engine import Workflow

    workflow = Workflow(name=name)
    ports = {image.modality: port_name(image.modality) for image in anatomical_images(inputs)}
    inputnode, outputnode = _ends(list(ports.values()))
    sources = _sources(workflow, inputnode, inputs, ports)
    extras = _extras(workflow, inputnode, inputs, ports)
    standard = connect_standard(workflow, inputnode, inputs, sources, len(extras), unordered)
    workflow.connect(standard.gather, "out_file", outputnode, "member")
    describe = _connect_description(workflow, inputnode, standard.gather, inputs, settings)
    prepared = [source for source, _ in sources.values() if source is not inputnode]
    _connect_remarks(workflow, inputnode, describe, extras, prepared)
    connect_extras(workflow, standard, list(sources), extras)
    if settings.output_resolution == 1:
        connect_fine(workflow, inputnode, describe, sources)
    for analyse in connect_analyses(workflow, standard.gather, models, inputs, settings).values():
        if follows:
            workflow.connect(inputnode, "earlier", analyse, "earlier")
    return workflow


def _ends(ports: Sequence[str]) -> tuple[Node, Node]:
    """Make the nodes that everything comes in and goes out by; ``ports`` are those of the contrasts."""
    from nipype.interfaces.utility import IdentityInterface
    from nipype.pipeline.engine import Node

    fields = [*TISSUES, "dseg", *ports, *TRANSFORMS, "facts", "quality", "notes", "earlier"]
    inputnode = Node(IdentityInterface(fields=fields), name="inputnode")
    return inputnode, Node(IdentityInterface(fields=["member"]), name="outputnode")


def _sources(workflow: Workflow, inputnode: Node, inputs: Inputs, ports: Mapping[str, str]) -> Ports:
    """Give node and port of each volume that is there in any case; adds the steps of static PET."""
    sources: Ports = {key: (inputnode, key) for key in TISSUES}
    sources |= {key: (inputnode, port) for key, port in ports.items()}
    for image in inputs.images.values():
        factory = factory_of(image)
        if factory in FACTORIES:
            sources |= FACTORIES[factory](workflow, inputnode, image, reference=next(iter(ports.values())))
    return sources


def _extras(workflow: Workflow, inputnode: Node, inputs: Inputs, ports: Mapping[str, str]) -> list[Node]:
    """Add the steps of what a session can do without."""
    reference = next(iter(ports.values()))
    return [
        EXTRAS[factory_of(image)](workflow, inputnode, image, reference=reference)
        for image in extra_images(inputs)
    ]


def _connect_description(
    workflow: Workflow,
    inputnode: Node,
    gather: Node,
    inputs: Inputs,
    settings: Settings,
) -> Node:
    from bidsapp.interfaces.describe import DescribePreprocessing

    describe = node(
        DescribePreprocessing(
            sources={key: str(image.path) for key, image in inputs.images.items()},
            entities={key: dict(image.entities) for key, image in inputs.images.items()},
            remarks=[*inputs.notes, *remarks_on_extras(inputs)],
        ),
        "describe",
    )
    workflow.connect(
        [
            (gather, describe, [("out_file", "member")]),
            (inputnode, describe, [(name, name) for name in ("dseg", "facts")]),
        ]
    )
    connect_sink(workflow, describe, "preproc", inputs, settings)
    return describe


def _connect_remarks(
    workflow: Workflow, inputnode: Node, describe: Node, extras: Sequence[Node], prepared: Sequence[Node]
) -> None:
    """Bring together what all steps say: quality figures, notes (of other images, too), motion."""
    from nipype.interfaces.utility import Merge
    from nipype.pipeline.engine import Node

    speakers = {
        "quality": [inputnode, *extras],
        "notes": [inputnode, *extras, *prepared],
        "confounds": list(extras),
    }
    for port, nodes in speakers.items():
        if not nodes:
            continue
        joined = Node(Merge(len(nodes)), name=f"all_{port}")
        for index, speaker in enumerate(nodes, start=1):
            workflow.connect(speaker, port, joined, f"in{index}")
        workflow.connect(joined, "out", describe, port)


def connect_analyses(
    workflow: Workflow, gather: Node, models: Sequence[Model], inputs: Inputs, settings: Settings
) -> dict[str, Node]:
    """Add each analysis that can be made of what ``gather`` gathers, and its sink; give them by name."""
    steps = {
        model.name: _connect_analysis(workflow, gather, model, inputs, settings)
        for model in models
        if not model.missing(inputs)
    }
    connect_other_findings(workflow, steps, models, inputs, settings)
    return steps


def _connect_analysis(
    workflow: Workflow, gather: Node, model: Model, inputs: Inputs, settings: Settings
) -> Node:
    from bidsapp.interfaces.findings import Analyse

    analyse = node(
        Analyse(
            analysis=model.name,
            bundle=str(model.bundle.path),
            digest=model.bundle.digest,
            seed=settings.random_seed,
            explain=settings.explain,
            device=settings.device,
            use_gpu=settings.device.startswith("cuda"),
        ),
        f"analyse_{model.name}",
    )
    workflow.connect(gather, "out_file", analyse, "member")
    connect_sink(workflow, analyse, model.name, inputs, settings)
    return analyse


def connect_sink(workflow: Workflow, source: Node, analysis: str, inputs: Inputs, settings: Settings) -> None:
    """Evaluate findings against manual masks, where there are any, and write them."""
    from bidsapp.interfaces.evaluate import EvaluateFindings
    from bidsapp.interfaces.findings import WriteFindings

    write = node(WriteFindings(output_dir=str(settings.output_dir)), f"write_{analysis}")
    if inputs.references:
        masks = {kind: str(path) for kind, path in inputs.references.items()}
        evaluate = node(EvaluateFindings(references=masks), f"evaluate_{analysis}")
        workflow.connect(source, "out_file", evaluate, "findings")
        source = evaluate
    workflow.connect(source, "out_file", write, "findings")
