"""What processes cannot share, or what is not there, is said in a sentence; no cluster is asked."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset

from bidsapp.errors import BadDataError, UnavailableError
from bidsapp.learning.fitting import Schedule, fit
from bidsapp.learning.nodes import ALONE, Node, NodeEnvironment
from bidsapp.learning.trainer import make_trainer
from bidsapp.learning.turns import turn_of_process

STEPS, EXAMPLES = 4, 2


class Lines(IterableDataset):
    """Points of a line; which ones is decided by step and turn alone."""

    def __init__(self, start):
        self.start = start

    def __iter__(self):
        first, processes = turn_of_process()
        for step in range(self.start, STEPS):
            for turn in range(first, EXAMPLES, processes):
                x = np.random.default_rng([step, turn]).normal(size=(8, 1)).astype(np.float32)
                yield torch.from_numpy(x), torch.from_numpy(2 * x + 1)


def squared_error(network, batch):
    return torch.nn.functional.mse_loss(network(batch[0]), batch[1])


def line():
    network = torch.nn.Linear(1, 1)
    network.load_state_dict({"weight": torch.tensor([[0.5]]), "bias": torch.tensor([-0.5])})
    return network


def train(folder, loss=squared_error, device="cpu", devices=1, node=ALONE):
    schedule = Schedule(steps=STEPS, learning_rate=0.1, warmup=1, average=0.5, checkpoint_steps=2)
    return fit(
        line(),
        loss,
        lambda step: DataLoader(Lines(step), batch_size=None),
        schedule,
        folder,
        device=device,
        devices=devices,
        node=node,
        accumulate=EXAMPLES,
        precision="32-true",
    )


def test_examples_that_cannot_be_shared_evenly_are_refused(tmp_path):
    with pytest.raises(BadDataError, match=r"2 examples of a step cannot be shared evenly by 3 devices"):
        train(tmp_path, devices=3)
    with pytest.raises(BadDataError, match=r"evenly by 2 devices on each of 2 nodes"):
        train(tmp_path, devices=2, node=Node(count=2))


def test_more_gpus_than_there_are_is_an_error_that_counts_them(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UnavailableError, match="asks for 2 GPUs, but 1 can be seen"):
        train(tmp_path, device="cuda:0", devices=2)


def test_a_gpu_without_memory_ends_a_training_with_a_sentence(tmp_path):
    def lack(network, batch):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(UnavailableError, match="too little memory for this training"):
        train(tmp_path, lack)


def test_a_cluster_is_not_asked_how_many_processes_there_are(tmp_path, monkeypatch):
    told = {
        "SLURM_NTASKS": "8",
        "SLURM_JOB_NAME": "train",
        "SLURM_JOB_ID": "7",
        "NODE_RANK": "1",
        "MASTER_PORT": "1",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    trainer = make_trainer(
        tmp_path,
        [],
        steps=1,
        checkpoint_steps=1,
        device="cpu",
        devices=1,
        node=ALONE,
        accumulate=1,
        precision="32-true",
    )
    assert trainer.world_size == 1
    assert trainer.is_global_zero
    environment = trainer._accelerator_connector.cluster_environment
    assert type(environment) is NodeEnvironment
    assert environment.main_address == "127.0.0.1"
    assert environment.main_port > 1024
