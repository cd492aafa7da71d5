"""Active lesions without contrast agent, in simulated patients nobody trained on; false alarms in real ones.

    python benchmarks/ms_activity.py HEADS --held-out SUBJECT ... --bundle BUNDLE --cache FOLDER
        [--outlines FOLDER] [--patients OUT --masks MANUAL] [--count 20] [--size 112] [--out FILE]

SIMULATED patients: the heads are new to the network, the look of activity without contrast agent is not: it
is the assumption that the network was trained on, so these numbers say how well it was learned and not
whether it holds in patients. With ``--outlines`` (openms-masks) three in four have the outlines of a real
patient, which the training moved into other heads. Each is read with and without the FLAIR of the earlier
visit. A cube that holds no lesion is left out.

Areas under the ROC curve: of voxels within true lesions (a map that only finds lesions has 0.5), and of true
lesions, scored as in the app by the mean over their most active 10 mm3. Free response: each lesion that the
network finds is a detection at its most active voxel; a hit lies in an active lesion. ECE is that of true
lesions. Intervals are over patients.

Beside the network's own head stands the other way to put the question, image translation: how probably the
T1w that the same network synthesises, with the earlier scan, rises by 15 % of white matter within a lesion.
The rule of the bundle (`bidsapp.analyses.ms.activity_rule`), where it has one, is judged on the same
patients.

REAL patients (openms-mni): their post-gadolinium T1w show no enhancement, so each lesion that the network
calls active is a false alarm. They are read by the network of the fold that left them out. The rule tells
nothing of them: they have no earlier session.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from anomaly_fitting import table
from ms_detections import FALSE_PER_PATIENT, Measured, Seen, judge_activity, measure, most_active
from ms_networks import BASE, MODEL, Networks
from ms_patients import Array, Case, add_options, add_patients, chosen_on_others, read_cases, write_rows
from ms_simulated import simulate

from bidsapp.analyses.ms.channels import PRIOR
from bidsapp.analyses.ms.heads import read_head
from bidsapp.analyses.ms.inference import Output, probability
from bidsapp.analyses.ms.instances import Labels, find_instances
from bidsapp.analyses.ms.networks import read_rule
from bidsapp.analyses.ms.synthesis import enhancement
from bidsapp.analyses.ms.tables import ACTIVE_FROM
from bidsapp.bids.cohort import read_cohort
from bidsapp.images.grids import resample
from bidsapp.images.templates import template_grid
from bidsapp.images.volume import read_volume
from bidsapp.learning.discrimination import Estimate
from bidsapp.simulate.sclerosis.outlines import LesionMasks

WITHOUT, WITH, RULE = "network without the earlier scan", "network with it", "rule of the bundle"
TRANSLATED = "synthesis of the same network"


def read_outlines(folder: Path) -> LesionMasks:
    """Read lesion masks in MNI space."""
    masks = {}
    for path in sorted(folder.glob("sub-*_mask.nii.gz")):
        moved = resample(read_volume(path), template_grid(1), interpolation="nearest").data >= 0.5
        masks[path.name.partition("_")[0]] = torch.from_numpy(moved.astype(np.uint8))
    to_voxel = np.linalg.inv(template_grid(1).affine).astype(np.float32)
    return LesionMasks(tuple(masks), tuple(masks.values()), torch.from_numpy(to_voxel))


def look(arguments: argparse.Namespace, networks: Networks) -> dict[str, list[Seen]]:
    """Read each simulated patient with and without the earlier scan; the rule sees what the second found."""
    members = read_cohort([arguments.heads], participant_label=arguments.held_out).members
    heads = [read_head(member, arguments.cache / "heads") for member in members[: arguments.count]]
    outlines = read_outlines(arguments.outlines) if arguments.outlines else None
    rule = read_rule(networks.bundle.metadata)
    seen: dict[str, list[Seen]] = {WITHOUT: [], WITH: [], TRANSLATED: [], **({RULE: []} if rule else {})}
    for number in range(arguments.count):
        patient = simulate(heads, outlines, number, arguments.size)
        if not find_instances(patient.lesion, 1.0).any():
            continue
        for way, prior in ((WITHOUT, []), (WITH, [PRIOR])):
            used = [*arguments.contrasts, *prior]
            output = networks.read(arguments.network, patient.name, patient.images, patient.brain, used)
            active = probability(output.active)
            seen[way].append(judge_activity(patient, output.lesion, lambda _: active, networks.setting))  # noqa: B023
            if prior:
                rises = partial(_rises, output)
                seen[TRANSLATED].append(judge_activity(patient, output.lesion, rises, networks.setting))
            if rule and prior:
                images = patient.images["FLAIR"], patient.images[PRIOR]
                paint = partial(rule.paint, flair=images[0], before=images[1], brain=patient.brain)
                seen[RULE].append(judge_activity(patient, output.lesion, paint, networks.setting))
    return seen


def _rises(output: Output, labels: Labels) -> Array:
    """Tell activity by image translation: the chance that the synthesised T1w rises within lesions."""
    return enhancement(output, labels > 0)


def false_alarms(cases: Sequence[Case], networks: Networks) -> list[dict[str, object]]:
    """Count the lesions that are called active in patients without enhancement."""
    outputs = {
        case.subject: networks.read(networks.without(case.subject), case.subject, case.images, case.brain)
        for case in cases
    }
    settings = chosen_on_others(cases, {name: output.lesion for name, output in outputs.items()})
    rows: list[dict[str, object]] = []
    for case in cases:
        output = outputs[case.subject]
        labels = find_instances(settings[case.subject].mask(output.lesion), 1.0)
        active = most_active(labels, probability(output.active))
        rows.append(
            {
                "patient": case.subject,
                "lesions": len(active),
                "false_alarms": int((active >= ACTIVE_FROM).sum()),
                "highest": float(active.max(initial=0.0)),
            }
        )
    return rows


def describe(measured: dict[str, Measured]) -> str:
    """Write the table of the simulated patients."""
    all_ways = measured.values()
    lines = [
        ("patients", *(str(item.patients) for item in all_ways)),
        ("active, other lesions", *(f"{item.active}, {item.inactive}" for item in all_ways)),
        ("AUC, voxels of lesions", *(_said(item.voxel_auc) for item in all_ways)),
        ("AUC, lesions", *(_said(item.lesion_auc) for item in all_ways)),
        ("AUC, lesions, mean within a patient", *(f"{item.lesion_auc_within:.3f}" for item in all_ways)),
        ("ECE, lesions", *(_said(item.ece) for item in all_ways)),
        *(
            (f"found at {rate:g} false per patient", *(f"{item.sensitivity[rate]:.3f}" for item in all_ways))
            for rate in FALSE_PER_PATIENT
        ),
        ("false alarms per patient at 0.5", *(f"{item.false_alarms:.2f}" for item in all_ways)),
    ]
    return table("SIMULATED patients, not real ones", ("", *measured), lines)


def _said(value: Estimate) -> str:
    return f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"


def main() -> None:
    """Measure and print, simulated and real patients apart."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("heads", type=Path, help="preprocessed healthy heads")
    parser.add_argument("--held-out", nargs="+", required=True, help="heads that no training saw")
    parser.add_argument("--network", choices=(MODEL, BASE), default=MODEL, help="for simulated patients")
    parser.add_argument("--outlines", type=Path, help="lesion masks of real patients, MNI")
    parser.add_argument("--contrasts", nargs="+", default=["T1w", "T2w", "FLAIR"])
    parser.add_argument("--count", type=int, default=20, help="simulated patients")
    parser.add_argument("--size", type=int, default=112, help="edge of what is seen of them, mm")
    add_options(parser)
    add_patients(parser, required=False)
    arguments = parser.parse_args()
    networks = Networks(arguments)
    measured = {way: measure(seen) for way, seen in look(arguments, networks).items()}
    print(describe(measured), flush=True)
    real = false_alarms(read_cases(arguments), networks) if arguments.patients else []
    if real:
        columns = tuple(real[0])
        cells = [
            tuple(f"{item:.3f}" if isinstance(item, float) else str(item) for item in row.values())
            for row in real
        ]
        print(table("REAL patients without enhancement, left out of training", columns, cells))
    simulated = {way: asdict(item) for way, item in measured.items()}
    write_rows(arguments.out, simulated=simulated, real=real)


if __name__ == "__main__":
    main()
