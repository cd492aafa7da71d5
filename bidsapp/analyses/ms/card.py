"""What the bundle of the lesion network tells a reader: the model card and the licence."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bidsapp.analyses.ms.metadata import CITATIONS

LICENCE = """The weights in this folder are licensed under CC BY-SA 3.0
(https://creativecommons.org/licenses/by-sa/3.0/), the licence of the IXI images they were trained on; those
of a training on other data carry the licence of these data.
Packaged bundle, attribution: IXI dataset (https://brain-development.org/ixi-dataset/), CC BY-SA 3.0; Lesjak
et al. 2016 and 2017, CC-BY. For research use only: not a medical device.
"""
SIMULATED = (
    "No enhancing lesion of a real patient was at hand for this training. Activity was learned from "
    "simulated lesions alone, whose look without contrast agent is an assumption. It has not been validated "
    "on patients."
)
UNTOLD = " So participant does not tell it."
BY_CHANGE = (
    " The network's own answer is not used: participant tells activity from how a lesion rose on FLAIR since "
    "an earlier session, and where there is none, not at all."
)


def model_card(metadata: Mapping[str, object]) -> str:
    """Write the model card (Markdown) from the metadata."""
    numbers = metadata.get("performance")
    rows = numbers if isinstance(numbers, list) else []
    dice = metadata["left_out_dice"]
    found = (
        [f"- {name}: lesion Dice {value}" for name, value in dice.items()] if isinstance(dice, dict) else []
    )
    mean = (
        f"mean {np.mean(list(dice.values())):.3f}"
        if isinstance(dice, dict) and dice
        else "nobody was left out"
    )
    outlines = metadata["outlines"]
    return f"""# Multiple-sclerosis lesions (`{metadata["name"]}`, {metadata["version"]})

**Research use only. Not a medical device. The synthesised image must not be used to diagnose.**

{metadata["description"]}

## Training

{metadata["healthy_heads"]} healthy heads made ill by simulation (contrasts, lesions, activity, earlier
scan and image after contrast agent are simulated). Lesion outlines moved into healthy heads:
{_listed(outlines)}. {_patients(metadata)}{_backgrounds(metadata)}

{metadata.get("training_note", "")}

{_simulated(metadata)}

## Measured on patients left out ({mean})

{chr(10).join([*found, *[f"- {row}" for row in rows]]) or "- nothing"}

## Limits

Trained on adults; brains after surgery, with tumours, strokes or large haemorrhage have not been tested.
Confluent lesions count as one. The network sees 1 mm voxels: thinner detail is lost.

## Data and citations

{chr(10).join(f"- {item}" for item in CITATIONS)}
"""


def _simulated(metadata: Mapping[str, object]) -> str:
    if metadata["activity_seen_in_patients"]:
        return ""
    return SIMULATED + (BY_CHANGE if metadata.get("activity_rule") else UNTOLD)


def _patients(metadata: Mapping[str, object]) -> str:
    """Say whether the weights know real patients, and if not, why."""
    second = metadata["second_stage"]
    if not isinstance(second, dict) or second.get("kept", True):
        return f"Real patients: {_listed(metadata['patients'])}."
    patients = _listed(metadata["patients"])
    told = f"The weights know no lesion marked in a real patient: {patients} served to calibrate alone."
    with_them = second["dice_with"]
    if not with_them:
        return told
    return (
        f"{told} A second stage with them made patients left out worse (lesion Dice {_mean(with_them)} with, "
        f"{_mean(second['dice_without'])} without) and was dropped."
    )


def _backgrounds(metadata: Mapping[str, object]) -> str:
    """Name the patients on whose scans lesions were simulated, and the weights it all began with."""
    shown, start = metadata.get("backgrounds"), metadata.get("started_from")
    told = ""
    if shown:
        told += (
            f" Lesions were simulated on scans of further patients too ({_listed(shown)}): nobody marked "
            "their own lesions, and what may be one is left out of the loss."
        )
    return told + (f" The training went on from the weights of bundle {str(start)[:12]}." if start else "")


def _mean(dice: Mapping[str, float]) -> str:
    return f"{np.mean(list(dice.values())):.3f}"


def _listed(names: object) -> str:
    return ", ".join(map(str, names)) if isinstance(names, list) and names else "none"
