"""The two datasets of a run: is the input one, and what makes the output folder one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from bidsapp.bids.participants import write_participants
from bidsapp.errors import BadDataError, CannotWriteError, NoInputError, NotBidsError, UsageError
from bidsapp.files import write_error, write_json, write_text
from bidsapp.reading import read_json, read_object
from bidsapp.settings import Settings

NAME = "bidsapp"
BIDS_VERSION = "1.10.0"
DESCRIPTION = "dataset_description.json"
RAW_LINK = "raw"  # of BIDS URIs to the source images: bids:raw:sub-01/anat/...
CONTAINER_VARIABLE = "BIDSAPP_CONTAINER"  # "docker:bidsapp:0.1.0", set in the image


def check_dataset(settings: Settings) -> None:
    """Check that the input is a BIDS dataset, and that the folders of the run do not mix; reads one file.

    The group level needs no raw data: without the participant or train level, only the folders are compared.

    Raises
    ------
    NoInputError
        The input folder does not exist or cannot be opened.
    NotBidsError
        ``dataset_description.json`` is missing or invalid (not with ``--skip-bids-validation``).
    UsageError
        The output or work folder would mix with the input.
    """
    _check_apart(settings)
    if set(settings.levels) <= {"group"}:
        return
    if not settings.bids_dir.is_dir():
        what = "is not a folder" if settings.bids_dir.exists() else "does not exist"
        raise NoInputError(f"{settings.bids_dir} {what}; give the root folder of a BIDS dataset.")
    if not os.access(settings.bids_dir, os.R_OK | os.X_OK):
        raise NoInputError(f"{settings.bids_dir} cannot be opened (permission denied).")
    if not settings.skip_bids_validation:
        _check_description(settings.bids_dir / DESCRIPTION)


def prepare_output(output_dir: Path, settings: Settings, version: str) -> None:
    """Make the output folder a BIDS derivative dataset; doing it again changes no byte.

    Raises
    ------
    UsageError
        The folder holds the derivatives of another program.
    CannotWriteError
        It cannot be written.
    """
    _check_own(output_dir)
    texts = files("bidsapp") / "data" / "derivatives"
    try:
        (output_dir / "logs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(output_dir, error) from error
    if not os.access(output_dir, os.W_OK | os.X_OK):
        raise CannotWriteError(
            f"{output_dir} cannot be written (permission denied); choose a writable folder."
        )
    if settings.bids_dir.is_dir() or not (output_dir / DESCRIPTION).exists():
        write_json(output_dir / DESCRIPTION, describe_output(output_dir, settings, version))
    for name, source in (
        (".bidsignore", "bidsignore.txt"),
        ("README.md", "README.md"),
        ("descriptions.tsv", "descriptions.tsv"),
        ("descriptions.json", "descriptions.json"),
    ):
        write_text(output_dir / name, (texts / source).read_text(encoding="utf-8"))
    if settings.bids_dir.is_dir():
        write_participants(output_dir, settings.bids_dir)


def describe_output(output_dir: Path, settings: Settings, version: str) -> dict[str, object]:
    """Give the content of the output's ``dataset_description.json``; links are relative, so it can move."""
    raw = _read_description(settings.bids_dir / DESCRIPTION)
    link = quote(Path(os.path.relpath(settings.bids_dir.absolute(), output_dir.absolute())).as_posix())
    source = {"URL": link, **({"DOI": raw["DatasetDOI"]} if "DatasetDOI" in raw else {})}
    generator: dict[str, object] = {
        "Name": NAME,
        "Version": version,
        "Description": "Preprocessing and analyses of MRI and PET; research use only",
    }
    if container := os.environ.get(CONTAINER_VARIABLE):
        kind, _, tag = container.partition(":")
        generator["Container"] = {"Type": kind or "docker", "Tag": tag}
    return {
        "Name": f"{NAME} derivatives of {raw.get('Name', settings.bids_dir.absolute().name)}",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [generator],
        "SourceDatasets": [source],
        "DatasetLinks": {RAW_LINK: link},
        "HowToAcknowledge": "Cite the software and the references in each report. Research use only.",
        **({"License": raw["License"]} if "License" in raw else {}),
    }


def _check_apart(settings: Settings) -> None:
    bids_dir, output_dir = settings.bids_dir.resolve(), settings.output_dir.resolve()
    if output_dir == bids_dir and not set(settings.levels) <= {"group"}:
        raise UsageError(f"Output folder {output_dir} is the input folder; choose another one.")
    for folder, what in ((output_dir, "Output"), (settings.work_root.resolve(), "Work")):
        if folder == bids_dir and what == "Output":
            continue
        if folder.is_relative_to(bids_dir):
            below = folder.relative_to(bids_dir).parts
            if len(below) < 2 or below[0] != "derivatives":
                better = bids_dir / "derivatives" / NAME
                raise UsageError(
                    f"{what} folder {folder} lies inside the input; choose {better}, or one outside."
                )
    inside = bids_dir.is_relative_to(output_dir) and bids_dir != output_dir
    if inside and bids_dir.relative_to(output_dir).parts[0] not in {"sourcedata", "rawdata"}:
        raise UsageError(f"Input {bids_dir} lies inside output folder {output_dir}; choose another one.")


def _check_description(path: Path) -> None:
    if not path.exists():
        raise NotBidsError(
            f"{path.parent} is no BIDS dataset: it has no {DESCRIPTION} (add it, or --skip-bids-validation)."
        )
    try:
        content = read_json(path)
    except (NoInputError, BadDataError) as error:
        raise NotBidsError(str(error)) from error
    missing = [key for key in ("Name", "BIDSVersion") if not isinstance(content, dict) or key not in content]
    if missing:
        raise NotBidsError(f"{path} lacks {' and '.join(missing)}, which BIDS requires; add it.")


def is_own(folder: Path) -> bool:
    """Tell whether a dataset was written by this program: its masks are predictions, not manual ones."""
    return NAME in _makers(folder / DESCRIPTION)


def _makers(path: Path) -> list[str]:
    made = _read_description(path).get("GeneratedBy")
    return (
        [str(item.get("Name")) for item in made if isinstance(item, dict)] if isinstance(made, list) else []
    )


def _check_own(output_dir: Path) -> None:
    path = output_dir / DESCRIPTION
    names = _makers(path)
    if path.exists() and _read_description(path) and NAME not in names:
        whose = ", ".join(names) or "an unknown program"
        raise UsageError(f"Output folder {output_dir} holds a dataset made by {whose}; choose another one.")


def _read_description(path: Path) -> Mapping[str, object]:
    """Read a description as far as it goes; what must be in it is checked elsewhere."""
    try:
        return read_object(path)
    except (NoInputError, BadDataError):
        return {}
