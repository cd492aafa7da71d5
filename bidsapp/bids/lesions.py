"""Lesion masks in standard space that lie beside a dataset: what someone segmented, as an input."""

from __future__ import annotations

from pathlib import Path

from bidsapp.bids.dataset import is_own
from bidsapp.inputs import Image

LESION = "lesion"
STANDARD = "MNI152NLin2009cAsym"


def find_lesion(bids_dir: Path, subject: str, session: str | None) -> tuple[Image | None, list[str]]:
    """Find the lesion mask of a session in standard space.

    Parameters
    ----------
    bids_dir
        Dataset; masks are ``derivatives/*/sub-SUBJECT[/ses-SESSION]/anat/*_space-MNI152NLin2009cAsym*``
        ``_label-L*_mask.nii.gz``. Datasets that this program wrote are left out, and active lesions.
    subject, session
        Labels without prefix.

    Returns
    -------
    image, notes
        Of several masks the first one by the name of its dataset and its own; the notes say so.
    """
    folder = Path(f"sub-{subject}", *([f"ses-{session}"] if session else []), "anat")
    stem = f"sub-{subject}_" + (f"ses-{session}_" if session else "")
    found = [
        path
        for dataset in sorted((bids_dir / "derivatives").glob("*"))
        if not is_own(dataset)
        for path in sorted((dataset / folder).glob(f"{stem}*_mask.nii.gz"))
        if _is_lesion(_entities(path)) and path.is_file()
    ]
    if not found:
        return None, []
    others = ", ".join(path.name for path in found[1:])
    notes = [f"{LESION}: {found[0].name} was taken; not used: {others}."] if others else []
    image = Image(
        path=found[0], modality=LESION, datatype="anat", suffix="mask", entities=_entities(found[0])
    )
    return image, notes


def _is_lesion(entities: dict[str, str]) -> bool:
    own = (entities.get("space"), entities.get("label"))
    return own == (STANDARD, "L") and entities.get("desc") != "active"


def _entities(path: Path) -> dict[str, str]:
    parts = path.name.split(".", 1)[0].split("_")[:-1]
    pairs = [part.partition("-")[::2] for part in parts]
    return {key: label for key, label in pairs if key not in {"sub", "ses"}}
