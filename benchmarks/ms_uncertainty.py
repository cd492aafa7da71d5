"""Whether the lesion network knows when it is wrong: calibration, retention, leaving doubtful lesions out.

    python benchmarks/ms_uncertainty.py --patients OUT --masks MANUAL --bundle BUNDLE --cache FOLDER

Real patients, read by the network of the fold that left them out. Calibration: ECE within 5 mm of lesions,
before and after the temperature that suits the other patients. Retention (areas under curves, higher is
better): of voxels by nDSC (Shifts), doubt being the entropy of the calibrated probability, beside a random
order; of lesions by F1 (lesions and hits after Anima), doubt being the mean entropy or the sum of its
logarithm, beside the random, the volume-only (small is doubtful) and the ideal order. The filter leaves
lesions out whose confidence (1 less the mean entropy, as in the app) is below a limit that was chosen on the
other patients.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from anomaly_fitting import table
from ms_networks import Networks
from ms_patients import (
    Array,
    Case,
    Setting,
    add_options,
    add_patients,
    chosen_on_others,
    near,
    read_cases,
    write_rows,
)

from bidsapp.learning.calibration.counts import count_logits
from bidsapp.learning.calibration.reliability import Reliability, measure_reliability
from bidsapp.learning.lesion_agreement.instances import label_lesions
from bidsapp.learning.lesion_agreement.protocols import ANIMA_LARGER_THAN_MM3, anima
from bidsapp.learning.uncertainty.abstaining import JudgedLesions, choose_limit
from bidsapp.learning.uncertainty.lesion_retention import FoundLesions, lesion_retention, reference_orders
from bidsapp.learning.uncertainty.lesions import log_sum_uncertainty, mean_uncertainty
from bidsapp.learning.uncertainty.retention import voxel_retention
from bidsapp.learning.uncertainty.samples import binary_entropy

LN2 = float(np.log(2))


@dataclass(frozen=True, eq=False)
class Doubt:
    """Of a patient: areas under retention curves by order of doubt, and the lesions as the filter sees."""

    patient: str
    voxels: Mapping[str, float]
    lesions: Mapping[str, float]
    judged: JudgedLesions


def doubt(case: Case, logit: Array, setting: Setting) -> Doubt:
    """Measure how doubt and error of one patient agree."""
    entropy = binary_entropy(setting.scaling.probability(logit).astype(np.float32))
    found = setting.mask(logit)
    inside = case.brain
    orders = {"entropy": entropy[inside], "random": np.zeros(int(inside.sum()), np.float32)}
    masks = case.lesion[inside], found[inside]
    voxels = {name: voxel_retention(*masks, order).area for name, order in orders.items()}
    labels = label_lesions(found, connectivity=6, voxel_mm3=1.0, larger_than_mm3=ANIMA_LARGER_THAN_MM3)
    detection = anima(case.lesion, found, voxel_mm3=1.0)
    hits = FoundLesions(detection.confirmed, detection.predicted_mm3, int((~detection.found).sum()))
    mean = mean_uncertainty(labels, entropy)
    lesions = {
        "mean entropy": lesion_retention(hits, mean).area,
        "log sum of entropy": lesion_retention(hits, log_sum_uncertainty(labels, entropy)).area,
        **{name: curve.area for name, curve in reference_orders(hits).items()},
    }
    judged = JudgedLesions(1 - mean / LN2, detection.confirmed, hits.missed)
    return Doubt(case.subject, voxels, lesions, judged)


def calibration(
    cases: Sequence[Case], logits: Mapping[str, Array], settings: Mapping[str, Setting]
) -> dict[str, Reliability]:
    """Measure the calibration near lesions, without and with the temperature of the others."""
    counts = [
        count_logits(logits[case.subject], case.lesion, near(case, logits[case.subject])) for case in cases
    ]
    scalings = [settings[case.subject].scaling for case in cases]
    return {
        "as it is": measure_reliability(counts),
        "with temperature": measure_reliability(counts, scalings),
    }


def show(title: str, rows: Sequence[Mapping[str, float]], patients: Sequence[str]) -> str:
    """Write areas under curves, an order of doubt in each line."""
    cells = [
        (name, *(f"{row[name]:.4f}" for row in rows), f"{np.mean([row[name] for row in rows]):.4f}")
        for name in rows[0]
    ]
    return table(title, ("order of doubt", *patients, "mean"), cells)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add_options(parser)
    add_patients(parser)
    arguments = parser.parse_args()
    cases, networks = read_cases(arguments), Networks(arguments)
    logits = {
        case.subject: networks.read(
            networks.without(case.subject), case.subject, case.images, case.brain
        ).lesion
        for case in cases
    }
    settings = chosen_on_others(cases, logits)
    reliable = calibration(cases, logits, settings)
    cells = [
        (name, *(f"{value:.4f}" for value in (item.ece.value, item.brier.value, item.likelihood.value)))
        for name, item in reliable.items()
    ]
    print(table("Near lesions", ("logits", "ECE", "Brier", "likelihood"), cells))
    found = [doubt(case, logits[case.subject], settings[case.subject]) for case in cases]
    names = [item.patient for item in found]
    print(show("Area under the retention curve of voxels (nDSC)", [item.voxels for item in found], names))
    print(show("Area under the retention curve of lesions (F1)", [item.lesions for item in found], names))
    limit = choose_limit([item.judged for item in found]) if len(found) > 1 else None
    print(limit.statement if limit else "A limit of confidence needs two patients or more.")
    write_rows(
        arguments.out,
        ece={name: asdict(item.ece) for name, item in reliable.items()},
        voxels={item.patient: item.voxels for item in found},
        lesions={item.patient: item.lesions for item in found},
        limit=asdict(limit) if limit else None,
    )


if __name__ == "__main__":
    main()
