"""Graphs of subjects that have every mixture of contrasts and sessions; nothing is run."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from bidsapp.analyses import registry
from bidsapp.bids.listing import modalities
from bidsapp.bundle import Bundle
from bidsapp.inputs import Image, Inputs
from bidsapp.settings import Settings
from bidsapp.workflows.anatomical import anatomical_images
from bidsapp.workflows.models import Model
from bidsapp.workflows.participant import (
    concerns,
    init_subject_wf,
    list_sinks,
    list_steps,
    step_prefix,
)

SETTINGS = Settings(bids_dir=Path("/bids"), output_dir=Path("/tmp"), levels=("participant",))


@pytest.fixture(scope="module")
def brain():
    return Bundle.read(registry.load("brain").bundle)


@pytest.fixture
def head(tmp_path):
    (tmp_path / "image.nii.gz").write_text("")
    return tmp_path / "image.nii.gz"


def session(head, names, label=None):
    images = {
        name: Image(
            path=head, modality=name, datatype=modalities()[name].datatype, suffix=modalities()[name].suffix
        )
        for name in names
    }
    return Inputs(subject="01", session=label, images=images)


ANATOMICAL = [name for name, entry in modalities().items() if entry.reference_rank]


@pytest.mark.parametrize("names", [pair for count in (1, 2) for pair in combinations(ANATOMICAL, count)])
def test_any_contrasts_make_a_graph_with_one_reference(head, brain, names):
    inputs = session(head, names)
    steps = list_steps(init_subject_wf([inputs], SETTINGS, (), brain))
    assert sum(".align_" in step for step in steps) == len(names) - 1
    assert sum(step.endswith(".segment") for step in steps) == len(names)
    assert steps.index("template_wf.normalise") < steps.index("session_wf.warp")


def test_a_t1w_is_the_reference_where_there_is_one(head):
    assert anatomical_images(session(head, ["FLAIR", "T1w", "pet"]))[0].modality == "T1w"
    assert anatomical_images(session(head, ["pet", "T2w", "FLAIR"]))[0].modality == "FLAIR"


def test_sessions_share_one_normalisation_and_nothing_else(head, brain):
    first, second = session(head, ["T1w", "pet"], "1"), session(head, ["FLAIR"], "2")
    steps = list_steps(init_subject_wf([first, second], SETTINGS, (), brain))
    shared = [
        step
        for step in steps
        if concerns(step, first, [first, second]) and concerns(step, second, [first, second])
    ]
    assert {step.partition(".")[0] for step in shared} == {"template_wf"}
    assert sum(step.endswith("normalise") for step in steps) == 1
    assert all(step.startswith((step_prefix(first), step_prefix(second), "template_wf")) for step in steps)
    assert "ses_1_wf.suvr" in steps
    assert "ses_2_wf.suvr" not in steps


def test_images_at_one_millimetre_are_an_extra(head, brain):
    inputs = session(head, ["T1w"])
    fine = replace(SETTINGS, output_resolution=1)
    assert "session_wf.warp_fine" in list_steps(init_subject_wf([inputs], fine, (), brain))
    assert "session_wf.warp_fine" not in list_steps(init_subject_wf([inputs], SETTINGS, (), brain))


def test_manual_masks_are_compared_where_there_are_any(head, brain):
    with_masks = replace(session(head, ["T1w"]), references={"brain": head})
    assert "session_wf.evaluate_preproc" in list_steps(init_subject_wf([with_masks], SETTINGS, (), brain))


def test_an_analysis_runs_where_its_modalities_are(head, brain):
    model = Model("anomaly", Bundle(brain.path, {**brain.metadata, "modalities": ["FLAIR"]}))
    with_it, without = session(head, ["T1w", "FLAIR"]), session(head, ["T1w"])
    assert "session_wf.analyse_anomaly" in list_steps(init_subject_wf([with_it], SETTINGS, [model], brain))
    assert "session_wf.analyse_anomaly" not in list_steps(
        init_subject_wf([without], SETTINGS, [model], brain)
    )
    assert model.missing(without) == "anomaly needs FLAIR, which sub-01 does not have."


def earlier_and_unordered(workflow):
    """Give, by session, whether the analysis gets the session before, and whom it cannot place in time."""
    graph = workflow._create_flat_graph()
    gathers = {
        node.fullname.split(".")[1]: list(node.inputs.unordered) for node in graph if node.name == "gather"
    }
    follows = {
        node.fullname.split(".")[1]
        for _, node, edge in graph.edges(data=True)
        if node.name == "analyse_ms" and any(port == "earlier" for _, port in edge["connect"])
    }
    return follows, gathers


def test_sessions_whose_order_is_known_follow_each_other(head, brain):
    model = Model("ms", Bundle(brain.path, {**brain.metadata, "modalities": ["T1w"]}))
    sessions = [session(head, ["T1w"], label) for label in ("2", "1")]
    follows, unordered = earlier_and_unordered(init_subject_wf(sessions, SETTINGS, [model], brain))
    assert follows == {"ses_2_wf"}
    assert set(map(tuple, unordered.values())) == {()}


def test_sessions_whose_order_is_not_known_are_told_of_each_other(head, brain):
    model = Model("ms", Bundle(brain.path, {**brain.metadata, "modalities": ["T1w"]}))
    sessions = [session(head, ["T1w"], label) for label in ("followup", "baseline")]
    follows, unordered = earlier_and_unordered(init_subject_wf(sessions, SETTINGS, [model], brain))
    assert not follows
    assert unordered == {"ses_followup_wf": ["baseline"], "ses_baseline_wf": ["followup"]}


def test_one_session_has_no_order_to_know(head, brain):
    _, unordered = earlier_and_unordered(init_subject_wf([session(head, ["T1w"])], SETTINGS, (), brain))
    assert unordered == {"session_wf": []}


def test_an_image_after_gadolinium_alone_is_preprocessed_but_has_no_lesions_looked_for(head, brain):
    model = Model("ms", Bundle(brain.path, {**brain.metadata, "any_modality_of": ["T1w", "FLAIR"]}))
    post = session(head, ["ce-gadolinium_T1w"])
    steps = list_steps(init_subject_wf([post], SETTINGS, [model], brain))
    assert "session_wf.write_preproc" in steps
    assert "session_wf.analyse_ms" not in steps
    assert model.missing(post) == "ms needs one of T1w, FLAIR, and sub-01 has none."


def test_a_plus_in_labels_is_no_other_session_and_no_error(head, brain):
    sessions = [replace(session(head, ["T1w"], label), subject="0+1") for label in ("1", "1+", "+1", "1+2")]
    workflow = init_subject_wf(sessions, SETTINGS, (), brain)
    own = {
        item.session: {step for step in list_steps(workflow) if concerns(step, item, sessions)}
        for item in sessions
    }
    shared = set.intersection(*own.values())
    assert {step.partition(".")[0] for step in shared} == {"template_wf"}
    assert len({len(steps) for steps in own.values()}) == 1
    assert "ses_1-_wf.write_preproc" in own["1+"] - own["1"]
    assert {step.partition(".")[0] for step in list_sinks(workflow)} == {
        f"ses_{name}_wf" for name in ("1", "1-", "-1", "1-2")
    }
