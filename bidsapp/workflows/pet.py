"""Static PET of a session: onto the reference image, relative to a reference region."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bidsapp.inputs import Image
from bidsapp.workflows.resources import node

if TYPE_CHECKING:
    from nipype.pipeline.engine import Node, Workflow


def connect_pet(
    workflow: Workflow, inputnode: Node, image: Image, *, reference: str
) -> dict[str, tuple[Node, str]]:
    """Add static PET to a session's workflow and give the node and port of the uptake ratio (``pet``).

    The node has the ``notes`` of all steps.

    Workflow Graph
        sum_frames -> align_pet -> suvr

    Parameters
    ----------
    workflow
        Of the session.
    inputnode
        With ``mask``, ``standard_to_native`` and the reference image.
    image
        Three-dimensional PET, or frames with their timing in the sidecar.
    reference
        Port of the reference image.
    """
    from nipype.interfaces.utility import Merge
    from nipype.pipeline.engine import Node

    from bidsapp.interfaces.pet import ComputeSuvr, SumFrames
    from bidsapp.interfaces.registration import AlignRigid

    sum_frames = node(
        SumFrames(in_file=str(image.path), metadata=json.dumps(image.metadata, sort_keys=True)), "sum_frames"
    )
    align_pet = node(AlignRigid(source=str(image.path)), "align_pet")
    notes = Node(Merge(2), name="pet_notes")
    suvr = node(ComputeSuvr(source=str(image.path)), "suvr")
    workflow.connect(
        [
            (sum_frames, align_pet, [("out_file", "moving")]),
            (inputnode, align_pet, [(reference, "fixed"), ("mask", "fixed_mask")]),
            (align_pet, suvr, [("out_file", "in_file")]),
            (sum_frames, notes, [("notes", "in1")]),
            (align_pet, notes, [("notes", "in2")]),
            (notes, suvr, [("out", "notes")]),
            (inputnode, suvr, [("standard_to_native", "standard_to_native"), ("mask", "mask")]),
        ]
    )
    return {"pet": (suvr, "out_file")}
