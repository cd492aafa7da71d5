"""Two nodes learn what one node with two devices does; one that cannot take part says why, and none hangs."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest
import torch

from bidsapp.errors import BadDataError, TryAgainError, UnavailableError, UsageError
from bidsapp.learning.agreement import Agreement
from bidsapp.learning.nodes import ALONE, Node, this_node
from tests.learning.test_trainer import STEPS, train

BY_HAND = {"NODE_RANK": "1", "MASTER_ADDR": "gpu-07", "MASTER_PORT": "29500"}
SLURM = {
    "SLURM_JOB_ID": "123456",
    "SLURM_NODEID": "2",
    "SLURM_JOB_NODELIST": "cpu[01-09],gpu[05-07]",
    "SLURM_STEP_NODELIST": "gpu[05-07]",
    "SLURM_STEP_NUM_NODES": "3",
    "SLURM_STEP_NUM_TASKS": "3",
}


def test_one_node_asks_nobody():
    assert this_node(1, {**SLURM, **BY_HAND}) is ALONE


def test_a_task_of_slurm_knows_its_place_in_its_step():
    assert this_node(3, SLURM) == Node(rank=2, count=3, address="gpu05", port=18456)


def test_the_usual_variables_count_before_those_of_slurm():
    assert this_node(2, BY_HAND) == Node(rank=1, count=2, address="gpu-07", port=29500)
    assert this_node(2, {**SLURM, **BY_HAND}) == this_node(2, BY_HAND)
    other_way = this_node(3, {**SLURM, "MASTER_ADDR": "10.0.0.5"})
    assert other_way == Node(rank=2, count=3, address="10.0.0.5", port=18456)


def test_a_node_that_nobody_told_its_place_says_how_to_start_it():
    with pytest.raises(
        UnavailableError, match=r"not set: MASTER_PORT\); .*srun --nodes=2 --ntasks-per-node=1"
    ):
        this_node(2, {"NODE_RANK": "0", "MASTER_ADDR": "gpu-07"})
    in_a_batch_script = {"SLURM_JOB_ID": "7", "SLURM_NODEID": "0", "SLURM_JOB_NODELIST": "gpu[05-07]"}
    with pytest.raises(UnavailableError, match="not set: NODE_RANK, MASTER_ADDR, MASTER_PORT"):
        this_node(3, in_a_batch_script)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            {**SLURM, "SLURM_STEP_NUM_TASKS": "12"},
            "asks for 3 nodes, but this step of srun has --nodes=3 --ntasks=12",
        ),
        (
            {**SLURM, "SLURM_STEP_NUM_NODES": "1"},
            "asks for 3 nodes, but this step of srun has --nodes=1 --ntasks=3",
        ),
        ({**BY_HAND, "NODE_RANK": "3"}, "NODE_RANK is '3'; it must be a whole number from 0 to 2"),
        ({**BY_HAND, "NODE_RANK": "-1"}, "NODE_RANK is '-1'"),
        ({**BY_HAND, "MASTER_PORT": "http"}, "MASTER_PORT is 'http'"),
    ],
)
def test_variables_that_disagree_with_the_recipe_are_said(told, sentence):
    with pytest.raises(UsageError, match=sentence):
        this_node(3, told)


def train_on(nodes, folders):
    """Train on some nodes, each as if another program had called it; give the networks."""
    with ThreadPoolExecutor(len(nodes)) as programs:
        return list(programs.map(lambda node, folder: train(folder, node=node), nodes, folders))


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_two_devices_learn_what_one_learns_and_two_nodes_the_same_bytes(tmp_path):
    alone, together = train(tmp_path / "alone"), train(tmp_path / "together", devices=2)
    assert float(alone.weight) != 0
    assert torch.allclose(together.weight, alone.weight, rtol=1e-6)
    assert torch.allclose(together.bias, alone.bias, rtol=1e-6)

    port = free_port()
    first, second = tmp_path / "first" / "line", tmp_path / "second" / "line"
    for network in train_on([Node(rank, 2, port=port) for rank in (0, 1)], [first, second]):
        assert torch.equal(network.weight, together.weight)
        assert torch.equal(network.bias, together.bias)
    assert torch.load(first / "last.ckpt", weights_only=True)["global_step"] == STEPS
    assert list(second.iterdir()) == [], "the first node alone writes"


def test_nodes_with_different_trainings_refuse_to_begin(monkeypatch):
    def gather(said, own):
        said[:] = [own, "line, from step 0"]

    monkeypatch.setattr(torch.distributed, "all_gather_object", gather)
    pair = SimpleNamespace(world_size=2)
    Agreement("line, from step 0").setup(pair, None, "fit")
    with pytest.raises(BadDataError, match=r"\(line, from step 0; line, from step 100\)"):
        Agreement("line, from step 100").setup(pair, None, "fit")


def test_a_node_whose_first_one_is_gone_does_not_wait_for_ever(tmp_path):
    left = Node(rank=1, count=2, port=free_port(), patience=timedelta(seconds=2))
    with pytest.raises(TryAgainError, match=r"Node 1 has lost another of the 2 nodes.*goes on from the last"):
        train(tmp_path, node=left)
