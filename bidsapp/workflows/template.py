"""What the sessions of a subject share: an unbiased midpoint, and its normalisation to the template."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import bidsapp
from bidsapp.inputs import Inputs
from bidsapp.settings import Settings
from bidsapp.workflows.anatomical import anatomical_images
from bidsapp.workflows.environment import WORK_PREFIX
from bidsapp.workflows.resources import node

if TYPE_CHECKING:
    from nipype.pipeline.engine import Node, Workflow

    from bidsapp.bundle import Bundle

PARTS = ("image", "mask", "GM", "WM", "CSF")


def init_template_wf(sessions: Sequence[Inputs], brain: Bundle, settings: Settings) -> Workflow:
    """Align the sessions with each other through their midpoint, and that with the template.

    One deformation serves all sessions, so that a change between them is not one of the normalisation.

    Workflow Graph
        midpoint, segment_template -> normalise -> compose (one for each session)

    Parameters
    ----------
    sessions
        Of one subject.
    brain, settings
        Bundle of the brain network, which gives the template's own tissues; settings of the run.

    Inputs
    ------
    image_I, mask_I, GM_I, WM_I, CSF_I
        Of session number I, on the grid of its reference image.

    Outputs
    -------
    native_to_standard_I, standard_to_native_I
        ITK transforms between session I and MNI152NLin2009cAsym.
    facts
        JSON on the registration: template file and digest, folded voxels, similarity.
    """
    from nipype.interfaces.utility import IdentityInterface
    from nipype.pipeline.engine import Node, Workflow

    from bidsapp.interfaces.registration import ComposeTransforms, FindMidpoint, NormaliseToTemplate
    from bidsapp.interfaces.template import SegmentTemplate

    count = len(sessions)
    workflow = Workflow(name="template_wf")
    directions = ("native_to_standard", "standard_to_native")
    inputs = [f"{part}_{index}" for part in PARTS for index in range(count)]
    outputs = [f"{direction}_{index}" for direction in directions for index in range(count)]
    inputnode = Node(IdentityInterface(fields=inputs), name="inputnode")
    outputnode = Node(IdentityInterface(fields=[*outputs, "facts"]), name="outputnode")
    references = {anatomical_images(item)[0].modality for item in sessions}
    midpoint = node(FindMidpoint(), "midpoint")
    cache = settings.work_root / f"{WORK_PREFIX}{bidsapp.__version__}"
    own_tissues = SegmentTemplate(bundle=str(brain.path), digest=brain.digest, cache=str(cache))
    segment_template = node(own_tissues, "segment_template")
    normalise = node(NormaliseToTemplate(use_intensity=references == {"T1w"}), "normalise")
    _connect_parts(workflow, inputnode, midpoint, normalise, count)
    for index in range(count):
        compose = node(ComposeTransforms(index=index), f"compose_{index}")
        workflow.connect(
            [
                (midpoint, compose, [("transforms", "to_midpoint")]),
                (normalise, compose, [("forward", "forward"), ("inverse", "inverse")]),
                (compose, outputnode, [(name, f"{name}_{index}") for name in directions]),
            ]
        )
    workflow.connect(segment_template, "out_file", normalise, "template")
    workflow.connect(normalise, "facts", outputnode, "facts")
    return workflow


def _connect_parts(workflow: Workflow, inputnode: Node, midpoint: Node, normalise: Node, count: int) -> None:
    """Bring images, masks and tissues of all sessions to the midpoint, and from there to normalisation."""
    from nipype.interfaces.utility import Merge
    from nipype.pipeline.engine import Node

    for part in PARTS:
        merge = Node(Merge(count), name=f"all_{part}")
        workflow.connect(
            [
                (inputnode, merge, [(f"{part}_{index}", f"in{index + 1}") for index in range(count)]),
                (merge, midpoint, [("out", f"{part.lower()}s")]),
                (midpoint, normalise, [(part.lower(), part.lower())]),
            ]
        )
