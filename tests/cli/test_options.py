"""One declaration feeds parser, ``Settings`` and descriptor: none may know an option the others do not."""

from __future__ import annotations

from dataclasses import fields

import pytest

from bidsapp.cli.options import groups, options
from bidsapp.cli.parser import POSITIONALS, make_parser
from bidsapp.settings import Settings

HOUSE = {
    "participant-label",
    "exclude-participant-label",
    "session-label",
    "bids-filter-file",
    "bids-database-dir",
    "skip-bids-validation",
    "work-dir",
    "clean-workdir",
    "derivatives",
    "nprocs",
    "omp-nthreads",
    "mem-gb",
    "nipype-plugin-file",
    "config-file",
    "reports-only",
    "dry-run",
    "stop-on-first-crash",
    "resource-monitor",
    "write-graph",
    "random-seed",
    "output-resolution",
    "device",
    "verbose",
    "analysis",
    "bundle",
    "recipe",
    "sweep",
    "controls",
    "target",
    "reference",
    "explain",
}


def test_every_option_that_the_architecture_promises_is_declared():
    assert set(options()) == HOUSE


def test_every_field_of_settings_is_set_by_exactly_one_option_or_positional():
    from_options = [option.field for option in options().values() if option.field]
    names = [field.name for field in fields(Settings)]
    beside = ["bids_dir", "output_dir", "levels", "asked_device"]  # the last one is filled in by a run
    assert sorted([*from_options, *beside]) == sorted(names)


def test_short_names_are_those_of_fmriprep():
    assert {option.short: name for name, option in options().items() if option.short} == {
        "d": "derivatives",
        "w": "work-dir",
        "v": "verbose",
    }


@pytest.mark.parametrize("option", options().values(), ids=options())
def test_help_is_a_sentence(option):
    assert option.help[0].isupper()
    assert option.help.endswith((".", "}."))


def test_the_help_text_names_every_option_and_positional():
    text = make_parser().format_help()
    for group in groups():
        assert group.title in text
        for option in group.options:
            assert f"--{option.name}" in text
    assert all(name.upper() in text or name == "analysis_level" for name in POSITIONALS)
    assert "Research use only" in text
