"""Training of the lesion network: what it learns from, who is left out, and what is then said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bidsapp.analyses.ms.card import LICENCE, model_card
from bidsapp.analyses.ms.material import Material, read_material
from bidsapp.analyses.ms.metadata import Sources, configs_of, metadata_of, second_stage
from bidsapp.analyses.ms.options import Options
from bidsapp.analyses.ms.roles import divide
from bidsapp.analyses.ms.run import Outcome, Run
from bidsapp.bundle import Bundle
from bidsapp.cohort import Cohort, Member
from bidsapp.errors import BadDataError, UnavailableError
from bidsapp.recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor, nn

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
        There is no packaged bundle to start from, or it lacks the rule of activity that the recipe asks for.
    """
    options = Options.of(recipe)
    healthy, patients = divide(cohort, controls)
    work = path.with_name(f"{path.name}-training")
    augmented = bool(options.augmentations)
    material = read_material(healthy, patients, work, outlines, augmented=augmented, backgrounds=backgrounds)
    sources = _sources(options, packaged, backgrounds)
    outcome = Run(material, options, seed, work, device).learn(_first(options, packaged, seed))
    metadata = _metadata(recipe, material, outcome, sources, seed=seed, controls=controls)
    return write_bundle(path, outcome.networks, metadata)


def _metadata(
    recipe: Recipe, material: Material, outcome: Outcome, sources: Sources, *, seed: int, controls: str
) -> dict[str, object]:
    return metadata_of(
        recipe,
        seed=seed,
        material=material,
        left_out=outcome.left_out,
        controls=controls,
        second=second_stage(outcome.first, outcome.second, kept=outcome.kept),
        sources=sources,
    )


def _sources(options: Options, packaged: Path | None, backgrounds: Sequence[Member]) -> Sources:
    """Say what the weights rest on besides controls and patients."""
    start = Bundle.read(packaged) if packaged and options.start == "packaged" else None
    rule = start.metadata.get("activity_rule") if start else None
    if options.active_from == "change" and rule is None:
        raise UnavailableError(
            "Recipe key 'active_from' is 'change', but there is no packaged bundle with a rule of activity "
            'to start from; set start = "packaged", or active_from = "head".'
        )
    return Sources(
        backgrounds=tuple(sorted({item.subject for item in backgrounds})),
        start=start.digest if start else "",
        rule=rule,
    )


def write_bundle(path: Path, networks: Mapping[str, nn.Module], metadata: Mapping[str, object]) -> Bundle:
    """Write weights (half precision), metadata, model card and licence."""
    folds = [name for name in networks if name.startswith("fold_")]
    kept = [*(name for name in ("model", "base") if name in networks), *folds[: ENSEMBLE - 1]]
    tensors = {
        name: {key: value.detach().cpu().half().numpy() for key, value in networks[name].state_dict().items()}
        for name in kept
    }
    return Bundle.write(
        path,
        metadata={**metadata, "networks": [name for name in kept if name != "base"]},
        tensors=tensors,
        card=model_card(metadata),
        licence=LICENCE,
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
