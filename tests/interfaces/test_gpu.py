"""A device is called what the environment calls it; what a GPU lacked is kept, once, and logged."""

from __future__ import annotations

import logging

import pytest

from bidsapp.interfaces.gpu import LOGGER, VISIBLE, device_name, memory_notes


@pytest.mark.parametrize(
    ("visible", "device", "name"),
    [
        ("3", "cuda:0", "cuda:3"),
        ("MIG-a1", "cuda:0", "cuda:MIG-a1"),
        ("2,GPU-b", "cuda:1", "cuda:GPU-b"),
        ("2", "cpu", "cpu"),
        ("", "cuda:0", "cuda:0"),
        (None, "cuda:1", "cuda:1"),
    ],
)
def test_a_device_has_the_name_of_its_gpu(monkeypatch, visible, device, name):
    monkeypatch.delenv(VISIBLE, raising=False)
    if visible is not None:
        monkeypatch.setenv(VISIBLE, visible)
    assert device_name(device) == name


def test_what_is_said_of_memory_is_kept_once_and_goes_to_standard_error(capsys):
    logger = logging.getLogger(LOGGER)
    with memory_notes() as notes:
        for _ in range(2):
            logger.warning("The GPU had too little memory for %s.", "reading")
    logger.warning("Later.")
    assert notes == ["The GPU had too little memory for reading."]
    assert capsys.readouterr().err.count("too little memory for reading") == 2


def test_notes_of_a_step_that_fails_are_still_logged(capsys):
    kept = []

    def step():
        with memory_notes() as notes:
            kept.append(notes)
            logging.getLogger(LOGGER).warning("Too little.")
            raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        step()
    assert kept == [["Too little."]]
    assert "Too little." in capsys.readouterr().err
