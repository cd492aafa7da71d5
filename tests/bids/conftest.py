"""Small datasets on disk: a real NIfTI header of a few voxels is all that finding files needs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from bidsapp.settings import Settings

Files = Mapping[str, object]
MakeRaw = Callable[[Files], Settings]


def write_image(path: Path, zooms: tuple[float, float, float] = (40.0, 40.0, 40.0)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = tuple(max(1, round(160.0 / size)) for size in zooms)
    image = nib.Nifti1Image(np.ones(shape, np.uint8), np.diag([*zooms, 1.0]))
    image.header.set_xyzt_units("mm", "sec")
    nib.save(image, path)
    return path


@pytest.fixture
def make_raw(tmp_path: Path) -> MakeRaw:
    """Make a dataset of files: ``None`` is an image, a tuple its voxel size, a dict JSON, text or bytes."""

    def make(files: Files) -> Settings:
        root = tmp_path / "raw"
        content: dict[str, object] = {"dataset_description.json": {"Name": "raw", "BIDSVersion": "1.10.0"}}
        for name, what in {**content, **files}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if what is None or isinstance(what, tuple):
                write_image(path, *([what] if what else []))
            elif isinstance(what, bytes):
                path.write_bytes(what)
            else:
                path.write_text(what if isinstance(what, str) else json.dumps(what), encoding="utf-8")
        return Settings(bids_dir=root, output_dir=tmp_path / "out", levels=("participant",))

    return make


@pytest.fixture
def bids_errors() -> Callable[[Path], list[str]]:
    """Run bids-validator-deno on a folder and give its errors."""
    beside = Path(sys.executable).with_name("bids-validator-deno")
    program = str(beside) if beside.exists() else shutil.which("bids-validator-deno")
    if program is None:
        pytest.skip("bids-validator-deno is not installed")

    def validate(folder: Path) -> list[str]:
        call = [program, str(folder), "--format", "json"]
        answer = subprocess.run(call, capture_output=True, text=True, check=False, timeout=120)
        issues = json.loads(answer.stdout)["issues"]["issues"]
        return [
            f"{item['code']} {item.get('subCode', '')} {item.get('location', '')}"
            for item in issues
            if item["severity"] == "error"
        ]

    return validate
