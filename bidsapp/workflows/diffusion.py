"""Diffusion and perfusion of a session: each one step, from raw series to maps on the reference image."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bidsapp.inputs import Image, Inputs
from bidsapp.workflows.resources import node

if TYPE_CHECKING:
    from nipype.pipeline.engine import Node, Workflow

SERIES_OF = {"ADC": "dwi", "FA": "dwi", "cbf": "asl"}
"""Series that a map is computed from; where it can be, a map that is given is not used."""


def connect_diffusion(workflow: Workflow, inputnode: Node, image: Image, *, reference: str) -> Node:
    """Add diffusion: denoised, realigned, ADC and, with enough directions, FA (``prepare_dwi``)."""
    from bidsapp.interfaces.diffusion import PrepareDiffusion

    files = {name: str(image.companions[name].path) for name in ("bval", "bvec") if name in image.companions}
    prepare_dwi = node(PrepareDiffusion(**_source(image), **files), "prepare_dwi", mem_gb=4.0)
    workflow.connect([(inputnode, prepare_dwi, [(reference, "reference"), ("mask", "mask")])])
    return prepare_dwi


def connect_perfusion(workflow: Workflow, inputnode: Node, image: Image, *, reference: str) -> Node:
    """Add arterial spin labelling: realigned, cerebral blood flow (``prepare_asl``)."""
    from bidsapp.interfaces.perfusion import PreparePerfusion

    files: dict[str, Any] = {}
    if "aslcontext" in image.companions:
        files["context"] = str(image.companions["aslcontext"].path)
    if "m0scan" in image.companions:
        calibration = image.companions["m0scan"]
        files["m0"] = str(calibration.path)
        files["m0_metadata"] = json.dumps(calibration.metadata, sort_keys=True)
    prepare_asl = node(PreparePerfusion(**_source(image), **files), "prepare_asl", mem_gb=4.0)
    ports = [(reference, "reference"), ("mask", "mask"), ("GM", "gm"), ("WM", "wm")]
    workflow.connect([(inputnode, prepare_asl, ports)])
    return prepare_asl


def connect_given_map(workflow: Workflow, inputnode: Node, image: Image, *, reference: str) -> Node:
    """Add a map that the dataset gives, as it is (``take_ADC``, ``take_FA``, ``take_cbf``)."""
    from bidsapp.interfaces.diffusion import TakeMap

    take_map = node(TakeMap(**_source(image)), f"take_{image.modality}")
    workflow.connect([(inputnode, take_map, [(reference, "reference"), ("mask", "mask")])])
    return take_map


def is_computed(image: Image, inputs: Inputs) -> bool:
    """Tell whether a map that is given will be computed from its series, which has all that it needs."""
    series = inputs.images.get(SERIES_OF.get(image.modality, ""))
    if series is None:
        return False
    needed = ("aslcontext",) if series.modality == "asl" else ("bval", "bvec")
    return all(name in series.companions for name in needed)


def _source(image: Image) -> dict[str, str]:
    return {
        "modality": image.modality,
        "in_file": str(image.path),
        "metadata": json.dumps(image.metadata, sort_keys=True),
    }
