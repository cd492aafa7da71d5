import errno
import hashlib

import pytest

from bidsapp.errors import CannotWriteError, InputOutputError
from bidsapp.files import digest_file, digest_json, write_atomically, write_json, write_text


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    path = write_text(tmp_path / "a.txt", "old")

    def fail(stream):
        stream.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(InputOutputError, match="free space"):
        write_atomically(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWriteError, match="choose a writable folder"):
        write_text(tmp_path / "file" / "a.txt", "")


def test_files_can_be_read_by_others(tmp_path):
    assert write_text(tmp_path / "a.txt", "").stat().st_mode & 0o044 == 0o044


def test_json_has_no_nan(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"x": float("nan")})


def test_digests(tmp_path):
    path = write_text(tmp_path / "a.txt", "abc")
    assert digest_file(path) == hashlib.sha256(b"abc").hexdigest()
    assert digest_json({"a": 1, "b": 2}) == digest_json({"b": 2, "a": 1}) != digest_json({"a": 1, "b": 3})
