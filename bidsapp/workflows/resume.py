"""Tells whether a subject's results are there already, from the content of everything they depend on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import bidsapp
from bidsapp.errors import BidsAppError, NoInputError
from bidsapp.files import digest_file, digest_json
from bidsapp.inputs import Inputs
from bidsapp.settings import Settings
from bidsapp.status import RunStatus


class Contents:
    """Digests files, and tells later which of them are no longer what was digested."""

    def __init__(self) -> None:
        self._digests: dict[Path, str] = {}

    def digest(self, path: Path) -> str:
        """Give the SHA-256 that a file had when it was first asked for.

        Raises
        ------
        NoInputError
            The file went away, or may not be read.
        """
        if path in self._digests:
            return self._digests[path]
        try:
            self._digests[path] = digest_file(path)
        except OSError as error:
            raise NoInputError(
                f"{path} cannot be read ({error.strerror}); restore it and run the same command again."
            ) from error
        return self._digests[path]

    def changed(self) -> tuple[Path, ...]:
        """Give the files that hold something else now.

        Raises
        ------
        OSError
            A file cannot be read any more.
        """
        return tuple(path for path, digest in self._digests.items() if digest_file(path) != digest)


def run_key(
    settings: Settings,
    sessions: Sequence[Inputs],
    bundles: Mapping[str, str],
    digest: Callable[[Path], str] = digest_file,
) -> str:
    """Digest all that the results of a subject depend on.

    Parameters
    ----------
    settings
        Of these only what changes the result counts; not, say, the number of processes.
    sessions
        All sessions of the subject: they are aligned with one another.
    bundles
        Digest of each bundle in use, by analysis; ``brain`` is one of them.
    digest
        Gives the digest of an input file.
    """
    return digest_json(
        {
            "images": images_key(settings, sessions, bundles["brain"], digest),
            "settings": {"random_seed": settings.random_seed, "explain": settings.explain},
            "bundles": dict(bundles),
            "references": [
                {kind: digest(path) for kind, path in inputs.references.items()} for inputs in sessions
            ],
        }
    )


def images_key(
    settings: Settings, sessions: Sequence[Inputs], brain: str, digest: Callable[[Path], str] = digest_file
) -> str:
    """Digest all that the preprocessed images of a subject, and what the tables say of it, depend on.

    Covariates count, for they give the order of the sessions and analyses read them; manual masks
    (``--reference``) and the random seed change no image and do not count.

    Parameters
    ----------
    settings, sessions, digest
        As for :func:`run_key`.
    brain
        Digest of the bundle of the brain mask.
    """
    return digest_json(
        {
            "version": bidsapp.__version__,
            "omp_nthreads": settings.omp_nthreads,
            "output_resolution": settings.output_resolution,
            "device": settings.device,
            "brain": brain,
            "sessions": {inputs.name: _digest_inputs(inputs, digest) for inputs in sessions},
        }
    )


def is_done(status_file: Path, key: str, output_dir: Path) -> bool:
    """Tell whether a finished status has this key and all its outputs are as they were written."""
    if not status_file.is_file():
        return False
    try:
        status = RunStatus.read(status_file)
    except BidsAppError:
        return False  # a damaged status proves nothing: the subject runs again
    return (
        status.state == "done"
        and status.key == key
        and all(_is_file_with(output_dir / name, digest) for name, digest in status.outputs.items())
    )


def _is_file_with(path: Path, digest: str) -> bool:
    return path.is_file() and digest_file(path) == digest


def _digest_inputs(inputs: Inputs, digest: Callable[[Path], str]) -> dict[str, object]:
    images = {
        modality: {
            "bytes": digest(image.path),
            "metadata": dict(image.metadata),
            "entities": dict(image.entities),
            "companions": {
                name: [digest(item.path), dict(item.metadata)] for name, item in image.companions.items()
            },
        }
        for modality, image in inputs.images.items()
    }
    return {"images": images, "covariates": dict(inputs.covariates)}
