from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from bidsapp.analyses.anomaly import ANALYSIS
from bidsapp.cohort import Cohort, Member
from bidsapp.images.grids import resample
from bidsapp.images.templates import load_template
from bidsapp.images.transform_file import write_transform
from bidsapp.images.transforms import compose
from bidsapp.images.volume import Grid, Volume, write_volume
from bidsapp.recipe import Recipe

SHIFT = np.array([5.0, -3.0, 2.0])  # from standard to native space, mm RAS
LESION = np.array([30.0, -20.0, 25.0])  # mm RAS, standard space


@pytest.fixture(scope="session")
def anatomy():
    """The template at 6 mm: intensities with white matter near 1, and soft tissues."""
    affine = np.diag([6.0, 6.0, 6.0, 1.0])
    affine[:3, 3] = (-96, -132, -78)
    template = resample(load_template(2)[0], Grid((33, 39, 33), affine))
    brain = ndimage.binary_fill_holes(template.data > 0.2)
    white = np.clip((template.data - 0.6) / 0.1, 0, 1) * brain
    fluid = np.clip((0.4 - template.data) / 0.1, 0, 1) * brain
    return {
        "T1w": template.data,
        "WM": white,
        "CSF": fluid,
        "GM": brain * np.clip(1 - white - fluid, 0, 1),
        "mask": brain.astype(np.float32),
        "affine": affine,
    }


@pytest.fixture(scope="session")
def make_member(anatomy, tmp_path_factory):
    """Write a member: the template with smooth noise, darker with age, with or without a lesion."""
    root = tmp_path_factory.mktemp("members")
    shift = sitk.TranslationTransform(3, (SHIFT * [-1, -1, 1]).tolist())
    transforms = {
        "native_to_standard": write_transform(root / "forward.h5", compose([shift])),
        "standard_to_native": write_transform(root / "back.h5", compose([shift.GetInverse()])),
    }

    def make(name, seed, *, lesion=0.0, noise=0.02, age=None, sex=None, gain=1.0, keys=("T1w",)):
        rng = np.random.default_rng(seed)
        age = float(rng.uniform(20, 80)) if age is None else age
        shape, affine = anatomy["T1w"].shape, anatomy["affine"]
        grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1) * 6 + affine[:3, 3]
        ball = np.linalg.norm(grid - LESION, axis=-1) < 11
        scan = anatomy["T1w"] * (1 - 0.001 * age - lesion * ball)
        scan = scan + noise * ndimage.gaussian_filter(rng.normal(size=shape), 0.6)
        others = {key: scan + noise * rng.normal(size=shape) for key in keys[1:]}
        volumes = {**anatomy, keys[0]: gain * scan, **others}
        volumes.pop("affine")
        moved = affine.copy()
        moved[:3, 3] += SHIFT
        standard = {
            key: write_volume(root / name / f"{key}.nii.gz", Volume(data.astype(np.float32), affine))
            for key, data in volumes.items()
        }
        native = {"T1w": write_volume(root / name / "native.nii.gz", Volume(scan.astype(np.float32), moved))}
        covariates = {"age": age, "sex": sex or ("F" if seed % 2 else "M")}
        return Member(
            subject=name, native=native, standard=standard, transforms=transforms, covariates=covariates
        )

    return make


@pytest.fixture(scope="session")
def controls(make_member):
    return Cohort(tuple(make_member(f"c{seed:02d}", seed) for seed in range(32)))


@pytest.fixture(scope="session")
def recipe():
    packaged = Recipe.read("anomaly", ANALYSIS.recipe)
    return replace(packaged, values={**packaged.values, "images": ["T1w", "FLAIR"]})


@pytest.fixture(scope="session")
def bundle(controls, recipe, tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "anomaly"
    return ANALYSIS.train(controls, recipe, path=path, device="cpu", seed=0, options={"controls": "healthy"})


@pytest.fixture(scope="session")
def predict(bundle, tmp_path_factory):
    def run(member):
        return ANALYSIS.predict(member, bundle, out_dir=tmp_path_factory.mktemp("maps"), device="cpu", seed=0)

    return run
