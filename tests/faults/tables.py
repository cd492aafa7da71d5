"""What datasets in the wild have and a run must live with: it goes on, and says a sentence about it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults import images as im

SUBJECT = "one"


@dataclass(frozen=True)
class Oddity:
    """A change to a dataset after which ``--dry-run`` still ends with 0 and says a sentence.

    Attributes
    ----------
    name
        What is odd.
    change
        Makes it so, given the dataset's root; subject ``one`` has a T1w image.
    sentence
        Pattern that the output must fit.
    """

    name: str
    change: Callable[[Path], object]
    sentence: str


def table(content: str | bytes) -> Callable[[Path], object]:
    """Write participants.tsv with exactly these bytes."""
    data = content.encode() if isinstance(content, str) else content
    return lambda root: (root / "participants.tsv").write_bytes(data)


def t1w(root: Path, *, label: str = SUBJECT) -> Path:
    """Give the T1w image of a subject."""
    return root / f"sub-{label}" / "anat" / f"sub-{label}_T1w.nii.gz"


def to_t1w(harm: im.Harm) -> Callable[[Path], object]:
    """Do this to the T1w image of subject ``one``."""
    return lambda root: harm(t1w(root))


def beside(name: str, harm: im.Harm | None = None) -> Callable[[Path], object]:
    """Add a second image to subject ``one``, and harm it."""

    def change(root: Path) -> None:
        path = t1w(root).with_name(f"sub-{SUBJECT}_{name}.nii.gz")
        shutil.copyfile(t1w(root), path)
        if harm is not None:
            harm(path)

    return change


def _coarse_run(path: Path) -> None:
    data, affine, _ = im.read(path)
    im.write(path, data[::2, ::2, ::2], affine @ [[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]])


def _marked_description(root: Path) -> None:
    path = root / "dataset_description.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())


def _stray_files(root: Path) -> None:
    (root / ".DS_Store").write_bytes(bytes(100))
    (root / "._participants.tsv").write_bytes(b"\0\5\x16\7")
    (root / "sub-one" / "anat" / "._sub-one_T1w.nii.gz").write_bytes(b"\0\5\x16\7")
    (root / "code").mkdir()
    (root / "code" / "broken.json").write_text("{")


def _private_sidecar(root: Path) -> None:
    (root / "T1w.json").write_text(json.dumps({"EchoTime": 0.003}))


ODDITIES = (
    Oddity("no participants.tsv", lambda root: (root / "participants.tsv").unlink(), r"T1w: "),
    Oddity("empty table", table(""), r"participants\.tsv is empty"),
    Oddity(
        "doubled subject",
        table("participant_id\tage\nsub-one\t30\nsub-one\t31\n"),
        r"2 different rows for sub-one",
    ),
    Oddity("no label column", table("subject\tage\none\t30\n"), r"no column of labels"),
    Oddity(
        "two columns of one name",
        table("participant_id\tage\tage\nsub-one\t30\t31\n"),
        r"two columns of one name",
    ),
    Oddity("gaps", table("participant_id\tage\tsex\nsub-one\tn/a\t\nsub-two\t30\tF\n"), r"T1w: "),
    Oddity("short row", table("participant_id\tage\tsex\nsub-one\t30\n"), r"more or fewer cells"),
    Oddity("unknown subject", table("participant_id\tage\nsub-other\t30\n"), r"no row for sub-one"),
    Oddity("labels without prefix", table("participant_id\tage\none\t30\n"), r"age=30"),
    Oddity("byte order mark", table(b"\xef\xbb\xbfparticipant_id\tage\nsub-one\t30\n"), r"age=30"),
    Oddity("Windows newlines", table(b"participant_id\tage\r\nsub-one\t30\r\n"), r"age=30"),
    Oddity("old Mac newlines", table(b"participant_id\tage\rsub-one\t30\r"), r"age=30"),
    Oddity(
        "Latin-1",
        table("participant_id\tage\tplace\nsub-one\t30\tZürich\n".encode("latin-1")),
        r"is not UTF-8",
    ),
    Oddity("UTF-16", table("participant_id\tage\nsub-one\t30\n".encode("utf-16")), r"is not UTF-8"),
    Oddity("commas for tabs", table("participant_id,age\nsub-one,30\n"), r"separated by commas"),
    Oddity("age 89+", table("participant_id\tage\nsub-one\t89+\n"), r"'89\+' was read as 89"),
    Oddity("decimal comma", table("participant_id\tage\nsub-one\t30,5\n"), r"'30,5' was read as 30\.5"),
    Oddity("byte order mark in the description", _marked_description, r"T1w: "),
    Oddity("stray files", _stray_files, r"T1w: sub-one/anat/sub-one_T1w\.nii\.gz"),
    Oddity("sidecar at the root", _private_sidecar, r"T1w: "),
    Oddity(
        "contrast agent in the sidecar alone",
        to_t1w(im.sidecar(b'{"ContrastBolusIngredient": "GADOLINIUM"}')),
        r"sub-one_T1w\.nii\.gz was taken as an image without contrast agent.*GADOLINIUM.*ce-gadolinium",
    ),
    Oddity("no sidecar", to_t1w(lambda path: im.sidecar_of(path).unlink()), r"has no sidecar"),
    Oddity("uncompressed", to_t1w(im.uncompress), r"T1w: sub-one/anat/sub-one_T1w\.nii\n"),
    Oddity("two runs", beside("run-02_T1w"), r"T1w: sub-one_T1w\.nii\.gz was taken .*run-02"),
    Oddity(
        "two resolutions",
        beside("acq-fast_T1w", _coarse_run),
        r"sub-one_T1w\.nii\.gz was taken \(finest\).*acq-fast",
    ),
    Oddity("unknown agent", beside("ce-manganese_T1w"), r"contrast agent 'manganese' is not known"),
    Oddity("odd entity", beside("lab-x_T1w"), r"'lab-x' is not part of a BIDS name"),
    Oddity(
        "dangling FLAIR", beside("FLAIR", im.dangle), r"FLAIR\.nii\.gz was left out: the link points nowhere"
    ),
    Oddity("dangling T1w", to_t1w(im.dangle), r"no anatomical image .* the link points nowhere"),
    Oddity("empty FLAIR", beside("FLAIR", im.replace(b"")), r"FLAIR\.nii\.gz was left out: it is empty"),
    Oddity(
        "pointer FLAIR",
        beside("FLAIR", im.replace(b"/annex/objects/x.nii.gz")),
        r"FLAIR\.nii\.gz was left out: .*pointer",
    ),
)
