"""Who plays which part in a training: healthy controls, patients who teach, patients left out by a fold."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from bidsapp.cohort import Cohort, Member
from bidsapp.errors import BadDataError, NothingSelectedError


def divide(cohort: Cohort, controls: str) -> tuple[list[Member], list[Member]]:
    """Tell healthy controls (who fulfil the query) from patients (who have masks or a post-contrast T1w).

    Raises
    ------
    BadDataError
        There is neither.
    NothingSelectedError
        The query fits nobody.
    """
    from bidsapp.analyses.ms.channels import POST
    from bidsapp.bids.controls import select
    from bidsapp.bids.masks import ACTIVE, LESION

    members = list(cohort.members)
    chosen = select([item.covariates for item in members], controls) if controls else [False] * len(members)
    healthy = [item for item, fits in zip(members, chosen, strict=True) if fits]
    if controls and not healthy:
        raise NothingSelectedError(
            f'--controls "{controls}" fits none of {len(members)} preprocessed sessions.'
        )
    teaching = {LESION, ACTIVE, POST}
    patients = [
        item for item, fits in zip(members, chosen, strict=True) if not fits and teaching & set(item.native)
    ]
    if not healthy and not patients:
        raise BadDataError(
            "There is nobody to learn from: no session has a lesion mask (--reference), none a post-contrast "
            "T1w, and --controls names no healthy controls."
        )
    return healthy, patients


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
