"""What the packaged bundle of multiple sclerosis says of itself, computed from measurements.

On patients simulated on heads that no training saw: how logits are adapted to a scan's load (`Prior`), and
the limit of confidence. On patients simulated on the training's heads: the rule of activity. On the real
patients left out: temperature and agreement, as after any training. The cautions that open each report come
from the JSON files of the other benchmarks (``lesions.json``, ``healthy.json``, ``change.json``,
``synthesis.json``, ``activity.json`` in one folder). What was not measured is not said.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from ms_activity import RULE
from ms_patients import Array, Mask
from ms_simulated import simulate
from ms_synthesis import Row as SynthesisRow
from ms_synthesis import verdict
from scipy import ndimage
from scipy.special import expit

from bidsapp.analyses.ms.activity_rule import ActivityRule, features_of
from bidsapp.analyses.ms.card import LICENCE, model_card
from bidsapp.analyses.ms.channels import PRIOR
from bidsapp.analyses.ms.confidence import judge_lesions
from bidsapp.analyses.ms.inference import infer
from bidsapp.analyses.ms.instances import find_instances, numbers_of
from bidsapp.analyses.ms.left_out import Judged, judge, predict_left_out
from bidsapp.analyses.ms.metadata import configs_of, judgement
from bidsapp.analyses.ms.networks import Trained, read_trained
from bidsapp.analyses.ms.patients import Patient
from bidsapp.bundle import Bundle
from bidsapp.images.volume import Volume
from bidsapp.learning.calibration.counts import LogitCounts, count_logits
from bidsapp.learning.calibration.prior_shift import Prior
from bidsapp.learning.lesion_agreement.voxelwise import dice
from bidsapp.learning.uncertainty.abstaining import Limit, choose_limit
from bidsapp.simulate.sclerosis.anatomy import HealthyHead
from bidsapp.simulate.sclerosis.outlines import LesionMasks

VERSION = "0.3.0"
CHANGES = {
    VERSION: "2,400 steps more, contrast agent on the T1w's scale, activity from change on FLAIR",
    "0.2.0": "lesions simulated on real scans too, regional contrast of normal tissue, lesions that fade",
    "0.1.0": "first weights",
}
NOTE = (
    "The generator was changed after looking at what networks marked in 07 and 19 (fading and confluent "
    "lesions, thinner caps), and logits were adapted to a scan's load since the two asked for opposite "
    "thresholds: their numbers are not quite those of unseen people. Nothing was fitted to them but the "
    "temperature."
)
PATIENTS, SIDE = 24, 96
RULE_PATIENTS, RULE_SIDE, RULE_FROM = 80, 112, 1000
ACTIVE_MM3 = 3
SHOWN = ("T1w", "T2w", "FLAIR")
Rows = Sequence[Mapping[str, object]]


@dataclass(frozen=True, eq=False)
class Read:
    """A simulated patient as the final network reads it: logits of lesion, the truth, the brain."""

    logit: Array
    lesion: Mask
    brain: Mask

    @property
    def counts(self) -> LogitCounts:
        """Its voxels by logit."""
        return count_logits(self.logit, self.lesion, self.brain)


def read_simulated(
    bundle: Bundle, heads: Sequence[HealthyHead], outlines: LesionMasks | None
) -> tuple[Read, ...]:
    """Read simulated patients with the final network, not adapted to their load."""
    trained = read_trained(bundle, "cpu")
    found = []
    for number in range(PATIENTS):
        patient = simulate(heads, outlines, number, SIDE)
        images = {name: Volume(patient.images[name], np.eye(4)) for name in SHOWN}
        output = infer(trained.networks[0], images, patient.brain, window=trained.window, flips=trained.flips)
        found.append(Read(output.lesion, patient.lesion, patient.brain))
    return tuple(found)


def rule_of(
    trained: Trained, prior: Prior, judged: Judged, heads: Sequence[HealthyHead], outlines: LesionMasks | None
) -> ActivityRule:
    """Fit the rule of activity on lesions as the app marks them in simulated patients."""
    found = []
    for number in range(RULE_FROM, RULE_FROM + RULE_PATIENTS):
        patient = simulate(heads, outlines, number, RULE_SIDE)
        images = {name: Volume(patient.images[name], np.eye(4)) for name in (*SHOWN, PRIOR)}
        output = infer(trained.networks[0], images, patient.brain, window=trained.window, prior=prior)
        labels = find_instances(judged.scaling.probability(output.lesion) >= judged.threshold, 1.0)
        active = ndimage.sum_labels(patient.active, labels, numbers_of(labels)) >= ACTIVE_MM3
        now, before = patient.images["FLAIR"], patient.images[PRIOR]
        found.append((features_of(labels, now, before, patient.brain), np.asarray(active)))
    return ActivityRule.fit(found)


def prior_of(simulated: Sequence[Read]) -> Prior:
    """Measure the mean probability of lesion in simulated patients."""
    means = [float(expit(item.logit[item.brain]).mean()) for item in simulated]
    return Prior(float(np.mean(means)))


def dice_of(simulated: Sequence[Read], prior: Prior | None) -> float:
    """Give the mean Dice of simulated patients with lesions, adapted to their load or not."""
    scores = []
    for item in simulated:
        logit = prior.adapt(item.logit, item.counts) if prior else item.logit
        if item.lesion.any():
            scores.append(dice(item.lesion, (logit > 0) & item.brain))
    return float(np.mean(scores))


def limit_of(simulated: Sequence[Read], prior: Prior, judged: Judged) -> Limit:
    """Choose the limit of confidence on simulated patients, who are read as the app reads a session."""
    found = []
    for item in simulated:
        logit = np.where(item.brain, prior.adapt(item.logit, item.counts), np.float32(-20))
        chance = judged.scaling.probability(logit).astype(np.float32)
        found.append(judge_lesions(chance, item.lesion, judged.threshold))
    return choose_limit(found)


def finish(
    bundle: Bundle,
    simulated: Sequence[Read],
    patients: Sequence[Patient],
    heads: Sequence[HealthyHead],
    outlines: LesionMasks | None,
    measured: Path | None,
) -> tuple[Bundle, Limit]:
    """Write the bundle again, with what was measured of it; ``heads`` are those of the training."""
    trained, prior = read_trained(bundle, "cpu"), prior_of(simulated)
    plain, adapted = dice_of(simulated, None), dice_of(simulated, prior)
    left_out = [
        predict_left_out(
            trained.networks[0],
            patient,
            window=trained.window,
            device="cpu",
            flips=trained.flips,
            prior=prior,
        )
        for patient in patients
    ]
    judged = judge(left_out)
    limit = limit_of(simulated, prior, judged)
    metadata = {
        **bundle.metadata,
        **judgement(judged, left_out),
        "version": VERSION,
        "changelog": CHANGES,
        "training_note": NOTE,
        "simulated_dice": {"plain": round(plain, 4), "adapted": round(adapted, 4)},
        "prior": asdict(prior),
        "confidence_limit": limit.value or 0.0,
        "cautions": [*(cautions(measured) if measured else ()), limit_sentence(limit)],
        "activity": True,
        "active_from": "change",
        "activity_rule": rule_of(trained, prior, judged, heads, outlines).plain(),
        "synthesis": bool(measured and synthesis_helps(measured)),
    }
    names = [path.stem for path in sorted((bundle.path / "models").glob("*.safetensors"))]
    written = Bundle.write(
        bundle.path,
        metadata=metadata,
        tensors={name: bundle.tensors(name) for name in names},
        card=model_card(metadata),
        licence=LICENCE,
        configs=configs_of(metadata),
    )
    return written, limit


def limit_sentence(limit: Limit) -> str:
    """Say what the limit rests on."""
    return f"{limit.statement} Chosen on {PATIENTS} simulated patients, not on real ones."


def cautions(folder: Path) -> Iterator[str]:
    """Give the sentences that open every report."""
    yield from _lesions(folder)
    yield from _healthy(_rows(folder / "healthy.json"))
    yield from _change(_rows(folder / "change.json"))
    yield from _activity(folder / "activity.json")


def synthesis_helps(folder: Path) -> bool:
    """Tell whether the synthesised image beat both trivial answers in all patients and by all measures."""
    rows = [SynthesisRow(**row) for row in _rows(folder / "synthesis.json")]  # type: ignore[arg-type]
    return bool(rows) and verdict(rows).startswith("Better")


def _lesions(folder: Path) -> Iterator[str]:
    rows = [row for row in _rows(folder / "lesions.json", "methods") if row["method"] == "left out"]
    if rows:
        dice = " and ".join(f"{row['dice']:.2f} ({row['true_ml']:.1f} ml)" for row in rows)
        yield f"Lesions: patients whom this bundle's networks never saw had a lesion Dice of {dice}."
    alone = [row for row in _rows(folder / "lesions.json", "subsets") if row["contrasts"] == "T1w"]
    if alone:
        dice = " and ".join(f"{row['dice']:.2f}" for row in alone)
        yield f"With the T1w alone it was {dice}: give FLAIR."


def _healthy(rows: Rows) -> Iterator[str]:
    shown = sorted({str(row["contrasts"]) for row in rows})
    means = {
        name: np.mean([float(str(row["false_ml"])) for row in rows if row["contrasts"] == name])
        for name in shown
    }
    if means:
        said = ", ".join(f"{value:.2f} ml with {name}" for name, value in means.items())
        heads = len({row["subject"] for row in rows})
        yield f"False lesions in {heads} healthy heads, on average: {said} (FLAIR simulated)."


def _change(rows: Rows) -> Iterator[str]:
    new = [row for row in rows if row["method"] == "rule, new"]
    if not new:
        return
    true, found, false = (sum(int(str(row[key])) for row in new) for key in ("true", "found", "false"))
    poor = 2 * found < true or false > found
    yield (
        f"Change between sessions{' is not reliable' if poor else ''}: of {true} new lesions of {len(new)} "
        f"real patients {found} were called new, and {false} others were called so falsely; their scans were "
        "backgrounds in the training."
    )


def _activity(path: Path) -> Iterator[str]:
    if not path.exists():
        return
    told = json.loads(path.read_text(encoding="utf-8"))["simulated"].get(RULE)
    if told is None:
        return
    area = told["lesion_auc"]
    yield (
        "Activity is told only against the FLAIR of an earlier session, by a rule learned from simulated "
        f"lesions: area under the ROC curve {area['value']:.2f} ({area['low']:.2f} to {area['high']:.2f}) in "
        f"{told['patients']} simulated patients. No enhancing lesion of a real patient was at hand."
    )


def _rows(path: Path, key: str = "rows") -> Rows:
    if not path.exists():
        return []
    rows = json.loads(path.read_text(encoding="utf-8")).get(key, [])
    assert isinstance(rows, list)
    return rows
