"""Tiny series of a moved head go through the nodes; maps end on the reference image, faults in a sentence."""

import json

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage

from bidsapp.errors import BadDataError
from bidsapp.images.given_maps import in_unit
from bidsapp.images.volume import Volume, read_volume, write_volume
from bidsapp.interfaces.diffusion import PrepareDiffusion, TakeMap
from bidsapp.interfaces.laid_on import lay_on
from bidsapp.interfaces.perfusion import PreparePerfusion

AFFINE = np.diag([8.0, 8.0, 8.0, 1.0])
AFFINE[:3, 3] = -76
CONTEXT = "volume_type\nm0scan\ncontrol\nlabel\n"
PCASL = {
    "ArterialSpinLabelingType": "PCASL",
    "PostLabelingDelay": 1.8,
    "LabelingDuration": 1.8,
    "LabelingEfficiency": 0.85,
    "MagneticFieldStrength": 3,
    "RepetitionTimePreparation": 6,
}
FACTOR = 6000 * 0.9 * np.exp(1.8 / 1.65) / (2 * 0.85 * 1.65 * (1 - np.exp(-1.8 / 1.65)))


@pytest.fixture(scope="module")
def head():
    rng = np.random.default_rng(0)
    x, y, z = np.meshgrid(*[np.arange(20) - 9.5] * 3, indexing="ij")
    radius = np.sqrt((x / 8) ** 2 + (y / 9) ** 2 + (z / 7) ** 2)
    texture = ndimage.gaussian_filter(rng.standard_normal((20, 20, 20)), 1.5)
    return Volume(np.where(radius < 1, 1 + 2 * texture, 0).astype(np.float32).clip(0), AFFINE)


@pytest.fixture(scope="module")
def session(head, tmp_path_factory):
    folder = tmp_path_factory.mktemp("session")
    brain = head.data > 0
    parts = {
        "reference": head.data,
        "mask": brain,
        "gm": brain & (head.data > 1),
        "wm": brain & (head.data <= 1),
    }
    return {
        name: str(write_volume(folder / f"{name}.nii.gz", head.with_data(data)))
        for name, data in parts.items()
    }


def write_frames(path, frames):
    image = nib.Nifti1Image(np.stack(frames, axis=-1).astype(np.float32), AFFINE)
    image.header.set_xyzt_units("mm", "sec")
    nib.save(image, path)
    return str(path)


def run(interface, folder, session, ports=("reference", "mask")):
    for port in ports:
        setattr(interface.inputs, port, session[port])
    return interface.compute(folder)


def dwi(folder, head, vectors, decay):
    bvals = np.r_[0, np.full(len(vectors), 1000)]
    np.savetxt(folder / "x.bval", bvals[None])
    np.savetxt(folder / "x.bvec", np.r_[np.zeros((1, 3)), vectors].T)
    frames = [1000 * head.data, *(1000 * head.data * np.exp(-d) for d in decay)]
    return {"in_file": write_frames(folder / "sub-01_dwi.nii.gz", frames), "bval": str(folder / "x.bval")}


def test_six_directions_give_fa_and_adc(tmp_path, head, session):
    g = np.array([[1, 1, 0], [1, -1, 0], [0, 1, 1], [0, 1, -1], [1, 0, 1], [1, 0, -1]]) / np.sqrt(2)
    tensor = np.diag([1.6, 0.4, 0.4])
    files = dwi(tmp_path, head, g, np.einsum("ni,ij,nj->n", g, tensor, g))
    interface = PrepareDiffusion(modality="dwi", **files, bvec=str(tmp_path / "x.bvec"))
    found = run(interface, tmp_path, session)
    assert found["volume_keys"] == ["ADC", "FA"]
    adc, fa = (read_volume(path) for path in found["volumes"])
    inside = read_volume(session["mask"]).data > 0
    assert adc.grid.same_as(head.grid)
    assert np.median(adc.data[inside]) == pytest.approx(0.8e-3, rel=0.02)
    assert np.median(fa.data[inside]) == pytest.approx(1.2 / np.sqrt(1.6**2 + 2 * 0.4**2), rel=0.02)
    assert not adc.data[~inside].any()
    figures = json.loads((tmp_path / "quality.json").read_text())
    assert figures["modality"] == "dwi"
    assert figures["motion_mm"] < 1
    assert (figures["outlier_slices"], figures["b0_snr"]) == (0, None)


def test_three_directions_give_an_adc_alone(tmp_path, head, session):
    files = dwi(tmp_path, head, np.eye(3), [0.9, 0.9, 0.9])
    found = run(PrepareDiffusion(modality="dwi", **files, bvec=str(tmp_path / "x.bvec")), tmp_path, session)
    assert found["volume_keys"] == ["ADC"]
    assert any("fewer than six directions" in note for note in found["notes"])


def test_a_series_that_cannot_be_used_costs_a_sentence_and_not_the_session(tmp_path, head, session):
    files = dwi(tmp_path, head, np.eye(3), [0.9, 0.9, 0.9])
    found = run(PrepareDiffusion(modality="dwi", **files), tmp_path, session)
    assert found["volume_keys"] == found["volumes"] == found["quality"] == []
    assert len(found["notes"]) == 1
    assert found["notes"][0].startswith("sub-01_dwi.nii.gz: dwi was left out: ")
    assert "there are no vectors" in found["notes"][0]
    del files["bval"]
    assert "no b-values" in run(PrepareDiffusion(modality="dwi", **files), tmp_path, session)["notes"][0]


def asl(folder, head, context=CONTEXT, **change):
    m0 = 1000 * head.data
    path = write_frames(folder / "sub-01_asl.nii.gz", [m0, m0, m0 * (1 - 50 / FACTOR)])
    (folder / "context.tsv").write_text(context)
    metadata = json.dumps({**PCASL, **change})
    return PreparePerfusion(
        modality="asl", in_file=path, metadata=metadata, context=str(folder / "context.tsv")
    )


def test_a_series_gives_flow_with_its_figures(tmp_path, head, session):
    found = run(asl(tmp_path, head), tmp_path, session, session)
    assert found["volume_keys"] == ["cbf"]
    cbf = read_volume(found["volumes"][0])
    inside = ndimage.binary_erosion(read_volume(session["mask"]).data > 0)
    assert np.median(cbf.data[inside]) == pytest.approx(50, rel=0.01)
    figures = json.loads((tmp_path / "quality.json").read_text())
    assert figures["gm_cbf"] == pytest.approx(50, rel=0.05)
    assert figures["wm_cbf"] == pytest.approx(50, rel=0.2)
    assert 0 <= figures["spatial_cov"] < 0.3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"context": "volume_type\ncontrol\nlabel\n"}, "2 rows for 3 volumes"),
        ({"PostLabelingDelay": None}, "no PostLabelingDelay"),
        ({"PostLabelingDelay": [1.8, 1.8]}, "2 times for 3 volumes"),
    ],
)
def test_perfusion_that_cannot_be_computed_costs_a_sentence(tmp_path, head, session, change, said):
    found = run(asl(tmp_path, head, **change), tmp_path, session, session)
    assert found["volumes"] == []
    assert said in found["notes"][0]


def test_a_given_map_is_used_as_it_is(tmp_path, head, session):
    given = write_volume(tmp_path / "sub-01_ADC.nii.gz", head.with_data(800 * head.data))
    found = run(TakeMap(modality="ADC", in_file=str(given)), tmp_path, session)
    placed = read_volume(found["volumes"][0])
    inside = ndimage.binary_erosion(read_volume(session["mask"]).data > 0)
    assert np.median(placed.data[inside]) == pytest.approx(0.8e-3 * np.median(head.data[inside]), rel=0.05)
    assert any("um2/s" in note for note in found["notes"])


@pytest.mark.parametrize(("scale", "noted"), [(1e-3, 0), (1.0, 1), (1e3, 1)])
def test_the_unit_of_an_adc_is_told_by_its_values(head, scale, noted):
    brain = head.with_data(head.data > 0)
    volume, notes = in_unit("ADC", head.with_data(0.8 * scale * (head.data > 0)), brain)
    assert volume.data.max() == pytest.approx(0.8e-3)
    assert len(notes) == noted


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("ADC", 30.0, "no usual unit"), ("FA", 700.0, "beyond 1"), ("cbf", 0.0, "is empty")],
)
def test_maps_of_no_known_unit_are_refused(head, name, value, said):
    brain = head.with_data(head.data > 0)
    with pytest.raises(BadDataError, match=said):
        in_unit(name, head.with_data(value * (head.data > 0)), brain)


def test_an_image_of_a_sliver_of_the_brain_is_refused(head, session):
    sliver = Volume(np.ascontiguousarray(head.data[:, :, 8:11]), AFFINE.copy())
    sliver.affine[2, 3] += 8 * 8.0
    with pytest.raises(BadDataError, match=r"of the brain|overlap"):
        lay_on(session["reference"], session["mask"], sliver)
