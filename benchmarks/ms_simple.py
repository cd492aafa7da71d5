"""Two simple ways to find lesions on FLAIR, beside which the lesion network is measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ms_patients import Case, Mask

from bidsapp.images.hyperintense import belief_mask, lesion_belief
from bidsapp.images.volume import Volume, read_volume
from bidsapp.learning.lesion_agreement.voxelwise import dice

LEVELS = np.linspace(1.0, 3.0, 81)
KAPPAS = np.arange(1.0, 10.1, 0.5)


def flair_oracle(case: Case) -> tuple[Mask, str]:
    """Threshold FLAIR where it suits this very patient best: a mask, and the threshold in words."""
    inside = case.images["FLAIR"] * case.brain
    level = float(LEVELS[np.argmax([dice(case.lesion, inside >= level) for level in LEVELS])])
    return inside >= level, f"{level:.2f} of white matter"


def classical(cases: Sequence[Case]) -> dict[str, tuple[Mask, str]]:
    """Threshold the belief in lesions where it suits the other patients best.

    With one patient, where it suits this one.
    """
    beliefs = {case.subject: _belief(case) for case in cases}
    scores = {case.subject: _scores(case, beliefs[case.subject]) for case in cases}
    found = {}
    for name, belief in beliefs.items():
        others = [scores[other] for other in scores if other != name] or [scores[name]]
        kappa = float(KAPPAS[np.argmax(np.mean(others, axis=0))])
        found[name] = (belief_mask(belief, kappa=kappa).data > 0, f"kappa {kappa:.1f}")
    return found


def _belief(case: Case) -> Volume:
    grey, white, fluid = (case.bring(read_volume(case.member.native[key])) for key in ("GM", "WM", "CSF"))
    return lesion_belief(grey.with_data(case.images["FLAIR"]), grey, white, fluid)


def _scores(case: Case, belief: Volume) -> list[float]:
    return [dice(case.lesion, belief_mask(belief, kappa=kappa).data) for kappa in KAPPAS]
