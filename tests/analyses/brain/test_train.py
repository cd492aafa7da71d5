import contextlib
import io
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import numpy as np
import pytest
import torch

from bidsapp.analyses.brain import ANALYSIS, examples
from bidsapp.analyses.brain.examples import Examples, Plan, read_head, read_scan
from bidsapp.analyses.brain.predict import segment
from bidsapp.analyses.brain.train import Split, split_heads, teaching_scans, work_folder
from bidsapp.analyses.protocol import Trainable
from bidsapp.cohort import Cohort, Member
from bidsapp.errors import BadDataError, UnavailableError
from bidsapp.images.volume import Volume, write_volume
from bidsapp.recipe import Recipe

TINY = {
    "steps": 2,
    "coarse_steps": 1,
    "clinical_from": 1,
    "clinical_share": 1.0,
    "features": [4, 4, 4, 4, 4, 4],
    "crop": [48, 48, 48],
    "held_out": 1,
    "validation": 1,
    "examples_per_step": 2,
    "checkpoint_steps": 1,
    "watch_steps": 2,
}


@pytest.fixture(scope="module")
def recipe():
    return Recipe("brain", {**Recipe.read("brain", ANALYSIS.recipe).values, **TINY})


@pytest.fixture(scope="module")
def cohort(tmp_path_factory, toy_head):
    folder = tmp_path_factory.mktemp("heads")
    image, labels, affine = toy_head
    members = []
    for name in ("01", "02", "03"):
        files = {"T1w": folder / f"{name}_T1w.nii.gz", "dseg": folder / f"{name}_dseg.nii.gz"}
        write_volume(files["T1w"], Volume(image, affine))
        write_volume(files["dseg"], Volume(labels, affine), dtype=np.uint8)
        members.append(Member(subject=name, native=files))
    scan = {"FLAIR": folder / "p_FLAIR.nii.gz", "mask": folder / "p_mask.nii.gz"}
    write_volume(scan["FLAIR"], Volume(image, affine))
    write_volume(scan["mask"], Volume((labels > 0).astype(np.float32), affine), dtype=np.uint8)
    return Cohort((*members, Member(subject="p", native=scan)))


def test_two_steps_make_a_bundle_that_predicts(cohort, recipe, tmp_path, toy_head):
    assert isinstance(ANALYSIS, Trainable)
    bundle = ANALYSIS.train(cohort, recipe, path=tmp_path / "brain", device="cpu", seed=1, options={})
    assert bundle.analysis == "brain"
    assert bundle.metadata["outlined_subjects"] == ["p"]
    assert len(bundle.metadata["held_out_subjects"]) == 1
    (work,) = (tmp_path / "brain-training").iterdir()
    assert (work / "last.ckpt").is_file()
    assert "dice=" in (work / "watch.tsv").read_text(encoding="utf-8")
    with contextlib.suppress(BadDataError):  # two steps may well see no brain
        assert segment(toy_head[0], toy_head[2], bundle).mask.shape == toy_head[0].shape


def test_training_twice_gives_the_same_weights(cohort, recipe, tmp_path):
    first, second = (
        ANALYSIS.train(cohort, recipe, path=tmp_path / name, device="cpu", seed=1, options={})
        for name in "ab"
    )
    assert all(np.array_equal(value, second.tensors()[key]) for key, value in first.tensors().items())


def test_a_killed_training_goes_on_to_the_same_weights(cohort, recipe, tmp_path):
    whole = ANALYSIS.train(cohort, recipe, path=tmp_path / "whole", device="cpu", seed=1, options={})
    (tmp_path / "whole-training").rename(tmp_path / "again-training")
    again = ANALYSIS.train(cohort, recipe, path=tmp_path / "again", device="cpu", seed=1, options={})
    assert all(np.array_equal(value, again.tensors()[key]) for key, value in whole.tensors().items())


def test_the_split_is_by_subject_and_by_seed(recipe):
    names = [f"{n:02d}" for n in range(10)]
    split = split_heads(names, recipe, seed=3)
    assert split == split_heads(list(reversed(names)), recipe, seed=3)
    assert sorted((*split.training, *split.validation, *split.held_out)) == names


def test_the_outlined_brain_of_a_head_that_tests_does_not_teach():
    files = {name: Path(name) for name in ("T1w", "dseg", "mask")}
    cohort = Cohort(tuple(Member(subject=name, native=files) for name in ("01", "02", "03")))
    split = Split(training=("01",), validation=("02",), held_out=("03",))
    assert teaching_scans(cohort, split) == {"01": [(Path("T1w"), Path("mask"))]}


def test_a_corrected_label_map_begins_a_new_training(tmp_path):
    image, labels = torch.ones(2, 2, 2), torch.zeros(2, 2, 2)
    first, same, corrected = (
        work_folder(tmp_path / "brain", {"seed": 0}, None, [(image, each)])
        for each in (labels, labels.clone(), labels + 1)
    )
    assert first == same
    assert first.parent == corrected.parent == tmp_path / "brain-training"
    assert first != corrected


def test_too_few_heads_are_said(recipe):
    with pytest.raises(BadDataError, match="more than 2 subjects"):
        split_heads(["01", "02"], recipe, seed=0)


def make_plan(**changed):
    return Plan(
        **{
            "steps": 3,
            "coarse_steps": 0,
            "clinical_from": 2,
            "clinical_share": 1.0,
            "real_share": 0.5,
            "still_share": 0.5,
            "crop": (48, 48, 48),
            "seed": 5,
            **changed,
        }
    )


def test_examples_depend_on_step_and_seed_alone(cohort):
    head = read_head(cohort.members[0].native["T1w"], cohort.members[0].native["dseg"])
    scan = read_scan(cohort.members[3].native["FLAIR"], cohort.members[3].native["mask"])
    plan = make_plan(examples_per_step=1)
    full = list(Examples([head], [scan], plan))
    late = list(Examples([head], [scan], plan, start=1))
    assert all(bool((a == b).all()) for a, b in zip(full[1], late[0], strict=True))
    assert [int(item[3]) for item in full] == [0, 0, 1]
    assert full[2][1].numel() == 0


def test_processes_that_train_together_share_out_the_examples_of_each_step(cohort, monkeypatch):
    head = read_head(cohort.members[0].native["T1w"], cohort.members[0].native["dseg"])
    plan = make_plan(steps=2, examples_per_step=2)

    def images(turn, processes):
        monkeypatch.setattr(examples, "turn_of_process", lambda: (turn, processes))
        return [item[0] for item in Examples([head], [], plan)]

    alone, first, second = images(0, 1), images(0, 2), images(1, 2)
    assert len(alone) == 4
    together = [first[0], second[0], first[1], second[1]]
    assert all(torch.equal(*pair) for pair in zip(alone, together, strict=True))


def test_a_training_can_be_sent_to_the_processes_of_several_gpus(cohort, recipe, tmp_path, monkeypatch):
    sent = []

    def fit(network, loss, batches, schedule, folder, **named):
        sent.append(named["devices"])
        ForkingPickler(io.BytesIO()).dump((network, loss, batches(0), named["watch"]))
        return network

    monkeypatch.setattr("bidsapp.learning.fitting.fit", fit)
    several = Recipe("brain", {**recipe.values, "devices": 2})
    ANALYSIS.train(cohort, several, path=tmp_path / "brain", device="cpu", seed=1, options={})
    assert sent == [2]


def test_of_several_nodes_the_first_one_writes_the_bundle(cohort, recipe, tmp_path, monkeypatch):
    places = []

    def fit(network, loss, batches, schedule, folder, **named):
        places.append((folder, named["node"]))
        return network

    monkeypatch.setattr("bidsapp.learning.fitting.fit", fit)
    pair = Recipe("brain", {**recipe.values, "nodes": 2})
    named = {"path": tmp_path / "brain", "device": "cpu", "seed": 1, "options": {}}
    with pytest.raises(UnavailableError, match="asks for 2 nodes"):
        ANALYSIS.train(cohort, pair, **named)
    monkeypatch.setenv("MASTER_ADDR", "gpu-07")
    monkeypatch.setenv("MASTER_PORT", "29500")
    monkeypatch.setenv("NODE_RANK", "1")
    assert ANALYSIS.train(cohort, pair, **named) is None
    assert not (tmp_path / "brain").exists()
    monkeypatch.setenv("NODE_RANK", "0")
    assert ANALYSIS.train(cohort, pair, **named).path == tmp_path / "brain"
    (second, other), (first, own) = places
    assert first == second, "both go on from the same checkpoints"
    assert (own.rank, other.rank, own.count) == (0, 1, 2)


def test_a_label_map_on_another_grid_is_said(cohort, tmp_path, toy_head):
    other = write_volume(tmp_path / "dseg.nii.gz", Volume(toy_head[1], np.eye(4)))
    with pytest.raises(BadDataError, match="grid"):
        read_head(cohort.members[0].native["T1w"], other)
