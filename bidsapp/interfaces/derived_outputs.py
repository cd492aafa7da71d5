"""Volumes made of a modality, and the template under them, as findings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bidsapp.bids.listing import derived_volumes
from bidsapp.findings import Map

SPACE = "MNI152NLin2009cAsym"
KEPT_ENTITIES = ("task", "trc", "ce")


def derived_map(
    key: str,
    path: Path,
    placed: Mapping[str, str],
    sources: Mapping[str, str],
    entities: Mapping[str, Mapping[str, str]],
) -> Map:
    """Name a volume made of a modality as ``data/outputs.json`` declares it.

    Parameters
    ----------
    key, path
        Of the volume.
    placed
        Entities of its space.
    sources, entities
        File in the dataset, and its entities, by modality.
    """
    entry = derived_volumes()[key]
    origin = entry.source if entry.source in sources else key  # the dataset may give the map itself
    return Map(
        path=path,
        suffix=entry.suffix,
        datatype=entry.datatype,
        entities={**image_entities(origin, sources, entities), **placed, **entry.entities},
        title=f"{entry.title}, in standard space" if "res" in placed else entry.title,
        metadata={**entry.metadata, "Sources": [sources[origin]]},
        display="blend" if entry.display == "blend" and placed.get("res") != "1" else "none",
    )


def image_entities(
    key: str, sources: Mapping[str, str], entities: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Give the entities that a derivative keeps of the image that it was made of."""
    return {name: entities[key][name] for name in KEPT_ENTITIES if name in entities[key]}


def template_map(path: Path) -> Map:
    """Give the template at 2 mm as the background of maps in standard space."""
    return Map(
        path=path,
        suffix="T1w",
        datatype="figures",
        entities={"space": SPACE, "res": "2", "desc": "template"},
        title="Template",
        display="background",
    )
