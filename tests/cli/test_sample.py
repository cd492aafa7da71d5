"""``bidsapp-sample`` writes what was asked for, and says in one sentence why it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidsapp.cli.sample import main
from bidsapp.errors import ExitCode


def test_it_writes_the_subjects_that_were_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main([str(tmp_path / "new"), "--subjects", "control03", "--voxel-size", "4", "--seed", "7"])
        == ExitCode.OK
    )
    assert [path.name for path in (tmp_path / "new").glob("sub-*")] == ["sub-control03"]
    assert "simulated" in capsys.readouterr().out


def test_a_full_folder_is_refused_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main([str(tmp_path)]) == ExitCode.CANNOT_WRITE
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "words", [[], ["x", "--voxel-size", "tiny"], ["x", "--seed", "-2"], ["x", "--subjects", "me"]]
)
def test_wrong_usage_has_its_exit_code(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == ExitCode.USAGE
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_and_version_are_no_errors(word: str) -> None:
    assert main([word]) == ExitCode.OK
