"""Figures of merit as tables: one latent space in full, or several settings of a training side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bidsapp.errors import BadDataError
from bidsapp.findings import Cell, Column, Table
from bidsapp.learning.latent.merits import Merit, judge
from bidsapp.learning.latent.projections import project_all
from bidsapp.learning.latent.sample import LatentSample

_COLUMNS = (
    Column(name="merit", description="What is measured"),
    Column(name="projection", description="The plane that is judged; n/a for the latent space itself"),
    Column(name="value", description="The figure of merit"),
    Column(name="chance", description="Its value where there is nothing to find"),
    Column(name="best", description="The best, or the largest, value that can be had"),
    Column(name="meaning", description="How to read it"),
)


def merit_table(merits: Sequence[Merit]) -> Table:
    """Put merits into a table, one in a row."""
    rows = tuple((m.name, m.projection, m.value, m.chance, m.best, m.meaning) for m in merits)
    return Table(title="The latent space and its projections", suffix="merits", columns=_COLUMNS, rows=rows)


def sweep_table(
    settings: Sequence[tuple[str, LatentSample]],
    *,
    methods: Sequence[str] = ("pca",),
    neighbours: int = 10,
    seed: int = 0,
) -> Table:
    """Compare settings of a training (cost function, variational weight): one in a row, a merit a column.

    Parameters
    ----------
    settings
        A label and the latent sample of each; the same places and subjects, so that rows can be compared.
    methods
        Projections to judge, of `projections.METHODS`.
    neighbours, seed
        As in `judge` and `projections.project`.

    Raises
    ------
    BadDataError
        There is no setting, two have the same label or differ in places or subjects; or as `judge`.
    """
    _check_comparable(settings)
    judged = [
        (label, judge(sample, project_all(sample.flat, methods, seed=seed), neighbours=neighbours))
        for label, sample in settings
    ]
    rows: list[tuple[Cell, ...]] = [(label, *(merit.value for merit in merits)) for label, merits in judged]
    merits = zip(*(merits for _, merits in judged), strict=True)
    columns = (Column(name="setting", description="What was trained"), *map(_column, merits))
    return Table(title="Figures of merit of each setting", suffix="sweep", columns=columns, rows=tuple(rows))


def _check_comparable(settings: Sequence[tuple[str, LatentSample]]) -> None:
    if not settings:
        raise BadDataError("A sweep needs at least one setting.")
    labels = [label for label, _ in settings]
    if len(set(labels)) < len(labels):
        raise BadDataError(f"Two settings of the sweep have the same label: {', '.join(labels)}.")
    first = settings[0][1]
    for label, sample in settings:
        if sample.subjects != first.subjects or not np.array_equal(sample.places_mm, first.places_mm):
            raise BadDataError(f"Setting {label} was sampled at other places or subjects than {labels[0]}.")


def _column(merits: tuple[Merit, ...]) -> Column:
    """Describe one merit of all settings; the first setting in which it is defined tells its meaning."""
    merit = next((each for each in merits if each.value is not None), merits[0])
    name = f"{merit.name}_{merit.projection}" if merit.projection else merit.name
    return Column(name=name, description=merit.meaning)
