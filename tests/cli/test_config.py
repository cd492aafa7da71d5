"""A configuration file means what the same words on the command line mean, and yields to them."""

from __future__ import annotations

import pytest

from bidsapp.cli.config import read_config
from bidsapp.cli.parse import parse
from bidsapp.errors import BadDataError


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()

    def parse_with(text, *words):
        (tmp_path / "run.toml").write_text(text, encoding="utf-8")
        return parse(["in", "out", "participant", "--config-file", "run.toml", *words])

    return parse_with


def test_file_and_command_line_give_the_same_settings(run, tmp_path):
    text = """
    participant-label = ["sub-01", "02"]
    nprocs = 3
    mem_gb = 4
    work-dir = "scratch"
    dry-run = true
    verbose = 2
    analysis = "anomaly"
    """
    words = "--participant-label 01 02 --nprocs 3 --mem-gb 4 -w scratch --dry-run -vv --analysis anomaly"
    assert run(text) == run("", *words.split())


def test_the_command_line_overrides_the_file(run):
    settings = run("nprocs = 3\ndry-run = true\nrandom-seed = 1", "--nprocs", "2", "--no-dry-run")
    assert (settings.nprocs, settings.dry_run, settings.random_seed) == (2, False, 1)


def test_a_list_on_the_command_line_replaces_the_list_of_the_file(run):
    assert run('participant-label = ["01"]', "--participant-label", "02").participant_label == ("02",)


def test_paths_start_from_the_folder_of_the_file(tmp_path):
    (tmp_path / "sub").mkdir()
    path = tmp_path / "sub" / "run.toml"
    path.write_text('work-dir = "../scratch"')
    assert read_config(path) == {"work_dir": tmp_path / "sub" / ".." / "scratch"}


def test_a_file_may_serve_several_levels(run):
    assert run('target = "crs_r"').target == "crs_r"


WRONG = {
    "unknown key": ("nproc = 2", "Did you mean 'nprocs'?"),
    "another file inside": ('config-file = "a.toml"', "unknown option"),
    "positional": ('bids_dir = "in"', "unknown option"),
    "table": ("[nprocs]\na = 1", "no whole number"),
    "text for a number": ('nprocs = "many"', "no whole number"),
    "truth for a number": ("nprocs = true", "no whole number"),
    "number for a truth": ("dry-run = 1", "neither true nor false"),
    "number for a label": ("participant-label = [1]", "write it in quotes"),
    "negative count": ("verbose = -1", "no count"),
    "not finite": ("mem-gb = inf", "no number"),
    "not TOML": ("nprocs: 2", "not valid TOML"),
    "twice": ("nprocs = 1\nnprocs = 2", "not valid TOML"),
}


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_named_with_the_remedy(run, text, words):
    with pytest.raises(BadDataError, match=r"run\.toml") as caught:
        run(text)
    assert words in str(caught.value)


def test_a_file_in_another_encoding_is_named(run, tmp_path):
    run("")
    (tmp_path / "run.toml").write_bytes('target = "\xe4"'.encode("latin-1"))
    with pytest.raises(BadDataError, match="not valid TOML"):
        read_config(tmp_path / "run.toml")
