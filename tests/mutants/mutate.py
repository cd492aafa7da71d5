"""Makes broken files of sound ones, by bytes and by structure; the same chance gives the same mutant."""

from __future__ import annotations

import gzip
import json
import random
import struct
from collections.abc import Callable
from functools import cache

import nibabel as nib
import numpy as np

NESTED = 5000
ODD_VALUES: tuple[object, ...] = (
    None, True, False, 0, -1, 0.0, -1e-300, 1e300, 2**31, 2**63, 10**30, "", " ", "\0", "\x1b[2J", "\u202e",
    "../../../outside", "/etc/passwd", "C:\\", "<script>alert(1)</script>", "'; DROP TABLE tags; --", "nan",
    "=cmd|' /C calc'!A0", "A" * 70_000, [], {}, [None], ["x", 1, {}], {"a": {"b": []}}, [1e9] * 50, "2,5",
)  # fmt: skip
ODD_TOKENS = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1f\x8b", b"\t", b"\t\t\t\t", b"\n", b"\r", b'"', b"NaN",
    b"-Infinity", b"1e999", b"9" * 400, b"../", b"\x1b]0;x\x07", b"{", b"[[[[", b"# ", b"=",
    b"%s%n", b"\xed\xa0\x80",
)  # fmt: skip
ODD_NUMBERS = (0, 1, -1, 2, 255, 348, 540, 32767, -32768, 2**31 - 1, -(2**31), 2**62)
ODD_REALS = (
    0.0,
    -0.0,
    1e-30,
    -1.0,
    1e30,
    3.4e38,
    float("nan"),
    float("inf"),
    float("-inf"),
    0.5,
    352.0,
    1e12,
)


def mutate_bytes(data: bytes, chance: random.Random) -> bytes:
    """Change a few bytes: flipped, cut, doubled, dropped, overwritten or with an odd token between them."""
    content = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        place, length = chance.randrange(len(content) + 1), chance.choice((1, 1, 2, 8, 64, 1024))
        what = chance.randrange(6)
        if what == 0 and place < len(content):
            content[place] ^= 1 << chance.randrange(8)
        elif what == 1:
            content[place : place + length] = chance.randbytes(length)
        elif what == 2:
            del content[place : place + length]
        elif what == 3:
            content[place:place] = content[place : place + length]
        elif what == 4:
            content[place:place] = chance.choice(ODD_TOKENS)
        elif chance.random() < 0.3:
            del content[place:]
    return bytes(content)


def mutate_value(value: object, chance: random.Random) -> object:
    """Change one place in a tree of JSON or TOML: another value, another key, one too few or too many."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(list(value))
        changed = dict(value)
        what = chance.randrange(6)
        if what == 0:
            del changed[key]
        elif what == 1:
            changed[str(chance.choice(ODD_VALUES))[:200]] = value[key]
        else:
            changed[key] = mutate_value(value[key], chance)
        return changed
    if isinstance(value, list) and value and chance.random() < 0.7:
        place = chance.randrange(len(value))
        how: tuple[Callable[[], list[object]], ...] = (
            lambda: value[:place] + value[place + 1 :],
            lambda: value * 3,
            lambda: [*value[:place], mutate_value(value[place], chance), *value[place + 1 :]],
        )
        return chance.choice(how)()
    return chance.choice(ODD_VALUES)


def mutate_json(value: object, chance: random.Random) -> bytes:
    """Change the tree, the way it is written, or the bytes."""
    for _ in range(chance.choice((1, 1, 2, 5))):
        value = mutate_value(value, chance)
    text = json.dumps(value)
    what = chance.randrange(12)
    if what == 0:
        text = "[" * NESTED + text + "]" * NESTED
    elif what == 1:
        text = text.replace("}", ', "x": 1, "x": NaN}', 1)
    elif what == 2:
        text = text.replace(": ", ": 1e999, ", 1)
    elif what == 3:
        text = text.replace("{", '{"EchoTime": 1, "EchoTime": 2, ', 1)
    data = text.encode("utf-16" if what == 4 else "utf-8", "backslashreplace")
    if what == 5:
        data = b"\xef\xbb\xbf" + data
    return mutate_bytes(data, chance) if what > 8 else data


def mutate_table(text: str, chance: random.Random) -> bytes:
    """Change cells, rows and columns of tab-separated text, then perhaps bytes."""
    rows = [line.split("\t") for line in text.splitlines()]
    for _ in range(chance.choice((1, 1, 2, 6))):
        row = chance.choice(rows) if rows else []
        most = 100 if len(rows) > 100 else 100_000  # a file of gigabytes is no test of what reads it
        what = chance.randrange(6)
        if what == 0 and row:
            row[chance.randrange(len(row))] = str(chance.choice(ODD_VALUES))[:most]
        elif what == 1 and row:
            del row[chance.randrange(len(row))]
        elif what == 2:
            row += [str(chance.choice(ODD_VALUES))[:100]] * min(most, chance.choice((1, 1, 30_000)))
        elif what == 3:
            few = sum(map(len, row)) > 100
            rows += [list(row)] * (1 if few else chance.choice((1, 1, 20_000)))
        elif what == 4 and row:
            rows.remove(row)
        elif row:
            odd = chance.choice(('"', '"a\nb"', "1e999", "0" * 50_000, "sub-../x"))
            row[chance.randrange(len(row))] = odd[:most]
    data = "\n".join("\t".join(row) for row in rows).encode("utf-8", "backslashreplace")
    return mutate_bytes(data, chance) if chance.random() < 0.4 else data


def mutate_header(raw: bytes, chance: random.Random) -> bytes:
    """Set fields of a NIfTI-1 header to what they cannot be."""
    header = nib.Nifti1Header(raw[:348], check=False)
    for _ in range(chance.choice((1, 1, 2, 4))):
        name = chance.choice((*header.keys(), "dim", "dim", "pixdim", "vox_offset", "datatype", "srow_x"))
        field = header[name]
        odd = ODD_REALS if field.dtype.kind == "f" else ODD_NUMBERS
        if field.dtype.kind == "S":
            header[name] = chance.choice(ODD_TOKENS)[: field.dtype.itemsize]
        else:
            place = chance.randrange(field.size) if field.ndim else ()
            with np.errstate(all="ignore"):
                value = np.asarray(chance.choice(odd)).astype(field.dtype)
            header[name][place] = value
    return bytes(header.binaryblock) + raw[348:]


def mutate_image(raw: bytes, chance: random.Random) -> bytes:
    """Change the header, the extensions, the voxels or the compression."""
    what = chance.randrange(8)
    if what < 5:
        raw = mutate_header(raw, chance)
    elif what == 5:
        sizes = struct.pack("<ii", chance.choice(ODD_NUMBERS) % 2**31, chance.choice((2, 4, 6, 44)))
        raw = raw[:348] + b"\1\0\0\0" + sizes + raw[352:]
    else:
        raw = mutate_bytes(raw, chance)
    kind = chance.randrange(10)
    if kind < 3:
        return raw
    if kind == 3:
        raw += bytes(chance.choice((10, 3_000_000)))
    packed = gzip.compress(raw, 1, mtime=0)
    if kind == 4:
        packed += chance.choice((bytes(100), packed, _zeros(), b"junk"))
    return mutate_bytes(packed, chance) if kind == 5 else packed


@cache
def _zeros() -> bytes:
    """Give 30 MB in 30 kB."""
    return gzip.compress(bytes(30_000_000), 1, mtime=0)


def mutate_weights(data: bytes, chance: random.Random) -> bytes:
    """Change the length of a safetensors header, what it says, or bytes."""
    (length,) = struct.unpack("<Q", data[:8])
    what = chance.randrange(4)
    if what == 0:
        odd = (0, 1, length - 1, length + 1, len(data), 2**31, 2**40, 2**63, 2**64 - 1)
        return struct.pack("<Q", chance.choice(odd)) + data[8:]
    if what == 1:
        head = mutate_json(json.loads(data[8 : 8 + length]), chance)
        return struct.pack("<Q", len(head)) + head + data[8 + length :]
    if what == 2:
        return b"\x80\x04\x95" + data  # as a pickle begins
    return mutate_bytes(data, chance)
