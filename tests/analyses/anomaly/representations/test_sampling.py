import torch

from bidsapp.analyses.anomaly.representations.sampling import SlicePairs


def correlation(first, second):
    return torch.corrcoef(torch.stack([first.flatten(), second.flatten()]))[0, 1]


def test_a_batch_shows_the_same_places_of_two_people_and_depends_on_its_number_alone(pairs_of):
    batches, later = list(pairs_of(steps=3)), next(iter(pairs_of(steps=3, start=2)))
    assert [batch.number for batch in batches] == [0, 1, 2]
    assert batches[0].pairs.shape == (2, 128, 1, 15, 15)
    assert later.number == 2
    assert torch.equal(batches[2].pairs, later.pairs)
    first, second = batches[0].pairs
    assert correlation(first, second) > 0.8
    assert not torch.equal(first, second)


def test_context_is_given_to_who_asks_and_changes_no_patch(pairs_of):
    plain, full = next(iter(pairs_of(steps=1))), next(iter(pairs_of(steps=1, context=True)))
    assert plain.surroundings is None
    assert plain.positions is None
    assert torch.equal(plain.pairs, full.pairs)
    assert full.surroundings.shape == full.pairs.shape
    centre = full.pairs[..., 6:9, 6:9].mean((-1, -2))
    torch.testing.assert_close(full.surroundings[..., 7, 7], centre)
    assert full.positions.shape == (128, 3)
    voxels = (full.positions + 1) / 2 * 31
    assert set(voxels.round().flatten().tolist()) == set(range(8, 24))
    torch.testing.assert_close(voxels, voxels.round(), atol=1e-4, rtol=0)


def test_pairs_of_slices_show_the_same_level_of_two_people(volumes):
    def stream(start=0):
        return SlicePairs(volumes, torch.arange(10, 20), pairs=6, steps=3, seed=1, start=start)

    batches = list(stream())
    assert torch.equal(batches[2].pairs, next(iter(stream(start=2))).pairs)
    first, second = batches[0].pairs
    assert first.shape == (6, 1, 32, 32)
    levels = volumes[..., 10:20].movedim(-1, 1).flatten(0, 1)
    for mine, other in zip(first, second, strict=True):
        hits = [torch.nonzero((levels == side).flatten(1).all(1)).item() for side in (mine, other)]
        assert hits[0] % 10 == hits[1] % 10
        assert hits[0] // 10 != hits[1] // 10
