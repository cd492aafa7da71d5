import torch

from bidsapp.analyses.anomaly.representations import representation
from bidsapp.networks.patches import PatchShape

LAYER_BATCHES = 25
LAYERS = range(4)


def test_stacked_training_lowers_the_loss_of_one_layer_after_the_other(pairs_of, train):
    kind = representation("siamese", {"training": "stacked", "layer_batches": LAYER_BATCHES})
    patches = next(iter(pairs_of(steps=1, seed=9))).pairs.flatten(0, 1)

    def loss(layer, steps):
        network = train(kind, pairs_of(steps=steps, pairs=64))
        with torch.inference_mode():
            return float(kind.layer_loss(network.train(), patches, layer))

    for layer in LAYERS:
        before, after = (loss(layer, LAYER_BATCHES * count) for count in (layer, layer + 1))
        assert after < 0.8 * before


def test_each_stage_moves_its_own_layer_and_the_last_all(pairs_of):
    kind = representation("siamese", {"training": "stacked", "layer_batches": 1})
    torch.manual_seed(0)
    network = kind.network(PatchShape())
    moved = []
    for batch in pairs_of(steps=5, pairs=16):
        network.zero_grad()
        kind.loss(network, batch).backward()
        moved.append([layer.weight.grad is not None for layer in network.encoder.layers])
        assert [layer.weight.grad is not None for layer in network.decoder.layers] == moved[-1][::-1]
    assert moved[:4] == [[layer == stage for layer in LAYERS] for stage in LAYERS]
    assert moved[4] == [True] * 4


def test_stacked_training_ends_with_a_network_that_draws(pairs_of, train):
    kind = representation("siamese", {"training": "stacked", "layer_batches": LAYER_BATCHES})
    network = train(kind, pairs_of(steps=150, pairs=64))
    patches = next(iter(pairs_of(steps=1, seed=9))).pairs.flatten(0, 1)
    with torch.inference_mode():
        error = (network(patches)[0] - patches).square().mean()
    assert error < 0.6 * patches.var(dim=0).mean()
