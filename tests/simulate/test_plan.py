"""The declared sample: every lesion names a kind and a session that exist."""

from __future__ import annotations

from bidsapp.simulate.plan import load_plan


def test_lesions_name_known_kinds_and_sessions() -> None:
    plan = load_plan()
    for subject in plan.subjects:
        visits = {session.label for session in subject.sessions}
        for lesion in subject.lesions:
            assert set(lesion.layers) <= visits
            for layers in lesion.layers.values():
                assert all(layer.kind in plan.kinds for layer in layers)
                sizes = [layer.size_mm for layer in layers]
                assert sizes == sorted(sizes, reverse=True)


def test_controls_have_no_lesion_and_patients_have() -> None:
    for subject in load_plan().subjects:
        assert bool(subject.lesions) == (subject.group == "patient")


def test_kinds_cover_every_contrast() -> None:
    for values in load_plan().kinds.values():
        assert set(values) == {"T1w", "ceT1w", "FLAIR", "FDG"}
