"""The Boutiques descriptor, made from the declared options; a test holds ``descriptor.json`` to it."""

from __future__ import annotations

import json
import sys

from bidsapp import __version__
from bidsapp.cli.options import LEVELS, Option, options
from bidsapp.cli.parser import POSITIONALS, help_text
from bidsapp.errors import ExitCode

_TYPES = {
    "integer": "Number",
    "number": "Number",
    "path": "File",
    "filters": "File",
    "flag": "Flag",
    "count": "Flag",
}
MEANINGS = {
    ExitCode.SUBJECT_FAILED: "A subject failed; the others were finished.",
    ExitCode.NOT_BIDS: "The input is not a BIDS dataset.",
    ExitCode.UNKNOWN_LEVEL: "Unknown analysis level.",
    ExitCode.NOTHING_SELECTED: "A filter selected nothing.",
    ExitCode.USAGE: "The command line makes no sense.",
    ExitCode.BAD_DATA: "A file holds what cannot be used.",
    ExitCode.NO_INPUT: "A file or folder that was asked for is not there.",
    ExitCode.UNAVAILABLE: "A needed part is missing: GPU, bundle, analysis, template.",
    ExitCode.INTERNAL: "Internal error.",
    ExitCode.CANNOT_WRITE: "The output or work folder cannot be written.",
    ExitCode.INPUT_OUTPUT: "Reading or writing failed midway, as when a disk is full.",
    ExitCode.TRY_AGAIN: "Another run holds what is needed; try again.",
}


def descriptor() -> dict[str, object]:
    """Give the descriptor (Boutiques schema 0.5)."""
    kept = list(options().values())
    keys = [f"[{name.upper()}]" for name in POSITIONALS] + [_key(option) for option in kept]
    return {
        "name": "bidsapp",
        "description": "BIDS App for multimodal MRI and PET: from a BIDS dataset to derivatives and reports. "
        "Research use only.",
        "tool-version": __version__,
        "schema-version": "0.5",
        "command-line": " ".join(["bidsapp", *keys]),
        "author": "The bidsapp developers",
        "shell": "/bin/bash",
        "inputs": [*_positionals(), *(_input(option) for option in kept)],
        "output-files": [
            {
                "id": "output",
                "name": "Results",
                "description": "A BIDS derivative dataset with reports.",
                "path-template": "[OUTPUT_DIR]",
            }
        ],
        "error-codes": [{"code": int(code), "description": text} for code, text in MEANINGS.items()],
        "suggested-resources": {"cpu-cores": 2, "ram": 8},
        "tags": {"domain": ["neuroinformatics", "mri", "pet"], "standard": ["bids-app"]},
    }


def descriptor_text() -> str:
    """Give the content of ``descriptor.json``."""
    return json.dumps(descriptor(), indent=2) + "\n"


def _positionals() -> list[dict[str, object]]:
    types: dict[str, dict[str, object]] = {
        "bids_dir": {"type": "File"},
        "output_dir": {"type": "String"},
        "analysis_level": {"type": "String", "list": True, "value-choices": list(LEVELS)},
    }
    return [
        {"id": name, "name": name, "description": text, "value-key": f"[{name.upper()}]", "optional": False}
        | types[name]
        for name, text in POSITIONALS.items()
    ]


def _input(option: Option) -> dict[str, object]:
    entry: dict[str, object] = {
        "id": option.dest,
        "name": option.name,
        "description": help_text(option),
        "type": _TYPES.get(option.kind, "String"),
        "command-line-flag": f"--{option.name}",
        "value-key": _key(option),
        "optional": True,
    }
    if option.kind == "path" and (option.packaged or not option.must_exist):
        entry["type"] = "String"  # Boutiques takes a File for one that is there already
    if option.many:
        entry["list"] = True
    if option.kind == "integer":
        entry["integer"] = True
    if option.minimum is not None:
        entry["minimum"] = option.minimum
    if option.choices:
        entry["value-choices"] = list(option.choices)
    return entry


def _key(option: Option) -> str:
    return f"[{option.dest.upper()}]"


if __name__ == "__main__":
    sys.stdout.write(descriptor_text())
