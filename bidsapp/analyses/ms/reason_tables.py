"""The relevance of lesions in numbers: what spoke for each, and what was checked."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from bidsapp.analyses.ms.channels import IMAGES
from bidsapp.analyses.ms.which_voxels import LesionReasons
from bidsapp.findings import Column, Table


def relevance_table(why: Sequence[LesionReasons], images: Collection[str]) -> Table:
    """List the explained lesions, with the share of each image in what speaks for them.

    Parameters
    ----------
    why
        The lesions; one whose checks failed has gaps.
    images
        Those that were read, of `bidsapp.analyses.ms.channels.IMAGES`. Shares have gaps where no voxel speaks
        for the lesion.
    """
    there = [name for name in IMAGES if name in images]
    return Table(
        title="What spoke for the lesions",
        suffix="stats",
        entities={"desc": "relevance"},
        columns=(
            Column(name="lesion", description="Value of the lesion in the label map"),
            Column(name="seen", description="Share of the lesion that lies in the window that was explained"),
            *(
                Column(name=name, description=f"Share of {name} in the relevance that speaks for the lesion")
                for name in there
            ),
            Column(name="inside", description="Share of that relevance that lies within the lesion"),
            Column(
                name="elsewhere",
                description="Share of the explained logits that is in no voxel, but in the network's biases "
                "and in which contrasts there are; below 0 where these speak against the lesion",
            ),
        ),
        rows=tuple(
            (each.label, round(each.seen, 3), *_shares(each, [IMAGES.index(name) for name in there]))
            for each in why
        ),
    )


def check_table(why: Sequence[LesionReasons]) -> Table:
    """List the checks of each explanation."""
    return Table(
        title="Checks of the relevance",
        suffix="stats",
        entities={"desc": "checks"},
        columns=(
            Column(name="lesion", description="Value of the lesion in the label map"),
            Column(name="check", description="Name of the check"),
            Column(name="value", description="What was measured"),
            Column(name="limit", description="What had to be kept, as the last column says"),
            Column(name="passed", description="Where one is not passed, no relevance is shown"),
            Column(name="meaning", description="What was measured, in words"),
        ),
        rows=tuple(
            (each.label, check.name, float(f"{check.value:.3g}"), check.limit, check.passed, check.sentence)
            for each in why
            for check in each.checks
        ),
    )


def _shares(why: LesionReasons, channels: Sequence[int]) -> tuple[float | None, ...]:
    if why.relevance is None or why.elsewhere is None:
        return (None,) * (len(channels) + 2)
    positive = np.clip(why.relevance, 0, None)
    total = float(positive.sum())
    if total == 0:  # all that speaks for the lesion is in biases and in which contrasts there are
        return (*[None] * (len(channels) + 1), round(why.elsewhere, 3))
    parts = [float(positive[channel].sum()) for channel in channels]
    parts.append(float(positive[:, why.inside].sum()))
    return (*(round(part / total, 3) for part in parts), round(why.elsewhere, 3))
