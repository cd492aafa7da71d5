import pytest
import torch

from bidsapp.analyses.anomaly.representations import representation
from bidsapp.networks.patches import PatchShape

SHAPE = PatchShape(latent=4)
OPTIONS = {"bigan": {}, "contextual": {}, "fanogan": {"generator_batches": 70}}


def inputs(batch):
    patches = batch.pairs.flatten(0, 1)
    if batch.surroundings is None:
        return (patches,)
    return patches, batch.surroundings.flatten(0, 1), batch.positions.repeat(2, 1)


def error(network, given):
    with torch.inference_mode():
        return float((network(*given)[0] - given[0]).square().mean())


@pytest.fixture(scope="module")
def learned(pairs_of, train):
    """Give each network after a hundred steps, once."""
    done = {}

    def network(name):
        if name not in done:
            kind = representation(name, OPTIONS[name])
            done[name] = train(kind, pairs_of(steps=100, pairs=48, context=kind.context), SHAPE)
        return done[name]

    return network


@pytest.mark.parametrize("name", OPTIONS)
def test_each_learns_to_draw_left_out_patches_better_than_their_mean(name, learned, pairs_of):
    given = inputs(next(iter(pairs_of(steps=1, seed=9, context=name == "contextual"))))
    assert error(learned(name), given) < 0.75 * float(given[0].var(dim=0).mean())


def test_the_drawing_follows_the_surrounding(learned, pairs_of):
    patches, around, positions = inputs(next(iter(pairs_of(steps=1, seed=9, context=True))))
    network = learned("contextual")
    other = error(network, (patches, around.roll(1, 0), positions.roll(1, 0)))
    assert other > 1.1 * error(network, (patches, around, positions))


def test_f_anogan_trains_generator_and_critic_first_and_then_the_encoder_alone(pairs_of):
    kind = representation("fanogan", {"generator_batches": 1, "cycle": 0.0})
    torch.manual_seed(0)
    network = kind.network(SHAPE)
    first, second = pairs_of(steps=2, pairs=16)

    def moved(batch):
        network.zero_grad()
        kind.loss(network, batch).backward()
        return {
            name
            for name in ("encoder", "decoder", "critic")
            for weight in getattr(network, name).parameters()
            if weight.grad is not None and weight.grad.any()
        }

    assert moved(first) == {"decoder", "critic"}
    assert moved(second) == {"encoder"}
