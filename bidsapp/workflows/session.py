"""What is done with a session once it is aligned: standard space, findings, analyses, sinks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from bidsapp.inputs import Image, Inputs
from bidsapp.settings import Settings
from bidsapp.workflows.anatomical import anatomical_images, port_name
from bidsapp.workflows.extras import EXTRAS, extra_images, factory_of, remarks_on_extras
from bidsapp.workflows.models import Model
from bidsapp.workflows.pet import connect_pet
from bidsapp.workflows.resources import node

if TYPE_CHECKING:
    from nipype.pipeline.engine import Node, Workflow

Ports = dict[str, tuple["Node", str]]


class Factory(Protocol):
    """Prepares one image within a session's workflow."""

    def __call__(self, workflow: Workflow, inputnode: Node, image: Image, *, reference: str) -> Ports:
        """Add the steps; give node and port of each volume, by its key."""
        ...


TRANSFORMS = ("native_to_standard", "standard_to_native")
TISSUES = ("mask", "GM", "WM", "CSF")
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

    Parameters
    ----------
    inputs
        The session.
    settings
        Of the run.
    models
        Analyses with their bundles; one whose modalities are missing is left out.
    name
        Of the workflow.
    follows
        Whether there is a session before this one.
    unordered
        Labels of the other sessions, where it is not known which one came first.

    Inputs
    ------
    mask, GM, WM, CSF, dseg, MODALITY
        On the grid of the reference image.
    native_to_standard, standard_to_native, facts
        Of the normalisation.
    quality, notes
        Of each anatomical image.
    earlier
        JSON of the member of the session before, where there is one.

    Outputs
    -------
    member
        JSON of this session's member.
    """
    from nipype.interfaces.utility import IdentityInterface, Merge
    from nipype.pipeline.engine import Node, Workflow

    from bidsapp.interfaces.member import GatherMember
    from bidsapp.interfaces.registration import WarpToStandard

    workflow = Workflow(name=name)
    keys = [image.modality for image in anatomical_images(inputs)]
    ports = [port_name(key) for key in keys]
    fields = [*TISSUES, "dseg", *ports, *TRANSFORMS, "facts", "quality", "notes"]
    inputnode = Node(IdentityInterface(fields=[*fields, "earlier"]), name="inputnode")
    outputnode = Node(IdentityInterface(fields=["member"]), name="outputnode")
    sources: Ports = {key: (inputnode, key) for key in TISSUES}
    sources |= {key: (inputnode, port) for key, port in zip(keys, ports, strict=True)}
    for image in inputs.images.values():
        factory = factory_of(image)
        if factory in FACTORIES:
            sources |= FACTORIES[factory](workflow, inputnode, image, reference=ports[0])
    extras = [
        EXTRAS[factory_of(image)](workflow, inputnode, image, reference=ports[0])
        for image in extra_images(inputs)
    ]
    native = Node(Merge(len(sources) + len(extras)), name="native")
    for index, (origin, port) in enumerate(sources.values()):
        workflow.connect(origin, port, native, f"in{index + 1}")
    warp = node(WarpToStandard(keys=list(sources), resolution=2), "warp")
    transforms = Node(Merge(2), name="transforms")
    gather = node(
        GatherMember(
            subject=inputs.subject,
            session=inputs.session or "",
            covariates=dict(inputs.covariates),
            unordered=list(unordered),
            native_keys=list(sources),
            standard_keys=list(sources),
            transforms_keys=list(TRANSFORMS),
        ),
        "gather",
    )
    workflow.connect(
        [
            (native, warp, [("out", "in_files")]),
            (inputnode, warp, [("native_to_standard", "transform")]),
            (inputnode, transforms, [(key, f"in{index + 1}") for index, key in enumerate(TRANSFORMS)]),
            (native, gather, [("out", "native")]),
            (warp, gather, [("out_files", "standard")]),
            (transforms, gather, [("out", "transforms")]),
            (gather, outputnode, [("out_file", "member")]),
        ]
    )
    describe = _connect_description(workflow, inputnode, gather, inputs, settings, extras)
    if extras:
        _connect_extras(workflow, extras, list(sources), native, (warp, gather))
    if settings.output_resolution == 1:
        _connect_fine(workflow, inputnode, describe, sources)
    for model in models:
        if not model.missing(inputs):
            analyse = connect_analysis(workflow, gather, model, inputs, settings)
            if follows:
                workflow.connect(inputnode, "earlier", analyse, "earlier")
    return workflow


def _connect_description(
    workflow: Workflow,
    inputnode: Node,
    gather: Node,
    inputs: Inputs,
    settings: Settings,
    extras: Sequence[Node],
) -> Node:
    from nipype.interfaces.utility import Merge
    from nipype.pipeline.engine import Node

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
    for port in ("quality", "notes"):
        joined = Node(Merge(1 + len(extras)), name=f"all_{port}")
        workflow.connect([(inputnode, joined, [(port, "in1")]), (joined, describe, [("out", port)])])
        for index, extra in enumerate(extras):
            workflow.connect(extra, port, joined, f"in{index + 2}")
    connect_sink(workflow, describe, "preproc", inputs, settings)
    return describe


def _connect_extras(
    workflow: Workflow, extras: Sequence[Node], own: list[str], native: Node, takers: tuple[Node, Node]
) -> None:
    """Hand volumes and series of extras on; which ones there are is known once the extras have run."""
    from nipype.interfaces.utility import Merge
    from nipype.pipeline.engine import Node

    warp, gather = takers
    keys = Node(Merge(1 + len(extras)), name="keys")
    keys.inputs.in1 = own
    for index, extra in enumerate(extras):
        workflow.connect(extra, "volume_keys", keys, f"in{index + 2}")
        workflow.connect(extra, "volumes", native, f"in{len(own) + index + 1}")
    for port in ("series_keys", "series"):
        joined = Node(Merge(len(extras)), name=port)
        for index, extra in enumerate(extras):
            workflow.connect(extra, port, joined, f"in{index + 1}")
        workflow.connect(joined, "out", gather, port)
    workflow.connect(
        [
            (keys, warp, [("out", "keys")]),
            (keys, gather, [("out", "native_keys"), ("out", "standard_keys")]),
        ]
    )


def _connect_fine(
    workflow: Workflow, inputnode: Node, describe: Node, sources: Mapping[str, tuple[Node, str]]
) -> None:
    """Bring the images, not the tissues, to standard space at 1 mm as well; analyses work at 2 mm."""
    from nipype.interfaces.utility import Merge
    from nipype.pipeline.engine import Node

    from bidsapp.interfaces.registration import WarpToStandard

    keys = [key for key in sources if key not in TISSUES]
    images = Node(Merge(len(keys)), name="images")
    for index, key in enumerate(keys):
        workflow.connect(*sources[key], images, f"in{index + 1}")
    warp_fine = node(WarpToStandard(keys=keys, resolution=1), "warp_fine")
    describe.inputs.fine_keys = keys
    workflow.connect(
        [
            (images, warp_fine, [("out", "in_files")]),
            (inputnode, warp_fine, [("native_to_standard", "transform")]),
            (warp_fine, describe, [("out_files", "fine")]),
        ]
    )


def connect_analysis(
    workflow: Workflow, gather: Node, model: Model, inputs: Inputs, settings: Settings
) -> Node:
    """Add an analysis of what ``gather`` gathered, and the sink of what it finds."""
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
