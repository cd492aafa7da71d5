"""What an analysis is: the door that the house's own plug-ins and a stranger's use alike."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from bidsapp.bundle import Bundle
from bidsapp.cohort import Cohort, Member
from bidsapp.findings import Findings
from bidsapp.recipe import Recipe

Source = Literal["derivatives", "scores", "labels", "masks"]


@runtime_checkable
class Trainable(Protocol):
    """A model that ``bidsapp ... train`` can fit; announced in the entry-point group ``bidsapp.analyses``.

    Attributes
    ----------
    name
        Machine name, as ``--analysis`` takes it; the entry point has the same name.
    title
        Heading in reports.
    learns_from
        ``derivatives``: members are preprocessed subjects, with ``--controls`` those that it names.
        ``scores``: members are preprocessed subjects who have the column of ``--target``; those that
        ``--controls`` names stand beside them and need none. ``labels``: members are raw images and,
        under the key ``dseg``, their label maps. ``masks``: members are preprocessed subjects and, under the
        keys ``lesion`` and ``active``, their manual masks; ``--controls`` does not select among them.
    recipe
        Packaged TOML file of default hyper-parameters.
    bundle
        Packaged bundle, or ``None`` when there is none and the user must train or give one.
    """

    name: str
    title: str
    learns_from: Source
    recipe: Path
    bundle: Path | None

    def train(
        self,
        cohort: Cohort,
        recipe: Recipe,
        *,
        path: Path,
        device: str,
        seed: int,
        options: Mapping[str, str],
    ) -> Bundle | None:
        """Fit a bundle on a cohort and write it to ``path``; ``None`` where another node writes it.

        ``options`` holds what the command line says for training: ``controls`` and ``target``.
        """
        ...


@runtime_checkable
class Checking(Protocol):
    """What a trainable model may offer beside: to say at once that a training could not start.

    A sweep trains for hours; all its settings are checked before the first training.
    """

    def check(self, cohort: Cohort, recipe: Recipe) -> None:
        """Refuse what makes no sense, without reading a volume.

        Raises
        ------
        BadDataError
            A value of the recipe, or the size of the cohort; the sentence names it.
        """
        ...


@runtime_checkable
class Analysis(Trainable, Protocol):
    """A trainable model that says something of a preprocessed subject."""

    def predict(
        self,
        member: Member,
        bundle: Bundle,
        *,
        out_dir: Path,
        device: str,
        seed: int,
        explain: bool = False,
    ) -> Findings:
        """Say what there is to say of one subject.

        Parameters
        ----------
        member
            Its preprocessed volumes; all of ``bundle.modalities`` are there.
        bundle
            The trained model.
        out_dir
            Folder for the files of the maps; the house moves them to their BIDS names.
        device
            ``cpu`` or ``cuda:N``.
        seed
            Of every random number.
        explain
            The user asked for reasons (``--explain``): what of the images led to the findings, as further
            tables and maps. An analysis that has none to give takes the word and does nothing with it.
        """
        ...
