"""What there is for each subject and session, after all filters; only what was asked for is indexed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bidsapp.bids.choose import Candidate, candidates, choose
from bidsapp.bids.filters import admits, normalise
from bidsapp.bids.index import Index, Key, read_index
from bidsapp.bids.lesions import find_lesion
from bidsapp.bids.listing import check_labels, closest, list_sessions, list_subjects, modalities
from bidsapp.bids.tables import read_covariates
from bidsapp.errors import BadDataError, BidsAppError, NothingSelectedError, printable
from bidsapp.inputs import Image, Inputs
from bidsapp.settings import Settings

BATCH = 128  # subjects in one index; more would save no time and hold more memory


def list_selected(settings: Settings) -> tuple[Key, ...]:
    """List the (subject, session) pairs that are left after all filters, sorted.

    Raises
    ------
    NothingSelectedError
        A label does not exist, or the filters leave nothing; the sentence says what there is.
    """
    subjects = _subjects(settings)
    sessions = {subject: list_sessions(settings.bids_dir, subject) for subject in subjects}
    if settings.session_label:
        wanted = [label.removeprefix("ses-") for label in settings.session_label]
        known = sorted({item for items in sessions.values() for item in items if item is not None})
        _check_labels(wanted, known, "ses", "--session-label", settings.bids_dir)
        sessions = {
            subject: tuple(item for item in items if item in wanted) for subject, items in sessions.items()
        }
    selected = tuple((subject, session) for subject in subjects for session in sessions[subject])
    if settings.bids_filters and not _any_admitted(settings, selected):
        raise NothingSelectedError(
            f"The filters of --bids-filter-file leave no image in {settings.bids_dir}; mend them."
        )
    return selected


def find_inputs(settings: Settings, subject: str, session: str | None) -> Inputs:
    """Find the images and covariates of one subject and session.

    A session without any image gives empty ``images``; its notes say what was left out and why.

    Raises
    ------
    BadDataError
        A sidecar of this subject is broken, or a filter names what does not exist.
    """
    check_labels((subject, session), settings.bids_dir)
    filters = normalise(settings.bids_filters)
    index = read_index(settings.bids_dir, [subject], filters, settings.bids_database_dir)
    return _inputs(settings, index, (subject, session))


def find_all(
    settings: Settings, selected: Sequence[Key], *, metadata: bool = True
) -> Iterator[tuple[Key, Inputs | BidsAppError]]:
    """Find the inputs of many sessions, in batches: five times faster than one by one.

    A subject that cannot be indexed gives its error; the others go on. Without ``metadata`` the sidecars
    are not read, which takes less than half the time: images have none, and broken sidecars are not noticed.
    """
    subjects = sorted({subject for subject, _ in selected})
    for start in range(0, len(subjects), BATCH):
        batch = frozenset(subjects[start : start + BATCH])
        keys = []
        for key in (key for key in selected if key[0] in batch):
            try:
                check_labels(key, settings.bids_dir)
                keys.append(key)
            except BadDataError as error:
                yield key, error
        if keys:
            yield from _find(keys, settings, metadata)


def _find(keys: list[Key], settings: Settings, metadata: bool) -> Iterator[tuple[Key, Inputs | BidsAppError]]:
    """Index the subjects of ``keys`` together; where one cannot be indexed, halve until it stands alone."""
    subjects = sorted({subject for subject, _ in keys})
    filters = normalise(settings.bids_filters)
    try:
        index = read_index(
            settings.bids_dir, subjects, filters, settings.bids_database_dir, metadata=metadata
        )
    except BidsAppError as error:
        if len(subjects) == 1:
            yield from ((key, error) for key in keys)
            return
        first = frozenset(subjects[: len(subjects) // 2])
        yield from _find([key for key in keys if key[0] in first], settings, metadata)
        yield from _find([key for key in keys if key[0] not in first], settings, metadata)
        return
    for key in keys:
        yield key, _inputs(settings, index, key, metadata=metadata)


def _inputs(settings: Settings, index: Index, key: Key, *, metadata: bool = True) -> Inputs:
    subject, session = key
    found, notes = candidates(index.images.get((subject, session), ()))
    filters = normalise(settings.bids_filters)
    images: dict[str, Image] = {}
    for name, modality in modalities().items():
        if not modality.is_raw:
            continue
        if "session" in filters.get(name, {}) and not admits(filters[name]["session"], session):
            continue
        image, said = choose(name, found, index.admitted.get(name), metadata=metadata)
        notes += said
        if image is not None:
            images[name] = image
    notes += _unknown_agents(found)
    lesion, said = find_lesion(settings.bids_dir, subject, session)
    notes += said
    if lesion is not None:
        images[lesion.modality] = lesion
    covariates, remarks = read_covariates(settings.bids_dir, subject, session)
    sentences = tuple(printable(note) for note in (*notes, *remarks))
    return Inputs(subject=subject, session=session, images=images, covariates=covariates, notes=sentences)


def _unknown_agents(found: Iterable[Candidate]) -> list[str]:
    known = {agent.lower() for item in modalities().values() if (agent := item.entities.get("ce"))}
    return [
        f"{item.path.name} was left out: contrast agent '{item.entities['ce']}' is not known."
        for item in found
        if "ce" in item.entities and item.entities["ce"].lower() not in known
    ]


def _subjects(settings: Settings) -> list[str]:
    known = list_subjects(settings.bids_dir)
    if not known:
        raise NothingSelectedError(f"{settings.bids_dir} holds no subject (no folder sub-*).")
    wanted = [label.removeprefix("sub-") for label in settings.participant_label]
    excluded = [label.removeprefix("sub-") for label in settings.exclude_participant_label]
    _check_labels(wanted, known, "sub", "--participant-label", settings.bids_dir)
    _check_labels(excluded, known, "sub", "--exclude-participant-label", settings.bids_dir)
    left = [label for label in known if (not wanted or label in wanted) and label not in excluded]
    if not left:
        raise NothingSelectedError(
            f"--participant-label and --exclude-participant-label leave none of {len(known)} subjects."
        )
    return left


def _check_labels(wanted: Iterable[str], known: Sequence[str], prefix: str, option: str, where: Path) -> None:
    for label in wanted:
        if label not in known:
            raise NothingSelectedError(
                f"{option}: there is no {prefix}-{label} in {where}; {closest(label, known)}"
            )


def _any_admitted(settings: Settings, selected: Sequence[Key]) -> bool:
    filters = normalise(settings.bids_filters)
    return any(
        isinstance(found, BidsAppError) or any(name in found.images for name in filters)
        for _, found in find_all(settings, selected, metadata=False)
    )
