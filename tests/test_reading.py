"""Text from outside is strict, bounded, and refused in a sentence."""

import os

import pytest

from bidsapp.errors import BadDataError, BidsAppError, NoInputError
from bidsapp.limits import JSON_DEPTH, TABLE_CELL, TABLE_COLUMNS
from bidsapp.reading import parse_json, read_bytes, read_json, read_object, read_toml, split_table


def refused(read, path, words):
    with pytest.raises(BidsAppError, match=words) as caught:
        read(path)
    text = str(caught.value)
    assert str(path) in text
    assert text.isprintable()
    assert text.endswith(".")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"EchoTime": NaN}', "NaN is no number"),
        (b'{"EchoTime": -Infinity}', "-Infinity is no number"),
        (b'{"EchoTime": 1e999}', "a number is too large"),
        (b'{"EchoTime": ' + b"9" * 5000 + b"}", "a number is too large"),
        (b'{"EchoTime": 1, "EchoTime": 2}', "key 'EchoTime' is there twice"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[" * (JSON_DEPTH + 1) + b"]" * (JSON_DEPTH + 1), "nested too deeply"),
        (b'{"a": "\\ud800"}', "surrogates not allowed"),
        ('{"a": "é"}'.encode("latin-1"), "not valid JSON"),
        ("{}".encode("utf-16"), "not valid JSON"),
        (b"", "not valid JSON"),
        (b"[]", "must hold a JSON object"),
    ],
)
def test_json_that_is_not_strict_is_refused(tmp_path, content, words):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    refused(read_object, path, words)


def test_what_is_odd_and_clear_is_read():
    assert parse_json(b'\xef\xbb\xbf{"a": 1, "a": 1, "b": -0.5e-3, "c": "\\ud83e\\udde0"}') == {
        "a": 1,
        "b": -0.0005,
        "c": "\U0001f9e0",
    }
    whole = b"[" * JSON_DEPTH + b"]" * JSON_DEPTH
    assert parse_json(whole)[0][0] is not None
    assert parse_json(b"9223372036854775807") == 2**63 - 1


def test_a_file_beyond_its_limit_is_refused_and_one_at_it_is_read(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(bytes(100))
    assert len(read_bytes(path, 100)) == 100
    refused(lambda file: read_bytes(file, 99), path, "larger than")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    refused(read_json, tmp_path / "pipe.json", "a pipe or device")
    refused(read_json, tmp_path, "a directory")
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    refused(read_json, tmp_path / "zero.json", "a pipe or device")
    with pytest.raises(NoInputError, match="No such file"):
        read_json(tmp_path / "none.json")


@pytest.mark.parametrize("content", [b"a = " + b"[" * 5000, b"a = = 1", b"a = '\xe4'", b"a = " + b"9" * 5000])
def test_toml_that_is_none_is_refused(tmp_path, content):
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    refused(read_toml, path, "not valid TOML")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\tb\n" + "\t" * TABLE_COLUMNS, "columns"),
        ("\t" * (TABLE_COLUMNS - 1) + "\n" + "x\n" * 1001, "more than a table of people"),
        ("a\n" + "x" * (TABLE_CELL + 1), "a cell of more than"),
        ('a\n"' + "x\n" * 200_000, "no table with tabs"),
    ],
    ids=["columns", "cells", "cell", "open quotation mark"],
)
def test_a_table_beyond_its_limits_is_refused(tmp_path, text, words):
    refused(lambda path: split_table(text, path), tmp_path / "participants.tsv", words)


def test_a_table_is_split_whatever_its_newlines(tmp_path):
    assert split_table("a\tb\r\n1\0\t2\r3\t4\n", tmp_path) == [["a", "b"], ["1", "2"], ["3", "4"]]


def test_an_error_is_one_printable_line():
    assert (
        str(BadDataError("sub-01\n\x1b[2J\u202e.nii is broken.")) == r"sub-01\n\x1b[2J\u202e.nii is broken."
    )
