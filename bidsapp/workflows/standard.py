"""Steps that bring what a session has to standard space, and gather it for its analyses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from bidsapp.inputs import Inputs
from bidsapp.workflows.resources import node

if TYPE_CHECKING:
    from nipype.pipeline.engine import Node, Workflow

Ports = dict[str, tuple["Node", str]]
TRANSFORMS = ("native_to_standard", "standard_to_native")
TISSUES = ("mask", "GM", "WM", "CSF")


class Standard(NamedTuple):
    """The steps that others are connected to.

    Attributes
    ----------
    native
        Merges the volumes on the grid of the reference image; extras take its last places.
    warp
        Brings them to standard space at 2 mm.
    gather
        Gives the session's member.
    """

    native: Node
    warp: Node
    gather: Node


def connect_standard(
    workflow: Workflow,
    inputnode: Node,
    inputs: Inputs,
    sources: Ports,
    extras: int,
    unordered: Sequence[str],
) -> Standard:
    """Warp all volumes at 2 mm, and gather what there is.

    Parameters
    ----------
    workflow, inputnode
        Of the session; ``inputnode`` has the ports of `TRANSFORMS`.
    inputs
        The session.
    sources
        Node and port of each volume that is there in any case, by key.
    extras
        Number of further places for volumes.
    unordered
        See :func:`bidsapp.workflows.session.init_session_wf`.
    """
    from nipype.interfaces.utility import Merge
    from nipype.pipeline.engine import Node

    from bidsapp.interfaces.registration import WarpToStandard

    native = Node(Merge(len(sources) + extras), name="native")
    for index, (origin, port) in enumerate(sources.values()):
        workflow.connect(origin, port, native, f"in{index + 1}")
    warp = node(WarpToStandard(keys=list(sources), resolution=2), "warp")
    transforms = Node(Merge(2), name="transforms")
    gather = _gather(inputs, list(sources), unordered)
    workflow.connect(
        [
            (native, warp, [("out", "in_files")]),
            (inputnode, warp, [("native_to_standard", "transform")]),
            (inputnode, transforms, [(key, f"in{index + 1}") for index, key in enumerate(TRANSFORMS)]),
            (native, gather, [("out", "native")]),
            (warp, gather, [("out_files", "standard")]),
            (transforms, gather, [("out", "transforms")]),
        ]
    )
    return Standard(native, warp, gather)


def _gather(inputs: Inputs, keys: list[str], unordered: Sequence[str]) -> Node:
    from bidsapp.interfaces.member import GatherMember

    return node(
        GatherMember(
            subject=inputs.subject,
            session=inputs.session or "",
            covariates=dict(inputs.covariates),
            unordered=list(unordered),
            native_keys=keys,
            standard_keys=keys,
            transforms_keys=list(TRANSFORMS),
        ),
        "gather",
    )


def connect_extras(workflow: Workflow, standard: Standard, own: list[str], extras: Sequence[Node]) -> None:
    """Hand volumes and series of extras on; which ones there are is known once the extras have run.

    Parameters
    ----------
    workflow, standard
        Of the session.
    own
        Keys of the volumes that are there in any case.
    extras
        What :data:`bidsapp.workflows.extras.EXTRAS` gave.
    """
    if not extras:
        return
    from nipype.interfaces.utility import Merge
    from nipype.pipeline.engine import Node

    keys = Node(Merge(1 + len(extras)), name="keys")
    keys.inputs.in1 = own
    for index, extra in enumerate(extras):
        workflow.connect(extra, "volume_keys", keys, f"in{index + 2}")
        workflow.connect(extra, "volumes", standard.native, f"in{len(own) + index + 1}")
    for port in ("series_keys", "series"):
        joined = Node(Merge(len(extras)), name=port)
        for index, extra in enumerate(extras):
            workflow.connect(extra, port, joined, f"in{index + 1}")
        workflow.connect(joined, "out", standard.gather, port)
    workflow.connect(
        [
            (keys, standard.warp, [("out", "keys")]),
            (keys, standard.gather, [("out", "native_keys"), ("out", "standard_keys")]),
        ]
    )


def connect_fine(
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
