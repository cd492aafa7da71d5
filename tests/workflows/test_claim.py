import errno
import fcntl
import multiprocessing

import pytest

from bidsapp.errors import CannotWriteError, TryAgainError
from bidsapp.workflows.claim import claim


def try_claim(folder, answers):
    try:
        with claim(folder, "01"):
            answers.put("held")
    except TryAgainError as error:
        answers.put(str(error))


def ask_in_another_process(folder):
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=try_claim, args=(folder, answers))
    process.start()
    answer = answers.get(timeout=60)
    process.join()
    return answer


def test_a_second_run_is_told_to_try_again(tmp_path):
    with claim(tmp_path / "sub-01", "01"):
        assert "another run works on this subject" in ask_in_another_process(tmp_path / "sub-01")
    assert ask_in_another_process(tmp_path / "sub-01") == "held"


def test_an_empty_folder_is_not_left_behind_and_work_to_go_on_from_is(tmp_path):
    folder = tmp_path / "work" / "sub-01"
    with claim(folder, "01"):
        assert folder.is_dir()
    assert not folder.exists()
    with claim(folder, "01"):
        (folder / "step").write_text("half done")
    assert (folder / "step").read_text() == "half done"
    with claim(folder, "01"):
        (folder / "step").unlink()
        folder.rmdir()


def test_a_disk_without_locks_is_no_other_run(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with (
        pytest.raises(CannotWriteError, match=r"knows no locks .* choose another --work-dir"),
        claim(tmp_path / "sub-01", "01"),
    ):
        pass


def test_an_unwritable_work_folder_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(CannotWriteError, match="choose a writable folder"),
        claim(tmp_path / "file" / "sub-01", "01"),
    ):
        pass
