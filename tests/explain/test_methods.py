import pytest
import torch
from torch import nn

from bidsapp.explain.attribution import Target
from bidsapp.explain.baselines import blurred_baseline, zero_baseline
from bidsapp.explain.gradcam import class_activation, coarsest_layer, guided_gradcam, guided_gradient
from bidsapp.explain.gradients import integrated_gradients
from bidsapp.explain.methods import METHODS
from bidsapp.explain.occlusion import occlusion
from bidsapp.explain.scoring import scores_of

ALL = Target.lesion(torch.ones(6, 6, 6, dtype=torch.bool))


def linear():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv3d(2, 1, 1))


@pytest.mark.parametrize("baseline", [zero_baseline, blurred_baseline])
def test_of_a_linear_network_integrated_gradients_are_weight_times_difference(baseline):
    network, image = linear(), torch.randn(1, 2, 6, 6, 6)
    found = integrated_gradients(network, image, ALL, baseline=baseline, steps=2)
    weights = network[0].weight.detach().reshape(2, 1, 1, 1)
    torch.testing.assert_close(found.relevance, weights * (image - baseline(image))[0])
    assert found.imbalance < 1e-4


def test_integrated_gradients_are_complete_on_a_trained_network(network, patient):
    image, mask = patient
    assert integrated_gradients(network, image, Target.lesion(mask)).imbalance < 0.02


def test_the_zero_baseline_fails_completeness_with_instance_norms(network, patient):
    image, mask = patient
    found = integrated_gradients(network, image, Target.lesion(mask), baseline=zero_baseline)
    assert found.imbalance > 0.05


def test_blurring_stays_in_the_brain_and_keeps_constant_channels():
    image = torch.zeros(1, 2, 12, 12, 12)
    image[0, 0, 2:10, 2:10, 2:10] = torch.randn(8, 8, 8) + 5
    image[0, 1] = 1
    blurred = blurred_baseline(image, sigma=2.0)
    assert torch.equal(blurred[0, 0] == 0, image[0, 0] == 0)
    assert blurred[0, 0].max() < image[0, 0].max()
    torch.testing.assert_close(blurred[0, 1], image[0, 1])


def test_of_a_linear_network_occlusion_is_weight_times_value():
    network, image = linear(), torch.randn(1, 2, 6, 6, 6)
    found = occlusion(network, image, ALL, side=1, stride=1, baseline=zero_baseline, batch=50)
    weights = network[0].weight.detach().reshape(2, 1, 1, 1)
    torch.testing.assert_close(found.relevance, weights * image[0], rtol=1e-3, atol=1e-4)


def test_boxes_cover_the_lesion_and_its_reach():
    network, image = linear(), torch.randn(1, 2, 16, 16, 16)
    mask = torch.zeros(16, 16, 16, dtype=torch.bool)
    mask[7:9, 7:9, 7:9] = True
    found = occlusion(network, image, Target.lesion(mask), side=4, stride=3, reach=2).relevance
    assert (found[:, 7:9, 7:9, 7:9] != 0).all()
    assert found[:, :5].abs().sum() == 0
    assert (found[:, 5:11, 5:11, 5:11] != 0).all()
    assert found[:, :, 12:].abs().sum() == 0


def test_images_of_a_batch_do_not_see_each_other():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv3d(1, 2, 3), nn.BatchNorm3d(2, track_running_stats=False)).eval()
    nn.init.normal_(network[1].weight)
    images = [torch.randn(1, 1, 8, 8, 8) * scale for scale in (1, 5, 20)]
    target = Target(0, torch.randn(6, 6, 6))
    with torch.no_grad():
        single = [target.score(network(image)).item() for image in images]
    assert scores_of(network, images, target, batch=3) == pytest.approx(single, rel=1e-3)


def test_gradcam_of_one_layer_by_hand():
    # the layer's channels are the image's; their weights are the mean gradients, 2 and -1
    network = nn.Sequential(nn.Identity(), nn.ReLU(), nn.Conv3d(2, 1, 1, bias=False))
    network[2].weight.data = torch.tensor([2.0, -1.0]).reshape(1, 2, 1, 1, 1)
    image = torch.rand(1, 2, 6, 6, 6) + 0.1
    cam = class_activation(network, image, ALL, layer="0")
    torch.testing.assert_close(cam, (2 * image[0, 0] - image[0, 1]).clamp(min=0))
    expected = torch.tensor([2.0, 0.0]).reshape(2, 1, 1, 1).expand(2, 6, 6, 6)
    assert torch.equal(guided_gradient(network, image, ALL), expected)


def test_the_coarsest_layer_is_the_bottom_of_the_u(network, patient):
    name = coarsest_layer(network, patient[0])
    assert "submodule" in name  # MONAI's name for what lies between down and up
    assert guided_gradcam(network, patient[0], Target.lesion(patient[1])).relevance.shape == (3, 12, 12, 12)


def test_guided_backpropagation_needs_rectifiers():
    with pytest.raises(ValueError, match="rectifiers"):
        guided_gradient(linear(), torch.ones(1, 2, 6, 6, 6), ALL)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_explains_more_by_the_signs_channel_than_by_noise(name, network, patient):
    image, mask = patient
    relevance = METHODS[name].attribute(network, image, Target.lesion(mask)).relevance
    inside = relevance[:, mask].clamp(min=0).sum(dim=1)
    assert inside.argmax() == 1


def test_an_empty_lesion_is_no_target():
    with pytest.raises(ValueError, match="no voxel"):
        Target.lesion(torch.zeros(2, 2, 2, dtype=torch.bool))
