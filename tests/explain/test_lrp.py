import pytest
import torch
from monai.networks.nets import BasicUNet, UNet
from torch import nn

from bidsapp.explain.attribution import Target
from bidsapp.explain.copies import own_copy
from bidsapp.explain.lrp import layerwise_relevance
from bidsapp.explain.ruled import Rules, ruled_copy
from bidsapp.explain.rules import AlphaBeta, Box, Epsilon, Flat, Gamma

RULES = {
    "epsilon": Rules(Epsilon(), Epsilon()),
    "gamma": Rules(),
    "zplus": Rules(AlphaBeta(), AlphaBeta()),
    "flat": Rules(first=Flat()),
    "box": Rules(first=Box()),
}


def randomly_filled(network, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for weight in network.parameters():
        noise = torch.randn(weight.shape, generator=generator)
        weight.data += 0.3 * noise * (weight.data.abs().mean() + 0.1)
    return network.eval()


def plain(**options):
    return nn.Sequential(
        nn.Conv3d(2, 4, 3, padding=1, **options),
        nn.ReLU(inplace=True),
        nn.MaxPool3d(2),
        nn.Conv3d(4, 4, 3, padding=1, **options),
        nn.ReLU(inplace=True),
        nn.ConvTranspose3d(4, 3, 2, stride=2, **options),
        nn.ReLU(inplace=True),
        nn.Conv3d(3, 2, 1, **options),
    ).eval()


def basic_unet(norm, upsample="deconv"):
    act = ("leakyrelu", {"inplace": True, "negative_slope": 0.1})
    features = (4, 4, 4, 4, 4, 4)
    return BasicUNet(3, 2, 2, features=features, act=act, norm=norm, upsample=upsample)


NETWORKS = {
    "plain": plain,
    "basic-batch": lambda: basic_unet(("batch", {"track_running_stats": False})),
    "basic-group": lambda: basic_unet(("group", {"num_groups": 2}), "nontrainable"),
    "residual-prelu": lambda: UNet(3, 2, 2, channels=(4, 8), strides=(2,), num_res_units=2, dropout=0.1),
    "residual-gelu": lambda: UNet(3, 2, 2, channels=(4, 8), strides=(2,), num_res_units=1, act="GELU"),
}


def case(name):
    torch.manual_seed(0)
    network = randomly_filled(NETWORKS[name]())
    side = 32 if name.startswith("basic") else 8
    image = torch.randn(1, 2, side, side, side)
    mask = torch.zeros(side, side, side, dtype=torch.bool)
    mask[3:6, 3:6, 3:6] = True
    return network, image, Target.lesion(mask, channel=1)


@pytest.mark.parametrize("rule", ["epsilon", "gamma", "box"])
@pytest.mark.parametrize("name", NETWORKS)
def test_relevance_is_conserved(name, rule):
    network, image, target = case(name)
    found = layerwise_relevance(network, image, target, rules=RULES[rule])
    with torch.no_grad():
        assert found.explained == pytest.approx(target.score(network(image)).item(), rel=1e-3)
    assert found.relevance.shape == image.shape[1:]
    assert found.imbalance < 0.01


@pytest.mark.parametrize("rule", ["zplus", "flat"])
def test_rules_without_stabiliser_conserve_where_units_have_positive_contributions(rule):
    network, image, target = case("plain")
    for module in network:
        if isinstance(module, nn.Conv3d | nn.ConvTranspose3d):
            module.bias.data.zero_()
    network[-1].weight.data.abs_()
    assert layerwise_relevance(network, image, target, rules=RULES[rule]).imbalance < 0.01


def test_without_biases_the_epsilon_rule_is_gradient_times_input():
    torch.manual_seed(1)
    network, image = plain(bias=False), torch.randn(1, 2, 8, 8, 8)
    target = Target.lesion(torch.ones(8, 8, 8, dtype=torch.bool))
    found = layerwise_relevance(network, image, target, rules=RULES["epsilon"])
    start = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(target.score(own_copy(network)(start)).sum(), start)
    torch.testing.assert_close(found.relevance, (gradient * image)[0], rtol=1e-3, atol=1e-5)
    assert found.elsewhere == 0


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        # contributions 2, -1 and 3 of a unit whose value is 4
        (Epsilon(), (2.0, -1.0, 3.0)),
        (Gamma(1.0), (4 * 4 / 9, -1 * 4 / 9, 6 * 4 / 9)),
        (AlphaBeta(), (4 * 2 / 5, 0.0, 4 * 3 / 5)),
        (AlphaBeta(1.0), (2 * 4 * 2 / 5, -4.0, 2 * 4 * 3 / 5)),
        (Flat(), (4 / 3, 4 / 3, 4 / 3)),
    ],
)
def test_rules_of_one_unit_by_hand(rule, expected):
    layer = nn.Conv3d(3, 1, 1, bias=False)
    layer.weight.data = torch.tensor([2.0, 1.0, -1.5]).reshape(1, 3, 1, 1, 1)
    image = torch.tensor([1.0, -1.0, -2.0]).reshape(1, 3, 1, 1, 1)
    target = Target.lesion(torch.ones(1, 1, 1, dtype=torch.bool))
    found = layerwise_relevance(nn.Sequential(layer), image, target, rules=Rules(first=rule))
    assert found.relevance.flatten().tolist() == pytest.approx(expected, rel=1e-4)


def test_box_rule_of_one_unit_by_hand():
    # w (x - low) for positive and w (x - high) for negative weights: 2 * (1 - 0) and -1 * (1 - 2)
    layer = nn.Conv3d(2, 1, 1, bias=False)
    layer.weight.data = torch.tensor([2.0, -1.0]).reshape(1, 2, 1, 1, 1)
    image = torch.tensor([[1.0, 0.0], [1.0, 2.0]]).reshape(1, 2, 2, 1, 1)
    target = Target.lesion(torch.tensor([True, False]).reshape(2, 1, 1))
    found = layerwise_relevance(nn.Sequential(layer), image, target, rules=Rules(first=Box()))
    assert found.relevance[:, 0].flatten().tolist() == pytest.approx([1 * 2 / 3, 1 * 1 / 3], rel=1e-4)


def test_the_largest_takes_all_of_a_pool_and_a_sum_is_shared_in_proportion():
    pool = nn.Sequential(nn.MaxPool3d(2))
    image = torch.arange(8.0).reshape(1, 1, 2, 2, 2)
    target = Target.lesion(torch.ones(1, 1, 1, dtype=torch.bool))
    assert layerwise_relevance(pool, image, target).relevance.flatten().tolist() == [0] * 7 + [7]

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.branch = nn.Conv3d(1, 1, 1, bias=False)
            self.branch.weight.data.fill_(3.0)

        def forward(self, values):
            return torch.cat([values, values + self.branch(values)], dim=1)

    single = torch.full((1, 1, 1, 1, 1), 2.0)
    second = Target.lesion(torch.ones(1, 1, 1, dtype=torch.bool), channel=1)
    assert layerwise_relevance(Residual(), single, second).relevance.item() == pytest.approx(8)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_copy_gives_what_the_network_gives_and_the_network_stays(name):
    network, image, _ = case(name)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    with torch.no_grad():
        expected = network(image)
        torch.testing.assert_close(ruled_copy(network, image, Rules())(image), expected, rtol=1e-3, atol=1e-3)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_equal_voices_start_with_one_for_each_voxel():
    network, image, target = case("plain")
    network[-1].bias.data += 2
    logits = network(image).detach()
    equal = target.equally(logits)
    voxels = int((equal.weights > 0).sum())
    assert layerwise_relevance(network, image, equal).explained == pytest.approx(voxels, rel=1e-5)
    # the sum of the normalised maps of single voxels, one by one (Chlebus et al. 2019)
    total = torch.zeros_like(image[0])
    for x, y, z in equal.weights.nonzero().tolist():
        mask = torch.zeros(8, 8, 8)
        mask[x, y, z] = 1
        single = layerwise_relevance(network, image, Target(1, mask))
        total += single.relevance / (single.relevance.sum() + single.elsewhere)
    torch.testing.assert_close(
        layerwise_relevance(network, image, equal).relevance, total, rtol=1e-3, atol=1e-4
    )


def test_layers_without_a_rule_are_named():
    network = nn.Sequential(nn.Conv3d(1, 1, 1), nn.Softmax(dim=1))
    target = Target.lesion(torch.ones(2, 2, 2, dtype=torch.bool))
    with pytest.raises(ValueError, match=r"layer 1 \(Softmax\)"):
        layerwise_relevance(network, torch.ones(1, 1, 2, 2, 2), target)


def test_relevance_is_found_inside_the_known_sign_above_the_untrained_control(network, untrained, patient):
    image, mask = patient

    def share(used):
        relevance = layerwise_relevance(used, image, Target.lesion(mask)).relevance.clamp(min=0)
        return (relevance[1][mask].sum() / relevance.sum()).item()

    assert share(network) > 0.6
    assert share(network) > 1.5 * share(untrained)
