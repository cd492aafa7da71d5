"""Builds the findings of preprocessing from what ``data/outputs.json`` and ``data/quality.json`` declare."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import bidsapp
from bidsapp.bids.listing import derived_volumes, modalities
from bidsapp.cohort import Member
from bidsapp.findings import Findings, Map, Score, Table
from bidsapp.interfaces.derived_outputs import SPACE, derived_map, image_entities, template_map
from bidsapp.interfaces.quality import quality_score, quality_scores
from bidsapp.interfaces.series_outputs import series_maps, series_sentences

TISSUES = ("mask", "GM", "WM", "CSF")


@cache
def declared() -> dict[str, Any]:
    """Read ``data/outputs.json``."""
    content: dict[str, Any] = json.loads(
        (files("bidsapp") / "data" / "outputs.json").read_text(encoding="utf-8")
    )
    return content


def preprocessing_findings(
    member: Member,
    *,
    dseg: Path,
    fine: Mapping[str, Path],
    facts: Mapping[str, Any],
    quality: Sequence[Mapping[str, Any]],
    sources: Mapping[str, str],
    entities: Mapping[str, Mapping[str, str]],
    tables: tuple[Table, ...] = (),
    warnings: Sequence[str],
) -> Findings:
    """Describe one preprocessed session.

    Parameters
    ----------
    member
        Its volumes; the reference image is the first contrast among ``member.native``.
    dseg
        Tissues on the reference grid.
    fine
        Images in standard space at 1 mm, by modality, where the user wants them.
    facts
        What the normalisation says of itself: template, similarity, folded voxels.
    quality
        Quality figures of each contrast.
    sources
        File in the dataset, by modality.
    entities
        BIDS entities of that file, by modality.
    tables
        Of motion, frame by frame.
    warnings
        Sentences for the report.
    """
    ranks = {key: entry.reference_rank for key, entry in modalities().items() if entry.reference_rank}
    images = sorted((key for key in member.native if key in ranks), key=ranks.__getitem__)
    others = sorted(set(member.native) - set(images) - set(TISSUES) - set(derived_volumes()))
    return Findings(
        analysis="preproc",
        title="Preprocessing",
        subject=member.subject,
        session=member.session,
        summary=" ".join([_summary(images, others, quality), *_also(member)]),
        scores=_scores(images[0], facts, quality),
        maps=(
            *_native_maps(member, images[0], dseg, sources, entities),
            *_standard_maps(member, images[0], fine, sources, entities),
            template_map(Path(facts["image"])),
            *series_maps(member, sources, entities),
        ),
        tables=tables,
        warnings=tuple(warnings),
        provenance=_provenance(facts, sources),
    )


def _scores(
    reference: str, facts: Mapping[str, Any], quality: Sequence[Mapping[str, Any]]
) -> tuple[Score, ...]:
    """Give the quality figures of each image, then those of the normalisation."""
    of_normalisation = ("normalisation_ncc", "mask_overlap")
    return (
        *(score for figures in quality for score in quality_scores(figures)),
        *(quality_score(reference, name, facts[name]) for name in of_normalisation),
    )


def _provenance(facts: Mapping[str, Any], sources: Mapping[str, str]) -> dict[str, str]:
    return {
        "bidsapp": bidsapp.__version__,
        **{f"source {key}": Path(path).name for key, path in sources.items()},
        "template": f"{facts['name']} ({facts['file']}, from {facts['origin']})",
        "template sha256": facts["sha256"],
        "normalised by": facts["channels"],
        "folded voxels": str(facts["folded_voxels"]),
    }


def _native_maps(
    member: Member,
    first: str,
    dseg: Path,
    sources: Mapping[str, str],
    entities: Mapping[str, Mapping[str, str]],
) -> list[Map]:
    """Name the volumes on the reference grid, whose image is ``first``, and their tissues."""
    space = modalities()[first].suffix
    maps = [_native(key, path, key == first, space, sources, entities) for key, path in member.native.items()]
    return [
        _of_reference(item, sources[first]) for item in (*maps, _declared_map("native", "dseg", dseg, {}))
    ]


def _standard_maps(
    member: Member,
    first: str,
    fine: Mapping[str, Path],
    sources: Mapping[str, str],
    entities: Mapping[str, Mapping[str, str]],
) -> list[Map]:
    """Name the volumes in standard space, and the transforms of the reference image ``first``."""
    maps = (
        *(_standard(key, path, "2", sources, entities) for key, path in member.standard.items()),
        *(_standard(key, path, "1", sources, entities) for key, path in fine.items()),
        *(_transform(member.transforms, modalities()[first].suffix, forward) for forward in (True, False)),
    )
    return [_of_reference(item, sources[first]) for item in maps]


def _native(
    key: str,
    path: Path,
    is_reference: bool,
    space: str,
    sources: Mapping[str, str],
    entities: Mapping[str, Mapping[str, str]],
) -> Map:
    if key in TISSUES:
        return _declared_map("native", key, path, {})
    if key in derived_volumes():
        return derived_map(key, path, {"space": space}, sources, entities)
    own = image_entities(key, sources, entities)
    usual = declared()["native"]["reference" if is_reference else "image"]
    entry = declared()["modalities"].get(key, usual)
    placed = {} if is_reference else {"space": space}
    return _map(key, path, entry, {**own, **placed}, sources)


def _standard(
    key: str,
    path: Path,
    resolution: str,
    sources: Mapping[str, str],
    entities: Mapping[str, Mapping[str, str]],
) -> Map:
    space = {"space": SPACE, "res": resolution}
    if key in TISSUES:
        return _declared_map("standard", key, path, space)
    if key in derived_volumes():
        return derived_map(key, path, space, sources, entities)
    entry = declared()["standard"]["image"]
    if key in declared()["modalities"]:
        own = declared()["modalities"][key]
        entry = {**own, "title": f"{own['title']}, in standard space"}
    if resolution == "1":
        entry = {**entry, "display": "none"}  # the report shows the same at 2 mm
    return _map(key, path, entry, {**image_entities(key, sources, entities), **space}, sources)


def _map(
    key: str, path: Path, entry: Mapping[str, Any], placed: Mapping[str, str], sources: Mapping[str, str]
) -> Map:
    modality = modalities()[key]
    return Map(
        path=path,
        suffix=modality.suffix,
        datatype=modality.datatype,
        entities={**placed, **entry["entities"]},
        title=entry["title"].format(modality=key),
        metadata={**entry["metadata"], "Sources": [sources[key]]},
        display=entry["display"],
    )


def _declared_map(part: str, key: str, path: Path, placed: Mapping[str, str]) -> Map:
    entry = declared()[part][key]
    return Map(
        path=path,
        suffix=entry["suffix"],
        entities={**placed, **entry["entities"]},
        title=entry["title"],
        metadata=entry["metadata"],
        display=entry["display"],
    )


def _of_reference(item: Map, source: str) -> Map:
    """Say of mask and tissues which file they come from: the network saw the reference image alone."""
    if item.suffix not in {"mask", "dseg", "probseg"} or "Sources" in item.metadata:
        return item
    return replace(item, metadata={**item.metadata, "Sources": [source]})


def _transform(transforms: Mapping[str, Path], space: str, forward: bool) -> Map:
    ends = (space, SPACE) if forward else (SPACE, space)
    return Map(
        path=transforms["native_to_standard" if forward else "standard_to_native"],
        suffix="xfm",
        extension=".h5",
        entities={"from": ends[0], "to": ends[1], "mode": "image"},
        title=f"Transform of images in {ends[0]} to {ends[1]}",
    )


def _also(member: Member) -> list[str]:
    """Say which volumes were made of others, and which signals there are."""
    made = [entry.title for key, entry in derived_volumes().items() if key in member.native]
    sentences = [f"Also made: {'; '.join(made)}."] if made else []
    return [*sentences, *series_sentences(member)]


def _summary(images: Sequence[str], others: Sequence[str], quality: Sequence[Mapping[str, Any]]) -> str:
    volume = next(figures["brain_ml"] for figures in quality if figures["modality"] == images[0])
    return (
        f"{', '.join([*images, *others])}: bias-corrected, aligned with {images[0]} and normalised "
        f"to {SPACE}; the brain measures {volume:.0f} ml."
    )
