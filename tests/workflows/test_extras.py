"""Graphs of sessions with BOLD, dynamic PET or signals alone; nothing is run."""

from pathlib import Path

import pytest

from bidsapp.analyses import registry
from bidsapp.bids.listing import modalities
from bidsapp.bundle import Bundle
from bidsapp.errors import NoInputError
from bidsapp.inputs import Image, Inputs
from bidsapp.interfaces.checks import check_anatomy
from bidsapp.settings import Settings
from bidsapp.workflows.extras import EXTRAS, factory_of, remarks_on_extras
from bidsapp.workflows.models import Model
from bidsapp.workflows.participant import concerns, init_subject_wf, list_steps
from bidsapp.workflows.session import FACTORIES

SETTINGS = Settings(bids_dir=Path("/bids"), output_dir=Path("/tmp"), levels=("participant",))
FRAMES = {"FrameTimesStart": [0, 60], "FrameDuration": [60, 60]}


@pytest.fixture(scope="module")
def brain():
    return Bundle.read(registry.load("brain").bundle)


@pytest.fixture
def session(tmp_path):
    path = tmp_path / "image.nii.gz"
    path.write_text("")

    def make(*names, label=None, **metadata):
        images = {}
        for name in names:
            entry = modalities()[name]
            images[name] = Image(
                path=path,
                modality=name,
                datatype=entry.datatype,
                suffix=entry.suffix,
                metadata=metadata.get(name, {}),
            )
        return Inputs(subject="01", session=label, images=images)

    return make


def steps_of(brain, *sessions, models=()):
    return list_steps(init_subject_wf(sessions, SETTINGS, models, brain))


def test_every_declared_factory_is_known():
    known = {"anatomical", *FACTORIES, *EXTRAS}
    assert {entry.factory for entry in modalities().values()} <= known


def test_bold_comes_before_what_is_warped(session, brain):
    steps = steps_of(brain, session("T1w", "bold"))
    assert steps.index("template_wf.normalise") < steps.index("session_wf.prepare_bold")
    assert steps.index("session_wf.prepare_bold") < steps.index("session_wf.warp")
    assert "session_wf.prepare_bold" not in steps_of(brain, session("T1w"))


def test_pet_is_dynamic_where_its_frames_have_times(session, brain):
    dynamic, static = session("T1w", "pet", pet=FRAMES), session("T1w", "pet")
    assert factory_of(dynamic.images["pet"]) == "dynamic_pet"
    assert factory_of(session("pet", pet={"FrameTimesStart": [0]}).images["pet"]) == "static_pet"
    assert "session_wf.prepare_pet" in steps_of(brain, dynamic)
    assert "session_wf.suvr" not in steps_of(brain, dynamic)
    assert "session_wf.suvr" in steps_of(brain, static)


def test_ready_signals_give_way_to_an_image(session, brain):
    both = session("T1w", "bold", "timeseries")
    assert "session_wf.take_signals" not in steps_of(brain, both)
    assert "was not used" in remarks_on_extras(both)[0]
    assert "session_wf.take_signals" in steps_of(brain, session("T1w", "timeseries"))


def test_a_session_of_signals_alone_has_a_slim_workflow(session, brain):
    alone = session("timeseries")
    check_anatomy(alone)
    names = ("take_signals", "gather", "describe", "write_preproc")
    assert steps_of(brain, alone) == tuple(f"session_wf.{name}" for name in names)


def test_analyses_of_images_are_left_out_where_there_are_signals_alone(session, brain):
    def model(modality):
        metadata = {**brain.metadata, "modalities": [modality], "any_modality_of": []}
        return [Model("ms", Bundle(brain.path, metadata))]

    alone = session("timeseries")
    assert "session_wf.analyse_ms" not in steps_of(brain, alone, models=model("T1w"))
    assert "session_wf.analyse_ms" in steps_of(brain, alone, models=model("timeseries"))


def test_signals_of_one_session_do_not_wait_for_the_anatomy_of_another(session, brain):
    first, second = session("timeseries", label="1"), session("T1w", "bold", label="2")
    steps = steps_of(brain, first, second)
    own = {step for step in steps if concerns(step, first, [first, second])}
    assert own == {f"ses_1_wf.{name}" for name in ("take_signals", "gather", "describe", "write_preproc")}
    assert "ses_2_wf.prepare_bold" in steps
    assert sum(step.startswith("template_wf.compose") for step in steps) == 1


def test_bold_alone_has_nothing_to_lie_on(session):
    with pytest.raises(NoInputError, match="no anatomical image"):
        check_anatomy(session("bold"))
