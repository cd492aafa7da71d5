"""The images of the findings: lesions, active lesions and doubt on the grid of the session's images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.ms.grid import reference_name
from bidsapp.analyses.ms.instances import Labels
from bidsapp.analyses.ms.lesions import Lesion
from bidsapp.analyses.ms.reading import Reading
from bidsapp.analyses.ms.tables import is_active
from bidsapp.analyses.ms.words import SYNTHESIS_TITLE
from bidsapp.bundle import Bundle
from bidsapp.cohort import Member
from bidsapp.findings import Map
from bidsapp.images.grids import resample
from bidsapp.images.templates import SPACE, template_grid
from bidsapp.images.transform_file import read_transform
from bidsapp.images.volume import Volume, write_volume

BEST_SEEN_ON = ("FLAIR", "T2w", "PDw", "T1w")
RESEARCH = {"IntendedUse": "research only"}


def write_maps(
    member: Member,
    reading: Reading,
    labels: Labels,
    lesions: Sequence[Lesion],
    out_dir: Path,
    bundle: Bundle,
    *,
    activity: bool,
    synthesis: bool,
) -> tuple[Map, ...]:
    """Write the images into ``out_dir`` and say what they are; activity and synthesis where they are told."""
    space = reading.space
    name = reference_name(member)
    seen_on = next(item for item in BEST_SEEN_ON if item in reading.images)
    backdrop = "" if seen_on == name else seen_on
    origin = origin_of(bundle)
    numbers = space.back(_volume(reading, labels.astype(np.float32)), labels=True)
    active = np.isin(numbers.data, [item.label for item in lesions if is_active(item)])
    own = {"space": name, "label": "L"}

    def probability(key: str, values: NDArray[np.floating], title: str, **more: object) -> Map:
        volume = space.back(_volume(reading, values))
        path = write_volume(out_dir / f"{key}.nii.gz", volume.with_data(np.clip(volume.data, 0, 1)))
        return Map(
            path=path,
            suffix="probseg",
            entities={**own, "desc": key},
            title=title,
            metadata={**origin, **more},
            backdrop=backdrop,
        )

    def mask(key: str, inside: NDArray[np.bool_], title: str, *, slices: bool) -> Map:
        return Map(
            path=write_volume(out_dir / f"{key}_mask.nii.gz", numbers.with_data(inside), dtype=np.uint8),
            suffix="mask",
            entities={**own, "desc": key},
            title=title,
            metadata={**origin, "Type": "Lesion"},
            display="slices" if slices else "contour" if inside.any() else "none",
            backdrop=backdrop,
        )

    doubt = reading.lesion.entropy / np.float32(np.log(2))
    maps = [
        mask("lesion", numbers.data > 0, "Lesions", slices=True),
        probability("lesion", reading.lesion.probability, "Probability of lesion, calibrated"),
        probability(
            "uncertainty",
            doubt,
            "Doubt: entropy of the probability of lesion",
            Meaning="Entropy of the mean probability over the networks, as a share of its maximum",
        ),
        Map(
            path=write_volume(out_dir / "lesions.nii.gz", numbers, dtype=np.uint16),
            suffix="dseg",
            entities={"space": name, "seg": "lesions"},
            title="Lesions by number, largest first",
            metadata=dict(origin),
        ),
        _standard(member, numbers, out_dir, origin),
    ]
    if activity:
        title = "Lesions that would probably enhance (predicted without gadolinium)"
        maps += [
            mask("active", active, title, slices=False),
            probability("active", reading.active.probability, "Probability of an active lesion"),
        ]
    return (*maps, *(_synthesised(reading, name, out_dir, origin) if synthesis else ()))


def origin_of(bundle: Bundle) -> dict[str, object]:
    """Say in a sidecar where an image comes from, and that it is for research."""
    return {"Bundle": f"{bundle.name} {bundle.version}", **RESEARCH}


def _volume(reading: Reading, data: NDArray[np.floating]) -> Volume:
    return Volume(np.ascontiguousarray(data, dtype=np.float32), reading.space.grid.affine)


def _standard(member: Member, numbers: Volume, out_dir: Path, origin: Mapping[str, object]) -> Map:
    inside = numbers.with_data(numbers.data > 0)
    transform = read_transform(member.transforms["native_to_standard"])
    moved = resample(inside, template_grid(2), transform=transform)
    return Map(
        path=write_volume(out_dir / "standard.nii.gz", moved.with_data(moved.data >= 0.5), dtype=np.uint8),
        suffix="mask",
        entities={"space": SPACE, "res": "2", "label": "L", "desc": "lesion"},
        title="Lesions in standard space",
        metadata={**origin, "Type": "Lesion", "Resolution": "2 mm"},
    )


def _synthesised(reading: Reading, name: str, out_dir: Path, origin: Mapping[str, object]) -> tuple[Map, ...]:
    """Write the synthesised T1w and its expected error; both say what they are not."""
    assert reading.post is not None
    assert reading.post_error is not None
    said = {**origin, "Synthesised": True, "Warning": SYNTHESIS_TITLE, "SkullStripped": True}

    def image(key: str, desc: str, values: NDArray[np.float32], title: str, *, shown: bool) -> Map:
        return Map(
            path=write_volume(out_dir / f"{key}.nii.gz", reading.space.back(_volume(reading, values))),
            suffix="T1w",
            entities={"space": name, "desc": desc},
            title=title,
            metadata=said,
            display="blend" if shown else "none",
        )

    return (
        image("post", "synthgd", reading.post, SYNTHESIS_TITLE, shown=True),
        image(
            "post_error", "synthgderror", reading.post_error, "Expected error of the synthesis", shown=False
        ),
    )
