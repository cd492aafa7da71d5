import torch
from torch import nn

from bidsapp.networks.slice_classifier import CHANNELS, PatientHead, slice_classifier

SMALL = (4, 4, 8, 8, 8)


def test_it_has_the_thirteen_convolutions_and_five_poolings_of_vgg_16():
    kinds = [type(module) for module in slice_classifier(SMALL).modules()]
    assert (kinds.count(nn.Conv2d), kinds.count(nn.MaxPool2d)) == (13, 5)


def test_slices_of_any_size_get_one_logit_each_and_are_rare_at_first():
    torch.manual_seed(0)
    network = slice_classifier(SMALL).eval()
    with torch.inference_mode():
        for size in ((32, 32), (50, 70)):
            logits = network(torch.randn(3, len(CHANNELS), *size))
            assert logits.shape == (3,)
            assert float(logits.sigmoid().mean()) < 0.35


def test_a_slice_is_judged_alone():
    torch.manual_seed(0)
    network, slices = slice_classifier(SMALL).eval(), torch.randn(4, 3, 32, 32)
    with torch.inference_mode():
        alone = torch.cat([network(slices[i : i + 1]) for i in range(4)])
        assert torch.allclose(network(slices), alone, atol=1e-5)


def test_it_learns_to_see_a_bright_spot():
    torch.manual_seed(0)
    network = slice_classifier(SMALL, dropout=0.0)
    slices = 0.1 * torch.randn(8, 3, 32, 32)
    ill = torch.arange(8) % 2 == 0
    slices[ill, 2, 10:16, 10:16] += 3
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(40):
        optimiser.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(network(slices), ill.float()).backward()
        optimiser.step()
    with torch.inference_mode():
        assert torch.equal(network.eval()(slices) > 0, ill)


def test_a_patient_starts_as_ill_as_his_worst_slice_in_whatever_order():
    scores = torch.randn(5, 20, generator=torch.Generator().manual_seed(0))
    head = PatientHead(highest=4)
    assert torch.equal(head(scores), scores.max(dim=1).values)
    nn.init.normal_(head.last.weight)
    assert torch.allclose(head(scores), head(scores[:, torch.randperm(20)]))
