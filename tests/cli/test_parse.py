"""What a command line means: levels in order, labels without prefix, defaults from the machine."""

from __future__ import annotations

import json

import pytest

from bidsapp.cli import machine
from bidsapp.cli.parse import parse
from bidsapp.errors import (
    BadDataError,
    ExitCode,
    NoInputError,
    UnavailableError,
    UnknownLevelError,
    UsageError,
)
from bidsapp.workflows.device import DEVICE_NAME


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    return tmp_path


def test_several_levels_keep_their_order(place):
    assert parse(["in", "out", "group", "participant"]).levels == ("group", "participant")
    assert parse(["in", "out", "participant", "participant"]).levels == ("participant",)


def test_options_may_stand_before_between_and_after_the_positionals(place):
    expected = parse(["in", "out", "participant", "group", "--nprocs", "3", "-v"])
    assert parse(["--nprocs", "3", "in", "-v", "out", "participant", "group"]) == expected
    assert parse(["in", "out", "participant", "--nprocs=3", "group", "-v"]) == expected


def test_labels_lose_their_prefix_and_repeat_once(place):
    words = "--participant-label sub-01 02 --participant-label 01 --session-label ses-a"
    settings = parse(["in", "out", "participant", *words.split()])
    assert settings.participant_label == ("01", "02")
    assert settings.session_label == ("a",)


def test_underscores_of_older_bids_apps_are_understood(place):
    assert parse(["in", "out", "participant", "--participant_label", "01"]).participant_label == ("01",)


def test_a_value_keeps_its_underscores(place):
    settings = parse(["in", "out", "train", "--controls=group_a == 1", "--target=crs_r"])
    assert (settings.controls, settings.target) == ("group_a == 1", "crs_r")


def test_controls_are_for_training_and_for_the_group(place):
    assert parse(["in", "out", "group", "--controls", "group == 'HC'"]).controls == "group == 'HC'"
    with pytest.raises(UsageError, match="belongs to the level group or train"):
        parse(["in", "out", "participant", "--controls", "group == 'HC'"])


def test_relative_paths_start_where_the_user_stands(place):
    settings = parse(["in", "out", "participant", "-w", "scratch"])
    assert settings.bids_dir == place / "in"
    assert settings.work_root == place / "scratch"
    assert parse(["in", "out", "participant"]).work_root == place / "out" / "work"


def test_defaults_come_from_the_machine_and_threads_do_not(place):
    settings = parse(["in", "out", "participant"])
    assert settings.nprocs == machine.processors() >= 1
    assert settings.mem_gb == machine.memory_gb() > 0
    assert settings.omp_nthreads == 1
    assert settings.device == "auto"


def test_filters_are_read_and_modalities_found_whatever_their_case(place):
    (place / "filter.json").write_text('{"t1w": {"acquisition": "mprage"}}')
    settings = parse(["in", "out", "participant", "--bids-filter-file", "filter.json"])
    assert settings.bids_filters == {"T1w": {"acquisition": "mprage"}}


def test_a_filter_file_of_fmriprep_serves_here_as_well(place):
    (place / "filter.json").write_text('{"t1w": {"run": 1}, "fmap": {"datatype": "fmap"}, "sbref": {}}')
    settings = parse(["in", "out", "participant", "--bids-filter-file", "filter.json"])
    assert settings.bids_filters == {"T1w": {"run": 1}}


def test_a_packaged_bundle_has_a_name_unless_a_folder_has_it(place):
    words = ["in", "out", "participant", "--bundle", "stroke-nihss"]
    (packaged,) = parse(words).bundles
    assert (packaged / "configs" / "metadata.json").is_file()
    (place / "stroke-nihss").mkdir()
    assert parse(words).bundles == (place / "stroke-nihss",)


@pytest.mark.parametrize("which", ["", ":1", ":GPU-8f1d2c3a-12ab", ":MIG-GPU-8f1d/3/0", ":MIG-41b36f7d-e26a"])
def test_a_gpu_is_asked_for_by_number_or_by_name_as_the_run_understands_it(place, which):
    name = parse(["in", "out", "participant", "--device", f"cuda{which}"]).device
    assert name == f"cuda{which}"
    assert DEVICE_NAME.fullmatch(name)["which"] == (which[1:] or None)


def test_verbosity_counts(place):
    assert parse(["in", "out", "participant", "-vv"]).verbose == 2
    assert parse(["in", "out", "participant", "-v", "--verbose"]).verbose == 2


WRONG = {
    "no level": (["in", "out"], UsageError, "write them before"),
    "nothing": ([], UsageError, "BIDS_DIR, OUTPUT_DIR"),
    "labels swallow the level": ("in out --participant-label 01 participant", UsageError, "before options"),
    "unknown level": ("in out participants", UnknownLevelError, "Did you mean 'participant'?"),
    "unknown option": ("in out participant --nproc 2", UsageError, "Did you mean '--nprocs'?"),
    "abbreviation": ("in out participant --rand 2", UsageError, "--rand"),
    "missing value": ("in out participant --nprocs", UsageError, "--nprocs"),
    "flag with a value": ("in out participant --dry-run=yes", UsageError, "--dry-run"),
    "no processor": ("in out participant --nprocs 0", UsageError, "the least is 1"),
    "word for a number": ("in out participant --nprocs two", UsageError, "no whole number"),
    "fraction for a whole": ("in out participant --nprocs 1.5", UsageError, "no whole number"),
    "digits that overflow": (
        ["in", "out", "participant", "--nprocs", "9" * 5000],
        UsageError,
        "whole number",
    ),
    "not a number": ("in out participant --mem-gb nan", UsageError, "no number"),
    "infinite memory": ("in out participant --mem-gb inf", UsageError, "no number"),
    "negative seed": ("in out participant --random-seed=-1", UsageError, "too small"),
    "odd resolution": ("in out participant --output-resolution 3", UsageError, "none of 1, 2"),
    "odd device": ("in out participant --device gpu", UsageError, "cuda:N"),
    "slice without name": ("in out participant --device cuda:MIG-", UsageError, "cuda:NAME"),
    "device without number": ("in out participant --device cuda:", UsageError, "cuda:N"),
    "label with a dash": ("in out participant --participant-label a-b", UsageError, "no BIDS label"),
    "empty label": (["in", "out", "participant", "--participant-label", ""], UsageError, "empty"),
    "empty input": (["", "out", "participant"], UsageError, "BIDS_DIR"),
    "nul in a path": (["in\0", "out", "participant"], UsageError, "NUL"),
    "home of nobody": (["~nobody-here/x", "out", "participant"], UsageError, "home"),
    "asked and excluded": (
        "in out participant --participant-label 01 --exclude-participant-label 01",
        UsageError,
        "both asked for and excluded",
    ),
    "more threads than processors": ("in out participant --nprocs 2 --omp-nthreads 3", UsageError, "lower"),
    "training option elsewhere": ("in out participant --target age", UsageError, "level train"),
    "one subject of a group": ("in out group --participant-label 01", UsageError, "participant or train"),
    "derivatives for nothing": ("in out participant -d in", UsageError, "level train"),
    "bundle of a training": ("in out train --bundle in", UsageError, "level participant"),
    "unknown analysis": ("in out participant --analysis anomal", UnavailableError, "Did you mean 'anomaly'?"),
    "no plugin file": ("in out participant --nipype-plugin-file no.yml", NoInputError, "does not exist"),
    "no derivatives": ("in out train -d nowhere", NoInputError, "does not exist"),
    "no recipe": ("in out train --recipe no.toml", NoInputError, "does not exist"),
    "no filter file": ("in out participant --bids-filter-file no.json", NoInputError, "no.json"),
    "folder as filter file": ("in out participant --bids-filter-file in", NoInputError, "directory"),
    "no config file": ("in out participant --config-file no.toml", NoInputError, "no.toml"),
}


@pytest.mark.parametrize(("line", "kind", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_command_line_gets_one_clear_sentence(place, line, kind, words):
    with pytest.raises(kind) as caught:
        parse(line.split() if isinstance(line, str) else line)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


FILTERS = {
    "broken": '{"T1w": ',
    "list": "[]",
    "flat": '{"T1w": "mprage"}',
    "unknown modality": '{"T1": {}}',
    "binary": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("content", FILTERS.values(), ids=FILTERS)
def test_a_wrong_filter_file_is_bad_data(place, content):
    path = place / "filter.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadDataError, match=r"filter\.json"):
        parse(["in", "out", "participant", "--bids-filter-file", "filter.json"])


def test_a_filter_may_hold_any_json_value(place):
    (place / "filter.json").write_text(json.dumps({"pet": {"run": [1, 2], "acquisition": None}}))
    filters = parse(["in", "out", "participant", "--bids-filter-file", "filter.json"]).bids_filters
    assert filters["pet"] == {"run": [1, 2], "acquisition": None}


def test_exit_codes_are_those_of_the_bids_execution_specification():
    assert (UnknownLevelError.code, UsageError.code, NoInputError.code) == (17, 64, 66)
    assert UnavailableError.code == ExitCode.UNAVAILABLE == 69
