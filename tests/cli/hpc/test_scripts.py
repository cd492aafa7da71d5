"""What the scripts say, and that a shell reads in them what was meant."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from bidsapp.cli.hpc.costs import Limits, estimate
from bidsapp.errors import ExitCode

INDEX = {"slurm": "SLURM_ARRAY_TASK_ID", "pbs": "PBS_ARRAY_INDEX", "sge": "SGE_TASK_ID"}


def folder_of(out: Path) -> Path:
    return max((out / "work" / "hpc").iterdir())


def directives(script: Path) -> list[str]:
    return re.findall(r"^#(?:SBATCH|PBS|\$) (.*)$", script.read_text(), re.MULTILINE)


def called(script: Path, tmp_path: Path, **variables: str) -> list[list[str]]:
    """Run a script with programs that only note their words; give the words of each call."""
    fakes = tmp_path / "fakes"
    fakes.mkdir(exist_ok=True)
    for name in ("apptainer", "sbatch", "qsub"):
        (fakes / name).write_text(
            f"#!/bin/bash\nprintf '%s\\0' {name} \"$@\" >> {shlex.quote(str(tmp_path / 'calls'))}\n"
            f"printf '\\n' >> {shlex.quote(str(tmp_path / 'calls'))}\necho 12.x\n"
        )
        (fakes / name).chmod(0o755)
    environment = {"PATH": f"{fakes}:{os.environ['PATH']}", **variables}
    done = subprocess.run(
        ["bash", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "calls").read_text().split("\0\n")[:-1]
    return [line.split("\0") for line in lines]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "the app.sif"
    path.touch()
    return path


@pytest.mark.parametrize("scheduler", INDEX)
def test_each_task_runs_its_own_subject_and_no_name_reaches_the_shell(
    scheduler, hpc, bids, out, image, tmp_path
):
    assert hpc("--scheduler", scheduler, "--image", str(image), "--explain")[0] == 0
    script = folder_of(out) / "array-1.sh"
    ran = [called(script, tmp_path, **{INDEX[scheduler]: task})[-1] for task in ("1", "3")]
    for words, subject in zip(ran, ("01", "03"), strict=True):
        assert words[:2] == ["apptainer", "exec"]
        assert words[words.index(str(image)) :] == [
            str(image), "bidsapp", str(bids), str(out), "participant", "--explain",
            "--participant-label", subject,
        ]  # fmt: skip
    assert not list(tmp_path.rglob("x"))


def test_the_container_sees_the_gpus_that_the_scheduler_gave_to_the_task(hpc, out, image, tmp_path):
    hpc("--image", str(image), "--gpus", "1")
    script = folder_of(out) / "array-1.sh"
    passed = ("APPTAINERENV_CUDA_VISIBLE_DEVICES", "SINGULARITYENV_CUDA_VISIBLE_DEVICES")
    inside = "\n".join(f'echo "{name}=${{{name}-none}}" >&2' for name in passed)
    (tmp_path / "apptainer").write_text(f"#!/bin/bash\n{inside}\n")
    (tmp_path / "apptainer").chmod(0o755)
    for given, seen in (({"CUDA_VISIBLE_DEVICES": "2,3"}, "2,3"), ({}, "none")):
        environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_ARRAY_TASK_ID": "1", **given}
        done = subprocess.run(["bash", script], env=environment, capture_output=True, text=True, check=True)
        assert done.stderr.split() == [f"{name}={seen}" for name in passed]


def test_the_container_sees_what_options_name_and_writes_only_where_it_must(hpc, bids, out, image, tmp_path):
    more = tmp_path / "masks"
    more.mkdir()
    hpc("--image", str(image), "--reference", str(more), "--gpus", "1", "-w", str(out / "scratch"))
    folder = max((out / "scratch" / "hpc").iterdir())
    words = called(folder / "array-1.sh", tmp_path, SLURM_ARRAY_TASK_ID="1")[-1]
    bound = [value for flag, value in pairwise(words) if flag == "--bind"]
    assert bound == [
        *sorted([f"{bids}:{bids}:ro", f"{more}:{more}:ro"]),
        f"{out}:{out}",
        f"{out}/scratch:{out}/scratch",
        f"{folder}:{folder}:ro",
    ]
    assert "--nv" in words
    assert "--device=cuda" in words
    assert (out / "scratch").is_dir()


@pytest.mark.parametrize(
    ("scheduler", "expected"),
    [
        (
            "slurm",
            ["--array=1-3%2", "--signal=B:TERM@30", "--cpus-per-task=2", "--mem=8192M", "--time=26:30:00",
             "--gres=gpu:1", "--partition=long", "--account=lab"],
        ),
        (
            "pbs",
            ["-J 1-3%2", "-l select=1:ncpus=2:mem=8192mb:ngpus=1", "-l walltime=26:30:00", "-q long",
             "--account=lab"],
        ),
        (
            "sge",
            ["-t 1-3", "-tc 2", "-pe smp 2", "-l mem_free=8192M", "-l h_rt=26:30:00", "-l gpu=1", "-q long",
             "--account=lab"],
        ),
    ],
)  # fmt: skip
def test_limits_are_said_in_the_words_of_the_scheduler(scheduler, expected, hpc, out):
    code, said = hpc(
        "--scheduler", scheduler, "--max-running", "2", "--cpus", "2", "--mem", "8G", "--time", "1-02:30:00",
        "--gpus", "1", "--partition", "long", "--extra=--account=lab",
    )  # fmt: skip
    assert code == 0, said
    assert set(expected) <= set(directives(folder_of(out) / "array-1.sh"))


def test_more_subjects_than_an_array_takes_make_several_of_one_list(hpc, out, image, tmp_path):
    hpc("--array-size", "2", "--image", str(image), levels=("participant",))
    folder = folder_of(out)
    assert (folder / "subjects.txt").read_text() == "01\n02\n03\n"
    assert directives(folder / "array-2.sh")[1] == "--array=1-1"
    assert called(folder / "array-2.sh", tmp_path, SLURM_ARRAY_TASK_ID="1")[-1][-1] == "03"
    assert not (folder / "group.sh").exists()


@pytest.mark.parametrize(
    ("scheduler", "last"),
    [
        ("slurm", ["sbatch", "--parsable", "--dependency=afterany:12.x:12.x", "group.sh"]),
        ("pbs", ["qsub", "-W", "depend=afterany:12.x:12.x", "group.sh"]),
        ("sge", ["qsub", "-terse", "-hold_jid", "12,12", "group.sh"]),
    ],
)
def test_the_group_waits_for_all_arrays_however_they_end(scheduler, last, hpc, out, tmp_path):
    hpc("--scheduler", scheduler, "--array-size", "2")
    calls = called(folder_of(out) / "submit.sh", tmp_path)
    assert [words[-1] for words in calls] == ["array-1.sh", "array-2.sh", "group.sh"]
    assert calls[-1] == last


@pytest.mark.parametrize("scheduler", INDEX)
@pytest.mark.parametrize("taken", [0, 1])
def test_what_a_scheduler_took_before_it_refused_is_said_and_listed(
    taken, scheduler, hpc, out, tmp_path, monkeypatch
):
    for name in ("sbatch", "qsub"):
        (tmp_path / name).write_text(
            f"#!/bin/bash\nn=$(cat {tmp_path}/n 2>/dev/null || echo 0)\necho $((n + 1)) > {tmp_path}/n\n"
            f'[ "$n" -lt {taken} ] || {{ echo "queue is full" >&2; exit 1; }}\necho "$((n + 12))"\n'
        )
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    code, said = hpc("--scheduler", scheduler, "--array-size", "2", "--submit")
    assert (code, "queue is full" in said) == (ExitCode.UNAVAILABLE, True), said
    listed = folder_of(out) / "jobs.txt"
    assert listed.read_text() == "12\n" * taken
    assert ("took only 12 of" in said and str(listed) in said) == bool(taken), said
    assert (tmp_path / "n").read_text() == f"{taken + 1}\n", "nothing more was tried"


def test_a_single_subject_on_pbs_is_an_array_of_two_of_which_one_does_nothing(hpc, out, image, tmp_path):
    hpc("--scheduler", "pbs", "--participant-label", "01", "--image", str(image))
    script = folder_of(out) / "array-1.sh"
    assert "-J 1-2" in directives(script)
    assert len(called(script, tmp_path, PBS_ARRAY_INDEX="1")) == 1
    assert len(called(script, tmp_path, PBS_ARRAY_INDEX="2")) == 1, "the second called nothing more"


def test_filters_are_frozen_beside_the_scripts(hpc, out, tmp_path):
    mine = tmp_path / "mine.json"
    mine.write_text('{"t1w": {"suffix": "T1w"}}')
    code, said = hpc("--bids-filter-file", str(mine))
    assert code == 0, said
    mine.unlink()
    folder = folder_of(out)
    assert '"T1w"' in (folder / "filters.json").read_text()
    assert str(folder / "filters.json") in (folder / "array-1.sh").read_text()


def test_limits_come_from_measured_costs_in_round_steps():
    assert estimate("participant", 1) == Limits(600, 4096)
    assert estimate("participant", 2).clock == "00:20:00"
    assert estimate("participant", 2, explain=True).seconds > estimate("participant", 2).seconds
    assert estimate("group", 1000).seconds > estimate("group", 10).seconds
    assert estimate("group", 20000).megabytes > 1024 * 16 > estimate("group", 100).megabytes
    assert estimate("participant", 50).megabytes == estimate("participant", 1).megabytes
    assert Limits(100 * 3600 + 61, 1).clock == "100:01:01"
