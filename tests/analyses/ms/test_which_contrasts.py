from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from bidsapp.analyses.ms.channels import IMAGES
from bidsapp.analyses.ms.networks import Trained
from bidsapp.analyses.ms.which_contrasts import MEASURES, contrast_table, play, read_subsets, subset_table
from bidsapp.images.volume import Volume
from bidsapp.learning.calibration.scaling import Scaling

LESIONS = np.zeros((12, 6, 6), dtype=bool)
LESIONS[1:3, 1:3, 1:3] = LESIONS[7:9, 1:3, 1:3] = True
FIRST = LESIONS & (np.arange(12) < 5)[:, None, None]


def look(shown):
    """FLAIR sees both lesions; T1w one of them, and alone it says that all is active."""
    active = 0.5 if "FLAIR" in shown else 1.0
    return LESIONS if "FLAIR" in shown else FIRST, np.full(LESIONS.shape, active, dtype=np.float32)


@pytest.fixture
def games():
    return play({"FLAIR", "T1w"}, look)


def test_a_subset_is_worth_its_agreement_with_all_contrasts(games):
    alone = frozenset({"T1w"})
    assert games["dice"][alone] == pytest.approx(2 / 3)
    assert games["lesion_f1"][alone] == pytest.approx(2 / 3)
    assert (games["activity"][alone], games["activity"][frozenset({"FLAIR", "T1w"})]) == (1.0, 0.5)
    assert [game[frozenset()] for game in games.values()] == [0, 0, 0]


def test_contrasts_share_the_whole_and_the_better_one_gets_more(games):
    table = contrast_table(games)
    names = [column.name for column in table.columns]
    rows = {row[0]: dict(zip(names, row, strict=True)) for row in table.rows}
    assert rows["FLAIR"]["dice_shapley"] == pytest.approx(2 / 3, abs=1e-3)
    assert rows["T1w"]["dice_shapley"] == pytest.approx(1 / 3, abs=1e-3)
    assert (rows["FLAIR"]["dice_lost"], rows["T1w"]["dice_lost"]) == (pytest.approx(1 / 3, abs=1e-3), 0)
    assert sum(row["activity_shapley"] for row in rows.values()) == pytest.approx(0.5)
    assert all(column.description for column in table.columns)


def test_every_subset_is_listed_with_its_values(games):
    table = subset_table(games)
    assert table.rows == (
        ("FLAIR", 1.0, 1.0, 0.5),
        ("T1w", 0.667, 0.667, 1.0),
        ("FLAIR+T1w", 1.0, 1.0, 0.5),
    )
    assert [column.name for column in table.columns] == ["contrasts", *MEASURES]


def test_without_a_lesion_there_is_no_game():
    nothing = np.zeros(LESIONS.shape)
    assert play({"FLAIR"}, lambda _: (nothing > 0, nothing)) is None


def test_activity_is_left_out_where_it_is_not_told(games):
    silent = play({"FLAIR", "T1w"}, lambda shown: (look(shown)[0], None))
    assert silent == {measure: games[measure] for measure in ("dice", "lesion_f1")}
    assert "activity_lost" not in {column.name for column in contrast_table(silent).columns}


def bright_on_flair():
    network = nn.Conv3d(2 * len(IMAGES), 4, 1)
    with torch.no_grad():
        network.weight.zero_()
        network.weight[:2, IMAGES.index("FLAIR")] = 10.0
        network.bias[:] = -5.0
    return network


@pytest.mark.parametrize("told", [True, False])
def test_activity_is_played_for_only_where_the_bundle_tells_it(told):
    flair = Volume(np.where(LESIONS, 1.6, 1.0).astype(np.float32), np.eye(4))
    brain = Volume(np.ones(LESIONS.shape, np.float32), np.eye(4))
    reading = SimpleNamespace(images={"FLAIR": flair}, space=SimpleNamespace(mask=brain))
    trained = Trained((bright_on_flair(),), Scaling(), 0.5, 0.0, 16, synthesis=False, activity=told)
    games = read_subsets(reading, trained, "cpu")
    assert games["dice"][frozenset({"FLAIR"})] == 1
    assert ("activity" in games) is told


def test_a_single_contrast_is_worth_all():
    table = contrast_table(play({"FLAIR"}, look))
    assert table.rows == (("FLAIR", 1.0, 1.0, 1.0, 1.0, 0.5, 0.5),)
