import math

import numpy as np
import pytest
import torch
from monai.inferers import sliding_window_inference
from monai.networks.nets import BasicUNet
from scipy.integrate import quad
from scipy.stats import norm

from bidsapp.networks.channel_noise import BernoulliDropout, GaussianDropout
from bidsapp.networks.dropout import kl, one_draw, with_dropout, without_dropout


def unet(kind, rate=0.3):
    torch.manual_seed(0)
    network = BasicUNet(
        spatial_dims=3, in_channels=1, out_channels=1, features=(2, 2, 4, 4, 4, 2),
        act=("leakyrelu", {"inplace": True}), norm=("batch", {"track_running_stats": False}),
    )  # fmt: skip
    return with_dropout(network, kind, rate).eval()


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("layer", [BernoulliDropout(4, 0.25), GaussianDropout(4, 0.25)])
def test_noise_has_mean_one_and_the_variance_of_the_rate(layer):
    drawn = layer.draw(40_000, seeded(0)).detach()
    assert drawn.mean().item() == pytest.approx(1, abs=0.01)
    assert drawn.var().item() == pytest.approx(0.25 / 0.75, abs=0.01)


@pytest.mark.parametrize("alpha", [0.001, 0.05, 0.3, 0.9])
def test_divergence_agrees_with_the_integral_that_it_approximates(alpha):
    # KL(alpha) = E log|N(1, alpha)| - log(alpha) / 2 - E log|N(0, 1)|, Kingma et al. 2015, appendix C
    spread = math.sqrt(alpha)
    breaks = [x for x in (0.0, 1.0) if abs(x - 1) < 12 * spread]
    expected, _ = quad(
        lambda x: math.log(abs(x)) * norm.pdf(x, 1, spread), 1 - 12 * spread, 1 + 12 * spread, points=breaks
    )
    expected -= math.log(alpha) / 2 - (np.euler_gamma + math.log(2)) / 2
    layer = GaussianDropout(3, alpha / (1 + alpha))
    assert layer.log_alpha.exp().tolist() == pytest.approx([alpha] * 3, rel=1e-4)
    assert layer.kl().item() == pytest.approx(3 * expected, abs=3 * 0.01)


def test_divergence_of_a_network_is_the_sum_over_its_layers_and_pushes_rates_up():
    network = unet("gaussian")
    layers = [module for module in network.modules() if isinstance(module, GaussianDropout)]
    assert len(layers) == 8
    total = kl(network)
    assert total.item() == pytest.approx(sum(layer.kl().item() for layer in layers))
    total.backward()
    assert all((layer.place.grad < 0).all() for layer in layers)
    assert kl(unet("bernoulli")).item() == 0


@pytest.mark.parametrize("kind", ["bernoulli", "gaussian"])
def test_without_a_draw_the_network_in_use_is_the_one_without_noise(kind):
    image = torch.rand(1, 1, 32, 16, 16)
    plain, noisy = unet("none"), unet(kind)
    with torch.inference_mode():
        assert torch.equal(noisy(image), plain(image))
        with one_draw(noisy, seeded(1)):
            assert not torch.equal(noisy(image), plain(image))
        assert torch.equal(noisy(image), plain(image))


@pytest.mark.parametrize("kind", ["bernoulli", "gaussian"])
def test_a_copy_without_dropout_is_the_plain_network_and_the_network_keeps_its_noise(kind):
    image = torch.rand(1, 1, 32, 16, 16)
    noisy = unet(kind)
    copy = without_dropout(noisy)
    with torch.inference_mode():
        assert torch.equal(copy(image), unet("none")(image))
        with one_draw(noisy, seeded(1)):
            assert not torch.equal(noisy(image), copy(image))


@pytest.mark.parametrize("kind", ["bernoulli", "gaussian"])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_sample(kind):
    image, network = torch.rand(1, 1, 32, 16, 16), unet(kind)

    def sample(seed):
        with torch.inference_mode(), one_draw(network, seeded(seed)):
            return network(image)

    assert torch.equal(sample(3), sample(3))
    assert not torch.equal(sample(3), sample(4))


def test_all_windows_of_a_sample_see_the_same_weights():
    network, image = unet("gaussian"), torch.rand(1, 1, 32, 16, 16).repeat(1, 1, 2, 1, 1)
    with torch.inference_mode(), one_draw(network, seeded(0)):
        whole = sliding_window_inference(image, (32, 16, 16), 1, network, overlap=0)
    assert torch.equal(whole[:, :, :32], whole[:, :, 32:])


def test_the_layout_that_is_fast_on_a_cpu_is_kept():
    features = torch.rand(1, 4, 3, 3, 3).to(memory_format=torch.channels_last_3d)
    noisy = GaussianDropout(4, 0.3).train()(features)
    assert noisy.is_contiguous(memory_format=torch.channels_last_3d)


def test_training_draws_anew_for_each_image_from_the_global_seed():
    layer, features = GaussianDropout(5, 0.3).train(), torch.ones(2, 5, 1, 1, 1)
    torch.manual_seed(0)
    first = layer(features)
    torch.manual_seed(0)
    assert torch.equal(layer(features), first)
    assert not torch.equal(first[0], first[1])


def test_gradients_of_the_noise_reach_the_rates():
    layer = GaussianDropout(5, 0.3).train()
    layer(torch.ones(1, 5, 2, 2, 2)).square().mean().backward()
    assert (layer.place.grad != 0).all()


def test_a_channel_that_nobody_needs_learns_more_noise_than_one_that_counts():
    torch.manual_seed(0)
    layer, signal = GaussianDropout(2, 0.3).train(), torch.randn(200, 1, 1, 1, 1)
    features, needed = signal.expand(200, 2, 1, 1, 1), torch.tensor([1.0, 0.0])
    for _ in range(150):
        error = (layer(features) - features)[..., 0, 0, 0] @ needed
        (slope,) = torch.autograd.grad(10 * error.square().mean() + layer.kl(), layer.place)
        layer.place.data -= 0.5 * slope
    used, useless = layer.log_alpha.exp().tolist()
    assert used < 0.1
    assert useless > 0.8


def test_bernoulli_noise_adds_no_weights():
    assert unet("bernoulli").state_dict().keys() == unet("none").state_dict().keys()


def test_a_network_without_noise_has_no_samples():
    with pytest.raises(ValueError, match="one sample only"), one_draw(unet("none"), seeded(0)):
        pass


@pytest.mark.parametrize(("kind", "rate"), [("bernoulli", 0.0), ("bernoulli", 1.0), ("gaussian", 0.5)])
def test_a_rate_out_of_range_is_an_error(kind, rate):
    with pytest.raises(ValueError, match="needs a rate between"):
        unet(kind, rate)
    with pytest.raises(ValueError, match="has no convolutions"):
        with_dropout(unet("none"), kind, 0.2, ["final_conv"])
