"""The images of the findings: deviates in standard space; the rest in the subject's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bidsapp.analyses.anomaly.judge import Judgement
from bidsapp.analyses.anomaly.measure import BIN_WIDTH
from bidsapp.analyses.anomaly.native import NativeSpace
from bidsapp.analyses.anomaly.store import Trained
from bidsapp.findings import Map
from bidsapp.images.clusters import label_clusters
from bidsapp.images.volume import Volume, write_volume
from bidsapp.oneclass.conformal import probability_abnormal

SPACE = "MNI152NLin2009cAsym"
_UNSIGNED = "Deviation from the controls (z score; only more than expected counts)"
_TITLES = {
    "both": "Deviation from the controls (robust z score; below 0: less signal than expected)",
    "none": _UNSIGNED,
    "above": _UNSIGNED,
}


def write_maps(
    judgement: Judgement, trained: Trained, native: NativeSpace, out_dir: Path, origin: Mapping[str, object]
) -> tuple[Map, ...]:
    """Write the four images into ``out_dir`` and say what they are; ``origin`` goes into every sidecar."""
    space, options = trained.space, trained.options
    z = write_volume(out_dir / "z.nii.gz", space.volume(judgement.z))
    share = probability_abnormal(np.abs(judgement.z), judgement.variant.reference.survival, BIN_WIDTH)
    probability = native.bring(space.volume(share), "linear")
    probability = probability.with_data(np.clip(probability.data, 0, 1))
    clusters = [item.cluster for item in judgement.ranked]
    standard = Volume(label_clusters(space.grid.shape, clusters).astype(np.float32), space.grid.affine)
    labels = native.bring(standard, "nearest")
    inside = (labels.data > 0) & (labels.data <= judgement.significant)
    own = {"space": native.name, "label": "anomaly"}
    beyond = f"|z| > {options.cluster_threshold:g}"
    return (
        Map(
            path=write_volume(out_dir / "probability.nii.gz", probability),
            suffix="probseg",
            entities=own,
            title="Probability that a voxel is abnormal (one minus the false discovery rate)",
            metadata={**origin, "Meaning": "One minus the false discovery rate against left-out controls"},
            display="overlay",
            threshold=0.5,
            maximum=1.0,
        ),
        Map(
            path=write_volume(out_dir / "mask.nii.gz", labels.with_data(inside), dtype=np.uint8),
            suffix="mask",
            entities=own,
            title=f"Clusters at the family-wise level of {options.family_wise_alpha:g}",
            metadata={**origin, "Type": "Lesion"},
            display="contour",
        ),
        Map(
            path=write_volume(out_dir / "clusters.nii.gz", labels, dtype=np.uint16),
            suffix="dseg",
            entities={"seg": "anomaly"},
            title=f"Ranked clusters ({beyond})",
            metadata=dict(origin),
        ),
        Map(
            path=z,
            suffix="statmap",
            entities={"space": SPACE, "desc": "anomaly", "stat": "z"},
            title=_TITLES[judgement.variant.model.sign],
            metadata={**origin, "Units": "z score"},
            display="projection",
            threshold=options.cluster_threshold,
            maximum=2 * options.cluster_threshold,
        ),
    )
