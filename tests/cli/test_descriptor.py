"""descriptor.json says of each option what the parser does."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from bidsapp import __version__
from bidsapp.cli.descriptor import descriptor_text
from bidsapp.cli.options import LEVELS, options
from bidsapp.cli.parser import make_parser

FILE = Path(__file__).parents[2] / "descriptor.json"
INPUTS = {item["id"]: item for item in json.loads(FILE.read_text())["inputs"]}


def actions():
    told = {"help", "version", "bids_exec_spec"}
    return {
        action.dest: action
        for action in make_parser()._actions
        if action.dest not in told and action.help != argparse.SUPPRESS
    }


def test_the_committed_file_is_the_one_that_the_program_prints():
    assert FILE.read_text() == descriptor_text(), "run: make descriptor"


def test_parser_and_descriptor_name_the_same_options():
    assert set(INPUTS) == set(actions())


@pytest.mark.parametrize("name", INPUTS)
def test_flags_lists_choices_and_types_agree(name):
    item, action = INPUTS[name], actions()[name]
    if action.option_strings:
        assert item["command-line-flag"] in action.option_strings
    assert item.get("list", False) == (action.nargs == "+")
    assert (item["type"] == "Flag") == (action.nargs == 0)
    assert item["optional"] == bool(action.option_strings)
    if name in {option.dest for option in options().values() if option.kind in {"integer", "number"}}:
        assert item["type"] == "Number"


def test_levels_and_choices_are_those_of_the_parser():
    assert INPUTS["analysis_level"]["value-choices"] == list(LEVELS)
    assert INPUTS["output_resolution"]["value-choices"] == [1, 2]


def test_every_value_key_stands_once_in_the_command_line_and_in_no_other():
    content = json.loads(FILE.read_text())
    keys = [item["value-key"] for item in INPUTS.values()]
    assert content["command-line"].split() == ["bidsapp", *keys]
    assert not [(a, b) for a in keys for b in keys if a != b and a in b]
    assert content["tool-version"] == __version__


def test_boutiques_finds_it_valid_and_runs_what_it_describes(tmp_path):
    bosh = pytest.importorskip("boutiques")
    bosh.validate(str(FILE))
    invocation = tmp_path / "call.json"
    invocation.write_text(
        json.dumps(
            {
                "bids_dir": str(tmp_path),
                "output_dir": "out",
                "analysis_level": ["participant", "group"],
                "participant_label": ["01", "02"],
                "nprocs": 2,
                "dry_run": True,
            }
        )
    )
    line = bosh.execute("simulate", str(FILE), "-i", str(invocation)).shell_command
    expected = f"bidsapp {tmp_path} out participant group --participant-label 01 02 --dry-run --nprocs 2"
    assert " ".join(line.split()) == expected
