"""The preprocessed volumes and labels of many subjects, split by patient and never otherwise."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bidsapp.errors import BadDataError


@dataclass(frozen=True, kw_only=True)
class RegionValues:
    """What another analysis found in each region of one session.

    Attributes
    ----------
    bundle
        Digest of the bundle that it used: values of two bundles are not comparable.
    values
        By name of the region, in the unit of that analysis.
    """

    bundle: str
    values: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Member:
    """One subject and session as the analyses see it.

    Attributes
    ----------
    subject, session
        Labels without prefix.
    native
        Preprocessed volumes on the grid of the session's reference image, by key: a modality
        (``T1w``, ``FLAIR``, ``ce-gadolinium_T1w``, ``pet``, ...) or ``mask``, ``GM``, ``WM``, ``CSF``.
    standard
        The same keys, resampled to MNI152NLin2009cAsym (``res-2``).
    transforms
        ``native_to_standard`` and ``standard_to_native``: ITK files that resample an image of the
        first space onto a grid of the second.
    series
        Signals of regions over time, by key (``bold``, ``pet``): tables with a column for each region and
        a row for each frame; a JSON file of the same name gives ``FrameTimesStart`` and ``FrameDuration``
        in seconds.
    regions
        What other analyses found in each region, by their names (``anomaly``: percent of its voxels that are
        abnormal); only where they ran.
    covariates
        Columns of the dataset's tables: ``age``, ``sex``, labels; gaps are left out.
    earlier
        The session before this one, where there is one and the order of the sessions is known.
    unordered
        Labels of the subject's other sessions, where the order is not known.
    """

    subject: str
    session: str | None = None
    native: Mapping[str, Path] = field(default_factory=dict)
    standard: Mapping[str, Path] = field(default_factory=dict)
    transforms: Mapping[str, Path] = field(default_factory=dict)
    series: Mapping[str, Path] = field(default_factory=dict)
    regions: Mapping[str, RegionValues] = field(default_factory=dict)
    covariates: Mapping[str, str | float] = field(default_factory=dict)
    earlier: Member | None = None
    unordered: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``sub-01`` or ``sub-01_ses-02``."""
        return f"sub-{self.subject}" + (f"_ses-{self.session}" if self.session else "")


@dataclass(frozen=True)
class Cohort:
    """Members of one training, and how they are split.

    Attributes
    ----------
    members
        Those that are learned from, and split.
    controls
        Healthy people beside the members, where an analysis keeps them apart; no split touches them.
    notes
        Sentences on how the members' labels were made, for all who read what was learned from them.
    """

    members: tuple[Member, ...]
    controls: tuple[Member, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.members)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Distinct subjects, sorted."""
        return tuple(sorted({member.subject for member in self.members}))

    def folds(
        self, n_folds: int, *, seed: int, strata: Mapping[str, str] | None = None
    ) -> Iterator[tuple[Cohort, Cohort]]:
        """Yield (training, test) cohorts; all sessions of a subject stay on one side.

        Parameters
        ----------
        n_folds
            Number of folds, between 2 and the number of subjects.
        seed
            Order of the subjects.
        strata
            A class for each subject; each fold gets its share of each class.

        Raises
        ------
        BadDataError
            There are fewer subjects than folds.
        """
        if not 2 <= n_folds <= len(self.subjects):
            raise BadDataError(f"{len(self.subjects)} subjects cannot be split into {n_folds} folds.")
        groups: dict[str, list[str]] = defaultdict(list)
        for subject in self.subjects:
            groups[strata[subject] if strata else ""].append(subject)
        order: list[str] = []
        for group in sorted(groups):
            order += random.Random(f"{seed}-{group}").sample(groups[group], len(groups[group]))  # noqa: S311
        for fold in range(n_folds):
            yield self._split(set(order[fold::n_folds]))

    def _split(self, test: set[str]) -> tuple[Cohort, Cohort]:
        training = self.where(lambda member: member.subject not in test)
        return training, self.where(lambda member: member.subject in test)

    def where(self, keep: Callable[[Member], bool]) -> Cohort:
        """Give the cohort of the members for which ``keep`` is true."""
        return replace(self, members=tuple(member for member in self.members if keep(member)))
