"""Every figure of merit of a latent sample, each with its value by chance, the best one and its meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidsapp.learning.latent import distribution, neighbourhood
from bidsapp.learning.latent.sample import LatentSample

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Merit:
    """One figure of merit.

    Attributes
    ----------
    name
        Machine name.
    value
        The number, or ``None`` where it is not defined; ``meaning`` then says why.
    meaning
        A sentence for people.
    chance, best
        What a space that knows nothing gives, and the best value; ``None`` where there is none.
    projection
        The plane that is judged, or ``None`` for the latent space itself.
    """

    name: str
    value: float | None
    meaning: str
    chance: float | None = None
    best: float | None = None
    projection: str | None = None


def judge(
    sample: LatentSample, projections: Mapping[str, Array], *, neighbours: int = 10
) -> tuple[Merit, ...]:
    """Compute every figure of merit of a latent space and of its projections.

    Parameters
    ----------
    projections
        By name, shape ``(places * subjects, 2)``, rows as in ``sample.flat``.
    neighbours
        How many nearest neighbours make a neighbourhood.

    Raises
    ------
    BadDataError
        ``neighbours`` is not below half of the number of vectors, or all vectors are equal.
    """
    return (
        _colocation(sample, neighbours),
        _by_region(sample),
        _by_subject(sample),
        _effective_dimension(sample),
        _posterior(sample),
        _fit(sample),
        *(
            each
            for name, plane in projections.items()
            for each in _plane(sample.flat, name, plane, neighbours)
        ),
    )


def _colocation(sample: LatentSample, neighbours: int) -> Merit:
    places, subjects, _ = sample.vectors.shape
    return Merit(
        "colocation",
        neighbourhood.colocation(sample.vectors, neighbours),
        f"Share of the {neighbours} nearest neighbours that are the same place in other people.",
        chance=neighbourhood.random_colocation(places, subjects),
        best=min(1.0, (subjects - 1) / neighbours),
    )


def _by_region(sample: LatentSample) -> Merit:
    if len(set(sample.regions)) == 1:
        return Merit("silhouette_region", None, "Not defined: all places lie in one region.")
    return Merit(
        "silhouette_region",
        distribution.silhouette(sample.flat, sample.by_place(sample.regions)),
        "1: regions are compact and far apart; 0: they overlap.",
        chance=0.0,
        best=1.0,
    )


def _by_subject(sample: LatentSample) -> Merit:
    return Merit(
        "silhouette_subject",
        distribution.silhouette(sample.flat, sample.by_subject(sample.subjects)),
        "0 or below: people are mixed; above: a vector tells whose it is (anatomy, or the scanner).",
        chance=0.0,
    )


def _effective_dimension(sample: LatentSample) -> Merit:
    return Merit(
        "effective_dimension",
        distribution.effective_dimension(sample.flat),
        "Dimensions that share the variance (participation ratio).",
        best=float(sample.vectors.shape[2]),
    )


def _posterior(sample: LatentSample) -> Merit:
    if sample.mean is None or sample.log_variance is None:
        return Merit("kl_posterior", None, "Not defined: the encoder is not variational.")
    return Merit(
        "kl_posterior",
        distribution.posterior_divergence(sample.mean, sample.log_variance),
        "Nats by which the code of a patch departs from the prior; 0: it tells nothing of the patch.",
    )


def _fit(sample: LatentSample) -> Merit:
    return Merit(
        "kl_fit",
        distribution.fitted_divergence(sample.flat),
        "Nats from the normal fitted to all vectors to a standard one; ∞: a dimension is redundant.",
        best=0.0,
    )


def _plane(latent: Array, name: str, plane: Array, neighbours: int) -> tuple[Merit, ...]:
    chance = neighbourhood.random_trustworthiness(len(latent), neighbours)
    return (
        Merit(
            "trustworthiness",
            neighbourhood.trustworthiness(latent, plane, neighbours),
            f"1: the {neighbours} nearest in the plane are so in the latent space too.",
            chance=chance,
            best=1.0,
            projection=name,
        ),
        Merit(
            "continuity",
            neighbourhood.continuity(latent, plane, neighbours),
            f"1: the {neighbours} nearest in the latent space are so in the plane too.",
            chance=chance,
            best=1.0,
            projection=name,
        ),
        Merit(
            "neighbourhood_preservation",
            neighbourhood.neighbourhood_preservation(latent, plane, neighbours),
            f"Share of the {neighbours} nearest in the latent space that are so in the plane.",
            chance=neighbours / (len(latent) - 1),
            best=1.0,
            projection=name,
        ),
    )
