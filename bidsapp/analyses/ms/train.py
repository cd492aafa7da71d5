"""Training of the lesion network: what it learns from, who is left out, and what is then said of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bidsapp.analyses.ms.card import configs_of, licence, metadata_of, model_card, second_stage
from bidsapp.analyses.ms.left_out import helps
from bidsapp.analyses.ms.material import Material, read_material
from bidsapp.analyses.ms.options import Options
from bidsapp.analyses.ms.roles import divide
from bidsapp.analyses.ms.stages import Stage, run_stage
from bidsapp.bundle import Bundle
from bidsapp.cohort import Cohort, Member
from bidsapp.errors import BadDataError, UnavailableError
from bidsapp.recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor, nn

    from bidsapp.analyses.ms.left_out import LeftOut

ENSEMBLE = 3
"""Networks in a bundle at most, besides the first stage's: the final one, and those of the first folds."""


def train(
    cohort: Cohort,
    recipe: Recipe,
    path: Path,
    *,
    device: str = "cpu",
    seed: int = 0,
    controls: str = "",
    packaged: Path | None = None,
    outlines: Mapping[str, Tensor] | None = None,
    backgrounds: Sequence[Member] = (),
) -> Bundle:
    """Fit the lesion network and write its bundle.

    The second stage is kept only where it helps: where the mean lesion Dice of patients left out is higher
    than that of the first stage's network, or where there are too few patients to tell.

    Parameters
    ----------
    cohort
        Preprocessed sessions; ``native`` holds the manual masks (`bidsapp.bids.masks.add_masks`).
    recipe
        See ``bidsapp/data/recipes/ms.toml``.
    path
        Folder of the bundle. Checkpoints stay beside it, in ``<path>-training``; a training that was killed
        goes on from there.
    device
        ``cpu`` or ``cuda:N``.
    seed
        Of the folds, the first weights and every example.
    controls
        Query on the covariates that healthy controls fulfil; nobody else is made ill.
    packaged
        Bundle to start from where the recipe says ``start = "packaged"``.
    outlines
        Lesion masks of further patients whose images are not at hand (MNI, 1 mm), by name.
    backgrounds
        Preprocessed T1w, T2w and FLAIR of further patients whose lesions nobody marked.

    Raises
    ------
    BadDataError
        There is nobody to learn from, or an image, a mask or a recipe's value does not fit.
    NothingSelectedError
        The query fits nobody.
    UnavailableError
        There is no packaged bundle to start from.
    """
    options = Options.of(recipe)
    healthy, patients = divide(cohort, controls)
    work = path.with_name(f"{path.name}-training")
    material = read_material(
        healthy,
        patients,
        work,
        outlines,
        augmented=bool(options.augmentations),
        backgrounds=backgrounds,
    )
    base = run_stage(
        _first(options, packaged, seed),
        Stage(steps=options.steps, learning_rate=options.learning_rate, patient_share=0.0, seed=seed),
        material.without(frozenset(item.subject for item in material.patients)),
        options,
        work,
        device,
    )
    marked = tuple(sorted({item.subject for item in material.patients if item.lesion is not None}))
    first = _predict(base, material, marked, options, device)
    left_out: list[LeftOut] = []
    networks: dict[str, nn.Module] = {"base": base, "model": base}
    for number, subjects in enumerate(_folds(material, options, seed)):
        network = _refine(base, material.without(frozenset(subjects)), options, seed, work, device)
        left_out += _predict(network, material, subjects, options, device)
        networks[f"fold_{number}"] = network
    better = helps(first, left_out) if options.patient_steps else False
    if better:
        networks["model"] = _refine(base, material, options, seed, work, device)
    else:
        networks = {"base": base, "model": base}
    metadata = metadata_of(
        recipe,
        seed=seed,
        material=material,
        left_out=left_out if better else first,
        controls=controls,
        second=second_stage(first, left_out, kept=better),
    )
    return write_bundle(path, networks, metadata)


def write_bundle(path: Path, networks: Mapping[str, nn.Module], metadata: Mapping[str, object]) -> Bundle:
    """Write weights (half precision), metadata, model card and licence."""
    kept = ["model", "base", *[name for name in networks if name.startswith("fold_")][: ENSEMBLE - 1]]
    tensors = {
        name: {key: value.detach().cpu().half().numpy() for key, value in networks[name].state_dict().items()}
        for name in kept
    }
    return Bundle.write(
        path,
        metadata={**metadata, "networks": [name for name in kept if name != "base"]},
        tensors=tensors,
        card=model_card(metadata),
        licence=licence(metadata),
        configs=configs_of(metadata),
    )


def _first(options: Options, packaged: Path | None, seed: int) -> nn.Module:
    import torch

    from bidsapp.networks.dropout import with_dropout
    from bidsapp.networks.lesions import lesion_network

    torch.manual_seed(seed)
    network = lesion_network(options.features)
    if options.start == "packaged":
        if packaged is None:
            raise UnavailableError('There are no packaged weights to start from; set start = "random".')
        first = Bundle.read(packaged)
        if first.metadata.get("features") != list(options.features):
            raise BadDataError(
                f"Recipe key 'features' is {list(options.features)}, but the packaged weights have "
                f'{first.metadata.get("features")}; take these, or set start = "random".'
            )
        stored = first.tensors("model")
        network.load_state_dict({key: torch.from_numpy(value).float() for key, value in stored.items()})
    return with_dropout(network, options.dropout, options.dropout_rate)


def _refine(
    base: nn.Module, material: Material, options: Options, seed: int, work: Path, device: str
) -> nn.Module:
    """Go on from the base with real patients mixed in; the base stays as it is."""
    import copy

    stage = Stage(
        steps=options.patient_steps if material.patients else 0,
        learning_rate=options.patient_learning_rate,
        patient_share=options.patient_share,
        seed=seed + 1,
    )
    network = copy.deepcopy(base).requires_grad_(True)  # averaged weights come frozen
    return run_stage(network, stage, material, options, work, device)


def subjects_of_folds(marked: Collection[str], folds: int, seed: int) -> Iterator[tuple[str, ...]]:
    """Yield the patients that each fold leaves out, all sessions of a patient together.

    Parameters
    ----------
    marked
        Patients with a lesion mask.
    folds
        At most; without two patients there is none.
    seed
        Of the training.
    """
    import random

    count = min(folds, len(set(marked)))
    if count < 2:
        return
    ordered = sorted(set(marked))
    order = random.Random(f"{seed}-folds").sample(ordered, len(ordered))  # noqa: S311
    for fold in range(count):
        yield tuple(sorted(order[fold::count]))


def _folds(material: Material, options: Options, seed: int) -> Iterator[tuple[str, ...]]:
    marked = {item.subject for item in material.patients if item.lesion is not None}
    return subjects_of_folds(marked, options.folds, seed)


def _predict(
    network: nn.Module, material: Material, subjects: tuple[str, ...], options: Options, device: str
) -> list[LeftOut]:
    from bidsapp.analyses.ms.left_out import predict_left_out

    out = [item for item in material.patients if item.subject in subjects and item.lesion is not None]
    return [
        predict_left_out(network, item, window=options.crop, device=device, flips=options.flips)
        for item in out
    ]
