from pathlib import Path

from bidsapp.findings import Map
from bidsapp.reports.scene import Scene, modality

MNI = {"space": "MNI152NLin2009cAsym"}


def make(suffix: str, display: str, title: str = "", **entities: str) -> Map:
    return Map(path=Path(title), suffix=suffix, title=title, entities=entities, display=display)


T1W = make("T1w", "background")
FLAIR = make("FLAIR", "blend", space="T1w")
POST = make("T1w", "blend", ce="gadolinium", space="T1w")
OWN = make("T1w", "blend", "own", **MNI)
TEMPLATE = make("T1w", "background", "template", **MNI)
SCENE = Scene((FLAIR, T1W, POST, TEMPLATE, OWN))


def test_space_of_the_reference_is_the_subjects_own() -> None:
    assert SCENE.space(FLAIR) == SCENE.space(T1W) == ""
    assert SCENE.space(OWN) == MNI["space"]


def test_registrations_are_compared_with_the_background_of_their_space() -> None:
    assert SCENE.background(FLAIR) is T1W
    assert SCENE.background(OWN) is TEMPLATE


def test_findings_are_drawn_on_the_subjects_own_image_rather_than_on_a_template() -> None:
    assert SCENE.backdrop(make("statmap", "overlay", space="T1w")) is T1W
    assert SCENE.backdrop(make("statmap", "overlay", **MNI)) is OWN
    assert Scene((T1W, TEMPLATE)).backdrop(make("statmap", "overlay", **MNI)) is TEMPLATE


def test_a_map_can_ask_for_the_image_that_it_is_best_seen_on() -> None:
    wish = Map(
        path=Path(), suffix="mask", title="", entities={"space": "T1w"}, display="contour", backdrop="FLAIR"
    )
    assert SCENE.backdrop(wish) is FLAIR
    assert modality(POST) == "ce-gadolinium_T1w"


def test_a_session_without_t1w_has_another_reference() -> None:
    flair = make("FLAIR", "background")
    scene = Scene((flair, make("T2w", "blend", space="FLAIR")))
    assert scene.background(scene.maps[1]) is flair


def test_an_unknown_space_has_no_background() -> None:
    assert SCENE.backdrop(make("mask", "contour", space="elsewhere")) is None


def test_in_a_standard_space_only_the_reference_shows_the_registration() -> None:
    carried = make("FLAIR", "blend", **MNI)
    scene = Scene((T1W, FLAIR, OWN, carried, TEMPLATE))
    assert [item for item in scene.maps if scene.is_registration(item)] == [FLAIR, OWN]
    assert Scene((T1W, carried, TEMPLATE)).is_registration(carried)
