"""What ``--explain`` adds, with a tiny untrained network: the facts hold whatever it has learned."""

import numpy as np
import pytest
import torch

from bidsapp.analyses.ms import ANALYSIS
from bidsapp.analyses.ms.grid import read_images, work_space
from bidsapp.analyses.ms.inference import infer
from bidsapp.bids.sink import write_findings
from bidsapp.bundle import Bundle
from bidsapp.bundle_checks import REQUIRED
from bidsapp.cohort import Member
from bidsapp.images.transform_file import write_transform
from bidsapp.images.transforms import compose, matrix_to_itk
from bidsapp.images.volume import Volume, write_volume
from bidsapp.networks.lesions import lesion_network

SIDE, WINDOW, SMALLER = 36, 32, 5.0
FEATURES = (4, 4, 8, 8, 8, 4)


@pytest.fixture(scope="module")
def member(tmp_path_factory):
    """A brain of 30 mm: cortex around white matter, with noise and a bright spot on FLAIR."""
    folder = tmp_path_factory.mktemp("member")
    affine = np.eye(4)
    affine[:3, 3] = -SIDE / 2
    radius = np.linalg.norm(np.indices((SIDE,) * 3) - SIDE / 2, axis=0)
    rng = np.random.default_rng(0)
    noise = 0.05 * rng.standard_normal((2, SIDE, SIDE, SIDE))
    spot = np.linalg.norm(np.indices((SIDE,) * 3) - np.array([[[[12]]], [[[18]]], [[[18]]]]), axis=0) < 3
    images = {
        "T1w": 1 - 0.3 * (radius > 12) + noise[0],
        "FLAIR": 1 + 0.2 * (radius > 12) + spot + noise[1],
        "mask": radius < 15,
        "GM": (radius < 15) & (radius > 12),
        "WM": radius <= 12,
        "CSF": np.zeros_like(radius),
    }
    native = {
        key: write_volume(folder / f"{key}.nii.gz", Volume(data.astype(np.float32), affine))
        for key, data in images.items()
    }
    scale = {"native_to_standard": 1 / SMALLER, "standard_to_native": SMALLER}
    transforms = {
        key: write_transform(folder / f"{key}.h5", compose([matrix_to_itk(np.diag([size, size, size, 1.0]))]))
        for key, size in scale.items()
    }
    return Member(subject="01", native=native, transforms=transforms)


@pytest.fixture(scope="module")
def bundle(member, tmp_path_factory):
    """An untrained network whose bias is such that it marks one voxel of a hundred."""
    torch.manual_seed(0)
    network = lesion_network(FEATURES).eval()
    space = work_space(member)
    brain = space.mask.data >= 0.5
    output = infer(network, read_images(member, space), brain, window=WINDOW)
    with torch.no_grad():
        network.get_parameter("final_conv.bias")[0] -= float(np.quantile(output.lesion[brain], 0.99))
    weights = {key: value.contiguous().numpy() for key, value in network.state_dict().items()}
    metadata = dict.fromkeys(REQUIRED, "test") | {
        "analysis": "ms",
        "modalities": [],
        "networks": ["model"],
        "features": list(FEATURES),
        "window": WINDOW,
        "temperature": 1.0,
        "threshold": 0.5,
    }
    path = tmp_path_factory.mktemp("bundle") / "tiny"
    return Bundle.write(path, metadata=metadata, tensors={"model": weights}, card="Test.", licence="none")


@pytest.fixture(scope="module")
def findings(member, bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps")
    return ANALYSIS.predict(member, bundle, out_dir=folder, device="cpu", seed=0, explain=True)


def rows_of(findings, desc):
    table = next(item for item in findings.tables if item.entities.get("desc") == desc)
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def test_contrasts_share_the_agreement_of_all(findings):
    rows = rows_of(findings, "contrasts")
    assert [row["contrast"] for row in rows] == ["FLAIR", "T1w"]
    assert sum(row["dice_shapley"] for row in rows) == pytest.approx(1, abs=2e-3)
    assert len(rows_of(findings, "subsets")) == 3


def test_each_explained_lesion_shows_shares_or_says_which_check_it_failed(findings):
    checks = rows_of(findings, "checks")
    rows = rows_of(findings, "relevance")
    assert [row["lesion"] for row in rows] == list(range(1, len(rows) + 1))
    for row in rows:
        failed = [each for each in checks if each["lesion"] == row["lesion"] and not each["passed"]]
        said = [text for text in findings.warnings if text.startswith(f"Why lesion {row['lesion']} ")]
        assert [text.endswith(each["meaning"]) for text, each in zip(said, failed, strict=True)] == [
            True
        ] * len(failed)
        if failed:
            assert row["FLAIR"] is row["T1w"] is row["inside"] is None
        else:
            assert row["FLAIR"] + row["T1w"] == pytest.approx(1, abs=2e-3)
            assert 0 <= row["inside"] <= 1


def test_the_map_holds_the_lesions_that_passed_and_has_a_name_that_bids_ignores(findings, tmp_path):
    shown = [row["lesion"] for row in rows_of(findings, "relevance") if row["inside"] is not None]
    maps = [item for item in findings.maps if item.suffix == "statmap"]
    assert [item.metadata["Lesions"] for item in maps] == [shown] * bool(shown)
    write_findings(findings, None, tmp_path)
    written = [path.name for path in (tmp_path / "sub-01" / "anat").glob("*_statmap.nii.gz")]
    assert written == ["sub-01_space-T1w_desc-relevance_stat-lrp_statmap.nii.gz"] * bool(shown)


def test_the_methods_cite_what_was_used(findings):
    assert all(key in findings.methods for key in ("[@shapley]", "[@lrp; @lrprules]", "[@sanity]"))
    assert "not its accuracy" in findings.methods


def test_nobody_is_told_why_who_did_not_ask(member, bundle, tmp_path):
    findings = ANALYSIS.predict(member, bundle, out_dir=tmp_path, device="cpu", seed=0)
    assert [table.title for table in findings.tables] == ["Lesions"]
    assert "Shapley" not in findings.methods
    assert not (tmp_path / "relevance.nii.gz").exists()
