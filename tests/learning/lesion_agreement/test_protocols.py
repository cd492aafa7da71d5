import numpy as np
import pytest
from scipy import ndimage

from bidsapp.learning.lesion_agreement import protocols


def line(*pieces, length=60):
    """Draw a mask on a line of voxels of 1 mm3: pieces from start to stop."""
    mask = np.zeros((length, 1, 1), dtype=bool)
    for start, stop in pieces:
        mask[start:stop] = True
    return mask


def anima(reference, predicted):
    return protocols.anima(reference, predicted, voxel_mm3=1.0)


def test_anima_wants_more_than_a_tenth_covered():
    assert not anima(line((0, 20)), line((18, 22))).found[0]  # 2 of 20, no more
    assert anima(line((0, 20)), line((17, 21))).found[0]


def test_anima_refuses_a_prediction_that_lies_mostly_outside():
    assert anima(line((10, 20)), line((17, 27))).found[0]  # 7 of 10 outside: allowed
    assert not anima(line((10, 20)), line((17, 28))).found[0]  # 8 of 11


def test_outside_is_outside_of_all_reference_lesions():
    reference = line((0, 4), (6, 30))
    predicted = line((2, 30))  # 2 of its 28 voxels in neither, 24 in the second
    assert anima(reference, predicted).found.tolist() == [True, True]


def test_anima_looks_at_the_largest_overlaps_only():
    reference = line((0, 20))
    inside, stray = (0, 13), (18, 40)  # the first makes 13 of 15 covered voxels: more than gamma
    assert anima(reference, line(inside, stray)).found[0]
    assert anima(reference, line((0, 4), (18, 40))).found[0]  # 4 of 6: 0.667, enough without the stray
    assert not anima(reference, line((0, 4), (17, 40))).found[0]  # 4 of 7: the stray is asked and fails


def test_anima_leaves_out_lesions_of_3_mm3():
    detection = anima(line((0, 3), (10, 14)), line((0, 3)))
    assert (detection.found.tolist(), detection.confirmed.tolist()) == ([False], [])


def literal_anima(reference, predicted):
    """Say which reference lesions are found, step by step, as the paper tells it; slow."""

    def lesions(mask):
        labels, count = ndimage.label(mask)
        pieces = [labels == number for number in range(1, count + 1)]
        return [piece for piece in pieces if piece.sum() > 3]

    wanted, given = lesions(reference), lesions(predicted)
    anywhere = np.any(wanted, axis=0) if wanted else np.zeros_like(reference)
    answers = []
    for lesion in wanted:
        touching = sorted(
            (piece for piece in given if (piece & lesion).any()),
            key=lambda piece: (-int((piece & lesion).sum()), -int(piece.sum())),
        )
        covered = sum(int((piece & lesion).sum()) for piece in touching)
        answer = covered / lesion.sum() > 0.10
        weight = 0.0
        for piece in touching:
            if weight >= 0.65 * covered:
                break
            if (piece & ~anywhere).sum() / piece.sum() > 0.70:
                answer = False
                break
            weight += (piece & lesion).sum()
        answers.append(bool(answer))
    return answers


@pytest.mark.parametrize("seed", range(12))
def test_anima_agrees_with_the_rule_written_out(blobs, seed):
    reference, predicted = blobs(seed)
    detection = anima(reference, predicted)
    found, confirmed = literal_anima(reference, predicted), literal_anima(predicted, reference)
    assert (detection.found.tolist(), detection.confirmed.tolist()) == (found, confirmed)
    recall, precision = np.mean(found), np.mean(confirmed)
    assert detection.f1 == pytest.approx(2 * recall * precision / (recall + precision))


def test_shifts_wants_a_quarter_of_the_union():
    whole = line((0, 20))
    assert protocols.shifts(whole, line((0, 5)), voxel_mm3=1.0).f1 == 1.0
    assert protocols.shifts(whole, line((0, 4)), voxel_mm3=1.0).f1 == 0.0


def test_shifts_counts_confirmed_predictions_as_true():
    # two halves of the first lesion, both confirmed; the second is missed; one prediction is wrong
    reference, predicted = line((0, 21), (30, 34)), line((0, 10), (11, 21), (40, 44))
    detection = protocols.shifts(reference, predicted, voxel_mm3=1.0)
    assert detection.f1 == pytest.approx(2 / (2 + (1 + 1) / 2))
    assert (detection.recall, detection.precision) == (0.5, pytest.approx(2 / 3))


def test_isbi_takes_any_shared_voxel():
    reference, predicted = line((0, 20), (30, 31)), line((19, 29), (50, 51))
    detection = protocols.isbi(reference, predicted, voxel_mm3=1.0)
    assert (detection.recall, detection.precision, detection.f1) == (0.5, 0.5, 0.5)


def test_isbi_lesions_touch_by_their_edges():
    reference = np.zeros((4, 4, 1), dtype=bool)
    reference[0, 0] = reference[1, 1] = True
    assert protocols.isbi(reference, reference, voxel_mm3=1.0).found.size == 1
    assert protocols.shifts(reference, reference, voxel_mm3=1.0).found.size == 2


def test_one_blob_finds_one_lesion_only():
    reference, blob = line((0, 10), (11, 16), (17, 21)), line((0, 21))
    assert protocols.isbi(reference, blob, voxel_mm3=1.0).recall == 1.0
    detection = protocols.pairs(reference, blob, voxel_mm3=1.0)
    assert detection.found.tolist() == [True, False, False]


def test_pairs_make_the_most_of_both():
    # the closest two are the first lesion and the second prediction; taking them leaves the others alone
    reference, predicted = line((5, 25), (27, 40)), line((0, 10), (12, 35))
    detection = protocols.pairs(reference, predicted, voxel_mm3=1.0)
    assert (detection.found.tolist(), detection.confirmed.tolist()) == ([True, True], [True, True])


@pytest.mark.parametrize("judge", [protocols.anima, protocols.shifts, protocols.isbi, protocols.pairs])
def test_empty_masks_have_stated_answers(judge):
    empty, lesion = line(), line((0, 10))
    nothing = judge(empty, empty, voxel_mm3=1.0)
    assert (nothing.recall, nothing.precision, nothing.f1) == (1.0, 1.0, 1.0)
    invented = judge(empty, lesion, voxel_mm3=1.0)
    assert (invented.recall, invented.precision, invented.f1) == (None, 0.0, 0.0)
    silent = judge(lesion, empty, voxel_mm3=1.0)
    assert (silent.recall, silent.precision, silent.f1) == (0.0, None, 0.0)


@pytest.mark.parametrize("judge", [protocols.anima, protocols.shifts, protocols.isbi, protocols.pairs])
def test_a_mask_agrees_wholly_with_itself(blobs, judge):
    mask, _ = blobs(3)
    detection = judge(mask, mask, voxel_mm3=1.0)
    assert (detection.recall, detection.precision, detection.f1) == (1.0, 1.0, 1.0)


def test_sizes_are_counted_where_they_belong():
    reference = line((0, 10), (20, 31), (40, 44))  # 10, 11 and 4 mm3
    predicted = line((0, 10), (50, 58))
    first, second, third, last = protocols.pairs(reference, predicted, voxel_mm3=1.0).by_size()
    assert (first.low_mm3, first.high_mm3) == (3, 10)
    assert (last.low_mm3, last.high_mm3) == (100, None)
    assert (first.reference, first.found, first.predicted, first.confirmed) == (2, 1, 2, 1)
    assert (first.recall, first.precision) == (0.5, 0.5)
    assert (second.reference, second.recall, second.precision) == (1, 0.0, None)
    assert (third.recall, last.recall) == (None, None)
