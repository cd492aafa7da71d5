"""Cohorts from derivatives alone: what preprocessing wrote, found through its findings, and covariates."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bidsapp.bids.collect import collect_findings
from bidsapp.bids.controls import parse_query, select
from bidsapp.bids.found_regions import found_regions
from bidsapp.bids.listing import closest, derived_volumes
from bidsapp.bids.sidecars import modality_of
from bidsapp.bids.tables import read_covariates
from bidsapp.cohort import Cohort, Member, RegionValues
from bidsapp.errors import NothingSelectedError, UsageError
from bidsapp.findings import Findings, Map

_LOG = logging.getLogger(__name__)

PREPROC = "preproc"  # the analysis name of the findings of preprocessing
STANDARD = "MNI152NLin2009cAsym"
RESOLUTION = "2"
TISSUES = frozenset({"GM", "WM", "CSF"})
VOLUMES = frozenset({"preproc", "suvr"})
SERIES = {"func": "bold", "pet": "pet"}
"""Key of the signals of regions (``desc-preproc_timeseries.tsv``) by the folder that they lie in."""


def read_cohort(
    derivatives: Sequence[Path],
    *,
    bids_dir: Path | None = None,
    participant_label: Sequence[str] = (),
    exclude_participant_label: Sequence[str] = (),
    session_label: Sequence[str] = (),
    controls: str | None = None,
    apart: bool = False,
    target: str | None = None,
) -> Cohort:
    """Build a cohort from preprocessed derivatives; raw data are not needed.

    Parameters
    ----------
    derivatives
        Output folders. What the first one lacks of a session, later ones add.
    bids_dir
        The raw dataset, for covariates beyond those copied to the derivatives, if it is at hand.
    participant_label, session_label
        Keep only these, if any are given.
    exclude_participant_label
        Leave these out.
    controls
        Keep the members that fulfil this query on the covariates (see :mod:`bidsapp.bids.controls`).
    apart
        Keep the others as members, too, and those that fulfil the query apart, as :attr:`Cohort.controls`.
    target
        Keep the members that have this covariate; controls that are kept apart need none.

    Raises
    ------
    NothingSelectedError
        A label names nobody who is preprocessed, or nobody is left.
    UsageError
        The query is wrong, or there is no such covariate.
    """
    if controls is not None:
        parse_query(controls)  # a wrong query is said before anything is read
    members: dict[tuple[str, str | None], Member] = {}
    for folder in derivatives:
        for member in _members_of(folder, bids_dir):
            key = (member.subject, member.session)
            members[key] = _merge(members[key], member) if key in members else member
    where = ", ".join(str(folder) for folder in derivatives)
    labels = participant_label, exclude_participant_label, session_label
    kept = _selected(list(members.values()), *labels, where)
    kept.sort(key=lambda item: (item.subject, item.session or ""))
    if controls is None:
        return Cohort(tuple(_with_target(kept, target)))
    chosen, others = _divided(kept, controls)
    if not apart:
        return Cohort(tuple(_with_target(chosen, target)))
    _with_target(kept, target)  # says so where nobody at all has the column
    patients = [member for member in others if target is None or target in member.covariates]
    if not patients:
        raise NothingSelectedError(f'--controls "{controls}" leaves nobody to learn the target from.')
    return Cohort(tuple(patients), controls=tuple(chosen))


def _members_of(folder: Path, bids_dir: Path | None) -> list[Member]:
    """Give what is preprocessed in a folder, with what analyses found there in each region."""
    found = collect_findings(folder)
    regions: defaultdict[tuple[str, str | None], dict[str, RegionValues]] = defaultdict(dict)
    for findings in found:
        values = found_regions(findings)
        if values is not None:
            regions[findings.subject, findings.session][findings.analysis] = values
    members = [
        as_member(findings, folder, _covariates(findings, folder, bids_dir))
        for findings in found
        if findings.analysis == PREPROC
    ]
    return [replace(member, regions=regions[member.subject, member.session]) for member in members]


def _selected(
    members: list[Member],
    participant_label: Sequence[str],
    exclude_participant_label: Sequence[str],
    session_label: Sequence[str],
    where: str,
) -> list[Member]:
    wanted = {label.removeprefix("sub-") for label in participant_label}
    excluded = {label.removeprefix("sub-") for label in exclude_participant_label}
    sessions = {label.removeprefix("ses-") for label in session_label}
    known = sorted({item.subject for item in members})
    for label in sorted(wanted.difference(known)) if known else ():
        raise NothingSelectedError(
            f"--participant-label: sub-{label} is not preprocessed in {where}; {closest(label, known)}"
        )
    kept = [
        item
        for item in members
        if (not wanted or item.subject in wanted)
        and item.subject not in excluded
        and (not sessions or item.session in sessions)
    ]
    if not kept:
        raise NothingSelectedError(f"No preprocessed subject is selected in {where}; run participant first.")
    return kept


def as_member(findings: Findings, output_dir: Path, covariates: Mapping[str, str | float]) -> Member:
    """Turn the findings of preprocessing into what analyses see; files that are gone are left out, and said.

    Volumes in the space of a modality (or with none) are native; those in MNI152NLin2009cAsym at 2 mm are
    standard; transforms are told apart by ``from`` and ``to``; series by the folder that they lie in.
    """
    native: dict[str, Path] = {}
    standard: dict[str, Path] = {}
    transforms: dict[str, Path] = {}
    series: dict[str, Path] = {}
    group: dict[str, Path] | None
    for item in findings.maps:
        path = output_dir / item.path
        if item.suffix == "xfm":
            group, key = transforms, _direction(item)
        elif item.suffix == "timeseries":
            group, key = series, SERIES.get(item.datatype)
        else:
            group, key = _space(item, native, standard), _key(item)
        if group is None or key is None:
            continue
        if not path.exists():
            _LOG.warning("%s is missing; run participant again for sub-%s.", path, findings.subject)
            continue
        group[key] = path
    return Member(
        subject=findings.subject,
        session=findings.session,
        native=native,
        standard=standard,
        transforms=transforms,
        series=series,
        covariates=covariates,
    )


def _space(item: Map, native: dict[str, Path], standard: dict[str, Path]) -> dict[str, Path] | None:
    space = item.entities.get("space")
    if space is None or modality_of(space, None) is not None:
        return native
    return standard if space == STANDARD and item.entities.get("res", RESOLUTION) == RESOLUTION else None


def _key(item: Map) -> str | None:
    desc, label = item.entities.get("desc"), item.entities.get("label")
    if item.suffix == "mask" and desc == "brain":
        return "mask"
    if item.suffix == "probseg" and label in TISSUES and desc is None:
        return label
    for key, derived in derived_volumes().items():
        if item.suffix == derived.suffix and item.entities.items() >= derived.entities.items():
            return key
    return modality_of(item.suffix, item.entities.get("ce")) if desc in VOLUMES else None


def _direction(item: Map) -> str | None:
    if item.entities.get("to") == STANDARD:
        return "native_to_standard"
    return "standard_to_native" if item.entities.get("from") == STANDARD else None


def _covariates(findings: Findings, folder: Path, bids_dir: Path | None) -> dict[str, str | float]:
    values: dict[str, str | float] = {}
    # Phenotype tables of a derivative are predictions: they must never come back as covariates.
    for dataset, phenotype in ((folder, False), (bids_dir, True)):
        if dataset is not None and dataset.is_dir():
            values |= read_covariates(dataset, findings.subject, findings.session, phenotype=phenotype)[0]
    return values


def _merge(first: Member, later: Member) -> Member:
    return replace(
        first,
        native={**later.native, **first.native},
        standard={**later.standard, **first.standard},
        transforms={**later.transforms, **first.transforms},
        series={**later.series, **first.series},
        regions={**later.regions, **first.regions},
        covariates={**later.covariates, **first.covariates},
    )


def _divided(members: list[Member], query: str) -> tuple[list[Member], list[Member]]:
    """Give those that fulfil a query, at least one, and the others."""
    fulfil = select([member.covariates for member in members], query)
    chosen, others = (
        [member for member, own in zip(members, fulfil, strict=True) if own == wanted]
        for wanted in (True, False)
    )
    if not chosen:
        raise NothingSelectedError(f'--controls "{query}" fits none of {len(members)} preprocessed sessions.')
    return chosen, others


def _with_target(members: list[Member], target: str | None) -> list[Member]:
    if target is None:
        return members
    kept = [member for member in members if target in member.covariates]
    if not kept:
        known = sorted({name for member in members for name in member.covariates})
        raise UsageError(f"--target: no preprocessed session has '{target}'; {closest(target, known)}")
    return kept
