"""What one subject has in one session: images with their sidecars, and what tables say of the person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Image:
    """One image of the dataset, chosen among its runs.

    Attributes
    ----------
    path
        The NIfTI file, or the table of ready signals.
    modality
        Key of ``data/modalities.json``: ``T1w``, ``ce-gadolinium_T1w``, ``FLAIR``, ``pet``, ...
    datatype
        BIDS folder: ``anat``, ``pet``, ...
    suffix
        BIDS suffix.
    entities
        BIDS entities of the file name, by their short names (``run``, ``acq``, ``trc``, ...),
        in the order of the name, without ``sub`` and ``ses``.
    metadata
        The sidecar, with inheritance; empty when there is none.
    companions
        Files that it cannot be read without, by name: ``bval``, ``bvec``, ``aslcontext``, ``m0scan``.
    """

    path: Path
    modality: str
    datatype: str
    suffix: str
    entities: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)
    companions: Mapping[str, Image] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The images and covariates of one subject and session.

    Attributes
    ----------
    subject, session
        Labels without prefix; ``session`` is ``None`` in datasets without sessions.
    images
        At most one image for each modality, by modality.
    covariates
        Columns of ``participants.tsv``, ``sessions.tsv`` and ``phenotype/``; gaps are left out.
    notes
        Sentences on what was chosen, missing or ignored; they go to the report.
    references
        Manual masks to evaluate against (``--reference``): ``brain`` and ``lesion``, where there are any.
    """

    subject: str
    session: str | None
    images: Mapping[str, Image]
    covariates: Mapping[str, str | float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    references: Mapping[str, Path] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """``sub-01`` or ``sub-01_ses-02``."""
        return f"sub-{self.subject}" + (f"_ses-{self.session}" if self.session else "")
