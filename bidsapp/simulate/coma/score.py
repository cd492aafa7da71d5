"""From injury to score: a stated monotone map, then what patients and examiners add to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MAXIMUM = 23


@dataclass(frozen=True, kw_only=True)
class ScoreMap:
    """How the score of the Coma Recovery Scale-Revised (0 to 23) follows from injury to the network.

    With the defaults, exams of simulated patients have about the mean and spread of the 50 patients of
    Song et al., eLife 2018 (9.4 and 4.9 points), and about half of their variance follows from the injury.

    Attributes
    ----------
    half
        Injury of the network, 0-1, at which the noiseless score is half of the maximum.
    slope
        Exponent above 0; up to 1 the first injury costs most, higher ones spare small injuries.
    biological_sd
        Standard deviation in points of what no image shows.
    label_error
        Standard error in points of the exam.
    """

    half: float = 0.17
    slope: float = 0.9
    biological_sd: float = 3.0
    label_error: float = 1.6

    def noiseless(self, injury: float) -> float:
        """Give 23 / 2 ** ((injury / half) ** slope): 23 without injury, falling strictly, never 0."""
        return float(MAXIMUM * 0.5 ** ((injury / self.half) ** self.slope))

    def state(self, injury: float, rng: np.random.Generator) -> float:
        """Give the patient's own score without error of the exam, 0 to 23, not rounded."""
        return float(np.clip(self.noiseless(injury) + rng.normal(0, self.biological_sd), 0, MAXIMUM))

    def exam(self, state: float, rng: np.random.Generator) -> int:
        """Give the total of one exam of a patient in this state: a whole number from 0 to 23."""
        return int(np.clip(round(state + rng.normal(0, self.label_error)), 0, MAXIMUM))
