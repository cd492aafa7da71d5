from itertools import product

import pytest
import torch

from bidsapp.errors import BadDataError
from bidsapp.networks.fusion import KINDS, fusion_network
from bidsapp.networks.modalities import ModalityDropout

VOLUMES = ("T1w", "T2w", "FLAIR", "FA", "MD", "cbf", "pet", "lesion")
SIZE = (6, 7, 6)
ALL = (*VOLUMES, "bold-series", "clinical")


def patients(count):
    """Batch of patients who have everything."""
    frames, known = 9, torch.ones(count, 4, dtype=torch.bool)
    known[:, 3] = False
    times = torch.arange(frames).expand(count, -1) * 2.0 + 1
    return {
        "volumes": {key: torch.randn(count, 1, *SIZE) for key in VOLUMES},
        "series": {
            "bold": {
                "values": torch.randn(count, frames, 5),
                "times": times,
                "durations": torch.full_like(times, 2.0),
                "mask": torch.ones(count, frames, dtype=torch.bool),
            }
        },
        "clinical": torch.randn(count, 4),
        "clinical_mask": known,
        "there": {name: torch.ones(count, dtype=torch.bool) for name in ALL[:-1]},
    }


def lacking(inputs, there):
    """Take modalities (columns in the order of ALL) away."""
    flags = dict(zip(ALL, there.T, strict=True))
    known = inputs["clinical_mask"] & flags.pop("clinical")[:, None]
    return {**inputs, "clinical_mask": known, "there": flags}


def network(kind, outputs=2, **options):
    torch.manual_seed(0)
    return fusion_network(VOLUMES, {"bold": 5}, 4, outputs, kind, sparse=["lesion"], width=8, **options)


def rows_of(fused, names, there):
    present = {name: there[:, ALL.index(name)] for name in ALL}
    present["volumes"] = there[:, : len(VOLUMES) - 1].any(dim=1)
    return torch.stack([present[name] for name in names], dim=1)


@pytest.mark.parametrize("kind", KINDS)
def test_every_one_of_the_1024_subsets_runs_and_weights_sum_to_one(kind):
    there = torch.tensor(list(product([False, True], repeat=10)))
    built = network(kind).eval()
    everything = patients(1)
    inputs = {
        **everything,
        "volumes": {
            key: volume.expand(1024, -1, -1, -1, -1) for key, volume in everything["volumes"].items()
        },
        "series": {
            "bold": {k: v.expand(1024, *v.shape[1:]) for k, v in everything["series"]["bold"].items()}
        },
        "clinical": everything["clinical"].expand(1024, -1),
        "clinical_mask": everything["clinical_mask"].expand(1024, -1),
    }
    with torch.inference_mode():
        fused = built(lacking(inputs, there))
    assert fused.outputs.shape == (1024, 2)
    assert bool(fused.outputs.isfinite().all())
    present = rows_of(fused, built.codes, there)
    assert fused.weights[~present].abs().max() == 0
    torch.testing.assert_close(fused.weights.sum(dim=1), there.any(dim=1).float())


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_at_a_missing_modality_never_changes_anything(kind):
    built = network(kind).eval()
    torch.manual_seed(1)
    inputs, there = patients(6), torch.rand(6, 10) < 0.5
    expected = built(lacking(inputs, there))
    for name, flags in zip(ALL, there.T, strict=True):
        if name in VOLUMES:
            inputs["volumes"][name][~flags] = torch.nan
        elif name == "clinical":
            inputs["clinical"][~flags] = torch.nan
        else:
            inputs["series"]["bold"]["values"][~flags] = torch.nan
    inputs["clinical"][:, 3] = 1e9  # unknown of everybody
    fused = built(lacking(inputs, there))
    assert torch.equal(fused.outputs, expected.outputs)
    assert torch.equal(fused.weights, expected.weights)
    fused.outputs.sum().backward()
    assert all(bool(p.grad.isfinite().all()) for p in built.parameters() if p.grad is not None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_nobody_has_may_be_left_out(kind):
    built, inputs = network(kind).eval(), patients(2)
    there = torch.ones(2, 10, dtype=torch.bool)
    there[:, [1, 8]] = False
    expected = built(lacking(inputs, there)).outputs
    less = lacking(inputs, there)
    less["volumes"] = {key: volume for key, volume in inputs["volumes"].items() if key != "T2w"}
    less["series"] = {}
    less["there"] = {key: flags for key, flags in less["there"].items() if key not in {"T2w", "bold-series"}}
    torch.testing.assert_close(built(less).outputs, expected)


def test_late_fusion_is_the_mean_of_what_each_modality_says_alone():
    built, inputs = network("late").eval(), patients(1)
    alone = [built(lacking(inputs, row[None])).outputs for row in torch.eye(10, dtype=torch.bool)]
    together = built(inputs).outputs
    torch.testing.assert_close(torch.stack(alone).mean(dim=0), together)


def test_modality_dropout_has_its_rate_keeps_one_and_acts_in_training_alone():
    torch.manual_seed(0)
    there = torch.ones(4000, 10, dtype=torch.bool)
    there[:, 5:] = False
    layer = ModalityDropout(0.3)
    left = layer(there)
    assert 0.28 < 1 - left[:, :5].float().mean() < 0.32
    assert not left[:, 5:].any()
    assert ModalityDropout(0.99)(there).sum(dim=1).min() == 1
    assert not layer(torch.zeros(5, 3, dtype=torch.bool)).any()
    assert torch.equal(layer.eval()(there), there)


def test_networks_that_cannot_be_are_refused():
    with pytest.raises(BadDataError, match="pet is not"):
        fusion_network(["T1w"], {}, 0, 1, "late", sparse=["pet"])
    with pytest.raises(BadDataError, match="at least one"):
        fusion_network([], {}, 0, 1, "early")
    with pytest.raises(BadDataError, match="at least one modality"):
        network("early")({"volumes": {}, "series": {}, "there": {}})


@pytest.mark.parametrize("kind", KINDS)
def test_learns_what_one_of_its_modalities_tells(kind):
    torch.manual_seed(0)
    count, names = 40, ("T1w", "FLAIR", "pet")
    target = torch.randn(count)
    volumes = {name: torch.randn(count, 1, 8, 8, 8) for name in names}
    volumes["pet"][:, 0, 1:5, 2:6, 3:7] += 2 * target[:, None, None, None]
    there = {name: torch.ones(count, dtype=torch.bool) for name in names}
    inputs = {"volumes": volumes, "series": {}, "there": there}
    built = fusion_network(names, {}, 0, 1, kind, width=8, modality_dropout=0)
    optimiser = torch.optim.Adam(built.parameters(), 0.01)
    for _ in range(25):
        optimiser.zero_grad()
        fused = built(inputs)
        loss = (fused.outputs[:, 0] - target).square().mean()
        loss.backward()
        optimiser.step()
    assert loss < 0.2 * target.square().mean()
    if kind == "intermediate":
        assert fused.weights.mean(dim=0).argmax() == 2
