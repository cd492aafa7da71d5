"""Where a dataset seems to say who a person is: found by field and form, told without its value, not copied.

BIDS datasets are to hold no names and dates, but converters write what DICOM has: dcm2niix with ``-ba n``
puts ``PatientName`` into sidecars, others put it into ``descrip`` or keep the DICOM header as a NIfTI
extension. A warning is all that can be given; that none comes proves nothing, and faces are not looked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from bidsapp.errors import BidsAppError

_DICOM_NAME = re.compile(r"[^\W\d_]{2}\^[^\W\d_]{2}")  # of Doe^Jane; of fixed length: texts may be long
_NAME = re.compile(r"^\s*[^\W\d_]{2,}, [^\W\d_]{2,}\s*$")  # Doe, Jane; in a sidecar it may be Bonn, Germany
_DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d([-./]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])"  # 19600131, 1960-01-31
    r"|(?:0?[1-9]|[12]\d|3[01])[./](?:0?[1-9]|[12]\d|3[01])[./](?:19|20)\d\d)(?!\d)"  # 31.1.1960, 1/31/1960
)
_WORD = re.compile(r"\b(?:patient|born|birth|dob|surname)\b", re.IGNORECASE)
_YEAR = re.compile(r"\d{4}")
_SHIFTED = 1925  # BIDS: dates of anonymised scans lie before this year
_SHOWN = 40
DICOM = 2
"""Code of a NIfTI extension that holds DICOM attributes (nifti1.h, ``NIFTI_ECODE_DICOM``)."""


def identifying_field(field: str) -> str | None:
    """Say what a field of a sidecar or column of a table holds by its name, or ``None``.

    Examples
    --------
    >>> identifying_field("PatientBirthDate"), identifying_field("date_of_birth")
    ('a birth date', 'a birth date')
    """
    return _fields().get(_plain(field))


def without_identifiers(
    content: Mapping[str, object], source: str, label: str
) -> tuple[dict[str, object], list[str]]:
    """Leave out what seems to tell who a person is.

    Parameters
    ----------
    content
        A sidecar, or a row of a table, by field.
    source
        Name of the file, for the sentences.
    label
        Of the subject; a field that holds nothing else is kept.

    Returns
    -------
    kept, warnings
        The other fields, and a sentence for each field that was left out and was not empty.
    """
    kept: dict[str, object] = {}
    warnings: list[str] = []
    for field, value in content.items():
        what = identifying_field(field)
        if what is None and isinstance(value, str):
            what = "a person's name" if _DICOM_NAME.search(value) else None
        if what is None or _plain(str(value)) in {_plain(label), f"sub{_plain(label)}"}:
            kept[field] = value
        elif not _is_empty(value, what):
            warnings.append(_sentence(source, f"the field {field[:_SHOWN]}", what))
    return kept, warnings


def header_warnings(path: Path) -> list[str]:
    """Look for a name or date in the free text and the extensions of a NIfTI header.

    A header that cannot be read gives nothing: the checks of the images say what is wrong with it.
    """
    from bidsapp.nifti import open_image, read_extensions, read_header

    try:
        with open_image(path) as image:
            header = read_header(image)
            extensions = read_extensions(image, header)
    except BidsAppError:
        return []
    names = [name for name in _declared()["texts"]["header"] if name in header]
    texts = [(f"the header's {name}", _text(bytes(header[name]))) for name in names]
    texts += [("a header extension", _text(content)) for code, content in extensions if code != DICOM]
    found = [(where, what) for where, text in texts if (what := _identifying_text(text))]
    if any(code == DICOM for code, _ in extensions):
        found.append(("a DICOM extension of the header", "what DICOM says of a person"))
    return [_sentence(path.name, where, what) for where, what in dict(found).items()]


def _sentence(source: str, where: str, what: str) -> str:
    return f"{source}: {where} seems to hold {what}; remove it before sharing (it was not read or copied)."


def _identifying_text(text: str) -> str | None:
    if _DICOM_NAME.search(text) or _NAME.search(text):
        return "a person's name"
    if _DATE.search(text):
        return "a date"
    return "words on a person" if _WORD.search(text) else None


def _is_empty(value: object, what: str) -> bool:
    if what == "a date of the scan" and (year := _YEAR.match(str(value))):
        return int(year[0]) <= _SHIFTED
    return value in (None, [], {}) or str(value).strip().lower() in _declared()["texts"]["empty"]


def _text(content: bytes) -> str:
    return content.replace(b"\0", b" ").decode("latin-1")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


@cache
def _fields() -> Mapping[str, str]:
    return {_plain(field): what for what, fields in _declared()["fields"].items() for field in fields}


@cache
def _declared() -> dict[str, dict[str, list[str]]]:
    text = (files("bidsapp") / "data" / "identifiers.json").read_text(encoding="utf-8")
    content: dict[str, dict[str, list[str]]] = json.loads(text)
    return content
