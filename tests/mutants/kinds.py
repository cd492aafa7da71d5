"""What is mutated and what reads it: the functions that a run calls before its first step, on small files."""

from __future__ import annotations

import gzip
import json
import random
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import bids.layout  # noqa: F401  # here once, else in each child
import numpy as np
import safetensors.numpy  # noqa: F401
import scipy.interpolate  # noqa: F401

from bidsapp.bids.companions import TEXTS
from bidsapp.bids.dataset import check_dataset, prepare_output
from bidsapp.bids.filters import read_filters
from bidsapp.bids.identifiers import header_warnings, without_identifiers
from bidsapp.bids.layouts import check_sidecar
from bidsapp.bids.participants import write_participants
from bidsapp.bids.phenotype import read_exams
from bidsapp.bids.query import find_all, list_selected
from bidsapp.bids.tables import read_covariates
from bidsapp.bundle import Bundle
from bidsapp.cli.config import read_config
from bidsapp.errors import BidsAppError
from bidsapp.files import digest_json
from bidsapp.images.bold_frames import correct_slice_timing, repetition_time, slice_axis, slice_order
from bidsapp.images.checks import check_series
from bidsapp.images.frames import Frames
from bidsapp.images.gradients import read_gradients
from bidsapp.images.labelling import read_context, read_labelling
from bidsapp.images.pet_frames import decay_factors, frame_timing
from bidsapp.images.suvr import static_image
from bidsapp.images.volume import Volume
from bidsapp.interfaces.checks import check_inputs
from bidsapp.interfaces.series import frame_times, read_signals
from bidsapp.nifti import read_grid
from bidsapp.reading import read_object
from bidsapp.recipe import Recipe
from bidsapp.settings import Settings
from bidsapp.workflows.resume import run_key
from tests.mutants import mutate, sound

FRAMES = tuple(Volume(np.full((4, 4, 4), t + 1.0, np.float32), sound.AFFINE) for t in range(10))
DATA = Path(__file__).parents[2] / "bidsapp" / "data"


@dataclass(frozen=True)
class Kind:
    """Files of one kind: ``make`` writes a mutant into a folder, ``read`` reads it."""

    name: str
    share: float
    make: Callable[[Path, random.Random], object]
    read: Callable[[Path], object]


def _make_image(folder: Path, chance: random.Random) -> None:
    shape = chance.choice(((12, 12, 12), (10, 10, 10, 4), (40, 40, 20)))
    raw = sound.image(shape, dtype=chance.choice(("int16", "float32", "uint8")))
    (folder / "scan.nii.gz").write_bytes(mutate.mutate_image(raw, chance))


def _read_image(folder: Path) -> None:
    path = folder / "scan.nii.gz"
    header_warnings(path)
    with suppress(BidsAppError):
        read_grid(path)
    volumes, _ = check_series(path)
    assert all(np.isfinite(volume.data).all() and np.isfinite(volume.affine).all() for volume in volumes)


def _make_sidecar(folder: Path, chance: random.Random) -> None:
    (folder / "sub-01_T1w.json").write_bytes(mutate.mutate_json(sound.SIDECAR, chance))


def _read_sidecar(folder: Path) -> None:
    path = folder / "sub-01_T1w.json"
    check_sidecar(path)
    content, _ = without_identifiers(read_object(path), path.name, "01")
    digest_json(content)
    frames = Frames.stack(FRAMES)
    _all(
        lambda: repetition_time(content, 30),
        lambda: (
            correct_slice_timing(
                frames, slice_order(content["SliceTiming"], content), 2.0, axis=slice_axis(content)
            )
            if isinstance(content.get("SliceTiming"), list)
            else None
        ),
        lambda: frame_times(content, 10),
        lambda: decay_factors(content, frame_timing(content, 10)),
        lambda: static_image(FRAMES, content.get("FrameDuration")),
        lambda: read_labelling(content, path.name, sound.KINDS_OF_ASL),
    )


def _make_tables(folder: Path, chance: random.Random) -> None:
    for name, text in sound.TABLES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    name = chance.choice(list(sound.TABLES))
    (folder / name).write_bytes(mutate.mutate_table(sound.TABLES[name], chance))
    (folder / "out" / "sub-01").mkdir(parents=True)


def _read_tables(folder: Path) -> None:
    _all(
        lambda: digest_json(read_covariates(folder, "01", "01")[0]),
        lambda: read_exams(folder),
        lambda: write_participants(folder / "out", folder),
        lambda: read_context(folder / "aslcontext.tsv", "asl", len(sound.KINDS_OF_ASL)),
        lambda: read_signals(folder / "sub-01_task-rest_timeseries.tsv"),
    )
    written = folder / "out" / "participants.tsv"
    assert not written.exists() or len(written.read_text(encoding="utf-8").splitlines()) == 2


def _make_gradients(folder: Path, chance: random.Random) -> None:
    texts = {"bval": sound.BVALS, "bvec": sound.vectors()}
    for name, text in texts.items():
        data = text.replace(" ", "\t")
        changed = mutate.mutate_table(data, chance).replace(b"\t", b" ")
        (folder / f"dwi.{name}").write_bytes(changed if chance.random() < 0.6 else text.encode())


def _read_gradients(folder: Path) -> None:
    found = read_gradients(folder / "dwi.bval", folder / "dwi.bvec", 8, sound.AFFINE)
    assert np.isfinite(found.directions).all()
    assert set(TEXTS["dwi"]) == {"bval", "bvec"}


def _make_toml(folder: Path, chance: random.Random) -> None:
    (folder / "config.toml").write_bytes(mutate.mutate_bytes(sound.CONFIG.encode(), chance))
    recipe = (DATA / "recipes" / "anomaly.toml").read_bytes()
    (folder / "recipe.toml").write_bytes(
        b"x = " + b"[" * mutate.NESTED if chance.random() < 0.1 else mutate.mutate_bytes(recipe, chance)
    )


def _read_toml(folder: Path) -> None:
    _all(
        lambda: read_config(folder / "config.toml"),
        lambda: Recipe.read("anomaly", DATA / "recipes" / "anomaly.toml", folder / "recipe.toml").digest,
    )


def _make_filters(folder: Path, chance: random.Random) -> None:
    (folder / "filter.json").write_bytes(mutate.mutate_json(sound.FILTERS, chance))


def _read_filters(folder: Path) -> None:
    from bidsapp.cli.convert import convert
    from bidsapp.cli.options import options

    _all(
        lambda: read_filters(folder / "filter.json"),
        lambda: convert(options()["bids-filter-file"], str(folder / "filter.json"), folder),
    )


def _make_bundle(folder: Path, chance: random.Random) -> None:
    source = DATA / "bundles" / "stroke-nihss"
    bundle = Path(shutil.copytree(source, folder / "bundle"))
    what = chance.randrange(8)
    if what < 3:
        path = bundle / "configs" / "metadata.json"
        path.write_bytes(mutate.mutate_json(json.loads(path.read_bytes()), chance))
    elif what < 7:
        path = chance.choice(sorted((bundle / "models").iterdir()))
        path.write_bytes(mutate.mutate_weights(path.read_bytes(), chance))
    else:
        _harm_folder(bundle, chance)


def _harm_folder(bundle: Path, chance: random.Random) -> None:
    name = chance.choice(("models/x.safetensors", "configs/x.json", "models/model.pt", "x.py", "docs/x.md"))
    path = bundle / name
    what = chance.randrange(5)
    if what == 0:
        path.symlink_to(
            chance.choice(("/etc/passwd", "..", "../../..", "/dev/zero", "nowhere", Path(name).name))
        )
    elif what == 1:
        path.mkdir()
    elif what == 2:
        path.write_bytes(b"\x80\x04\x95" + chance.randbytes(50))
    elif what == 3:
        path.touch()
    else:
        (bundle / "configs" / "metadata.json").unlink()


def _read_bundle(folder: Path) -> None:
    bundle = Bundle.read(folder / "bundle")
    assert bundle.digest
    assert isinstance(bundle.modalities, tuple)
    for path in sorted((bundle.path / "models").glob("*.safetensors")):
        bundle.tensors(path.stem)


def _make_dataset(folder: Path, chance: random.Random) -> None:
    files: dict[str, bytes] = {
        "dataset_description.json": b'{"Name": "x", "BIDSVersion": "1.10.0"}',
        "participants.tsv": sound.PEOPLE.encode(),
        "T1w.json": b'{"MagneticFieldStrength": 3}',
        "sub-01/anat/sub-01_T1w.nii.gz": gzip.compress(sound.image((12, 12, 12)), 1, mtime=0),
        "sub-01/anat/sub-01_T1w.json": json.dumps(sound.SIDECAR).encode(),
    }
    name = chance.choice(list(files))
    data = files[name]
    image = sound.image((12, 12, 12))
    changed = {
        ".json": lambda: mutate.mutate_json(json.loads(data), chance),
        ".tsv": lambda: mutate.mutate_table(data.decode(), chance),
        ".gz": lambda: mutate.mutate_image(image, chance),
    }
    files[name] = changed[Path(name).suffix]()
    if chance.random() < 0.2:
        odd = chance.choice(
            ("sub-01/anat/sub-01_acq-..%2f_T1w.nii.gz", "sub-a b/anat/x.json", "layout_config.json")
        )
        files[odd] = chance.randbytes(40)
    for path, content in files.items():
        (folder / "bids" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "bids" / path).write_bytes(content)


def _read_dataset(folder: Path) -> None:
    settings = Settings(
        bids_dir=folder / "bids",
        output_dir=folder / "out",
        levels=("participant",),
        work_dir=folder / "out/work",
    )
    check_dataset(settings)
    prepare_output(settings.output_dir, settings, "0")
    for _, inputs in find_all(settings, list_selected(settings)):
        if isinstance(inputs, BidsAppError):
            raise inputs
        check_inputs(inputs)
        run_key(settings, [inputs], {"brain": ""})
        assert "Doe" not in repr(inputs)
    write_participants(settings.output_dir, settings.bids_dir)


def _all(*calls: Callable[[], object]) -> None:
    """Call all, whatever the ones before refuse; then raise the first refusal."""
    refused: list[BidsAppError] = []
    for call in calls:
        try:
            call()
        except BidsAppError as error:
            refused.append(error)
    if refused:
        raise refused[0]


KINDS: tuple[Kind, ...] = (
    Kind("NIfTI", 0.32, _make_image, _read_image),
    Kind("JSON sidecar", 0.2, _make_sidecar, _read_sidecar),
    Kind("TSV", 0.15, _make_tables, _read_tables),
    Kind("bval, bvec", 0.08, _make_gradients, _read_gradients),
    Kind("TOML", 0.06, _make_toml, _read_toml),
    Kind("filter file", 0.04, _make_filters, _read_filters),
    Kind("bundle", 0.12, _make_bundle, _read_bundle),
    Kind("whole dataset", 0.03, _make_dataset, _read_dataset),
)


def plan(count: int, seed: int) -> Iterable[tuple[Kind, int]]:
    """Give the kind and the seed of each of ``count`` mutants; each kind has one at least."""
    for kind in KINDS:
        for number in range(max(1, round(kind.share * count))):
            yield kind, seed * 1_000_000 + number
