"""A library of bad input: how to make it, what the app must say, and with which exit code."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

import numpy as np

from tests.faults import images as im


@dataclass(frozen=True)
class SubjectFault:
    """One broken subject among sound ones; the run goes on and ends with code 1.

    Attributes
    ----------
    name
        Also the subject's label.
    harm
        Breaks the T1w image whose path it is given.
    sentence
        Pattern that the subject's sentence must fit.
    code
        Exit code in the subject's status.
    """

    name: str
    harm: im.Harm
    sentence: str
    code: int = 65


def _colour(data: np.ndarray) -> np.ndarray:
    colour = np.zeros(data.shape, dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    colour["R"] = np.clip(data / 4, 0, 255)
    return colour


def _some_bad(data: np.ndarray) -> np.ndarray:
    mended = data.astype(np.float32)
    mended[:2] = np.nan
    mended[-1] = np.inf
    return mended


_NO_FORM = im.both(im.with_field("qform_code", 0), im.with_field("sform_code", 0))

SUBJECT_FAULTS = (
    SubjectFault("truncated", im.cut, r"truncated"),
    SubjectFault("corrupt", im.flip, r"truncated or corrupt"),
    SubjectFault("checksum", im.flip_checksum, r"corrupt"),
    SubjectFault("noVoxels", im.with_bytes(lambda raw: raw[:352]), r"truncated"),
    SubjectFault("halfHeader", im.with_bytes(lambda raw: raw[:200]), r"not a NIfTI"),
    SubjectFault("allNan", im.with_data(lambda d: np.full(d.shape, np.nan, np.float32)), r"not finite"),
    SubjectFault("allInf", im.with_data(lambda d: np.full(d.shape, np.inf, np.float32)), r"not finite"),
    SubjectFault("zeros", im.with_data(np.zeros_like), r"all zeros"),
    SubjectFault("constant", im.with_data(lambda d: np.full_like(d, 7)), r"constant \(7\)"),
    SubjectFault("flat", im.with_data(lambda d: d[:, :, 20]), r"two-dimensional"),
    SubjectFault("oneSlice", im.with_data(lambda d: d[:, :, 20:21]), r"two-dimensional"),
    SubjectFault("frames", im.with_data(lambda d: np.stack([d] * 5, axis=-1)), r"5 frames"),
    SubjectFault("fiveD", im.with_data(lambda d: np.stack([d[..., None]] * 3, axis=-1)), r"5 dimensions"),
    SubjectFault("colour", im.with_data(_colour), r"colour voxels"),
    SubjectFault("complex", im.with_data(lambda d: d.astype(np.complex64)), r"complex64 voxels"),
    SubjectFault("hugeDims", im.with_field("dim", [3, 30000, 30000, 30000, 1, 1, 1, 1]), r"more than a head"),
    SubjectFault("negativeDims", im.with_field("dim", [3, -40, 50, 50, 1, 1, 1, 1]), r"unreadable header"),
    SubjectFault("noDims", im.with_field("dim", [0] * 8), r"unreadable header"),
    SubjectFault("datatype", im.with_field("datatype", 999), r"unknown type"),
    SubjectFault("offset", im.with_field("vox_offset", 1e12), r"vox_offset"),
    SubjectFault("zeroVoxel", im.with_field("pixdim", {2: 0.0}), r"voxels of"),
    SubjectFault("metres", im.with_field("pixdim", {1: 0.004, 2: 0.004, 3: 0.004}), r"voxels of 0\.004"),
    SubjectFault("nanVoxel", im.with_field("pixdim", {1: np.nan}), r"voxels of"),
    SubjectFault("smallField", im.with_data(lambda d: d[20:30, 20:30, 20:30]), r"which is no head"),
    SubjectFault("noForm", _NO_FORM, r"says nothing of its orientation"),
    SubjectFault(
        "singular",
        im.both(im.with_field("qform_code", 0), im.with_field("srow_x", [0, 0, 0, 0])),
        r"singular affine",
    ),
    SubjectFault(
        "nanAffine",
        im.both(im.with_field("qform_code", 0), im.with_field("srow_y", [np.nan] * 4)),
        r"singular affine",
    ),
    SubjectFault(
        "wrongAffine",
        im.both(im.with_field("qform_code", 0), im.with_field("srow_x", [0, 0, 400, 0])),
        r"affine with voxels of",
    ),
    SubjectFault("text", im.replace(gzip.compress(b"no image " * 100)), r"not a NIfTI"),
    SubjectFault("dicom", im.replace(bytes(128) + b"DICM" + bytes(4000)), r"not a NIfTI"),
    SubjectFault("magic", im.with_field("magic", b"abc\0"), r"not a NIfTI"),
    SubjectFault("pair", im.with_field("magic", b"ni1\0"), r"half of a header/image pair"),
    SubjectFault("emptyGzip", im.replace(gzip.compress(b"")), r"is empty"),
    SubjectFault("emptyFile", im.replace(b""), r"0 bytes", 66),
    SubjectFault("pointer", im.replace(b"/annex/objects/MD5E-s1--0.nii.gz\n"), r"datalad get", 66),
    SubjectFault("dangling", im.dangle, r"the link points nowhere", 66),
    SubjectFault("loop", im.loop, r"the link points nowhere", 66),
    SubjectFault("folder", im.folder, r"no anatomical image", 66),
    SubjectFault("nothing", im.remove, r"no anatomical image", 66),
    SubjectFault("brokenJson", im.sidecar(b'{"EchoTime": 0.03,'), r"_T1w\.json is not valid JSON"),
    SubjectFault("listJson", im.sidecar(b'["EchoTime"]'), r"_T1w\.json must hold a JSON object"),
    SubjectFault(
        "latinJson",
        im.sidecar('{"Institution": "Kliniküm"}'.encode("latin-1")),
        r"_T1w\.json is not valid JSON",
    ),
    SubjectFault("emptyJson", im.sidecar(b""), r"_T1w\.json is not valid JSON"),
    SubjectFault("noBrain", im.noise, r"[Bb]rain"),
)

#: What a subject may have and yet finish; all of it is done to one subject.
ODD_BUT_USABLE = (
    im.with_data(lambda d: _some_bad(d)[..., None]),
    im.disagree,
    im.uncompress,
)
