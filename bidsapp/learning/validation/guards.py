"""Guards against knowing the answer beforehand: each raises with one sentence where data leak."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from bidsapp.errors import BadDataError
from bidsapp.learning.validation.estimator import Array, Places
from bidsapp.learning.validation.splits import codes_of

SAME_RANKS = 0.999
SAME_CATEGORY = 0.95
_FEWEST_PAIRS = 8
_FEWEST_OF_A_CLASS = 5
_FEWEST_FREE = 5


def check_patients_apart(groups: Sequence[str], fold: Places) -> None:
    """Refuse a split that has one patient in two folds.

    Parameters
    ----------
    groups
        Patient of each row.
    fold
        Fold of each row, shape ``(rows,)``.

    Raises
    ------
    BadDataError
        Names a patient and the folds.
    """
    seen: dict[str, int] = {}
    for patient, number in zip(groups, fold.tolist(), strict=True):
        if seen.setdefault(patient, number) != number:
            raise BadDataError(
                f"Patient {patient} is in folds {seen[patient]} and {number}: split by patient, not by row."
            )


def check_category(name: str, categories: Sequence[str], target: Array) -> None:
    """Refuse a category, such as a site, that as good as determines the label.

    Parameters
    ----------
    name
        Of the category, for the message.
    categories, target
        Of each row.

    Raises
    ------
    BadDataError
        The category explains 95 % of the label's variance or more, corrected for the number of categories
        (epsilon squared, Kelley 1935): a model could learn the site and seem to know the patient. Judged
        where there are 5 rows more than categories.
    """
    codes = codes_of(categories)
    sizes = np.bincount(codes)
    free = target.size - sizes.size
    if free < _FEWEST_FREE or sizes.size < 2 or np.ptp(target) == 0:
        return
    means = np.bincount(codes, weights=target) / sizes
    explained = 1 - ((target - means[codes]) ** 2).sum() / free / target.var(ddof=1)
    if explained >= SAME_CATEGORY:
        raise BadDataError(
            f"The category '{name}' explains {explained:.0%} of the label: a model that tells "
            f"its {sizes.size} values apart would seem to know the patient; take all labels from each."
        )


def check_covariates(covariates: Mapping[str, Array], target: Array) -> None:
    """Refuse a covariate that is the label itself, or a monotone map of it.

    Parameters
    ----------
    covariates
        Columns of shape ``(rows,)``; NaN where a patient has no value. Judged where 8 or more have one.
    target
        Label of each row. An outcome of two values is also found in a covariate that parts them without
        error, where 5 patients or more have either value.

    Raises
    ------
    BadDataError
        Names the column.
    """
    from scipy.stats import spearmanr

    for name, column in covariates.items():
        there = ~np.isnan(column)
        values, labels = column[there], target[there]
        if values.size < _FEWEST_PAIRS or np.ptp(values) == 0 or np.ptp(labels) == 0:
            continue
        if abs(float(spearmanr(values, labels).statistic)) > SAME_RANKS or _parts(values, labels):
            raise BadDataError(
                f"The covariate '{name}' tells the label without error: remove it, it is the label in "
                "another form or was written down after it."
            )


def check_images(digests: Sequence[Collection[str]], groups: Sequence[str]) -> None:
    """Refuse the same image under two patients.

    Parameters
    ----------
    digests
        Content digests of the images of each row.
    groups
        Patient of each row.

    Raises
    ------
    BadDataError
        Names both patients.
    """
    owners: dict[str, str] = {}
    for patient, held in zip(groups, digests, strict=True):
        for digest in held:
            if owners.setdefault(digest, patient) != patient:
                raise BadDataError(
                    f"Patients {owners[digest]} and {patient} have the same image (digest {digest[:12]}): "
                    "keep one of them, or give both the same label of the patient."
                )


def check_columns(columns: Iterable[str], later: Collection[str]) -> None:
    """Refuse columns that nobody can know when the scan is made, such as an outcome.

    Parameters
    ----------
    columns
        Names of the covariates.
    later
        Names of columns written down afterwards; case does not matter.

    Raises
    ------
    BadDataError
        Names the columns.
    """
    forbidden = {name.casefold() for name in later}
    found = sorted(name for name in columns if name.casefold() in forbidden)
    if found:
        raise BadDataError(
            f"Covariates known only after the scan were asked for ({', '.join(found)}): leave them out."
        )


def _parts(values: Array, labels: Array) -> bool:
    """Tell whether a limit on the values parts a label of two values without error."""
    if np.unique(labels).size != 2:
        return False
    upper, lower = values[labels == labels.max()], values[labels == labels.min()]
    if min(upper.size, lower.size) < _FEWEST_OF_A_CLASS:
        return False
    return bool(upper.min() > lower.max() or upper.max() < lower.min())
