"""What the command line takes, and what it refuses before anything is written."""

from __future__ import annotations

import pytest

from bidsapp.cli.hpc.request import Request, read_request
from bidsapp.cli.options import options
from bidsapp.cli.parse import parse
from bidsapp.cli.words import words_of
from bidsapp.errors import ExitCode


def test_options_of_both_programs_stand_in_any_order(bids, out):
    request, settings = read_request(
        ["--mem", "512M", str(bids), str(out), "participant", "--participant_label", "01", "03", "--gpus=2"]
    )
    assert (request.megabytes, request.gpus, settings.participant_label) == (512, 2, ("01", "03"))
    assert settings.device == "cuda"


def test_every_declared_option_is_a_field_of_the_request():
    fields = set(Request.__dataclass_fields__)
    assert {option.field for option in options("cluster/options.toml").values()} == fields
    assert not set(options("cluster/options.toml")) & set(options()), "one name, one meaning"


def test_words_are_read_back_as_the_same_settings(bids, out, tmp_path):
    (tmp_path / "b c").mkdir()
    given = [
        "--participant-label", "01", "02", "--session-label", "1", "--explain",
        "--reference", str(tmp_path / "b c"),
        "--analysis", "ms", "brain", "--bundle", str(tmp_path / "x"), "-v", "-v", "--random-seed", "7",
        "--device", "cuda:1", "--mem-gb", "2.5", "--controls=-x == 'y'", "--work-dir", "scratch",
        "--nprocs", "2",
    ]  # fmt: skip
    levels = ["participant", "group"]
    settings = parse([str(bids), str(out), *levels, *given])
    assert parse([str(bids), str(out), *levels, *words_of(settings)]) == settings


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--mem", "lots"], "--mem: 'lots' is none of {N}{M,G}"),
        (["--partition", "a b"], "--partition"),
        (["--extra=a\nb"], "--extra"),
        (["--time", "0:00:00"], "--time is zero"),
        (["--cpus", "1", "--omp-nthreads", "2", "--nprocs", "2"], "less than --omp-nthreads 2"),
        (["--dry-run"], "--dry-run is of bidsapp"),
        (["--scheduler", "lsf"], "'lsf' is none of {slurm,pbs,sge}"),
        (["--particpant-label", "01"], "Did you mean '--participant-label'"),
    ],
)
def test_nonsense_is_refused_in_one_sentence_and_nothing_is_written(words, sentence, hpc, out):
    code, said = hpc(*words)
    assert (code, sentence in said, out.exists()) == (ExitCode.USAGE, True, False), said


@pytest.mark.parametrize(
    "words",
    [["--image", "a,b.sif"], ["--bind", "x,y"], ["--work-dir", "sub-01:T1w"], ["--bundle", "a,b"]],
    ids=["image", "bind", "work", "bundle"],
)
def test_a_path_that_apptainer_cannot_bind_is_refused(words, hpc, out, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a,b.sif", "sound.sif"):
        (tmp_path / name).touch()
    (tmp_path / "x,y").mkdir()
    code, said = hpc("--image", "sound.sif", *words)
    assert code == ExitCode.USAGE, said
    assert f"{tmp_path / words[1]} holds a colon, comma or newline" in said
    assert not out.exists()


def test_folders_of_any_name_will_do_without_a_container(hpc, tmp_path):
    assert hpc("--work-dir", str(tmp_path / "a:b"))[0] == ExitCode.OK


def test_training_is_no_work_for_an_array(hpc):
    assert hpc(levels=("train",))[0] == ExitCode.USAGE


def test_submitting_without_a_scheduler_says_where_the_scripts_are(hpc, out, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    code, said = hpc("--submit")
    assert code == ExitCode.UNAVAILABLE
    assert "sbatch is not on the PATH" in said
    assert str(out) in said
