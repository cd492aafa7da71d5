"""One truthful exit code for each end of a run, one sentence on the terminal, and no traceback there."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from bidsapp import __version__
from bidsapp.cli import main as program
from bidsapp.errors import BidsAppError, ExitCode

PROGRAM = [sys.executable, "-m", "bidsapp.cli.main"]
HEAVY = ("torch", "nipype", "nilearn", "bids", "numpy", "pandas", "monai", "rich", "SimpleITK", "nibabel")


@pytest.fixture
def app(tmp_path, monkeypatch, capsys):
    """Run the program with levels that a test makes up; give exit code, standard output and error."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.10.0"}')
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def run(*words, **levels):
        def calm(settings, progress):
            return ExitCode.OK

        names = ("run_participant", "run_group", "run_train")
        fake = SimpleNamespace(**{name: levels.get(name.removeprefix("run_"), calm) for name in names})
        fake.plan = levels.get("plan", lambda settings: [])
        monkeypatch.setitem(sys.modules, "bidsapp.workflows.run", fake)
        code = program.main([str(tmp_path / "in"), str(tmp_path / "out"), *words, "--device", "cpu"])
        return code, *capsys.readouterr()

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


def raising(error):
    def level(settings, progress):
        raise error

    return level


def log_text(tmp_path):
    (path,) = (tmp_path / "out" / "logs").glob("bidsapp-*.log")
    return path.read_text()


def test_version_answers_in_half_a_second():
    def spent():
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime

    seconds = [1.0]
    while len(seconds) < 10 and min(seconds) >= 0.5:
        start = spent()  # processor time: other work on the machine is not the program's
        done = subprocess.run([*PROGRAM, "--version"], capture_output=True, text=True, check=True)
        seconds.append(spent() - start)
    assert done.stdout.strip() == f"bidsapp {__version__}"
    assert min(seconds) < 0.5


@pytest.mark.parametrize("option", ["--version", "--help", "--bids-exec-spec"])
def test_nothing_heavy_is_imported_to_answer(option):
    code = (
        "import sys\nfrom bidsapp.cli.main import main\n"
        f"assert main(['{option}']) == 0\n"
        f"print('heavy:', [name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "heavy: []"


def test_all_well_is_zero_and_the_log_says_what_ran(app, tmp_path):
    code, out, err = app("participant", "group")
    assert (code, out) == (0, "")
    assert "Computes on the CPU" in err
    text = log_text(tmp_path)
    assert "participant ended with exit code 0" in text
    assert text.index("participant ended") < text.index("group ended")
    assert f"bidsapp {__version__}: Settings(" in text


def test_a_failed_subject_does_not_keep_the_group_from_running(app, tmp_path):
    code, _, _ = app("participant", "group", participant=lambda *_: ExitCode.SUBJECT_FAILED)
    assert code == 1
    assert "group ended with exit code 0" in log_text(tmp_path)


def test_a_level_that_could_not_start_keeps_later_ones_from_running(app, tmp_path):
    code, _, _ = app("participant", "group", participant=lambda *_: ExitCode.TRY_AGAIN)
    assert code == ExitCode.TRY_AGAIN
    assert "group ended" not in log_text(tmp_path)


def kinds(kind):
    return [sub for item in kind.__subclasses__() for sub in (item, *kinds(item))]


@pytest.mark.parametrize("kind", kinds(BidsAppError), ids=lambda kind: kind.__name__)
def test_an_error_of_the_house_is_its_sentence_and_its_code(app, kind, tmp_path):
    code, out, err = app("participant", participant=raising(kind("sub-01: x.nii is broken; copy it again.")))
    assert code == kind.code
    assert err.splitlines()[-1] == "bidsapp: sub-01: x.nii is broken; copy it again."
    assert "Traceback" not in out + err
    assert "x.nii is broken" in log_text(tmp_path)


OTHERS = {
    "bug": (KeyError("x"), 70),
    "disk full": (OSError(errno.ENOSPC, "No space left on device", "a.nii"), 74),
    "quota": (OSError(errno.EDQUOT, "Disk quota exceeded", "a.nii"), 74),
    "disk broken": (OSError(errno.EIO, "Input/output error", "a.nii"), 74),
    "no permission": (PermissionError(errno.EACCES, "Permission denied", "a.nii"), 73),
    "read-only": (OSError(errno.EROFS, "Read-only file system", "a.nii"), 73),
    "memory": (MemoryError(), 70),
    "several lines": (ValueError("one\ntwo"), 70),
}


@pytest.mark.parametrize(("error", "expected"), OTHERS.values(), ids=OTHERS)
def test_an_unforeseen_error_names_the_file_with_the_traceback(app, error, expected, tmp_path):
    code, out, err = app("participant", participant=raising(error))
    last = err.splitlines()[-1]
    assert code == expected
    assert last.startswith("bidsapp: ")
    assert "Traceback" not in out + err
    (log,) = (tmp_path / "out" / "logs").glob("*.log")
    assert last.endswith(f"Details: {log}")
    assert "Traceback (most recent call last)" in log.read_text()


def test_an_interrupt_says_how_to_go_on(app):
    code, _, err = app("participant", participant=raising(KeyboardInterrupt()))
    assert code == 130
    assert "Run the same command again" in err
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # a second one cannot cut the end short


def test_a_termination_by_the_system_is_told_from_an_interrupt(app):
    def level(settings, progress):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)

    code, _, err = app("participant", participant=level)
    assert code == 143
    assert "SIGTERM" in err


def test_a_dry_run_writes_nothing(app, tmp_path):
    code, out, _ = app("participant", "--dry-run")
    assert code == 0
    assert "nothing is written" in out
    assert not (tmp_path / "out").exists()


def test_a_dry_run_plans_for_the_device_that_a_run_would_take(app, tmp_path, monkeypatch):
    monkeypatch.setattr("bidsapp.workflows.device.DRIVERS", ())
    seen = []
    app("participant", "--dry-run", plan=lambda settings: seen.append(settings.device) or [])
    fake = sys.modules["bidsapp.workflows.run"]
    words = [str(tmp_path / "in"), str(tmp_path / "out"), "participant"]
    fake.run_participant = lambda settings, progress: seen.append(settings.device) or ExitCode.OK
    assert program.main([*words, "--dry-run"]) == program.main(words) == 0
    assert seen == ["cpu", "cpu", "cpu"]


def test_a_dry_run_of_the_group_needs_no_raw_data(tmp_path, capsys):
    (tmp_path / "out" / "logs" / "sub-1").mkdir(parents=True)
    findings = '{"analysis": "a", "title": "A", "subject": "1", "session": null, "summary": ""'
    (tmp_path / "out" / "logs" / "sub-1" / "findings-a.json").write_text(
        findings + ', "scores": [], "maps": [], "tables": [], "warnings": []}'
    )
    assert program.main([str(tmp_path / "nowhere"), str(tmp_path / "out"), "group", "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "group: from 1 session of 1 subject."


def test_a_missing_dataset_is_told_before_anything_is_written(app, tmp_path):
    shutil.rmtree(tmp_path / "in")
    code, _, err = app("participant")
    assert code == ExitCode.NO_INPUT
    assert "does not exist" in err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_no_dataset_gets_no_output(app, tmp_path):
    (tmp_path / "in" / "dataset_description.json").unlink()
    assert app("participant")[0] == ExitCode.NOT_BIDS
    assert not (tmp_path / "out").exists()


def test_a_log_is_never_written_into_the_dataset(tmp_path, capsys):
    (tmp_path / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.10.0"}')
    assert program.main([str(tmp_path), str(tmp_path), "participant"]) == ExitCode.USAGE
    assert len(list(tmp_path.iterdir())) == 1


def test_the_group_level_needs_no_raw_data(app, tmp_path):
    shutil.rmtree(tmp_path / "in")
    (tmp_path / "out").mkdir()
    assert app("group")[0] == 0


def test_the_group_level_of_a_mistyped_folder_makes_none(app, tmp_path):
    assert app("group")[0] == ExitCode.NO_INPUT
    assert not (tmp_path / "out").exists()


def test_an_output_folder_that_is_a_file_cannot_be_written(app, tmp_path):
    (tmp_path / "out").write_text("")
    code, _, err = app("participant")
    assert code == ExitCode.CANNOT_WRITE
    assert str(tmp_path / "out") in err


def test_a_reader_that_goes_away_is_no_error_of_ours(tmp_path):
    (tmp_path / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.10.0"}')
    code = (
        "import sys\nfrom types import SimpleNamespace as N\n"
        "plan = N(subject='01', session=None, images={}, covariates={}, steps=(), done=(), missing={},"
        "notes=())\n"
        "sys.modules['bidsapp.workflows.run'] = N(plan=lambda settings: [plan] * 100_000)\n"
        "from bidsapp.cli.main import main\n"
        f"sys.exit(main([{str(tmp_path)!r}, {str(tmp_path.parent / 'out')!r}, 'participant', '--dry-run']))"
    )
    writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert writer.stdout is not None
    writer.stdout.readline()
    writer.stdout.close()
    assert writer.stderr is not None
    assert writer.stderr.read() == b""
    assert writer.wait(30) == 141


def test_a_sentence_that_cannot_be_written_does_not_change_the_exit_code(tmp_path):
    with open("/dev/full", "w") as full:
        words = [tmp_path / "none", tmp_path / "out", "participant"]
        done = subprocess.run([*PROGRAM, *words], stderr=full, check=False)
    assert done.returncode == ExitCode.NO_INPUT


def test_a_path_with_any_letters_is_shown_on_any_terminal(tmp_path):
    folder = tmp_path / "Löwe—\udcff"
    folder.mkdir()
    (folder / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.10.0"}')
    code = (
        "import sys\nfrom types import SimpleNamespace as N\n"
        "sys.modules['bidsapp.workflows.run'] = N(plan=lambda settings: [])\n"
        "from bidsapp.cli.main import main\n"
        "sys.exit(main([sys.argv[1], sys.argv[1] + '-out', 'participant', '--dry-run']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, folder],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "L\\xf6we\\u2014\\udcff" in done.stdout
