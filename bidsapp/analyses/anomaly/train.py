"""Fits the normative model on controls, scores each control as left out, and writes the bundle."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bidsapp.analyses.anomaly.card import LICENCE, Facts, bundle_metadata, model_card
from bidsapp.analyses.anomaly.covariates import Design, usable_design
from bidsapp.analyses.anomaly.features import channels_of, common_space, left_out_images, read_volumes
from bidsapp.analyses.anomaly.latent_sample import sample_latent_space
from bidsapp.analyses.anomaly.learn import quantity_of_controls
from bidsapp.analyses.anomaly.measure import Measures, Parcels, measure
from bidsapp.analyses.anomaly.options import Options
from bidsapp.analyses.anomaly.parcels import on_space
from bidsapp.analyses.anomaly.quantities import Intensity
from bidsapp.analyses.anomaly.reference import Reference, expected_false_clusters, outlier_limit
from bidsapp.analyses.anomaly.space import Space
from bidsapp.analyses.anomaly.store import Variant, space_tensors, variant_tensors
from bidsapp.analyses.anomaly.store_model import VoxelModel
from bidsapp.analyses.anomaly.store_quantity import quantity_tensors
from bidsapp.bundle import Bundle
from bidsapp.cohort import Cohort, Member
from bidsapp.errors import BadDataError
from bidsapp.images.templates import load_atlas
from bidsapp.oneclass.calibrated import CalibratedModel, PooledModel, fit_calibrated
from bidsapp.oneclass.equalise import EqualisedModel, equalise
from bidsapp.oneclass.normative import NormativeModel, Sign, fit_normative
from bidsapp.recipe import Recipe

_LOG = logging.getLogger(__name__)

Features = NDArray[np.float32]


def train(
    cohort: Cohort, recipe: Recipe, path: Path, *, device: str = "cpu", seed: int = 0, controls: str = ""
) -> Bundle:
    """Fit and write the bundle.

    Parameters
    ----------
    cohort
        Controls with volumes in standard space; of a subject with several sessions the first one counts.
    recipe
        See ``bidsapp/data/recipes/anomaly.toml``.
    path
        Folder of the bundle. Checkpoints of learned features stay beside it, in ``<path>-training``; a
        training that was killed goes on from there.
    device, seed
        Of the features that are learned; of no matter where none are.
    controls
        The query that chose the controls, for the model card.

    Raises
    ------
    BadDataError
        Too few controls, volumes missing or on different grids, or no usable channel.
    """
    options, members = settle(cohort, recipe)
    channels = channels_of(members, options)
    space = common_space(members, options)
    parcels = on_space(load_atlas(2, name=options.atlas), space)
    volumes = [(member.name, read_volumes(member, channels, space)) for member in members]
    seen = Intensity(channels, space, options.fwhm_mm)
    folder = path.with_name(f"{path.name}-training")
    found = quantity_of_controls(volumes, seen, options, folder=folder, device=device, seed=seed)
    variants, facts = fit_variants(members, found.values, found.quantity.sign, space, parcels, options)
    metadata = bundle_metadata(
        recipe, channels=channels, members=members, variants=variants, parcels=parcels,
        facts=replace(facts, notes=(*left_out_images(members, options), *facts.notes), curve=found.curve),
        controls=controls,
    )  # fmt: skip
    tensors = {"space": space_tensors(space), **quantity_tensors(found.quantity)}
    tensors |= {key: variant_tensors(variant) for key, variant in variants.items()}
    sample = sample_latent_space(found, members, volumes, parcels)
    if sample is not None:
        tensors["latent_sample"] = sample.arrays
    return Bundle.write(
        path, metadata=metadata, tensors=tensors, card=model_card(metadata), licence=LICENCE,
        configs={"latent_sample": sample.names} if sample is not None else {},
    )  # fmt: skip


def settle(cohort: Cohort, recipe: Recipe) -> tuple[Options, list[Member]]:
    """Give the options of a recipe and the controls to fit; no volume is read.

    Raises
    ------
    BadDataError
        A value makes no sense, or there are too few controls for it.
    """
    options, members = Options.of(recipe), one_session_each(cohort)
    _check_enough(len(members), options)
    return options, members


def _check_enough(controls: int, options: Options) -> None:
    learned = options.learned
    vectors = learned.features in ("latent", "discriminator")
    if vectors and learned.score == "gaussian" and learned.numbers >= controls:
        raise BadDataError(
            f"A Gaussian of {learned.numbers} learned numbers needs more controls than that, not {controls}; "
            "add controls or lower latent in the recipe."
        )
    if controls < options.minimum_controls:
        raise BadDataError(
            f"A normative model needs at least {options.minimum_controls} controls, not {controls}; "
            "add controls or lower minimum_controls in the recipe."
        )
    if controls < options.learned.fewest_controls:
        raise BadDataError(
            f"A score by {options.learned.neighbours} neighbours needs at least "
            f"{options.learned.fewest_controls} controls, not {controls}; add controls or lower neighbours "
            "in the recipe."
        )


def one_session_each(cohort: Cohort) -> list[Member]:
    """Give the first session of each subject: sessions of one person are no independent controls."""
    first: dict[str, Member] = {}
    for member in sorted(cohort.members, key=lambda item: (item.subject, item.session or "")):
        first.setdefault(member.subject, member)
    return list(first.values())


def fit_variants(
    members: Sequence[Member],
    features: Features,
    sign: Sign,
    space: Space,
    parcels: Parcels,
    options: Options,
) -> tuple[dict[str, Variant], Facts]:
    """Fit the model with the covariates that all controls have, and the one without any."""
    design, notes = usable_design(members, options.covariates)
    if options.learned.calibration != "normative":
        design, notes = Design(), ["Covariates are not used by this calibration."]
    variants: dict[str, Variant] = {}
    outliers: tuple[str, ...] = ()
    for key, chosen in {"adjusted": design, "plain": Design()}.items():
        if key == "adjusted" and not chosen.terms:
            continue
        variants[key], measures = fit_variant(members, features, chosen, space, parcels, options, sign=sign)
        outliers = outliers or _outliers(members, measures)
    for name in outliers:
        _LOG.warning(
            "%s is unlike the other controls; look at its report, and leave it out if it is bad.", name
        )
    return variants, Facts(notes=tuple(notes), outliers=outliers)


def fit_variant(
    members: Sequence[Member],
    features: Features,
    design: Design,
    space: Space,
    parcels: Parcels,
    options: Options,
    *,
    sign: Sign = "both",
) -> tuple[Variant, list[Measures]]:
    """Fit one model; also give the measures of the left-out controls."""
    model, left_out = fit_model(features, design.matrix(members), space, options, sign=sign)
    measures = [measure(z, space, parcels, options) for z in left_out]
    clusters, heads = expected_false_clusters(measures, options.family_wise_alpha)
    return Variant(design, model, Reference.of(measures), clusters, heads), measures


def fit_model(
    features: Features,
    design: NDArray[np.float64],
    space: Space,
    options: Options,
    *,
    sign: Sign = "both",
) -> tuple[VoxelModel, NDArray[np.float32]]:
    """Fit the voxelwise model as the options say, and put learned scores on the scale of a Gaussian.

    See :func:`bidsapp.oneclass.normative.fit_normative` and :mod:`bidsapp.oneclass.equalise`.
    """
    if options.learned.calibration == "pooled":
        return _equalised(PooledModel(), features[:, :, 0].copy())
    if options.learned.form is not None:
        return _equalised(*fit_calibrated(features, options.learned.form))
    model, left_out = fit_normative(
        features,
        design,
        prior_weight=options.prior_weight,
        tail_power=options.tail_power,
        spread=lambda values: space.smooth(values, options.tail_fwhm_mm),
        sign=sign,
    )
    return (model, left_out) if sign == "both" else _equalised(model, left_out)


def _equalised(
    model: NormativeModel | CalibratedModel | PooledModel, left_out: NDArray[np.float32]
) -> tuple[EqualisedModel, NDArray[np.float32]]:
    equalised = equalise(model, left_out)
    for control in left_out:
        control[:] = equalised.read(control)
    return equalised, left_out


def _outliers(members: Sequence[Member], measures: Sequence[Measures]) -> tuple[str, ...]:
    limit = outlier_limit(np.array([item.spread for item in measures]))
    return tuple(member.name for member, item in zip(members, measures, strict=True) if item.spread > limit)
