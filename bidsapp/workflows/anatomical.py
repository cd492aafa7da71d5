"""Anatomical preprocessing of one session: every contrast onto one reference image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bidsapp.inputs import Image, Inputs
from bidsapp.settings import Settings
from bidsapp.workflows.resources import node

if TYPE_CHECKING:
    from nipype.pipeline.engine import Node, Workflow

    from bidsapp.bundle import Bundle


ANATOMICAL = "anatomical"
"""Factory, in ``data/modalities.json``, of the contrasts that this module prepares."""
TISSUE_PORTS = {"mask": "mask", "gm": "GM", "wm": "WM", "csf": "CSF"}
"""Port of this workflow, by that of the step that segments."""


def port_name(modality: str) -> str:
    """Give the name of a modality as Nipype allows it: ``ce-gadolinium_T1w`` -> ``ce_gadolinium_T1w``."""
    return modality.replace("-", "_")


def anatomical_images(inputs: Inputs) -> tuple[Image, ...]:
    """Give the anatomical images, the one that serves as reference first (``data/modalities.json``)."""
    from bidsapp.bids.listing import modalities

    ranks = {name: entry.reference_rank for name, entry in modalities().items()}
    ranked = [(rank, inputs.images[name]) for name, rank in ranks.items() if rank and name in inputs.images]
    return tuple(image for _, image in sorted(ranked, key=lambda pair: pair[0]))


def init_image_wf(image: Image, brain: Bundle, settings: Settings) -> Workflow:
    """Bring one image into shape: axes, brain mask, tissues, bias field, quality.

    Workflow Graph
        conform -> segment -> debias -> measure

    Parameters
    ----------
    image
        One anatomical image.
    brain
        Bundle of the brain network.
    settings
        Of the run.

    Outputs
    -------
    conform.notes, segment.{mask,gm,wm,csf,notes}, debias.out_file, measure.out_file
    """
    from nipype.pipeline.engine import Workflow

    from bidsapp.interfaces.anatomy import ConformImage, CorrectBias, SegmentBrain
    from bidsapp.interfaces.quality import MeasureImage

    workflow = Workflow(name=f"{port_name(image.modality)}_wf")
    conform = node(ConformImage(in_file=str(image.path)), "conform")
    on_gpu = settings.device.startswith("cuda")
    network = SegmentBrain(
        source=str(image.path),
        bundle=str(brain.path),
        digest=brain.digest,
        device=settings.device,
        use_gpu=on_gpu,
    )
    segment = node(network, "segment")
    debias = node(CorrectBias(source=str(image.path)), "debias")
    measure = node(MeasureImage(modality=image.modality), "measure")
    workflow.connect(
        [
            (conform, segment, [("out_file", "in_file")]),
            (conform, debias, [("out_file", "in_file")]),
            (segment, debias, [("mask", "mask")]),
            (conform, measure, [("out_file", "in_file")]),
            (segment, measure, [(name, name) for name in ("mask", "gm", "wm")]),
            (debias, measure, [("out_file", "corrected"), ("field", "field")]),
        ]
    )
    return workflow


def init_anatomical_wf(inputs: Inputs, brain: Bundle, settings: Settings, *, name: str) -> Workflow:
    """Align every contrast of a session with its reference image and scale its intensities.

    Workflow Graph
        image_wf (one for each contrast) -> align (all but the reference) -> scale -> outputnode

    Parameters
    ----------
    inputs
        At least one anatomical image.
    brain
        Bundle of the brain network.
    settings
        Of the run.
    name
        Of the workflow.

    Outputs
    -------
    mask, GM, WM, CSF, dseg
        On the grid of the reference image.
    MODALITY
        For each contrast: bias-corrected, on the reference grid, median of white matter 1.
    quality
        List of files, one for each contrast, in the order of :func:`anatomical_images`.
    notes
        Sentences: what was mended, which alignments are in doubt, where a GPU lacked memory.
    """
    from nipype.interfaces.utility import IdentityInterface, Merge
    from nipype.pipeline.engine import Node, Workflow

    from bidsapp.interfaces.anatomy import NormaliseIntensity

    images = anatomical_images(inputs)
    names = [port_name(image.modality) for image in images]
    workflow = Workflow(name=name)
    fields = [*TISSUE_PORTS.values(), "dseg", "quality", "notes", *names]
    outputnode = Node(IdentityInterface(fields=fields), name="outputnode")
    parts = [init_image_wf(image, brain, settings) for image in images]
    _connect_tissues(workflow, parts[0], outputnode)
    quality = Node(Merge(len(images)), name="quality")
    notes = Node(Merge(3 * len(images) - 1), name="notes")
    for joined in (quality, notes):
        workflow.connect(joined, "out", outputnode, joined.name)
    for index, (part, port) in enumerate(zip(parts, names, strict=True)):
        path = str(images[index].path)
        scale = node(NormaliseIntensity(source=path), f"scale_{port}")
        if index == 0:
            workflow.connect(part, "debias.out_file", scale, "in_file")
        else:
            align = _align(workflow, part, parts[0], port, path)
            workflow.connect(align, "out_file", scale, "in_file")
            workflow.connect(align, "notes", notes, f"in{len(images) + index}")
        workflow.connect(parts[0], "segment.wm", scale, "wm")
        workflow.connect(scale, "out_file", outputnode, port)
        workflow.connect(part, "measure.out_file", quality, f"in{index + 1}")
        workflow.connect(part, "conform.notes", notes, f"in{index + 1}")
        workflow.connect(part, "segment.notes", notes, f"in{2 * len(images) + index}")
    return workflow


def _connect_tissues(workflow: Workflow, reference: Workflow, outputnode: Node) -> None:
    """Hand on what the reference image says of the brain, and one label map of its tissues."""
    from bidsapp.interfaces.anatomy import LabelTissues

    label = node(LabelTissues(), "label")
    workflow.connect(
        [
            (reference, label, [(f"segment.{port}", port) for port in TISSUE_PORTS]),
            (reference, outputnode, [(f"segment.{port}", key) for port, key in TISSUE_PORTS.items()]),
            (label, outputnode, [("out_file", "dseg")]),
        ]
    )


def _align(workflow: Workflow, moving: Workflow, fixed: Workflow, port: str, source: str) -> Node:
    from bidsapp.interfaces.registration import AlignRigid

    align = node(AlignRigid(source=source), f"align_{port}")
    workflow.connect(
        [
            (moving, align, [("debias.out_file", "moving"), ("segment.mask", "moving_mask")]),
            (fixed, align, [("debias.out_file", "fixed"), ("segment.mask", "fixed_mask")]),
        ]
    )
    return align
