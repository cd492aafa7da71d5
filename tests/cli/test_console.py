"""Progress on a terminal, in a pipe, and always in the log file."""

from __future__ import annotations

import io
import os
import re

import pytest

from bidsapp.cli.console import LiveProgress, PlainProgress, make_progress
from bidsapp.cli.logfile import LogFile
from bidsapp.errors import InputOutputError
from bidsapp.workflows.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def play(progress: Progress) -> None:
    progress.log("Computes on the CPU.")
    progress.start(2)
    progress.step("01", None, "align [T1w]")
    progress.step("02", "a", "mask")
    progress.done("01", "done", "3 maps")
    progress.done("02", "failed", "sub-02: no T1w; add one.")


@pytest.fixture
def log(tmp_path):
    with LogFile(tmp_path) as log:
        yield log


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_the_log_file_tells_all_with_time_stamps_whatever_the_terminal(log, stream):
    with make_progress(log, 0, stream()) as progress:
        play(progress)
    lines = log.path.read_text().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} ", line) for line in lines)
    assert [line.split(" ", 1)[1] for line in lines] == [
        "Computes on the CPU.",
        "2 subjects to do",
        "sub-01: align [T1w]",
        "sub-02_ses-a: mask",
        "[1/2] sub-01 done: 3 maps",
        "[2/2] sub-02 failed: sub-02: no T1w; add one.",
    ]


def test_plain_lines_show_steps_only_when_asked(log):
    quiet, loud = io.StringIO(), io.StringIO()
    play(PlainProgress(log, quiet))
    play(PlainProgress(log, loud, verbose=1))
    assert "align" not in quiet.getvalue()
    assert "sub-01: align [T1w]" in loud.getvalue()
    assert "[2/2] sub-02 failed: sub-02: no T1w; add one." in quiet.getvalue()


def test_a_terminal_keeps_the_steps_only_when_asked(log):
    quiet, loud = Terminal(), Terminal()
    for stream, verbose in ((quiet, 0), (loud, 1)):
        with make_progress(log, verbose, stream) as progress:
            progress.start(1)
            progress.step("01", None, "align")
            progress.done("01", "done", "3 maps")
    assert "sub-01: align\n" not in quiet.getvalue()
    assert "sub-01: align\n" in loud.getvalue()


def test_a_terminal_gets_the_live_view_and_keeps_how_each_subject_ended(log):
    stream = Terminal()
    with make_progress(log, 0, stream) as progress:
        assert isinstance(progress, LiveProgress)
        play(progress)
        play(progress)
    assert "[1/2] sub-01 done: 3 maps" in stream.getvalue()


class Closed(io.StringIO):
    def write(self, text):
        raise BrokenPipeError


def test_a_run_goes_on_when_nobody_reads_its_lines(log):
    play(PlainProgress(log, Closed()))
    text = log.path.read_text()
    assert text.count("Nobody reads") == 1
    assert "[2/2]" in text


def test_the_log_file_keeps_what_a_terminal_cannot_show(log):
    PlainProgress(log, io.StringIO()).log("Löwe 01 — µm \udcff")
    assert "Löwe 01 — µm \\udcff" in log.path.read_text(encoding="utf-8")


def test_a_full_disk_under_the_log_is_told(tmp_path):
    with LogFile(tmp_path) as log, open("/dev/full", "wb") as full:
        os.dup2(full.fileno(), log._stream.fileno())
        with pytest.raises(InputOutputError, match="No space left"):
            log.write("line")
