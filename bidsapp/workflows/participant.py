"""The workflow of one subject: its sessions, what they share, the analyses, the sinks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from bidsapp.bids.order import order_sessions
from bidsapp.inputs import Inputs
from bidsapp.interfaces.checks import has_anatomy
from bidsapp.settings import Settings
from bidsapp.workflows.anatomical import anatomical_images, init_anatomical_wf, port_name
from bidsapp.workflows.models import Model
from bidsapp.workflows.monitor import step_name
from bidsapp.workflows.series_only import init_series_wf
from bidsapp.workflows.session import init_session_wf
from bidsapp.workflows.template import init_template_wf

if TYPE_CHECKING:
    from nipype.pipeline.engine import Workflow

    from bidsapp.bundle import Bundle


def init_subject_wf(
    sessions: Sequence[Inputs], settings: Settings, models: Sequence[Model], brain: Bundle
) -> Workflow:
    """Build the workflow of one subject.

    Workflow Graph
        ses_Y_anatomical_wf (one for each session) -> template_wf (shared: midpoint, normalisation)
        -> ses_Y_wf (standard space, PET, quality, analyses, sinks) -> the later session's analyses
        A session without anatomy (signals, a lesion mask) is a ses_Y_wf of its own (``series_only``).

    Parameters
    ----------
    sessions
        What the subject has, session by session; each has an anatomical image or signals of regions.
    settings
        Of the run.
    models
        Analyses with their bundles; one whose modalities a session lacks is left out there.
    brain
        Bundle of the brain network.
    """
    from nipype.pipeline.engine import Workflow

    workflow = Workflow(name=f"sub_{_plain(sessions[0].subject)}_wf")
    order = order_sessions([(item.session or "", item.covariates) for item in sessions])
    before = {later: earlier for earlier, later in pairwise(order or ())}
    built: list[Workflow] = []
    imaged = [inputs for inputs in sessions if has_anatomy(inputs)]
    template_wf = init_template_wf(imaged, brain, settings) if imaged else None
    for index, inputs in enumerate(sessions):
        others = [item.session or "" for item in sessions if item is not inputs]
        init_wf = init_session_wf if has_anatomy(inputs) else init_series_wf
        session_wf = init_wf(
            inputs,
            settings,
            models,
            name=f"{step_prefix(inputs)}wf",
            follows=index in before,
            unordered=others if order is None else (),
        )
        built.append(session_wf)
        if template_wf is None or not has_anatomy(inputs):
            workflow.add_nodes([session_wf])
            continue
        anatomical_wf = init_anatomical_wf(
            inputs, brain, settings, name=f"{step_prefix(inputs)}anatomical_wf"
        )
        place = next(number for number, item in enumerate(imaged) if item is inputs)
        _connect_anatomy(workflow, inputs, place, (anatomical_wf, template_wf, session_wf))
    for later, earlier in before.items():
        workflow.connect(built[earlier], "outputnode.member", built[later], "inputnode.earlier")
    return workflow


def _connect_anatomy(
    workflow: Workflow, inputs: Inputs, place: int, parts: tuple[Workflow, Workflow, Workflow]
) -> None:
    """Connect anatomy, template and session; ``place`` is the session's number in the template."""
    anatomical_wf, template_wf, session_wf = parts
    tissues = ["mask", "GM", "WM", "CSF"]
    names = [port_name(image.modality) for image in anatomical_images(inputs)]
    shared = [(f"outputnode.{name}", f"inputnode.{name}_{place}") for name in tissues]
    shared.append((f"outputnode.{names[0]}", f"inputnode.image_{place}"))
    own = [(f"outputnode.{name}", f"inputnode.{name}") for name in (*tissues, *names)]
    own += [(f"outputnode.{name}", f"inputnode.{name}") for name in ("dseg", "quality", "notes")]
    transforms = [
        (f"outputnode.{name}_{place}", f"inputnode.{name}")
        for name in ("native_to_standard", "standard_to_native")
    ]
    transforms.append(("outputnode.facts", "inputnode.facts"))
    workflow.connect(
        [
            (anatomical_wf, template_wf, shared),
            (anatomical_wf, session_wf, own),
            (template_wf, session_wf, transforms),
        ]
    )


def step_prefix(inputs: Inputs) -> str:
    """Begin the names of all steps that belong to one session alone."""
    return f"ses_{_plain(inputs.session)}_" if inputs.session else "session_"


def _plain(label: str) -> str:
    """Write a label as Nipype admits it in names: ``+`` as a hyphen, which BIDS admits in none."""
    return label.replace("+", "-")


def concerns(step: str, inputs: Inputs, sessions: Sequence[Inputs]) -> bool:
    """Tell whether a step belongs to a session: its own, or one that all sessions share."""
    if step.startswith("template_wf.") and not has_anatomy(inputs):
        return False
    return not any(step.startswith(step_prefix(other)) for other in sessions if other is not inputs)


def list_steps(workflow: Workflow) -> tuple[str, ...]:
    """Name the steps of a workflow in a possible order, without the nodes that only pass on."""
    from bidsapp.interfaces.base import PureInterface

    return _steps_of(workflow, PureInterface)


def list_sinks(workflow: Workflow) -> tuple[str, ...]:
    """Name the steps that write findings: no result is a session's before they ran."""
    from bidsapp.interfaces.findings import WriteFindings

    return _steps_of(workflow, WriteFindings)


def _steps_of(workflow: Workflow, interface: type) -> tuple[str, ...]:
    from nipype.pipeline.engine.utils import topological_sort

    nodes, _ = topological_sort(workflow._create_flat_graph())
    return tuple(step_name(item.fullname) for item in nodes if isinstance(item.interface, interface))
