"""A bundle may come from a stranger: what it holds is judged as data before anything of it is used.

Nothing of a bundle is ever run: metadata are strict JSON of known types, weights are safetensors, and the
folder holds plain files of a few kinds and no link that leads out of it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

from bidsapp.errors import BadDataError, BundleError
from bidsapp.limits import (
    BUNDLE_BYTES,
    BUNDLE_FILES,
    BUNDLE_METADATA_BYTES,
    JSON_BYTES,
    MEBIBYTE,
    NETWORK_FEATURES,
    WEIGHTS_HEADER_BYTES,
)
from bidsapp.reading import parse_json, read_object

ALLOWED = {".json", ".md", ".safetensors", ".txt", ".tsv", ""}
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,99}")


def is_name(value: object) -> bool:
    """Tell whether a value can be a part of a path: letters, digits and ``. _ + -``, not at its beginning."""
    return isinstance(value, str) and bool(_NAME.fullmatch(value))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 20_000


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and len(value) <= 1000 and all(_is_text(item) for item in value)


def _is_names(value: object) -> bool:
    return isinstance(value, list) and len(value) <= 1000 and all(is_name(item) for item in value)


def _is_features(value: object) -> bool:
    sizes = value if isinstance(value, list) and len(value) <= 20 else [None]
    return all(type(size) is int and 1 <= size <= NETWORK_FEATURES for size in sizes)


_Check = tuple[Callable[[object], bool], str]
_TEXT: _Check = (_is_text, "a text")
_PATH_NAME: _Check = (is_name, "a name of letters, digits, '.', '_', '+' and '-'")
_NAMES: _Check = (_is_names, "a list of names of letters, digits, '.', '_', '+' and '-'")
_TEXTS: _Check = (lambda value: _is_text(value) or _is_texts(value), "a text or a list of texts")

REQUIRED: Mapping[str, _Check] = {
    "name": _PATH_NAME,
    "version": _TEXT,
    "analysis": _PATH_NAME,
    "description": _TEXT,
    "authors": _TEXTS,
    "copyright": _TEXT,
    "data_source": _TEXTS,
    "task": _TEXT,
}
"""Keys that metadata must have, each with what it must be."""
OPTIONAL: Mapping[str, _Check] = {
    "modalities": _NAMES,
    "any_modality_of": _NAMES,
    "networks": _NAMES,
    "features": (_is_features, f"a list of numbers from 1 to {NETWORK_FEATURES}"),
}
"""Keys that may be missing; further ones are judged by the analysis that needs them."""


def check_folder(path: Path) -> None:
    """Judge the files of a bundle by kind, number and size, without following a link out of it.

    Raises
    ------
    BundleError
        One sentence that names the file.
    """
    root, size = path.resolve(), 0
    for number, item in enumerate(path.rglob("*"), start=1):
        if number > BUNDLE_FILES:
            raise BundleError(f"Bundle {path} holds more than {BUNDLE_FILES} files; copy it again.")
        if item.is_symlink() and not _is_inside(item, root):
            raise BundleError(f"{item} points outside of its bundle; copy the bundle with its files.")
        if item.is_dir():
            continue
        if not item.is_file() or item.suffix not in ALLOWED:
            raise BundleError(
                f"{item} is no file of a bundle (only JSON, Markdown, text and safetensors are)."
            )
        size += item.stat().st_size
        if item.suffix == ".json" and item.stat().st_size > JSON_BYTES:
            raise BundleError(f"{item} is larger than {JSON_BYTES // MEBIBYTE} MiB; copy the bundle again.")
        if item.suffix == ".safetensors":
            check_weights(item)
    if size > BUNDLE_BYTES:
        raise BundleError(f"Bundle {path} is larger than {BUNDLE_BYTES // 1024 // MEBIBYTE} GiB.")


def check_weights(path: Path) -> None:
    """Judge the header of a safetensors file, before a library gives out memory for what it promises.

    Raises
    ------
    BundleError
        The header is larger than the file or than any network's, is no JSON, or names bytes beyond the file.
    """
    stored = path.stat().st_size
    with path.open("rb") as stream:
        start = stream.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else stored
        if length > min(stored - 8, WEIGHTS_HEADER_BYTES):
            raise BundleError(f"{path} has a damaged header; train or copy the bundle again.")
        head = stream.read(length)
    try:
        content = parse_json(head)
        entries = [item for name, item in _items(content) if name != "__metadata__"]
        ends = [offset for item in entries for offset in item["data_offsets"]]
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(
            f"{path} has a damaged header ({error}); train or copy the bundle again."
        ) from error
    if not all(type(end) is int and 0 <= end <= stored - 8 - length for end in ends):
        raise BundleError(f"{path} is truncated; train or copy the bundle again.")


def read_metadata(path: Path) -> dict[str, object]:
    """Read ``configs/metadata.json`` and check that each key is there and is what it must be.

    Raises
    ------
    BundleError
        One sentence that names the file and the key.
    """
    try:
        metadata = read_object(path, BUNDLE_METADATA_BYTES)
    except BadDataError as error:
        reason = str(error).partition(";")[0]
        raise BundleError(f"{reason}; train or copy the bundle again.") from error
    missing = [key for key in REQUIRED if key not in metadata]
    if missing:
        raise BundleError(f"{path} lacks {', '.join(missing)}; train or copy the bundle again.")
    for key, (is_right, what) in {**REQUIRED, **OPTIONAL}.items():
        if key in metadata and not is_right(metadata[key]):
            raise BundleError(f"{path}: '{key}' must be {what}; train or copy the bundle again.")
    return metadata


def _is_inside(link: Path, root: Path) -> bool:
    try:
        return link.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):  # it leads nowhere, or round and round
        return False


def _items(content: object) -> list[tuple[str, dict[str, list[int]]]]:
    if not isinstance(content, dict) or not all(isinstance(item, dict) for item in content.values()):
        raise TypeError("no object of objects")
    return list(content.items())
