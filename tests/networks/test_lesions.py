import torch

from bidsapp.networks.lesions import INPUTS, OUTPUTS, lesion_network


def test_ten_channels_in_four_out_and_lesions_start_rare():
    torch.manual_seed(0)
    network = lesion_network((4, 4, 8, 8, 8, 4)).eval()
    with torch.inference_mode():
        output = network(torch.rand(1, INPUTS, 32, 48, 32))
    assert output.shape == (1, OUTPUTS, 32, 48, 32)
    assert float(torch.sigmoid(output[:, 0]).mean()) < 0.1


def test_the_default_network_fits_into_eight_megabytes_of_half_precision():
    weights = sum(item.numel() for item in lesion_network().parameters())
    assert 2 * weights < 8e6
