"""How often each place of the brain is lesioned: the mean of people's masks in standard space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bidsapp.findings import Map
from bidsapp.images.volume import Volume, write_volume
from bidsapp.reports.album import Album, NotShownError
from bidsapp.reports.collect import Visit
from bidsapp.reports.layout import FrequencyRules, Layout
from bidsapp.reports.mosaic import Figure
from bidsapp.reports.overlays import draw_overlay
from bidsapp.reports.scene import Scene


@dataclass(frozen=True)
class Frequency:
    """The map of one cohort: its file, figure, the people in it, and a sentence for each who is not."""

    path: Path
    figure: Figure | None
    people: int
    problems: tuple[str, ...]


def make_frequency(output_dir: Path, visits: Sequence[Visit], layout: Layout) -> Frequency | None:
    """Average the declared masks, of each person the first session; ``None`` where nobody has any.

    The map is the share of people, in per cent, whose mask holds a voxel.
    """
    rules = layout.frequency
    chosen = _first(visits, rules)
    total: Volume | None = None
    people, problems = 0, []
    for visit, item in chosen.values():
        try:
            mask = _read(output_dir, item, layout)
        except NotShownError as error:
            problems.append(f"{visit.name}: {error}")
            continue
        if total is not None and not total.grid.same_as(mask.grid):
            problems.append(f"{visit.name}: {item.path.name} lies on another grid than the others; left out.")
            continue
        total = mask if total is None else total.with_data(total.data + mask.data)
        people += 1
    if total is None:
        return None
    write_volume(output_dir / rules.file, total.with_data(100 * total.data / people))
    share = Map(
        path=Path(rules.file),
        suffix="statmap",
        entities=rules.entities,
        title=rules.title,
        metadata={"Units": "%"},
        display="overlay",
        threshold=100 / people,
    )
    scene = Scene.of(next(iter(chosen.values()))[0].findings)
    figure, problem = _draw(share, Album(output_dir, scene, layout, layout.tiers[0]))
    return Frequency(share.path, figure, people, (*problems, *([problem] if problem else [])))


def _first(visits: Sequence[Visit], rules: FrequencyRules) -> Mapping[str, tuple[Visit, Map]]:
    """Give the declared map of each person's first session that has one."""
    found: dict[str, tuple[Visit, Map]] = {}
    for visit in visits:
        for item in (item for each in visit.findings for item in each.maps):
            if item.suffix == rules.suffix and dict(item.entities) == dict(rules.entities):
                found.setdefault(visit.subject, (visit, item))
    return found


def _read(output_dir: Path, item: Map, layout: Layout) -> Volume:
    """Read a mask, 0 or 1, without keeping it."""
    volume = Album(output_dir, Scene(()), layout, layout.tiers[0]).volume(item)
    return Volume((volume.data > 0.5).astype(np.float32), volume.affine)


def _draw(share: Map, album: Album) -> tuple[Figure | None, str]:
    try:
        return draw_overlay(share, album), ""
    except NotShownError as error:
        return None, str(error)
