"""Signals of regions as findings: a table under its BIDS name, with its timing in the sidecar."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import bidsapp
from bidsapp.bids.listing import derived_volumes
from bidsapp.cohort import Member
from bidsapp.errors import BadDataError
from bidsapp.findings import Findings, Map
from bidsapp.interfaces.derived_outputs import SPACE, derived_map, template_map

ENTITIES = ("task", "trc")
METHODS_OF_LESIONS = (
    "The lesion mask was taken from the dataset as it is, in standard space, and put on a grid of 2 mm whose "
    "voxels hold the share of their volume that is within the mask."
)
METHODS = "Signals of regions were taken from the dataset as they are."


@cache
def declared() -> dict[str, Any]:
    """Read what ``data/outputs.json`` declares of series."""
    content: dict[str, Any] = json.loads(
        (files("bidsapp") / "data" / "outputs.json").read_text(encoding="utf-8")
    )["series"]
    return content


def series_maps(
    member: Member, sources: Mapping[str, str], entities: Mapping[str, Mapping[str, str]]
) -> list[Map]:
    """Name the signals of a session: ``func/..._task-rest_seg-ATLAS_desc-preproc_timeseries.tsv``.

    Parameters
    ----------
    member
        With ``series``; the JSON file beside each table becomes its sidecar.
    sources, entities
        File in the dataset, and its entities, by modality.
    """
    return [_series_map(key, path, sources, entities) for key, path in member.series.items()]


def series_sentences(member: Member) -> list[str]:
    """Say of each series how many frames and regions it has."""
    sentences = []
    for key, path in member.series.items():
        content = _sidecar(path)
        frames, seconds = len(content["FrameTimesStart"]), sum(content["FrameDuration"])
        regions = len(path.read_text(encoding="utf-8").partition("\n")[0].split("\t"))
        sentences.append(
            f"{declared()[key]['title']}: {frames} frames ({seconds / 60:.1f} min) of {regions} regions."
        )
    return sentences


def signal_findings(
    member: Member,
    *,
    sources: Mapping[str, str],
    entities: Mapping[str, Mapping[str, str]],
    warnings: Sequence[str],
    template: Path,
) -> Findings:
    """Describe a session that has ready signals or a lesion mask, and no anatomy.

    Parameters
    ----------
    member
        With ``series``, or a lesion in ``standard``.
    sources, entities
        File in the dataset, and its entities, by modality.
    warnings
        Sentences for the report.
    template
        Template at 2 mm, to lie under the lesion.

    Raises
    ------
    BadDataError
        There is none that could be read; the warnings say why.
    """
    if not member.series and not member.standard:
        raise BadDataError(f"{member.name}: {' '.join(warnings)}")
    placed = {"space": SPACE, "res": "2"}
    volumes = [derived_map(key, path, placed, sources, entities) for key, path in member.standard.items()]
    if volumes:
        volumes.append(template_map(template))
    return Findings(
        analysis="preproc",
        title="Preprocessing",
        subject=member.subject,
        session=member.session,
        summary=" ".join([*series_sentences(member), *_volume_sentences(member)]),
        maps=(*series_maps(member, sources, entities), *volumes),
        warnings=tuple(warnings),
        provenance={
            "bidsapp": bidsapp.__version__,
            **{f"source {key}": Path(path).name for key, path in sources.items()},
        },
        methods=" ".join([METHODS] * bool(member.series) + [METHODS_OF_LESIONS] * bool(member.standard)),
    )


def _volume_sentences(member: Member) -> list[str]:
    return [f"{derived_volumes()[key].title}: taken in standard space." for key in member.standard]


def _series_map(
    key: str, path: Path, sources: Mapping[str, str], entities: Mapping[str, Mapping[str, str]]
) -> Map:
    content = _sidecar(path)
    modality = content.pop("Modality")
    own = {name: entities[modality][name] for name in ENTITIES if name in entities[modality]}
    if "Atlas" in content:
        own["seg"] = content["Atlas"]
    return Map(
        path=path,
        suffix="timeseries",
        extension=".tsv",
        datatype=declared()[key]["datatype"],
        entities={**own, "desc": "preproc"},
        title=declared()[key]["title"],
        metadata={**content, "Sources": [sources[modality]]},
    )


def _sidecar(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return content
