"""Training of the brain network: labelled heads in random contrasts, then outlined scans too."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bidsapp.analyses.brain.card import CONFIGS, LICENCE, model_card, training_metadata
from bidsapp.bundle import Bundle
from bidsapp.cohort import Cohort, Member
from bidsapp.errors import BadDataError
from bidsapp.files import digest_json
from bidsapp.recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor, nn

    from bidsapp.analyses.brain.examples import Batch, Plan
    from bidsapp.learning.fitting import Schedule

LABEL_KEY, MASK_KEY = "dseg", "mask"
MOST_NODES = 1024


@dataclass(frozen=True)
class Split:
    """Who teaches, who watches, who tests; by subject."""

    training: tuple[str, ...]
    validation: tuple[str, ...]
    held_out: tuple[str, ...]


def train(
    cohort: Cohort,
    recipe: Recipe,
    path: Path,
    *,
    device: str = "cpu",
    seed: int = 0,
    start: Mapping[str, Tensor] | None = None,
    split: Split | None = None,
) -> Bundle | None:
    """Fit the brain network and write its bundle.

    Parameters
    ----------
    cohort
        Members with an image and, under ``dseg``, its MUSE label map; and members with images and, under
        ``mask``, the outlined brain on the grid of each image.
    recipe
        See ``bidsapp/data/recipes/brain.toml``.
    path
        Folder of the bundle. Checkpoints stay beside it, in ``<path>-training``; a training that was
        killed goes on from there (same recipe, cohort, seed and start).
    device
        ``cpu`` or ``cuda:N``.
    seed
        Of the split, the first weights and every example.
    start
        Weights to start from instead of random ones.
    split
        Given where the split is already fixed; else drawn by the seed.

    Returns
    -------
    Bundle or None
        Of several nodes the first one writes it; the others have nothing to give.

    Raises
    ------
    BadDataError
        There are too few labelled heads.
    UnavailableError, UsageError
        The recipe asks for several nodes, and the program was not started so that this one knows which it is.
    TryAgainError
        Another node was lost.
    """
    from torch.utils.data import DataLoader

    from bidsapp.analyses.brain.examples import Examples, read_head, read_scan
    from bidsapp.learning.fitting import fit
    from bidsapp.learning.nodes import this_node

    node = this_node(int(recipe.within("nodes", 1, MOST_NODES)))
    heads = _pairs(cohort, LABEL_KEY)
    split = split or split_heads(tuple(heads), recipe, seed)
    scans = teaching_scans(cohort, split)
    plan = _plan(recipe, seed)
    examples = [read_head(*pair) for name in split.training for pair in heads[name]]
    watched = [read_head(*pair) for name in split.validation for pair in heads[name]]
    outlined = [read_scan(*pair) for name in sorted(scans) for pair in scans[name]]
    metadata = training_metadata(recipe, seed=seed, split=split, scans=tuple(sorted(scans)))
    trained = fit(
        _first_network(recipe, seed, start),
        batch_loss,
        lambda step: DataLoader(Examples(examples, outlined, plan, step), batch_size=1),
        schedule(recipe),
        work_folder(path, metadata, start, [*examples, *outlined]),
        device=device,
        seed=seed,
        accumulate=recipe.integer("examples_per_step"),
        devices=recipe.integer("devices"),
        node=node,
        watch=partial(_watch, heads=watched),
    )
    return write_bundle(path, trained.state_dict(), metadata) if node.is_first else None


def write_bundle(path: Path, weights: Mapping[str, Tensor], metadata: Mapping[str, object]) -> Bundle:
    """Write weights (half precision: 2 bytes each), metadata and model card."""
    tensors = {key: value.detach().cpu().half().numpy() for key, value in weights.items()}
    return Bundle.write(
        path,
        metadata=metadata,
        tensors={"model": tensors},
        card=model_card(metadata),
        licence=LICENCE,
        configs=CONFIGS,
    )


def split_heads(subjects: Sequence[str], recipe: Recipe, seed: int) -> Split:
    """Draw who is held out; the same subjects and seed give the same split."""
    held_out, validation = recipe.integer("held_out"), recipe.integer("validation")
    if len(subjects) <= held_out + validation:
        raise BadDataError(
            f"Training the brain network needs more than {held_out + validation} subjects with a T1w and a "
            f"dseg, not {len(subjects)}; add subjects or lower held_out and validation in the recipe."
        )
    order = random.Random(f"{seed}-held-out").sample(sorted(subjects), len(subjects))  # noqa: S311
    end = held_out + validation
    return Split(*(tuple(sorted(part)) for part in (order[end:], order[held_out:end], order[:held_out])))


def batch_loss(network: nn.Module, batch: Batch) -> Tensor:
    """Loss of one example as `bidsapp.analyses.brain.examples.Examples` yields it."""
    import torch

    from bidsapp.learning.brain_loss import tissue_border_loss

    image, tissue, brain, definition = batch
    logits = network(image[:, None].contiguous(memory_format=torch.channels_last_3d))
    return tissue_border_loss(logits, tissue if tissue.numel() else None, brain, int(definition))


def schedule(recipe: Recipe) -> Schedule:
    """Turn the recipe into steps and rates."""
    from bidsapp.learning.fitting import Schedule

    return Schedule(
        steps=recipe.integer("steps"),
        learning_rate=recipe.number("learning_rate"),
        final_rate=recipe.number("final_rate"),
        average=recipe.number("average"),
        checkpoint_steps=recipe.integer("checkpoint_steps"),
        watch_steps=recipe.integer("watch_steps"),
    )


def _watch(network: nn.Module, heads: Sequence[tuple[Tensor, Tensor]]) -> dict[str, float]:
    return {"dice": mean_dice(network, heads)}


def mean_dice(network: nn.Module, heads: Sequence[tuple[Tensor, Tensor]]) -> float:
    """Give the mean Dice of the brain masks (border ``labels``) of whole heads; 0 where none is found."""
    from bidsapp.analyses.brain.predict import locate_and_segment
    from bidsapp.learning.brain_loss import dice
    from bidsapp.simulate.classes import FIRST_OUTSIDE

    total, device = 0.0, str(next(network.parameters()).device)
    for image, classes in heads:
        with contextlib.suppress(BadDataError):
            inside = locate_and_segment(image.float().numpy(), network, border=0, device=device)[0] >= 0.5
            total += dice(inside, ((classes > 0) & (classes < FIRST_OUTSIDE)).numpy())
    return total / max(1, len(heads))


def teaching_scans(cohort: Cohort, split: Split) -> dict[str, list[tuple[Path, Path]]]:
    """Give images with their outlined brain, by subject; none of a subject who watches or tests."""
    unseen = {*split.validation, *split.held_out}
    return {name: pairs for name, pairs in _pairs(cohort, MASK_KEY).items() if name not in unseen}


def work_folder(
    path: Path,
    metadata: Mapping[str, object],
    start: Mapping[str, Tensor] | None,
    taught: Sequence[tuple[Tensor, Tensor]],
) -> Path:
    """Give checkpoints of another recipe, cohort, seed or start another folder, so that none is mixed up.

    What the training sees counts, not the names alone: a corrected label map begins a new training.
    """
    import hashlib

    first = [hashlib.sha256(value.numpy().tobytes()).hexdigest() for value in (start or {}).values()]
    seen = hashlib.sha256()
    for tensor in (each for pair in taught for each in pair):
        seen.update(tensor.numpy().tobytes())
    content = [dict(metadata), first, seen.hexdigest()]
    return path.with_name(f"{path.name}-training") / digest_json(content)[:16]


def _first_network(recipe: Recipe, seed: int, start: Mapping[str, Tensor] | None) -> nn.Module:
    """Make the network with random weights, by the seed, or with those that are given."""
    import torch

    from bidsapp.networks.brain import brain_network

    torch.manual_seed(seed)
    network = brain_network(_integers(recipe, "features"))
    if start is not None:
        network.load_state_dict(dict(start))
    return network


def _plan(recipe: Recipe, seed: int) -> Plan:
    from bidsapp.analyses.brain.examples import Plan

    x, y, z = _integers(recipe, "crop")
    return Plan(
        steps=recipe.integer("steps"),
        coarse_steps=recipe.integer("coarse_steps"),
        clinical_from=recipe.integer("clinical_from"),
        clinical_share=recipe.number("clinical_share"),
        real_share=recipe.number("real_share"),
        still_share=recipe.number("still_share"),
        crop=(x, y, z),
        examples_per_step=recipe.integer("examples_per_step"),
        seed=seed,
    )


def _integers(recipe: Recipe, key: str) -> list[int]:
    value = recipe.values[key]
    if not isinstance(value, list):
        raise BadDataError(f"Recipe key '{key}' must be a list of integers, not {value!r}.")
    return [int(item) for item in value]


def _pairs(cohort: Cohort, key: str) -> dict[str, list[tuple[Path, Path]]]:
    found: dict[str, list[tuple[Path, Path]]] = {}
    for member in cohort.members:
        if key in member.native:
            found.setdefault(member.subject, []).extend(
                (image, member.native[key]) for image in _images(member)
            )
    return found


def _images(member: Member) -> list[Path]:
    return [path for name, path in sorted(member.native.items()) if name not in (LABEL_KEY, MASK_KEY)]
