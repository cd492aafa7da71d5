"""A made-up patient of whom all is known: a ball of tissues with a lesion, in any pose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from bidsapp.analyses.ms import ANALYSIS
from bidsapp.analyses.ms.material import Material
from bidsapp.analyses.ms.metadata import metadata_of
from bidsapp.analyses.ms.train import write_bundle
from bidsapp.bundle import Bundle
from bidsapp.cohort import Member
from bidsapp.images.transform_file import write_transform
from bidsapp.images.transforms import compose, matrix_to_itk
from bidsapp.images.volume import Volume, write_volume
from bidsapp.networks.lesions import lesion_network
from bidsapp.recipe import Recipe

CENTRE = np.array([-2.2, -19.7, 22.1])  # of the ball, mm, RAS, in the space between the sessions
LESION = CENTRE + np.array([10.0, 1.0, 0.0])
TO_MNI = np.array([2.0, -1.0, 1.0])  # from the space between the sessions to MNI
GREY: Mapping[str, tuple[float, float, float, float]] = {  # white matter, cortex, fluid, lesion
    "T1w": (1.0, 0.7, 0.25, 0.75),
    "FLAIR": (1.0, 1.1, 0.2, 1.6),
    "T2w": (1.0, 1.4, 3.0, 1.8),
    "ce-gadolinium_T1w": (1.0, 0.7, 0.25, 1.3),
}
VOXELS = (96, 48, 96)
VOXEL_MM = (1.0, 2.0, 1.0)
TINY = {
    "start": "random",
    "features": [4, 4, 4, 4, 4, 4],
    "crop": 32,
    "steps": 2,
    "patient_steps": 2,
    "folds": 2,
    "checkpoint_steps": 1,
    "workers": 0,
}
Make = Callable[..., Member]


def shift(by: tuple[float, float, float]) -> np.ndarray:
    """Give the 4x4 matrix of a shift in mm."""
    matrix = np.eye(4)
    matrix[:3, 3] = by
    return matrix


def grid_points(affine: np.ndarray, voxels: tuple[int, int, int]) -> np.ndarray:
    """Give the mm of each voxel, shape ``(*voxels, 3)``."""
    indices = np.stack(np.meshgrid(*map(np.arange, voxels), indexing="ij"), axis=-1)
    return indices @ affine[:3, :3].T + affine[:3, 3]


@pytest.fixture(scope="session")
def make_member(tmp_path_factory: pytest.TempPathFactory) -> Make:
    root = tmp_path_factory.mktemp("ms-members")

    def make(
        name: str,
        session: str | None = None,
        *,
        pose: np.ndarray | None = None,
        contrasts: tuple[str, ...] = ("T1w", "FLAIR"),
        radius: float = 3.5,
        masks: tuple[str, ...] = (),
        bend: float = 0.0,
    ) -> Member:
        """Write a session; ``pose`` takes points between the sessions to its own (RAS mm)."""
        pose = np.eye(4) if pose is None else pose
        affine = np.diag([*VOXEL_MM, 1.0])
        affine[:3, 3] = (pose @ [*CENTRE, 1])[:3] - (np.array(VOXELS) - 1) / 2 * VOXEL_MM
        points = grid_points(affine, VOXELS)
        middle = (points - pose[:3, 3]) @ pose[:3, :3]  # the inverse of a rotation is its transpose
        away = np.linalg.norm(middle - CENTRE, axis=-1)
        lesion = np.linalg.norm(middle - LESION, axis=-1) < radius
        fluid = (away < 5) | ((away >= 18) & (away < 20))
        cortex, white = (away >= 15) & (away < 18), (away >= 5) & (away < 15)
        data = {"mask": away < 20, "GM": cortex, "WM": white, "CSF": fluid}
        for key in contrasts:
            levels = GREY[key]
            data[key] = np.select([lesion, white, cortex, fluid], [levels[3], *levels[:3]], 0.0)
        data |= dict.fromkeys(masks, lesion)
        folder = root / f"{name}-{session}"
        native = {
            key: write_volume(folder / f"{key}.nii.gz", Volume(values.astype(np.float32), affine))
            for key, values in data.items()
        }
        to_native = compose([matrix_to_itk(shift(-TO_MNI + [bend, 0, 0])), matrix_to_itk(pose)])
        return Member(
            subject=name,
            session=session,
            native=native,
            transforms={
                "native_to_standard": write_transform(folder / "forward.h5", to_native),
                "standard_to_native": write_transform(folder / "back.h5", to_native.GetInverse()),
            },
        )

    return make


@pytest.fixture(scope="session")
def patient(make_member: Make) -> Member:
    return make_member("p1", masks=("lesion",))


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    return Recipe("ms", {**Recipe.read("ms", ANALYSIS.recipe).values, **TINY})


@pytest.fixture(scope="session")
def bundle(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Three networks that know nothing; only names, grids and sums can be tested with them."""
    metadata = metadata_of(recipe, seed=0, material=Material((), (), None), left_out=[], controls="")
    networks = {}
    for seed, name in enumerate(("model", "base", "fold_0", "fold_1")):
        torch.manual_seed(seed)
        networks[name] = lesion_network((4, 4, 4, 4, 4, 4))
    return write_bundle(
        tmp_path_factory.mktemp("ms") / "ms",
        networks,
        {**metadata, "threshold": 0.02, "synthesis": True, "activity": True},
    )


def copy_with(bundle: Bundle, path: Path, **changes: object) -> Bundle:
    """Give a copy of a bundle with other metadata; ``None`` takes a key away."""
    import shutil

    from bidsapp.files import write_json

    shutil.copytree(bundle.path, path)
    metadata = {key: value for key, value in {**bundle.metadata, **changes}.items() if value is not None}
    write_json(path / "configs" / "metadata.json", metadata)
    return Bundle.read(path)
