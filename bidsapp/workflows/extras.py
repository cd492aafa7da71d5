"""What a session has beside its anatomy and static PET, each prepared by one step that cannot fail it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from bidsapp.bids.listing import modalities
from bidsapp.inputs import Image, Inputs
from bidsapp.workflows.diffusion import connect_diffusion, connect_given_map, connect_perfusion, is_computed
from bidsapp.workflows.resources import node

if TYPE_CHECKING:
    from nipype.pipeline.engine import Node, Workflow

OUTPUTS = ("volume_keys", "volumes", "series_keys", "series", "quality", "confounds", "notes")
"""Ports of the node that an extra gives; see :class:`bidsapp.interfaces.extra.PrepareExtra`."""


class ExtraFactory(Protocol):
    """Prepares one modality within a session's workflow."""

    def __call__(self, workflow: Workflow, inputnode: Node, image: Image, *, reference: str) -> Node:
        """Add the steps; give the node that hands over what was prepared."""
        ...


def connect_bold(workflow: Workflow, inputnode: Node, image: Image, *, reference: str) -> Node:
    """Add resting BOLD: realigned, cleaned, ALFF, ReHo and signals of regions (``prepare_bold``)."""
    from bidsapp.interfaces.bold import PrepareBold

    prepare_bold = node(PrepareBold(**_source(image)), "prepare_bold", mem_gb=4.0)
    _connect_anatomy(workflow, inputnode, prepare_bold, reference)
    workflow.connect(inputnode, "WM", prepare_bold, "wm")
    workflow.connect(inputnode, "CSF", prepare_bold, "csf")
    return prepare_bold


def connect_dynamic_pet(workflow: Workflow, inputnode: Node, image: Image, *, reference: str) -> Node:
    """Add dynamic PET: realigned, uptake ratio, slope and activity of regions (``prepare_pet``)."""
    from bidsapp.interfaces.dynamic_pet import PrepareDynamicPet

    prepare_pet = node(PrepareDynamicPet(**_source(image)), "prepare_pet", mem_gb=4.0)
    _connect_anatomy(workflow, inputnode, prepare_pet, reference)
    return prepare_pet


def connect_signals(workflow: Workflow, inputnode: Node, image: Image, *, reference: str) -> Node:
    """Add ready signals of regions (``take_signals``); they need no anatomy."""
    from bidsapp.interfaces.series import TakeSignals

    take_signals = node(TakeSignals(**_source(image)), "take_signals")
    workflow.add_nodes([take_signals])
    return take_signals


def connect_lesion(workflow: Workflow, inputnode: Node, image: Image, *, reference: str) -> Node:
    """Add a lesion mask of standard space (``take_lesion``); it needs no anatomy."""
    from bidsapp.interfaces.lesion import TakeLesion

    take_lesion = node(TakeLesion(**_source(image)), "take_lesion")
    workflow.add_nodes([take_lesion])
    return take_lesion


EXTRAS: Mapping[str, ExtraFactory] = {
    "resting_bold": connect_bold,
    "dynamic_pet": connect_dynamic_pet,
    "ready_signals": connect_signals,
    "diffusion": connect_diffusion,
    "perfusion": connect_perfusion,
    "given_map": connect_given_map,
    "lesion_mask": connect_lesion,
}
"""Factories of modalities that a session can do without, by the name in ``data/modalities.json``."""


def factory_of(image: Image) -> str:
    """Name what prepares an image: PET of several frames whose times are known is dynamic."""
    factory = modalities()[image.modality].factory
    times = image.metadata.get("FrameTimesStart")
    if factory == "static_pet" and isinstance(times, list) and len(times) > 1:
        return "dynamic_pet"
    return factory


def extra_images(inputs: Inputs) -> tuple[Image, ...]:
    """Give the images that factories of :data:`EXTRAS` prepare beside anatomy.

    Ready signals are left out where there is BOLD, and masks of standard space always: the volumes of a
    session with anatomy are on the grid of its reference image.
    """
    found = [image for image in inputs.images.values() if factory_of(image) in EXTRAS]
    return tuple(image for image in found if not _unused(image, inputs))


def remarks_on_extras(inputs: Inputs) -> list[str]:
    """Say what is in the dataset and not used."""
    return [
        f"{image.path.name} was not used: {why}."
        for image in inputs.images.values()
        if (why := _unused(image, inputs))
    ]


_REPLACED_BY = {"timeseries": "the BOLD image", "ADC": "the DWI", "FA": "the DWI", "cbf": "the ASL series"}


def _unused(image: Image, inputs: Inputs) -> str:
    """Say why an image of a session with anatomy is not used; empty where it is."""
    if (image.modality == "timeseries" and "bold" in inputs.images) or is_computed(image, inputs):
        return f"the same is computed from {_REPLACED_BY[image.modality]}"
    if image.modality == "lesion":
        return "lesion masks in standard space are read where a session has no anatomical image"
    return ""


def _source(image: Image) -> dict[str, str]:
    return {
        "modality": image.modality,
        "in_file": str(image.path),
        "metadata": json.dumps(image.metadata, sort_keys=True),
    }


def _connect_anatomy(workflow: Workflow, inputnode: Node, prepare: Node, reference: str) -> None:
    ports = [(reference, "reference"), ("mask", "mask"), ("standard_to_native", "standard_to_native")]
    workflow.connect([(inputnode, prepare, ports)])
