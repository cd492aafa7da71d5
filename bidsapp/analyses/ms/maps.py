"""The images of the findings: lesions, active lesions and doubt on the grid of the session's images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.ms.grid import reference_name
from bidsapp.analyses.ms.instances import Labels
from bidsapp.analyses.ms.lesions import DOUBTS, Lesion
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

if TYPE_CHECKING:
    import SimpleITK as sitk  # noqa: N813

BEST_SEEN_ON = ("FLAIR", "T2w", "PDw", "T1w")
RESEARCH = {"IntendedUse": "research only"}


def write_maps(
    member: Member,
    reading: Reading,
    numbers: Volume,
    lesions: Sequence[Lesion],
    out_dir: Path,
    bundle: Bundle,
    *,
    active: NDArray[np.floating] | None,
    synthesis: bool,
) -> tuple[Map, ...]:
    """Write the images into ``out_dir`` and say what they are; activity and synthesis where they are told.

    ``numbers`` are the lesions as :func:`place_labels` gives them; ``active`` is the probability of an active
    lesion in each voxel of the working grid.
    """
    writer = _Writer(member, reading, numbers, out_dir, origin_of(bundle))
    maps = [
        writer.mask("lesion", numbers.data > 0, "Lesions", slices=True),
        writer.probability("lesion", reading.lesion.probability, "Probability of lesion"),
        writer.probability(
            "uncertainty",
            reading.lesion.entropy / np.float32(np.log(2)),
            "Doubt: entropy of the probability of lesion",
            Meaning="Entropy of the mean probability over the networks, as a share of its maximum",
        ),
        *(
            writer.probability(
                name.replace("_", ""), values, f"Doubt: {name.replace('_', ' ')}", Meaning=DOUBTS[name]
            )
            for name, values in reading.doubts.items()
        ),
        writer.numbered(),
        _standard(member, numbers, out_dir, writer.origin),
    ]
    if active is not None:
        probably = np.isin(numbers.data, [item.label for item in lesions if is_active(item)])
        title = "Lesions that would probably enhance (predicted without gadolinium)"
        maps += [
            writer.mask("active", probably, title, slices=False),
            writer.probability("active", active, "Probability of an active lesion"),
        ]
    shown = _synthesised(reading, writer.space, out_dir, writer.origin) if synthesis else ()
    return (*maps, *shown)


def place_labels(reading: Reading, labels: Labels) -> Volume:
    """Bring the lesions' numbers from the working grid to that of the session's images."""
    return reading.space.back(_volume(reading, labels.astype(np.float32)), labels=True)


@dataclass(frozen=True, eq=False)
class _Writer:
    """Writes images on the grid of the session's reference image, and says what they are."""

    member: Member
    reading: Reading
    numbers: Volume
    out_dir: Path
    origin: Mapping[str, object]

    @property
    def space(self) -> str:
        return reference_name(self.member)

    @property
    def _backdrop(self) -> str:
        seen_on = next(item for item in BEST_SEEN_ON if item in self.reading.images)
        return "" if seen_on == self.space else seen_on

    def probability(self, key: str, values: NDArray[np.floating], title: str, **more: object) -> Map:
        volume = self.reading.space.back(_volume(self.reading, values))
        clipped = volume.with_data(np.clip(volume.data, 0, 1))
        return Map(
            path=write_volume(self.out_dir / f"{key}.nii.gz", clipped),
            suffix="probseg",
            entities={"space": self.space, "label": "L", "desc": key},
            title=title,
            metadata={**self.origin, **more},
            backdrop=self._backdrop,
        )

    def mask(self, key: str, inside: NDArray[np.bool_], title: str, *, slices: bool) -> Map:
        volume = self.numbers.with_data(inside)
        return Map(
            path=write_volume(self.out_dir / f"{key}_mask.nii.gz", volume, dtype=np.uint8),
            suffix="mask",
            entities={"space": self.space, "label": "L", "desc": key},
            title=title,
            metadata={**self.origin, "Type": "Lesion"},
            display="slices" if slices else "contour" if inside.any() else "none",
            backdrop=self._backdrop,
        )

    def numbered(self) -> Map:
        return Map(
            path=write_volume(self.out_dir / "lesions.nii.gz", self.numbers, dtype=np.uint16),
            suffix="dseg",
            entities={"space": self.space, "seg": "lesions"},
            title="Lesions by number, largest first",
            metadata=dict(self.origin),
        )


def origin_of(bundle: Bundle) -> dict[str, object]:
    """Say in a sidecar where an image comes from, and that it is for research."""
    return {"Bundle": f"{bundle.name} {bundle.version}", **RESEARCH}


def _volume(reading: Reading, data: NDArray[np.floating]) -> Volume:
    return Volume(np.ascontiguousarray(data, dtype=np.float32), reading.space.grid.affine)


def in_standard(numbers: Volume, transform: sitk.Transform) -> Volume:
    """Bring lesions into standard space, 2 mm, 0 or 1.

    A voxel is lesion where its centre is: no smoothing comes before, or small lesions would fall below one
    half and a map of how often a place is hit would show large ones alone. So the volume is right on average.
    """
    moved = resample(numbers, template_grid(2), interpolation="nearest", transform=transform)
    return moved.with_data(moved.data > 0)


def _standard(member: Member, numbers: Volume, out_dir: Path, origin: Mapping[str, object]) -> Map:
    moved = in_standard(numbers, read_transform(member.transforms["native_to_standard"]))
    return Map(
        path=write_volume(out_dir / "standard.nii.gz", moved, dtype=np.uint8),
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
