"""Diffusion phantoms with known tensors."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from bidsapp.errors import BadDataError
from bidsapp.images import diffusion_series
from bidsapp.images.diffusion import fit_diffusion
from bidsapp.images.diffusion_noise import cut_components, denoise
from bidsapp.images.diffusion_series import map_diffusion, outlier_share, steady_signal
from bidsapp.images.gradients import Gradients, read_gradients
from bidsapp.images.volume import Volume
from bidsapp.images.volume_motion import follow_head, mean_motion, put_back

from .conftest import rigid_matrix

VALUES = np.array([[1.7e-3, 0.3e-3, 0.3e-3], [0.8e-3, 0.8e-3, 0.8e-3], [1.2e-3, 0.7e-3, 0.2e-3]])


def directions(count: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def scheme(count: int = 12, b: float = 1000.0) -> Gradients:
    return Gradients(np.r_[0.0, 0.0, np.full(count, b)], np.r_[np.zeros((2, 3)), directions(count)])


def tensors(turn: Rotation | None = None) -> np.ndarray:
    turns = Rotation.random(len(VALUES), random_state=3).as_matrix()
    turns = turns if turn is None else turn.as_matrix() @ turns
    return np.einsum("vij,vj,vkj->vik", turns, VALUES, turns)


def signal_of(matrices: np.ndarray, gradients: Gradients) -> np.ndarray:
    g = gradients.directions
    return 500 * np.exp(-gradients.bvals[:, None] * np.einsum("ni,vij,nj->nv", g, matrices, g))


def true_fa() -> np.ndarray:
    mean = VALUES.mean(axis=1, keepdims=True)
    return np.sqrt(1.5 * ((VALUES - mean) ** 2).sum(axis=1) / (VALUES**2).sum(axis=1))


def test_a_tensor_without_noise_is_found_again():
    found = fit_diffusion(signal_of(tensors(), scheme()), scheme())
    np.testing.assert_allclose(found.adc, VALUES.mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(found.fa, true_fa(), atol=1e-6)
    np.testing.assert_allclose(found.predicted, signal_of(tensors(), scheme()), rtol=1e-6)


def test_a_stick_has_anisotropy_one_and_a_ball_none():
    matrices = np.array([np.diag([2e-3, 0, 0]), np.eye(3) * 1e-3])
    np.testing.assert_allclose(fit_diffusion(signal_of(matrices, scheme()), scheme()).fa, [1, 0], atol=1e-6)


def test_noise_costs_the_tensor_what_theory_says():
    """The ADC of directions spread evenly has the error of a mean of logarithms."""
    rng = np.random.default_rng(1)
    ball = np.repeat(np.eye(3)[None] * 0.8e-3, 4000, axis=0)
    gradients = scheme(30)
    true = signal_of(ball, gradients)
    found = fit_diffusion(true + rng.normal(0, 10, true.shape), gradients)
    assert found.adc.mean() == pytest.approx(0.8e-3, rel=0.005)
    in_b0, in_weighted = 10 / 500 / np.sqrt(2), 10 / true[2, 0] / np.sqrt(30)
    assert found.adc.std() == pytest.approx(np.hypot(in_b0, in_weighted) / 1000, rel=0.15)


def test_dipys_mppca_finds_the_same_components():
    from dipy.denoise.localpca import mppca

    gradients = scheme(30)
    true = brain_of_tensors(gradients)
    mask = np.ones(true.shape[1:], dtype=bool)
    noisy = true + np.random.default_rng(2).normal(0, 20, true.shape)
    peer = np.moveaxis(mppca(np.moveaxis(noisy, 0, -1), mask=mask, patch_radius=2), -1, 0)
    ours, theirs = (np.sqrt(np.mean((found - true) ** 2)) for found in (denoise(noisy, mask), peer))
    assert ours == pytest.approx(theirs, rel=0.1)


def test_means_over_directions_do_not_enter_the_tensor():
    plain = scheme()
    mixed = Gradients(np.r_[plain.bvals, 1000.0], np.r_[plain.directions, np.zeros((1, 3))])
    data = np.r_[signal_of(tensors(), plain), np.full((1, len(VALUES)), 200.0)]
    found = fit_diffusion(data, mixed)
    np.testing.assert_allclose(found.fa, true_fa(), atol=1e-6)
    assert len(found.predicted) == len(plain.bvals)


@pytest.mark.parametrize("count", [1, 3])
def test_few_directions_give_an_adc_alone(count):
    axes = np.eye(3)[:count]
    gradients = Gradients(np.r_[0.0, np.full(count, 1000.0)], np.r_[np.zeros((1, 3)), axes])
    ball = np.array([np.eye(3) * 0.9e-3])
    found = fit_diffusion(signal_of(ball, gradients), gradients)
    assert found.fa is None
    np.testing.assert_allclose(found.adc, 0.9e-3, rtol=1e-6)


def test_three_axes_give_the_mean_diffusivity_of_any_tensor():
    gradients = Gradients(np.array([0.0, 1000, 1000, 1000]), np.r_[np.zeros((1, 3)), np.eye(3)])
    found = fit_diffusion(signal_of(tensors(), gradients), gradients)
    np.testing.assert_allclose(found.adc, VALUES.mean(axis=1), rtol=0.02)


def test_trace_weighted_volumes_without_direction_give_an_adc():
    gradients = Gradients(np.array([0.0, 500, 1000]), np.zeros((3, 3)))
    data = 300 * np.exp(-gradients.bvals[:, None] * 0.7e-3)
    np.testing.assert_allclose(fit_diffusion(data, gradients).adc, 0.7e-3, rtol=1e-6)


def test_high_b_values_are_left_out_of_the_tensor():
    g = directions(24)
    gradients = Gradients(np.r_[0.0, np.full(12, 1000.0), np.full(12, 3000.0)], np.r_[np.zeros((1, 3)), g])
    data = signal_of(tensors(), gradients)
    data[13:] *= 2  # as kurtosis does
    np.testing.assert_allclose(fit_diffusion(data, gradients).fa, true_fa(), atol=1e-6)


def test_a_turned_phantom_gives_back_the_same_direction():
    turn = Rotation.from_euler("xyz", [12, -8, 20], degrees=True)
    gradients = scheme()
    turned = signal_of(tensors(turn), gradients)  # what the scanner sees of the turned head
    matrix = np.eye(4)
    matrix[:3, :3] = turn.as_matrix()
    found = fit_diffusion(turned, gradients.turned_back([matrix] * len(gradients.bvals)))
    expected = fit_diffusion(signal_of(tensors(), gradients), gradients).axis
    anisotropic = [0, 2]
    np.testing.assert_allclose(np.abs((found.axis * expected).sum(axis=1))[anisotropic], 1, atol=1e-8)
    wrong = fit_diffusion(turned, gradients).axis
    assert np.abs((wrong * expected).sum(axis=1))[0] < 0.98


def test_stretch_by_eddy_currents_turns_no_direction():
    stretched = np.diag([1.05, 0.98, 1.0, 1.0])
    np.testing.assert_allclose(
        scheme().turned_back([stretched] * 14).directions, scheme().directions, atol=1e-12
    )


def write(folder, bvals, vectors):
    np.savetxt(folder / "x.bval", np.atleast_2d(bvals))
    np.savetxt(folder / "x.bvec", vectors)
    return folder / "x.bval", folder / "x.bvec"


def test_vectors_are_read_along_the_axes_of_the_image(tmp_path):
    bval, bvec = write(tmp_path, [0, 1000, 1000], np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]]))
    ras, las = np.diag([2.0, 2, 2, 1]), np.diag([-2.0, 2, 2, 1])
    # FSL: the first axis runs as on a radiological (LAS) grid, whatever the grid
    for affine in (ras, las):
        np.testing.assert_allclose(
            read_gradients(bval, bvec, 3, affine).directions, [[0, 0, 0], [-1, 0, 0], [0, 1, 0]]
        )
    sagittal = np.array([[0, 0, 2.0, 0], [-2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 0, 1]])
    found = read_gradients(bval, bvec, 3, sagittal).directions
    np.testing.assert_allclose(np.abs(found[1]), [0, 1, 0])
    np.testing.assert_allclose(np.abs(found[2]), [0, 0, 1])


def test_columns_are_read_as_rows(tmp_path):
    rows = np.r_[np.zeros((1, 3)), directions(7)]
    bval, bvec = write(tmp_path, np.r_[0, np.full(7, 1000)], rows)
    found = read_gradients(bval, bvec, 8, np.diag([-1.0, 1, 1, 1]))
    np.testing.assert_allclose(found.directions, rows * [-1, 1, 1], atol=1e-12)
    assert found.gives_tensor


@pytest.mark.parametrize(
    ("bvals", "vectors", "said"),
    [
        ([0, 1000], np.zeros((3, 3)), "2 b-values for 3 volumes"),
        ([0, 1000, 1000], np.zeros((3, 2)), "3 x 2 numbers for 3 volumes"),
        ([0, -5, 1000], np.zeros((3, 3)), "no b-values"),
        ([0, 0, 0], np.zeros((3, 3)), "no diffusion-weighted volume"),
        ([900, 1000, 1000], np.zeros((3, 3)), "without diffusion weighting"),
        ([0, 1000, 1000], np.full((3, 3), 2.0), "unit length"),
    ],
)
def test_numbers_that_disagree_are_one_sentence(tmp_path, bvals, vectors, said):
    bval, bvec = write(tmp_path, bvals, vectors)
    with pytest.raises(BadDataError, match=said):
        read_gradients(bval, bvec, 3, np.eye(4))


def test_b_values_without_vectors_are_one_sentence(tmp_path):
    bval, _ = write(tmp_path, [0, 1000], np.zeros((3, 2)))
    with pytest.raises(BadDataError, match="no vectors"):
        read_gradients(bval, None, 2, np.eye(4))
    bval.write_text("0 a lot")
    with pytest.raises(BadDataError, match="rows of numbers"):
        read_gradients(bval, None, 2, np.eye(4))


def brain_of_tensors(gradients):
    """Give the signal of smooth tensors on a small grid, shape ``(n, x, y, z)``."""
    place = np.linspace(0, 1, 10)
    x, y, z = np.meshgrid(place, place, place, indexing="ij")
    share = np.stack([x, y * (1 - x), (1 - y) * (1 - x) + 0 * z], axis=-1).reshape(-1, 3)
    matrices = np.einsum("vk,kij->vij", share, tensors())
    return signal_of(matrices, gradients).reshape(-1, 10, 10, 10)


def test_noise_goes_and_signal_stays():
    gradients = scheme(30)
    true = brain_of_tensors(gradients)
    mask = np.ones(true.shape[1:], dtype=bool)
    noisy = true + np.random.default_rng(2).normal(0, 20, true.shape)
    assert np.sqrt(np.mean((denoise(noisy, mask) - true) ** 2)) < 0.6 * 20
    np.testing.assert_allclose(denoise(true, mask), true, rtol=0.01)
    alone = denoise(noisy, np.zeros_like(mask))
    np.testing.assert_allclose(alone, noisy.clip(0), rtol=1e-6)  # no brain, no patch


def test_less_noise_makes_the_adc_better_and_the_fa_no_worse():
    gradients = scheme(30)
    true = brain_of_tensors(gradients)
    noisy = true + np.random.default_rng(3).normal(0, 15, true.shape)
    cleaner = denoise(noisy, np.ones(true.shape[1:], dtype=bool))
    expected, before, after = (
        fit_diffusion(data.reshape(len(data), -1), gradients) for data in (true, noisy, cleaner)
    )
    for name, factor in (("adc", 0.9), ("fa", 1.0)):
        wrong = [np.abs(getattr(item, name) - getattr(expected, name)).mean() for item in (before, after)]
        assert wrong[1] < factor * wrong[0]


def test_pure_noise_has_no_component_and_signal_keeps_its_own():
    rng = np.random.default_rng(4)
    noise = rng.normal(100, 1, (5, 20, 125))
    left = cut_components(noise)
    assert left.std(axis=2).mean() < 0.2
    strong = 50 * rng.standard_normal((5, 20, 2)) @ rng.standard_normal((5, 2, 125))
    np.testing.assert_allclose(cut_components(strong), strong, atol=1e-8)


def test_too_few_volumes_are_not_denoised():
    with pytest.raises(ValueError, match="9 volumes"):
        denoise(np.ones((9, 6, 6, 6)), np.ones((6, 6, 6), dtype=bool))


def test_a_slice_that_lost_its_signal_is_counted():
    inside = np.ones((4, 4, 5), dtype=bool)
    predicted = np.full((8, 80), 100.0)
    signal = predicted + np.random.default_rng(0).normal(0, 1, predicted.shape)
    assert outlier_share(signal, predicted, inside) == 0
    signal[3, np.nonzero(inside)[2] == 2] *= 0.5
    assert outlier_share(signal, predicted, inside) == 1 / (5 * 8)


def test_the_signal_to_noise_of_repeats():
    signal = 100 + np.random.default_rng(0).normal(0, 4, (6, 5000))
    assert steady_signal(signal) == pytest.approx(25, rel=0.03)
    assert steady_signal(signal[:1]) is None


def shell(head):
    """Give a small head, its mask, and a series of one tensor in it."""
    small = Volume(np.ascontiguousarray(head.data[::3, ::3, ::3]), head.affine @ np.diag([3.0, 3, 3, 1]))
    mask = small.with_data(small.data > 0.05)
    gradients = scheme(6, 700)
    decay = signal_of(tensors()[:1], gradients)[:, 0] / 500
    return small, mask, gradients, [small.with_data(small.data * share) for share in decay]


def test_maps_of_a_still_series_hold_the_tensor(head):
    _, mask, gradients, frames = shell(head)
    core = mask.data > 0.5
    found = map_diffusion(frames, gradients, mask)
    assert np.median(found.adc.data[core]) == pytest.approx(VALUES[0].mean(), rel=0.02)
    assert np.median(found.fa.data[core]) == pytest.approx(true_fa()[0], rel=0.02)
    assert not found.adc.data[~core].any()
    assert found.motion_mm < 0.3
    assert found.outlier_slices == 0
    assert "too few to take noise out of" in found.notes[0]


@pytest.mark.parametrize("model", ["rigid", "affine"])
def test_the_way_of_a_moved_volume_is_found(head, brain_mask, model):
    true = rigid_matrix((3, -2, 4), (2.0, -1.5, 1.0))
    moved = put_back(head, np.linalg.inv(true), head.grid)
    (found,) = follow_head(head, [moved], brain_mask, models=[model])
    assert mean_motion([true], brain_mask) > 2
    assert mean_motion([found @ np.linalg.inv(true)], brain_mask) < 0.3  # a tenth of a voxel


def test_a_head_that_turns_makes_no_tensor_of_three_directions(monkeypatch):
    turned = np.eye(4)
    turned[:3, :3] = Rotation.from_euler("xyz", [10, 10, 10], degrees=True).as_matrix()
    poses = [np.eye(4)] * 4 + [turned] * 3
    monkeypatch.setattr(diffusion_series, "follow_head", lambda *_, **__: poses)
    monkeypatch.setattr(diffusion_series, "put_back", lambda frame, *_: frame)
    bvals = np.array([0.0] + [1000.0] * 6)
    frames = [Volume(np.full((4, 4, 4), 100 * np.exp(-b * 8e-4), np.float32), np.eye(4)) for b in bvals]
    directions = np.concatenate([np.zeros((1, 3)), np.eye(3), np.eye(3)])
    found = map_diffusion(frames, Gradients(bvals, directions), frames[0])
    assert found.fa is None
    assert found.adc.data == pytest.approx(8e-4, rel=1e-3)
